#!lua
-- keep_lines: adds lines to a sent list, with the scores that they have elsewhere.
--
-- No allow-oom: a full store refuses it, as a send.  Idempotent: a line is added once.
--
-- KEYS[1]  list   zset
-- ARGV[1]  now    milliseconds; "" for the store's own clock
-- ARGV[2]  lasts  ms from now that the list is kept
-- ARGV[3…] lines  for each: score, line; none to find out whether there is room
--
-- Replies {"kept"}, or {"closed"} if the list was moved or deleted.

local list, now = KEYS[1], clock(ARGV[1])
local tag, id = way_in(list)
if is_closed(tag, id) then
  return { "closed" }
end
for at = 3, #ARGV, 2 do
  add_line(list, tonumber(ARGV[at]), ARGV[at + 1])
end
keep_list(list, now, ARGV[2])
return { "kept" }
