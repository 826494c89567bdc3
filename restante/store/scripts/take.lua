#!lua flags=allow-oom
-- take: returns deliveries that are due in one shard, and leases them to a worker.
--
-- Each is due again after the lease, in case the worker dies.
--
-- KEYS[1]  outbox  zset
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  lease   ms
-- ARGV[3]  most    maximum number of deliveries
-- ARGV[4]  events  maximum number of events in each
--
-- Replies {now, {message, channel, cursor, failures, again, target box, {event, label, address,
-- code …}} …}.  again is 1 if these events may have been tried before.  The last three are boxes of the event's link, or "": its label; with the request of a code
-- that is still valid, also the mail address and the code.

local now = clock(ARGV[1])
local lease, most, events = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local outbox = KEYS[1]
local tag = outbox:match("^({%w+})")

local function boxes(entry)
  local id = entry:match("^%d+ link%.[^\n]*\n(.*)$")
  if not id then
    return "", "", ""
  end
  id = id:sub(1, 16)
  local label = call("HGET", key_of(tag, "link", id), "box") or ""
  local asked = entry:match("^%d+ link%.code_requested code=(%d+)\n")
  local link = asked and link_at(tag, id, now)
  if link and link.code and not is_final(link.state) and link.codes == tonumber(asked) then
    return label, link.address, call("GET", link.code_box) or ""
  end
  return label, "", ""
end

-- How many events, and 1 if they are repeated: a channel that gathers takes the same ones again.
local function many(hash, channel, cursor)
  local known = tonumber(call("HGET", hash, channel .. ":until") or "0")
  if known > cursor then
    return math.min(events, known - cursor), 1
  end
  return events, 0
end

local reply = { now }
for _, member in ipairs(call("ZRANGE", outbox, "-inf", now, "BYSCORE", "LIMIT", 0, most)) do
  local id, channel = delivery_of(member)
  local hash = key_of(tag, "message", id)
  local f = call("HMGET", hash, channel, channel .. ":cursor", channel .. ":failures")
  local cursor = tonumber(f[2] or "0")
  local most_of_them, again = many(hash, channel, cursor)
  local found = call("LRANGE", key_of(tag, "events", id), cursor, cursor + most_of_them - 1)
  if not f[1] or #found == 0 then
    call("ZREM", outbox, member)
  else
    local entries = {}
    for _, entry in ipairs(found) do
      local at = #entries
      entries[at + 1] = entry
      entries[at + 2], entries[at + 3], entries[at + 4] = boxes(entry)
    end
    if BY_NAME[channel] and BY_NAME[channel].gathers then
      call("HSET", hash, channel .. ":until", cursor + #found)
    end
    call("ZADD", outbox, now + lease, member)
    reply[#reply + 1] = { id, channel, cursor, tonumber(f[3] or "0"), again, f[1], entries }
  end
end
return reply
