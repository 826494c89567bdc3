#!lua flags=allow-oom
-- fail: a view was claimed, but its content could not be opened.  The timeline says so.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3]  request   id: the same request asked again, since its reply was lost, records nothing
--
-- Its reader may come again for as long as its lease is open: after 100 for each link they are
-- counted, no longer recorded.
--
-- Replies {"recorded"} or {"unknown"}.

local FAILED_MOST = 100

local now, evidence, request = clock(ARGV[1]), ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if link.failed ~= request then
  call("HSET", link.hash, "failed", request)
  if call("HINCRBY", link.hash, "failures", 1) <= FAILED_MOST then
    record(link.message, link, now, "link.failed", "", evidence)
  end
end
return { "recorded" }
