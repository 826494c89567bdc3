-- Consents of mail addresses: what is kept of an address, and for how long.

-- An ask that nobody answers counts for 7 days.
local ASK_MS = 604800000
-- A consent is kept for 400 days after it was last used.
local CONSENT_MS = 34560000000
-- The year 2200: a stop has no end.
local NEVER = 7258118400000

-- What is kept for one sender: state ("asked", "given", "revoked"), when, and the rest.
local function consent_of(kept, id)
  local state, at, rest = (kept[id] or ""):match("^(%a+) (%d+) ?(.*)$")
  return state, tonumber(at or "0"), rest
end

-- Sets how long a record is kept, and its place in the shard's index.
local function keep_consents(key, tag, id, now)
  local kept = fields_of(key)
  local index = tag .. ":consent-index"
  local ends = now + ASK_MS
  for name in pairs(kept or {}) do
    local state = #name == 16 and consent_of(kept, name)
    if state == "given" or state == "revoked" then
      ends = now + CONSENT_MS
    end
  end
  if not kept then
    call("ZREM", index, id)
  elseif kept.stopped then
    call("PERSIST", key)
    call("ZADD", index, NEVER, id)
  else
    call("PEXPIREAT", key, ends)
    call("ZADD", index, ends, id)
  end
  local over = call("ZRANGE", index, "-inf", now, "BYSCORE", "LIMIT", 0, 10)
  if #over > 0 then
    call("ZREM", index, unpack(over))
  end
end

-- The messages whose mails wait for an answer: a shard's byte and an id each.
local function waiting_for(tag, id)
  return tag .. ":consent-waiting:" .. id
end
