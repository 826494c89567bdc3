#!lua flags=allow-oom
-- send_test: writes an event that says that it is a test, for every channel of a message.
--
-- It goes out as any other event.  A channel whose last try failed tries again at once.  Within ten
-- seconds of the last test this is the same test, so a retry and a second press do nothing.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
--
-- A full store permits it, so the number of tests is limited.
--
-- Replies {"sent", number of the event}; {"none"} without a channel; {"often"} after 100; {"gone",
-- state, message, reason, ended_at} if every link ended; or {"unknown"}.

local TESTS_MOST, SAME_MS = 100, 10000

local now, evidence = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  return { "unknown" }
end
local ended = ended_whole(links_of(message, now))
if ended then
  return ended
end
local its = tested_channels(message)
if #its == 0 then
  return { "none" }
end
local f = call("HMGET", message.hash, "tested", "tested_at", "tests")
if f[1] and now - tonumber(f[2]) < SAME_MS then
  return { "sent", tonumber(f[1]) }
elseif tonumber(f[3] or "0") >= TESTS_MOST then
  return { "often" }
end

record(message, nil, now, "message.test", "", evidence)
local number = call("LLEN", message.events)
call("HINCRBY", message.hash, "tests", 1)
call("HSET", message.hash, "tested", number, "tested_at", now)
for _, name in ipairs(its) do
  call("HSET", message.hash, name .. ":test", number)
  if call("HDEL", message.hash, name .. ":failures", name .. ":failing_since") > 0 then
    call("ZADD", outbox_of(tag, name), now, id .. ":" .. name)
  end
end
return { "sent", number }
