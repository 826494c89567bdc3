#!lua flags=allow-oom
-- lift_stop: senders may ask an address for its consent again; for the operator.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
--
-- Replies {"lifted"}, or {"nothing"} if nothing was stopped.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
if call("HEXISTS", KEYS[1], "stopped") == 0 then
  return { "nothing" }
end
mark_destroyed(tag)
call("HDEL", KEYS[1], "stopped")
keep_consents(KEYS[1], tag, id, now)
return { "lifted" }
