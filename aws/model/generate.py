#!/usr/bin/env python3
"""Writes one C table file per service from botocore's service models and overlay.py.

    python3 aws/model/generate.py

Needs botocore and clang-format. Run by hand; what it writes is committed, so the build needs
neither. Names, types, patterns and limits are taken over, documentation text is not.
"""

import collections
import os
import subprocess
import sys

import botocore.loaders
import botocore.model

sys.dont_write_bytecode = True
import overlay  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))

TYPES = {
    "structure": "SHAPE_STRUCTURE", "list": "SHAPE_LIST", "map": "SHAPE_MAP", "string": "SHAPE_STRING",
    "character": "SHAPE_STRING", "integer": "SHAPE_INTEGER", "long": "SHAPE_INTEGER", "float": "SHAPE_DOUBLE",
    "double": "SHAPE_DOUBLE", "boolean": "SHAPE_BOOLEAN", "timestamp": "SHAPE_TIMESTAMP", "blob": "SHAPE_BLOB",
}
PROTOCOLS = {"query": "AWS_QUERY", "ec2": "AWS_EC2", "json": "AWS_JSON_1_1", "rest-json": "AWS_REST_JSON"}
LOCATIONS = {"header": "IN_HEADER", "querystring": "IN_QUERY", "uri": "IN_URI", "statusCode": "IN_STATUS"}
TIMESTAMPS = {"iso8601": "TIMESTAMP_ISO8601", "unixTimestamp": "TIMESTAMP_EPOCH", "rfc822": "TIMESTAMP_HTTP"}


def quoted(text):
    if text is None:
        return "NULL"
    out = []
    for c in text:
        # A question mark is split from its like, so that no trigraph arises.
        if c in '"\\':
            out.append("\\" + c)
        elif c == "?" and out and out[-1] == "?":
            out.append('" "?')
        elif c == "\n":
            out.append("\\n")
        elif c == "\t":
            out.append("\\t")
        elif c == "\r":
            out.append("\\r")
        elif " " <= c <= "~":
            out.append(c)
        else:
            out.extend("\\%03o" % b for b in c.encode("utf-8"))
    return '"' + "".join(out) + '"'


def flag(name, value):
    return ", .%s = true" % name if value else ""


