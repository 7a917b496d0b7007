/* The query decoder: what it reads out of a form can be encoded again and
 * read again. Input: a line with a letter for the operation, then the form. */
#include "aws/http/uri.h"
#include "aws/protocol/protocol.h"
#include "tests/fuzz/fuzz.h"

static const char *const operations[][2] = {
    {"iam", "CreateRole"},        {"iam", "SimulatePrincipalPolicy"},
    {"sts", "AssumeRole"},        {"rds", "DescribeDBClusters"},
    {"ec2", "DescribeInstances"}, {"ec2", "AuthorizeSecurityGroupIngress"},
    {"ec2", "CreateTags"},        {"cloudformation", "CreateChangeSet"},
};

static void percent(struct str text)
{
    CLEANUP(buf_release) struct buf decoded = {0};
    CLEANUP(buf_release) struct buf encoded = {0};
    CLEANUP(buf_release) struct buf again = {0};
    struct error err;

    uri_encode(text, &encoded);
    HOLDS(uri_decode(buf_str(&encoded), true, &again, &err) && str_equal(buf_str(&again), text));
    if (!uri_decode(text, true, &decoded, &err)) {
        HOLDS(err.code == ERR_SYNTAX && str_find_char(text, '%') < text.len);
        return;
    }
    HOLDS(decoded.len <= text.len);
}

static void url(struct str text)
{
    CLEANUP(buf_release) struct buf origin = {0};
    struct http_url parsed, again;
    struct error err;

    if (!http_url_parse(text, &parsed, &err)) {
        HOLDS(err.code == ERR_CONFIG && err.message[0]);
        return;
    }
    HOLDS(parsed.host[0] && parsed.port >= 0 && parsed.port <= 65535);
    http_url_origin(&parsed, &origin);
    buf_adds(&origin, parsed.path);
    HOLDS(http_url_parse(buf_str(&origin), &again, &err));
    HOLDS(strcmp(parsed.host, again.host) == 0 && strcmp(parsed.path, again.path) == 0);
    HOLDS(parsed.port == again.port && parsed.ipv6 == again.ipv6);
    /* All of the text is in it, but for slashes at the end and the case of the scheme. */
    while (origin.len > 0 && text.len > origin.len && text.data[text.len - 1] == '/')
        text.len--;
    HOLDS(text.len >= origin.len || parsed.port != 0);
}

static bool decode(const struct aws_operation *op, struct str form, struct json **in, struct error *err)
{
    struct http_request req = {0};
    struct error ignored;
    bool ok;

    http_request_set(&req, "POST", "/", NULL);
    HOLDS(http_headers_add(&req.headers, "Content-Type", STR("application/x-www-form-urlencoded"), &ignored));
    buf_add(&req.body, form);
    ok = protocol_decode_request(op, &req, in, err);
    http_request_release(&req);
    return ok;
}

static void there_and_back(const struct aws_operation *op, struct str form)
{
    CLEANUP(json_freep) struct json *in = NULL, *again = NULL;
    struct http_request req = {0};
    struct error err;

    if (!decode(op, form, &in, &err)) {
        HOLDS(err.code == ERR_AWS && err.remote_code[0] && !in);
        return;
    }
    /* A value that its own type does not allow is not sent by our client. */
    if (protocol_check_input(op, in, false, &err)) {
        HOLDS(protocol_encode_request(op, in, &req, &err));
        HOLDS(decode(op, buf_str(&req.body), &again, &err));
    } else {
        HOLDS(err.code == ERR_AWS && err.remote_code[0]);
    }
    http_request_release(&req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_text(data, size), head = fuzz_line(&text), form = fuzz_rest(text);
    unsigned char which = head.len > 0 ? (unsigned char)head.data[0] : 0;
    const char *const *name = operations[which % ARRAY_LEN(operations)];

    percent(form);
    url(form);
    there_and_back(model_operation(model_service(name[0]), name[1]), form);
    return 0;
}
