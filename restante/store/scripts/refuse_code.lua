#!lua flags=allow-oom
-- refuse_code: no mail server takes the code for this address.  The timeline says so.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  code      which one, from 1
--
-- Replies {"recorded"}, or {"nothing"} when the link ended or another code was asked for.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link or not link.code or call("HGET", link.hash, "codes") ~= ARGV[2] then
  return { "nothing" }
end
if call("HGET", link.hash, "code_failed") == ARGV[2] then
  return { "nothing" }
end
call("HSET", link.hash, "code_failed", ARGV[2])
record(link.message, link, now, "link.code_failed", "code=" .. ARGV[2], "")
return { "recorded" }
