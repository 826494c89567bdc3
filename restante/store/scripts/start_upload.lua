#!lua
-- start_upload: begins an upload.
--
-- No allow-oom: a full store refuses it before the first write.  Idempotent: an upload that has
-- begun stays as it is, and one that has ended never begins again.
--
-- KEYS[1]  upload  hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  salt    32 bytes
-- ARGV[3]  size    in bytes, or ""
--
-- Replies {"started"} or {"known"}.

local now, salt, size = clock(ARGV[1]), ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local blobs = tag .. ":blobs"
if call("HEXISTS", blobs, id) == 1 then
  return { "known" }
end
call("HSET", KEYS[1], "salt", salt, "offset", 0, "run", 0, "started", now)
if size ~= "" then
  call("HSET", KEYS[1], "size", size)
end
call("HSET", blobs, id, "")
keep_upload(tag, id, now, now)
return { "started" }
