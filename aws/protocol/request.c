#include "aws/protocol/protocol.h"

#include "aws/protocol/wire.h"

#include <stdio.h>

static bool encode_form(const struct conversion *c, const struct json *in, struct http_request *out)
{
    if (in && !json_is_null(in) && !json_is_object(in))
        return conversion_fail(c, MISFIT_TYPE, NULL, c->op->input);
    http_request_set(out, "POST", "/", NULL);
    return form_write(c, in, &out->body) &&
           http_headers_set(&out->headers, "Content-Type",
                            STR("application/x-www-form-urlencoded; charset=utf-8"), c->err);
}

static bool encode_json(const struct conversion *c, const struct json *in, struct http_request *out)
{
    CLEANUP(json_freep) struct json *body = NULL;
    char target[160];

    if (!json_convert(c, c->op->input, JSON_ALL, in, &body))
        return false;
    http_request_set(out, "POST", "/", NULL);
    json_write(body, &out->body);
    snprintf(target, sizeof target, "%s.%s", c->op->service->target_prefix, c->op->name);
    return http_headers_set(&out->headers, "X-Amz-Target", str_of(target), c->err) &&
           http_headers_set(&out->headers, "Content-Type", STR("application/x-amz-json-1.1"), c->err);
}

bool protocol_encode_request(const struct aws_operation *op, const struct json *in, struct http_request *out,
                             struct error *err)
{
    struct conversion c = {op, CLIENT_REQUEST, err};

    switch (op->service->protocol) {
    case AWS_QUERY:
    case AWS_EC2:
        return encode_form(&c, in, out);
    case AWS_JSON_1_1:
        return encode_json(&c, in, out);
    case AWS_REST_JSON:
        return rest_encode_request(&c, in, out);
    }
    return error_set(err, ERR_BUG, "%s has no protocol", op->name);
}

static bool decode_json(const struct conversion *c, struct str body, struct json **in)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    struct json_limits limits = {.unique_keys = true};

    if (str_trim(body).len > 0 && !json_parse(body, &limits, &parsed, c->err))
        return conversion_fail(c, MISFIT_FORM, NULL, NULL);
    if (parsed && !json_is_object(parsed))
        return conversion_fail(c, MISFIT_TYPE, NULL, c->op->input);
    return json_convert(c, c->op->input, JSON_ALL, parsed, in);
}

bool protocol_decode_request(const struct aws_operation *op, const struct http_request *req, struct json **in,
                             struct error *err)
{
    struct conversion c = {op, SERVER_REQUEST, err};

    *in = NULL;
    switch (op->service->protocol) {
    case AWS_QUERY:
    case AWS_EC2:
        return form_read(&c, str_of(req->query), buf_str(&req->body), in);
    case AWS_JSON_1_1:
        return decode_json(&c, buf_str(&req->body), in);
    case AWS_REST_JSON:
        return rest_decode_request(&c, req, in);
    }
    return error_set(err, ERR_BUG, "%s has no protocol", op->name);
}
