#!lua flags=allow-oom
-- fail: a view was claimed, but its content could not be opened.  The timeline says so.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3]  request   id: the same request asked again, since its reply was lost, records nothing
--
-- Replies {"recorded"} or {"unknown"}.

local now, evidence, request = clock(ARGV[1]), ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if link.failed ~= request then
  call("HSET", link.hash, "failed", request)
  record(link.message, link, now, "link.failed", "", evidence)
end
return { "recorded" }
