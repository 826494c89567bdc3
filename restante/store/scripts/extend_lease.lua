#!lua flags=allow-oom
-- extend_lease: extends a reader's lease, within bounds.
--
-- If that gains less than a minute, nothing changes and no event is written.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  more      ms from now
-- ARGV[4]  most      ms from when the view was claimed
-- ARGV[5]  evidence  boxed
--
-- Replies {"prolonged", lease_until, its latest possible value, now}, the same with "repeated" if
-- nothing changed, {"gone", state, message, reason, ended_at} if the lease is over, or {"unknown"}.

local now = clock(ARGV[1])
local reader, more, most, evidence = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local r = link and reader_at(link, reader)
if not r then
  return { "unknown" }
elseif not lease_is_open(link, r, now) then
  return gone(link)
end

local m = link.message
local latest = math.min(r.claimed_at + most, m.expires_at)
local ends = math.min(now + more, latest)
if ends - r.ends < 60000 then
  keep_reader(link, r)
  return { "repeated", r.ends, latest, now }
end
r.ends = ends
keep_reader(link, r)
record(m, link, now, "link.prolonged", "view=" .. r.view .. ",until=" .. ends, evidence)
if outlives(link.state) then
  lend_key(link, latest_lease(link))
end
local content = key_of(tag, "content", m.id .. ":" .. link.version)
if call("PEXPIRETIME", content) < ends then
  keep_content(m, link.version, ends)
end
if call("PEXPIRETIME", m.hash) < ends then
  retain(m, now, ends)
end
return { "prolonged", ends, latest, now }
