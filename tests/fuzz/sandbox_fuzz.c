/* The sandbox itself, without a socket: signed requests one after the other to
 * one world. Whatever is asked, the answer is AWS's and never a 500 (SECURITY
 * rule 21). Input: requests divided by lines "%%"; the line before a request
 * says who signs ("admin", "student", else nobody) and for which service. */
#include "aws/auth/sigv4.h"
#include "aws/protocol/protocol.h"
#include "aws/protocol/wire.h"
#include "tests/fuzz/request.h"
#include "tests/support/sandbox_fixture.h"

enum { MOST_REQUESTS = 6 };

/* They start programs, with what the request says on their stdin or as a script:
 * not from bytes nobody has looked at. */
static const char *const left_out[] = {"SendCommand", "Invoke", "InvokeAsync", "InvokeWithResponseStream"};

static bool is_left_out(const struct http_request *req, struct str service)
{
    const struct aws_service *routed;
    const struct aws_operation *op = NULL;
    struct error ignored;

    if (!protocol_route(req, service, &routed, &op, &ignored))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
        if (strcmp(op->name, left_out[i]) == 0)
            return true;
    return false;
}

static void sign(struct sandbox_fixture *f, const char *key, const char *service, struct http_request *req)
{
    const struct sigv4_scope scope = {strcmp(service, "iam") == 0 ? "us-east-1" : "eu-west-1", service};
    const struct json *entity = world_get(f->sandbox->world, "iam.access_key", key);
    struct aws_credentials creds = {0};
    struct error err;

    http_headers_remove(&req->headers, "Authorization");
    http_headers_remove(&req->headers, "X-Amz-Date");
    http_headers_remove(&req->headers, "Host");
    (void)snprintf(creds.access_key_id, sizeof creds.access_key_id, "%s", key);
    secret_set(&creds.secret_access_key, json_str(json_get(entity, "secret")));
    HOLDS(http_headers_add(&req->headers, "Host", STR("localhost"), &err));
    /* A header name that is none cannot be signed: then it goes unsigned. */
    if (!sigv4_sign(req, &creds, &scope, NULL, f->now_ms / 1000, NULL, &err))
        http_headers_remove(&req->headers, "Authorization");
    aws_credentials_release(&creds);
}

static void look_at_reply(const struct work *w)
{
    const struct http_response *r = &w->response;
    const struct aws_service *service = w->call.service;
    struct str body = buf_str(&r->body);
    CLEANUP(json_freep) struct json *json = NULL;
    CLEANUP(xml_freep) struct xml_node *xml = NULL;
    struct error err;

    if (r->status >= 500)
        (void)fprintf(stderr, "%.*s\n", STR_ARG(body));
    HOLDS(r->status >= 200 && r->status < 500);
    for (size_t i = 0; i < r->headers.count; i++)
        for (const char *c = r->headers.items[i].value; *c; c++)
            HOLDS((unsigned char)*c >= 0x20 && *c != 0x7f);
    if (!service || body.len == 0)
        return;
    if (service->protocol == AWS_QUERY || service->protocol == AWS_EC2)
        HOLDS(xml_parse(body, &xml, &err));
    else
        HOLDS(json_parse(body, &(struct json_limits){.depth = 64}, &json, &err));
}

static void on_end(struct work *w)
{
    *(bool *)w->arg = true;
}

static void ask(struct sandbox_fixture *f, const char *const keys[2], struct str text)
{
    struct str line = fuzz_line(&text), who = fuzz_word(&line);
    CLEANUP(fuzz_request_release) struct fuzz_request r = {0};
    CLEANUP(mem_freep) char *service = mem_copy(fuzz_rest(line));
    bool ended = false;
    struct work *w;

    if (!fuzz_request_read(fuzz_rest(text), &r) || is_left_out(&r.req, str_of(service)))
        return;
    if (str_is(who, "admin") || str_is(who, "student"))
        sign(f, keys[str_is(who, "student")], service, &r.req);
    w = work_new(f->sandbox, &r.req, on_end, &ended);
    (void)snprintf(w->call.source_ip, sizeof w->call.source_ip, "127.0.0.1");
    dispatch_request(w);
    if (!ended)
        fixture_settle(f);
    HOLDS(ended);
    look_at_reply(w);
    work_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str mark = STR("\n%%\n");
    struct str text = fuzz_text(data, size);
    struct sandbox_fixture f = {0};
    char student[129];

    fixture_start(&f);
    fixture_user_key(&f, "student", student);
    for (size_t n = 0; n < MOST_REQUESTS && text.len > 0; n++) {
        size_t end = 0;

        while (end < text.len && !str_starts(str_slice(text, end, text.len), mark))
            end++;
        ask(&f, (const char *const[2]){f.admin_key, student}, str_slice(text, 0, end));
        fixture_advance(&f, 60000);
        text = str_slice(text, end + mark.len, text.len);
    }
    fixture_stop(&f);
    return 0;
}
