#!lua flags=allow-oom
-- take_out: destroys one file of a version, and tells of each link that has it what was fetched before.
--
-- Without the store's share of its secret nothing opens the file.  The worker deletes its blob.
-- Idempotent: a second request changes nothing, and gets the first time.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  version   that the file belongs to
-- ARGV[3]  file      its number from 1
-- ARGV[4]  size      its bytes
-- ARGV[5]  evidence  boxed
--
-- Replies {"taken" or "repeated", at, {link, bytes sent, -1 if none were asked for} …}, {"missing"} if the
-- version is gone or has no such file, or {"unknown"}.

local now = clock(ARGV[1])
local version, file, size, evidence = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
local taken = taken_out(message, version)
local at = taken_out_at(taken, file)
local entries = blobs_of(message, version)
local entry = entry_of(call("GET", entries) or "", file)
if not at and not entry then
  return { "missing" }
end

local reply = { at and "repeated" or "taken", at or now }
local whole, begun, none = 0, 0, 0
for _, link in ipairs(links_of(message, now)) do
  if link.version == version then
    local sent = sent_of(link)[ARGV[3]] or -1
    if sent >= size then
      whole = whole + 1
    elseif sent >= 0 then
      begun = begun + 1
    else
      none = none + 1
    end
    reply[#reply + 1] = { link.id, sent }
  end
end
if at then
  return reply
end

mark_destroyed(tag)
call("SETRANGE", entries, (file - 1) * ENTRY, NO_ENTRY)
schedule_blob(tag, entry:sub(1, 16))
call("HSET", message.hash, "taken:" .. version, (taken == "" and "" or taken .. ",") .. file .. "=" .. now)
record(message, nil, now, "message.file_taken_out", "version=" .. version .. ",file=" .. file
  .. ",fetched=" .. whole .. ",started=" .. begun .. ",not_started=" .. none, evidence)
return reply
