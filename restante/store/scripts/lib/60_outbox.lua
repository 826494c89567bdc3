-- Outboxes, where deliveries wait.  Each channel has its own, so that slow receivers of one do
-- not delay another.  CHANNELS is made from restante/channels and loaded before the library.

local BY_NAME = {}
for _, channel in ipairs(CHANNELS) do
  BY_NAME[channel.name] = channel
end

local function outbox_of(tag, name)
  return tag .. ":" .. (BY_NAME[name] and BY_NAME[name].outbox or "outbox-" .. name)
end

-- Whether an event starts a delivery: without a list, every event but `message.sent`.
local function wakes(channel, type)
  if channel.wakes then
    return channel.wakes[type] or false
  end
  return type ~= "message.sent"
end

-- The channels of a message that tell its sender, so that a test makes sense.
local function tested_channels(message)
  local names = {}
  for _, channel in ipairs(message.channels) do
    if wakes(channel, "message.test") then
      names[#names + 1] = channel.name
    end
  end
  return names
end

-- Where the cursor of a new message begins: behind `message.sent`, unless that is delivered.
local function first_cursor(name)
  return wakes(BY_NAME[name], "message.sent") and 0 or 1
end

-- An earlier version put all channels into one outbox: remove the member there, too.
local function leave_outbox(tag, name, member)
  call("ZREM", outbox_of(tag, name), member)
  call("ZREM", tag .. ":outbox", member)
end

-- Removes all deliveries of a message, waiting ones and dead letters.
local function drop_deliveries(tag, id)
  for _, channel in ipairs(CHANNELS) do
    leave_outbox(tag, channel.name, id .. ":" .. channel.name)
    call("ZREM", tag .. ":dead", id .. ":" .. channel.name)
  end
end

-- "<message>:<channel>" -> message, channel
local function delivery_of(member)
  return member:sub(1, 16), member:sub(18)
end
