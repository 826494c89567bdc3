-- Events, and how long a message is kept.

-- No event is deleted sooner, so that there is time to deliver it: 4 days.
local DELIVERY_MS = 345600000

-- Keeps all keys of a message until this time, except wrapped keys and contents.
local function keep_until(message, at)
  call("PEXPIREAT", message.hash, at)
  call("PEXPIREAT", message.events, at)
  call("PEXPIREAT", message.looks, at)
  for i = 1, #message.links, 16 do
    local id = message.links:sub(i, i + 15)
    call("PEXPIREAT", key_of(message.tag, "link", id), at)
    call("PEXPIREAT", key_of(message.tag, "readers", id), at)
    if message.files then
      call("PEXPIREAT", key_of(message.tag, "fetches", id), at)
    end
  end
end

-- Keeps a message until this time, or until its deliveries end, if a channel retains it and that
-- is later.
local function retain(message, now, at)
  if message.retains then
    at = math.max(at, now + DELIVERY_MS)
  end
  call("HSET", message.hash, "forget_at", at)
  call("ZADD", message.tag .. ":due", at, "forget:" .. message.id)
  keep_until(message, at)
end

-- Writes an event of the message or of one link, and puts it into the outboxes.  Each channel has
-- a cursor in the timeline, where its deliveries continue.  `at` is for an event before now.
local function record(message, link, now, type, facts, evidence, at)
  call("RPUSH", message.events,
    (at or now) .. " " .. type .. " " .. facts .. "\n" .. (link and link.id or "") .. evidence)
  if #message.channels == 0 then
    return
  end
  for _, channel in ipairs(message.channels) do
    if wakes(channel, type) then
      local member = message.id .. ":" .. channel.name
      call("ZREM", message.tag .. ":dead", member)
      call("ZADD", outbox_of(message.tag, channel.name), "NX", now, member)
    end
  end
  if message.retains and message.open == 0
    and call("PEXPIRETIME", message.hash) < now + DELIVERY_MS then
    retain(message, now, 0)
  end
end
