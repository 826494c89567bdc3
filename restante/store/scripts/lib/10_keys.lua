-- Key names, the clock, hashes, lists of ids.

local call = redis.call

-- The key of one kind of record, in the shard with this hash tag.
local function key_of(tag, kind, id)
  return tag .. ":" .. kind .. ":" .. id
end

-- "{tag}:kind:id" -> "{tag}", id
local function way_in(key)
  local tag, id = key:match("^({%w+}):%a+:(.*)$")
  return tag, id
end

-- Now in ms: *given* (only tests give a time), or the store's own clock for "".
local function clock(given)
  if given ~= "" then
    return tonumber(given)
  end
  local time = call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A reply as a map, so that callers read its fields by name.
local function named(fields)
  return { map = fields }
end

-- A hash as a table; nil if the key does not exist.
local function fields_of(key)
  local flat = call("HGETALL", key)
  if #flat == 0 then
    return nil
  end
  local fields = {}
  for at = 1, #flat, 2 do
    fields[flat[at]] = flat[at + 1]
  end
  return fields
end

-- Whether a string of ids, each of `size` bytes, has this one.
local function contains(ids, size, id)
  for at = 1, #ids, size do
    if ids:sub(at, at + size - 1) == id then
      return true
    end
  end
  return false
end
