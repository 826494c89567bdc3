#!lua flags=allow-oom
-- refuse_code: no mail server takes the code for this address.  The timeline says so.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  code      which one, from 1
--
-- Replies {"recorded"}, or {"nothing"} when the link ended or another code was asked for.

local now, number = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link or not link.code or link.codes ~= tonumber(number) or link.code_failed == number then
  return { "nothing" }
end
call("HSET", link.hash, "code_failed", number)
record(link.message, link, now, "link.code_failed", "code=" .. number, "")
return { "recorded" }
