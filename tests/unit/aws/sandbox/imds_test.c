#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Sends one request; header may be NULL. Returns the status. */
static int ask(struct sandbox_fixture *f, const char *method, const char *path, const char *header,
               const char *value, struct buf *body)
{
    struct http_request req = {0};
    struct http_response response = {0};
    struct error err;
    int status;

    http_request_set(&req, method, path, NULL);
    if (header)
        assert_true(http_headers_add(&req.headers, header, str_of(value), &err));
    assert_true(imds_answer(f->sandbox, &req, &response));
    status = response.status;
    if (body) {
        buf_reset(body);
        buf_add(body, buf_str(&response.body));
    }
    http_request_release(&req);
    http_response_release(&response);
    return status;
}

static const char ttl[] = "X-aws-ec2-metadata-token-ttl-seconds", token_header[] = "X-aws-ec2-metadata-token";
static const char credentials[] = "/latest/meta-data/iam/security-credentials/";

static void take_token(struct sandbox_fixture *f, const char *seconds, struct buf *token)
{
    assert_int_equal(ask(f, "PUT", "/latest/api/token", ttl, seconds, token), 200);
    assert_int_equal(token->len, 56);
}

static void test_refuses_without_a_good_token(void **state)
{
    static const struct {
        const char *why, *method, *path, *header, *value;
        int status;
    } rows[] = {
        {"version 1 is off", "GET", "/latest/meta-data/instance-id", NULL, NULL, 401},
        {"not one of ours", "GET", "/latest/meta-data/instance-id", "X-aws-ec2-metadata-token",
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 401},
        {"no TTL", "PUT", "/latest/api/token", NULL, NULL, 400},
        {"TTL of nothing", "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "0", 400},
        {"TTL over six hours", "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "21601",
         400},
        {"TTL no number", "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "1e3", 400},
        {"came through a proxy", "PUT", "/latest/api/token", "X-Forwarded-For", "10.0.0.1", 403},
        {"no other method", "POST", "/latest/meta-data/instance-id", NULL, NULL, 405},
    };
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int status = ask(&f, rows[i].method, rows[i].path, rows[i].header, rows[i].value, NULL);

        if (status != rows[i].status)
            fail_msg("%s: %d", rows[i].why, status);
    }
    fixture_stop(&f);
}

static void test_a_token_ends_and_cannot_be_changed(void **state)
{
    CLEANUP(buf_release) struct buf token = {0}, body = {0};
    struct sandbox_fixture f = {0};
    const char *path = "/latest/meta-data/instance-id";

    (void)state;
    fixture_start(&f);
    take_token(&f, "60", &token);
    assert_int_equal(ask(&f, "GET", path, token_header, buf_text(&token), &body), 200);
    assert_int_equal(strncmp(buf_text(&body), "i-", 2), 0);
    fixture_advance(&f, 59999);
    assert_int_equal(ask(&f, "GET", path, token_header, buf_text(&token), NULL), 200);
    fixture_advance(&f, 1);
    assert_int_equal(ask(&f, "GET", path, token_header, buf_text(&token), NULL), 401);
    take_token(&f, "60", &token);
    token.data[3] = token.data[3] == 'A' ? 'B' : 'A'; /* the end of its life */
    assert_int_equal(ask(&f, "GET", path, token_header, buf_text(&token), NULL), 401);
    fixture_stop(&f);
}

static void test_documents(void **state)
{
    static const struct {
        const char *path, *want; /* NULL: any text, "": 404 */
    } rows[] = {
        {"/latest/meta-data/placement/region", "eu-west-1"},
        {"/latest/meta-data/placement/availability-zone", "eu-west-1a"},
        {"/latest/meta-data/iam/security-credentials/", "ide"},
        {"/latest/meta-data/mac", NULL},
        {"/latest/dynamic/instance-identity/document", NULL},
        {"/latest/meta-data/iam/security-credentials/other", ""},
        {"/latest/meta-data/iam/security-credentials-extended/", ""},
        {"/latest/user-data", ""},
    };
    CLEANUP(buf_release) struct buf token = {0}, body = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    take_token(&f, "21600", &token);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool missing = rows[i].want && !*rows[i].want;

        assert_int_equal(ask(&f, "GET", rows[i].path, token_header, buf_text(&token), &body),
                         missing ? 404 : 200);
        if (rows[i].want)
            assert_string_equal(buf_text(&body), rows[i].want);
    }
    fixture_stop(&f);
}

