/* encode, decode, serve-encode, serve-decode: the wire protocols, from and to
 * messages as JSON. */
#include "aws/protocol/protocol.h"

#include "tests/support/probe.h"

#include <stdio.h>

/* A reply's id does not matter here, but it has to be there. */
static const char request_id[] = "00000000-0000-4000-8000-000000000000";

struct job {
    const struct aws_operation *op;
};

static const struct aws_operation *find_operation(char **argv)
{
    const struct aws_operation *op = model_operation(model_service(argv[1]), argv[2]);

    if (!op)
        fprintf(stderr, "probe: unknown operation %s %s\n", argv[1], argv[2]);
    return op;
}

static int each_line(int argc, char **argv, probe_line_fn *line)
{
    struct job job = {argc > 2 ? find_operation(argv) : NULL};

    return job.op ? probe_each_line(line, &job) : PROBE_USAGE;
}

/* --- messages as JSON --- */

static void put_body(struct json *message, const struct buf *body)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (str_is_utf8(buf_str(body)) && str_find_char(buf_str(body), '\0') == body->len) {
        json_put_str(message, "body", buf_str(body));
        return;
    }
    buf_add_base64(&text, body->data, body->len);
    json_put_str(message, "body_base64", buf_str(&text));
}

static void put_headers(struct json *message, const struct http_headers *headers)
{
    struct json *object = json_put(message, "headers", json_object());

    for (size_t i = 0; i < headers->count; i++)
        json_put_text(object, headers->items[i].name, headers->items[i].value);
}

static bool take_body(const struct json *line, struct buf *body)
{
    const struct json *encoded = json_get(line, "body_base64");

    if (json_is_string(encoded))
        return buf_add_unbase64(body, json_str(encoded));
    buf_add(body, json_str(json_get(line, "body")));
    return true;
}

static bool take_headers(const struct json *line, struct http_headers *headers)
{
    struct error err;

    for (const struct json *h = json_first(json_get(line, "headers")); h; h = json_next(h))
        if (!http_headers_add(headers, json_key(h), json_str(h), &err))
            return false;
    return true;
}

static void put_error(const struct error *err, bool from_reply, struct buf *out)
{
    CLEANUP(json_freep) struct json *line = json_object();
    struct json *object = json_put(line, "error", json_object());

    json_put_text(object, "code", err->remote_code[0] ? err->remote_code : "InvalidResponse");
    json_put_text(object, "message", protocol_error_text(err));
    if (from_reply) {
        json_put_text(object, "request_id", err->request_id);
        json_put_bool(object, "retryable", err->retryable);
        json_put_bool(object, "throttle", err->throttle);
    }
    json_write(line, out);
}

/* --- the words --- */

static bool encode_line(void *self, const struct json *line, struct buf *out)
{
    const struct aws_operation *op = ((struct job *)self)->op;
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(json_freep) struct json *message = json_object();
    struct error err;

    if (!protocol_encode_request(op, line, &req, &err)) {
        put_error(&err, false, out);
        return true;
    }
    json_put_text(message, "method", req.method);
    json_put_text(message, "path", req.path);
    json_put_text(message, "query", req.query ? req.query : "");
    put_headers(message, &req.headers);
    put_body(message, &req.body);
    json_write(message, out);
    return true;
}

static bool decode_line(void *self, const struct json *line, struct buf *out)
{
    const struct aws_operation *op = ((struct job *)self)->op;
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(json_freep) struct json *value = NULL;
    struct error err;

    response.status = (int)json_int(json_get(line, "status"), 0);
    if (response.status < 100 || !take_headers(line, &response.headers) || !take_body(line, &response.body))
        return false;
    if (protocol_decode_response(op, &response, &value, NULL, &err))
        json_write(value, out);
    else
        put_error(&err, true, out);
    return true;
}

static bool serve_encode_line(void *self, const struct json *line, struct buf *out)
{
    const struct aws_operation *op = ((struct job *)self)->op;
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(json_freep) struct json *message = json_object();
    const struct json *refusal = json_get(line, "error");
    struct error err;

    if (json_is_object(refusal)) {
        error_aws(&err, json_get_text(refusal, "code"), json_get_text(refusal, "message"));
        protocol_encode_error(op->service, op, &err, request_id, &response);
    } else {
        protocol_encode_response(op, line, request_id, &response);
    }
    json_put_int(message, "status", response.status);
    put_headers(message, &response.headers);
    put_body(message, &response.body);
    json_write(message, out);
    return true;
}

static bool serve_decode_line(void *self, const struct json *line, struct buf *out)
{
    const struct aws_operation *op = ((struct job *)self)->op;
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    struct error err;

    http_request_set(&req, json_get_text(line, "method"), json_get_text(line, "path"),
                     json_get_text(line, "query"));
    if (!take_headers(line, &req.headers) || !take_body(line, &req.body))
        return false;
    if (protocol_decode_request(op, &req, &in, &err) && protocol_check_input(op, in, false, &err))
        json_write(in, out);
    else
        put_error(&err, false, out);
    return true;
}

int probe_encode(int argc, char **argv)
{
    return each_line(argc, argv, encode_line);
}

int probe_decode(int argc, char **argv)
{
    return each_line(argc, argv, decode_line);
}

int probe_serve_encode(int argc, char **argv)
{
    return each_line(argc, argv, serve_encode_line);
}

int probe_serve_decode(int argc, char **argv)
{
    return each_line(argc, argv, serve_decode_line);
}
