#!lua flags=allow-oom
-- set_channel: a channel tells of a message from now on, tells of it otherwise, or no more.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  channel
-- ARGV[3]  kept      what is stored for it; "" ends it
-- ARGV[4]  evidence  boxed
-- ARGV[5]  request   id that makes a retry idempotent
--
-- What happened before is not told.  A full store permits it, so the number of changes is limited.
--
-- Replies {"set"}, {"repeated"}, {"often"} after 1000 changes, {"gone", state, message, reason,
-- ended_at} if every link ended and it does not end the channel, or {"unknown"}.

local SET_MOST = 1000

local now, channel, kept = clock(ARGV[1]), ARGV[2], ARGV[3]
local evidence, request = ARGV[4], ARGV[5]
local tag, id = way_in(KEYS[1])
local message = message_at(tag, id)
if not message then
  return { "unknown" }
end
if call("HGET", message.hash, "notify") == request then
  return { "repeated" }
end
local ended = kept ~= "" and ended_whole(links_of(message, now))
if ended then
  return ended
end
if tonumber(call("HGET", message.hash, "notifies") or "0") >= SET_MOST then
  return { "often" }
end
local had = call("HEXISTS", message.hash, channel) == 1
if not had and kept == "" then
  return { "repeated" }
end

call("HINCRBY", message.hash, "notifies", 1)
call("HSET", message.hash, "notify", request)
if had then
  mark_destroyed(tag)
end
for _, name in ipairs({ "failures", "failure", "failing_since", "until", "told_at", "note",
  "test" }) do
  call("HDEL", message.hash, channel .. ":" .. name)
end
leave_outbox(tag, channel, id .. ":" .. channel)
call("ZREM", tag .. ":dead", id .. ":" .. channel)
if kept == "" then
  call("HDEL", message.hash, channel, channel .. ":cursor")
else
  call("HSET", message.hash, channel, kept)
  call("HSETNX", message.hash, channel .. ":cursor", call("LLEN", message.events))
end
record(message_at(tag, id), nil, now, "message.notify_changed",
  channel .. "=" .. (kept == "" and "off" or "on"), evidence)
return { "set" }
