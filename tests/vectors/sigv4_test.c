/* Replays the published signing vectors, both ways, and then changes one thing
 * in each signed request, which must be refused. */
#include "tests/support/sigv4_record.h"

#include "aws/common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define VECTORS "../shared/vectors/sigv4/vectors.jsonl"
#define RECORDS 42
#define VERIFIED 41

struct check {
    unsigned records, good;
};

static void each_record(void (*run)(const struct json *record, struct check *check), struct check *check)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct error err = {0};
    struct str rest, line;

    if (!file_read(VECTORS, 8u << 20, &text, &err)) {
        if (err.code == ERR_NO_INPUT)
            skip();
        fail_msg("%s", err.message);
    }
    rest = buf_str(&text);
    while (str_split(&rest, '\n', &line)) {
        CLEANUP(json_freep) struct json *record = NULL;

        if (str_empty(line))
            continue;
        if (!json_parse(line, NULL, &record, &err))
            fail_msg("%s", err.message);
        check->records++;
        run(record, check);
    }
    assert_int_equal(check->records, RECORDS);
}

static void sign_one(const struct json *line, struct check *check)
{
    CLEANUP(sigv4_record_release) struct sigv4_record record = {0};
    CLEANUP(sigv4_stages_release) struct sigv4_stages stages = {0};
    struct error err = {0};

    assert_true(sigv4_record_read(line, "request", &record));
    struct sigv4_flags flags = {
        .keep_path = !json_bool(json_get(record.context, "normalize"), true),
        .sign_body = json_bool(json_get(record.context, "sign_body"), false),
        .omit_session_token = json_bool(json_get(record.context, "omit_session_token"), false),
    };
    if (!sigv4_sign(&record.request, &record.creds, &record.scope, &flags, record.now_s, &stages, &err))
        fail_msg("%s: %s", json_get_text(line, "name"), err.message);
    assert_string_equal(buf_text(&stages.canonical_request), json_get_text(line, "canonical_request"));
    assert_string_equal(buf_text(&stages.string_to_sign), json_get_text(line, "string_to_sign"));
    assert_string_equal(stages.signature, json_get_text(line, "signature"));
    check->good++;
}

static void signs_every_vector(void **state)
{
    struct check check = {0};

    (void)state;
    each_record(sign_one, &check);
    assert_int_equal(check.good, RECORDS);
}

static bool verify(const struct sigv4_record *record, struct sigv4_verdict *verdict)
{
    const char *const regions[] = {record->scope.region, NULL};
    struct sigv4_expectation want = {
        .service = record->scope.service,
        .regions = regions,
        .now_s = record->now_s,
        .window_s = 300,
        .keep_path = !json_bool(json_get(record->context, "normalize"), true),
    };
    struct sigv4_claim claim;

    return sigv4_read_claim(&record->request, &claim, verdict) &&
           sigv4_verify(&record->request, &claim, &record->creds, &want, verdict);
}

/* --- one change each --- */

static void change_body(struct sigv4_record *r)
{
    buf_addc(&r->request.body, '!');
}

static void change_method(struct sigv4_record *r)
{
    CLEANUP(mem_freep) char *path = mem_dup(r->request.path);
    CLEANUP(mem_freep) char *query = mem_dup(r->request.query);

    http_request_set(&r->request, "PUT", path, query);
}

static void change_path(struct sigv4_record *r)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/x", r->request.path);
    CLEANUP(mem_freep) char *method = mem_dup(r->request.method);

    http_request_set(&r->request, method, path, r->request.query);
}

static void change_query(struct sigv4_record *r)
{
    CLEANUP(mem_freep) char *query = mem_printf("%s&x", r->request.query);

    http_request_set(&r->request, r->request.method, r->request.path, query);
}

static void change_signature(struct sigv4_record *r)
{
    for (size_t i = 0; i < r->request.headers.count; i++) {
        struct http_header *h = &r->request.headers.items[i];

        if (strcmp(h->name, "Authorization") == 0)
            h->value[strlen(h->value) - 1] ^= 1;
    }
}

static void change_host(struct sigv4_record *r)
{
    struct error err;

    assert_true(http_headers_set(&r->request.headers, "Host", STR("example.org"), &err));
}

static void change_secret(struct sigv4_record *r)
{
    secret_set(&r->creds.secret_access_key, STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ"));
}

static void change_late(struct sigv4_record *r)
{
    r->now_s += 301;
}

static void change_early(struct sigv4_record *r)
{
    r->now_s -= 301;
}

static void change_region(struct sigv4_record *r)
{
    r->scope.region = "eu-central-7";
}

static void change_service(struct sigv4_record *r)
{
    r->scope.service = "iam";
}

static void change_token(struct sigv4_record *r)
{
    secret_set(&r->creds.session_token, STR("another session"));
}

static void change_extra(struct sigv4_record *r)
{
    struct error err;

    assert_true(http_headers_add(&r->request.headers, "X-Amz-Target", STR("unsigned"), &err));
}

static void verify_one(const struct json *line, struct check *check)
{
    static void (*const changes[])(struct sigv4_record *) = {
        change_body,    change_method, change_path,  change_query, change_signature,
        change_host,    change_secret, change_late,  change_early, change_region,
        change_service, change_token,  change_extra,
    };
    CLEANUP(sigv4_record_release) struct sigv4_record record = {0};
    struct sigv4_verdict verdict;

    assert_true(sigv4_record_read(line, "signed_request", &record));
    if (!verify(&record, &verdict)) {
        /* Its token header was added after signing. */
        assert_string_equal(json_get_text(line, "name"), "post-sts-header-after");
        return;
    }
    check->good++;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        CLEANUP(sigv4_record_release) struct sigv4_record changed = {0};

        assert_true(sigv4_record_read(line, "signed_request", &changed));
        changes[i](&changed);
        if (verify(&changed, &verdict))
            fail_msg("%s: change %zu was accepted", json_get_text(line, "name"), i);
        assert_int_not_equal(verdict.fault, SIGV4_OK);
        assert_string_not_equal(verdict.message, "");
    }
}

static void verifies_every_vector_and_no_change(void **state)
{
    struct check check = {0};

    (void)state;
    each_record(verify_one, &check);
    assert_int_equal(check.good, VERIFIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_every_vector),
        cmocka_unit_test(verifies_every_vector_and_no_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
