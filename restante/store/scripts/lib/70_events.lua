-- Events, and for how long a message is remembered.

-- No event is forgotten sooner, so that its delivery has its time: 4 days.
local DELIVERY_MS = 345600000

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
local function retain(message, now, at)
  if message.tells then
    at = math.max(at, now + DELIVERY_MS)
  end
  call("HSET", message.hash, "forget_at", at)
  call("ZADD", message.tag .. ":due", at, "forget:" .. message.id)
  keep_until(message, at)
end

-- An event of the message, or of one link of it; `at` where it happened before now.  The
-- timeline is the outbox: each channel has a cursor in it, and deliveries go on from there.
local function record(message, link, now, type, facts, evidence, at)
  call("RPUSH", message.events,
    (at or now) .. " " .. type .. " " .. facts .. "\n" .. (link and link.id or "") .. evidence)
  if type == "message.sent" or #message.channels == 0 then
    return
  end
  for _, channel in ipairs(message.channels) do
    -- A code is mailed now or never: nothing else brings that channel to life.
    if channel ~= "code" or type == "link.code_requested" then
      local member = message.id .. ":" .. channel
      call("ZREM", message.tag .. ":dead", member)
      call("ZADD", outbox_of(message.tag, channel), "NX", now, member)
    end
  end
  if message.tells and message.open == 0
    and call("PEXPIRETIME", message.hash) < now + DELIVERY_MS then
    retain(message, now, 0)
  end
end
