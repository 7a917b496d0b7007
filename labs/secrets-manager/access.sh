# What steps do on the workstation when lab runs elsewhere. Sent to its shell by
# Systems Manager, behind lines that set ACTION and, for "access", SECRET,
# VERSION and TABLE. It needs what the workshop's workstation has: the AWS CLI
# and a mysql client. No secret is in a command line, a file or the output: the
# database's password goes to the client through a pipe.
umask 077
export PATH="$PATH:/usr/local/bin" AWS_PAGER=''
: "${HOME:=/root}" "${AWS_DEFAULT_REGION:=${AWS_SSM_REGION_NAME-}}"
export HOME AWS_DEFAULT_REGION

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

command -v aws >/dev/null || fail 'the workstation has no AWS CLI'
if [ "$ACTION" = identity ]; then
    exec aws sts get-caller-identity --output json
fi
command -v mysql >/dev/null || fail 'the workstation has no mysql client'

value=$(aws secretsmanager get-secret-value --secret-id "$SECRET" --version-stage "$VERSION" \
    --query SecretString --output text) || exit 1
value=$(printf '%s' "$value" | tr '\n' ' ')
# A text member, still with JSON's escapes; those of an option file are the same
# but for \/ and \u.
member() {
    printf '%s\n' "$value" | sed -nE 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*"(([^"\\]|\\.)*)".*/\1/p' |
        sed -E ':a
s,^(([^\\]|\\[^/])*)\\/,\1/,
ta'
}
host=$(member host)
user=$(member username)
password=$(member password)
database=$(member dbname)
port=$(printf '%s\n' "$value" | sed -nE 's/.*"port"[[:space:]]*:[[:space:]]*"?([0-9]+).*/\1/p')
value=
[ -n "$host" ] && [ -n "$user" ] && [ -n "$password" ] || fail 'the secret names no host, username or password'
case $user in *[!A-Za-z0-9_.$-]*) fail 'the user has a name that is not plain' ;; esac
case $password in *'\u'* | *'\f'*) fail 'the password has characters that an option file cannot hold' ;; esac

ca=
for file in "${LAB_CA-}" global-bundle.pem rds-combined-ca-bundle.pem "$HOME"/global-bundle.pem \
    /home/*/environment/global-bundle.pem /home/*/environment/rds-combined-ca-bundle.pem \
    /home/*/global-bundle.pem /home/*/rds-combined-ca-bundle.pem; do
    if [ -r "$file" ]; then
        ca=$file
        break
    fi
done
[ -n "$ca" ] || fail 'the workstation has no global-bundle.pem to verify the database with'

case $(mysql --version) in
*MariaDB*) verify=ssl-verify-server-cert ;;
*) verify=ssl-mode=VERIFY_IDENTITY ;;
esac
printf '[client]\nhost="%s"\nport=%s\nuser="%s"\npassword="%s"\nssl-ca="%s"\n%s\n' \
    "$host" "${port:-3306}" "$user" "$password" "$ca" "$verify" |
    mysql --defaults-file=/dev/stdin --default-character-set=utf8mb4 -N -B -e "
SELECT 'user', '$user';
SHOW STATUS LIKE 'Ssl_cipher';
SELECT 'tables', COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE();
DROP TABLE IF EXISTS $TABLE;
CREATE TABLE $TABLE (id INT PRIMARY KEY, note VARCHAR(32)) COMMENT 'access test of $user';
INSERT INTO $TABLE VALUES (1, 'lab');
SELECT 'note', note FROM $TABLE WHERE id = 1;
DROP TABLE $TABLE;" "$database"
