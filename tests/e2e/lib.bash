# What the e2e tests share: TAP, a scratch directory, running things inside a
# sandbox. Sourced. Each test script names its cases with `check`.
set -uo pipefail
: "${LAB:=$PWD/build/asan/lab}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0

# check NAME COMMAND…: the case passes when COMMAND does. Its output is shown
# when it fails.
check() {
    local name=$1
    shift
    cases=$((cases + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $cases - $name"
    else
        echo "not ok $cases - $name (status $?)"
        sed 's/^/# /' "$work/out" | tail -n 40
    fi
}
skip() {
    cases=$((cases + 1))
    echo "ok $cases - $1 # SKIP $2"
}
finish() { echo "1..$cases"; }

# status N COMMAND…: COMMAND ends with exit status N.
status() {
    local want=$1
    shift
    "$@"
    local got=$?
    [ "$got" -eq "$want" ] || { echo "status $got, wanted $want"; return 1; }
}
# says TEXT COMMAND…: COMMAND's output (both streams) holds TEXT. How it ends is
# asked of `status`: says TEXT status N COMMAND….
says() {
    local text=$1 out got
    shift
    out=$("$@" 2>&1)
    got=$?
    printf '%s\n' "$out"
    [ "$1" != status ] || [ $got -eq 0 ] || return 1
    [[ $out == *"$text"* ]] || { echo "did not say: $text"; return 1; }
}
