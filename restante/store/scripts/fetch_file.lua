#!lua flags=allow-oom
-- fetch_file: lets a reader fetch a file while its lease is open, and notes how far it came.
--
-- It runs when a download begins, while it runs, and at its end.  A running download keeps its lease.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  file      its number from 1; 0 only asks for the manifest, and notes nothing
-- ARGV[4]  size      of the file
-- ARGV[5]  from      where this download began
-- ARGV[6]  upto      where it is
-- ARGV[7]  more      ms that the lease lasts from now, at least
-- ARGV[8]  most      ms from when the view was claimed, at the most
-- ARGV[9]  evidence  boxed
--
-- Events are written once for each reader and file: when the first byte is asked for, and when the
-- last byte of all was sent.  What was sent of a file before it was taken out counts, too.
--
-- Replies {"file", map} with message, version, wrapped, manifest, entries (see 75_files.lua), taken,
-- lease_until, now; {"taken", at} if the sender took the file out,
-- {"gone", state, message, reason, ended_at} if the lease is over, or {"unknown"}.

local PIECE_SIZE = 65536

local now = clock(ARGV[1])
local reader, file, size = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local from, upto = tonumber(ARGV[5]), tonumber(ARGV[6])
local more, most, evidence = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
local r = link and reader_at(link, reader)
if not r then
  return { "unknown" }
elseif not lease_is_open(link, r, now) then
  return gone(link)
end
local m = link.message
local manifest = m.files and call("GET", manifest_of(m, link.version))
if not manifest then
  return { "unknown" }
end

local taken = taken_out(m, link.version)
local out_at = taken_out_at(taken, file)
local fetches, field = key_of(tag, "fetches", id), reader .. file
local before = file > 0 and call("HGET", fetches, field)
if file > 0 and (before or not out_at) then
  local sent, ahead, end_ahead = sent_in(before or "0")
  local had = sent
  local facts = "view=" .. r.view .. ",file=" .. file .. ",version=" .. link.version
  if not before then
    record(m, link, now, "link.file_started", facts, evidence)
  end
  -- A reader whose line broke has a part of a piece that does not count as sent.  What goes on beyond
  -- what is known waits: an older download notices later than its reader that its line is dead.
  if from <= sent + PIECE_SIZE then
    sent = math.max(sent, upto)
  elseif ahead and from <= end_ahead + PIECE_SIZE and upto + PIECE_SIZE >= ahead then
    ahead, end_ahead = math.min(ahead, from), math.max(end_ahead, upto)
  elseif upto > from then
    ahead, end_ahead = from, upto
  end
  if ahead and ahead <= sent + PIECE_SIZE then
    sent = math.max(sent, end_ahead)
    ahead = nil
  end
  local after = string.format("%.0f", sent)
  if ahead then
    after = after .. string.format(" %.0f %.0f", ahead, end_ahead)
  end
  if before ~= after then
    call("HSET", fetches, field, after)
    call("PEXPIREAT", fetches, call("PEXPIRETIME", link.hash))
    if sent >= size and (sent > had or not before) then
      record(m, link, now, "link.file_fetched", facts, evidence)
    end
  end
end

if out_at then
  return { "taken", out_at }
end
local ends = math.min(now + more, r.claimed_at + most, m.expires_at)
if file > 0 and ends > r.ends then
  r.ends = ends
  if outlives(link.state) then
    lend_key(link, math.max(latest_lease(link), ends))
  end
  if call("PEXPIRETIME", manifest_of(m, link.version)) < ends then
    keep_content(m, link.version, ends)
  end
  if call("PEXPIRETIME", m.hash) < ends then
    retain(m, now, ends)
  end
end
keep_reader(link, r)
return { "file", named({ message = m.id, version = link.version, manifest = manifest,
  wrapped = call("GET", link.wrapped), entries = call("GET", blobs_of(m, link.version)) or "",
  taken = taken, lease_until = r.ends, now = now }) }
