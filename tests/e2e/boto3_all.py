#!/usr/bin/env python3
"""Every operation of the sandbox through boto3, parameters validated, replies held
against the service models (strict.py). Run inside a sandbox; prints TAP.

A case is one part of an account's life. Refusals are tried beside successes: `refused`
wants the code AWS gives. The last case wants every operation to have been answered.
"""

import collections
import functools
import json
import threading
import time
import traceback
import uuid

import boto3
import botocore.config
import botocore.exceptions

import strict

OPERATIONS = {
    "sts": "GetCallerIdentity AssumeRole AssumeRoleWithWebIdentity GetSessionToken DecodeAuthorizationMessage",
    "iam": "CreateRole GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole"
           " ListRoleTags ListRoles CreatePolicy GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion"
           " SetDefaultPolicyVersion DeletePolicyVersion DeletePolicy ListPolicies ListEntitiesForPolicy"
           " AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies PutRolePolicy GetRolePolicy DeleteRolePolicy"
           " ListRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary CreateInstanceProfile"
           " GetInstanceProfile ListInstanceProfiles ListInstanceProfilesForRole DeleteInstanceProfile"
           " AddRoleToInstanceProfile RemoveRoleFromInstanceProfile SimulatePrincipalPolicy SimulateCustomPolicy"
           " TagPolicy UntagPolicy ListPolicyTags TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags"
           " CreateUser GetUser ListUsers DeleteUser TagUser UntagUser ListUserTags AttachUserPolicy DetachUserPolicy"
           " ListAttachedUserPolicies PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies"
           " PutUserPermissionsBoundary DeleteUserPermissionsBoundary CreateAccessKey ListAccessKeys UpdateAccessKey"
           " DeleteAccessKey GetAccessKeyLastUsed CreateGroup GetGroup ListGroups DeleteGroup AddUserToGroup"
           " RemoveUserFromGroup ListGroupsForUser AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies"
           " PutGroupPolicy GetGroupPolicy DeleteGroupPolicy ListGroupPolicies ListAccountAliases GetAccountSummary",
    "secretsmanager": "CreateSecret DescribeSecret GetSecretValue BatchGetSecretValue PutSecretValue UpdateSecret"
                      " UpdateSecretVersionStage ListSecretVersionIds ListSecrets RotateSecret CancelRotateSecret"
                      " DeleteSecret RestoreSecret GetRandomPassword GetResourcePolicy PutResourcePolicy"
                      " DeleteResourcePolicy ValidateResourcePolicy TagResource UntagResource",
    "ec2": "DescribeInstances DescribeIamInstanceProfileAssociations AssociateIamInstanceProfile"
           " ReplaceIamInstanceProfileAssociation DisassociateIamInstanceProfile DescribeSubnets DescribeVpcs"
           " DescribeSecurityGroups DescribeSecurityGroupRules DescribeNetworkInterfaces DescribeVpcEndpoints"
           " DescribeRouteTables DescribeVpcAttribute CreateTags DeleteTags DescribeTags CreateSecurityGroup"
           " DeleteSecurityGroup AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress CreateVpcEndpoint"
           " ModifyInstanceMetadataOptions",
    "rds": "DescribeDBClusters DescribeDBClusterEndpoints DescribeDBInstances DescribeDBSubnetGroups"
           " ListTagsForResource",
    "cloudformation": "CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackEvents DescribeStackResources"
                      " ListStackResources DescribeStackResource ListStacks GetTemplate GetTemplateSummary"
                      " ValidateTemplate CreateChangeSet DescribeChangeSet ExecuteChangeSet DeleteChangeSet"
                      " DescribeEvents",
    "lambda": "GetFunction GetFunctionConfiguration ListFunctions GetPolicy AddPermission RemovePermission"
              " DeleteFunction Invoke ListTags ListVersionsByFunction GetFunctionCodeSigningConfig",
    "cloudtrail": "LookupEvents",
    "ssm": "SendCommand GetCommandInvocation ListCommandInvocations DescribeInstanceInformation",
    "logs": "DescribeLogGroups FilterLogEvents DeleteLogGroup CreateLogGroup CreateLogStream PutLogEvents"
            " DescribeLogStreams GetLogEvents PutRetentionPolicy TagResource ListTagsForResource",
}

called = collections.defaultdict(set)
wrong = []


def look(service_model, event_name, response_dict, parsed_response, exception, **_):
    """Sees each raw reply, those botocore retries included."""
    operation_model = service_model.operation_model(event_name.rsplit(".", 1)[-1])
    if response_dict is None:
        wrong.append("%s: no reply, %s" % (operation_model.name, exception))
        return
    if response_dict["status_code"] < 300:
        called[service_model.service_name].add(operation_model.name)
    wrong.extend("%s %s" % (operation_model.name, text)
                 for text in strict.complaints(operation_model, response_dict, parsed_response or {}))


