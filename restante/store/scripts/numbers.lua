#!lua flags=no-writes
-- numbers: how much waits in one shard, and how much of it is late.
--
-- KEYS[1]  due       zset
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  patience  ms after its time until something is late
--
-- Replies {deadlines late, deliveries whose next try lies ahead, is due, is late, dead}.

local tag = KEYS[1]:match("^({%w+})")
local outbox = tag .. ":outbox"
local now = clock(ARGV[1])
local late = now - tonumber(ARGV[2])
return { call("ZCOUNT", KEYS[1], "-inf", "(" .. late),
  call("ZCOUNT", outbox, "(" .. now, "+inf"), call("ZCOUNT", outbox, late, now),
  call("ZCOUNT", outbox, "-inf", "(" .. late), call("ZCARD", tag .. ":dead") }