/* The path with the address of the one interface. */
static void test_interface(void **state)
{
    static const char list[] = "/latest/meta-data/network/interfaces/macs/";
    CLEANUP(buf_release) struct buf token = {0}, mac = {0}, macs = {0}, path = {0}, body = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    take_token(&f, "21600", &token);
    assert_int_equal(ask(&f, "GET", "/latest/meta-data/mac", token_header, buf_text(&token), &mac), 200);
    assert_int_equal(ask(&f, "GET", list, token_header, buf_text(&token), &macs), 200);
    buf_printf(&path, "%s/", buf_text(&mac));
    assert_string_equal(buf_text(&macs), buf_text(&path));
    buf_reset(&path);
    buf_printf(&path, "%s%s/vpc-id", list, buf_text(&mac));
    assert_int_equal(ask(&f, "GET", buf_text(&path), token_header, buf_text(&token), &body), 200);
    assert_int_equal(strncmp(buf_text(&body), "vpc-", 4), 0);
    buf_reset(&path);
    buf_printf(&path, "%s02:00:00:00:00:00/vpc-id", list);
    assert_int_equal(ask(&f, "GET", buf_text(&path), token_header, buf_text(&token), &body), 404);
    fixture_stop(&f);
}

static void test_credentials_work_and_follow_the_association(void **state)
{
    CLEANUP(buf_release) struct buf token = {0}, body = {0}, again = {0}, path = {0};
    CLEANUP(json_freep) struct json *document = NULL, *out = NULL;
    struct sandbox_fixture f = {0};
    struct json *association;
    struct error err;

    (void)state;
    fixture_start(&f);
    take_token(&f, "600", &token);
    buf_printf(&path, "%side", credentials);
    assert_int_equal(ask(&f, "GET", buf_text(&path), token_header, buf_text(&token), &body), 200);
    assert_true(json_parse(buf_str(&body), NULL, &document, &err));
    assert_string_equal(json_get_text(document, "Code"), "Success");
    assert_string_equal(json_get_text(document, "Expiration"), "2026-01-01T06:00:00Z");
    assert_true(fixture_call_as(&f, json_get_text(document, "AccessKeyId"), "sts", "GetCallerIdentity", NULL,
                                &out, &err));
    assert_non_null(strstr(json_get_text(out, "Arn"), ":assumed-role/ide/i-"));
    /* The same keys until an hour before their end. */
    assert_int_equal(ask(&f, "GET", buf_text(&path), token_header, buf_text(&token), &again), 200);
    assert_string_equal(buf_text(&again), buf_text(&body));
    fixture_advance(&f, 5 * INT64_C(3600000));
    take_token(&f, "600", &token);
    assert_int_equal(ask(&f, "GET", buf_text(&path), token_header, buf_text(&token), &again), 200);
    assert_string_not_equal(buf_text(&again), buf_text(&body));

    association = world_edit(
        f.sandbox->world, "ec2.association",
        json_get_text(fixture_find(&f, "ec2.association", "State", "associated"), "AssociationId"));
    json_put_text(association, "State", "associating");
    assert_int_equal(ask(&f, "GET", credentials, token_header, buf_text(&token), NULL), 404);
    assert_int_equal(ask(&f, "GET", "/latest/meta-data/iam/info", token_header, buf_text(&token), NULL), 404);
    fixture_stop(&f);
}

static void test_a_role_that_does_not_trust_ec2(void **state)
{
    CLEANUP(buf_release) struct buf token = {0}, body = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    json_put_text(
        world_edit(f.sandbox->world, "iam.role", "ide"), "AssumeRolePolicyDocument",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
        "\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}");
    take_token(&f, "600", &token);
    assert_int_equal(ask(&f, "GET", "/latest/meta-data/iam/security-credentials/ide", token_header,
                         buf_text(&token), &body),
                     200);
    assert_non_null(strstr(buf_text(&body), "AssumeRoleUnauthorizedAccess"));
    assert_null(strstr(buf_text(&body), "SecretAccessKey"));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_without_a_good_token),
        cmocka_unit_test(test_a_token_ends_and_cannot_be_changed),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_interface),
        cmocka_unit_test(test_credentials_work_and_follow_the_association),
        cmocka_unit_test(test_a_role_that_does_not_trust_ec2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
