-- Readers, their views and their leases.

-- What is known of a reader: when its lease ends, its view, whether it acknowledged and
-- confirmed, when it claimed, ms on screen; nil for a stranger.
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

-- What a browser that holds no view told the sender counts once for each reader and three times
-- for each link: "may", "told" or "enough".
local function told(ids, reader)
  for at = 1, #ids, 16 do
    if ids:sub(at, at + 15) == reader then
      return "told"
    end
  end
  return #ids < 48 and "may" or "enough"
end

-- After these ends the leases run on, and the wrapped key with them: a lost reply is no lost
-- message, not even where somebody else spent the last view or used up the tries.
local function outlives(state)
  return state == "spent" or state == "locked"
end

-- The reader may have its view again: its lease runs, and so does the link's key.
local function lease_is_open(link, r, now)
  return r ~= nil and r.ends > now and link.alive
    and (link.state == "read" or outlives(link.state))
end

-- The latest end of a lease on this link, 0 where none was given.
local function latest_lease(link)
  local latest = 0
  for _, kept in ipairs(call("HVALS", link.readers)) do
    latest = math.max(latest, tonumber(kept:match("^%d+")))
  end
  return latest
end
