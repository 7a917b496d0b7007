/* A call from end to end, against a transport that is a script. */
#include "aws/client/client.h"

#include "aws/common/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S 1440938160 /* 2015-08-30T12:36:00Z */

/* --- transport, credentials, clock and chance --- */

struct reply {
    int status; /* 0: the exchange fails with ERR_UNREACHABLE */
    const char *body;
    const char *date;
    bool nothing_sent;
};

struct script {
    struct http_transport base;
    const struct reply *replies;
    size_t count, next;
    struct buf sent[8]; /* head and body of each request, one text */
};

static bool script_send(void *self, const struct http_url *url, const struct http_request *req,
                        const struct http_options *options, struct http_response *out, struct error *err)
{
    struct script *s = self;
    const struct reply *reply = &s->replies[s->next < s->count ? s->next : s->count - 1];
    struct error ignored;

    (void)options;
    if (s->next < ARRAY_LEN(s->sent)) {
        struct buf *text = &s->sent[s->next];

        buf_printf(text, "%s %s%s%s\n", req->method, req->path, req->query && req->query[0] ? "?" : "",
                   req->query ? req->query : "");
        for (size_t i = 0; i < req->headers.count; i++)
            buf_printf(text, "%s: %s\n", req->headers.items[i].name, req->headers.items[i].value);
        buf_printf(text, "\n%s", buf_text(&req->body));
    }
    s->next++;
    if (reply->status == 0) {
        error_set(err, ERR_UNREACHABLE, "%s: connection lost", url->host);
        err->retryable = reply->nothing_sent;
        return false;
    }
    s->base.bytes_sent += 100;
    s->base.bytes_received += 10;
    out->status = reply->status;
    buf_adds(&out->body, reply->body);
    return !reply->date || http_headers_add(&out->headers, "Date", str_of(reply->date), &ignored);
}

static void script_free(void *self)
{
    (void)self;
}

static void script_release(struct script *s)
{
    for (size_t i = 0; i < ARRAY_LEN(s->sent); i++)
        buf_release(&s->sent[i]);
}

struct identity {
    struct credential_provider base;
    int given, invalidated;
};

static bool identity_get(void *self, struct aws_credentials *out, struct error *err)
{
    struct identity *p = self;

    (void)err;
    aws_credentials_release(out);
    snprintf(out->access_key_id, sizeof out->access_key_id, "AKIA%d", p->invalidated);
    secret_set(&out->secret_access_key, STR("not a real secret"));
    p->given++;
    return true;
}

static void identity_invalidate(void *self)
{
    ((struct identity *)self)->invalidated++;
}

static int64_t now_ms(void *self)
{
    (void)self;
    return (int64_t)NOW_S * 1000;
}

