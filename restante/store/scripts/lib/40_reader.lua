-- Readers, their views and their leases.

-- A reader's record: end of its lease, its view, whether it acknowledged and confirmed, when it
-- claimed the view, ms on screen.  nil if it holds no view.
local function reader_at(link, id)
  local kept = call("HGET", link.readers, id)
  if not kept then
    return nil
  end
  local ends, view, acknowledged, confirmed, claimed_at, on_screen =
    kept:match("^(%d+) (%d+) (%d) (%d) (%d+) (%d+)$")
  return { id = id, ends = tonumber(ends), view = tonumber(view),
    acknowledged = tonumber(acknowledged), confirmed = tonumber(confirmed),
    claimed_at = tonumber(claimed_at), on_screen = tonumber(on_screen) }
end

local function keep_reader(link, r)
  call("HSET", link.readers, r.id, table.concat({ r.ends, r.view, r.acknowledged, r.confirmed,
    r.claimed_at, r.on_screen }, " "))
end

-- Can this reader still decline or dispute?  "may": yes; "told": it did already; "enough": three
-- readers did, which is the limit.
local function told(ids, reader)
  if contains(ids, 16, reader) then
    return "told"
  end
  return #ids < 3 * 16 and "may" or "enough"
end

-- In these final states open leases continue, and the wrapped key is kept for them: a reader
-- whose reply was lost gets it again, even if another spent the last view or the last try.
local function outlives(state)
  return state == "spent" or state == "locked"
end

-- Whether the reader may fetch its view again.
local function lease_is_open(link, r, now)
  return r ~= nil and r.ends > now and link.alive
    and (link.state == "read" or outlives(link.state))
end

-- How many leases are open on this link.
local function open_leases(link, now)
  local open = 0
  for _, id in ipairs(call("HKEYS", link.readers)) do
    open = open + (lease_is_open(link, reader_at(link, id), now) and 1 or 0)
  end
  return open
end

-- The latest end of all leases on this link, 0 if there are none.
local function latest_lease(link)
  local latest = 0
  for _, kept in ipairs(call("HVALS", link.readers)) do
    latest = math.max(latest, tonumber(kept:match("^%d+")))
  end
  return latest
end
