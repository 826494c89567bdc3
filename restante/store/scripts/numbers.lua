#!lua flags=no-writes
-- numbers: counts what waits in one shard and how much of it is late, for the metrics.
--
-- KEYS[1]  due       zset
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  patience  ms after which something due is late
--
-- Replies {late deadlines, deliveries not due yet, due, late, dead letters}.

local tag = KEYS[1]:match("^({%w+})")
local now = clock(ARGV[1])
local late = now - tonumber(ARGV[2])
local function waiting(from, to)
  local sum = 0
  for _, channel in ipairs(CHANNELS) do
    sum = sum + call("ZCOUNT", outbox_of(tag, channel.name), from, to)
  end
  return sum
end
return { call("ZCOUNT", KEYS[1], "-inf", "(" .. late), waiting("(" .. now, "+inf"),
  waiting(late, now), waiting("-inf", "(" .. late), call("ZCARD", tag .. ":dead") }
