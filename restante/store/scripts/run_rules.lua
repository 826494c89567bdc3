#!lua flags=allow-oom
-- run_rules: carries out a message's rules whose time is over: tells that links are unread, or
-- recalls them.
--
-- Another script may have done it before (`run_rules` in the library): each rule runs once.
--
-- KEYS[1]  message  hash
-- ARGV[1]  now      milliseconds; "" for the store's own clock
--
-- Replies {"ruled"}, or {"nothing"} if no rule is due, or the message is forgotten.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  mark_destroyed(tag)
  call("ZREM", tag .. ":due", "rule:" .. id)
  return { "nothing" }
elseif not run_rules(message, now) then
  schedule_rules(message)
  return { "nothing" }
end
return { "ruled" }
