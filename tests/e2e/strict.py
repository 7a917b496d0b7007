"""Holds raw replies against botocore's service models, strictly.

botocore's own parser passes over what it does not know. Here a member the
model does not name, a required one that is missing, a value of the wrong type
or outside its enumeration is a complaint.
"""

import base64
import datetime
import json
import re
import xml.etree.ElementTree as ElementTree

# The wrapper of the query protocol and botocore's view of it.
METADATA = {"ResponseMetadata", "requestId"}


def local(tag):
    return tag.rsplit("}", 1)[-1]


class Strict:
    """One reply's complaints, each with the path of the member."""

    def __init__(self):
        self.complaints = []

    def say(self, path, text):
        self.complaints.append("%s: %s" % (path or "reply", text))

    def required(self, shape, found, path):
        for name in shape.required_members:
            if name not in found:
                self.say(path, "lacks %s" % name)

    # --- values ---

    def text(self, shape, value, path):
        # The service says "Policy" here and the model another word; the events of a
        # stack show all of its own states.
        said_otherwise = (shape.name == "PermissionsBoundaryAttachmentType" and value == "Policy"
                          or shape.name == "ResourceStatus" and value.endswith("_CLEANUP_IN_PROGRESS"))
        if not value:
            return  # what is not set is often told as an empty text
        # EC2 says "available" where the model writes "Available".
        if shape.enum and value.lower() not in map(str.lower, shape.enum) and not said_otherwise:
            self.say(path, "%r is not one of %s" % (value, ", ".join(shape.enum)))
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and len(value) < least:
            self.say(path, "%r is shorter than %s" % (value, least))
        if most is not None and len(value) > most:
            self.say(path, "longer than %s" % most)

    def xml_scalar(self, shape, value, path):
        kind = shape.type_name
        forms = {
            "integer": r"-?\d+", "long": r"-?\d+", "float": r"-?\d+(\.\d+)?", "double": r"-?\d+(\.\d+)?",
            "boolean": r"true|false", "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        }
        if kind in forms:
            if not re.fullmatch(forms[kind], value):
                self.say(path, "%r is no %s" % (value, kind))
        elif kind == "blob":
            base64.b64decode(value, validate=True)
        else:
            self.text(shape, value, path)

    # --- JSON ---

    def json(self, shape, value, path=""):
        kind = shape.type_name
        if kind == "structure":
            if not isinstance(value, dict):
                return self.say(path, "is no object")
            names = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()
                     if "location" not in m.serialization}
            for name, inner in value.items():
                if name not in names:
                    self.say(path, "holds %s, which the model does not know" % name)
                else:
                    self.json(names[name][1], inner, "%s.%s" % (path, name))
            return self.required(shape, {names[n][0] for n in value if n in names}, path)
        if kind == "list":
            if not isinstance(value, list):
                return self.say(path, "is no list")
            for i, inner in enumerate(value):
                self.json(shape.member, inner, "%s[%d]" % (path, i))
        elif kind == "map":
            if not isinstance(value, dict):
                return self.say(path, "is no map")
            for name, inner in value.items():
                self.json(shape.key, name, path)
                self.json(shape.value, inner, "%s.%s" % (path, name))
        elif kind in ("integer", "long"):
            if type(value) is not int:
                self.say(path, "%r is no integer" % (value,))
        elif kind in ("float", "double", "timestamp"):
            if type(value) not in (int, float):
                self.say(path, "%r is no number" % (value,))
        elif kind == "boolean":
            if type(value) is not bool:
                self.say(path, "%r is no boolean" % (value,))
        elif type(value) is not str:
            self.say(path, "%r is no string" % (value,))
        elif kind == "blob":
            base64.b64decode(value, validate=True)
        else:
            self.text(shape, value, path)

    # --- XML ---

    def xml(self, shape, node, path, ec2):
        kind = shape.type_name
        if kind == "structure":
            return self.xml_structure(shape, list(node), path, ec2)
        if kind == "list":
            name = shape.member.serialization.get("name", "item" if ec2 else "member")
            for i, inner in enumerate(node):
                if local(inner.tag) != name:
                    self.say(path, "holds %s where the model wants %s" % (local(inner.tag), name))
                self.xml(shape.member, inner, "%s[%d]" % (path, i), ec2)
        elif kind == "map":
            for entry in node:
                parts = [local(part.tag) for part in entry]
                if local(entry.tag) != "entry" or parts != ["key", "value"]:
                    self.say(path, "holds no entry of key and value")
                else:
                    self.xml(shape.key, entry[0], path, ec2)
                    self.xml(shape.value, entry[1], path, ec2)
        elif len(node):
            self.say(path, "holds elements where text is wanted")
        else:
            self.xml_scalar(shape, node.text or "", path)

    def xml_structure(self, shape, children, path, ec2):
        names = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            if member.type_name == "list" and member.serialization.get("flattened"):
                wire = member.member.serialization.get("name", wire)
            names[wire] = (name, member)
        seen = set()
        for node in children:
            wire = local(node.tag)
            if wire not in names:
                self.say(path, "holds %s, which the model does not know" % wire)
                continue
            name, member = names[wire]
            flat = member.type_name == "list" and member.serialization.get("flattened")
            if name in seen and not flat:
                self.say(path, "holds %s twice" % wire)
            seen.add(name)
            self.xml(member.member if flat else member, node, "%s.%s" % (path, wire), ec2)
        self.required(shape, seen, path)


