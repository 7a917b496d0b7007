# The worlds of check.test. ok STEP NAME MAKE BACK; bad STEP NAME FOUND MAKE BACK;
# not_yet likewise. Sourced.

# First, while the trail has few pages: a check reads two of them a second.
ok audit 'the trail shows the reads' :

# --- task 1: the user ---
ok db-user 'as lab makes it' :
ok db-user 'REQUIRE X509' "sql \"ALTER USER 'demouser'@'%' REQUIRE X509\"" user_back
ok db-user 'REQUIRE CIPHER' "sql \"ALTER USER 'demouser'@'%' REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384'\"" user_back
ok db-user 'REQUIRE ISSUER' "sql \"ALTER USER 'demouser'@'%' REQUIRE ISSUER '/CN=somebody'\"" user_back
ok db-user 'grants one by one' "revoke_all; sql \"GRANT DROP ON mylab.* TO 'demouser'@'%'; GRANT SELECT, INSERT ON mylab.* TO 'demouser'@'%';
    GRANT CREATE ON mylab.* TO 'demouser'@'%'\"" user_back
ok db-user 'the same account for localhost too' "sql \"CREATE USER 'demouser'@'localhost' IDENTIFIED BY 'x' REQUIRE SSL;
    GRANT CREATE, INSERT, SELECT, DROP ON mylab.* TO 'demouser'@'localhost'\"" user_back
ok db-user 'a limit of queries' "sql \"ALTER USER 'demouser'@'%' WITH MAX_QUERIES_PER_HOUR 10000\"" user_back
ok db-user 'a password that never expires' "sql \"ALTER USER 'demouser'@'%' PASSWORD EXPIRE NEVER\"" user_back
ok db-user 'somebody else with all rights' "sql \"CREATE USER 'other'@'%' IDENTIFIED BY 'x'; GRANT SELECT ON *.* TO 'other'@'%'\"" \
    "sql \"DROP USER 'other'@'%'\""

bad db-user 'no user' 'there is no user' "sql \"DROP USER 'demouser'@'%'\"" user_back
bad db-user 'for localhost only' "no 'demouser'@'%'" "sql \"RENAME USER 'demouser'@'%' TO 'demouser'@'localhost'\"" user_back
bad db-user 'for one network only' "no 'demouser'@'%'" "sql \"RENAME USER 'demouser'@'%' TO 'demouser'@'10.%'\"" user_back
bad db-user 'SSL not required' 'without TLS' "sql \"ALTER USER 'demouser'@'%' REQUIRE NONE\"" user_back
bad db-user 'localhost without SSL' "'localhost' may log in without TLS" "sql \"CREATE USER 'demouser'@'localhost' IDENTIFIED BY 'x';
    GRANT CREATE, INSERT, SELECT, DROP ON mylab.* TO 'demouser'@'localhost'\"" user_back
bad db-user 'DELETE too' 'may also do DELETE on mylab' "sql \"GRANT DELETE ON mylab.* TO 'demouser'@'%'\"" user_back
bad db-user 'ALTER and INDEX too' 'may also do ALTER' "sql \"GRANT ALTER, INDEX ON mylab.* TO 'demouser'@'%'\"" user_back
bad db-user 'all on the schema' 'may also do ALL' "sql \"GRANT ALL ON mylab.* TO 'demouser'@'%'\"" user_back
bad db-user 'SELECT everywhere' 'may also do SELECT on \\*' "sql \"GRANT SELECT ON *.* TO 'demouser'@'%'\"" user_back
bad db-user 'PROCESS' 'may also do PROCESS' "sql \"GRANT PROCESS ON *.* TO 'demouser'@'%'\"" user_back
bad db-user 'a pattern of schemas' 'on my%' "sql \"GRANT SELECT ON \\\`my%\\\`.* TO 'demouser'@'%'\"" user_back
bad db-user 'another schema' 'on other' "sql \"GRANT SELECT ON other.* TO 'demouser'@'%'\"" user_back
bad db-user 'a table' 'may also do UPDATE on mylab.t' "sql \"CREATE TABLE mylab.t (a INT); GRANT UPDATE ON mylab.t TO 'demouser'@'%'\"" \
    "user_back; sql 'DROP TABLE mylab.t'"
