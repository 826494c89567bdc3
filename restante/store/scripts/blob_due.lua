#!lua flags=allow-oom
-- blob_due: tells whether a blob has to go; if not, when to ask again.
--
-- KEYS[1]  blobs  hash
-- ARGV[1]  now    milliseconds; "" for the store's own clock
-- ARGV[2]  id     of the blob
--
-- Replies {"delete"}, or {"later"} if an upload or a version needs the blob.

local now, id = clock(ARGV[1]), ARGV[2]
local tag = KEYS[1]:match("^({%w+})")
local owner = call("HGET", KEYS[1], id) or ""
local keys = { key_of(tag, "upload", id) }
if #owner == 20 then
  local its = owner:sub(1, 16) .. ":" .. struct.unpack(">I4", owner, 17)
  local entries = call("GET", key_of(tag, "blobs-of", its)) or ""
  -- A file that was taken out is not in its version any more.
  for number = 1, #entries / ENTRY do
    local entry = entry_of(entries, number)
    if entry and entry:sub(1, 16) == id then
      keys[2] = key_of(tag, "files", its)
    end
  end
end
for _, key in ipairs(keys) do
  local goes = call("PEXPIRETIME", key)
  if goes ~= -2 then
    schedule_blob(tag, id, math.max(goes, now + 1000))
    return { "later" }
  end
end
-- An upload whose TTL was faster: its salt is destroyed.
mark_destroyed(tag)
return { "delete" }
