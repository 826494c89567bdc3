#!lua flags=no-writes
-- due: lists the tasks that are due in one shard, earliest first.
--
-- KEYS[1]  due   zset
-- ARGV[1]  now   milliseconds; "" for the store's own clock
-- ARGV[2]  most  how many at the most
--
-- Replies the members.

local now, most = clock(ARGV[1]), ARGV[2]
return call("ZRANGE", KEYS[1], "-inf", now, "BYSCORE", "LIMIT", 0, most)
