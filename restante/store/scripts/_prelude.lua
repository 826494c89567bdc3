-- Precedes every script: names keys, tells the time, loads, records, ends.

local call = redis.call

-- What events go out through; a message that uses one has a field named so: `webhook` boxed,
-- `code` where its readers are mailed a code.
local CHANNELS = { "webhook", "code" }
-- No event is forgotten sooner, so that its delivery has its time: 4 days.
local DELIVERY_MS = 345600000

-- The classes of looks that no person comes as; webapp/visitors.py has the same.
local MACHINES = { preview_bot = true, prefetch = true, scanner_suspected = true, program = true }
-- For so long after a machine's look a press of the button alone opens nothing: 10 minutes.
local WATCH_MS = 600000

-- The key of one kind of record in the shard of the way in.
local function key_of(tag, kind, id)
  return tag .. ":" .. kind .. ":" .. id
end

-- Each channel has an outbox of its own, so that none waits behind another's slow receivers.
local function outbox_of(tag, channel)
  return channel == "webhook" and tag .. ":outbox" or tag .. ":outbox-" .. channel
end

-- The member may also stand in the outbox of webhooks, where an earlier version put all channels.
local function leave_outbox(tag, channel, member)
  call("ZREM", outbox_of(tag, channel), member)
  call("ZREM", tag .. ":outbox", member)
end

-- "{tag}:kind:id" -> "{tag}", id
local function way_in(key)
  local tag, id = key:match("^({%w+}):%a+:(.*)$")
  return tag, id
end

-- Milliseconds: the store's own clock; tests give one.
local function clock(given)
  if given ~= "" then
    return tonumber(given)
  end
  local time = call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_final(state)
  return state ~= "held" and state ~= "sealed" and state ~= "read"
end

