# The checker that knows nothing of lab's code: the sandbox's dump by world.jq, and
# the accounts of the database. Sourced in `lab sandbox --dump world.json -- bash`, in
# a folder of its own; wants aws.bash, $TORTURE (this folder) and $work.
never=$(mktemp -u "$work/XXXX") && mkfifo "$never" && exec 8<>"$never"

# look: the world as the sandbox writes it down, into world.json.
look() {
    rm -f world.json
    kill -USR1 "$PPID"
    until [ -s world.json ]; do read -rt 0.005 -u 8 || :; done
}
# patiently COMMAND…: until it works, at most a minute: the checker meets the
# sandbox's trouble too.
patiently() {
    local until=$((SECONDS + 60))
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        read -rt 0.2 -u 8 || :
    done
}
# The endpoint stays: asked for once.
endpoint() {
    endpoint=$(db_endpoint 2>/dev/null)
    [ -n "$endpoint" ]
}
patiently endpoint
db_endpoint() { echo "$endpoint"; }
# Accounts with what they require, tables, and what the lab's user may do.
ask_accounts() {
    as_admin "SELECT CONCAT('user ', user, '@', host, ' ', ssl_type) FROM mysql.user UNION
        SELECT CONCAT('table ', table_schema, '.', table_name) FROM information_schema.tables
        WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') UNION
        SELECT CONCAT('grants ', grantee, ' on ', table_schema, ': ',
            GROUP_CONCAT(privilege_type ORDER BY privilege_type))
        FROM information_schema.schema_privileges WHERE grantee LIKE '%demouser%' GROUP BY grantee, table_schema" >asked
}
accounts() { patiently ask_accounts && sort asked; }
after_up="grants 'demouser'@'%' on mylab: CREATE,DROP,INSERT,SELECT
user demouser@% ANY"
stored_password_works() {
    local value
    value=$(secretsmanager GetSecretValue '{"SecretId":"secret_Demouser"}' | jq -er .SecretString) || return 1
    mysql --defaults-extra-file=<(jq -r '"[client]\nuser=\(.username)\npassword=\"\(.password)\""' <<<"$value") \
        -h "$(jq -r .host <<<"$value")" --ssl-ca="$LAB_CA" --ssl-verify-server-cert -N -e 'SELECT 1' mylab >/dev/null
}
# wrongs STAGE: a line for each thing that is not as it should be.
wrongs() {
    look
    jq -r --arg stage "$1" --slurpfile start start.json -f "$TORTURE/world.jq" world.json || echo 'wrong dump'
    accounts >accounts.now
    if [ "$1" = up ]; then
        patiently stored_password_works || echo 'wrong password in the secret'
    fi
    { cat start.accounts && { [ "$1" != up ] || echo "$after_up"; }; } | sort >wanted.accounts
    comm -13 wanted.accounts accounts.now | sed 's/^/orphan /'
    comm -23 wanted.accounts accounts.now | sed 's/^/missing /'
}
# What was there before the lab.
look_first() {
    look
    mv world.json start.json
    accounts >start.accounts
}
