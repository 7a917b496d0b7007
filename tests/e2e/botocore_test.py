#!/usr/bin/env python3
"""Holds probe's encode and decode against botocore's serialisers and parsers.

    botocore_test.py PROBE

For every operation of the model: inputs drawn from botocore's shapes go through
both serialisers, outputs through the sandbox's serialiser and then through both
parsers. Prints TAP, one line an operation. Seeded, so a failure comes again.
"""

import base64
import datetime
import io
import json
import os
import random
import subprocess
import sys
import urllib.parse
import zlib
from concurrent.futures import ThreadPoolExecutor

import botocore.awsrequest
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "aws", "model"))
import overlay  # noqa: E402

PROBE = sys.argv[1]
CASES = 100
# What breaks careless encoders: separators, escapes, markup, other scripts.
TEXT = list("abcXYZ019 -_.~/+&=%?#<>\"'\\é漢😀,:;[]{}@!$*()") + ["\n", "\t"]
PLAIN = list("abcXYZ019-_.")


class Draw:
    """Values in botocore's form (datetime, bytes); probe_form gives probe's."""

    def __init__(self, name, xml, status=200):
        self.random = random.Random(zlib.crc32(name.encode()))
        self.xml = xml
        self.status = status

    def value(self, shape, depth=0, plain=False):
        return getattr(self, "draw_" + shape.type_name, self.draw_string)(shape, depth, plain)

    def draw_structure(self, shape, depth, plain):
        out = {}
        for name, member in shape.members.items():
            place = member.serialization.get("location")
            if place == "statusCode":
                out[name] = self.status
                continue
            # A body that is a blob is always there, if only empty.
            needed = name in shape.required_members or name == shape.serialization.get("payload")
            if not needed and (depth > 4 or self.random.random() < 0.45):
                continue
            out[name] = self.value(member, depth + 1, plain or place in ("uri", "header", "headers"))
        return out

    def count(self, shape, depth):
        low = shape.metadata.get("min", 0)
        return max(low, 0 if depth > 4 else self.random.choice([0, 1, 1, 2, 3]))

    def draw_list(self, shape, depth, plain):
        return [self.value(shape.member, depth + 1, plain) for _ in range(self.count(shape, depth))]

    def draw_map(self, shape, depth, plain):
        return {
            self.draw_string(shape.key, depth, plain): self.value(shape.value, depth + 1, plain)
            for _ in range(self.count(shape, depth))
        }

    def draw_string(self, shape, _depth, plain):
        if getattr(shape, "enum", None):
            return self.random.choice(shape.enum)
        low = max(shape.metadata.get("min", 0), 1 if plain else 0)
        high = min(shape.metadata.get("max", 20), low + 20)
        letters = PLAIN if plain else TEXT
        text = "".join(self.random.choice(letters) for _ in range(self.random.randint(low, max(low, high))))
        # XML parsers fold what stands alone as white space; AWS sends no such text.
        return "x" if self.xml and text and not text.strip() else text

    def draw_integer(self, shape, _depth, _plain):
        low = shape.metadata.get("min", -5)
        return self.random.randint(low, min(shape.metadata.get("max", 2**31 - 1), 2**31 - 1))

    draw_long = draw_integer

    def draw_double(self, _shape, _depth, _plain):
        return self.random.randint(-1000, 1000) / 4

    draw_float = draw_double

    def draw_boolean(self, _shape, _depth, _plain):
        return self.random.random() < 0.5

    def draw_timestamp(self, _shape, _depth, _plain):
        return datetime.datetime.fromtimestamp(self.random.randint(0, 4 * 10**9), datetime.timezone.utc)

    def draw_blob(self, _shape, _depth, _plain):
        return self.random.randbytes(self.random.randint(0, 20))


def probe_form(value):
    if isinstance(value, dict):
        return {k: probe_form(v) for k, v in value.items()}
    if isinstance(value, list):
        return [probe_form(v) for v in value]
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):  # a streamed payload
        return base64.b64encode(value.read()).decode()
    return value


