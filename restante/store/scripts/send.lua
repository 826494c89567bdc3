#!lua
-- send: stores a message with all its links, or nothing.
--
-- No allow-oom: a full store refuses it before the first write.  Idempotent: the same message id,
-- and for a day the same send id, changes nothing and gets the first reply.
--
-- KEYS[1]  message      hash
-- ARGV[1]  now          milliseconds; "" for the store's own clock
-- ARGV[2]  hold         ms until it opens       ARGV[3]  expires_in  ms from then
-- ARGV[4]  lease        ms                      ARGV[5]  retention   ms
-- ARGV[6]  views        of each link            ARGV[7]  tries       "" without passphrase, code
-- ARGV[8]  root         id of the root key      ARGV[9]  box         boxed facts, or ""
-- ARGV[10] sender       id of the cookie, or "" ARGV[11] evidence    boxed
-- ARGV[12] content      sealed                  ARGV[13] send_id     of its Idempotency-Key, or ""
-- ARGV[14] proof        kept with the send id   ARGV[15] tell        if unread, ms after it opens
-- ARGV[16] recall       the same; or ""         ARGV[17] list        sender id, or ""
-- ARGV[18] line         sealed, for the list    ARGV[19] list lasts  ms from now
-- ARGV[20] files        manifest, or "" ARGV[21] names        boxed
-- ARGV[22] blobs        ids of whole uploads, each with a share: 48 bytes
-- ARGV[23] sizes        their sizes, with commas between
-- ARGV[24] channels     how many it uses
-- ARGV[25…]             for each channel: name, what is stored for it; then for each link: id,
--                        wrapped key, and (or "") verifier, boxed label, boxed mail address for codes
--
-- Replies {"sent", sent_at, opens_at, expires_at, closed}, {"repeated", proof, sent_at, …} of the
-- first, or {"lacking", number} of an upload that is not whole; closed is 1 if the sender's list takes no line any more.

local tag, id = way_in(KEYS[1])
local now = clock(ARGV[1])
local lease, retention, views, tries = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local root, box, sender, evidence, content = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]

local once = ARGV[13] ~= "" and key_of(tag, "once", ARGV[13])
local kept = once and call("GET", once)
if kept then
  return { "repeated", kept:sub(1, 36), kept:sub(37):match("^(%d+) (%d+) (%d+)$") }
end
local closed = is_closed(tag, ARGV[17]) and 1 or 0
local known = message_at(tag, id)
if known then
  return { "sent", known.sent_at, known.opens_at, known.expires_at, closed }
end

local lacks = lacking(tag, ARGV[22], ARGV[23])
if lacks then
  return { "lacking", lacks }
end
local opens_at = now + tonumber(ARGV[2])
local expires_at = opens_at + tonumber(ARGV[3])
local first = 25 + 2 * tonumber(ARGV[24])
local ids, has_passphrase = {}, false
for at = first, #ARGV, 5 do
  local lid, wrapped, verifier, label, address = unpack(ARGV, at, at + 4)
  local hash = key_of(tag, "link", lid)
  ids[#ids + 1] = lid
  call("HSET", hash, "message", id, "root", root, "views", views)
  if verifier ~= "" then
    has_passphrase = true
    call("HSET", hash, "verifier", verifier)
  end
  if tries ~= "" then
    call("HSET", hash, "tries", tries)
  end
  if address ~= "" then
    call("HSET", hash, "address", address)
  end
  if label ~= "" then
    call("HSET", hash, "box", label)
  end
  call("SET", key_of(tag, "key", lid), wrapped, "PXAT", expires_at)
  call("ZADD", tag .. ":due", expires_at, "expire:" .. lid)
end
call("SET", key_of(tag, "content", id .. ":1"), content, "PXAT", expires_at)
call("HSET", KEYS[1], "sent_at", now, "opens_at", opens_at, "expires_at", expires_at,
  "links", table.concat(ids), "open", #ids, "lease", lease, "retention", retention)
if has_passphrase then
  call("HSET", KEYS[1], "passphrase", 1)
end
if box ~= "" then
  call("HSET", KEYS[1], "box", box)
end
if sender ~= "" then
  call("HSET", KEYS[1], "sender", sender)
end
for at = 25, first - 1, 2 do
  local channel, kept = ARGV[at], ARGV[at + 1]
  call("HSET", KEYS[1], channel, kept, channel .. ":cursor", first_cursor(channel))
end
local message = message_at(tag, id)
local facts = "links=" .. #ids .. ",views=" .. views .. ",passphrase=" .. (has_passphrase and 1 or 0)
if ARGV[20] ~= "" then
  attach(message, 1, ARGV[20], ARGV[21], ARGV[22])
  facts = facts .. ",files=" .. #ARGV[22] / ENTRY
end
if ARGV[15] ~= "" or ARGV[16] ~= "" then
  local tell, recall = tonumber(ARGV[15]), tonumber(ARGV[16])
  set_rules(message, links_of(message, now), tell and opens_at + tell or 0,
    recall and opens_at + recall or 0)
  facts = facts .. "," .. rule_facts(message)
end
record(message, nil, now, "message.sent", facts, evidence)
keep_until(message, expires_at + tonumber(retention))
if once then
  call("SET", once, ARGV[14] .. now .. " " .. opens_at .. " " .. expires_at, "PX", 86400000)
end
if ARGV[17] ~= "" and closed == 0 then
  local list = key_of(tag, "sent", ARGV[17])
  add_line(list, now, ARGV[18])
  keep_list(list, now, ARGV[19])
end
return { "sent", now, opens_at, expires_at, closed }
