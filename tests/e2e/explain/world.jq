# What matters of a sandbox's world (--dump): names, documents, tags, links and states;
# not when and under which random ids and addresses it was made, who asked, and what the
# rotation function logged.
def plain:
  gsub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"; "UUID")
  | gsub("-[A-Z0-9]{12}(?![A-Z0-9])"; "-RANDOM")
  | gsub("^A[A-Z]{3}[A-Z0-9]{16,}$"; "ID")
  | gsub("(?<kind>iip-assoc|eni|eni-attach|ela-attach)-[0-9a-f]{8,}"; .kind)
  | gsub("(?<name>:secret:[A-Za-z_]+)-[A-Za-z0-9]{6}$"; .name)
  | gsub("(?<name>:secret:[A-Za-z_]+)-[A-Za-z0-9]{6}(?=\")"; .name)
  | gsub("127(\\.[0-9]+){3}"; "DATABASE")
  | gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\\+0000)"; "TIME");
del(.["sts.session"], .["ssm.command"])
| walk(
    if type == "object" then
      del(.ClientRequestToken, .request, .events, .streams, .log_stream, .MacAddress, .PrivateIpAddress,
          .secret_string, .create_token, .rotation_token)
      | if .Key == "lab:run" then .Value = "run" else . end
      | if has("lab:run") then .["lab:run"] = "run" else . end
      # Under names that are all random: a list.
      | if length > (keys | map(plain) | unique | length) then [.[]] | sort_by(tostring)
        else with_entries(.key |= plain) end
    elif type == "number" and . > 1000000000 then "TIME"
    elif type == "string" then plain
    else . end)
