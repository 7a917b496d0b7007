#include "aws/protocol/protocol.h"

#include "aws/protocol/wire.h"

#include <stdio.h>

/* --- request ids and headers --- */

static const char *const id_headers[] = {"x-amzn-RequestId", "x-amz-request-id", "x-amzn-request-id"};
static const char *const id_elements[] = {"RequestId", "requestId", "RequestID"};

/* Codes and ids are words of printable ASCII; what is not must not reach a
 * terminal or a log as it came. Cut to 63 bytes, as struct error holds them. */
static void copy_word(struct str word, char out[64])
{
    size_t n = 0;

    for (; n < word.len && n < 63; n++)
        out[n] = word.data[n] > ' ' && word.data[n] <= '~' ? word.data[n] : '?';
    out[n] = '\0';
}

void reply_request_id(const struct http_response *response, const struct xml_node *root, char out[64])
{
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(id_elements) && root; i++) {
        const struct xml_node *n = xml_child(root, id_elements[i]);

        if (!n)
            n = xml_child(xml_child(root, "ResponseMetadata"), id_elements[i]);
        if (n) {
            copy_word(str_trim(buf_str(&n->text)), out);
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(id_headers); i++) {
        const char *value = http_headers_find(&response->headers, id_headers[i]);

        if (value) {
            copy_word(str_trim(str_of(value)), out);
            return;
        }
    }
}

void reply_header(struct http_response *response, const char *name, struct str value)
{
    struct error ignored;

    /* Cannot fail: names are ours, values are ids and media types. */
    if (!http_headers_set(&response->headers, name, value, &ignored))
        http_headers_remove(&response->headers, name);
}

/* --- the client's side --- */

struct refusal {
    char code[64];
    struct buf message;
};

/* Facts 3.1: up to the first ':', then behind the last '#'. */
static void set_code(char code[64], const char *raw)
{
    struct str text = str_trim(str_of(raw));
    size_t start = 0;

    text = str_slice(text, 0, str_find_char(text, ':'));
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '#')
            start = i + 1;
    copy_word(str_slice(text, start, text.len), code);
}

static void refusal_from_xml(const struct http_response *response, struct refusal *r, char request_id[64])
{
    CLEANUP(xml_freep) struct xml_node *root = NULL;
    const struct xml_node *error, *code, *message;
    struct error ignored;

    if (!xml_parse(buf_str(&response->body), &root, &ignored))
        return;
    reply_request_id(response, root, request_id);
    error = xml_find(root, "Error");
    code = xml_child(error, "Code");
    message = xml_child(error, "Message");
    if (code)
        set_code(r->code, buf_text(&code->text));
    if (message)
        buf_add(&r->message, buf_str(&message->text));
}

static void refusal_from_json(const struct http_response *response, bool rest, struct refusal *r)
{
    static const char *const rest_keys[] = {"code", "Code", "__type"};
    static const char *const json_keys[] = {"__type", "code", "Code"};
    CLEANUP(json_freep) struct json *body = NULL;
    const char *header = http_headers_find(&response->headers, "x-amzn-errortype");
    struct error ignored;
    const struct json *message;

    if (!json_parse(buf_str(&response->body), NULL, &body, &ignored))
        body = NULL;
    if (rest && header)
        set_code(r->code, header);
    for (size_t i = 0; r->code[0] == '\0' && i < ARRAY_LEN(json_keys); i++)
        set_code(r->code, json_get_text(body, rest ? rest_keys[i] : json_keys[i]));
    if (r->code[0] == '\0' && header)
        set_code(r->code, header);
    message = json_get(body, "message");
    if (!json_is_string(message))
        message = json_get(body, "Message");
    buf_add(&r->message, json_str(message));
}

static void classify(const struct aws_operation *op, int status, struct error *err)
{
    const struct model_error *row = model_error_find(op, err->remote_code);

    err->http_status = status;
    err->throttle = status == 429 || model_code_is_throttle(err->remote_code) || (row && row->throttle);
    err->retryable = err->throttle || model_code_is_transient(err->remote_code) || (row && row->retryable) ||
                     status == 500 || status == 502 || status == 503 || status == 504;
}

bool reply_error(const struct aws_operation *op, const struct http_response *response, struct error *err)
{
    struct refusal r = {0};
    enum aws_protocol protocol = op->service->protocol;
    char request_id[64];

    reply_request_id(response, NULL, request_id);
    if (protocol == AWS_QUERY || protocol == AWS_EC2)
        refusal_from_xml(response, &r, request_id);
    else
        refusal_from_json(response, protocol == AWS_REST_JSON, &r);
    if (r.code[0] == '\0')
        snprintf(r.code, sizeof r.code, "%d", response->status);
    error_aws(err, r.code, buf_text(&r.message));
    memcpy(err->request_id, request_id, sizeof request_id);
    classify(op, response->status, err);
    buf_release(&r.message);
    return false;
}

