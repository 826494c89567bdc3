#!lua flags=no-writes
-- status: returns a message for its sender, with one page of its timeline.
--
-- The mark changes with everything that is in the reply, but the text of a page.  A client that brings
-- the mark it knows is told in a few words that nothing is new.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2]  way      "after": the events after this one; "before": the last ones before it
-- ARGV[3]  number   of an event, from 1; "" with "before" means the newest events
-- ARGV[4]  most     maximum number of events
-- ARGV[5]  known    the mark of an earlier reply; "" without
--
-- Replies {"status", map}, {"unchanged"} since that mark, or {"unknown"}.  The map: mark, now,
-- sent_at, opens_at, expires_at, version, passphrase, box, sender, webhook, email, email_failure,
-- subscribers (ids), links (a map each), paused_at, tell_at and recall_at (0 without such a rule),
-- total (number of all events), first (number of the first event returned), events, looks, tested_at
-- (0 without a test), files (a map each: version, box with names,
-- taken: which were taken out, kept), channels (a map each: name, cursor, failures, failure, told_at, note, test, dead).

local now = clock(ARGV[1])
local way, number, most, known = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local tag, id = way_in(KEYS[1])
local m = message_at(tag, id)
if not m then
  return { "unknown" }
end
local total, newest = call("LLEN", m.events), call("LINDEX", m.looks, 0)
-- These moments pass without an event.
local passed = 0
for _, moment in ipairs({ m.opens_at, m.expires_at, m.tell_at, m.recall_at }) do
  passed = passed + (moment <= now and 1 or 0)
end
local channels, told = {}, m.webhook .. m.email .. m.email_failure .. m.subscribers
for _, name in ipairs(tested_channels(m)) do
  local f = call("HMGET", m.hash, name .. ":cursor", name .. ":failures", name .. ":failure",
    name .. ":told_at", name .. ":note", name .. ":test")
  local its = { name = name, cursor = tonumber(f[1] or "0"), failures = tonumber(f[2] or "0"),
    failure = f[3] or "", told_at = tonumber(f[4] or "0"), note = f[5] or "",
    test = tonumber(f[6] or "0"),
    dead = call("ZSCORE", tag .. ":dead", id .. ":" .. name) and 1 or 0 }
  channels[#channels + 1] = named(its)
  told = table.concat({ told, name, its.failures, its.failure, its.told_at, its.note, its.test,
    tostring(its.cursor >= its.test), its.dead }, " ")
end
local mark = table.concat({ total, newest and newest:match("^%d+") or 0, call("LLEN", m.looks),
  m.on_screen, passed, told ~= "" and tonumber(redis.sha1hex(told):sub(1, 8), 16) or 0 }, ".")
if mark == known then
  return { "unchanged" }
end
local links, all = {}, links_of(m, now)
for _, l in ipairs(all) do
  links[#links + 1] = named({ id = l.id, box = l.box, state = l.state, views = l.views,
    reveals = l.reveals, first_revealed_at = l.first_revealed_at,
    last_revealed_at = l.last_revealed_at, acknowledged_at = l.acknowledged_at,
    ended_at = l.ended_at, outcome = l.outcome, recalled_at = l.recalled_at,
    confirmed_at = l.confirmed_at, on_screen = l.on_screen, disputes = #l.disputed / 16,
    disputed_at = l.disputed_at, declines = #l.declined / 16, declined_at = l.declined_at,
    by = l.by, unread_at = l.unread_at, version = l.version,
    fetched = m.files and fetched_of(l) or "" })
end
local first
if way == "after" then
  first = number + 1
else
  local past = math.min(number or total + 1, total + 1)
  first, most = math.max(past - most, 1), math.min(most, past - 1)
end
local events = most > 0 and call("LRANGE", m.events, first - 1, first + most - 2) or {}
return { "status", named({ mark = mark, now = now, sent_at = m.sent_at, opens_at = m.opens_at,
  expires_at = m.expires_at, version = m.version, passphrase = m.passphrase and 1 or 0,
  box = m.box, sender = m.sender, webhook = m.webhook, email = m.email,
  email_failure = m.email_failure, subscribers = m.subscribers, links = links, paused_at = m.paused_at,
  tell_at = m.tell_at > now and m.tell_at or 0, recall_at = m.recall_at > now and m.recall_at or 0,
  total = total, first = first, events = events, looks = call("LRANGE", m.looks, 0, -1),
  tested_at = tonumber(call("HGET", m.hash, "tested_at") or "0"), channels = channels,
  files = names_of(m, all) }) }
