#!lua
-- subscribe: tells a receiver, such as a browser, what happens to a message from now on.
--
-- A message has a few places for receivers: one for each channel that has `subscribes`.  A
-- receiver that is told already keeps its place and its cursor.
--
-- No allow-oom: a full store refuses it.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       is not needed
-- ARGV[2]  kept      id of the receiver, 16 bytes, and a box
--
-- Replies {"subscribed"}, {"full"} if every place is taken, or {"unknown"}.

local kept = ARGV[2]
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  return { "unknown" }
end
local free, its
for _, channel in ipairs(CHANNELS) do
  local there = channel.subscribes and (call("HGET", KEYS[1], channel.name) or "")
  if there == "" then
    free = free or channel.name
  elseif there and there:sub(1, 16) == kept:sub(1, 16) then
    its = channel.name
  end
end
if its then
  call("HSET", KEYS[1], its, kept)
elseif not free then
  return { "full" }
else
  call("HSET", KEYS[1], free, kept, free .. ":cursor", call("LLEN", message.events))
end
return { "subscribed" }
