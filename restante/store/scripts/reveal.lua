#!lua flags=allow-oom
-- reveal: spends one view and releases its key and content to one reader, in one step.
-- Idempotent during the lease: the same reader gets the same again.  The first check that fails
-- gives the reply; nothing is spent then, except a try for a wrong passphrase or code.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  reader    id
-- ARGV[3]  ring      ids of the caller's root keys, 4 bytes each
-- ARGV[4]  verifier  of the passphrase given, or ""
-- ARGV[5]  root      id of the root key that the verifier was derived from, or ""
-- ARGV[6]  class     of the visitor, for the look of a second fetch
-- ARGV[7]  evidence  boxed
-- ARGV[8]  wary      1: refuse a reader without an open lease if a machine looked recently
-- ARGV[9]  codes     MACs of the code given, 16 bytes for each root key, or ""
-- ARGV[10] request   id that makes a retry idempotent: it spends no second try
-- ARGV[11] seen      ids of the blobs that the caller found in their place, 16 bytes each
--
-- Replies {"revealed", map}, or within the lease {"reread", map}, with message, version, root,
-- wrapped, content, state, views_left, lease_until, now, passphrase, box, claimed_at, expires_at,
-- files, taken (which of them were taken out);
-- {"gone" or, for the try that locks, "locked", state, message, reason, ended_at},
-- {"paused"}, {"held", opens_at, now}, {"passphrase-wrong" or "code-wrong", tries left}, {"code-required"},
-- {"passphrase-required"}, {"watched"}, {"unavailable"}, {"changed"} or {"unknown"};
-- {"look", ids of blobs} if the caller has to find them first: no view is spent on a message whose
-- files cannot be had.

local now = clock(ARGV[1])
local reader, ring, verifier, root = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local class, evidence, wary, codes, request = ARGV[6], ARGV[7], ARGV[8] == "1", ARGV[9], ARGV[10]
local seen = ARGV[11]
local tag, id = way_in(KEYS[1])
local link = link_ruled(tag, id, now)
if not link then
  return { "unknown" }
end

local m, r = link.message, reader_at(link, reader)
local again = lease_is_open(link, r, now)
if not again and (r or is_final(link.state)) then
  return gone(link)
end
if not again and m.paused_at > 0 then
  return { "paused" }
end
if not again and now < m.opens_at then
  return { "held", m.opens_at, now }
end
if not contains(ring, 4, link.root) then
  return { "unavailable" }
end
if wary and not again and is_watched(link, now, WATCH_MS) then
  return { "watched" }
end
if link.verifier and verifier == "" then
  return { "passphrase-required" }
end
if link.verifier and (root ~= link.root or #verifier ~= #link.verifier) then
  return { "changed" }
end
local needs_code = link.address and not again
if needs_code and (codes == "" or not link.code or now >= link.code_until) then
  return { "code-required" }
end
local wrapped = call("GET", link.wrapped)
local content = call("GET", key_of(tag, "content", m.id .. ":" .. link.version))
local has_files = m.files and call("HEXISTS", m.hash, "names:" .. link.version) == 1
local files = has_files and call("GET", manifest_of(m, link.version)) or ""
if not wrapped or not content or (has_files and files == "") then
  return { "unavailable" }
end
local wrong = needs_code and not contains(codes, 16, link.code) and "code"
  or link.verifier and verifier ~= link.verifier and "passphrase"
if wrong then
  return again and { "passphrase-wrong", link.tries }
    or refuse_try(link, now, wrong, request, evidence)
end

local ids = has_files and not again and blob_ids(m, link.version) or ""
if ids ~= seen and ids ~= "" then
  return { "look", ids }
end
if again then
  keep_reader(link, r)
  look(link, now, "link.reread", class, evidence)
else
  r = claim_view(link, now, reader, evidence)
end
return { again and "reread" or "revealed", named({ message = m.id, version = link.version,
  root = link.root, wrapped = wrapped, content = content, state = link.state,
  views_left = views_left(link), lease_until = r.ends, now = now,
  passphrase = link.verifier and 1 or 0, box = m.box, claimed_at = r.claimed_at,
  expires_at = m.expires_at, files = files,
  taken = taken_out(m, link.version) }) }
