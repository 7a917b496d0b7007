/* Signed requests altered in one place each, over a socket: header and
 * presigned form, on all four protocols. What each is answered is written down
 * here from facts 6.2, not asked of aws/auth. */
#include "aws/common/mem.h"
#include "aws/sandbox/trail.h"
#include "tests/support/served_sandbox.h"
#include "tests/support/signed_draft.h"
#include "tests/unit/aws/sandbox/signature_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A read of each protocol. */
static const struct scene {
    const char *name, *service, *path, *target;
    const char *method[2], *query[2], *body[2]; /* header form, presigned */
} scenes[PROTOCOLS] = {
    [QUERY] = {"query",
               "sts",
               "/",
               NULL,
               {"POST", "GET"},
               {NULL, "Action=GetCallerIdentity&Version=2011-06-15"},
               {"Action=GetCallerIdentity&Version=2011-06-15", ""}},
    [EC2] = {"ec2",
             "ec2",
             "/",
             NULL,
             {"POST", "GET"},
             {NULL, "Action=DescribeVpcs&Version=2016-11-15"},
             {"Action=DescribeVpcs&Version=2016-11-15", ""}},
    [JSON] = {"json",
              "secretsmanager",
              "/",
              "secretsmanager.ListSecrets",
              {"POST", "POST"},
              {NULL, NULL},
              {"{}", "{}"}},
    [REST] = {"rest-json", "lambda", "/2015-03-31/functions", NULL, {"GET", "GET"}, {NULL, NULL}, {"", ""}},
};

static const struct {
    int status;
    const char *code;
} answers[SLIPS][PROTOCOLS] = {
    [NONE] = {{200, ""}, {200, ""}, {200, ""}, {200, ""}},
    [TWO_FORMS] = {{403, "InvalidSignatureException"},
                   {401, "AuthFailure"},
                   {400, "InvalidSignatureException"},
                   {403, "InvalidSignatureException"}},
    [MISSING] = {{403, "MissingAuthenticationToken"},
                 {401, "AuthFailure"},
                 {400, "MissingAuthenticationTokenException"},
                 {403, "MissingAuthenticationTokenException"}},
    [INCOMPLETE] = {{400, "IncompleteSignature"},
                    {400, "IncompleteSignature"},
                    {400, "IncompleteSignatureException"},
                    {403, "IncompleteSignatureException"}},
    [UNKNOWN] = {{403, "InvalidClientTokenId"},
                 {401, "AuthFailure"},
                 {400, "UnrecognizedClientException"},
                 {403, "UnrecognizedClientException"}},
    [EXPIRED] = {{403, "ExpiredToken"},
                 {400, "RequestExpired"},
                 {400, "ExpiredTokenException"},
                 {403, "ExpiredTokenException"}},
    [MISMATCH] = {{403, "SignatureDoesNotMatch"},
                  {401, "AuthFailure"},
                  {400, "InvalidSignatureException"},
                  {403, "InvalidSignatureException"}},
    [SKEW] = {{403, "SignatureDoesNotMatch"},
              {400, "RequestExpired"},
              {400, "InvalidSignatureException"},
              {403, "InvalidSignatureException"}},
};

static const char world[] =
    "{\"admin\":\"instructor\",\"users\":{\"instructor\":{\"policies\":[\"AdministratorAccess\"]}},"
    "\"roles\":{\"everything\":{\"trust\":\"ec2.amazonaws.com\",\"inline\":{\"all\":{\"Version\":\"2012-10-"
    "17\","
    "\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}}}}}";

static void set(struct http_request *req, const char *name, const char *value)
{
    struct error err;

    assert_true(http_headers_set(&req->headers, name, str_of(value), &err));
}

