#!lua flags=no-writes
-- account: what was recorded of one link, for whoever has it.
--
-- KEYS[1]  link     hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2…] readers  the ids that this browser could be known by
--
-- Replies {"account", state, message, {{view, ms on screen} … of this browser}, {events …},
-- {looks …}}, those of the link alone, or {"unknown"}.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end

local views = {}
for at = 2, #ARGV do
  local r = reader_at(link, ARGV[at])
  if r then
    views[#views + 1] = { r.view, r.on_screen }
  end
end
local function of_link(list)
  local its = {}
  for _, entry in ipairs(call("LRANGE", list, 0, -1)) do
    local type, rest = entry:match("^%d+ (%S+) [^\n]*\n(.*)$")
    if type:sub(1, 5) == "link." and rest:sub(1, 16) == id then
      its[#its + 1] = entry
    end
  end
  return its
end
local m = link.message
return { "account", link.state, m.id, views, of_link(m.events), of_link(m.looks) }
