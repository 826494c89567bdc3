#!lua flags=allow-oom
-- extend: moves the expiry, later or earlier, of the links that have not ended.
--
-- It never revives a link: it changes the TTL of a key only if the key exists.
--
-- KEYS[1]  message     hash
-- ARGV[1]  now         milliseconds; "" for the store's own clock
-- ARGV[2]  expires_in  ms from now
-- ARGV[3]  evidence    boxed
-- ARGV[4]  request     id that makes a retry idempotent
--
-- A full store permits it, so the number of moves is limited.
--
-- Replies {"extended", expires_at}, {"early"} if it would end before it opens, {"often"} after
-- 1000 moves, {"gone", state, message, reason, ended_at} if every link ended, or {"unknown"}.

local EXTENDED_MOST = 1000

-- Shortens leases that would end after the link's new expiry.
local function cut_leases(link, at)
  local kept = call("HGETALL", link.readers)
  for i = 1, #kept, 2 do
    local ends, rest = kept[i + 1]:match("^(%d+)( .*)$")
    if tonumber(ends) > at then
      call("HSET", link.readers, kept[i], at .. rest)
    end
  end
end

local now = clock(ARGV[1])
local expires_at, evidence, request = now + tonumber(ARGV[2]), ARGV[3], ARGV[4]
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
if call("HGET", message.hash, "extend") == request then
  return { "extended", message.expires_at }
end
local live, lasts, latest = {}, {}, expires_at
local links = links_of(message, now)
for _, link in ipairs(links) do
  if not is_final(link.state) then
    live[#live + 1] = link
    lasts[link.version] = math.max(lasts[link.version] or 0, expires_at)
  elseif link.alive then
    local lease = latest_lease(link)
    lasts[link.version] = math.max(lasts[link.version] or 0, lease)
    latest = math.max(latest, lease)
  end
end
if #live == 0 then
  return gone(links[1])
end
if expires_at <= message.opens_at then
  return { "early" }
end
if tonumber(call("HGET", message.hash, "extended") or "0") >= EXTENDED_MOST then
  return { "often" }
end

call("HINCRBY", message.hash, "extended", 1)
call("HSET", message.hash, "extend", request)
record(message, nil, now, "message.extended",
  "from=" .. message.expires_at .. ",to=" .. expires_at, evidence)
call("HSET", message.hash, "expires_at", expires_at)
message.expires_at = expires_at
for _, link in ipairs(live) do
  call("PEXPIREAT", link.wrapped, key_ends(link))
  cut_leases(link, expires_at)
  call("ZADD", tag .. ":due", expires_at, "expire:" .. link.id)
end
for version, at in pairs(lasts) do
  keep_content(message, version, at)
end
keep_until(message, latest + message.retention)
return { "extended", expires_at }
