# What must and must not be there, from the dump of the sandbox: one line for
# each thing that is wrong. Knows the workshop's lab and nothing of lab's code.
# jq -r --arg stage up|down --slurpfile start START -f world.jq DUMP
def items($type): (.[$type] // {}) | [.[]];
def missing($have; $want): ($want - $have)[] | "missing \(.)";
def orphan($have; $want): ($have - $want)[] | "orphan \(.)";
def doubles($have): ($have | group_by(.) | map(select(length > 1))[]) | "double \(.[0])";
def only($what; $have; $want):
    ($have | map("\($what) \(.)")) as $h | ($want | map("\($what) \(.)")) as $w
    | missing($h; $w), orphan($h; $w), doubles($h);
def wrong(f; $what): if f then empty else "wrong \($what)" end;

# Names that end in what CloudFormation draws are cut before it.
def drawn: sub("^auroralab-secret-rotatio-SecretsManagerRDSMySQLRo-.*"; "rotation-role")
    | sub("^auroralab-secret-rotation-RotationSchedule.*"; "nested-stack");
def live_stacks: items("cloudformation.stack") | map(select(.StackStatus != "DELETE_COMPLETE")
    | "\(.StackName | drawn) \(.StackStatus)");
def associations: items("ec2.association") | map(select(.State != "disassociated")
    | "\(.profile) \(.State)");
def secrets: items("secretsmanager.secret");
def names: {
    stack: live_stacks,
    association: associations,
    profile: items("iam.instance_profile") | map(.InstanceProfileName),
    policy: items("iam.policy") | map("\(.PolicyName) \(.versions | keys | join(" "))"),
    role: items("iam.role") | map(.RoleName | drawn),
    function: items("lambda.function") | map(.FunctionName),
    log_group: items("logs.group") | map(.logGroupName),
    interface: items("ec2.network_interface") | map(.Description | sub("-[0-9a-f]{8}-.*"; "")),
    secret: secrets | map(.Name + (if .DeletedDate then " deleted" else "" end))
};
def at_start: {
    stack: [], association: ["auroralab-ide-EC2InstanceProfile associated"],
    profile: ["auroralab-ide-EC2InstanceProfile"], policy: [],
    role: ["auroralab-ide-EC2InstanceRole"], function: [], log_group: [], interface: [],
    secret: ["secretClusterAdminUser"]
};
def after_up: at_start
    | .stack = ["auroralab-secret-rotation CREATE_COMPLETE", "nested-stack CREATE_COMPLETE"]
    | .profile += ["auroralab-ec2-db-secret-access-role"]
    | .policy += ["auroralab-iam-access-secret v1"]
    | .role += ["auroralab-ec2-db-secret-access-role", "rotation-role"]
    | .function += ["aurora-rotation-lambda"]
    | .log_group += ["/aws/lambda/aurora-rotation-lambda"]
    | .interface += ["AWS Lambda VPC ENI-aurora-rotation-lambda"]
    | .secret += ["secret_Demouser"];

def tag($key): [.Tags[] | select(.Key == $key) | .Value][0];
def tagged($step): (tag("lab:name") == "secrets-manager") and (tag("lab:step") == $step)
    and (tag("lab:learner") == "default");
def versions_with($stage_label): [.versions[] | select(.VersionStages // [] | index($stage_label))];

def profile_is_right: .["iam.instance_profile"]["auroralab-ec2-db-secret-access-role"] // {Tags: []}
    | wrong(.role == "auroralab-ec2-db-secret-access-role"; "role in the profile"),
      wrong(tagged("profile"); "tags of the profile"),
      wrong(tag("lab:original") // "" | endswith(":instance-profile/auroralab-ide-EC2InstanceProfile");
            "original kept in the tag");
def attached: [.attachments[]? | select(.to_ms == null) | .PolicyArn];
def role_is_right: .["iam.role"]["auroralab-ec2-db-secret-access-role"] // {Tags: []}
    | wrong(tagged("role"); "tags of the role"),
      wrong(attached == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"];
            "policies of the role: \(attached)");
def secret_is_right: (secrets | map(select(.Name == "secret_Demouser"))[0] // {Tags: [], versions: {}})
    | wrong(.RotationEnabled and .RotationRules.AutomaticallyAfterDays == 30; "rotation of the secret"),
      wrong(tagged("secret"); "tags of the secret"),
      wrong(.LastRotatedDate != null; "the secret was never rotated"),
      wrong(versions_with("AWSCURRENT") | length == 1; "versions labelled AWSCURRENT"),
      wrong(versions_with("AWSPREVIOUS") | length == 1; "versions labelled AWSPREVIOUS"),
      wrong(versions_with("AWSPENDING") - versions_with("AWSCURRENT") == []; "a rotation that never ended");
def policy_is_right: (secrets | map(select(.Name == "secret_Demouser").ARN)[0]) as $arn
    | (items("iam.policy")[0] // {Tags: [], versions: {}})
    | wrong(tagged("policy"); "tags of the policy"),
      wrong([.versions[].Document | fromjson.Statement[].Resource] == [$arn]; "document of the policy");

# All that the lab has no part in stays as it was.
def rest: del(.["cloudformation.stack", "ec2.association", "ec2.network_interface", "iam.instance_profile",
                "iam.policy", "iam.role", "lambda.function", "logs.group", "secretsmanager.secret",
                "sts.session", "iam.account"])
    | walk(if type == "object" then with_entries(select(.key | test("LastUsed|LastAccessed|PasswordLast") | not))
           else . end);

(if $stage == "up" then after_up else at_start end) as $want
| names as $have
| ($want | keys[]) as $what
| only($what; $have[$what]; $want[$what]),
  (if $what != "role" then empty else
       wrong(rest == ($start[0] | rest); "things that are not the lab's"),
       (if $stage == "up" then profile_is_right, role_is_right, secret_is_right, policy_is_right
        else empty end)
   end)
