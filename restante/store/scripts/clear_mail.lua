#!lua flags=allow-oom
-- clear_mail: decides whether a notification may be mailed to an address now, and counts it.
--
-- Without a consent for this sender it says whether to ask: three asks a day for an address, all
-- senders together.  The message is noted, so that its mail goes out with the answer.
--
-- Who gets many mails gets one in ten minutes.  What other messages have to tell meanwhile is written
-- into a digest, which waits in the outbox like a message: one mail for all of them.
--
-- KEYS[1]  consents  hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  consent   id, of address and sender
-- ARGV[3]  message   shard (a byte) and id: who asks, and who waits
-- ARGV[4]  news      1: there is something to mail; 0: only see to the consent
-- ARGV[5]  again     "counted": a repeat, which was counted before; "tried": perhaps a repeat; or ""
-- ARGV[6]  most      mails to this address in a day
-- ARGV[7]  asks      1: an ask may go out; 0: what waits is too old for that
-- ARGV[8]  after     the event before the first one   ARGV[9]  until  the last one
-- ARGV[10] digest    id for a new digest; "" if this must not be gathered, as a digest itself
-- ARGV[11] box       digest, under that id
--
-- Replies {"given"}: mail it; {"wait", ms}: later; {"gathered"}: a digest tells it;
-- {"ask", asked_at, now}: mail the ask; {"asked"}: wait for the answer; {"full", ms}: three asks
-- today; {"late"} or {"refused"}: never.

local ASKS_MOST, DAY, HOUR = 3, 86400000, 3600000
-- From this many mails in a row, each within an hour of the last, one in ten minutes.
local MANY, APART = 12, 600000
local WAITING_MOST = 100

local now = clock(ARGV[1])
local consent, message, most = ARGV[2], ARGV[3], tonumber(ARGV[6])
local tag, id = way_in(KEYS[1])
local kept = fields_of(KEYS[1]) or {}
local state, at, rest = consent_of(kept, consent)

if kept.stopped or state == "revoked" then
  return { "refused" }
elseif state == "given" then
  local its = message .. ARGV[8] .. " " .. ARGV[9]
  local gathered = tag .. ":gathered:" .. id
  if ARGV[4] == "0" then
    return { "given" }
  elseif ARGV[10] ~= "" and call("ZSCORE", gathered, its) then
    -- Before anything else: the answer may have been lost, which counts as a failure.
    return { "gathered" }
  elseif ARGV[5] == "counted" then
    return { "given" }
  end
  local mailed_at, row = tonumber(kept.mailed_at or 0), tonumber(kept.row or 0)
  local day_at, mails = tonumber(kept.day_at or 0), tonumber(kept.mails or 0)
  row = now - mailed_at < HOUR and row or 0
  if now - day_at >= DAY then
    day_at, mails = now, 0
  end
  local wait = 0
  if row >= MANY and now - mailed_at < APART then
    wait = mailed_at + APART - now
  elseif mails >= most then
    wait = day_at + DAY - now
  end
  -- What was perhaps mailed alone is repeated alone: in a digest it would be another mail.
  local may_be_gathered = ARGV[10] ~= "" and ARGV[5] == ""
  local open, is_full = open_digest(tag, kept["digest:" .. consent])
  if may_be_gathered and open and is_full then
    return { "wait", math.max(wait, APART) }
  elseif may_be_gathered and (wait > 0 or open) then
    if not open then
      open = ARGV[10]
      call("HSET", KEYS[1], "digest:" .. consent, open)
      call("HSET", key_of(tag, "message", open), "digest", ARGV[11], "digest:cursor", 0)
    end
    gather(tag, open, now, now + wait, message, ARGV[8], ARGV[9])
    call("ZADD", gathered, now, its)
    call("ZREMRANGEBYSCORE", gathered, "-inf", now - DELIVERY_MS)
    call("PEXPIREAT", gathered, now + DELIVERY_MS)
    keep_consents(KEYS[1], tag, id, now)
    return { "gathered" }
  elseif wait > 0 then
    return { "wait", wait }
  end
  call("HSET", KEYS[1], "mailed_at", now, "row", row + 1, "day_at", day_at, "mails", mails + 1)
  keep_consents(KEYS[1], tag, id, now)
  return { "given" }
end

local is_out = rest and rest:sub(1, 1) == "1"
if state == "asked" and now - at < ASK_MS then
  if not is_out and rest:sub(3) == message then
    return { "ask", at, now }
  elseif is_out or now - at < HOUR then
    local waiting = waiting_for(tag, consent)
    if call("SCARD", waiting) < WAITING_MOST then
      call("SADD", waiting, message)
    end
    call("PEXPIREAT", waiting, at + ASK_MS)
    return { "asked" }
  end
end
if ARGV[7] ~= "1" then
  return { "late" }
end
local asks = {}
for one in (kept.asks or ""):gmatch("%d+") do
  if now - tonumber(one) < DAY then
    asks[#asks + 1] = one
  end
end
if #asks >= ASKS_MOST then
  return { "full", tonumber(asks[1]) + DAY - now }
end
asks[#asks + 1] = string.format("%.0f", now)
call("HSET", KEYS[1], "asks", table.concat(asks, " "), consent, "asked " .. now .. " 0 " .. message)
keep_consents(KEYS[1], tag, id, now)
return { "ask", now, now }
