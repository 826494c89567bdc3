#!lua
-- replace: puts a new version behind the links that are not read yet; others keep theirs.
--
-- No allow-oom: a full store refuses it before the first write.  Idempotent: a request sent again
-- after a lost reply changes nothing and gets the same reply, even if its links changed since.
--
-- KEYS[1]  message   hash
-- ARGV[1]  now       milliseconds; "" for the store's own clock
-- ARGV[2]  version   the new one: one more than the outline said
-- ARGV[3]  content   sealed
-- ARGV[4]  root      id of the root key
-- ARGV[5]  tries     for a passphrase; "" without
-- ARGV[6]  evidence  boxed
-- ARGV[7]  files     manifest of the new version, or ""
-- ARGV[8]  names     boxed
-- ARGV[9]  blobs     ids of whole uploads, each with a share: 48 bytes
-- ARGV[10] sizes     their sizes, with commas between
-- ARGV[11…]          for each link, in the message's order: wrapped key, verifier or ""
--
-- Replies {"replaced", version, {link, outcome} …}, the same with "unchanged" if no link took it,
-- {"changed"} if another replace happened meanwhile, {"lacking", number} of an upload that is not
-- whole, {"often"} after 1000, or {"unknown"}.

local REPLACED_MOST = 1000

local now = clock(ARGV[1])
local version, content, root = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local tries, evidence = ARGV[5], ARGV[6]
-- The AES-GCM nonce of the content, unique for each request.
local request = content:sub(6, 17)
local tag, id = way_in(KEYS[1])
local message = message_ruled(tag, id, now)
if not message then
  return { "unknown" }
end
local content_key = key_of(tag, "content", id .. ":" .. version)
local repeated = call("HGET", message.hash, "replace") == request
if not repeated and message.version + 1 ~= version then
  return { "changed" }
end

local reply = { "unchanged", message.version }
local moved, before = {}, {}
for place, link in ipairs(links_of(message, now)) do
  local outcome = "already_" .. link.state
  if repeated and link.version == version then
    outcome, reply[1] = "replaced", "replaced"
  elseif not repeated and (link.state == "sealed" or link.state == "held") then
    outcome = "replaced"
    local wrapped, verifier = unpack(ARGV, 9 + place * 2, 10 + place * 2)
    moved[#moved + 1] = { link, wrapped, verifier }
    before[link.version] = true
  end
  reply[#reply + 1] = { link.id, outcome }
end
if #moved == 0 then
  call("HSET", message.hash, "version", message.version)
  return reply
end

local lacks = lacking(tag, ARGV[9], ARGV[10])
if lacks then
  return { "lacking", lacks }
end
if version > REPLACED_MOST + 1 then
  return { "often" }
end
record(message, nil, now, "message.replaced", "version=" .. version, evidence)
if ARGV[7] ~= "" then
  message.files = "1"
  attach(message, version, ARGV[7], ARGV[8], ARGV[9])
end
mark_destroyed(tag)
for _, entry in ipairs(moved) do
  local link, wrapped, verifier = entry[1], entry[2], entry[3]
  call("SET", link.wrapped, wrapped, "XX", "KEEPTTL")
  call("HSET", link.hash, "version", version, "root", root)
  if verifier ~= "" then
    call("HSET", link.hash, "verifier", verifier, "tries", tries)
  else
    call("HDEL", link.hash, "verifier")
    if not link.address then
      call("HDEL", link.hash, "tries")
    end
  end
  record(message, link, now, "link.replaced", "version=" .. version, "")
end
call("SET", content_key, content, "PXAT", message.expires_at)
call("HSET", message.hash, "version", version, "replace", request)
if tries ~= "" then
  call("HSET", message.hash, "passphrase", 1)
end
for old in pairs(before) do
  drop_content(message, old)
end
reply[1], reply[2] = "replaced", version
return reply
