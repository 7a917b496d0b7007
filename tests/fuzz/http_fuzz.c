/* A request as the sandbox takes it in: judge the head, read the claim, route,
 * decode, answer. Input: the request. */
#include "aws/auth/sigv4.h"
#include "aws/protocol/protocol.h"
#include "aws/sandbox/http_check.h"
#include "tests/fuzz/request.h"

enum { BODY_LIMIT_BYTES = 1 << 20 };

static bool tame(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

/* The rules of SECURITY 19 and 20, told from what was let through. */
static void look_at_head(const struct fuzz_request *r)
{
    const struct http_headers *h = &r->req.headers;
    const char *host = http_headers_find(h, "Host"), *length = http_headers_find(h, "Content-Length");

    HOLDS(http_headers_count(h, "Host") == 1 && http_headers_count(h, "Transfer-Encoding") == 0);
    HOLDS(http_headers_count(h, "Content-Length") <= 1 && http_headers_count(h, "Origin") == 0);
    HOLDS(strncmp(host, "127.", 4) == 0 || host[0] == '[' || strncasecmp(host, "localhost", 9) == 0);
    HOLDS(!strchr(host, '@') && !strchr(host, '/') && !strchr(host, ','));
    HOLDS(!length ||
          (strspn(length, "0123456789") == strlen(length) && strtoull(length, NULL, 10) <= BODY_LIMIT_BYTES));
    HOLDS(r->target[0] == '/' && tame(r->target) && !strchr(r->target, ' '));
    for (size_t i = 0; i < h->count; i++)
        HOLDS(tame(h->items[i].value) && tame(h->items[i].name) && !strpbrk(h->items[i].name, " \t:"));
}

static void look_at_reply(const struct aws_service *service, struct http_response *response)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct error err;

    HOLDS(response->status >= 200 && response->status < 500);
    for (size_t i = 0; i < response->headers.count; i++)
        HOLDS(tame(response->headers.items[i].value));
    HOLDS(str_is_utf8(buf_str(&response->body)));
    if (service->protocol == AWS_JSON_1_1 || service->protocol == AWS_REST_JSON)
        HOLDS(json_parse(buf_str(&response->body), NULL, &body, &err));
    http_response_release(response);
}

static void route(const struct http_request *req, struct str scope_service)
{
    CLEANUP(json_freep) struct json *in = NULL;
    const struct aws_service *service = NULL;
    const struct aws_operation *op = NULL;
    struct http_response response = {0};
    struct error err;

    if (!protocol_route(req, scope_service, &service, &op, &err)) {
        HOLDS(err.code == ERR_AWS && err.remote_code[0]);
    } else if (!protocol_decode_request(op, req, &in, &err)) {
        HOLDS(err.code == ERR_AWS && err.remote_code[0]);
    } else if (protocol_check_input(op, in, true, &err)) {
        return;
    }
    HOLDS(err.code == ERR_AWS);
    if (!service)
        return;
    protocol_encode_error(service, op, &err, "11111111-2222-3333-4444-555555555555", &response);
    look_at_reply(service, &response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(fuzz_request_release) struct fuzz_request r = {0};
    struct http_refusal refusal = {0};
    struct sigv4_claim claim;
    struct sigv4_verdict verdict;

    if (!fuzz_request_read(fuzz_text(data, size), &r))
        return 0;
    if (!http_check_head(&r.req, r.target, r.version, BODY_LIMIT_BYTES, &refusal)) {
        HOLDS(refusal.why && refusal.status >= 400 && refusal.status < 600);
        return 0;
    }
    look_at_head(&r);
    (void)sigv4_read_claim(&r.req, &claim, &verdict);
    route(&r.req, claim.service);
    for (size_t i = 0; aws_services[i]; i++)
        route(&r.req, str_of(aws_services[i]->signing_name));
    return 0;
}