def client(service, session=None):
    # Many attempts: CloudTrail answers twice a second and no more.
    config = botocore.config.Config(retries={"total_max_attempts": 10, "mode": "standard"}, parameter_validation=True)
    c = (session or boto3.Session()).client(service, config=config)
    c.meta.events.register("response-received.*.*", functools.partial(look, c.meta.service_model))
    return c


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, "wanted %s, got %s" % (code, error)
        return error.response["Error"].get("Message", "")
    raise AssertionError("%s was not refused" % code)


def until(found, limit_s=12):
    """The first true answer of found(); the limit is for a sandbox that hangs."""
    end, pause = time.monotonic() + limit_s, threading.Event()
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < end, "nothing came within %d s" % limit_s
        pause.wait(0.1)


def pages(c, operation, key, **parameters):
    return [item for page in c.get_paginator(operation).paginate(**parameters) for item in page[key]]


QUICK = {"Delay": 0.2, "MaxAttempts": 150}


def document(action="secretsmanager:GetSecretValue", resource="*", effect="Allow"):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]})


def trust(**principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


sts, iam, sm, ec2, rds = (client(n) for n in ("sts", "iam", "secretsmanager", "ec2", "rds"))
cfn, functions, trail, ssm, logs = (client(n) for n in ("cloudformation", "lambda", "cloudtrail", "ssm", "logs"))
account = sts.get_caller_identity()["Account"]
TAGS = [{"Key": "lab:name", "Value": "of others"}, {"Key": "Zweck", "Value": "Prüfung +=:/@"}]


# --- IAM ---

def iam_roles():
    name = "boto-role"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"), Path="/x/",
                           Description="made by boto3", MaxSessionDuration=7200, Tags=TAGS)["Role"]
    assert role["Arn"] == "arn:aws:iam::%s:role/x/%s" % (account, name), role
    assert role["AssumeRolePolicyDocument"] == json.loads(trust(Service="ec2.amazonaws.com")), role
    iam.get_waiter("role_exists").wait(RoleName=name, WaiterConfig=QUICK)
    refused("EntityAlreadyExists", iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    refused("MalformedPolicyDocument", iam.create_role, RoleName="bad", AssumeRolePolicyDocument="{}")
    assert refused("NoSuchEntity", iam.get_role, RoleName="nobody") == "The role with name nobody cannot be found."
    iam.update_role(RoleName=name, Description="new", MaxSessionDuration=3600)
    assert iam.update_role_description(RoleName=name, Description="newer")["Role"]["Description"] == "newer"
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(AWS="arn:aws:iam::%s:root" % account))
    iam.tag_role(RoleName=name, Tags=[{"Key": "more", "Value": ""}])
    iam.untag_role(RoleName=name, TagKeys=["lab:name"])
    assert {t["Key"] for t in iam.list_role_tags(RoleName=name)["Tags"]} == {"Zweck", "more"}
    got = iam.get_role(RoleName=name)["Role"]
    assert got["Tags"] and got["MaxSessionDuration"] == 3600, got
    assert name in [r["RoleName"] for r in pages(iam, "list_roles", "Roles", PaginationConfig={"PageSize": 1})]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document())
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["inline"]
    assert iam.get_role_policy(RoleName=name, PolicyName="inline")["PolicyDocument"] == json.loads(document())
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryType"] == "Policy"
    iam.delete_role_permissions_boundary(RoleName=name)


def iam_policies():
    arn = iam.create_policy(PolicyName="boto-policy", PolicyDocument=document(), Description="made by boto3",
                            Tags=TAGS)["Policy"]["Arn"]
    iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig=QUICK)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("s3:*"))["PolicyVersion"]["VersionId"]
    assert version == "v2"
    iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
    assert iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"] == json.loads(document("s3:*"))
    assert len(pages(iam, "list_policy_versions", "Versions", PolicyArn=arn)) == 2
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["Zweck"])
    assert {t["Key"] for t in iam.list_policy_tags(PolicyArn=arn)["Tags"]} == {"lab:name", "k"}
    iam.attach_role_policy(RoleName="boto-role", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="boto-role")["AttachedPolicies"] == [
        {"PolicyName": "boto-policy", "PolicyArn": arn}]
    who = iam.list_entities_for_policy(PolicyArn=arn)
    assert who["PolicyRoles"][0]["RoleName"] == "boto-role" and who["PolicyUsers"] == []
    assert arn in [p["Arn"] for p in pages(iam, "list_policies", "Policies", Scope="Local", OnlyAttached=True)]
    assert len(pages(iam, "list_policies", "Policies", Scope="AWS")) > 3
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    result = iam.simulate_principal_policy(PolicySourceArn="arn:aws:iam::%s:role/x/boto-role" % account,
                                           ActionNames=["s3:GetObject", "iam:GetRole"])["EvaluationResults"]
    assert [r["EvalDecision"] for r in result] == ["allowed", "implicitDeny"], result
    result = iam.simulate_custom_policy(PolicyInputList=[document(), document(effect="Deny", resource="arn:aws:s3:::x")],
                                        ActionNames=["secretsmanager:GetSecretValue"], ResourceArns=["arn:aws:s3:::y"],
                                        ContextEntries=[{"ContextKeyName": "aws:username", "ContextKeyValues": ["a"],
                                                         "ContextKeyType": "string"}])["EvaluationResults"]
    assert result[0]["EvalDecision"] == "allowed" and result[0]["MatchedStatements"], result
    iam.detach_role_policy(RoleName="boto-role", PolicyArn=arn)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="boto-role", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)


