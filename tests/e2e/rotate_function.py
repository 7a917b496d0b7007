#!/usr/bin/env python3
"""A rotation function for a MySQL user, one secret, one user: what Secrets
Manager asks of such a function, and nothing of where it runs.

The event comes on stdin, the answer goes to stdout. The database's certificate
is verified with the PEM file DB_CA names, else with the system's.
"""

import json
import os
import sys

import boto3
import pymysql


def secret(client, arn, stage, token=None):
    """The value under a label as a dict; None when there is none."""
    version = {"VersionId": token} if token else {}
    try:
        found = client.get_secret_value(SecretId=arn, VersionStage=stage, **version)
    except client.exceptions.ResourceNotFoundException:
        return None
    value = json.loads(found["SecretString"])
    for key in ("host", "username", "password"):
        if key not in value:
            raise KeyError("%s key is missing from secret JSON" % key)
    if value.get("engine") not in ("mysql", "aurora-mysql"):
        raise KeyError("the engine has to be mysql or aurora-mysql")
    return value


def connect(value):
    """A connection as the user of the secret; None when it is refused."""
    if value is None:
        return None
    ssl = str(value.get("ssl", "")).lower()
    ways = {"true": [True], "false": [False]}.get(ssl, [True, False])
    for tls in ways:
        try:
            return pymysql.connect(
                host=value["host"], port=int(value.get("port", 3306)), user=value["username"],
                password=value["password"], database=value.get("dbname"), connect_timeout=5,
                ssl={"ca": os.environ.get("DB_CA")} if tls else None)
        except pymysql.OperationalError as refused:
            print("connect as %s: %s" % (value["username"], refused.args[0]), file=sys.stderr)
    return None


def create_secret(client, arn, token):
    value = secret(client, arn, "AWSCURRENT")
    if secret(client, arn, "AWSPENDING", token):
        return
    value["password"] = client.get_random_password(ExcludeCharacters="/@\"'\\")["RandomPassword"]
    client.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(value),
                            VersionStages=["AWSPENDING"])


def set_secret(client, arn, token):
    pending = secret(client, arn, "AWSPENDING", token)
    current = secret(client, arn, "AWSCURRENT")
    connection = connect(pending)
    if connection:  # an earlier try has set it
        connection.close()
        return
    if (current["username"], current["host"]) != (pending["username"], pending["host"]):
        raise ValueError("user and host of the pending secret are not those of the current one")
    connection = connect(current) or connect(secret(client, arn, "AWSPREVIOUS"))
    if not connection:
        raise ValueError("no version of the secret can log in")
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        is_8 = cursor.fetchone()[0].startswith("8.")
        cursor.execute("SET PASSWORD = %s" if is_8 else "SET PASSWORD = PASSWORD(%s)", pending["password"])
    connection.commit()
    connection.close()


def test_secret(client, arn, token):
    connection = connect(secret(client, arn, "AWSPENDING", token))
    if not connection:
        raise ValueError("the pending secret cannot log in")
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOW()")
    connection.close()


def finish_secret(client, arn, token):
    stages = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    if current != token:
        client.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token,
                                           RemoveFromVersionId=current)


STEPS = {"createSecret": create_secret, "setSecret": set_secret, "testSecret": test_secret,
         "finishSecret": finish_secret}


def lambda_handler(event, _context):
    arn, token = event["SecretId"], event["ClientRequestToken"]
    client = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
    described = client.describe_secret(SecretId=arn)
    labels = described["VersionIdsToStages"].get(token)
    if not described.get("RotationEnabled"):
        raise ValueError("rotation of the secret is not enabled")
    if labels is None:
        raise ValueError("the secret has no such version")
    if "AWSCURRENT" in labels:
        return
    if "AWSPENDING" not in labels:
        raise ValueError("the version is not labelled AWSPENDING")
    STEPS[event["Step"]](client, arn, token)


if __name__ == "__main__":
    json.dump(lambda_handler(json.load(sys.stdin), None), sys.stdout)
