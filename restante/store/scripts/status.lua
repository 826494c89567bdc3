#!lua flags=no-writes
-- status: a message as its sender sees it, with one page of its timeline.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2]  way      "after" the event of that number, oldest first; or the newest "before" it
-- ARGV[3]  number   of an event, from 1; "" with "before": the newest of all
-- ARGV[4]  most     events at the most
--
-- Replies {"status", now, {sent_at, opens_at, expires_at, version, passphrase, box, sender,
-- webhook box}, {links …}, events in all, number of the first that follows, {events …},
-- {looks …}}, or {"unknown"}.

local now = clock(ARGV[1])
local way, number, most = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local tag, id = way_in(KEYS[1])
local m = message_at(tag, id)
if not m then
  return { "unknown" }
end
local links = {}
for _, l in ipairs(links_of(m, now)) do
  links[#links + 1] = { l.id, l.box, l.state, l.views, l.reveals, l.first_revealed_at,
    l.last_revealed_at, l.acknowledged_at, l.ended_at, l.outcome, l.recalled_at, l.confirmed_at,
    l.on_screen, #l.disputed / 16, l.disputed_at, #l.declined / 16, l.declined_at }
end
local total = call("LLEN", m.events)
local first
if way == "after" then
  first = number + 1
else
  local past = math.min(number or total + 1, total + 1)
  first, most = math.max(past - most, 1), math.min(most, past - 1)
end
local events = most > 0 and call("LRANGE", m.events, first - 1, first + most - 2) or {}
return { "status", now,
  { m.sent_at, m.opens_at, m.expires_at, m.version, m.passphrase and 1 or 0, m.box, m.sender,
    call("HGET", m.hash, "webhook") or "" },
  links, total, first, events, call("LRANGE", m.looks, 0, -1) }
