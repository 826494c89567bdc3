#!lua flags=allow-oom
-- preview: returns what the gate shows.  Records a look and changes nothing else.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  class     of the visitor, such as "browser"; "" records no look
-- ARGV[3]  evidence  boxed
-- ARGV[4…] readers   all ids of this browser, in the order of use
--
-- Replies {"preview", map}, or {"unknown"}.  The map: state, message, box, opens_at, expires_at,
-- views_left, passphrase, tries, now, ordinal, lease, ended_at, reason, watched, code, held (views
-- of this browser), reveals, first_revealed_at, last_revealed_at, disputed, declined, paused.
-- watched: a machine looked within ten minutes, this look included.
-- ordinal: index, from 0, of the reader with an open lease, else of the first without a view; -1
-- if all have one.  disputed, declined: can this browser still do it, see `told`.

local now = clock(ARGV[1])
local class, evidence, first = ARGV[2], ARGV[3], ARGV[4] or ""
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end

local ordinal, lease, held = -1, 0, 0
for at = 4, #ARGV do
  local r = reader_at(link, ARGV[at])
  held = held + (r and 1 or 0)
  if lease == 0 and lease_is_open(link, r, now) then
    ordinal, lease = at - 4, r.ends
  elseif not r and ordinal < 0 then
    ordinal = at - 4
  end
end

if class ~= "" then
  look(link, now, "link.fetched", class, evidence)
end
local m = link.message
return { "preview", named({ state = link.state, message = m.id, box = m.box,
  opens_at = m.opens_at, expires_at = m.expires_at, views_left = link.views - link.reveals,
  passphrase = link.verifier and 1 or 0, tries = link.tries, now = now, ordinal = ordinal,
  lease = lease, ended_at = link.ended_at, reason = link.reason,
  watched = is_watched(link, now, WATCH_MS) and 1 or 0, code = link.address and 1 or 0,
  held = held, reveals = link.reveals, first_revealed_at = link.first_revealed_at,
  last_revealed_at = link.last_revealed_at, disputed = told(link.disputed, first),
  declined = told(link.declined, first), paused = m.paused_at > 0 and 1 or 0 }) }
