-- Files: a version has a manifest, and a string with the ids of its blobs, 16 bytes each.

-- How long an upload is kept: a day after its last progress, three days in all.
local UPLOAD_MS, UPLOAD_MOST_MS = 86400000, 259200000

local function manifest_of(message, version)
  return key_of(message.tag, "files", message.id .. ":" .. version)
end

local function blobs_of(message, version)
  return key_of(message.tag, "blobs-of", message.id .. ":" .. version)
end

-- Has the worker look at this time whether these blobs have to go.
local function schedule_blobs(tag, ids, at)
  for place = 1, #ids, 16 do
    call("ZADD", tag .. ":due-blobs", at, ids:sub(place, place + 15))
  end
end

-- Keeps an upload from its last progress on.
local function keep_upload(tag, id, now, started)
  local key, ends = key_of(tag, "upload", id), math.min(now + UPLOAD_MS, started + UPLOAD_MOST_MS)
  call("PEXPIREAT", key, ends)
  schedule_blobs(tag, id, ends)
end

-- The place of the first upload that is not whole, or not of its size; or nil.
local function lacking(tag, ids, sizes)
  local place = 0
  for size in sizes:gmatch("%d+") do
    place = place + 1
    local f = call("HMGET", key_of(tag, "upload", ids:sub(place * 16 - 15, place * 16)), "whole", "offset")
    if not f[1] or f[2] ~= size then
      return place
    end
  end
end

-- Makes whole uploads the files of a version, for as long as its content is kept.
local function attach(message, version, manifest, names, ids)
  local tag, owner = message.tag, message.id .. struct.pack(">I4", version)
  local blobs = tag .. ":blobs"
  call("SET", manifest_of(message, version), manifest, "PXAT", message.expires_at)
  call("SET", blobs_of(message, version), ids, "PXAT", message.expires_at)
  call("HSET", message.hash, "files", 1, "names:" .. version, names)
  for at = 1, #ids, 16 do
    local id = ids:sub(at, at + 15)
    call("DEL", key_of(tag, "upload", id))
    call("HSET", blobs, id, owner)
  end
  schedule_blobs(tag, ids, message.expires_at)
  mark_destroyed(tag)
end

-- Keeps a version's content and files until this time.
local function keep_content(message, version, at)
  call("PEXPIREAT", key_of(message.tag, "content", message.id .. ":" .. version), at)
  if message.files then
    local blobs = blobs_of(message, version)
    schedule_blobs(message.tag, call("GET", blobs) or "", at)
    call("PEXPIREAT", manifest_of(message, version), at)
    call("PEXPIREAT", blobs, at)
  end
end

-- Deletes a version's content and manifest, and has the worker delete its blobs.
local function delete_content(message, version)
  call("DEL", key_of(message.tag, "content", message.id .. ":" .. version))
  local ids = message.files and call("GET", blobs_of(message, version))
  if ids then
    call("DEL", manifest_of(message, version), blobs_of(message, version))
    schedule_blobs(message.tag, ids, 0)
  end
end

-- What was sent of a link's files: "number=bytes", of the reader who got furthest.
local function fetched_of(link)
  local most, said = {}, {}
  for field, sent in pairs(fields_of(key_of(link.tag, "fetches", link.id)) or {}) do
    local number = field:sub(17)
    most[number] = math.max(most[number] or 0, tonumber(sent))
  end
  for number, sent in pairs(most) do
    said[#said + 1] = number .. "=" .. string.format("%.0f", sent)
  end
  return table.concat(said, ",")
end

-- The boxed names of the files of the newest version, and of those that these links open.
local function names_of(message, links)
  local found, seen = {}, {}
  local function add(version)
    local box = not seen[version] and call("HGET", message.hash, "names:" .. version)
    seen[version] = true
    if box then
      found[#found + 1] = named({ version = version, box = box })
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