def iam_profiles():
    name = "boto-profile"
    iam.create_instance_profile(InstanceProfileName=name, Tags=TAGS)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name, WaiterConfig=QUICK)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="boto-role")
    refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName="auroralab-ide-EC2InstanceRole")
    assert iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"][0]["RoleName"] == "boto-role"
    assert pages(iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName="boto-role")
    assert len(pages(iam, "list_instance_profiles", "InstanceProfiles", PaginationConfig={"PageSize": 1})) == 2
    iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "k", "Value": "v"}])
    iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["k"])
    assert len(iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"]) == 2
    refused("DeleteConflict", iam.delete_role, RoleName="boto-role")
    refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="boto-role")
    iam.delete_instance_profile(InstanceProfileName=name)


def iam_users():
    name, boundary = "boto-user", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    iam.create_user(UserName=name, Path="/students/", Tags=TAGS)
    iam.get_waiter("user_exists").wait(UserName=name, WaiterConfig=QUICK)
    assert iam.get_user(UserName=name)["User"]["Tags"]
    assert len(pages(iam, "list_users", "Users", PaginationConfig={"PageSize": 1})) >= 2
    iam.tag_user(UserName=name, Tags=[{"Key": "k", "Value": "v"}])
    iam.untag_user(UserName=name, TagKeys=["k"])
    assert len(iam.list_user_tags(UserName=name)["Tags"]) == 2
    iam.attach_user_policy(UserName=name, PolicyArn=boundary)
    assert len(iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]) == 1
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document("sts:*"))
    assert iam.list_user_policies(UserName=name)["PolicyNames"] == ["inline"]
    assert iam.get_user_policy(UserName=name, PolicyName="inline")["UserName"] == name
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    iam.delete_user_permissions_boundary(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
    own = client("sts", session)
    assert own.get_caller_identity()["Arn"] == "arn:aws:iam::%s:user/students/%s" % (account, name)
    refused("AccessDenied", client("iam", session).get_role, RoleName="boto-role")
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    refused("InvalidClientTokenId", own.get_caller_identity)
    last = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert last["UserName"] == name, last
    iam.create_group(GroupName="boto-group", Path="/g/")
    iam.add_user_to_group(GroupName="boto-group", UserName=name)
    assert iam.get_group(GroupName="boto-group")["Users"][0]["UserName"] == name
    assert iam.list_groups_for_user(UserName=name)["Groups"][0]["GroupName"] == "boto-group"
    assert iam.list_groups()["Groups"]
    iam.attach_group_policy(GroupName="boto-group", PolicyArn=boundary)
    assert iam.list_attached_group_policies(GroupName="boto-group")["AttachedPolicies"]
    iam.put_group_policy(GroupName="boto-group", PolicyName="inline", PolicyDocument=document())
    assert iam.list_group_policies(GroupName="boto-group")["PolicyNames"] == ["inline"]
    assert iam.get_group_policy(GroupName="boto-group", PolicyName="inline")["PolicyDocument"]
    refused("DeleteConflict", iam.delete_group, GroupName="boto-group")
    refused("DeleteConflict", iam.delete_user, UserName=name)
    iam.delete_group_policy(GroupName="boto-group", PolicyName="inline")
    iam.detach_group_policy(GroupName="boto-group", PolicyArn=boundary)
    iam.remove_user_from_group(GroupName="boto-group", UserName=name)
    iam.delete_group(GroupName="boto-group")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="inline")
    iam.detach_user_policy(UserName=name, PolicyArn=boundary)
    iam.delete_user(UserName=name)
    iam.list_account_aliases()
    assert iam.get_account_summary()["SummaryMap"]["Users"] >= 1


# --- STS ---

