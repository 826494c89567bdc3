-- Ends links and destroys keys and contents.

-- When the last wrapped key of a message expires (links that ended keep theirs for open leases);
-- -2 if there is none.
local function latest_key(message)
  local latest = -2
  for at = 1, #message.links, 16 do
    local key = key_of(message.tag, "key", message.links:sub(at, at + 15))
    latest = math.max(latest, call("PEXPIRETIME", key))
  end
  return latest
end

-- Deletes a version's content if no wrapped key for it is left.
local function drop_content(message, version)
  for at = 1, #message.links, 16 do
    local id = message.links:sub(at, at + 15)
    if call("EXISTS", key_of(message.tag, "key", id)) == 1
      and tonumber(call("HGET", key_of(message.tag, "link", id), "version") or "1") == version then
      return
    end
  end
  delete_content(message, version)
end

-- Destroys the wrapped key, and so all access; also the content if it was the last key.
local function destroy_key(link)
  link.alive = false
  mark_destroyed(link.tag)
  call("DEL", link.wrapped)
  call("ZREM", link.tag .. ":due", "end:" .. link.id)
  drop_content(link.message, link.version)
end

-- Keeps the key of a link that ended until its latest lease is over.
local function lend_key(link, latest)
  call("PEXPIREAT", link.wrapped, latest)
  call("ZADD", link.tag .. ":due", latest, "end:" .. link.id)
end

-- Ends a reader's lease.  If it was the last lease of a link that ended, destroys the key.
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

-- Deletes the link's mailed code, so that it is no longer valid.
local function drop_code(link)
  mark_destroyed(link.tag)
  call("DEL", link.code_box)
  call("HDEL", link.hash, "code", "code_until")
end

-- Puts a link into a final state.  Its key is kept until `lasts` for open leases, without `lasts`
-- it is destroyed.  When the last link ends, the message's retention begins.  `at` is when the
-- link ended, if that was before now.
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
    call("HDEL", m.hash, "tell_at", "recall_at")
    call("ZREM", m.tag .. ":due", "rule:" .. m.id)
    retain(m, now, math.max(math.max(at or now, lasts or 0) + m.retention, latest_key(m)))
  end
end
