#!lua flags=allow-oom
-- advance_upload: admits a writer to an upload, and notes how far it came.
--
-- Only the newest writer may write: each begins with a number of its own.
--
-- KEYS[1]  upload  hash
-- ARGV[1]  now     milliseconds; "" for the store's own clock
-- ARGV[2]  run     the writer's number, or "" to begin
-- ARGV[3]  offset  what is on the disk; "" if that did not change
-- ARGV[4]  whole   1: the file is complete, and its size is the offset
--
-- Replies {"upload", run, offset, size or "", whole, salt}, {"superseded"} if there is a newer
-- writer or the upload is complete, or {"unknown"}.

local now = clock(ARGV[1])
local run, offset, whole = ARGV[2], ARGV[3], ARGV[4] == "1"
local tag, id = way_in(KEYS[1])
local f = fields_of(KEYS[1])
if not f then
  return { "unknown" }
end
local repeated = f.whole and whole and run == f.run and offset == f.offset
if run == "" and not f.whole then
  f.run = tostring(call("HINCRBY", KEYS[1], "run", 1))
elseif run ~= "" and not repeated and (run ~= f.run or f.whole) then
  return { "superseded" }
end
if offset ~= "" and not repeated then
  f.offset = offset
  call("HSET", KEYS[1], "offset", offset)
  keep_upload(tag, id, now, tonumber(f.started))
end
if whole and not repeated then
  f.whole, f.size = "1", f.offset
  call("HSET", KEYS[1], "whole", 1, "size", f.offset)
end
return { "upload", tonumber(f.run), tonumber(f.offset), f.size or "", f.whole and 1 or 0, f.salt }
