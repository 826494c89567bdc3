-- Counts requests against limits and quotas, before a script does anything else.

-- Counts one request; returns nil if it fits, otherwise the ms until counting begins anew.
local function count(key, most, window)
  local made = call("INCR", key)
  if made == 1 then
    call("PEXPIRE", key, window)
  end
  return made > most and math.max(call("PTTL", key), 1) or nil
end

-- Counts one message and its bytes if both fit; otherwise counts nothing and returns the ms until
-- the quota begins anew.
local function spend(key, most, window, size, bytes_most)
  local had = call("HMGET", key, "messages", "bytes")
  if tonumber(had[1] or "0") + 1 > most or tonumber(had[2] or "0") + size > bytes_most then
    return math.max(call("PTTL", key), 1)
  end
  call("HINCRBY", key, "messages", 1)
  call("HINCRBY", key, "bytes", size)
  if not had[1] then
    call("PEXPIRE", key, window)
  end
end

-- The counters that came with this request: KEYS[2…], with four ARGVs each behind the script's own:
-- most, window in ms, size, and most bytes (0: a rate limit, not a quota).
local arguments = #ARGV - 4 * (#KEYS - 1)
for at = 2, #KEYS do
  local from = arguments + 4 * (at - 2)
  local most, window = tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local size, bytes_most = tonumber(ARGV[from + 3]), tonumber(ARGV[from + 4])
  local left
  if bytes_most > 0 then
    left = spend(KEYS[at], most, window, size, bytes_most)
  else
    left = count(KEYS[at], most, window)
  end
  if left then
    return { "limited", at - 2, left }
  end
end
for at = #ARGV, arguments + 1, -1 do
  ARGV[at] = nil
end