class Service:
    def __init__(self, loader, name):
        self.name = name
        self.model = botocore.model.ServiceModel(loader.load_service_model(name, "service-2"), name)
        self.pages = loader.load_service_model(name, "paginators-1").get("pagination", {})
        self.protocol = self.model.metadata["protocol"]
        self.shapes = collections.OrderedDict()  # name: shape, in the order of being needed
        self.from_input = set()
        self.errors = collections.OrderedDict()
        self.lines = []

    # --- what is needed ---

    def parts(self, shape):
        if shape.type_name == "structure":
            return list(shape.members.items())
        if shape.type_name == "list":
            return [(None, shape.member)]
        if shape.type_name == "map":
            return [("key", shape.key), ("value", shape.value)]
        return []

    def visit(self, shape, as_input):
        """Depth first, so that a shape stands behind those it is made of."""
        done = self.from_input if as_input else self.shapes
        if shape.name in done:
            return
        if as_input:
            self.from_input.add(shape.name)
        else:
            self.shapes[shape.name] = None
        for _, part in self.parts(shape):
            self.visit(part, as_input)
        if not as_input:
            self.shapes.move_to_end(shape.name)
            self.shapes[shape.name] = self.model.shape_for(shape.name)

    def visit_all(self, operations):
        for operation in operations:
            for shape in (operation.input_shape, operation.output_shape):
                if shape is not None and shape.members:
                    self.visit(shape, False)
            if operation.input_shape is not None:
                self.visit(operation.input_shape, True)
            for shape in operation.error_shapes:
                self.errors[shape.name] = shape

    # --- names on the wire ---

    def wire(self, name, shape, in_list):
        serialization = shape.serialization
        given = serialization.get("name")
        if in_list:
            return given or ("item" if self.protocol == "ec2" else "member")
        if self.protocol == "ec2":
            if "queryName" in serialization:
                return serialization["queryName"]
            given = given or name
            return given[0].upper() + given[1:]
        return given or name

    def reply(self, name, shape, in_list):
        given = shape.serialization.get("name")
        if in_list:
            return given or ("item" if self.protocol == "ec2" else "member")
        return given or name

    # --- rows ---

    def member(self, name, shape, parent, tokens):
        in_list = parent.type_name == "list"
        serialization = shape.serialization
        required = parent.type_name == "structure" and name in parent.required_members
        token = name is not None and (shape.metadata.get("idempotencyToken") or name in tokens.get(parent.name, ()))
        row = "{.name = %s, .shape = &shape_%s, .wire = %s, .reply = %s" % (
            quoted(name or "member"), shape.name, quoted(self.wire(name, shape, in_list)),
            quoted(self.reply(name, shape, in_list)))
        location = LOCATIONS.get(serialization.get("location"))
        assert location or "location" not in serialization, serialization
        row += ", .location = " + location if location else ""
        stamp = serialization.get("timestampFormat")
        row += ", .timestamp = " + TIMESTAMPS[stamp] if stamp else ""
        row += flag("required", required) + flag("flattened", serialization.get("flattened"))
        row += flag("idempotency_token", token)
        row += flag("encoded_document", (self.name, shape.name) in overlay.ENCODED_DOCUMENTS)
        row += flag("sensitive", shape.metadata.get("sensitive"))
        return row + "},"

    def shape(self, shape, tokens, payload_blobs):
        name = shape.name
        parts = self.parts(shape)
        given = name in self.from_input
        if parts:
            self.lines.append("static const struct model_member members_%s[] = {" % name)
            self.lines += [self.member(n, s, shape, tokens) for n, s in parts]
            self.lines.append("};")
        values = shape.enum if given and shape.type_name == "string" else None
        if values:
            self.lines.append("static const char *const values_%s[] = {%s, NULL};" %
                              (name, ", ".join(quoted(v) for v in values)))
        row = ".name = %s, .type = %s" % (quoted(name), TYPES[shape.type_name])
        if parts:
            row += ", .members = members_%s, .count = %d" % (name, len(parts))
        row += ", .min = %d, .max = %d" % (shape.metadata.get("min", -1), shape.metadata.get("max", -1))
        if given and shape.metadata.get("pattern"):
            row += ", .pattern = " + quoted(shape.metadata["pattern"])
        if values:
            row += ", .values = values_" + name
        row += flag("sensitive", shape.metadata.get("sensitive"))
        row += flag("payload_blob", name in payload_blobs)
        self.lines.append("static const struct model_shape shape_%s = {%s};" % (name, row))

    def error(self, shape):
        modelled = shape.metadata.get("error", {})
        code = modelled.get("code", shape.name)
        # The class drops this trait, the model's own text has it.
        fault = self.model._service_description["shapes"][shape.name].get("fault")
        status = modelled.get("httpStatusCode", 500 if fault else 400)
        throttle = code in overlay.THROTTLE_CODES
        retryable = throttle or bool(shape.metadata.get("retryable")) or (self.name, code) in overlay.RETRYABLE
        sender = status < 500
        self.lines.append("static const struct model_error error_%s = {.shape = %s, .code = %s, .status = %d%s%s%s};" %
                          (shape.name, quoted(shape.name), quoted(code), status,
                           flag("retryable", retryable), flag("throttle", throttle), flag("sender", sender)))

    def paging(self, name, given):
        if name not in self.pages or given is False:
            return ""
        page = self.pages[name]

        def one(value):
            return value[0] if isinstance(value, list) else value

        items = given or one(page["result_key"])
        row = ", .page_token_in = %s, .page_token_out = %s, .page_items = %s" % (
            quoted(one(page["input_token"])), quoted(one(page["output_token"])), quoted(items))
        if "limit_key" in page:
            row += ", .page_size = " + quoted(page["limit_key"])
        return row

    def token_of(self, operation, facts):
        if "token" in facts:
            assert facts["token"] in operation.input_shape.members
            return facts["token"]
        if operation.input_shape is None:
            return None
        traits = [n for n, s in operation.input_shape.members.items() if s.metadata.get("idempotencyToken")]
        return traits[0] if traits else None

    def operation(self, operation, facts):
        name = operation.name
        reads = facts.get("reads", name.startswith(overlay.READING))
        token = self.token_of(operation, facts)
        safe = facts.get("resend_safe", bool(reads or token or name.startswith(overlay.REPEATABLE)))
        row = "{.service = &service_%s, .name = %s" % (self.name, quoted(name))
        row += ", .http_method = %s, .uri = %s" % (quoted(operation.http["method"]),
                                                   quoted(operation.http.get("requestUri", "/")))
        row += ", .http_status = %d" % operation.http.get("responseCode", 200)
        output = operation.output_shape
        if output is not None and "resultWrapper" in output.serialization:
            row += ", .result_wrapper = " + quoted(output.serialization["resultWrapper"])
        for field, shape in (("input", operation.input_shape), ("output", output)):
            if shape is not None and shape.name in self.shapes:
                row += ", .%s = &shape_%s" % (field, shape.name)
                if shape.serialization.get("payload"):
                    row += ", .%s_payload = %s" % (field, quoted(shape.serialization["payload"]))
        row += ", .errors = errors_" + name + self.paging(name, facts.get("paging"))
        row += flag("mutates", facts.get("mutates", not reads)) + flag("resend_safe", safe)
        row += ", .token = " + quoted(token) if token else ""
        row += ", .timeout_ms = %d" % facts.get("timeout", overlay.TIMEOUT_MS)
        row += ", .action = " + quoted(facts.get("action", "%s:%s" % (self.name, name)))
        row += ", .resource = " + quoted(facts.get("resource", "*"))
        row += flag("unsigned_request", operation.auth_type == "none")
        row += flag("in_trail", facts.get("in_trail", True)) + flag("reads", reads)
        return row + "},"

    def service_row(self, operations):
        data = self.model.metadata
        config_id = data["serviceId"].lower().replace(" ", "_")
        denied, throttle = overlay.DENIED[self.name], overlay.THROTTLE[self.name]
        fields = [
            ("id", quoted(self.name)), ("env_suffix", quoted(config_id.upper())), ("config_id", quoted(config_id)),
            ("endpoint_prefix", quoted(data["endpointPrefix"])),
            ("signing_name", quoted(data.get("signingName", data["endpointPrefix"]))),
            ("api_version", quoted(data["apiVersion"])), ("target_prefix", quoted(data.get("targetPrefix"))),
            ("xml_namespace", quoted(data.get("xmlNamespace"))),
            ("event_source", quoted(data["endpointPrefix"] + ".amazonaws.com")),
            ("protocol", PROTOCOLS[self.protocol]),
            ("global", "true" if self.name in overlay.GLOBAL else "false"),
            ("operations", "operations"), ("operation_count", "%d" % len(operations)),
            ("throttle_code", quoted(throttle[0])), ("throttle_status", "%d" % throttle[1]),
            ("throttle_message", quoted(throttle[2])), ("denied_code", quoted(denied[0])),
            ("denied_status", "%d" % denied[1]),
        ]
        body = ", ".join(".%s = %s" % f for f in fields if f[1] not in ("NULL", "false"))
        self.lines.append("const struct aws_service service_%s = {%s};" % (self.name, body))

    def write(self):
        wanted = overlay.OPERATIONS[self.name]
        operations = [self.model.operation_model(name) for name in sorted(wanted)]
        self.visit_all(operations)
        tokens = collections.defaultdict(set)
        payload_blobs = set()
        for operation in operations:
            token = self.token_of(operation, wanted[operation.name])
            if token:
                tokens[operation.input_shape.name].add(token)
            for shape in (operation.input_shape, operation.output_shape):
                payload = shape is not None and shape.serialization.get("payload")
                if payload and shape.members[payload].type_name == "blob":
                    payload_blobs.add(shape.members[payload].name)
        self.lines.append("/* Generated by aws/model/generate.py from the public service model and overlay.py:\n"
                          " * do not edit, change those and run it again. */")
        self.lines.append('#include "aws/model/services.h"\n')
        order = {name: i for i, name in enumerate(self.shapes)}
        early = sorted({s.name for n, shape in self.shapes.items() for _, s in self.parts(shape)
                        if order[s.name] >= order[n]})
        if early:
            self.lines.append("/* Shapes that hold themselves. */")
            self.lines += ["static const struct model_shape shape_%s;" % n for n in early] + [""]
        for shape in self.shapes.values():
            self.shape(shape, tokens, payload_blobs)
        self.lines.append("")
        for shape in self.errors.values():
            self.error(shape)
        self.lines.append("")
        for operation in operations:
            rows = ["&error_" + s.name for s in operation.error_shapes] + ["NULL"]
            self.lines.append("static const struct model_error *const errors_%s[] = {%s};" %
                              (operation.name, ", ".join(rows)))
        self.lines.append("")
        self.lines.append("static const struct aws_operation operations[] = {")
        self.lines += [self.operation(o, wanted[o.name]) for o in operations]
        self.lines.append("};\n")
        self.service_row(operations)
        path = os.path.join(HERE, self.name + ".c")
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(self.lines) + "\n")
        subprocess.run(["clang-format", "-i", path], check=True)


def main():
    loader = botocore.loaders.Loader()
    for name in overlay.OPERATIONS:
        Service(loader, name).write()


if __name__ == "__main__":
    main()
