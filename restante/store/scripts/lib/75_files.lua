-- Files: a version has a manifest, and a string with an entry for each of its files: the id of its
-- blob, 16 bytes, and the store's share of its secret, 32 bytes.  A file that was taken out has zeros.

local ENTRY = 48
local NO_ENTRY = ("\0"):rep(ENTRY)

-- How long an upload is kept: a day after its last progress, three days in all.
local UPLOAD_MS, UPLOAD_MOST_MS = 86400000, 259200000

local function manifest_of(message, version)
  return key_of(message.tag, "files", message.id .. ":" .. version)
end

local function blobs_of(message, version)
  return key_of(message.tag, "blobs-of", message.id .. ":" .. version)
end

-- The entry of a file; nil if there is none, or none any more.
local function entry_of(entries, number)
  local entry = entries:sub(number * ENTRY - ENTRY + 1, number * ENTRY)
  return #entry == ENTRY and entry ~= NO_ENTRY and entry or nil
end

-- Has the worker look at this time, or now, whether this blob has to go.
local function schedule_blob(tag, id, at)
  call("ZADD", tag .. ":due-blobs", at or clock(ARGV[1]), id)
end

-- The same for all blobs of a version.
local function schedule_files(tag, entries, at)
  for number = 1, #entries / ENTRY do
    local entry = entry_of(entries, number)
    if entry then
      schedule_blob(tag, entry:sub(1, 16), at)
    end
  end
end

-- The ids of a version's blobs, without those of files that were taken out.
local function blob_ids(message, version)
  local entries, ids = call("GET", blobs_of(message, version)) or "", {}
  for number = 1, #entries / ENTRY do
    local entry = entry_of(entries, number)
    ids[#ids + 1] = entry and entry:sub(1, 16)
  end
  return table.concat(ids)
end

-- Which files of a version were taken out: "number=at", with commas between.
local function taken_out(message, version)
  return message.files and call("HGET", message.hash, "taken:" .. version) or ""
end

-- When a file of a version was taken out; nil if it was not.
local function taken_out_at(taken, number)
  local at = ("," .. taken .. ","):match("," .. number .. "=(%d+),")
  return tonumber(at)
end

-- Keeps an upload from its last progress on.
local function keep_upload(tag, id, now, started)
  local key, ends = key_of(tag, "upload", id), math.min(now + UPLOAD_MS, started + UPLOAD_MOST_MS)
  call("PEXPIREAT", key, ends)
  schedule_blob(tag, id, ends)
end

-- The place of the first upload that is not whole, or not of its size; or nil.
local function lacking(tag, entries, sizes)
  local place = 0
  for size in sizes:gmatch("%d+") do
    place = place + 1
    local id = entries:sub(place * ENTRY - ENTRY + 1, place * ENTRY - ENTRY + 16)
    local f = call("HMGET", key_of(tag, "upload", id), "whole", "offset")
    if not f[1] or f[2] ~= size then
      return place
    end
  end
end

-- Makes whole uploads the files of a version, for as long as its content is kept.
local function attach(message, version, manifest, names, entries)
  local tag, owner = message.tag, message.id .. struct.pack(">I4", version)
  local blobs = tag .. ":blobs"
  call("SET", manifest_of(message, version), manifest, "PXAT", message.expires_at)
  call("SET", blobs_of(message, version), entries, "PXAT", message.expires_at)
  call("HSET", message.hash, "files", 1, "names:" .. version, names)
  for at = 1, #entries, ENTRY do
    local id = entries:sub(at, at + 15)
    call("DEL", key_of(tag, "upload", id))
    call("HSET", blobs, id, owner)
  end
  schedule_files(tag, entries, message.expires_at)
  mark_destroyed(tag)
end

-- Keeps a version's content and files until this time.
local function keep_content(message, version, at)
  call("PEXPIREAT", key_of(message.tag, "content", message.id .. ":" .. version), at)
  if message.files then
    local blobs = blobs_of(message, version)
    schedule_files(message.tag, call("GET", blobs) or "", at)
    call("PEXPIREAT", manifest_of(message, version), at)
    call("PEXPIREAT", blobs, at)
  end
end

-- Deletes a version's content and manifest, and has the worker delete its blobs.
local function delete_content(message, version)
  call("DEL", key_of(message.tag, "content", message.id .. ":" .. version))
  local entries = message.files and call("GET", blobs_of(message, version))
  if entries then
    call("DEL", manifest_of(message, version), blobs_of(message, version))
    schedule_files(message.tag, entries)
  end
end

-- How far a reader came with a file: bytes from its beginning; then, if it went on beyond them, where
-- and up to where.
local function sent_in(kept)
  local sent, ahead, end_ahead = kept:match("^(%d+) ?(%d*) ?(%d*)$")
  return tonumber(sent), tonumber(ahead), tonumber(end_ahead)
end

-- What was sent of each of a link's files, by number: bytes, of the reader who got furthest.
local function sent_of(link)
  local most = {}
  for field, kept in pairs(fields_of(key_of(link.tag, "fetches", link.id)) or {}) do
    local number, sent = field:sub(17), sent_in(kept)
    most[number] = math.max(most[number] or 0, sent)
  end
  return most
end

-- The same as "number=bytes", with commas between.
local function fetched_of(link)
  local said = {}
  for number, sent in pairs(sent_of(link)) do
    said[#said + 1] = number .. "=" .. string.format("%.0f", sent)
  end
  return table.concat(said, ",")
end

-- The boxed names of the files of the newest version, and of those that these links open, with what
-- was taken out of them, and whether they are still kept.
local function names_of(message, links)
  local found, seen = {}, {}
  local function add(version)
    local box = not seen[version] and call("HGET", message.hash, "names:" .. version)
    seen[version] = true
    if box then
      found[#found + 1] = named({ version = version, box = box, taken = taken_out(message, version),
        kept = call("EXISTS", manifest_of(message, version)) })
    end
  end
  if message.files then
    add(message.version)
    for _, link in ipairs(links) do
      add(link.version)
    end
  end
  return found
end
