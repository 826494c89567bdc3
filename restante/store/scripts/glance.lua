#!lua flags=no-writes
-- glance: returns the state of several messages of one shard.
--
-- KEYS[1]  message   hash of one of them
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2…] messages  their ids
--
-- Replies {"glance", …}: for each message a map, see `glimpse`, or "" if there is no such message.

local now, tag = clock(ARGV[1]), way_in(KEYS[1])
local reply = { "glance" }
for at = 2, #ARGV do
  local message = message_at(tag, ARGV[at])
  reply[at] = message and glimpse(message, now) or ""
end
return reply
