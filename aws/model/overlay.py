"""What the public service models do not say about an operation, by hand.

generate.py joins these rows with the models. A row holds only what differs
from the defaults:

  reads        the trail's readOnly. Default: the name begins with a reading verb (READING).
  mutates      changes the account's state. Default: not reads.
  resend_safe  may be sent again after a lost reply (facts 3.2). Default: reads, has a token,
               or the name begins with a verb that may be repeated (REPEATABLE).
  token        idempotency member. Default: the member with the model's idempotencyToken trait.
  timeout      milliseconds for one attempt. Default 10000.
  action       IAM action, when it is not SERVICE:OPERATION.
  resource     template of what the action is checked against. Default "*".
  in_trail     recorded as a management event. Default True.
  paging       False: not paged, though the model says so; or the item list to follow.

Resource templates. Several templates are separated by a space: all have to be allowed.
  {Member}           an input member (first letter as in the model); a list stands for each of its
                     elements. A value that is an ARN already stands for the whole template.
  {Member|text}      the same, with what to use when the member is absent.
  A template whose member is absent without a default is left out; when none is left, "*".
  {partition} {region} {account}   of the request.
  Lower-case words are looked up in the world:
  {secret}           the ARN with its suffix of the secret that SecretId names; when there is none,
                     arn:{partition}:secretsmanager:{region}:{account}:secret:{SecretId}
  {user}             the user's name: UserName, or the caller's when absent
  {instance}         the instance of the association that AssociationId names
  {id-type}          the type word of an EC2 id's prefix: i- "instance", sg- "security-group", …
  {key}              the ARN of the key that KeyId names
  IAM names stand behind the path "/"; for an entity with another path the world's ARN holds.
"""

READING = ("Get", "List", "Describe", "Lookup", "Simulate", "BatchGet", "Filter", "Validate", "Decode")
REPEATABLE = ("Attach", "Detach", "Delete", "Put", "Update", "Tag", "Untag", "Set", "Remove")

TIMEOUT_MS = 10000

IAM = "arn:{partition}:iam::{account}:"
ROLE = IAM + "role/{RoleName}"
USER = IAM + "user/{user}"
GROUP = IAM + "group/{GroupName}"
PROFILE = IAM + "instance-profile/{InstanceProfileName}"
POLICY = "{PolicyArn}"
EC2 = "arn:{partition}:ec2:{region}:{account}:"
RDS = "arn:{partition}:rds:{region}:{account}:"
STACK = "arn:{partition}:cloudformation:{region}:{account}:stack/{StackName}/*"
FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}"
SSM = "arn:{partition}:ssm:{region}:{account}:"
LOG_GROUP = "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:log-stream:"


def rows(names, **facts):
    return {name: dict(facts) for name in names.split()}


def merged(*tables):
    out = {}
    for table in tables:
        for name, facts in table.items():
            assert name not in out, name
            out[name] = facts
    return out


STS = merged(
    # GetCallerIdentity cannot be denied (facts 2.2); the sandbox asks nobody.
    rows("GetCallerIdentity GetSessionToken DecodeAuthorizationMessage"),
    # A session is not state: AssumeRole counts as a read in the trail, and may be repeated.
    rows("AssumeRole AssumeRoleWithWebIdentity", reads=True, resource="{RoleArn}"),
)

IAM_OPERATIONS = merged(
    rows("CreateRole", resource=IAM + "role{Path|/}{RoleName}"),
    rows("GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole"
         " ListRoleTags AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies PutRolePolicy"
         " GetRolePolicy DeleteRolePolicy ListRolePolicies PutRolePermissionsBoundary"
         " DeleteRolePermissionsBoundary ListInstanceProfilesForRole", resource=ROLE),
    rows("ListRoles", resource=IAM + "role{PathPrefix|/}"),
    rows("CreatePolicy", resource=IAM + "policy{Path|/}{PolicyName}"),
    rows("GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion SetDefaultPolicyVersion"
         " DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy ListPolicyTags", resource=POLICY),
    # Three lists page together; the one the lab follows is named.
    rows("ListEntitiesForPolicy", resource=POLICY, paging="PolicyRoles"),
    rows("ListPolicies ListAccountAliases GetAccountSummary SimulateCustomPolicy GetAccessKeyLastUsed"),
    rows("CreateInstanceProfile", resource=IAM + "instance-profile{Path|/}{InstanceProfileName}"),
    rows("GetInstanceProfile DeleteInstanceProfile TagInstanceProfile UntagInstanceProfile"
         " ListInstanceProfileTags", resource=PROFILE),
    # The role inside is limited to one, so a repeat answers LimitExceeded: look first.
    rows("AddRoleToInstanceProfile RemoveRoleFromInstanceProfile", resource=PROFILE, resend_safe=False),
    rows("ListInstanceProfiles", resource=IAM + "instance-profile{PathPrefix|/}"),
    rows("SimulatePrincipalPolicy", resource="{PolicySourceArn}"),
    rows("CreateUser", resource=IAM + "user{Path|/}{UserName}"),
    rows("GetUser DeleteUser CreateAccessKey DeleteAccessKey ListAccessKeys UpdateAccessKey"
         " AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies PutUserPolicy GetUserPolicy"
         " DeleteUserPolicy ListUserPolicies ListGroupsForUser TagUser UntagUser ListUserTags"
         " PutUserPermissionsBoundary DeleteUserPermissionsBoundary", resource=USER),
    rows("ListUsers", resource=IAM + "user{PathPrefix|/}"),
    rows("CreateGroup", resource=IAM + "group{Path|/}{GroupName}"),
    rows("DeleteGroup GetGroup AddUserToGroup RemoveUserFromGroup AttachGroupPolicy DetachGroupPolicy"
         " ListAttachedGroupPolicies PutGroupPolicy GetGroupPolicy DeleteGroupPolicy ListGroupPolicies",
         resource=GROUP),
    rows("ListGroups", resource=IAM + "group{PathPrefix|/}"),
)
# Being in a group twice is being in it.
IAM_OPERATIONS["AddUserToGroup"]["resend_safe"] = True

