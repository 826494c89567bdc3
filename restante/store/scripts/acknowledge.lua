#!lua flags=allow-oom
-- acknowledge: the reader has the content.  With "end" its lease ends now, and if no other
-- lease is open on a link that ended, the wrapped key goes.
--
-- Asking again changes nothing and answers the same: replies get lost.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  mode      "keep" or "end"
-- ARGV[4]  evidence  boxed
--
-- Replies {"acknowledged"}, {"repeated"} to a reader who had said so before, or {"unknown"} to one
-- who holds no view of this link.

local now = clock(ARGV[1])
local reader, mode, evidence = ARGV[2], ARGV[3], ARGV[4]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local lease, view, acknowledged = nil, nil, nil
if link then
  lease, view, acknowledged = lease_of(link, reader)
end
if not lease then
  return { "unknown" }
end

if mode == "end" then
  lease = 0
end
call("HSET", link.readers, reader, lease .. " " .. view .. " 1")
if acknowledged == 0 then
  call("HSETNX", link.hash, "acknowledged_at", now)
  record(link.message, link, now, "link.acknowledged", "view=" .. view, evidence)
end
if mode == "end" and outlives(link.state) and link.alive then
  local latest = latest_lease(link)
  if latest <= now then
    destroy_key(link)
  else
    call("PEXPIREAT", link.wrapped, latest)
    call("ZADD", tag .. ":due", latest, "end:" .. id)
  end
end
return { acknowledged == 0 and "acknowledged" or "repeated" }
