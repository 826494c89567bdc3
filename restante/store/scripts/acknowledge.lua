#!lua flags=allow-oom
-- acknowledge: records that the reader received the content.  With "end" it also ends the lease;
-- if the link has ended and no lease is open, it destroys the wrapped key.
--
-- Idempotent, because a reply can be lost.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  mode      "keep" or "end"
-- ARGV[4]  evidence  boxed
--
-- Replies {"acknowledged", views left}, {"repeated", views left} if this reader did already, or
-- {"unknown"} if it holds no view of this link.

local now = clock(ARGV[1])
local reader, mode, evidence = ARGV[2], ARGV[3], ARGV[4]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local r = link and reader_at(link, reader)
if not r then
  return { "unknown" }
end

local before = r.acknowledged
r.acknowledged = 1
keep_reader(link, r)
if before == 0 then
  call("HSETNX", link.hash, "acknowledged_at", now)
  record(link.message, link, now, "link.acknowledged", "view=" .. r.view, evidence)
end
if mode == "end" then
  end_lease(link, r, now)
end
return { before == 0 and "acknowledged" or "repeated", views_left(link) }
