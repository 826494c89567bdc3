#!lua flags=no-writes
-- status: the whole message as its sender sees it.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
--
-- Replies {"status", now, {sent_at, opens_at, expires_at, version, passphrase, box, sender,
-- webhook box}, {links …}, {events …}, {looks …}}, or {"unknown"}.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local m = message_at(tag, id)
if not m then
  return { "unknown" }
end
local links = {}
for _, l in ipairs(links_of(m, now)) do
  links[#links + 1] = { l.id, l.box, l.state, l.views, l.reveals, l.first_revealed_at,
    l.last_revealed_at, l.acknowledged_at, l.ended_at, l.outcome, l.recalled_at, l.confirmed_at,
    l.on_screen }
end
return { "status", now,
  { m.sent_at, m.opens_at, m.expires_at, m.version, m.passphrase and 1 or 0, m.box, m.sender,
    call("HGET", m.hash, "webhook") or "" },
  links, call("LRANGE", m.events, 0, -1), call("LRANGE", m.looks, 0, -1) }