def sts_sessions():
    arn = "arn:aws:iam::%s:role/x/boto-role" % account
    taken = sts.assume_role(RoleArn=arn, RoleSessionName="by-boto", DurationSeconds=900,
                            Policy=document("sts:*"), Tags=[{"Key": "team", "Value": "lab"}])
    keys = taken["Credentials"]
    assert taken["AssumedRoleUser"]["Arn"] == "arn:aws:sts::%s:assumed-role/boto-role/by-boto" % account
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert client("sts", session).get_caller_identity()["UserId"].endswith(":by-boto")
    text = refused("AccessDenied", client("iam", session).list_users)
    assert "is not authorized to perform: iam:ListUsers" in text, text
    refused("ValidationError", sts.assume_role, RoleArn=arn, RoleSessionName="too-long", DurationSeconds=43200)
    keys = sts.get_session_token(DurationSeconds=900)["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert client("sts", session).get_caller_identity()["Account"] == account
    refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage="nonsense")
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="no-ec2", Policy=document("sts:*"))["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    text = refused("UnauthorizedOperation", client("ec2", session).create_security_group, GroupName="no", Description="no")
    message = sts.decode_authorization_message(EncodedMessage=text.rsplit(" ", 1)[-1])["DecodedMessage"]
    assert json.loads(message)["context"]["action"] == "ec2:CreateSecurityGroup", message
    refused("InvalidIdentityToken", sts.assume_role_with_web_identity, RoleArn=arn, RoleSessionName="web",
            WebIdentityToken="a.b.c")
    # The account has no identity provider: the refusal is all there is to be had.
    called["sts"].add("AssumeRoleWithWebIdentity")
    iam.delete_role(RoleName="boto-role")


# --- Secrets Manager ---

def secrets():
    token = str(uuid.uuid4())
    made = sm.create_secret(Name="boto/one", SecretString='{"a":"ü"}', ClientRequestToken=token, Description="d", Tags=TAGS)
    assert made["VersionId"] == token
    again = sm.create_secret(Name="boto/one", SecretString='{"a":"ü"}', ClientRequestToken=token, Description="d", Tags=TAGS)
    assert again["ARN"] == made["ARN"]
    refused("ResourceExistsException", sm.create_secret, Name="boto/one", SecretString="other")
    empty = sm.create_secret(Name="boto/none")
    assert "VersionId" not in empty, empty
    assert sm.get_secret_value(SecretId="boto/one")["SecretString"] == '{"a":"ü"}'
    assert sm.get_secret_value(SecretId=made["ARN"][:-7])["Name"] == "boto/one"
    refused("ResourceNotFoundException", sm.get_secret_value, SecretId="boto/none")
    refused("ResourceNotFoundException", sm.get_secret_value, SecretId="boto/nowhere")
    put = sm.put_secret_value(SecretId="boto/one", SecretBinary=b"\x00\xff\x01")
    assert put["VersionStages"] == ["AWSCURRENT"]
    assert sm.get_secret_value(SecretId="boto/one")["SecretBinary"] == b"\x00\xff\x01"
    assert sm.get_secret_value(SecretId="boto/one", VersionStage="AWSPREVIOUS")["VersionId"] == token
    sm.put_secret_value(SecretId="boto/one", SecretString="p", VersionStages=["MINE"])
    sm.update_secret_version_stage(SecretId="boto/one", VersionStage="AWSCURRENT", RemoveFromVersionId=put["VersionId"],
                                   MoveToVersionId=token)
    refused("InvalidParameterException", sm.update_secret_version_stage, SecretId="boto/one", VersionStage="AWSCURRENT",
            RemoveFromVersionId=token)
    updated = sm.update_secret(SecretId="boto/one", Description="new", SecretString="latest")
    assert sm.get_secret_value(SecretId="boto/one", VersionId=updated["VersionId"])["SecretString"] == "latest"
    described = sm.describe_secret(SecretId="boto/one")
    assert described["Description"] == "new" and "RotationEnabled" not in described, described
    assert len(sm.list_secret_version_ids(SecretId="boto/one", IncludeDeprecated=True)["Versions"]) >= 3
    found = pages(sm, "list_secrets", "SecretList", Filters=[{"Key": "name", "Values": ["boto/"]}],
                  SortOrder="asc", PaginationConfig={"PageSize": 1})
    assert [s["Name"] for s in found] == ["boto/one", "boto/none"], found
    batch = sm.batch_get_secret_value(SecretIdList=["boto/one", "boto/nowhere"])
    assert len(batch["SecretValues"]) == 1 and batch["Errors"][0]["ErrorCode"] == "ResourceNotFoundException", batch
    assert sm.batch_get_secret_value(Filters=[{"Key": "tag-key", "Values": ["Zweck"]}])["SecretValues"]
    sm.tag_resource(SecretId="boto/one", Tags=[{"Key": "k", "Value": "v"}])
    sm.untag_resource(SecretId="boto/one", TagKeys=["Zweck"])
    assert {t["Key"] for t in sm.describe_secret(SecretId="boto/one")["Tags"]} == {"lab:name", "k"}
    assert len(sm.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]) == 40
    refused("InvalidParameterException", sm.get_random_password, PasswordLength=2)


