#!/usr/bin/env bash
# The rotation function of rotate_function.py by curl, jq and the mysql client:
# event on stdin, answer on stdout. Secret values stay out of every argv.
set -euo pipefail
: "${DB_CA:?}"

# call OPERATION: its parameters on stdin, the reply on stdout; fails on a refusal.
call() {
    local body status reply
    body=$(cat)
    reply=$(printf 'user = "%s:%s"\nheader = "X-Amz-Security-Token: %s"\n' \
        "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" |
        curl -sS -K - --aws-sigv4 "aws:amz:$AWS_REGION:secretsmanager" -w '\n%{http_code}' \
            -H "X-Amz-Target: secretsmanager.$1" -H 'Content-Type: application/x-amz-json-1.1' \
            --data-binary @<(printf '%s' "$body") "$SECRETS_MANAGER_ENDPOINT/")
    status=${reply##*$'\n'} reply=${reply%$'\n'*}
    [ "$status" = 200 ] && printf '%s' "$reply" && return
    jq -r --arg op "$1" '"\($op): \(.__type): \(.message // .Message)"' <<<"$reply" >&2
    return 1
}
# parameters [NAME VALUE]…: as a JSON object, with the secret's id.
parameters() { jq -n --arg SecretId "$arn" '$ARGS.positional as $p | {$SecretId} +
    ([range(0; $p | length; 2) | {($p[.]): $p[. + 1]}] | add // {})' --args "$@"; }
# value STAGE [VERSION]: the secret's JSON; fails when there is none.
value() { parameters VersionStage "$1" ${2:+VersionId "$2"} | call GetSecretValue | jq -er .SecretString; }

# sql SECRET: statements on stdin, as the secret's user.
sql() {
    local options
    options=$(jq -r '"[client]\nuser=\"\(.username)\"\npassword=\"\(.password)\"\nhost=\(.host)\nport=\(.port // 3306)"' <<<"$1")
    mysql --defaults-extra-file=<(printf '%s\n' "$options") --ssl-ca="$DB_CA" --ssl-verify-server-cert \
        --connect-timeout=5 -N -B
}

createSecret() {
    local new
    value AWSPENDING "$token" >/dev/null 2>&1 && return
    new=$(parameters | jq '{ExcludeCharacters: "/@\"\u0027\\"}' | call GetRandomPassword)
    # Both go in as text on stdin: the current secret, then the new password.
    { value AWSCURRENT; printf '%s' "$new"; } |
        jq -s --arg SecretId "$arn" --arg ClientRequestToken "$token" '{$SecretId, $ClientRequestToken,
            VersionStages: ["AWSPENDING"], SecretString: (.[0] + {password: .[1].RandomPassword} | tojson)}' |
        call PutSecretValue >/dev/null
}
setSecret() {
    local pending candidate password version statement
    pending=$(value AWSPENDING "$token")
    sql "$pending" <<<'SELECT 1' >/dev/null 2>&1 && return
    password=$(jq -r .password <<<"$pending")
    for stage in AWSCURRENT AWSPREVIOUS; do
        candidate=$(value $stage) || continue
        version=$(sql "$candidate" <<<'SELECT VERSION()') || continue
        case $version in
        8.*) statement="SET PASSWORD = '$password'" ;;
        *) statement="SET PASSWORD = PASSWORD('$password')" ;;
        esac
        sql "$candidate" <<<"$statement"
        return
    done
    echo 'no version of the secret can log in' >&2
    return 1
}
testSecret() { sql "$(value AWSPENDING "$token")" <<<'SELECT NOW()' >/dev/null; }
finishSecret() {
    local current
    current=$(jq -r '.VersionIdsToStages | to_entries[] | select(.value | index("AWSCURRENT")).key' <<<"$described")
    parameters VersionStage AWSCURRENT MoveToVersionId "$token" RemoveFromVersionId "$current" |
        call UpdateSecretVersionStage >/dev/null
}

event=$(cat)
arn=$(jq -er .SecretId <<<"$event") token=$(jq -er .ClientRequestToken <<<"$event") step=$(jq -er .Step <<<"$event")
described=$(parameters | call DescribeSecret)
labels=$(jq -r --arg t "$token" '.VersionIdsToStages[$t] // [] | join(" ")' <<<"$described")
case " $labels " in
*' AWSCURRENT '*) ;;
*' AWSPENDING '*)
    case $step in
    createSecret | setSecret | testSecret | finishSecret) "$step" ;;
    *) echo "no step $step" >&2; exit 1 ;;
    esac ;;
*) echo 'the version is not labelled AWSPENDING' >&2; exit 1 ;;
esac
echo null