/* --- the sandbox's side --- */

/* Facts 6.2: these come from the front, under its own name space. */
static const char *const coral_codes[] = {
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "UnknownOperationException",
    "SerializationException",
};

static bool is_coral(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(coral_codes); i++)
        if (strcmp(coral_codes[i], code) == 0)
            return true;
    return false;
}

struct answer {
    const char *code, *text, *request_id;
    int status;
    bool sender;
};

/* The words behind "CODE: ", whatever was wrapped around them. */
const char *protocol_error_text(const struct error *err)
{
    const char *at = err->message;
    size_t len = strlen(err->remote_code);

    if (len == 0 || strcmp(err->message, err->remote_code) == 0)
        return len == 0 ? err->message : "";
    for (at = strstr(at, err->remote_code); at; at = strstr(at + 1, err->remote_code))
        if (at[len] == ':' && at[len + 1] == ' ')
            return at + len + 2;
    return err->message;
}

static void prepare(const struct aws_service *service, const struct aws_operation *op,
                    const struct error *err, struct answer *a)
{
    const struct model_error *row;

    a->code = err->remote_code[0] ? err->remote_code : "InternalFailure";
    a->text = protocol_error_text(err);
    row = op ? model_error_find(op, a->code) : model_error_common(service, a->code);
    a->status = err->remote_code[0] ? 400 : 500;
    if (service && strcmp(a->code, service->denied_code) == 0)
        a->status = service->denied_status;
    if (service && strcmp(a->code, service->throttle_code) == 0)
        a->status = service->throttle_status;
    if (row)
        a->status = row->status;
    if (err->http_status >= 300)
        a->status = err->http_status;
    a->sender = row ? row->sender : a->status < 500;
}

static void encode_query(const struct aws_service *service, const struct answer *a, struct buf *body)
{
    buf_printf(body, "<ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type>", service->xml_namespace,
               a->sender ? "Sender" : "Receiver");
    xml_element("Code", str_of(a->code), body);
    xml_element("Message", str_of(a->text), body);
    buf_adds(body, "</Error>");
    xml_element("RequestId", str_of(a->request_id), body);
    buf_adds(body, "</ErrorResponse>");
}

static void encode_ec2(const struct answer *a, struct buf *body)
{
    buf_adds(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>");
    xml_element("Code", str_of(a->code), body);
    xml_element("Message", str_of(a->text), body);
    buf_adds(body, "</Error></Errors>");
    xml_element("RequestID", str_of(a->request_id), body);
    buf_adds(body, "</Response>");
}

static void encode_json(const struct answer *a, struct buf *body)
{
    CLEANUP(json_freep) struct json *object = json_object();
    CLEANUP(buf_release) struct buf type = {0};

    buf_printf(&type, "%s%s", is_coral(a->code) ? "com.amazon.coral.service#" : "", a->code);
    json_put_str(object, "__type", buf_str(&type));
    json_put_text(object, "message", a->text);
    json_write(object, body);
}

/* Lambda's own shapes say Type and Message, its front says message (facts 2.9). */
static void encode_rest(const struct answer *a, struct http_response *response)
{
    CLEANUP(json_freep) struct json *object = json_object();

    json_put_text(object, "Type", a->sender ? "User" : "Service");
    json_put_text(object, "Message", a->text);
    json_put_text(object, "message", a->text);
    json_write(object, &response->body);
    reply_header(response, "x-amzn-errortype", str_of(a->code));
}

void protocol_encode_error(const struct aws_service *service, const struct aws_operation *op,
                           const struct error *err, const char *request_id, struct http_response *response)
{
    static const char *const types[] = {
        [AWS_QUERY] = "text/xml",
        [AWS_EC2] = "text/xml;charset=UTF-8",
        [AWS_JSON_1_1] = "application/x-amz-json-1.1",
        [AWS_REST_JSON] = "application/json",
    };
    enum aws_protocol protocol = service ? service->protocol : AWS_JSON_1_1;
    struct answer a = {.request_id = request_id};

    http_response_release(response);
    prepare(service, op, err, &a);
    response->status = a.status;
    reply_header(response, "x-amzn-RequestId", str_of(request_id));
    reply_header(response, "Content-Type", str_of(types[protocol]));
    switch (protocol) {
    case AWS_QUERY:
        encode_query(service, &a, &response->body);
        break;
    case AWS_EC2:
        encode_ec2(&a, &response->body);
        break;
    case AWS_JSON_1_1:
        encode_json(&a, &response->body);
        break;
    case AWS_REST_JSON:
        encode_rest(&a, response);
        break;
    }
}