/* No chance, so no wait between attempts. */
static void zeros(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

struct fixture {
    struct aws_settings settings;
    struct aws_shared_options options;
    struct aws_shared *shared;
    struct identity identity;
    struct script script;
    struct aws_client *client;
    int observed, observed_failures;
};

static void observe(void *self, const struct aws_operation *op, int attempt, int64_t ms,
                    const struct error *err)
{
    struct fixture *f = self;

    (void)op;
    (void)attempt;
    (void)ms;
    f->observed++;
    f->observed_failures += err != NULL;
}

static void make(struct fixture *f, const struct reply *replies, size_t count)
{
    static char endpoint[] = "http://127.0.0.1:4566/base";

    *f = (struct fixture){.settings = {.region = "eu-west-1", .max_attempts = 3, .endpoint_url = endpoint}};
    f->options = (struct aws_shared_options){
        .settings = &f->settings,
        .clock = {now_ms, now_ms, NULL},
        .random = {zeros, NULL},
        .observer = {.attempt = observe, .self = f},
        .stop_fd = -1,
    };
    f->shared = aws_shared_new(&f->options);
    f->identity.base = (struct credential_provider){identity_get, identity_invalidate, NULL, &f->identity};
    f->script = (struct script){.replies = replies, .count = count};
    f->script.base = (struct http_transport){.send = script_send, .free = script_free, .self = &f->script};
    f->client = aws_client_new(f->shared, &f->identity.base, &f->script.base);
}

static void drop(struct fixture *f)
{
    aws_client_free(f->client);
    aws_shared_free(f->shared);
    script_release(&f->script);
}

static bool sent(const struct fixture *f, size_t request, const char *part)
{
    return strstr(buf_text(&f->script.sent[request]), part) != NULL;
}

/* The rest of the line after `name`, for comparing two requests. */
static struct str line_of(const struct fixture *f, size_t request, const char *name)
{
    const char *at = strstr(buf_text(&f->script.sent[request]), name);

    assert_non_null(at);
    return str_slice(str_of(at), 0, str_find_char(str_of(at), '\n'));
}

#define IDENTITY                                                                                             \
    "<GetCallerIdentityResponse "                                                                            \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"                          \
    "<Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId><Account>123456789012</Account>"           \
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
#define QUERY_ERROR(code)                                                                                    \
    "<ErrorResponse><Error><Code>" code "</Code><Message>text</Message></Error></ErrorResponse>"
#define SECRET_REPLY "{\"ARN\":\"arn\",\"Name\":\"n\",\"VersionId\":\"v\"}"

/* --- one attempt --- */

static void signs_and_sends(void **state)
{
    static const struct reply replies[] = {{200, IDENTITY, NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err = {0};

    (void)state;
    make(&f, replies, 1);
    if (!aws_call(f.client, "sts", "GetCallerIdentity", NULL, &out, &err))
        fail_msg("%s", err.message);
    assert_string_equal(json_get_text(out, "Account"), "123456789012");
    assert_true(sent(&f, 0, "POST /base/\n"));
    assert_true(sent(&f, 0, "\nHost: 127.0.0.1:4566\n"));
    assert_true(sent(&f, 0, "\nUser-Agent: lab/"));
    assert_true(sent(&f, 0, "\namz-sdk-invocation-id: "));
    assert_true(sent(&f, 0, "\namz-sdk-request: attempt=1; max=3\n"));
    assert_true(sent(&f, 0, "\nX-Amz-Date: 20150830T123600Z\n"));
    assert_true(sent(
        &f, 0, "Credential=AKIA0/20150830/eu-west-1/sts/aws4_request, SignedHeaders=amz-sdk-invocation-id;"));
    assert_true(sent(&f, 0, "\n\nAction=GetCallerIdentity&Version=2011-06-15"));
    struct aws_totals totals = aws_shared_totals(f.shared);
    assert_int_equal(totals.requests, 1);
    assert_int_equal(totals.mutating, 0);
    assert_int_equal(totals.bytes_sent, 100);
    assert_int_equal(totals.bytes_received, 10);
    assert_int_equal(aws_client_requests(f.client), 1);
    assert_int_equal(f.observed, 1);
    assert_int_equal(f.observed_failures, 0);
}

static void signs_iam_globally(void **state)
{
    static const struct reply replies[] = {{404, QUERY_ERROR("NoSuchEntity"), NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *in = json_of("RoleName", "r", NULL);
    struct error err = {0};

    (void)state;
    make(&f, replies, 1);
    assert_false(aws_call(f.client, "iam", "GetRole", in, NULL, &err));
    assert_int_equal(err.code, ERR_AWS);
    assert_true(error_is(&err, "NoSuchEntity"));
    assert_string_equal(err.message, "GetRole: NoSuchEntity: text");
    assert_true(sent(&f, 0, "/us-east-1/iam/aws4_request"));
    assert_int_equal(f.script.next, 1);
}

static void refuses_before_sending(void **state)
{
    static const struct reply replies[] = {{200, "", NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *in = json_of("RoleNome", "r", NULL);
    struct error err = {0};

    (void)state;
    make(&f, replies, 1);
    assert_false(aws_call(f.client, "sts", "GetNothing", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(aws_call(f.client, "nothing", "GetRole", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(aws_call(f.client, "iam", "GetRole", in, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    f.settings.region[0] = '\0';
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_int_equal(f.script.next, 0);
}

/* --- more than one --- */

static void repeats_what_may_be_repeated(void **state)
{
    static const struct reply throttled = {400, QUERY_ERROR("Throttling"), NULL, false};
    static const struct reply broken = {500, QUERY_ERROR("InternalFailure"), NULL, false};
    static const struct reply lost = {0, NULL, NULL, false};
    static const struct reply refused = {0, NULL, NULL, true};
    static const struct reply denied = {403, QUERY_ERROR("AccessDenied"), NULL, false};
    static const struct {
        const char *why, *operation;
        const struct reply *reply;
        size_t requests;
        enum error_code want;
    } table[] = {
        {"reading after a 500", "GetRole", &broken, 3, ERR_AWS},
        {"creating after a 500: the role may be there", "CreateRole", &broken, 1, ERR_AWS},
        {"creating after a throttle", "CreateRole", &throttled, 3, ERR_AWS},
        {"creating after a lost reply", "CreateRole", &lost, 1, ERR_UNREACHABLE},
        {"creating when nothing was sent", "CreateRole", &refused, 3, ERR_UNREACHABLE},
        {"deleting after a lost reply", "DeleteRole", &lost, 3, ERR_UNREACHABLE},
        {"a refusal stays one", "GetRole", &denied, 1, ERR_AWS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(drop) struct fixture f;
        CLEANUP(json_freep) struct json *in = json_of("RoleName", "r", NULL);
        struct error err = {0};

        make(&f, table[i].reply, 1);
        if (strcmp(table[i].operation, "CreateRole") == 0)
            json_put_text(in, "AssumeRolePolicyDocument", "{}");
        assert_false(aws_call(f.client, "iam", table[i].operation, in, NULL, &err));
        if (err.code != table[i].want || f.script.next != table[i].requests)
            fail_msg("%s: %zu requests, %s", table[i].why, f.script.next, err.message);
        assert_int_equal(f.observed, table[i].requests);
        assert_int_equal(f.observed_failures, table[i].requests);
        assert_int_equal(aws_client_requests(f.client), table[i].reply == &refused ? 0 : table[i].requests);
    }
}

static void repeats_the_same_token(void **state)
{
    static const struct reply replies[] = {{0, NULL, NULL, false}, {200, SECRET_REPLY, NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *in = json_of("Name", "n", "SecretString", "s", NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err = {0};

    (void)state;
    make(&f, replies, 2);
    if (!aws_call(f.client, "secretsmanager", "CreateSecret", in, &out, &err))
        fail_msg("%s", err.message);
    assert_int_equal(f.script.next, 2);
    assert_true(sent(&f, 1, "\namz-sdk-request: attempt=2; max=3\n"));
    assert_true(str_equal(line_of(&f, 0, "amz-sdk-invocation-id"), line_of(&f, 1, "amz-sdk-invocation-id")));
    assert_true(
        str_equal(line_of(&f, 0, "\"ClientRequestToken\":\""), line_of(&f, 1, "\"ClientRequestToken\":\"")));
    /* The caller's input is not touched. */
    assert_null(json_get(in, "ClientRequestToken"));
    assert_int_equal(aws_shared_totals(f.shared).mutating, 2);
}

static void corrects_the_clock_once(void **state)
{
    static const struct reply replies[] = {
        {403, QUERY_ERROR("SignatureDoesNotMatch"), "Sun, 30 Aug 2015 13:36:00 GMT", false},
        {200, IDENTITY, NULL, false},
        {403, QUERY_ERROR("SignatureDoesNotMatch"), "Sun, 30 Aug 2015 13:36:00 GMT", false},
    };
    CLEANUP(drop) struct fixture f;
    struct error err = {0};

    (void)state;
    make(&f, replies, 3);
    if (!aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err))
        fail_msg("%s", err.message);
    assert_true(sent(&f, 0, "\nX-Amz-Date: 20150830T123600Z\n"));
    assert_true(sent(&f, 1, "\nX-Amz-Date: 20150830T133600Z\n"));
    /* With the clock right the signature is what is wrong. */
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_int_equal(f.script.next, 3);
    assert_true(sent(&f, 2, "\nX-Amz-Date: 20150830T133600Z\n"));
}

static void renews_credentials_once(void **state)
{
    static const struct reply replies[] = {
        {403, QUERY_ERROR("ExpiredToken"), NULL, false},
        {200, IDENTITY, NULL, false},
        {403, QUERY_ERROR("ExpiredToken"), NULL, false},
    };
    CLEANUP(drop) struct fixture f;
    struct error err = {0};

    (void)state;
    make(&f, replies, 3);
    if (!aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(f.identity.invalidated, 1);
    assert_true(sent(&f, 1, "Credential=AKIA1/"));
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_true(error_is(&err, "ExpiredToken"));
    assert_int_equal(f.identity.invalidated, 2);
    assert_int_equal(f.script.next, 4);
}

static void stays_within_the_budget(void **state)
{
    static const struct reply replies[] = {{500, QUERY_ERROR("InternalFailure"), NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *in = json_of("RoleName", "r", NULL);
    struct error err = {0};

    (void)state;
    make(&f, replies, 1);
    /* 500 buy a hundred retries: fifty calls of three attempts. */
    for (int i = 0; i < 50; i++)
        assert_false(aws_call(f.client, "iam", "GetRole", in, NULL, &err));
    assert_int_equal(f.script.next, 150);
    assert_false(aws_call(f.client, "iam", "GetRole", in, NULL, &err));
    assert_int_equal(f.script.next, 151);
}

static void stops_when_told(void **state)
{
    static const struct reply replies[] = {{200, IDENTITY, NULL, false}};
    CLEANUP(drop) struct fixture f;
    struct error err = {0};
    int ends[2];

    (void)state;
    make(&f, replies, 1);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    aws_client_free(f.client);
    aws_shared_free(f.shared);
    f.options.stop_fd = ends[0];
    f.shared = aws_shared_new(&f.options);
    f.client = aws_client_new(f.shared, &f.identity.base, &f.script.base);
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_INTERRUPTED);
    assert_int_equal(f.script.next, 0);
    close(ends[0]);
    close(ends[1]);
}

/* --- pages --- */

static void joins_pages(void **state)
{
    static const struct reply replies[] = {
        {200, "{\"SecretList\":[{\"Name\":\"a\"}],\"NextToken\":\"t1\"}", NULL, false},
        {200, "{\"SecretList\":[],\"NextToken\":\"t2\"}", NULL, false},
        {200, "{\"SecretList\":[{\"Name\":\"b\"},{\"Name\":\"c\"}]}", NULL, false},
    };
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    struct error err = {0};

    (void)state;
    make(&f, replies, 3);
    if (!aws_call_all(f.client, "secretsmanager", "ListSecrets", NULL, &out, &err))
        fail_msg("%s", err.message);
    json_write(out, &text);
    assert_string_equal(buf_text(&text),
                        "{\"SecretList\":[{\"Name\":\"a\"},{\"Name\":\"b\"},{\"Name\":\"c\"}]}");
    assert_true(sent(&f, 1, "{\"NextToken\":\"t1\"}"));
    assert_true(sent(&f, 2, "{\"NextToken\":\"t2\"}"));
}

static void refuses_a_page_without_end(void **state)
{
    static const struct reply replies[] = {{200, "{\"SecretList\":[],\"NextToken\":\"t\"}", NULL, false}};
    CLEANUP(drop) struct fixture f;
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err = {0};

    (void)state;
    make(&f, replies, 1);
    assert_false(aws_call_all(f.client, "secretsmanager", "ListSecrets", NULL, &out, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_int_equal(f.script.next, 2);
}

/* --- workers --- */

#define WORKERS 4
#define CALLS 25

struct worker {
    pthread_t thread;
    struct aws_client *client;
    struct script script;
    struct identity identity;
    int failed;
};

static void *work(void *self)
{
    struct worker *w = self;

    for (int i = 0; i < CALLS; i++) {
        struct error err = {0};

        w->failed += !aws_call(w->client, "sts", "GetCallerIdentity", NULL, NULL, &err);
    }
    return NULL;
}

static void shares_between_workers(void **state)
{
    static const struct reply replies[] = {
        {403, QUERY_ERROR("SignatureDoesNotMatch"), "Sun, 30 Aug 2015 13:36:00 GMT", false},
        {400, QUERY_ERROR("Throttling"), NULL, false},
        {200, IDENTITY, NULL, false},
    };
    struct worker workers[WORKERS] = {0};
    CLEANUP(drop) struct fixture f;
    uint64_t requests = 0;

    (void)state;
    make(&f, replies, 3);
    aws_client_free(f.client);
    aws_shared_free(f.shared);
    f.client = NULL;
    f.options.observer = (struct aws_observer){0};
    f.shared = aws_shared_new(&f.options);
    for (int i = 0; i < WORKERS; i++) {
        struct worker *w = &workers[i];

        w->identity.base =
            (struct credential_provider){identity_get, identity_invalidate, NULL, &w->identity};
        /* All but the first find the clock corrected already. */
        w->script = (struct script){.replies = i == 0 ? replies : replies + 1, .count = i == 0 ? 3 : 2};
        w->script.base =
            (struct http_transport){.send = script_send, .free = script_free, .self = &w->script};
        w->client = aws_client_new(f.shared, &w->identity.base, &w->script.base);
        assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        struct worker *w = &workers[i];

        pthread_join(w->thread, NULL);
        assert_int_equal(w->failed, 0);
        requests += aws_client_requests(w->client);
        aws_client_free(w->client);
        script_release(&w->script);
    }
    assert_int_equal(requests, WORKERS * CALLS + WORKERS + 1);
    assert_int_equal(aws_shared_totals(f.shared).requests, requests);
    assert_int_equal(aws_shared_totals(f.shared).bytes_sent, 100 * requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_and_sends),
        cmocka_unit_test(signs_iam_globally),
        cmocka_unit_test(refuses_before_sending),
        cmocka_unit_test(repeats_what_may_be_repeated),
        cmocka_unit_test(repeats_the_same_token),
        cmocka_unit_test(corrects_the_clock_once),
        cmocka_unit_test(renews_credentials_once),
        cmocka_unit_test(stays_within_the_budget),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(joins_pages),
        cmocka_unit_test(refuses_a_page_without_end),
        cmocka_unit_test(shares_between_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