bad db-user 'GRANT OPTION' 'may also do GRANT OPTION' "sql \"GRANT SELECT ON mylab.* TO 'demouser'@'%' WITH GRANT OPTION\"" user_back
bad db-user 'a role' 'has a role' "sql \"CREATE ROLE reporting; GRANT reporting TO 'demouser'@'%'\"" user_back
bad db-user 'no SELECT' 'may not do SELECT' "sql \"REVOKE SELECT ON mylab.* FROM 'demouser'@'%'\"" user_back
bad db-user 'no DROP' 'may not do DROP' "sql \"REVOKE DROP ON mylab.* FROM 'demouser'@'%'\"" user_back
bad db-user 'no grants' 'may not do' revoke_all user_back
bad db-user 'an anonymous user' "anonymous user ''@'localhost'" "sql \"CREATE USER ''@'localhost'\"" user_back
bad db-user 'locked' 'locked' "sql \"ALTER USER 'demouser'@'%' ACCOUNT LOCK\"" user_back
bad db-user 'expired' 'expired' "sql \"ALTER USER 'demouser'@'%' PASSWORD EXPIRE\"" user_back
bad db-user 'another name' 'there is no user' : : --var db_user=someone

# --- task 2: the secret ---
ok secret 'as lab makes it' :
ok secret 'its members in another order, and more of them' "put_with '{remark: \"mine\"} + .'" secret_back
ok secret 'the port as text' "put_with '.port = \"3306\"'" secret_back
ok secret 'the host in capitals' "put_with '.host |= ascii_upcase'" secret_back
ok secret 'without the cluster identifier' "put_with 'del(.dbClusterIdentifier)'" secret_back
ok secret 'another description' "fine secretsmanager UpdateSecret '{\"SecretId\":\"secret_Demouser\",\"Description\":\"my own words\"}'" secret_back
ok secret 'a tag' "fine secretsmanager TagResource '{\"SecretId\":\"secret_Demouser\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"a\"}]}'"

bad secret 'another name' 'is not there' : : --var secret=secret_nobody
bad secret 'scheduled for deletion' 'scheduled for deletion' deleted restored
bad secret 'not JSON' 'not JSON' "put securePassword" secret_back
bad secret 'binary' 'binary' "fine secretsmanager PutSecretValue '{\"SecretId\":\"secret_Demouser\",\"SecretBinary\":\"e30=\"}'" secret_back
bad secret 'an empty object' . "put '{}'" secret_back
bad secret 'user instead of username' 'username' "put_with '.user = .username | del(.username)'" secret_back
bad secret 'pass instead of password' 'password' "put_with '.pass = .password | del(.password)'" secret_back
bad secret 'no host' 'host' "put_with 'del(.host)'" secret_back
bad secret 'no engine' 'engine' "put_with 'del(.engine)'" secret_back
bad secret 'another engine' 'engine' "put_with '.engine = \"postgres\"'" secret_back
bad secret 'an endpoint of nobody' 'its host is' "put_with '.host = \"db.example.com\"'" secret_back
bad secret 'a stale password' 'refuses the stored password' "put_with '.password = \"securePassword\"'" secret_back
bad secret 'the password changed in the database' 'refuses the stored password' 'set_password another' user_back
bad secret 'another user' 'it holds user admin' "put_with '.username = \"admin\"'" secret_back
bad secret 'another port' 'its port is 5432' "put_with '.port = 5432'" secret_back
bad secret 'another schema' 'its dbname is mysql' "put_with '.dbname = \"mysql\"'" secret_back
bad secret 'no schema' 'no dbname' "put_with 'del(.dbname)'" secret_back

