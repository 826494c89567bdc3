#!lua flags=allow-oom
-- confirm: records that the reader confirms reading; once for each view, also after its lease.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  evidence  boxed
--
-- Replies {"confirmed"}, {"repeated"} if this reader did already, or {"unknown"} if it holds no
-- view of this link.

local now = clock(ARGV[1])
local reader, evidence = ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local r = link and reader_at(link, reader)
if not r then
  return { "unknown" }
end

local before = r.confirmed
r.confirmed = 1
keep_reader(link, r)
if before == 1 then
  return { "repeated" }
end
call("HSETNX", link.hash, "confirmed_at", now)
record(link.message, link, now, "link.confirmed", "view=" .. r.view, evidence)
return { "confirmed" }
