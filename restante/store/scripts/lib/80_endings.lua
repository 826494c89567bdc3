-- How links end, and what is destroyed then.

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
-- state; else it is destroyed.  After the last link the message's retention begins.  `at` is when
-- it ended, where that was before now.
local function end_link(link, now, state, lasts, at)
  local m = link.message
  call("HSET", link.hash, "state", state, "ended_at", at or now)
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
    retain(m, now, math.max(math.max(at or now, lasts or 0) + m.retention, latest_key(m)))
  end
end
