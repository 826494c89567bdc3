#!lua flags=no-writes
-- numbers: counts what waits in one shard and how much of it is late, for the metrics.
--
-- KEYS[1]  due       zset
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  patience  ms after which something due is late
--
-- Replies {late deadlines, dead letters, blobs to delete, ms that the first of them waits, uploads
-- that are promised room, {channel, not due yet, due, late, dead letters, ms that the
-- longest due one waits} …}.

local tag = KEYS[1]:match("^({%w+})")
local now = clock(ARGV[1])
local late = now - tonumber(ARGV[2])
-- Channels with one outbox are counted as the first of them.
local firsts = {}
for _, channel in ipairs(CHANNELS) do
  firsts[channel.outbox] = firsts[channel.outbox] or channel.name
end
local dead, of_channel = call("ZRANGE", tag .. ":dead", 0, -1), {}
for _, member in ipairs(dead) do
  local channel = member:match(":([%w-]+)$") or ""
  channel = BY_NAME[channel] and firsts[BY_NAME[channel].outbox] or channel
  of_channel[channel] = (of_channel[channel] or 0) + 1
end
local blobs = tag .. ":due-blobs"
local oldest = call("ZRANGE", blobs, "-inf", now, "BYSCORE", "LIMIT", 0, 1, "WITHSCORES")
-- The hash has one field more: the sum.
local uploads = math.max(0, call("HLEN", tag .. ":promised") - 1)
local reply = { call("ZCOUNT", KEYS[1], "-inf", "(" .. late), #dead,
  call("ZCOUNT", blobs, "-inf", now), oldest[2] and now - tonumber(oldest[2]) or 0, uploads }
for kind, name in pairs(firsts) do
  local outbox = tag .. ":" .. kind
  local first = call("ZRANGE", outbox, "-inf", now, "BYSCORE", "LIMIT", 0, 1, "WITHSCORES")
  reply[#reply + 1] = { name, call("ZCOUNT", outbox, "(" .. now, "+inf"),
    call("ZCOUNT", outbox, late, now), call("ZCOUNT", outbox, "-inf", "(" .. late),
    of_channel[name] or 0, first[2] and now - tonumber(first[2]) or 0 }
end
return reply
