#!lua flags=allow-oom
-- fail: a view was claimed, but its content could not be opened.  The timeline says so.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
--
-- Replies {"recorded"} or {"unknown"}.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
record(link.message, link, now, "link.failed", "", ARGV[2])
return { "recorded" }
