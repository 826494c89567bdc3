#!lua flags=no-writes
-- link_history: returns what was recorded of one link, for anyone who has the link.
--
-- KEYS[1]  link     hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2…] readers  all ids of this browser
--
-- Replies {"history", state, message, {{view, ms on screen} … of this browser}, {events …},
-- {looks …}, older}, or {"unknown"}.  Only events and looks of this link: the newest 100 events
-- among the message's newest 5000; older is 1 if there may be more.

local SHOWN, READ, STEP = 100, 5000, 500

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
-- Compares the link's id first, which is faster: most of thousands of entries are other links'.
local function is_its(entry)
  local past = entry:find("\n", 1, true)
  return entry:sub(past + 1, past + 16) == id and entry:find("^%d+ link%.") ~= nil
end

local m = link.message
local newest, left = {}, call("LLEN", m.events)
local least = math.max(left - READ, 0)
while left > least and #newest < SHOWN do
  local from = math.max(left - STEP, least)
  local found = call("LRANGE", m.events, from, left - 1)
  for at = #found, 1, -1 do
    if is_its(found[at]) and #newest < SHOWN then
      newest[#newest + 1] = found[at]
    end
  end
  left = from
end
local events, looks = {}, {}
for at = #newest, 1, -1 do
  events[#events + 1] = newest[at]
end
for _, entry in ipairs(call("LRANGE", m.looks, 0, -1)) do
  if is_its(entry) then
    looks[#looks + 1] = entry
  end
end
local older = (left > 0 or #newest == SHOWN) and 1 or 0
return { "history", link.state, m.id, views, events, looks, older }
