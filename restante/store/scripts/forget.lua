#!lua flags=allow-oom
-- forget: deletes all that is left of a message when its retention is over.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
--
-- Replies {"forgotten"}, or {"nothing"} if its retention is not over.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
local due = tag .. ":due"
if not message then
  -- Its TTL was faster.
  mark_destroyed(tag)
  call("ZREM", due, "forget:" .. id)
  drop_deliveries(tag, id)
  return { "forgotten" }
end
local forget_at = tonumber(call("HGET", message.hash, "forget_at") or "0")
if message.open > 0 then
  call("ZREM", due, "forget:" .. id)
  return { "nothing" }
elseif now < forget_at then
  call("ZADD", due, forget_at, "forget:" .. id)
  return { "nothing" }
end

mark_destroyed(tag)
for _, link in ipairs(links_of(message, now)) do
  call("DEL", link.hash, link.wrapped, link.readers, link.code_box,
    key_of(tag, "content", id .. ":" .. link.version))
  call("ZREM", due, "expire:" .. link.id, "end:" .. link.id)
end
drop_deliveries(tag, id)
call("DEL", message.hash, message.events, message.looks)
call("ZREM", due, "forget:" .. id)
return { "forgotten" }
