-- Loads a message.  A message that uses a channel has a field with the channel's name.

local function message_at(tag, id)
  local hash = key_of(tag, "message", id)
  local f = fields_of(hash)
  if not f or not f.opens_at then
    return nil
  end
  local m = { tag = tag, id = id, hash = hash, events = key_of(tag, "events", id),
    looks = key_of(tag, "looks", id), opens_at = tonumber(f.opens_at),
    expires_at = tonumber(f.expires_at), version = tonumber(f.version or "1"), links = f.links,
    open = tonumber(f.open), lease = tonumber(f.lease), retention = tonumber(f.retention),
    passphrase = f.passphrase, box = f.box or "", sent_at = tonumber(f.sent_at),
    on_screen = f.on_screen or "0", files = f.files, paused_at = tonumber(f.paused_at or "0"),
    tell_at = tonumber(f.tell_at or "0"), recall_at = tonumber(f.recall_at or "0"),
    sender = f.sender or "", webhook = f.webhook or "", email = f.email or "",
    email_failure = f["email:failure"] or "", subscribers = "", channels = {} }
  if f.held_until then
    m.opens_at = tonumber(f.held_until)
  end
  for _, channel in ipairs(CHANNELS) do
    if f[channel.name] then
      m.channels[#m.channels + 1] = channel
      m.retains = m.retains or channel.retains
      if channel.subscribes then
        m.subscribers = m.subscribers .. f[channel.name]:sub(1, 16)
      end
    end
  end
  return m
end
