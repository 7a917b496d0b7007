#!/usr/bin/env python3
"""An application on the workstation: instance role, boto3 and, where it is there, pymysql.

    instance.py SECRET [--password-only]

Reads the secret with nothing but the instance's role, connects over TLS to the default port,
creates a table, inserts, selects and drops it. A refused read prints AWS's sentence and ends
with status 77.
"""

import json
import os
import sys

import boto3
import botocore.exceptions


def read_secret(name):
    session = boto3.Session(region_name=os.environ["AWS_REGION"])
    credentials = session.get_credentials()
    assert credentials.method == "iam-role", "credentials came from %s" % credentials.method
    # Named here, for versions that do not know the variable.
    client = session.client("secretsmanager", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    try:
        return json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    except botocore.exceptions.ClientError as error:
        print(error)
        sys.exit(77)


def use_database(secret):
    import pymysql

    connection = pymysql.connect(host=secret["host"], user=secret["username"], password=secret["password"],
                                 database=secret["dbname"], ssl={"ca": os.environ["LAB_CA"]}, connect_timeout=10)
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert cursor.fetchone()[1], "the connection has no cipher"
        cursor.execute("CREATE TABLE by_instance (id INT PRIMARY KEY, word VARCHAR(20))")
        try:
            cursor.execute("INSERT INTO by_instance VALUES (%s, %s), (%s, %s)", (1, "one", 2, "zwölf"))
            connection.commit()
            cursor.execute("SELECT word FROM by_instance ORDER BY id")
            rows = cursor.fetchall()
            assert rows == (("one",), ("zwölf",)), rows
        finally:
            cursor.execute("DROP TABLE by_instance")


def main():
    secret = read_secret(sys.argv[1])
    print("read the secret of", secret["username"])
    if sys.argv[2:] != ["--password-only"]:
        use_database(secret)
        print("used the database")


if __name__ == "__main__":
    main()
