# The AWS CLI kept loaded: it takes a second to load, and a test calls it a hundred times.
# Sourced.

# load_cli DIR: puts a command `aws` into DIR, where the CLI is a Python package; else it is
# started for each call, as before. It reads the configuration that the environment names now,
# and ends with the shell that calls this.
load_cli() {
    local dir python deadline=$((SECONDS + 60))
    dir=$(realpath "$1")
    python=$(python3 -c 'import sys, awscli.clidriver; print(sys.executable)' 2>/dev/null) || return 0
    "$python" "$here/aws_loaded.py" serve "$dir/aws.socket" >/dev/null &
    until [ -S "$dir/aws.socket" ]; do
        [ $SECONDS -lt $deadline ] || { echo 'the AWS CLI was not loaded'; return 1; }
        "$python" -S -c 'import time; time.sleep(0.1)'
    done
    printf '#!/bin/bash\nexec %q -S -E %q call %q "$@"\n' "$python" "$here/aws_loaded.py" "$dir/aws.socket" >"$dir/aws"
    chmod 755 "$dir/aws"
}
