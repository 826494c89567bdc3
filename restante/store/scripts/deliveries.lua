#!lua flags=no-writes
-- deliveries: lists the deliveries that wait in one shard, or its dead letters, for the operator.
--
-- KEYS[1]  outbox or dead  zset
-- ARGV[1]  now             milliseconds; "" for the store's own clock
-- ARGV[2]  most            how many at most, by time
--
-- Replies {message, channel, at, events left, failures, failure, failing since, target box} for
-- each; `at` is when it is due or was given up.

local most = tonumber(ARGV[2])
local tag = KEYS[1]:match("^({%w+})")
local reply = {}
local members = call("ZRANGE", KEYS[1], 0, most - 1, "WITHSCORES")
for i = 1, #members, 2 do
  local id, channel = delivery_of(members[i])
  local f = call("HMGET", key_of(tag, "message", id), channel, channel .. ":cursor",
    channel .. ":failures", channel .. ":failure", channel .. ":failing_since")
  local left = f[1] and call("LLEN", key_of(tag, "events", id)) - tonumber(f[2]) or 0
  if left > 0 then
    reply[#reply + 1] = { id, channel, tonumber(members[i + 1]), left,
      tonumber(f[3] or "0"), f[4] or "", tonumber(f[5] or "0"), f[1] }
  end
end
return reply