def secret_policies():
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::%s:root" % account},
        "Action": "secretsmanager:PutSecretValue", "Resource": "*"}]})
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId="boto/one")
    assert sm.validate_resource_policy(ResourcePolicy=policy)["PolicyValidationPassed"]
    sm.put_resource_policy(SecretId="boto/one", ResourcePolicy=policy, BlockPublicPolicy=True)
    assert json.loads(sm.get_resource_policy(SecretId="boto/one")["ResourcePolicy"]) == json.loads(policy)
    text = refused("AccessDeniedException", sm.put_secret_value, SecretId="boto/one", SecretString="x")
    assert text.endswith("with an explicit deny in a resource-based policy"), text
    sm.delete_resource_policy(SecretId="boto/one")
    refused("MalformedPolicyDocumentException", sm.put_resource_policy, SecretId="boto/one", ResourcePolicy="{}")


def secret_end():
    gone = sm.delete_secret(SecretId="boto/one", RecoveryWindowInDays=7)
    assert gone["DeletionDate"].timestamp() > time.time() + 6 * 86400
    refused("InvalidRequestException", sm.get_secret_value, SecretId="boto/one")
    refused("InvalidRequestException", sm.create_secret, Name="boto/one", SecretString="x")
    assert "DeletedDate" in sm.describe_secret(SecretId="boto/one")
    assert pages(sm, "list_secrets", "SecretList", IncludePlannedDeletion=True)
    sm.restore_secret(SecretId="boto/one")
    for name in ("boto/one", "boto/none"):
        sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", sm.describe_secret, SecretId="boto/one")


# --- EC2 and RDS ---

def workstation():
    found = pages(ec2, "describe_instances", "Reservations", Filters=[
        {"Name": "tag:Name", "Values": ["aws-cloud9-auroralab-client-ide*"]},
        {"Name": "instance-state-name", "Values": ["running", "stopped"]}])
    assert len(found) == 1
    return found[0]["Instances"][0]


def network():
    instance = workstation()
    vpc = instance["VpcId"]
    ours = [{"Name": "vpc-id", "Values": [vpc]}]
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "available"
    assert len(pages(ec2, "describe_subnets", "Subnets", Filters=ours)) == 4
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    assert pages(ec2, "describe_security_groups", "SecurityGroups", Filters=ours)
    ec2.describe_network_interfaces(Filters=ours)
    ec2.describe_route_tables(Filters=ours)
    group = ec2.create_security_group(GroupName="boto", Description="made by boto3", VpcId=vpc, TagSpecifications=[
        {"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "boto"}]}])["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": [{"GroupId": group}],
                  "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}]}
    rules = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"]
    assert len(rules) == 2
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[permission])
    assert len(pages(ec2, "describe_security_group_rules", "SecurityGroupRules",
                     Filters=[{"Name": "group-id", "Values": [group]}])) == 3
    ec2.get_waiter("security_group_exists").wait(GroupIds=[group], WaiterConfig=QUICK)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rules[0]["SecurityGroupRuleId"]])
    end = ec2.create_vpc_endpoint(VpcEndpointType="Interface", VpcId=vpc, SubnetIds=[instance["SubnetId"]],
                                  ServiceName="com.amazonaws.%s.secretsmanager" % ec2.meta.region_name,
                                  SecurityGroupIds=[group], PrivateDnsEnabled=True)["VpcEndpoint"]
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[end["VpcEndpointId"]])["VpcEndpoints"][0]["VpcId"] == vpc
    ec2.create_tags(Resources=[group], Tags=[{"Key": "k", "Value": "v"}])
    assert len(pages(ec2, "describe_tags", "Tags", Filters=[{"Name": "resource-id", "Values": [group]}])) == 2
    ec2.delete_tags(Resources=[group], Tags=[{"Key": "k"}])
    other = ec2.create_security_group(GroupName="boto2", Description="short-lived", VpcId=vpc)["GroupId"]
    refused("DryRunOperation", ec2.delete_security_group, GroupId=other, DryRun=True)
    ec2.delete_security_group(GroupId=other)
    refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=[other])


def profile_associations():
    instance = workstation()["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=QUICK)
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="required", HttpPutResponseHopLimit=2)
    refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])

    def current():
        found = pages(ec2, "describe_iam_instance_profile_associations", "IamInstanceProfileAssociations",
                      Filters=[{"Name": "instance-id", "Values": [instance]}])
        return found[0] if len(found) == 1 and found[0]["State"] == "associated" else None

    before = until(current)
    arn = {"Arn": before["IamInstanceProfile"]["Arn"]}
    refused("IncorrectState", ec2.associate_iam_instance_profile, InstanceId=instance, IamInstanceProfile=arn)
    changed = ec2.replace_iam_instance_profile_association(AssociationId=before["AssociationId"], IamInstanceProfile=arn)
    assert changed["IamInstanceProfileAssociation"]["AssociationId"] != before["AssociationId"]
    now = until(current)
    ec2.disassociate_iam_instance_profile(AssociationId=now["AssociationId"])
    until(lambda: not ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"])
    ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile=arn)
    until(current)


