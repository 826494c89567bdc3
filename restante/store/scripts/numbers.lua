#!lua flags=no-writes
-- numbers: how much waits in one shard, and how much of it is late.
--
-- KEYS[1]  due       zset
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  patience  ms after its time until something is late
--
-- Replies {deadlines late, deliveries whose next try lies ahead, is due, is late, dead}.

local tag = KEYS[1]:match("^({%w+})")
local now = clock(ARGV[1])
local late = now - tonumber(ARGV[2])
local function waiting(from, to)
  local sum = 0
  for _, channel in ipairs(CHANNELS) do
    sum = sum + call("ZCOUNT", outbox_of(tag, channel), from, to)
  end
  return sum
end
return { call("ZCOUNT", KEYS[1], "-inf", "(" .. late), waiting("(" .. now, "+inf"),
  waiting(late, now), waiting("-inf", "(" .. late), call("ZCARD", tag .. ":dead") }
