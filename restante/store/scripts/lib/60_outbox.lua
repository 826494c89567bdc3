-- Outboxes, where deliveries wait.

-- Each channel has its own outbox, so that slow receivers of one do not delay another.
local function outbox_of(tag, channel)
  return channel == "webhook" and tag .. ":outbox" or tag .. ":outbox-" .. channel
end

-- An earlier version put all channels into the outbox of webhooks: remove the member there, too.
local function leave_outbox(tag, channel, member)
  call("ZREM", outbox_of(tag, channel), member)
  call("ZREM", tag .. ":outbox", member)
end

-- Removes all deliveries of a message, waiting ones and dead letters.
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