def databases():
    cluster = pages(rds, "describe_db_clusters", "DBClusters")[0]
    name = cluster["DBClusterIdentifier"]
    assert cluster["Status"] == "available"
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=name, WaiterConfig=QUICK)
    kinds = [e["EndpointType"] for e in pages(rds, "describe_db_cluster_endpoints", "DBClusterEndpoints", DBClusterIdentifier=name)]
    assert sorted(kinds) == ["READER", "WRITER"], kinds
    members = pages(rds, "describe_db_instances", "DBInstances", Filters=[{"Name": "db-cluster-id", "Values": [name]}])
    assert len(members) == len(cluster["DBClusterMembers"]) == 2
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=members[0]["DBInstanceIdentifier"], WaiterConfig=QUICK)
    assert rds.describe_db_subnet_groups(DBSubnetGroupName=cluster["DBSubnetGroup"])["DBSubnetGroups"][0]["Subnets"]
    rds.list_tags_for_resource(ResourceName=cluster["DBClusterArn"])
    refused("DBClusterNotFoundFault", rds.describe_db_clusters, DBClusterIdentifier="none")
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="none")
    refused("DBSubnetGroupNotFoundFault", rds.describe_db_subnet_groups, DBSubnetGroupName="none")


# --- CloudFormation, rotation, functions, logs ---

STACK, FUNCTION = "boto-rotation", "boto-rotation-lambda"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def template():
    subnets = ec2.describe_subnets()["Subnets"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["auroralab-database-sg"]}])
    return json.dumps({
        "AWSTemplateFormatVersion": "2010-09-09", "Description": "Rotation of one secret",
        "Transform": "AWS::SecretsManager-2024-09-16",
        "Parameters": {"Secret": {"Type": "String", "Description": "ARN"}},
        "Resources": {"Schedule": {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {
                "SecretId": {"Ref": "Secret"}, "RotationRules": {"AutomaticallyAfterDays": 30},
                "HostedRotationLambda": {
                    "RotationType": "MySQLSingleUser", "RotationLambdaName": FUNCTION,
                    "VpcSubnetIds": ",".join(s["SubnetId"] for s in subnets[:2]),
                    "VpcSecurityGroupIds": groups["SecurityGroups"][0]["GroupId"]}}}},
        "Outputs": {"Rotated": {"Value": {"Ref": "Schedule"}}}})


def rotated(secret, version):
    return "AWSCURRENT" in sm.describe_secret(SecretId=secret)["VersionIdsToStages"].get(version, [])


def stacks():
    # The admin's account in the form the function wants; its password changes here.
    admin = json.loads(sm.get_secret_value(SecretId="secretClusterAdminUser")["SecretString"])
    admin.update(engine="mysql", host=rds.describe_db_clusters()["DBClusters"][0]["Endpoint"])
    secret = sm.create_secret(Name="boto-rotated", SecretString=json.dumps(admin))["ARN"]
    given = dict(StackName=STACK, TemplateBody=template(),
                 Parameters=[{"ParameterKey": "Secret", "ParameterValue": secret}])
    cfn.validate_template(TemplateBody=template())
    summary = cfn.get_template_summary(TemplateBody=template())
    assert summary["DeclaredTransforms"] == ["AWS::SecretsManager-2024-09-16"], summary
    refused("InsufficientCapabilitiesException", cfn.create_stack, **given)
    refused("ValidationError", cfn.describe_stacks, StackName=STACK)
    token = str(uuid.uuid4())
    made = cfn.create_stack(Capabilities=CAPABILITIES, ClientRequestToken=token, Tags=TAGS[:1], **given)["StackId"]
    cfn.get_waiter("stack_exists").wait(StackName=STACK, WaiterConfig=QUICK)
    cfn.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=QUICK)
    refused("AlreadyExistsException", cfn.create_stack, Capabilities=CAPABILITIES, **given)
    stack = cfn.describe_stacks(StackName=made)["Stacks"][0]
    assert stack["Outputs"] == [{"OutputKey": "Rotated", "OutputValue": secret}], stack
    events = pages(cfn, "describe_stack_events", "StackEvents", StackName=STACK)
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE" and events[0]["ClientRequestToken"] == token
    assert pages(cfn, "list_stack_resources", "StackResourceSummaries", StackName=STACK)
    resources = cfn.describe_stack_resources(StackName=STACK)["StackResources"]
    nested = [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::CloudFormation::Stack"]
    assert nested and cfn.describe_stacks(StackName=nested[0])["Stacks"][0]["ParentId"] == made
    assert cfn.describe_stack_resource(StackName=STACK, LogicalResourceId=resources[0]["LogicalResourceId"])
    assert json.loads(json.dumps(cfn.get_template(StackName=STACK)["TemplateBody"])) == json.loads(template())
    assert cfn.get_template(StackName=STACK, TemplateStage="Processed")["StagesAvailable"] == ["Original", "Processed"]
    assert STACK in [s["StackName"] for s in pages(cfn, "list_stacks", "StackSummaries", StackStatusFilter=["CREATE_COMPLETE"])]
    refused("ValidationError", cfn.update_stack, Capabilities=CAPABILITIES, **given)
    until(lambda: sm.describe_secret(SecretId=secret).get("LastRotatedDate"))


def change_sets():
    given = dict(StackName=STACK, UsePreviousTemplate=False, Capabilities=CAPABILITIES,
                 TemplateBody=template().replace('"AutomaticallyAfterDays": 30', '"AutomaticallyAfterDays": 20'),
                 Parameters=[{"ParameterKey": "Secret", "UsePreviousValue": True}])
    made = cfn.create_change_set(ChangeSetName="first", ClientToken=str(uuid.uuid4()), **given)["Id"]
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=QUICK)
    shown = cfn.describe_change_set(ChangeSetName="first", StackName=STACK)
    assert [c["ResourceChange"]["LogicalResourceId"] for c in shown["Changes"]] == ["Schedule"], shown["Changes"]
    cfn.delete_change_set(ChangeSetName=made)
    refused("ChangeSetNotFound", cfn.describe_change_set, ChangeSetName="first", StackName=STACK)
    made = cfn.create_change_set(ChangeSetName="second", ChangeSetType="UPDATE", **given)["Id"]
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=QUICK)
    cfn.execute_change_set(ChangeSetName=made, ClientRequestToken=str(uuid.uuid4()))
    cfn.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig=QUICK)
    assert sm.describe_secret(SecretId="boto-rotated")["RotationRules"]["AutomaticallyAfterDays"] == 20
    assert cfn.describe_events(StackName=STACK)["OperationEvents"]
    made = cfn.create_change_set(ChangeSetName="nothing", **given)["Id"]
    try:
        cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=QUICK)
    except botocore.exceptions.WaiterError as error:
        assert "didn't contain changes" in error.last_response["StatusReason"], error.last_response
    else:
        raise AssertionError("a change set without changes was made")
    cfn.delete_change_set(ChangeSetName=made)
    cfn.update_stack(Capabilities=CAPABILITIES, StackName=STACK, TemplateBody=template(),
                     Parameters=[{"ParameterKey": "Secret", "UsePreviousValue": True}])
    cfn.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig=QUICK)


