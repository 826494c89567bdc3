#!lua flags=allow-oom
-- close_list: lets a sent list take no more lines, and deletes it if it is to be forgotten.
--
-- KEYS[1]  list   zset
-- ARGV[1]  now    milliseconds; "" for the store's own clock
-- ARGV[2]  lasts  ms from now that the mark is kept
-- ARGV[3]  what   "keep": the lines stay, to be moved; "forget": they are deleted
--
-- Replies {"closed"}.

local list, now = KEYS[1], clock(ARGV[1])
local tag, id = way_in(list)
call("SET", closed_key(tag, id), 1, "PXAT", now + tonumber(ARGV[2]))
if ARGV[3] == "forget" then
  mark_destroyed(tag)
  call("DEL", list)
end
return { "closed" }
