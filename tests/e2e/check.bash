# What the tests of `lab check` share: worlds as rows, each made, judged and
# taken back. A row starts few programs: there are many of them. Sourced after
# aws.bash.

# fine COMMAND…: an AWS call whose reply is no error; it is in $reply.
fine() {
    "$@" >"$work/reply" 2>&1 || { echo "$* ended badly: $(cat "$work/reply")"; return 1; }
    IFS= read -r -d '' reply <"$work/reply"
    [[ $reply != *'<Error>'* && $reply != *'<Errors>'* && $reply != *'"__type"'* ]] || { echo "$*: $reply"; return 1; }
}
# in_reply ELEMENT: the text of the first one in $reply, in $found; "" for none.
in_reply() {
    local pattern="<$1>([^<]*)"
    found=
    [[ $reply =~ $pattern ]] && found=${BASH_REMATCH[1]}
}

# One session of the admin user for all statements.
database_begin() {
    local endpoint
    endpoint=$(db_endpoint)
    coproc DATABASE {
        exec mysql --defaults-extra-file=<(printf '[client]\nuser=%s\npassword=%s\n' "$DBUSER" "$DBPASS") \
            -h "$endpoint" --ssl-ca="$LAB_CA" --ssl-verify-server-cert -N -B --unbuffered --force 2>&1
    }
}
sql() { # STATEMENT[; STATEMENT…]
    local line good=0
    printf "%s;\nSELECT 'end of %s';\n" "$1" statements >&"${DATABASE[1]}"
    while IFS= read -r -t 60 line <&"${DATABASE[0]}"; do
        [ "$line" != 'end of statements' ] || return $good
        echo "$line"
        [[ $line != ERROR* ]] || good=1
    done
    echo "no answer to: $1"
    return 1
}

# --- policies ---
statement() { # ACTION RESOURCE [MORE MEMBERS]
    printf '{"Effect":"Allow","Action":%s,"Resource":%s%s}' "$1" "$2" "${3:-}"
}
document() { # STATEMENT…
    local IFS=,
    printf '{"Version":"2012-10-17","Statement":[%s]}' "$*"
}
read='"secretsmanager:GetSecretValue"'
allow() { document "$(statement "$read" "\"$1\"")"; } # RESOURCE

# --- the workstation ---
instance_named() { # NAME TAG
    fine ec2 DescribeInstances Filter.1.Name=tag:Name Filter.1.Value.1="$1" && in_reply instanceId
}
association() { # INSTANCE
    fine ec2 DescribeIamInstanceProfileAssociations Filter.1.Name=instance-id Filter.1.Value.1="$1" \
        Filter.2.Name=state Filter.2.Value.1=associated && in_reply associationId
}

# --- a row ---
declare -A rows=([pass]=0 [fail]=0 [cannot-tell]=0) hits=([pass]=0 [fail]=0 [cannot-tell]=0)
# judged STEP VERDICT PATTERN OPTIONS…: what lab check says of a step. A fail
# comes with its reasons and three hints, "not yet" with how long to wait.
judged() {
    local step=$1 verdict=$2 pattern=$3 want=0 got
    shift 3
    case $verdict in fail) want=1 ;; cannot-tell) want=75 ;; esac
    "$LAB" check "$step" --json --state "$work/none.db" "$@" >"$work/check.json"
    got=$?
    jq -es --arg s "$step" --arg v "$verdict" --arg p "$pattern" 'any(.[]; .state == "checked" and .step == $s and .verdict == $v and
        (.found | test($p)) and ($v != "fail" or ((.expected | length) > 0 and (.why | length) > 0 and (.hints | length) == 3)) and
        ($v != "cannot-tell" or .wait_ms > 0))' "$work/check.json" >/dev/null && [ $got -eq $want ] && return
    cat "$work/check.json"
    echo "status $got, wanted $want"
    return 1
}
played() { # MAKE BACK judged's…
    local make=$1 back=$2 status=0
    shift 2
    eval "$make" && judged "$@" || status=1
    eval "$back" || { echo 'could not be taken back'; status=1; }
    [ $status -ne 0 ] || good_row=1
    return $status
}
row() { # VERDICT STEP NAME PATTERN MAKE BACK OPTIONS…
    local verdict=$1 step=$2 name=$3 pattern=$4 make=$5 back=$6
    shift 6
    good_row=0 # set by played
    rows[$verdict]=$((rows[$verdict] + 1))
    check "$step, $verdict: $name" played "$make" "$back" "$step" "$verdict" "$pattern" "$@"
    hits[$verdict]=$((hits[$verdict] + good_row))
}
ok() { row pass "$1" "$2" . "$3" "${4:-:}" "${@:5}"; }
bad() { row fail "$1" "$2" "$3" "$4" "${5:-:}" "${@:6}"; }
not_yet() { row cannot-tell "$1" "$2" "$3" "$4" "${5:-:}" "${@:6}"; }
score() {
    echo "# mutation score: ${hits[fail]} of ${rows[fail]} wrong worlds found, ${hits[pass]} of ${rows[pass]} right ones passed, ${hits[cannot-tell]} of ${rows[cannot-tell]} told as not yet"
}
