#!lua flags=allow-oom
-- open_list: returns one page of a sent list, newest first, and keeps the list longer.
--
-- KEYS[1]  list    zset
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  lasts   ms from now that the list is kept
-- ARGV[3]  before  only lines with a lower score; "" for the newest
-- ARGV[4]  most    maximum number of lines
--
-- Replies {"list", map}: now, total (number of all lines), closed, lines (line, score, …).

local list, now = KEYS[1], clock(ARGV[1])
local tag, id = way_in(list)
local before = ARGV[3] == "" and "+inf" or "(" .. ARGV[3]
keep_list(list, now, ARGV[2])
return { "list", named({ now = now, total = call("ZCARD", list),
  closed = is_closed(tag, id) and 1 or 0,
  lines = call("ZRANGE", list, before, "-inf", "BYSCORE", "REV", "LIMIT", 0, ARGV[4], "WITHSCORES") }) }
