#!lua flags=allow-oom
-- fail: records that a view was claimed but its content could not be decrypted.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3]  request   id that makes a retry idempotent
--
-- A reader can repeat it during its lease: after 100 failures of a link they are only counted.
--
-- Replies {"recorded"} or {"unknown"}.

local FAILED_MOST = 100

local now, evidence, request = clock(ARGV[1]), ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if link.failed ~= request then
  call("HSET", link.hash, "failed", request)
  if call("HINCRBY", link.hash, "failures", 1) <= FAILED_MOST then
    record(link.message, link, now, "link.failed", "", evidence)
  end
end
return { "recorded" }
