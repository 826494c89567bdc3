#!lua flags=allow-oom
-- end_leases: the last lease of a spent or locked link is over; its key and content go.
--
-- KEYS[1]  link  hash
-- ARGV[1]  now   milliseconds; "" for the store's own clock
--
-- Replies {"ended"}, or {"nothing"} when a lease still runs, the link ended otherwise, or is forgotten.

local now = clock(ARGV[1])
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link or not outlives(link.written) then
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
