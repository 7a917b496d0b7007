#include "aws/protocol/protocol.h"

#include "aws/protocol/wire.h"

#include <stdio.h>

/* --- the client's side --- */

static bool decode_xml(const struct conversion *c, const struct http_response *response, char *request_id,
                       struct json **out)
{
    CLEANUP(xml_freep) struct xml_node *root = NULL;
    const struct xml_node *result;

    if (!xml_parse(buf_str(&response->body), &root, c->err))
        return false;
    reply_request_id(response, root, request_id);
    result = c->op->result_wrapper ? xml_child(root, c->op->result_wrapper) : root;
    return xml_read(c, c->op->output, result, out);
}

static bool decode_json(const struct conversion *c, const struct http_response *response, struct json **out)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    struct str body = buf_str(&response->body);

    if (str_trim(body).len > 0 && !json_parse(body, NULL, &parsed, c->err))
        return false;
    if (parsed && !json_is_object(parsed))
        return error_set(c->err, ERR_SYNTAX, "is no JSON object");
    return json_convert(c, c->op->output, JSON_ALL, parsed, out);
}

static bool decode_success(const struct conversion *c, const struct http_response *response, char *request_id,
                           struct json **out)
{
    switch (c->op->service->protocol) {
    case AWS_QUERY:
    case AWS_EC2:
        return decode_xml(c, response, request_id, out);
    case AWS_JSON_1_1:
        return decode_json(c, response, out);
    case AWS_REST_JSON:
        return rest_decode_response(c, response, out);
    }
    return error_set(c->err, ERR_BUG, "%s has no protocol", c->op->name);
}

bool protocol_decode_response(const struct aws_operation *op, const struct http_response *response,
                              struct json **out, char *request_id, struct error *err)
{
    struct conversion c = {op, CLIENT_REPLY, err};
    char id[64];

    *out = NULL;
    reply_request_id(response, NULL, id);
    if (response->status >= 300 || response->status < 200) {
        reply_error(op, response, err);
        if (request_id)
            memcpy(request_id, err->request_id, sizeof id);
        return false;
    }
    if (!decode_success(&c, response, id, out)) {
        error_wrap(err, "reply to %s", op->name);
        memcpy(err->request_id, id, sizeof id);
        err->http_status = response->status;
        return false;
    }
    if (request_id)
        memcpy(request_id, id, sizeof id);
    return true;
}

/* --- the sandbox's side --- */

static bool encode_query(const struct conversion *c, const struct json *out, const char *request_id,
                         struct http_response *response)
{
    struct buf *body = &response->body;
    const char *wrapper = c->op->result_wrapper;

    reply_header(response, "Content-Type", STR("text/xml"));
    buf_printf(body, "<%sResponse xmlns=\"%s\">", c->op->name, c->op->service->xml_namespace);
    if (wrapper) {
        buf_printf(body, "<%s>", wrapper);
        if (!xml_write(c, out, body))
            return false;
        buf_printf(body, "</%s>", wrapper);
    }
    buf_adds(body, "<ResponseMetadata>");
    xml_element("RequestId", str_of(request_id), body);
    buf_printf(body, "</ResponseMetadata></%sResponse>", c->op->name);
    return true;
}

static bool encode_ec2(const struct conversion *c, const struct json *out, const char *request_id,
                       struct http_response *response)
{
    struct buf *body = &response->body;

    reply_header(response, "Content-Type", STR("text/xml;charset=UTF-8"));
    /* The model's namespace lacks the slash that live replies carry (facts 1.1). */
    buf_printf(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%sResponse xmlns=\"%s/\">", c->op->name,
               c->op->service->xml_namespace);
    xml_element("requestId", str_of(request_id), body);
    if (!c->op->output)
        buf_adds(body, "<return>true</return>");
    else if (!xml_write(c, out, body))
        return false;
    buf_printf(body, "</%sResponse>", c->op->name);
    return true;
}

static bool encode_json(const struct conversion *c, const struct json *out, struct http_response *response)
{
    CLEANUP(json_freep) struct json *body = NULL;

    reply_header(response, "Content-Type", STR("application/x-amz-json-1.1"));
    if (!c->op->output && json_count(out) == 0)
        return true;
    if (!json_convert(c, c->op->output, JSON_ALL, out, &body))
        return false;
    json_write(body, &response->body);
    return true;
}

static bool encode_success(const struct conversion *c, const struct json *out, const char *request_id,
                           struct http_response *response)
{
    switch (c->op->service->protocol) {
    case AWS_QUERY:
        return encode_query(c, out, request_id, response);
    case AWS_EC2:
        return encode_ec2(c, out, request_id, response);
    case AWS_JSON_1_1:
        return encode_json(c, out, response);
    case AWS_REST_JSON:
        return rest_encode_response(c, out, response);
    }
    return error_set(c->err, ERR_BUG, "%s has no protocol", c->op->name);
}

void protocol_encode_response(const struct aws_operation *op, const struct json *out, const char *request_id,
                              struct http_response *response)
{
    struct error err = {0};
    struct conversion c = {op, SERVER_REPLY, &err};

    http_response_release(response);
    response->status = op->http_status;
    reply_header(response, "x-amzn-RequestId", str_of(request_id));
    if (encode_success(&c, out, request_id, response))
        return;
    /* An answer that the model does not know would be lost in silence. */
    protocol_encode_error(op->service, op, &err, request_id, response);
}
