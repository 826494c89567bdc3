#!lua flags=allow-oom
-- request_code: stores a new six-digit code for a link and puts its mail into the outbox.  The
-- previous code becomes invalid.
--
-- A second request within `pause` changes nothing: replies get lost, and people press twice.
--
-- KEYS[1]  link      hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  mac       of the code
-- ARGV[3]  box       boxed: the code, the reader's language
-- ARGV[4]  lasts     ms that the code is valid
-- ARGV[5]  pause     ms between two codes
-- ARGV[6]  most      quota of codes for the link; each reveal adds one
-- ARGV[7]  evidence  boxed
-- ARGV[8]  wary      1: refuse if a machine looked recently
--
-- Replies {"requested", until, now}, {"just-sent", until, now}, {"used-up"}, {"not-needed"},
-- {"watched"}, {"paused"}, {"held", opens_at, now}, {"gone", state, message, reason, ended_at}, or {"unknown"}.

local now = clock(ARGV[1])
local mac, box = ARGV[2], ARGV[3]
local lasts, pause, most = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local evidence, wary = ARGV[7], ARGV[8] == "1"
local tag, id = way_in(KEYS[1])
local link = link_at(tag, id, now)
if not link then
  return { "unknown" }
end
if is_final(link.state) then
  return gone(link)
end
if link.message.paused_at > 0 then
  return { "paused" }
end
if link.state == "held" then
  return { "held", link.message.opens_at, now }
end
if not link.address then
  return { "not-needed" }
end
if wary and is_watched(link, now, WATCH_MS) then
  return { "watched" }
end
local codes = link.codes
if now - link.code_at < pause and link.code then
  return { "just-sent", link.code_until, now }
end
if codes >= most + link.reveals then
  return { "used-up" }
end

local ends = math.min(now + lasts, link.message.expires_at)
call("HSET", link.hash, "code", mac, "codes", codes + 1, "code_at", now, "code_until", ends)
if link.code then
  mark_destroyed(tag)
end
call("SET", link.code_box, box, "PXAT", ends)
call("ZADD", tag .. ":due", ends, "end:" .. id)
record(link.message, link, now, "link.code_requested", "code=" .. codes + 1, evidence)
return { "requested", ends, now }
