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
-- Replies {now, {message, channel, cursor, failures, target box, {event, box, code box …}} …}.
-- The box is the label of the event's link; for a mailed code that is still valid, its address.

local now = clock(ARGV[1])
local lease, most, events = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local outbox = KEYS[1]
local tag = outbox:match("^({%w+})")

local reply = { now }
for _, member in ipairs(call("ZRANGE", outbox, "-inf", now, "BYSCORE", "LIMIT", 0, most)) do
  local id, channel = delivery_of(member)
  local hash = key_of(tag, "message", id)
  local f = call("HMGET", hash, channel, channel .. ":cursor", channel .. ":failures")
  local cursor = tonumber(f[2] or "0")
  local found = call("LRANGE", key_of(tag, "events", id), cursor, cursor + events - 1)
  if not f[1] or #found == 0 then
    call("ZREM", outbox, member)
  else
    local entries = {}
    for _, entry in ipairs(found) do
      entries[#entries + 1] = entry
      local link = entry:match("^%d+ link%.[^\n]*\n(.*)$")
      local box, code_box = "", ""
      if link and channel == "code" then
        local asked = entry:match("^%d+ link%.code_requested code=(%d+)\n")
        local l = asked and link_at(tag, link:sub(1, 16), now)
        if l and l.code and not is_final(l.state) and call("HGET", l.hash, "codes") == asked then
          box, code_box = l.address, call("GET", l.code_box) or ""
        end
      elseif link then
        box = call("HGET", key_of(tag, "link", link:sub(1, 16)), "box") or ""
      end
      entries[#entries + 1] = box or ""
      entries[#entries + 1] = code_box
    end
    call("ZADD", outbox, now + lease, member)
    reply[#reply + 1] = { id, channel, cursor, tonumber(f[3] or "0"), f[1], entries }
  end
end
return reply
