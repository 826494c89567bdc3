#!lua flags=no-writes
-- due: what must have happened by now in one shard, earliest first.
--
-- KEYS[1]  due   zset
-- ARGV[1]  now   milliseconds; "" for the store's own clock
-- ARGV[2]  most  how many at the most
--
-- Replies the members.

return call("ZRANGE", KEYS[1], "-inf", clock(ARGV[1]), "BYSCORE", "LIMIT", 0, ARGV[2])
