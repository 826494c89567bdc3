#!lua flags=allow-oom
-- forget: deletes all of a message, when its retention is over or at once.
--
-- At once its links end, too: wrapped keys, contents and deliveries go in the same step.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
-- ARGV[2]  when     "due": only if its retention is over; "now": in any case
--
-- Replies {"forgotten", sent_at}, {"forgotten"} if its TTL was faster, or {"nothing"}: with "due" if
-- its retention is not over, with "now" if there is no such message.

local now, at_once = clock(ARGV[1]), ARGV[2] == "now"
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
local due = tag .. ":due"
if not message and at_once then
  return { "nothing" }
elseif not message then
  -- Its TTL was faster.
  mark_destroyed(tag)
  call("ZREM", due, "forget:" .. id, "rule:" .. id)
  drop_deliveries(tag, id)
  return { "forgotten" }
end
local forget_at = tonumber(call("HGET", message.hash, "forget_at") or "0")
if not at_once and message.open > 0 then
  call("ZREM", due, "forget:" .. id)
  return { "nothing" }
elseif not at_once and now < forget_at then
  call("ZADD", due, forget_at, "forget:" .. id)
  return { "nothing" }
end

mark_destroyed(tag)
for _, link in ipairs(links_of(message, now)) do
  call("DEL", link.hash, link.wrapped, link.readers, link.code_box, key_of(tag, "fetches", link.id))
  delete_content(message, link.version)
  call("ZREM", due, "expire:" .. link.id, "end:" .. link.id)
end
drop_deliveries(tag, id)
call("DEL", message.hash, message.events, message.looks)
call("ZREM", due, "forget:" .. id, "rule:" .. id)
return { "forgotten", message.sent_at }
