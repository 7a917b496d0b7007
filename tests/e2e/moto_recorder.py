#!/usr/bin/env python3
"""Stands between lab and a server and holds each request against botocore's models.

    moto_recorder.py SERVER_PORT OUT

Prints its own port. Passes requests on as they are and writes a line for each to
OUT: "SERVICE OPERATION ok", or what the model has to say against it: a member
it does not know, a required one that is missing, a value of a wrong type, length
or pattern.
"""

import base64
import http.client
import http.server
import json
import re
import sys
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.validate

SERVER_PORT, OUT = int(sys.argv[1]), open(sys.argv[2], "a", buffering=1)
# As the credential scope names them.
SERVICES = {"iam", "sts", "ec2", "ssm", "secretsmanager"}
LOADER = botocore.loaders.Loader()
SKIPPED = {"Authorization", "Host", "Connection", "Content-Length", "Transfer-Encoding"}


class Form:
    """A form's parameters as the members of a shape, each taken once."""

    def __init__(self, pairs, ec2):
        self.left = dict(pairs)
        self.ec2 = ec2

    def wire(self, name, shape):
        given = shape.serialization
        if self.ec2:
            plain = given.get("name", name)
            return given.get("queryName", plain[0].upper() + plain[1:])
        return given.get("name", name)

    def below(self, prefix):
        return any(key == prefix or key.startswith(prefix + ".") for key in self.left)

    def take(self, shape, prefix):
        return getattr(self, "take_" + shape.type_name, self.take_scalar)(shape, prefix)

    def take_structure(self, shape, prefix):
        out = {}
        for name, member in shape.members.items():
            at = (prefix + "." if prefix else "") + self.wire(name, member)
            if self.below(at):
                out[name] = self.take(member, at)
        return out

    def take_list(self, shape, prefix):
        out = []
        if not self.ec2 and not shape.serialization.get("flattened"):
            prefix += "." + shape.member.serialization.get("name", "member")
        if self.left.get(prefix) == "":
            del self.left[prefix]
        while self.below("%s.%d" % (prefix, len(out) + 1)):
            out.append(self.take(shape.member, "%s.%d" % (prefix, len(out) + 1)))
        return out

    def take_scalar(self, shape, prefix):
        text = self.left.pop(prefix, "")
        if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
            return int(text)
        if shape.type_name == "boolean" and text in ("true", "false"):
            return text == "true"
        if shape.type_name == "blob":
            return base64.b64decode(text, validate=True)
        return text


def patterns(shape, value, path):
    """What botocore itself does not look at: patterns and enumerations."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from patterns(shape.members[name], member, path + "." + name)
    elif shape.type_name == "list":
        for one in value:
            yield from patterns(shape.member, one, path + "[]")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield "%s: %r is not in the enumeration" % (path, value)
        most, least = shape.metadata.get("max"), shape.metadata.get("min", 0)
        if len(value) < least or most is not None and len(value) > most:
            yield "%s: %d characters" % (path, len(value))


def judge(service, headers, body):
    """(operation, complaints)"""
    model = botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    protocol = model.metadata["protocol"]
    complaints = []
    if protocol == "json":
        prefix, operation = headers["X-Amz-Target"].split(".")
        if prefix != model.metadata["targetPrefix"]:
            complaints.append("target prefix " + prefix)
        value = json.loads(body)
        shape = model.operation_model(operation).input_shape
        unknown = sorted(set(value) - set(shape.members))
        complaints += ["unknown member " + name for name in unknown]
        value = {name: member for name, member in value.items() if name in shape.members}
    else:
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        form = Form(pairs, protocol == "ec2")
        if len(form.left) != len(pairs):
            complaints.append("a parameter comes twice")
        operation = form.left.pop("Action")
        if form.left.pop("Version") != model.metadata["apiVersion"]:
            complaints.append("version")
        shape = model.operation_model(operation).input_shape
        value = form.take_structure(shape, "") if shape else {}
        complaints += ["unknown parameter " + name for name in sorted(form.left)]
    if shape:
        report = botocore.validate.ParamValidator().validate(value, shape)
        if report.has_errors():
            complaints += report.generate_report().splitlines()
        complaints += patterns(shape, value, operation)
    return operation, complaints


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scope = re.search(r"Credential=[^/]*/\d{8}/[^/]*/([^/]*)/aws4_request", self.headers.get("Authorization", ""))
        service = scope.group(1) if scope and scope.group(1) in SERVICES else "unsigned"
        try:
            operation, complaints = judge(service, self.headers, body)
        except Exception as error:  # said, and seen by the test
            operation, complaints = "?", ["%s: %s" % (type(error).__name__, error)]
        OUT.write("%s %s %s\n" % (service, operation, "; ".join(complaints) or "ok"))
        server = http.client.HTTPConnection("127.0.0.1", SERVER_PORT, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name not in SKIPPED - {"Authorization"}}
        server.request("POST", self.path, body, headers)
        reply = server.getresponse()
        data = reply.read()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name not in SKIPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        server.close()

    def log_message(self, *args):
        pass


recorder = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
print(recorder.server_address[1], flush=True)
recorder.serve_forever()
