#!lua flags=allow-oom
-- cancel_upload: ends an upload; the worker deletes what is there of its blob.
--
-- KEYS[1]  upload  hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
--
-- Replies {"cancelled"}; {"nothing"} if there is no such upload: it may be a file of a message.

local tag, id = way_in(KEYS[1])
if call("DEL", KEYS[1]) == 0 then
  return { "nothing" }
end
mark_destroyed(tag)
schedule_blob(tag, id)
return { "cancelled" }