# Without a database. The plan has no other step.
printf 'lab: named\nsteps:\n  secret: {uses: secretsmanager.secret, with: {name: named, username: somebody}}\n' >"$work/named.yaml"
named() { # VALUE
    quoted "$1"
    fine secretsmanager CreateSecret "{\"Name\":\"named\",\"SecretString\":$json}"
}
not_named='fine secretsmanager DeleteSecret "{\"SecretId\":\"named\",\"ForceDeleteWithoutRecovery\":true}"'
ok secret 'a name and a password' "named '{\"password\":\"x\",\"username\":\"somebody\"}'" "$not_named" -f "$work/named.yaml"
bad secret 'of another name' 'its username is' "named '{\"username\":\"nobody\",\"password\":\"x\"}'" "$not_named" -f "$work/named.yaml"
bad secret 'a name alone' 'no password' "named '{\"username\":\"somebody\"}'" "$not_named" -f "$work/named.yaml"

# --- task 3: the policy ---
ok policy 'as lab makes it' :
ok policy 'the six characters as a pattern' "set_policy '$(allow "$stem-??????")'" policy_back
ok policy 'any region' "set_policy '$(allow "${stem/$AWS_REGION/*}-??????")'" policy_back
ok policy 'a list of one action' "set_policy '$(document "$(statement "[$read]" "[\"$arn\"]")")'" policy_back
ok policy 'the action in other letters' "set_policy '$(document "$(statement '"SecretsManager:getsecretvalue"' "\"$arn\"")")'" policy_back
ok policy 'DescribeSecret too' "set_policy '$(document "$(statement "[$read,\"secretsmanager:DescribeSecret\"]" "\"$arn\"")")'" policy_back
ok policy 'a statement about another service' \
    "set_policy '$(document "$(statement "$read" "\"$arn\"")" "$(statement '"s3:GetObject"' '"*"')")'" policy_back
ok policy 'only over TLS' \
    "set_policy '$(document "$(statement "$read" "\"$arn\"" ',"Condition":{"Bool":{"aws:SecureTransport":"true"}}')")'" policy_back
ok policy 'with a Sid' "set_policy '$(document "$(statement "$read" "\"$arn\"" ',"Sid":"ReadIt"')")'" policy_back
ok policy 'listing secrets too' "set_policy '$(document "$(statement "$read" "\"$arn\"")" "$(statement '"secretsmanager:ListSecrets"' '"*"')")'" policy_back
ok policy 'wide, but denied elsewhere' "set_policy '$(document "$(statement "$read" '"*"')" \
    "{\"Effect\":\"Deny\",\"Action\":\"secretsmanager:*\",\"NotResource\":\"$arn\"}")'" policy_back
ok policy 'under another name' : : --var policy=some-other-name
ok policy 'inside the role' "detach && fine iam DeletePolicy PolicyArn=$policy_arn && inline '$right'" \
    "no_inline; fine iam CreatePolicy PolicyName=auroralab-iam-access-secret PolicyDocument='$right' && attach"

bad policy 'any secret' 'may also read' "set_policy '$(allow '*')'" policy_back
bad policy 'any secret of the account' 'may also read' "set_policy '$(allow "arn:aws:secretsmanager:$AWS_REGION:$account:secret:*")'" policy_back
bad policy 'any name that begins so' 'may also read' "set_policy '$(allow "$stem*")'" policy_back
bad policy 'any end' 'may also read' "set_policy '$(allow "$stem-*")'" policy_back
bad policy 'the secret of the admin' 'may also read' "set_policy '$(allow "$admin_arn")'" policy_back
bad policy 'both secrets' 'may also read' "set_policy '$(document "$(statement "$read" "[\"$arn\",\"$admin_arn\"]")")'" policy_back
bad policy 'all but the admin secret' 'may also read' \
    "set_policy '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":$read,\"NotResource\":\"$admin_arn\"}]}'" policy_back
bad policy 'without the six characters' 'may not read' "set_policy '$(allow "$stem")'" policy_back
bad policy 'five of the six' 'may not read' "set_policy '$(allow "$stem-?????")'" policy_back
bad policy 'another account' 'may not read' "set_policy '$(allow "${arn/$account/111122223333}")'" policy_back
bad policy 'another region' 'may not read' "set_policy '$(allow "${arn/$AWS_REGION/us-west-2}")'" policy_back
bad policy 'describing instead of reading' 'may not read' \
    "set_policy '$(document "$(statement '"secretsmanager:DescribeSecret"' "\"$arn\"")")'" policy_back
bad policy 'only from a network' 'may not read' \
    "set_policy '$(document "$(statement "$read" "\"$arn\"" ',"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}')")'" policy_back
bad policy 'Deny for Allow' 'explicitly denied' \
    "set_policy '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":$read,\"Resource\":\"$arn\"}]}'" policy_back
bad policy 'a Deny beside it' 'explicitly denied' \
    "set_policy '$(document "$(statement "$read" "\"$arn\"")" '{"Effect":"Deny","Action":"secretsmanager:*","Resource":"*"}')'" policy_back
bad policy 'every action' 'may also do' "set_policy '$(document "$(statement '"secretsmanager:*"' "\"$arn\"")")'" policy_back
bad policy 'writing too' 'may also do secretsmanager:PutSecretValue' \
    "set_policy '$(document "$(statement "[$read,\"secretsmanager:PutSecretValue\"]" "\"$arn\"")")'" policy_back
bad policy 'no policy' 'no policy allows' "detach && fine iam DeletePolicy PolicyArn=$policy_arn" \
    "fine iam CreatePolicy PolicyName=auroralab-iam-access-secret PolicyDocument='$right' && attach"

# --- task 4: the policy and the role ---
ok attach 'attached' :
ok attach 'inside the role' "detach; inline '$right'" 'no_inline; attach'
ok attach 'another policy' 'detach; other_policy' 'no_other_policy; attach'
ok attach 'a pattern, inside' "detach; inline '$(allow "$stem-??????")'" 'no_inline; attach'
ok attach 'a boundary that allows it' "boundary '$(document "$(statement '"*"' '"*"')")'" no_boundary
ok attach 'the policy of the secret' 'detach; of_secret Allow' 'not_of_secret; attach'
ok attach 'a Deny for others' "inline '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"secretsmanager:*\",\"Resource\":\"$admin_arn\"}]}'" no_inline

bad attach 'not attached' 'may not read' detach attach
bad attach 'to another role' 'may not read' "detach; attach $policy_arn auroralab-ide-EC2InstanceRole" \
    "detach $policy_arn auroralab-ide-EC2InstanceRole; attach"
bad attach 'and everything else' 'may also read' "inline '$(allow '*')'" no_inline
bad attach 'and the AWS managed one' 'may also read' 'attach arn:aws:iam::aws:policy/SecretsManagerReadWrite' \
    'detach arn:aws:iam::aws:policy/SecretsManagerReadWrite'
bad attach 'a Deny inside the role' 'explicitly denied' \
    "inline '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"$arn\"}]}'" no_inline
bad attach 'a Deny on the secret' 'explicitly denied' 'of_secret Deny' not_of_secret
bad attach 'a boundary that leaves it out' 'may not read' "boundary '$(document "$(statement '"s3:*"' '"*"')")'" no_boundary
bad attach 'writing too' 'may also do' "inline '$(document "$(statement '"secretsmanager:UpdateSecret"' "\"$arn\"")")'" no_inline
bad attach 'no such role' 'is not there' : : --var role=nobody

ok role 'as lab makes it' :
ok role 'Lambda trusted too' "trust '$(trusted '{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}')'" trust_back
ok role 'a list of one action' "trust '{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":[\"sts:AssumeRole\"]}'" trust_back
ok role 'its own account trusted too' \
    "trust '$(trusted '{"Service":"ec2.amazonaws.com"}'),$(trusted "{\"AWS\":\"arn:aws:iam::$account:root\"}")'" trust_back

bad role 'made for Lambda' 'ec2.amazonaws.com may not assume it' "trust '$(trusted '{"Service":"lambda.amazonaws.com"}')'" trust_back
bad role 'made for the account' 'ec2.amazonaws.com may not assume it' "trust '$(trusted "{\"AWS\":\"arn:aws:iam::$account:root\"}")'" trust_back
bad role 'made for the world' 'anybody' "trust '$(trusted '{"Service":"ec2.amazonaws.com"}'),$(trusted '{"AWS":"*"}')'" trust_back
bad role 'a Deny beside it' 'may not assume it' \
    "trust '$(trusted '{"Service":"ec2.amazonaws.com"}'),{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}'" trust_back
bad role 'only with an external id' 'may not assume it' \
    "trust '$(trusted '{"Service":"ec2.amazonaws.com"}' ',"Condition":{"StringEquals":{"sts:ExternalId":"x"}}')'" trust_back
bad role 'without the policy for Session Manager' 'AmazonSSMManagedInstanceCore allows' "detach $ssm" "attach $ssm"
bad role 'no such role' 'there is no role' : : --var role=nobody

ok profile 'as lab makes it' :
ok profile 'another profile' "empty $role $role; profile by-hand; fill by-hand $role" "empty by-hand $role; no_profile by-hand; fill $role $role"
bad profile 'no role inside' 'no role is inside' "empty $role $role" "fill $role $role"
bad profile 'another role inside' 'auroralab-ide-EC2InstanceRole is inside' "empty $role $role; fill $role auroralab-ide-EC2InstanceRole" \
    "empty $role auroralab-ide-EC2InstanceRole; fill $role $role"
bad profile 'no such profile' 'no instance profile holds' : : --var role=nobody

ok instance-role 'as lab makes it' :
ok instance-role 'another profile' "empty $role $role; profile by-hand; fill by-hand $role; give by-hand" \
    "empty by-hand $role; fill $role $role; give $role; no_profile by-hand"
bad instance-role 'the original profile' "profile $ide" "give $ide" "give $role"
bad instance-role 'no profile' 'has no role' "take $workstation" "give_first $role"
bad instance-role 'nothing inside' 'no role inside' "empty $role $role" "fill $role $role"
bad instance-role 'another instance has it' "profile $ide" "give $ide; give_another $role" "take $another; give $role"
ok identity 'the workstation acts as it' :
ok allowed 'and reads the secret' :
ok denied 'detached' detach attach
not_yet denied 'access still works' 'waiting for access to be refused' :

# --- task 5: rotation ---
# The rows of the secret put one password again and again.
check 'the secret rotates' "$LAB" rotate secret_Demouser --state "$work/maker.db"
learn_value
ok rotation 'as lab makes it' :
ok rotation 'a rate' "by_words 'rate(30 days)'" 'in_days 30'
ok rotation 'a rate in hours' "by_words 'rate(720 hours)'" 'in_days 30'
ok rotation 'the first of each month' "by_words 'cron(0 8 1 * ? *)'" 'in_days 30'
ok rotated 'the new password works' :
ok old-password 'the old one does not' :
ok rotation 'another stack and function' : : --var stack=by-hand --var function=by-hand
bad rotation 'off' 'rotation is off' "fine secretsmanager CancelRotateSecret '{\"SecretId\":\"secret_Demouser\"}'" rotation_back
bad rotation 'every week' 'every 7 days' 'in_days 7' 'in_days 30'
bad rotation 'once a year' 'next in [0-9]+ days' "by_words 'rate(8760 hours)'" 'in_days 30'
bad rotation 'of another secret' 'not there' : : --var secret=secret_nobody
bad rotation 'the password changed by hand' 'current password does not log in' 'set_password another' user_back
bad rotation 'a value without login' 'holds no login' "put securePassword" rotation_back
bad rotation 'the password did not change' 'previous password still logs in' "put_with '.remark = \"again\"'" rotation_back
not_yet rotation 'a rotation under way' 'under way' pending label_back
bad rotation 'a stuck rotation' 'AWSPENDING' "pending; until_so judged rotation fail AWSPENDING --timeout 1" label_back --timeout 1
bad rotation 'the function lets nobody in' 'does not let Secrets Manager in' "permission=\$(permission); lambda DELETE /policy/\$permission" \
    "lambda POST /policy '{\"StatementId\":\"back\",\"Action\":\"lambda:InvokeFunction\",\"Principal\":\"secretsmanager.amazonaws.com\"}'"
bad rotation 'the function is gone' 'is not there' 'lambda DELETE ""' :
