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
  local version = struct.unpack(">I4", owner, 17)
  keys[2] = key_of(tag, "files", owner:sub(1, 16) .. ":" .. version)
end
for _, key in ipairs(keys) do
  local goes = call("PEXPIRETIME", key)
  if goes ~= -2 then
    schedule_blobs(tag, id, math.max(goes, now + 1000))
    return { "later" }
  end
end
-- An upload whose TTL was faster: its salt is destroyed.
mark_destroyed(tag)
return { "delete" }