local function message_at(tag, id)
  local m = { tag = tag, id = id, hash = key_of(tag, "message", id) }
  local f = call("HMGET", m.hash, "opens_at", "expires_at", "version", "links", "open",
    "lease", "retention", "passphrase", "box", "sent_at", "sender", unpack(CHANNELS))
  if not f[1] then
    return nil
  end
  m.opens_at, m.expires_at, m.version = tonumber(f[1]), tonumber(f[2]), tonumber(f[3])
  m.links, m.open, m.lease, m.retention = f[4], tonumber(f[5]), tonumber(f[6]), tonumber(f[7])
  m.passphrase, m.box, m.sent_at, m.sender = f[8], f[9] or "", tonumber(f[10]), f[11] or ""
  m.events, m.looks = key_of(tag, "events", id), key_of(tag, "looks", id)
  m.channels = {}
  for at, channel in ipairs(CHANNELS) do
    if f[11 + at] then
      m.channels[#m.channels + 1] = channel
      m.tells = m.tells or channel ~= "code"
    end
  end
  return m
end

-- The wrapped key's presence is the truth, `state` explains it: sealed or read without
-- its key, or past its time, is expired, whether or not the worker has written it yet.
local function link_at(tag, id, now, message)
  local l = { tag = tag, id = id, hash = key_of(tag, "link", id) }
  local f = call("HMGET", l.hash, "message", "state", "version", "root", "views", "reveals",
    "tries", "verifier", "box", "first_revealed_at", "last_revealed_at", "acknowledged_at",
    "ended_at", "outcome", "recalled_at", "reason", "confirmed_at", "on_screen", "disputed",
    "declined", "address", "code", "disputed_at", "declined_at")
  l.message = f[1] and (message or message_at(tag, f[1]))
  if not l.message then
    return nil
  end
  l.wrapped, l.readers = key_of(tag, "key", id), key_of(tag, "readers", id)
  l.code_box, l.address, l.code = key_of(tag, "code", id), f[21], f[22]
  l.state, l.version, l.root = f[2], tonumber(f[3]), f[4]
  l.views, l.reveals = tonumber(f[5]), tonumber(f[6] or "0")
  l.tries, l.verifier, l.box = tonumber(f[7] or "-1"), f[8], f[9] or ""
  l.first_revealed_at, l.last_revealed_at = tonumber(f[10] or "0"), tonumber(f[11] or "0")
  l.acknowledged_at, l.ended_at = tonumber(f[12] or "0"), tonumber(f[13] or "0")
  l.outcome, l.recalled_at, l.reason = f[14] or "", tonumber(f[15] or "0"), f[16] or ""
  l.confirmed_at, l.on_screen = tonumber(f[17] or "0"), tonumber(f[18] or "0")
  l.disputed, l.declined = f[19] or "", f[20] or ""
  l.disputed_at, l.declined_at = tonumber(f[23] or "0"), tonumber(f[24] or "0")
  l.alive = call("EXISTS", l.wrapped) == 1
  l.written = l.state
  if not is_final(l.state) then
    if not l.alive or now >= l.message.expires_at then
      l.state, l.ended_at = "expired", math.min(now, l.message.expires_at)
    elseif l.state == "sealed" and now < l.message.opens_at then
      l.state = "held"
    end
  end
  return l
end

-- How often it can still be opened.
local function views_left(link)
  return is_final(link.state) and 0 or link.views - link.reveals
end

-- Every link of a message, in the sender's order.
local function links_of(message, now)
  local links = {}
  for at = 1, #message.links, 16 do
    links[#links + 1] = link_at(message.tag, message.links:sub(at, at + 15), now, message)
  end
  return links
end

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

-- A machine looked at this link within so many ms; or nobody can tell, since as many looks came
-- in that time as are kept.
local function is_watched(link, now, within)
  local looks = call("LRANGE", link.message.looks, 0, -1)
  for _, kept in ipairs(looks) do
    local at, class, rest = kept:match("^(%d+) %S+ (%S+)\n(.*)$")
    if tonumber(at) <= now - within then
      return false
    elseif MACHINES[class] and rest:sub(1, 16) == link.id then
      return true
    end
  end
  return #looks >= 100
end

-- A look; 100 are kept, and once they are, one a minute is written, and one by a machine for
-- each link: the gate goes by those.
local function look(link, now, type, class, evidence)
  local m = link.message
  local many = call("LLEN", m.looks)
  if many >= 100 and now - tonumber(call("LINDEX", m.looks, 0):match("^%d+")) < 60000
    and (not MACHINES[class] or is_watched(link, now, 60000)) then
    return
  end
  call("LPUSH", m.looks, now .. " " .. type .. " " .. class .. "\n" .. link.id .. evidence)
  call("LTRIM", m.looks, 0, 99)
  if many == 0 then
    call("PEXPIREAT", m.looks, call("PEXPIRETIME", m.hash))
  end
end

-- When the last wrapped key of a message goes that there still is, for the leases of links that
-- ended; -2 without any.
local function latest_key(message)
  local latest = -2
  for at = 1, #message.links, 16 do
    local key = key_of(message.tag, "key", message.links:sub(at, at + 15))
    latest = math.max(latest, call("PEXPIRETIME", key))
  end
  return latest
end

-- One version's content goes when no wrapped key is left that opens it.
local function drop_content(message, version)
  for at = 1, #message.links, 16 do
    local id = message.links:sub(at, at + 15)
    if call("EXISTS", key_of(message.tag, "key", id)) == 1
      and tonumber(call("HGET", key_of(message.tag, "link", id), "version")) == version then
      return
    end
  end
  call("DEL", key_of(message.tag, "content", message.id .. ":" .. version))
end

-- Every key that explains the message lives until then; keys and contents have their own time.
local function keep_until(message, at)
  call("PEXPIREAT", message.hash, at)
  call("PEXPIREAT", message.events, at)
  call("PEXPIREAT", message.looks, at)
  for i = 1, #message.links, 16 do
    local id = message.links:sub(i, i + 15)
    call("PEXPIREAT", key_of(message.tag, "link", id), at)
    call("PEXPIREAT", key_of(message.tag, "readers", id), at)
  end
end

-- The message is remembered until then; with a channel, for as long as a delivery may take.
local function retain(message, at)
  if message.tells then
    at = math.max(at, clock(ARGV[1]) + DELIVERY_MS)
  end
  call("HSET", message.hash, "forget_at", at)
  call("ZADD", message.tag .. ":due", at, "forget:" .. message.id)
  keep_until(message, at)
end

-- An event of the message, or of one link of it.  The timeline is the outbox: each channel
-- has a cursor in it, and whoever delivers reads on from there.
local function record(message, link, now, type, facts, evidence)
  call("RPUSH", message.events,
    now .. " " .. type .. " " .. facts .. "\n" .. (link and link.id or "") .. evidence)
  if type == "message.sent" or #message.channels == 0 then
    return
  end
  for _, channel in ipairs(message.channels) do
    -- A code is mailed now or never: nothing else brings that channel to life.
    if channel ~= "code" or type == "link.code_requested" then
      local member = message.id .. ":" .. channel
      call("ZREM", message.tag .. ":dead", member)
      call("ZADD", outbox_of(message.tag, channel), "NX", clock(ARGV[1]), member)
    end
  end
  if message.tells and message.open == 0
    and call("PEXPIRETIME", message.hash) < clock(ARGV[1]) + DELIVERY_MS then
    retain(message, 0)
  end
end

-- Destroys the wrapped key, and with it all access; the content when it was the last.
local function destroy_key(link)
  link.alive = false
  call("DEL", link.wrapped)
  call("ZREM", link.tag .. ":due", "end:" .. link.id)
  drop_content(link.message, link.version)
end

-- The key of a link that ended lives for its leases, until the latest is over.
local function lend_key(link, latest)
  call("PEXPIREAT", link.wrapped, latest)
  call("ZADD", link.tag .. ":due", latest, "end:" .. link.id)
end

-- This reader is done: its lease ends, and with the last one of a link that ended its key.
local function end_lease(link, r, now)
  r.ends = 0
  keep_reader(link, r)
  if outlives(link.state) and link.alive then
    local latest = latest_lease(link)
    if latest <= now then
      destroy_key(link)
    else
      lend_key(link, latest)
    end
  end
end

-- No code counts for this link any more, and none of it is kept.
local function drop_code(link)
  call("DEL", link.code_box)
  call("HDEL", link.hash, "code", "code_until")
end

-- The link's one final state.  Its key lives on until `lasts`, where leases outlive that
-- state; else it is destroyed.  After the last link the message's retention begins.
local function end_link(link, now, state, lasts)
  local m = link.message
  call("HSET", link.hash, "state", state, "ended_at", now)
  call("ZREM", link.tag .. ":due", "expire:" .. link.id)
  if link.address then
    drop_code(link)
    call("HDEL", link.hash, "address")
  end
  if lasts and lasts > now then
    lend_key(link, lasts)
  else
    destroy_key(link)
  end
  m.open = call("HINCRBY", m.hash, "open", -1)
  if m.open == 0 then
    retain(m, math.max(math.max(now, lasts or 0) + m.retention, latest_key(m)))
  end
end

-- Why a link does not open; the sender's reason belongs to a recall alone.
local function gone(link)
  return { "gone", link.state, link.message.id, link.reason, link.ended_at }
end

-- What is waiting for or was given up by the channels of a message.
local function drop_deliveries(tag, id)
  for _, channel in ipairs(CHANNELS) do
    leave_outbox(tag, channel, id .. ":" .. channel)
    call("ZREM", tag .. ":dead", id .. ":" .. channel)
  end
end

-- "<message>:<channel>" -> message, channel
local function delivery_of(member)
  return member:sub(1, 16), member:sub(18)
end
