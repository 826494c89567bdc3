#!lua flags=allow-oom
-- promise: promises room for an upload that begins, so that all together never get more than there is.
--
-- A promise ends by itself: an upload's end may be lost in a crash.  Idempotent.
--
-- KEYS[1]  promised  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  id        of the blob
-- ARGV[3]  size      in bytes
-- ARGV[4]  most      bytes of all promises; "" for a promise that ends: its size is known now
-- ARGV[5]  many      promises at the most
-- ARGV[6]  lasts     ms from now; one that ends never gets longer
--
-- Replies {"promised", bytes of all promises}, or {"full"}.

local now = clock(ARGV[1])
local id, size, most, many = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local ends = now + tonumber(ARGV[6])
local tag = KEYS[1]:match("^({%w+})")
local times = tag .. ":promised-until"

local function bytes_of(field)
  return tonumber(call("HGET", KEYS[1], field) or "0")
end

local function note(field, bytes)
  call("HSET", KEYS[1], field, string.format("%.0f", bytes))
end

for _, over in ipairs(call("ZRANGE", times, "-inf", now, "BYSCORE", "LIMIT", 0, 1000)) do
  note("", bytes_of("") - bytes_of(over))
  call("HDEL", KEYS[1], over)
  call("ZREM", times, over)
end
local is_known = call("HEXISTS", KEYS[1], id) == 1
local before = bytes_of(id)
local sum = bytes_of("") - before + size
if not most then
  if is_known and size <= before then
    note(id, size)
    note("", sum)
    call("ZADD", times, "LT", ends, id)
  end
  return { "promised", bytes_of("") }
end
if sum > most or not is_known and call("ZCARD", times) >= many then
  return { "full" }
end
note(id, size)
note("", sum)
call("ZADD", times, ends, id)
return { "promised", sum }
