#!lua flags=allow-oom
-- expire: ends a link whose time is over.  Only this script writes the event link.expired.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
--
-- Replies {"expired"}, or {"nothing"} if the expiry was moved, or the link has ended or is
-- forgotten.

local now, evidence = clock(ARGV[1]), ARGV[2]
local tag, id = way_in(KEYS[1])
local link = link_ruled(tag, id, now)
if not link or is_final(link.written) then
  mark_destroyed(tag)
  call("ZREM", tag .. ":due", "expire:" .. id)
  return { "nothing" }
end
local expires_at = link.message.expires_at
if now < expires_at then
  call("ZADD", tag .. ":due", expires_at, "expire:" .. id)
  return { "nothing" }
end

record(link.message, link, now, "link.expired", "reveals=" .. link.reveals, evidence, expires_at)
end_link(link, now, "expired", nil, expires_at)
return { "expired" }
