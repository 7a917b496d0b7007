# The lines of a stream that the schema does not accept, each with the branches
# that came closest. Knows as much of JSON Schema as labs/events.schema.json uses.
def ok($s):
    . as $v
    | (if $s | has("const") then $v == $s.const else true end)
    and (if $s | has("enum") then $s.enum | index([$v]) != null else true end)
    and (if $s | has("type") then
            ($v | type) as $t
            | $t == $s.type or ($s.type == "integer" and $t == "number" and $v == ($v | floor))
         else true end)
    and (if ($v | type) == "object" then
            all($s.required // [] | .[]; . as $k | $v | has($k))
            and all($s.properties // {} | to_entries[]; .key as $k | .value as $p
                | if $v | has($k) then $v[$k] | ok($p) else true end)
         else true end)
    and (if ($s | has("items")) and ($v | type) == "array" then all($v[]; ok($s.items)) else true end)
    and (if $s | has("oneOf") then ([$s.oneOf[] | . as $b | select($v | ok($b))] | length) == 1 else true end);
select(ok($schema[0]) | not)
