#!lua flags=allow-oom
-- blob_gone: forgets a blob that was deleted; or has the worker try again later.
--
-- KEYS[1]  blobs  hash
-- ARGV[1]  now    milliseconds; "" for the store's own clock
-- ARGV[2]  id     of the blob
-- ARGV[3]  after  ms until the next try; "" if it was deleted
--
-- Replies {"gone"} or {"later"}.

local now, id, after = clock(ARGV[1]), ARGV[2], ARGV[3]
local tag = KEYS[1]:match("^({%w+})")
if after ~= "" then
  schedule_blob(tag, id, now + tonumber(after))
  return { "later" }
end
call("HDEL", KEYS[1], id)
call("ZREM", tag .. ":due-blobs", id)
return { "gone" }
