-- Names keys, tells the time, reads hashes.

local call = redis.call

-- The key of one kind of record in the shard of the way in.
local function key_of(tag, kind, id)
  return tag .. ":" .. kind .. ":" .. id
end

-- "{tag}:kind:id" -> "{tag}", id
local function way_in(key)
  local tag, id = key:match("^({%w+}):%a+:(.*)$")
  return tag, id
end

-- Milliseconds: the store's own clock; tests give one.
local function clock(given)
  if given ~= "" then
    return tonumber(given)
  end
  local time = call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A reply by names, so that nobody counts places.
local function named(fields)
  return { map = fields }
end

-- A hash by the names of its fields; nil where there is none.
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
