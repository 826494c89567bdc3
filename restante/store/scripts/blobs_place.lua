#!lua
-- blobs_place: returns the id of the place where blobs are; the first one that is given is kept.
--
-- KEYS[1]  place  string
-- ARGV[1]  now    unused
-- ARGV[2]  id     of a new place, or "" only to ask
--
-- Replies {id}; {""} if there is none.

if ARGV[2] ~= "" then
  call("SET", KEYS[1], ARGV[2], "NX")
end
return { call("GET", KEYS[1]) or "" }
