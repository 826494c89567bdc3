#!lua flags=allow-oom
-- unsubscribe: tells a receiver nothing more of a message, or all its receivers.
--
-- Idempotent.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       is not needed
-- ARGV[2]  receiver  id, 16 bytes; "" for all
--
-- Replies {"unsubscribed"}, also if it was told nothing before, or {"unknown"}.

local receiver = ARGV[2]
local tag, id = way_in(KEYS[1])
if not message_at(tag, id) then
  return { "unknown" }
end
for _, channel in ipairs(CHANNELS) do
  local name = channel.name
  local there = channel.subscribes and call("HGET", KEYS[1], name)
  if there and (receiver == "" or there:sub(1, 16) == receiver) then
    mark_destroyed(tag)
    call("HDEL", KEYS[1], name, name .. ":cursor", name .. ":failures", name .. ":failure",
      name .. ":failing_since", name .. ":until", name .. ":told_at", name .. ":test")
    leave_outbox(tag, name, id .. ":" .. name)
    call("ZREM", tag .. ":dead", id .. ":" .. name)
  end
end
return { "unsubscribed" }
