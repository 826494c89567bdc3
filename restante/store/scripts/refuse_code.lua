#!lua flags=allow-oom
-- refuse_code: records that no mail server accepts the mailed code for its address.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  code      which one, from 1
--
-- Replies {"recorded"}, or {"nothing"} if the link has no code any more, a newer one was requested,
-- or this is recorded already.

local now, number = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link or not link.code or link.codes ~= tonumber(number) or link.code_failed == number then
  return { "nothing" }
end
call("HSET", link.hash, "code_failed", number)
record(link.message, link, now, "link.code_failed", "code=" .. number, "")
return { "recorded" }