SECRETSMANAGER = merged(
    rows("CreateSecret", resource="arn:{partition}:secretsmanager:{region}:{account}:secret:{Name}"),
    rows("DescribeSecret GetSecretValue PutSecretValue UpdateSecret ListSecretVersionIds DeleteSecret"
         " GetResourcePolicy PutResourcePolicy DeleteResourcePolicy TagResource UntagResource",
         resource="{secret}"),
    # SecretId is optional; without it the policy is judged for no secret.
    rows("ValidateResourcePolicy", resource="{secret}"),
    # A repeat of a move that happened is refused: RemoveFromVersionId is no longer the holder.
    rows("UpdateSecretVersionStage", resource="{secret}", resend_safe=False),
    rows("RotateSecret", resource="{secret}", timeout=30000),
    rows("CancelRotateSecret RestoreSecret", resource="{secret}", resend_safe=True),
    # BatchGetSecretValue is checked as such on "*", then GetSecretValue on each secret.
    rows("BatchGetSecretValue ListSecrets GetRandomPassword"),
)

EC2_OPERATIONS = merged(
    rows("DescribeInstances DescribeIamInstanceProfileAssociations DescribeSubnets DescribeVpcs"
         " DescribeSecurityGroups DescribeSecurityGroupRules DescribeNetworkInterfaces"
         " DescribeVpcEndpoints DescribeRouteTables DescribeTags"),
    rows("DescribeVpcAttribute", resource=EC2 + "vpc/{VpcId}"),
    rows("AssociateIamInstanceProfile", resource=EC2 + "instance/{InstanceId}"),
    # A new association id each time: a repeat would name one that is gone.
    rows("ReplaceIamInstanceProfileAssociation", resource=EC2 + "instance/{instance}"),
    rows("DisassociateIamInstanceProfile", resource=EC2 + "instance/{instance}", resend_safe=True),
    rows("CreateTags DeleteTags", resource=EC2 + "{id-type}/{Resources}", resend_safe=True),
    rows("CreateSecurityGroup", resource=EC2 + "security-group/* " + EC2 + "vpc/{VpcId}"),
    rows("DeleteSecurityGroup AuthorizeSecurityGroupIngress", resource=EC2 + "security-group/{GroupId}"),
    rows("RevokeSecurityGroupIngress", resource=EC2 + "security-group/{GroupId}"),
    rows("CreateVpcEndpoint", token="ClientToken", timeout=30000,
         resource=EC2 + "vpc-endpoint/* " + EC2 + "vpc/{VpcId} " + EC2 + "subnet/{SubnetIds} " + EC2 +
         "security-group/{SecurityGroupIds}"),
    # Setting what is set already changes nothing.
    rows("ModifyInstanceMetadataOptions", resource=EC2 + "instance/{InstanceId}", resend_safe=True),
)

RDS_OPERATIONS = merged(
    rows("DescribeDBClusters DescribeDBClusterEndpoints", resource=RDS + "cluster:{DBClusterIdentifier|*}"),
    rows("DescribeDBInstances", resource=RDS + "db:{DBInstanceIdentifier|*}"),
    rows("DescribeDBSubnetGroups", resource=RDS + "subgrp:{DBSubnetGroupName|*}"),
    rows("ListTagsForResource", resource="{ResourceName}"),
)

CLOUDFORMATION = merged(
    rows("CreateStack UpdateStack", resource=STACK, token="ClientRequestToken", timeout=30000),
    rows("DeleteStack", resource=STACK, token="ClientRequestToken"),
    rows("DescribeStacks DescribeStackEvents DescribeStackResources ListStackResources"
         " DescribeStackResource GetTemplate GetTemplateSummary DescribeChangeSet DeleteChangeSet"
         " DescribeEvents", resource=STACK),
    rows("ListStacks ValidateTemplate"),
    rows("CreateChangeSet", resource=STACK, token="ClientToken", timeout=30000),
    rows("ExecuteChangeSet", resource=STACK, token="ClientRequestToken", timeout=30000),
)