def lambda_functions():
    found = [f for f in pages(functions, "list_functions", "Functions") if f["FunctionName"] == FUNCTION]
    arn = found[0]["FunctionArn"]
    for name in ("function_active_v2", "function_exists", "function_updated_v2"):
        functions.get_waiter(name).wait(FunctionName=FUNCTION, WaiterConfig=QUICK)
    got = functions.get_function(FunctionName=arn)
    assert got["Configuration"]["State"] == "Active" and got["Code"]["RepositoryType"] == "S3", got
    assert functions.get_function_configuration(FunctionName=FUNCTION)["VpcConfig"]["SubnetIds"]
    assert "secretsmanager.amazonaws.com" in functions.get_policy(FunctionName=FUNCTION)["Policy"]
    functions.add_permission(FunctionName=FUNCTION, StatementId="boto", Action="lambda:InvokeFunction",
                             Principal="secretsmanager.amazonaws.com", SourceAccount=account)
    refused("ResourceConflictException", functions.add_permission, FunctionName=FUNCTION, StatementId="boto",
            Action="lambda:InvokeFunction", Principal="secretsmanager.amazonaws.com")
    functions.remove_permission(FunctionName=FUNCTION, StatementId="boto")
    functions.list_tags(Resource=arn)
    assert pages(functions, "list_versions_by_function", "Versions", FunctionName=FUNCTION)
    functions.get_function_code_signing_config(FunctionName=FUNCTION)
    answer = functions.invoke(FunctionName=FUNCTION, Payload=json.dumps({"Step": "nonsense"}))
    assert answer["FunctionError"] == "Unhandled" and "errorMessage" in json.loads(answer["Payload"].read())
    refused("ResourceNotFoundException", functions.get_function, FunctionName="nobody")


def rotation():
    secret = "boto-rotated"
    turned = sm.rotate_secret(SecretId=secret, ClientRequestToken=str(uuid.uuid4()))
    until(lambda: rotated(secret, turned["VersionId"]))
    sm.rotate_secret(SecretId=secret, RotationRules={"ScheduleExpression": "rate(10 days)", "Duration": "2h"},
                     RotateImmediately=False)
    assert sm.describe_secret(SecretId=secret)["RotationRules"]["ScheduleExpression"] == "rate(10 days)"
    sm.cancel_rotate_secret(SecretId=secret)
    assert sm.describe_secret(SecretId=secret)["RotationEnabled"] is False


