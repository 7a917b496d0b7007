# Plays every step of the lab by one printed form, in a sandbox, in order, each in a
# process of its own; stops at the first that fails. Sourced: play FORM. A step without an
# sql form is played by curl. Says which steps ran; then what stands in the database.
plan=$here/../../labs/secrets-manager/plan.yaml
# A plan's steps stand in its file in an order in which they can run.
steps() { sed -n 's/^  \([a-z-]*\):$/\1/p' "$plan"; }
database_client() {
    local options
    options=$(printf '[client]\nuser=%s\npassword=%s\nssl-ca=%s\nssl-verify-server-cert\n' "$DBUSER" "$DBPASS" "$LAB_CA")
    mysql --defaults-extra-file=<(printf '%s' "$options") -h "$(db_endpoint)" "$@"
}
run_form() { # FORM FILE
    if [ "$1" = sql ]; then database_client <"$2"; else bash "$2"; fi
}
# In one process, each with names of its own: the library takes long to load.
play_python() {
    local step
    for step in $(steps); do "$LAB" explain "$step" --as boto3 >"$step.py" || return; done
    # shellcheck disable=SC2046 # names of steps
    "$(python3 -c 'import sys; print(sys.executable)')" "$here/explain/play.py" $(steps | sed 's/$/.py/')
}
# What the plan makes is taken back by the printed forms of its undos.
undone() {
    local step as
    { cat "$plan" && printf '  undo-%s: {undo: %s, needs: [%s]}\n' rotation rotation audit profile profile undo-rotation \
        role role undo-profile policy policy undo-role secret secret undo-policy db-user db-user undo-secret; } >undo.yaml
    for step in undo-rotation undo-profile undo-role undo-policy undo-secret undo-db-user; do
        as=curl
        "$LAB" explain "$step" -f undo.yaml --as curl >"$step.curl" || return
        if [ "$step" = undo-db-user ]; then as=sql; "$LAB" explain "$step" -f undo.yaml --as sql >"$step.sql" || return; fi
        run_form "$as" "$step.$as" >"$step.out" 2>&1 || { echo "step $step as $as failed:"; tail -n 20 "$step.out"; return 1; }
        echo "$step $as"
    done
    "$LAB" down --prove --plain
}
# The world as it is now, before something else is done to it.
keep_world() {
    local deadline=$((SECONDS + 60))
    kill -USR1 "$PPID"
    until [ -s dump.json ]; do
        [ $SECONDS -lt $deadline ] || { echo 'the sandbox wrote no dump'; return 1; }
        read -rt 0.05 <> <(:)
    done
    mv dump.json kept.json
}
play() {
    local form=$1 step as
    # The forms wait for seconds, as AWS needs it; the sandbox does not.
    mkdir short && printf '#!/bin/bash\nexec %s 0.2\n' "$(command -v sleep)" >short/sleep && chmod 755 short/sleep
    [ "$form" != cli ] || load_cli short || return
    PATH=$PWD/short:$PATH
    if [ "$form" = boto3 ]; then play_python && "$LAB" access-test -s secret_Demouser --plain && looked; return; fi
    for step in $(steps); do
        as=$form
        "$LAB" explain "$step" --as "$as" >"$step.$form" 2>refusal.txt || {
            [ "$form" = sql ] && grep -q 'has no sql form' refusal.txt || { cat refusal.txt; return 1; }
            as=curl
            "$LAB" explain "$step" --as curl >"$step.$form"
        }
        run_form "$as" "$step.$form" >"$step.out" 2>&1 || { echo "step $step as $as failed:"; tail -n 20 "$step.out"; return 1; }
        echo "$step $as"
    done
    "$LAB" access-test -s secret_Demouser --plain && looked || return
    [ "$form" != curl ] || { keep_world && undone; }
}
# The account without its password's hash, and its grants.
looked() {
    database_client -N -B -e "SHOW CREATE USER demouser@'%'; SHOW GRANTS FOR demouser@'%'" |
        sed "s/'\*[0-9A-F]*'/HASH/" >database.txt
}
