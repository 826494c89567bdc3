#!lua flags=allow-oom
-- preview: what the gate may show.  Writes a look and changes nothing else.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  class     of the visitor, as "browser"; "" writes no look
-- ARGV[3]  evidence  boxed
-- ARGV[4…] readers   the ids that this browser could be known by, in the order of use
--
-- Replies {"preview", {state, message, box, opens_at, expires_at, views_left, passphrase, tries,
-- now, ordinal, lease, ended_at, reason, watched, code, held (views of this browser), reveals,
-- first_revealed_at, last_revealed_at, disputed, declined by name}}, or {"unknown"}.  `watched`: a machine
-- looked within ten minutes, this one included.  `ordinal` counts from 0: the reader whose lease
-- is open, else the first that opened no view yet; -1: all were used up.  `disputed` and
-- `declined` say whether this browser may tell the sender so: "may", "told" or "enough".

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
  declined = told(link.declined, first) }) }