LAMBDA = merged(
    rows("GetFunction GetFunctionConfiguration GetPolicy AddPermission RemovePermission DeleteFunction"
         " ListVersionsByFunction GetFunctionCodeSigningConfig", resource=FUNCTION),
    # A data event. The function may run for minutes, and what it did is not known after a lost reply.
    rows("Invoke", resource=FUNCTION, action="lambda:InvokeFunction", in_trail=False, timeout=120000),
    rows("ListTags", resource="{Resource}"),
    rows("ListFunctions"),
)

CLOUDTRAIL = rows("LookupEvents")

SSM_OPERATIONS = merged(
    # The documents are AWS's own, which stand in no account. A repeat would run the commands twice.
    rows("SendCommand", resource="arn:{partition}:ssm:{region}::document/{DocumentName} " + EC2 +
         "instance/{InstanceIds}"),
    rows("CancelCommand", resource=EC2 + "instance/{InstanceIds}", resend_safe=True),
    rows("GetCommandInvocation ListCommandInvocations ListCommands DescribeInstanceInformation"),
)

LOGS = merged(
    rows("DescribeLogGroups",
         resource="arn:{partition}:logs:{region}:{account}:log-group:{logGroupNamePrefix|}:log-stream:"),
    rows("CreateLogGroup DeleteLogGroup PutRetentionPolicy DescribeLogStreams", resource=LOG_GROUP),
    # Reading and writing the events themselves is data, not management.
    rows("FilterLogEvents", resource=LOG_GROUP, in_trail=False),
    rows("GetLogEvents", resource=LOG_GROUP + "{logStreamName}", in_trail=False),
    rows("CreateLogStream", resource=LOG_GROUP + "{logStreamName}"),
    # A repeat would write the events twice.
    rows("PutLogEvents", resource=LOG_GROUP + "{logStreamName}", in_trail=False, resend_safe=False),
    rows("ListTagsForResource TagResource", resource="{resourceArn}"),
)

KMS = merged(
    # A key has neither name nor token: a repeat would make a second one.
    rows("CreateKey"),
    rows("DescribeKey GetKeyPolicy PutKeyPolicy", resource="{key}"),
    rows("EnableKey DisableKey", resource="{key}", resend_safe=True),
    rows("Decrypt GenerateDataKey", resource="{key}", reads=True),
)

OPERATIONS = {
    "sts": STS,
    "iam": IAM_OPERATIONS,
    "secretsmanager": SECRETSMANAGER,
    "ec2": EC2_OPERATIONS,
    "rds": RDS_OPERATIONS,
    "cloudformation": CLOUDFORMATION,
    "lambda": LAMBDA,
    "cloudtrail": CLOUDTRAIL,
    "ssm": SSM_OPERATIONS,
    "logs": LOGS,
    "kms": KMS,
}

# Facts 3.1 (denied) and 3.2 (throttle): code, status[, message].
DENIED = {
    "sts": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "cloudformation": ("AccessDenied", 403),
    "rds": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "lambda": ("AccessDeniedException", 403),
    "secretsmanager": ("AccessDeniedException", 400),
    "ssm": ("AccessDeniedException", 400),
    "cloudtrail": ("AccessDeniedException", 400),
    "logs": ("AccessDeniedException", 400),
    "kms": ("AccessDeniedException", 400),
}
THROTTLE = {
    "sts": ("Throttling", 400, "Rate exceeded"),
    "iam": ("Throttling", 400, "Rate exceeded"),
    "cloudformation": ("Throttling", 400, "Rate exceeded"),
    "rds": ("Throttling", 400, "Rate exceeded"),
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "lambda": ("TooManyRequestsException", 429, "Rate exceeded"),
    "secretsmanager": ("ThrottlingException", 400, "Rate exceeded"),
    "ssm": ("ThrottlingException", 400, "Rate exceeded"),
    "cloudtrail": ("ThrottlingException", 400, "Rate exceeded"),
    "logs": ("ThrottlingException", 400, "Rate exceeded"),
    "kms": ("ThrottlingException", 400, "Rate exceeded"),
}

GLOBAL = {"iam"}

# Errors that a resend may cure though the model does not say so (facts 2.2).
RETRYABLE = {("sts", "IDPCommunicationError")}

# Facts 3.2, "throttling codes"; model.c holds the same list for unmodelled ones.
THROTTLE_CODES = {
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
    "RequestThrottled", "TooManyRequestsException", "ProvisionedThroughputExceededException",
    "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
    "LimitExceededException", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
}

# IAM returns these percent-encoded (facts 2.3).
ENCODED_DOCUMENTS = {("iam", "policyDocumentType")}
