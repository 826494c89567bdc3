-- Where each channel's deliveries wait.

-- Each channel has an outbox of its own, so that none waits behind another's slow receivers.
local function outbox_of(tag, channel)
  return channel == "webhook" and tag .. ":outbox" or tag .. ":outbox-" .. channel
end

-- The member may also stand in the outbox of webhooks, where an earlier version put all channels.
local function leave_outbox(tag, channel, member)
  call("ZREM", outbox_of(tag, channel), member)
  call("ZREM", tag .. ":outbox", member)
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
