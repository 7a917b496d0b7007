/* Signatures: nothing that was not signed with the key is let through; what was
 * signed is, and not once it has been touched. Input: a byte that
 * picks the touch, then a request. */
#include "aws/auth/sigv4.h"
#include "tests/fuzz/request.h"

#include <ctype.h>

enum { NOW_S = 1440938160, WINDOW_S = 300 }; /* 20150830T123600Z */

static const char *const regions[] = {"us-east-1", NULL};

static struct aws_credentials key(bool session)
{
    struct aws_credentials c = {.access_key_id = "AKIDEXAMPLE"};

    secret_set(&c.secret_access_key, STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    if (session)
        secret_set(&c.session_token, STR("6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"));
    return c;
}

static enum sigv4_fault judge(const struct http_request *req, const struct aws_credentials *creds)
{
    const struct sigv4_expectation want = {
        .service = "iam", .regions = regions, .now_s = NOW_S, .window_s = WINDOW_S};
    struct sigv4_claim claim;
    struct sigv4_verdict verdict;
    struct error err;
    bool ok = sigv4_read_claim(req, &claim, &verdict) && sigv4_verify(req, &claim, creds, &want, &verdict);

    HOLDS(ok == (verdict.fault == SIGV4_OK));
    if (ok)
        return SIGV4_OK;
    HOLDS(verdict.message[0]);
    for (int dialect = 0; dialect < SIGV4_DIALECT_COUNT; dialect++) {
        HOLDS(!sigv4_fault_error(&verdict, (enum sigv4_dialect)dialect, &err));
        HOLDS(err.code == ERR_AWS && err.http_status >= 400 && err.http_status < 500 && err.remote_code[0]);
    }
    return verdict.fault;
}

/* What signing adds itself, and what may be there only once. */
static void make_unsigned(struct http_request *req)
{
    static const char *const names[] = {"Authorization",        "Date", "X-Amz-Date", "X-Amz-Security-Token",
                                        "X-Amz-Content-Sha256", "Host"};
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        http_headers_remove(&req->headers, names[i]);
    HOLDS(http_headers_add(&req->headers, "Host", STR("iam.amazonaws.com"), &err));
}

/* Header names that are none would never have come off a wire. */
static bool is_sendable(const struct http_request *req)
{
    for (size_t i = 0; i < req->headers.count; i++)
        for (const char *c = req->headers.items[i].name; *c; c++)
            if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
                return false;
    return !(req->query && strstr(req->query, "X-Amz-Algorithm"));
}

/* Each touch changes one thing that is signed. */
static void touch_body(struct http_request *req)
{
    buf_addc(&req->body, 'x');
}

static void touch_method(struct http_request *req)
{
    req->method[0] = req->method[0] == 'G' ? 'P' : 'G';
}

static void touch_host(struct http_request *req)
{
    struct error err;

    HOLDS(http_headers_set(&req->headers, "Host", STR("sts.amazonaws.com"), &err));
}

static void touch_headers(struct http_request *req)
{
    struct error err;

    HOLDS(http_headers_add(&req->headers, "X-Amz-Added", STR("1"), &err));
}

static void touch_query(struct http_request *req)
{
    char *longer = mem_printf("%s&added=1", req->query ? req->query : "");

    mem_free(req->query);
    req->query = longer;
}

static void touch_path(struct http_request *req)
{
    char *longer = mem_printf("%s/added", req->path);

    mem_free(req->path);
    req->path = longer;
}

static void touch_signature(struct http_request *req)
{
    for (size_t i = 0; i < req->headers.count; i++) {
        struct http_header *h = &req->headers.items[i];
        size_t last = strlen(h->value);

        if (strcmp(h->name, "Authorization") == 0)
            h->value[last - 1] = h->value[last - 1] == '0' ? '1' : '0';
    }
}

static void (*const touches[])(struct http_request *) = {
    touch_body, touch_method, touch_host, touch_headers, touch_query, touch_path, touch_signature,
};

static void sign_and_touch(struct http_request *req, size_t which)
{
    static const struct sigv4_scope scope = {"us-east-1", "iam"};
    struct aws_credentials creds = key(which & 1), other = key(which & 1);
    const struct sigv4_flags flags = {.sign_body = which & 2};
    struct error err;

    make_unsigned(req);
    if (is_sendable(req) && req->method[0] && req->path[0] == '/') {
        HOLDS(sigv4_sign(req, &creds, &scope, &flags, NOW_S, NULL, &err));
        HOLDS(judge(req, &creds) == SIGV4_OK);
        HOLDS(judge(req, NULL) == SIGV4_UNKNOWN_KEY);
        secret_set(&other.secret_access_key, STR("another/secret/another/secret/another/se"));
        HOLDS(judge(req, &other) == SIGV4_MISMATCH);
        touches[which % ARRAY_LEN(touches)](req);
        HOLDS(judge(req, &creds) == SIGV4_MISMATCH);
    }
    aws_credentials_release(&creds);
    aws_credentials_release(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(fuzz_request_release) struct fuzz_request r = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    size_t which = size > 0 ? data[0] : 0;

    if (!fuzz_request_read(str_slice(fuzz_text(data, size), 1, size), &r))
        return 0;
    creds = key(false);
    HOLDS(judge(&r.req, &creds) != SIGV4_OK);
    HOLDS(judge(&r.req, NULL) != SIGV4_OK);
    sign_and_touch(&r.req, which);
    return 0;
}