static void prepare(struct served *v, const struct row *row, enum protocol p, bool presigned, struct draft *d)
{
    const struct scene *scene = &scenes[p];

    *d = (struct draft){.presigned = presigned,
                        .key = v->admin.access_key_id,
                        .secret = secret_text(&v->admin.secret_access_key),
                        .region = "eu-west-1",
                        .service = scene->service,
                        .now_s = SERVED_NOW_S + row->late_s};
    http_request_set(&d->req, scene->method[presigned], scene->path, scene->query[presigned]);
    set(&d->req, "Host", "localhost:4566");
    buf_adds(&d->req.body, scene->body[presigned]);
    if (d->req.body.len)
        set(&d->req, "Content-Type",
            scene->target ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded");
    if (scene->target)
        set(&d->req, "X-Amz-Target", scene->target);
    if (row->extra)
        set(&d->req, row->extra, "something");
    if (row->session_s) {
        const struct json *session = session_make(v->fixture.sandbox, "everything", "s", "", row->session_s);

        d->key = json_get_text(session, "AccessKeyId");
        d->secret = json_get_text(session, "secret");
        d->token = json_get_text(session, "token");
    }
    if (row->field) {
        char *base = (char *)d;

        memcpy(base + row->field, &row->value, sizeof row->value);
    }
}

/** Replaces the first a of a text. */
static char *edited(const char *text, const char *a, const char *b)
{
    const char *at = strstr(text, a);

    if (!at)
        fail_msg("no %s in %s", a, text);
    return mem_printf("%.*s%s%s", (int)(at - text), text, b, at + strlen(a));
}

static void reset(struct http_request *req, const char *method, const char *path, const char *query)
{
    CLEANUP(mem_freep) char *m = mem_dup(method), *p = mem_dup(path), *q = mem_dup(query);

    http_request_set(req, m, p, q);
}

static void edit_authentication(struct draft *d, const char *a, const char *b)
{
    CLEANUP(mem_freep)
    char *text =
        edited(d->presigned ? d->req.query : http_headers_find(&d->req.headers, "Authorization"), a, b);

    if (d->presigned)
        reset(&d->req, d->req.method, d->req.path, text);
    else
        set(&d->req, "Authorization", text);
}

/** Without its last character, which is the signature's in both forms. */
static void cut_authentication(struct draft *d)
{
    const char *text = d->presigned ? d->req.query : http_headers_find(&d->req.headers, "Authorization");
    CLEANUP(mem_freep) char *shorter = mem_printf("%.*s", (int)strlen(text) - 1, text);

    if (d->presigned)
        reset(&d->req, d->req.method, d->req.path, shorter);
    else
        set(&d->req, "Authorization", shorter);
}

static void alter(struct draft *d, const struct row *row)
{
    struct http_request *req = &d->req;
    struct error err;

    switch (row->after) {
    case NOTHING:
        break;
    case AUTH:
        edit_authentication(d, row->a, row->b);
        break;
    case CUT:
        cut_authentication(d);
        break;
    case DROP:
        http_headers_remove(&req->headers, row->a);
        break;
    case PUT:
        set(req, row->a, row->b);
        break;
    case ADD:
        assert_true(http_headers_add(&req->headers, row->a, str_of(row->b), &err));
        break;
    case BODY:
        buf_adds(&req->body, row->a);
        break;
    case METHOD:
        reset(req, row->a, req->path, req->query);
        break;
    case PATH:
        reset(req, req->method, row->a, req->query);
        break;
    case PARAMETER: {
        CLEANUP(mem_freep)
        char *query =
            mem_printf("%s%s%s", req->query ? req->query : "", req->query && *req->query ? "&" : "", row->a);

        reset(req, req->method, req->path, query);
        break;
    }
    }
}

/** Whether the answer has the code where the protocol has it. */
static bool has_code(const char *reply, enum protocol p, const char *code)
{
    static const char *const before[PROTOCOLS] = {
        [QUERY] = "<Type>Sender</Type><Code>",
        [EC2] = "<Errors><Error><Code>",
        [JSON] = "\"__type\":\"com.amazon.coral.service#",
        [REST] = "x-amzn-errortype: ",
    };
    static const char *const behind[PROTOCOLS] = {"</Code>", "</Code>", "\"", "\r\n"};
    CLEANUP(mem_freep) char *place = mem_printf("%s%s%s", before[p], code, behind[p]);

    return !*code || strcasestr(reply, place);
}

static bool try_row(struct served *v, const struct row *row, enum protocol p, bool presigned)
{
    CLEANUP(buf_release) struct buf request = {0}, reply = {0};
    struct sandbox *s = v->fixture.sandbox;
    size_t recorded = trail_count(s->trail);
    struct draft d;
    int status;
    bool ok;

    json_put_text(world_edit(s->world, "iam.access_key", v->fixture.admin_key), "Status",
                  row->key_is_off ? "Inactive" : "Active");
    prepare(v, row, p, presigned, &d);
    draft_sign(&d);
    alter(&d, row);
    served_write(&d.req, &request);
    draft_release(&d);
    status = served_ask(v, buf_str(&request), &reply);
    ok = status == answers[row->want][p].status &&
         has_code(buf_text(&reply), p, answers[row->want][p].code) &&
         (!row->says || p == EC2 || p == REST || strstr(buf_text(&reply), row->says)) &&
         /* Nobody is known to have asked, so nothing was done. */
         trail_count(s->trail) - recorded == (row->want == NONE);
    if (!ok)
        print_error("%s, %s, %s:\n%s\n%s\n", scenes[p].name, presigned ? "presigned" : "header", row->why,
                    buf_text(&request), buf_text(&reply));
    return ok;
}

static void try_all(enum protocol p)
{
    struct served v = {.world = world};
    size_t tried = 0, failed = 0;

    served_start(&v);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].only && !(rows[i].only & 1U << p))
            continue;
        for (unsigned form = 0; form < 2; form++) {
            if (!(rows[i].forms & 1U << form))
                continue;
            tried++;
            failed += !try_row(&v, &rows[i], p, form == 1);
        }
    }
    served_stop(&v);
    assert_true(tried > 100);
    assert_int_equal(failed, 0);
}

static void test_query(void **state)
{
    (void)state;
    try_all(QUERY);
}

static void test_ec2(void **state)
{
    (void)state;
    try_all(EC2);
}

static void test_json(void **state)
{
    (void)state;
    try_all(JSON);
}

static void test_rest_json(void **state)
{
    (void)state;
    try_all(REST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_ec2),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_rest_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
