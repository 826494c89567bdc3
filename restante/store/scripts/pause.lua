#!lua flags=allow-oom
-- pause: lets no new reader open a message until it is resumed.  Open leases continue, and the
-- expiry stays where it is.
--
-- `opens_at` moves far ahead, so that an earlier version of this service opens nothing either;
-- `held_until` keeps the time that was there, and every script goes by that one.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  evidence  boxed
-- ARGV[3]  request   id that makes a retry idempotent, also if it was resumed meanwhile
--
-- A full store permits it, so the number of pauses is limited.
--
-- Replies {"paused"}, {"repeated"} if it was paused before, {"often"} after 1000 pauses, {"gone", state,
-- message, reason, ended_at} if every link ended, or {"unknown"}.

local PAUSED_MOST = 1000
-- The year 2200, later than any expiry.
local FAR_AHEAD = 7258118400000

local now = clock(ARGV[1])
local evidence, request = ARGV[2], ARGV[3]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
if call("HGET", message.hash, "pause") == request then
  return { "repeated" }
end
local links, leases = links_of(message, now), 0
local ended = ended_whole(links)
if ended then
  return ended
end
if message.paused_at > 0 then
  return { "repeated" }
end
if tonumber(call("HGET", message.hash, "pauses") or "0") >= PAUSED_MOST then
  return { "often" }
end
for _, link in ipairs(links) do
  leases = leases + open_leases(link, now)
end

call("HINCRBY", message.hash, "pauses", 1)
call("HSET", message.hash, "pause", request, "paused_at", now, "held_until", message.opens_at,
  "opens_at", FAR_AHEAD)
record(message, nil, now, "message.paused", "leases=" .. leases, evidence)
return { "paused" }
