#!lua flags=allow-oom
-- resume: ends a pause.  What is left of the hold is waited for as before.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3]  request   id that makes a retry idempotent, also if it was paused again meanwhile
--
-- Replies {"resumed"}, {"repeated"} if it was not paused, {"gone", state, message, reason, ended_at} if
-- every link ended, or {"unknown"}.

local now = clock(ARGV[1])
local evidence, request = ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
if call("HGET", message.hash, "resume") == request then
  return { "repeated" }
end
local ended = ended_whole(links_of(message, now))
if ended then
  return ended
end
if message.paused_at == 0 then
  return { "repeated" }
end

call("HSET", message.hash, "resume", request, "opens_at", message.opens_at)
call("HDEL", message.hash, "paused_at", "held_until")
record(message, nil, now, "message.resumed", "", evidence)
return { "resumed" }
