#!lua flags=allow-oom
-- resend: makes a waiting delivery or a dead letter due now, with all its tries again.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2]  channel
--
-- Replies {"due"}, {"nothing"} if no event is left to deliver, or {"unknown"}.

local now = clock(ARGV[1])
local channel = ARGV[2]
local tag, id = way_in(KEYS[1])
local cursor = call("HGET", KEYS[1], channel .. ":cursor")
if not cursor then
  return { "unknown" }
end
local member = id .. ":" .. channel
call("ZREM", tag .. ":dead", member)
if call("LLEN", key_of(tag, "events", id)) <= tonumber(cursor) then
  leave_outbox(tag, channel, member)
  return { "nothing" }
end
call("HDEL", KEYS[1], channel .. ":failures", channel .. ":failing_since")
call("ZADD", outbox_of(tag, channel), now, member)
local message = message_at(tag, id)
if message and message.open == 0 and call("PEXPIRETIME", KEYS[1]) < now + DELIVERY_MS then
  retain(message, now, 0)
end
return { "due" }
