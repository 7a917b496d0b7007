#!/usr/bin/env python3
"""The questions of tests/why/worlds.json, asked in a sandbox: each request is made,
`lab why` has to give the decision, AWS's reason and the statement, its changes are
applied as the calls they come as, and the request is made again. WHY_ALL=1 asks all.
Prints TAP."""

import json
import os
import subprocess
import sys

import boto3
import botocore.config
import botocore.exceptions

LAB, WORLDS = sys.argv[1:]
SECRETS = {"red": {"team": "paint"}, "green": {"team": "garden"}, "blue": {}, "red-eye": {}}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# CloudTrail answers twice a second and no more: many attempts.
CONFIG = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 10})
clients = {}


def client(service, keys=None):
    at = (service, keys and keys["AccessKeyId"])
    if at not in clients:
        session = boto3.Session(**({} if not keys else {
            "aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys.get("SessionToken")}))
        clients[at] = session.client(service, config=CONFIG)
    return clients[at]


iam, secrets, sts = client("iam"), client("secretsmanager"), client("sts")
ACCOUNT = sts.get_caller_identity()["Account"]
TRUST = {"Version": "2012-10-17",
         "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}


def tags(of):
    return [{"Key": key, "Value": value} for key, value in of.items()]


ARN = {name: secrets.create_secret(Name="why-" + name, SecretString="x", Tags=tags(of))["ARN"]
       for name, of in SECRETS.items()}
ARN["trusted"] = iam.create_role(RoleName="why-trusted", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
ARN["*"] = "*"


def request(action, arn, keys):
    """Makes the request. None, or the refusal."""
    service, name = action.split(":")
    secret = {"SecretId": arn}
    more = {"PutSecretValue": {"SecretString": "x"}, "TagResource": {"Tags": tags({"why": "x"})}}
    given = {**secret, **more.get(name, {})} if service == "secretsmanager" and arn != "*" else {}
    if name == "AssumeRole":
        given = {"RoleArn": arn, "RoleSessionName": "trusted"}
    method = {"DescribeDBClusters": "describe_db_clusters"}.get(
        name, "".join("_" * (c.isupper() and i > 0) + c.lower() for i, c in enumerate(name)))
    try:
        getattr(client(service, keys), method)(**given)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return error.response["Error"]["Message"]
    return None


class World:
    """A principal with what bears on it, made and put back."""

    def __init__(self, number, spec):
        self.user = spec["who"] == "user"
        self.name = "why-%s-%d" % ("user" if self.user else "role", number)
        self.number, self.sessions = number, 0
        self.arn = "arn:aws:iam::%s:%s/%s" % (ACCOUNT, spec["who"], self.name)
        self.spec = json.loads(self.fill(json.dumps(spec)))
        self.parameter = "UserName" if self.user else "RoleName"
        if self.user:
            iam.create_user(UserName=self.name, Tags=tags(spec.get("tags", {})))
            self.keys = iam.create_access_key(UserName=self.name)["AccessKey"]
        else:
            iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.managed = {name: iam.create_policy(PolicyName="%s-%s" % (self.name, name),
                                                PolicyDocument=json.dumps(document))["Policy"]["Arn"]
                        for name, document in self.spec.get("managed", {}).items()}
        if "group" in self.spec:
            iam.create_group(GroupName=self.name)
            iam.add_user_to_group(GroupName=self.name, UserName=self.name)
        if isinstance(self.spec.get("boundary"), dict):
            self.boundary = iam.create_policy(PolicyName=self.name + "-boundary", PolicyDocument=json.dumps(
                self.spec["boundary"]))["Policy"]["Arn"]
        elif "boundary" in self.spec:
            self.boundary = "arn:aws:iam::aws:policy/" + self.spec["boundary"].split(":")[1]
        self.put_back()

    def fill(self, text):
        short = ARN["red"][:-7]
        for mark, value in (("$short_red", short), ("$any_red", short + "-??????"), ("$principal", self.arn),
                            ("$account", ACCOUNT), *(("$" + name, ARN[name]) for name in
                                                     ("red-eye", "red", "green", "blue", "trusted"))):
            text = text.replace(mark, value)
        return text

    def of(self, verb, noun, **given):
        return getattr(iam, "%s_%s_%s" % (verb, "user" if self.user else "role", noun))(
            **{self.parameter: self.name}, **given)

    def put_back(self):
        spec = self.spec
        for name in self.of("list", "policies")["PolicyNames"]:
            if name not in spec.get("inline", {}):
                self.of("delete", "policy", PolicyName=name)
        for name, document in spec.get("inline", {}).items():
            self.of("put", "policy", PolicyName=name, PolicyDocument=json.dumps(document))
        for name, arn in self.managed.items():
            self.first_version(arn)
            self.of("attach", "policy", PolicyArn=arn)
        for name in spec.get("aws", []):
            self.of("attach", "policy", PolicyArn="arn:aws:iam::aws:policy/" + name)
        for name, document in spec.get("group", {}).items():
            iam.put_group_policy(GroupName=self.name, PolicyName=name, PolicyDocument=json.dumps(document))
        if "boundary" in spec:
            if isinstance(spec["boundary"], dict):
                self.first_version(self.boundary)
            self.of("put", "permissions_boundary", PermissionsBoundary=self.boundary)
            for copy in iam.list_policies(Scope="Local")["Policies"]:
                if copy["PolicyName"].endswith("-for-" + self.name):
                    iam.delete_policy(PolicyArn=copy["Arn"])
        for name, document in spec.get("resource", {}).items():
            secrets.put_resource_policy(SecretId=ARN[name], ResourcePolicy=json.dumps(document))
        if "trust" in spec:
            iam.update_assume_role_policy(RoleName="why-trusted", PolicyDocument=json.dumps(spec["trust"]))

    @staticmethod
    def first_version(arn):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) > 1:
            iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        for version in versions:
            if version["VersionId"] != "v1":
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    def leave(self):
        for name in self.spec.get("resource", {}):
            secrets.delete_resource_policy(SecretId=ARN[name])

    def caller(self):
        """Keys, and how `lab why` is told who it is."""
        if self.user:
            return self.keys, self.name
        self.sessions += 1
        name = "asks-%d-%d" % (self.number, self.sessions)
        given = {"Policy": json.dumps(self.spec["session"])} if "session" in self.spec else {}
        keys = sts.assume_role(RoleArn=self.arn, RoleSessionName=name, **given)["Credentials"]
        if not given:
            return keys, "role/" + self.name
        return keys, "arn:aws:sts::%s:assumed-role/%s/%s" % (ACCOUNT, self.name, name)


def why(principal, action, resource):
    out = subprocess.run([LAB, "why", principal, action, resource, "--json"], stdout=subprocess.PIPE, check=True).stdout
    return next(event for event in map(json.loads, out.splitlines()) if event["type"] == "why")


def apply(changes, keys):
    for change in changes:
        for call in change["calls"]:
            name = "".join("_" * (c.isupper() and i > 0) + c.lower() for i, c in enumerate(call["operation"]))
            reply = getattr(client(call["service"]), name)(**call["input"])
            keys = reply.get("Credentials", keys)
    return keys


def summary(event):
    statement = event["statement"] or "-"
    statement = "*" if statement.isdigit() else statement
    if event["decision"] == "implicitly denied":
        return "none %s %s" % (event["side"], statement)
    return "%s %s" % ("allow" if event["decision"] == "allowed" else "deny", statement)


def ask(world, action, resource, want):
    keys, principal = world.caller()
    refusal = request(action, ARN[resource], keys)
    event = why(principal, action, "why-" + resource if resource in SECRETS else ARN[resource])
    at = "%s on %s: " % (action, resource)
    assert summary(event) == want, at + "%s, not %s" % (summary(event), want)
    assert (refusal is None) == want.startswith("allow"), at + "the request itself: %s" % refusal
    assert refusal is None or action == "sts:AssumeRole" or event["reason"] in refusal, at + refusal
    assert bool(event["changes"]) == (refusal is not None), at + "changes"
    if refusal:
        keys = apply(event["changes"], keys)
        again = request(action, ARN[resource], keys)
        assert again is None, at + "still %s after %s" % (again, [c["what"] for c in event["changes"]])
        world.put_back()


def main():
    with open(WORLDS, encoding="utf-8") as file:
        specs = json.load(file)
    asked = bad = 0
    every = os.environ.get("WHY_ALL")
    for number, spec in enumerate(specs, 1):
        wrong = []
        world = World(number, spec)
        # The unit test asks all; here one of each world, another in the next.
        for question in spec["ask"] if every else [spec["ask"][number % len(spec["ask"])]]:
            asked += 1
            try:
                ask(world, *question)
            except (AssertionError, botocore.exceptions.ClientError, subprocess.CalledProcessError) as error:
                wrong.append(str(error))
                world.put_back()
        world.leave()
        bad += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", number, spec["name"]), flush=True)
        for text in wrong:
            print("# " + text)
    print("# %d questions" % asked)
    print("1..%d" % len(specs))
    return bad > 0


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.exit(main())
