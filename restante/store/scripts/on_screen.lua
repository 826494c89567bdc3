#!lua flags=allow-oom
-- on_screen: records how long the text was on a reader's screen, as the browser reports it.
--
-- Never more than the time since the view was claimed; the longest report counts.
--
-- KEYS[1]  link    hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  reader  id
-- ARGV[3]  shown   ms in all
--
-- Replies {"counted", ms of all readers}, or {"unknown"} if this reader holds no view.

local now = clock(ARGV[1])
local reader, shown = ARGV[2], tonumber(ARGV[3])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local r = link and reader_at(link, reader)
if not r then
  return { "unknown" }
end

local more = math.min(shown, now - r.claimed_at) - r.on_screen
if more > 0 then
  r.on_screen = r.on_screen + more
  keep_reader(link, r)
  link.on_screen = call("HINCRBY", link.hash, "on_screen", more)
  call("HINCRBY", link.message.hash, "on_screen", more)
end
return { "counted", link.on_screen }
