#!lua flags=allow-oom
-- drop_lines: removes lines from a sent list, because their messages are forgotten or they moved.
--
-- KEYS[1]  list   zset
-- ARGV[1]  now    is not needed
-- ARGV[2…] lines  as they are
--
-- Replies {"dropped"}.

mark_destroyed((way_in(KEYS[1])))
for at = 2, #ARGV do
  call("ZREM", KEYS[1], ARGV[at])
end
return { "dropped" }
