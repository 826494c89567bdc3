#!lua flags=allow-oom
-- end_leases: destroys key and content of a spent or locked link after its last lease.  It also
-- runs after the TTL of a mailed code, which it only marks.
--
-- KEYS[1]  link  hash
-- ARGV[1]  now   milliseconds; "" for the store's own clock
--
-- Replies {"ended"}, or {"nothing"} if a lease is open, or the link is forgotten or in another
-- state.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link or not outlives(link.written) then
  mark_destroyed(tag)
  call("ZREM", tag .. ":due", "end:" .. id)
  return { "nothing" }
end
local latest = latest_lease(link)
if link.alive and latest > now then
  call("ZADD", tag .. ":due", latest, "end:" .. id)
  return { "nothing" }
end
destroy_key(link)
return { "ended" }