def is_error(status):
    return status >= 301


def check_json(strict, operation, response):
    shape = operation.output_shape
    body = response["body"]
    if shape is not None and shape.serialization.get("payload"):
        return  # a blob: its headers are botocore's business
    if not body:
        return
    value = json.loads(body)
    if shape is None:
        if value:
            strict.say("", "has a body, the operation has no output")
        return
    strict.json(shape, value)


def check_xml(strict, operation, response, ec2):
    shape = operation.output_shape
    root = ElementTree.fromstring(response["body"])
    if local(root.tag) != operation.name + "Response":
        strict.say("", "is a %s" % local(root.tag))
    # EC2's real namespace ends in a slash that the model does not have.
    if root.tag.partition("}")[0].strip("{/") != operation.service_model.metadata["xmlNamespace"].rstrip("/"):
        strict.say("", "has the namespace of another: %s" % root.tag)
    children = [c for c in root if local(c.tag) not in METADATA]
    if len(children) == len(root):
        strict.say("", "has no request id")
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    if wrapper:
        if [local(c.tag) for c in children] != [wrapper]:
            return strict.say("", "has no %s" % wrapper)
        children = list(children[0])
    if shape is None:
        for c in children:
            if not (ec2 and local(c.tag) == "return"):  # EC2's "done"
                strict.say("", "holds %s, the operation has no output" % local(c.tag))
        return
    strict.xml_structure(shape, children, "", ec2)


def check_error(strict, operation, response, parsed):
    """An error has a code, its status is a refusal's, and the model's status is kept."""
    error = parsed.get("Error", {})
    if not error.get("Code"):
        strict.say("", "is an error without a code")
    for shape in operation.error_shapes:
        if shape.error_code == error.get("Code"):
            want = shape.metadata.get("error", {}).get("httpStatusCode")
            if want and want != response["status_code"]:
                strict.say("", "%s with status %d, the model says %d" % (error["Code"], response["status_code"], want))
    if response["status_code"] >= 500:
        strict.say("", "status %d: %s" % (response["status_code"], error))


def complaints(operation, response, parsed):
    """What is wrong with a reply; response is botocore's dictionary of the raw one."""
    strict = Strict()
    if is_error(response["status_code"]):
        check_error(strict, operation, response, parsed)
    elif operation.service_model.metadata["protocol"] in ("json", "rest-json"):
        check_json(strict, operation, response)
    else:
        check_xml(strict, operation, response, operation.service_model.metadata["protocol"] == "ec2")
    if not parsed.get("ResponseMetadata", {}).get("RequestId"):
        strict.say("", "has no request id that botocore finds")
    try:
        date = next(v for k, v in response["headers"].items() if k.lower() == "date")
        datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
    except (StopIteration, ValueError) as error:
        strict.say("", "has no Date of RFC 7231 (%s)" % error)
    return strict.complaints
