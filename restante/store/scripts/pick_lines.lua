#!lua flags=no-writes
-- pick_lines: returns the lines of a sent list that have these scores.
--
-- KEYS[1]  list    zset
-- ARGV[1]  now     is not needed
-- ARGV[2…] scores
--
-- Replies {"lines", line, score, …}; those that are not there are left out.

local reply = { "lines" }
for at = 2, #ARGV do
  for _, line in ipairs(call("ZRANGE", KEYS[1], ARGV[at], ARGV[at], "BYSCORE")) do
    reply[#reply + 1] = line
    reply[#reply + 1] = ARGV[at]
  end
end
return reply