def equal(a, b):
    """Numbers by value; True is no number."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def probe(word, service, operation, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([PROBE, word, service, operation], input=text.encode(), capture_output=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(lines):
        raise AssertionError("probe %s ended with %d: %s" % (word, done.returncode, done.stderr.decode()[:500]))
    return answers


def body_of(message):
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"])
    return message.get("body", "").encode()


def pairs(query):
    return sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))


def request_of_botocore(protocol, made):
    """(method, path, query, headers that count, body) in a form that compares."""
    body = made["body"]
    path, _, query = made["url_path"].partition("?")
    query = pairs(query) + sorted((k, str(v)) for k, vs in dict(made["query_string"]).items()
                                  for v in (vs if isinstance(vs, list) else [vs]))
    if protocol in ("query", "ec2"):
        body = sorted((k, str(v)) for k, v in body.items())
    return made["method"], path, sorted(query), headers_of(made["headers"]), payload(protocol, body)


def request_of_probe(protocol, made):
    body = body_of(made)
    if protocol in ("query", "ec2"):
        body = pairs(body.decode())
    return made["method"], made["path"], pairs(made["query"]), headers_of(made["headers"]), payload(protocol, body)


def headers_of(headers):
    """Content types differ in what is said of the character set; they have tests of their own."""
    return {k.lower(): str(v) for k, v in headers.items() if k.lower() != "content-type"}


def payload(protocol, body):
    if protocol not in ("json", "rest-json") or not body:
        return body or b""
    try:
        return json.loads(body)
    except ValueError:
        return bytes(body)


def check_encode(service, protocol, op):
    draw = Draw("in" + service + op.name, False)
    inputs = [draw.value(op.input_shape) if op.input_shape else {} for _ in range(CASES)]
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    for given, got in zip(inputs, probe("encode", service, op.name, map_list(probe_form, inputs))):
        want = request_of_botocore(protocol, serializer.serialize_to_request(given, op))
        if "error" in got or request_of_probe(protocol, got) != want:
            raise AssertionError("encode %r:\n  probe    %r\n  botocore %r" % (given, got, want))


def map_list(function, values):
    return [function(v) for v in values]


def decoded_documents(value, shape, service):
    """IAM's policy documents: botocore leaves the percent-encoding to a later handler."""
    if (service, shape.name) in overlay.ENCODED_DOCUMENTS:
        return urllib.parse.unquote(value)
    if shape.type_name == "structure":
        return {k: decoded_documents(v, shape.members[k], service) for k, v in value.items()}
    if shape.type_name == "list":
        return [decoded_documents(v, shape.member, service) for v in value]
    return value


def parse(parser, op, reply):
    parsed = parser.parse(
        {"status_code": reply["status"], "headers": botocore.awsrequest.HeadersDict(reply["headers"]),
         "body": io.BytesIO(body_of(reply)) if op.has_streaming_output else body_of(reply)}, op.output_shape)
    parsed.pop("ResponseMetadata", None)
    return probe_form(parsed)


def check_decode(service, protocol, op):
    draw = Draw("out" + service + op.name, protocol in ("query", "ec2"), op.http.get("responseCode", 200))
    outputs = [draw.value(op.output_shape) if op.output_shape else {} for _ in range(CASES)]
    replies = probe("serve-encode", service, op.name, map_list(probe_form, outputs))
    parser = botocore.parsers.create_parser(protocol)
    for given, reply, got in zip(outputs, replies, probe("decode", service, op.name, replies)):
        want = parse(parser, op, reply)
        want = decoded_documents(want, op.output_shape, service) if op.output_shape else want
        if not equal(got, want):
            raise AssertionError("decode %r:\n  probe    %r\n  botocore %r" % (reply, got, want))
        if not equal(got, probe_form(given)):
            raise AssertionError("served %r:\n  decoded  %r\n  reply    %r" % (probe_form(given), got, reply))


def check(job):
    service, protocol, op = job
    try:
        check_encode(service, protocol, op)
        check_decode(service, protocol, op)
    except AssertionError as failure:
        return str(failure)
    return None


def jobs():
    loader = botocore.loaders.Loader()
    for service, operations in sorted(overlay.OPERATIONS.items()):
        model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
        for name in operations:
            yield service, model.metadata["protocol"], model.operation_model(name)


def main():
    todo = list(jobs())
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (job, failure) in enumerate(zip(todo, pool.map(check, todo)), 1):
            print("%s %d - %s %s" % ("not ok" if failure else "ok", number, job[0], job[2].name), flush=True)
            if failure:
                failed += 1
                print("\n".join("# " + line[:1500] for line in failure.splitlines()))
    print("1..%d" % len(todo))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