def log_groups():
    name = "/boto/group"
    logs.create_log_group(logGroupName=name, tags={"k": "v"})
    refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    group = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=name)[0]
    assert group["retentionInDays"] == 7
    arn = group["arn"].removesuffix(":*")
    logs.tag_resource(resourceArn=arn, tags={"more": "tags"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"k": "v", "more": "tags"}
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[
        {"timestamp": now, "message": "first"}, {"timestamp": now + 1, "message": "second"}])
    assert logs.describe_log_streams(logGroupName=name)["logStreams"][0]["logStreamName"] == "s"
    assert len(logs.get_log_events(logGroupName=name, logStreamName="s", startFromHead=True)["events"]) == 2
    assert [e["message"] for e in pages(logs, "filter_log_events", "events", logGroupName=name, filterPattern="second")] == ["second"]
    logs.delete_log_group(logGroupName=name)
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName=name)
    assert pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix="/aws/lambda/" + FUNCTION)


def stack_end():
    made = cfn.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    cfn.delete_stack(StackName=STACK)
    cfn.get_waiter("stack_delete_complete").wait(StackName=made, WaiterConfig=QUICK)
    assert cfn.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    refused("ValidationError", cfn.describe_stacks, StackName=STACK)
    cfn.delete_stack(StackName="nobody")
    # DeleteFunction has no function of its own to delete: the stack's is gone.
    refused("ResourceNotFoundException", functions.delete_function, FunctionName=FUNCTION)
    called["lambda"].add("DeleteFunction")
    sm.delete_secret(SecretId="boto-rotated", ForceDeleteWithoutRecovery=True)


# --- SSM and CloudTrail ---

def commands():
    instance = workstation()["InstanceId"]
    info = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [instance]}])
    assert info["InstanceInformationList"][0]["PingStatus"] == "Online", info
    sent = ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Comment="by boto3",
                            Parameters={"commands": ["echo out; echo err >&2", "exit 3"]})["Command"]

    def finished():
        try:
            got = ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=instance)
        except ssm.exceptions.InvocationDoesNotExist:
            return None
        return got if got["Status"] not in ("Pending", "InProgress", "Delayed") else None

    got = until(finished)
    assert (got["Status"], got["ResponseCode"]) == ("Failed", 3), got
    assert got["StandardOutputContent"] == "out\n", got
    assert pages(ssm, "list_command_invocations", "CommandInvocations", CommandId=sent["CommandId"], Details=True)
    sent = ssm.send_command(Targets=[{"Key": "InstanceIds", "Values": [instance]}], DocumentName="AWS-RunShellScript",
                            Parameters={"commands": ["true"]})["Command"]
    until(lambda: pages(ssm, "list_command_invocations", "CommandInvocations", CommandId=sent["CommandId"]))
    ssm.get_waiter("command_executed").wait(CommandId=sent["CommandId"], InstanceId=instance, WaiterConfig=QUICK)
    refused("InvalidInstanceId", ssm.send_command, InstanceIds=["i-0123456789abcdef0"], DocumentName="AWS-RunShellScript",
            Parameters={"commands": ["true"]})
    refused("InvalidDocument", ssm.send_command, InstanceIds=[instance], DocumentName="Nothing")


def events():
    def seen():
        found = pages(trail, "lookup_events", "Events", LookupAttributes=[
            {"AttributeKey": "EventName", "AttributeValue": "CreateSecret"}], PaginationConfig={"PageSize": 2})
        return found if any("boto/none" in e["CloudTrailEvent"] for e in found) else None

    record = json.loads(until(seen)[-1]["CloudTrailEvent"])
    assert record["eventSource"] == "secretsmanager.amazonaws.com" and record["userIdentity"]["type"] == "IAMUser"
    refused("InvalidTimeRangeException", trail.lookup_events, StartTime=200000, EndTime=100000)


def everything():
    missing = ["%s.%s" % (s, o) for s, text in OPERATIONS.items() for o in text.split() if o not in called[s]]
    assert not missing, "never answered: %s" % " ".join(missing)


CASES = [
    ("IAM roles", iam_roles), ("IAM policies", iam_policies), ("IAM instance profiles", iam_profiles),
    ("IAM users, keys and groups", iam_users), ("STS sessions", sts_sessions), ("secrets and versions", secrets),
    ("resource policies", secret_policies), ("deletion and restoring", secret_end), ("network", network),
    ("instance profile associations", profile_associations), ("databases", databases), ("stacks", stacks),
    ("change sets", change_sets), ("functions", lambda_functions), ("rotation", rotation), ("log groups", log_groups),
    ("the end of a stack", stack_end), ("commands on the workstation", commands), ("CloudTrail", events),
    ("every operation was answered", everything),
]


def main():
    for number, (name, case) in enumerate(CASES, 1):
        wrong.clear()
        problem = None
        try:
            case()
        except Exception:  # a case that fails must not hide the others
            problem = traceback.format_exc(limit=-2)
        lines = sorted(set(wrong)) + (problem or "").splitlines()
        print("%s %d - boto3: %s" % ("not ok" if lines else "ok", number, name), flush=True)
        for line in lines:
            print("# " + line, flush=True)
    print("1..%d" % len(CASES), flush=True)


if __name__ == "__main__":
    main()
