# What the leak hunts share: values that must not be seen anywhere, and looking
# for them in nine encodings. Sourced, with aws.bash, inside a sandbox; keeps its
# lists in the directory $HUNT.

# canary VALUE: is looked for from here on. Fails when it was already, or is short.
# Bash alone: a program would show the value in its own argv.
canary() {
    local known
    [ ${#1} -ge 12 ] || return 1
    while IFS= read -r known; do [ "$known" != "$1" ] || return 1; done <"$HUNT/canaries"
    printf '%s\n' "$1" >>"$HUNT/canaries"
}
# encodings VALUE: one a line. base64 also as it stands inside a longer text.
encodings() {
    jq -rn --arg v "$1" '
        def hex: explode | map([. / 16, . % 16] | map(floor | "0123456789abcdef"[.:. + 1]) | add) | add;
        def inside(n): ("x" * n + $v) | @base64 | rtrimstr("=") | rtrimstr("=") | .[4:-2];
        $v, ($v | @base64 | rtrimstr("=") | rtrimstr("=")), ($v | @base64 | rtrimstr("=") | rtrimstr("=") | gsub("\\+"; "-") | gsub("/"; "_")),
        ($v | @uri), ($v | tojson | .[1:-1]), ($v | @html), ($v | hex), ($v | hex | ascii_upcase),
        ($v | explode | reverse | implode), inside(1), inside(2)'
}
patterns() { while IFS= read -r value; do encodings "$value"; done <"$HUNT/canaries" | sort -u >"$HUNT/patterns"; }
# hunt PATH…: names what holds a canary; fails when something does, or when there
# is nothing to look at.
hunt() {
    [ -s "$HUNT/patterns" ] || return 2
    grep -rlaF -f "$HUNT/patterns" "$@"
    [ $? -eq 1 ]
}

# The passwords that the lab's secret holds now and held before.
secret_values() {
    local v
    for v in AWSCURRENT AWSPREVIOUS AWSPENDING; do
        canary "$(secretsmanager GetSecretValue "{\"SecretId\":\"secret_Demouser\",\"VersionStage\":\"$v\"}" |
            jq -r '.SecretString // "{}"' | jq -r '.password // empty')"
    done
}
workstation_keys() {
    local url=$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest token name reply
    token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$url/api/token")
    name=$(curl -sS -H "X-aws-ec2-metadata-token: $token" "$url/meta-data/iam/security-credentials/")
    reply=$(curl -sS -H "X-aws-ec2-metadata-token: $token" "$url/meta-data/iam/security-credentials/$name")
    canary "$(jq -r .SecretAccessKey <<<"$reply")"
    canary "$(jq -r .Token <<<"$reply")"
}
# A value that looks different in each encoding, as the password in a secret whose
# user it does not let in.
odd_password='Canary<&>"+/ of a wrong one'
make_wrong_secret() {
    secretsmanager CreateSecret "$(printf '%s' "$odd_password" |
        jq -Rs --arg t "$(cat /proc/sys/kernel/random/uuid)" --arg h "$(db_endpoint)" '{Name: "wrong", ClientRequestToken: $t,
        SecretString: ({engine: "mysql", host: $h, username: "demouser", password: .} | tojson)}')" >/dev/null
    canary "$odd_password"
}
