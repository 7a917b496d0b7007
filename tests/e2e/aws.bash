# AWS calls by curl's own Signature Version 4: a client we did not write.
# Keys and bodies go in through pipes, not on the command line: both may be secret.

# aws_json SERVICE TARGET BODY: a json-1.1 call, reply on stdout.
aws_json() {
    curl -sS -K - --aws-sigv4 "aws:amz:$AWS_REGION:$1" -H "X-Amz-Target: $2" \
        -H 'Content-Type: application/x-amz-json-1.1' --data-binary @<(printf '%s' "$3") "$AWS_ENDPOINT_URL/" \
        <<<"user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
}
# aws_query SERVICE VERSION ACTION [NAME=VALUE…]: a query or ec2 call.
aws_query() {
    local service=$1 version=$2 action=$3
    shift 3
    local args=(--data-urlencode "Action=$action" --data-urlencode "Version=$version") pair
    for pair; do args+=(--data-urlencode "$pair"); done
    curl -sS -K - --aws-sigv4 "aws:amz:$AWS_REGION:$service" "${args[@]}" "$AWS_ENDPOINT_URL/" \
        <<<"user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
}
secretsmanager() { aws_json secretsmanager "secretsmanager.$1" "$2"; }
iam() { local a=$1; shift; aws_query iam 2010-05-08 "$a" "$@"; }
ec2() { local a=$1; shift; aws_query ec2 2016-11-15 "$a" "$@"; }
cloudformation() { local a=$1; shift; aws_query cloudformation 2010-05-15 "$a" "$@"; }

# The text of the first XML element of a name; replies here hold no nesting of
# the same name.
xml_text() { sed -n "s/.*<$1>\([^<]*\)<\/$1>.*/\1/p" | head -n 1; }

# db_endpoint: the cluster's endpoint.
db_endpoint() { aws_query rds 2014-10-31 DescribeDBClusters | tr '\n' ' ' | xml_text Endpoint; }
# as_admin SQL: one statement, as the workshop's admin user.
as_admin() {
    local options
    options=$(printf '[client]\nuser=%s\npassword=%s\n' "$DBUSER" "$DBPASS")
    mysql --defaults-extra-file=<(printf '%s' "$options") -h "$(db_endpoint)" --ssl-ca="$LAB_CA" \
        --ssl-verify-server-cert -N -B -e "$1"
}
