#!lua flags=allow-oom
-- settle: moves a channel's cursor past the delivered events and schedules the rest, in one step.
--
-- KEYS[1]  message    hash
-- ARGV[1]  now        milliseconds; "" for the store's own clock
-- ARGV[2]  channel
-- ARGV[3]  cursor     when it was taken
-- ARGV[4]  delivered  number of events that were delivered
-- ARGV[5]  failures   in a row, with the one that ended this delivery; 0 for none
-- ARGV[6]  failure    one word for the operator, or ""
-- ARGV[7]  wait       ms until the rest is due; "" makes it a dead letter
-- ARGV[8]  before     failures in a row when it was taken
-- ARGV[9]  pause      ms until the next delivery of this message; 0 if nothing went out
-- ARGV[10] told       1 if the sender was told something
-- ARGV[11] note       a word for the sender on how the channel stands; "" leaves the one before
-- ARGV[12] again     1 if these events may have been tried before it was taken
--
-- Replies {"settled"}; {"postponed"} if no try was possible; {"delayed"} or {"given-up"} after a
-- failure; {"moved"} if another worker settled it meanwhile; or {"unknown"}.

local now = clock(ARGV[1])
local channel, cursor, delivered = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local failures, failure, wait = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local before, pause = tonumber(ARGV[8]), tonumber(ARGV[9])
local tag, id = way_in(KEYS[1])
local member, dead = id .. ":" .. channel, tag .. ":dead"
local known = tonumber(call("HGET", KEYS[1], channel .. ":cursor") or "-1")
if known < 0 then
  leave_outbox(tag, channel, member)
  call("ZREM", dead, member)
  return { "unknown" }
elseif known ~= cursor
  or tonumber(call("HGET", KEYS[1], channel .. ":failures") or "0") ~= before then
  return { "moved" }
end

cursor = cursor + delivered
call("HSET", KEYS[1], channel .. ":cursor", cursor)
if ARGV[10] == "1" then
  call("HSET", KEYS[1], channel .. ":told_at", now)
end
if ARGV[11] ~= "" then
  call("HSET", KEYS[1], channel .. ":note", ARGV[11])
end
if delivered > 0 or pause > 0 then
  call("HDEL", KEYS[1], channel .. ":failures", channel .. ":failure", channel .. ":failing_since")
  call("ZREM", dead, member)
end
if delivered > 0 or (failures == 0 and ARGV[12] ~= "1") then
  -- Otherwise an earlier try may have got through: its repeat must have the same events.
  call("HDEL", KEYS[1], channel .. ":until")
end
if failures > 0 then
  call("HSET", KEYS[1], channel .. ":failures", failures, channel .. ":failure", failure)
  call("HSETNX", KEYS[1], channel .. ":failing_since", now)
end
if call("LLEN", key_of(tag, "events", id)) <= cursor then
  leave_outbox(tag, channel, member)
  if pause > 0 then
    -- Nothing is left: a place, so that what happens during the pause is gathered.
    call("ZADD", outbox_of(tag, channel), now + pause, member)
  end
elseif wait == "" then
  leave_outbox(tag, channel, member)
  call("ZADD", dead, now, member)
  return { "given-up" }
else
  leave_outbox(tag, channel, member)
  call("ZADD", outbox_of(tag, channel), now + math.max(tonumber(wait), pause), member)
end
if failures > 0 then
  return { "delayed" }
end
return { delivered > 0 and "settled" or "postponed" }
