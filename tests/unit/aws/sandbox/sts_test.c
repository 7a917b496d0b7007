#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char trusting_account[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                                       "\"Principal\":{\"AWS\":\"arn:aws:iam::%s:root\"},"
                                       "\"Action\":\"sts:AssumeRole\"%s}]}";

/* Lets role `ide` be assumed by this account, with an optional condition. */
static void trust(struct sandbox_fixture *f, const char *condition)
{
    CLEANUP(buf_release) struct buf text = {0};

    buf_printf(&text, trusting_account, sandbox_account(f->sandbox), condition);
    json_put_str(world_edit(f->sandbox->world, "iam.role", "ide"), "AssumeRolePolicyDocument",
                 buf_str(&text));
}

static bool assume(struct sandbox_fixture *f, const char *key, const char *more, struct json **out,
                   struct error *err)
{
    CLEANUP(buf_release) struct buf in = {0};

    buf_printf(&in, "{\"RoleArn\":\"arn:aws:iam::%s:role/ide\",\"RoleSessionName\":\"me\"%s}",
               sandbox_account(f->sandbox), more);
    return fixture_call_as(f, key, "sts", "AssumeRole", buf_text(&in), out, err);
}

static void test_identity_of_user_and_session(void **state)
{
    CLEANUP(json_freep) struct json *user = NULL, *session = NULL;
    struct sandbox_fixture f = {0};
    char key[129], want[256];
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "sts", "GetCallerIdentity", NULL, &user, &err));
    (void)snprintf(want, sizeof want, "arn:aws:iam::%s:user/instructor", sandbox_account(f.sandbox));
    assert_string_equal(json_get_text(user, "Arn"), want);
    assert_string_equal(json_get_text(user, "Account"), sandbox_account(f.sandbox));
    assert_int_equal(strncmp(json_get_text(user, "UserId"), "AIDA", 4), 0);
    /* The path of the role is not part of the session's ARN. */
    json_put_text(world_edit(f.sandbox->world, "iam.role", "ide"), "Arn",
                  "arn:aws:iam::1:role/some/path/ide");
    fixture_role_key(&f, "ide", "i-0123", key);
    assert_true(fixture_call_as(&f, key, "sts", "GetCallerIdentity", NULL, &session, &err));
    (void)snprintf(want, sizeof want, "arn:aws:sts::%s:assumed-role/ide/i-0123", sandbox_account(f.sandbox));
    assert_string_equal(json_get_text(session, "Arn"), want);
    assert_int_equal(strncmp(json_get_text(session, "UserId"), "AROA", 4), 0);
    assert_non_null(strstr(json_get_text(session, "UserId"), ":i-0123"));
    fixture_stop(&f);
}

static void test_assumes_a_role_that_trusts(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *identity = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    trust(&f, "");
    assert_true(assume(&f, f.admin_key, ",\"DurationSeconds\":900", &out, &err));
    assert_int_equal(json_int(json_path(out, "Credentials.Expiration"), 0), f.now_ms / 1000 + 900);
    assert_int_equal(strncmp(json_text(json_path(out, "Credentials.AccessKeyId")), "ASIA", 4), 0);
    assert_int_equal(strlen(json_text(json_path(out, "Credentials.SecretAccessKey"))), 40);
    assert_true(fixture_call_as(&f, json_text(json_path(out, "Credentials.AccessKeyId")), "sts",
                                "GetCallerIdentity", NULL, &identity, &err));
    assert_string_equal(json_get_text(identity, "Arn"), json_text(json_path(out, "AssumedRoleUser.Arn")));
    fixture_stop(&f);
}

static void test_trust_is_needed(void **state)
{
    struct sandbox_fixture f = {.options.propagation_ms = 3000};
    struct error err;
    char student[129];

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", student);
    assert_false(assume(&f, f.admin_key, "", NULL, &err)); /* trusts EC2 only */
    assert_string_equal(err.remote_code, "AccessDenied");
    assert_int_equal(err.http_status, 403);
    trust(&f, "");
    assert_true(assume(&f, f.admin_key, "", NULL, &err));
    assert_false(assume(&f, student, "", NULL, &err)); /* the account delegates: a policy is needed too */
    assert_non_null(strstr(err.message, "sts:AssumeRole on resource: arn:aws:iam::"));
    trust(&f, ",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"right\"}}");
    assert_false(assume(&f, f.admin_key, "", NULL, &err));
    assert_false(assume(&f, f.admin_key, ",\"ExternalId\":\"wrong\"", NULL, &err));
    assert_true(assume(&f, f.admin_key, ",\"ExternalId\":\"right\"", NULL, &err));
    /* A role made just now is not known yet. */
    trust(&f, "");
    json_put_int(world_edit(f.sandbox->world, "iam.role", "ide"), "created_ms", f.now_ms);
    assert_false(assume(&f, f.admin_key, "", NULL, &err));
    assert_string_equal(err.remote_code, "AccessDenied");
    fixture_advance(&f, 3000);
    assert_true(assume(&f, f.admin_key, "", NULL, &err));
    assert_false(fixture_call(
        &f, "sts", "AssumeRole",
        "{\"RoleArn\":\"arn:aws:iam::123456789012:role/none\",\"RoleSessionName\":\"me\"}", NULL, &err));
    assert_string_equal(err.remote_code, "AccessDenied");
    fixture_stop(&f);
}

static void test_session_policies_limit(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct sandbox_fixture f = {0};
    struct error err;
    struct json *role;

    (void)state;
    fixture_start(&f);
    trust(&f, "");
    role = world_edit(f.sandbox->world, "iam.role", "ide");
    json_put(
        role, "Inline",
        json_of(
            "all",
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":"
            "\"*\"}]}",
            NULL));
    assert_true(assume(&f, f.admin_key,
                       ",\"Policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":"
                       "\\\"Allow\\\",\\\"Action\\\":\\\"iam:*\\\",\\\"Resource\\\":\\\"*\\\"}]}\"",
                       &out, &err));
    assert_false(fixture_call_as(&f, json_text(json_path(out, "Credentials.AccessKeyId")), "cloudtrail",
                                 "LookupEvents", NULL, NULL, &err));
    assert_non_null(
        strstr(err.message, "because no session policy allows the cloudtrail:LookupEvents action"));
    assert_false(assume(&f, f.admin_key, ",\"Policy\":\"{}\"", NULL, &err));
    assert_string_equal(err.remote_code, "MalformedPolicyDocument");
    assert_false(assume(&f, f.admin_key,
                        ",\"PolicyArns\":[{\"arn\":\"arn:aws:iam::aws:policy/NoSuchPolicy\"}]", NULL, &err));
    assert_string_equal(err.remote_code, "MalformedPolicyDocument");
    fixture_stop(&f);
}

static void test_session_policies_are_few_and_short(void **state)
{
    CLEANUP(buf_release) struct buf arns = {0}, policy = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    trust(&f, "");
    buf_adds(&arns, ",\"PolicyArns\":[");
    for (int i = 0; i < 11; i++)
        buf_printf(&arns, "%s{\"arn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}", i ? "," : "");
    buf_adds(&arns, "]");
    assert_false(assume(&f, f.admin_key, buf_text(&arns), NULL, &err));
    assert_string_equal(
        err.message, "ValidationError: 1 validation error detected: Value at 'policyArns' failed to satisfy "
                     "constraint: Member must have length less than or equal to 10");
    /* Valid but for its 2049 characters. */
    buf_adds(&policy, ",\"Policy\":\"{\\\"Statement\\\":[]");
    for (size_t i = strlen("{\"Statement\":[]}"); i < 2049; i++)
        buf_addc(&policy, ' ');
    buf_adds(&policy, "}\"");
    assert_false(assume(&f, f.admin_key, buf_text(&policy), NULL, &err));
    assert_string_equal(err.remote_code, "PackedPolicyTooLarge");
    fixture_stop(&f);
}

static void test_durations_are_bounded(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct sandbox_fixture f = {0};
    struct error err;
    struct json *role;

    (void)state;
    fixture_start(&f);
    trust(&f, "");
    role = world_edit(f.sandbox->world, "iam.role", "ide");
    json_put(role, "Inline",
             json_of("assume",
                     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:*\","
                     "\"Resource\":\"*\"}]}",
                     NULL));
    assert_false(assume(&f, f.admin_key, ",\"DurationSeconds\":3601", NULL, &err));
    assert_string_equal(
        err.message,
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    json_put_int(role, "MaxSessionDuration", 43200);
    assert_true(assume(&f, f.admin_key, ",\"DurationSeconds\":43200", &out, &err));
    /* A session that assumes is chained: one hour. */
    assert_false(assume(&f, json_text(json_path(out, "Credentials.AccessKeyId")), ",\"DurationSeconds\":3601",
                        NULL, &err));
    assert_non_null(strstr(err.message, "role chaining"));
    assert_false(assume(&f, f.admin_key, ",\"DurationSeconds\":899", NULL, &err));
    fixture_stop(&f);
}

static void test_session_tokens_of_users(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *identity = NULL;
    struct sandbox_fixture f = {0};
    const char *key;
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "sts", "GetSessionToken", "{}", &out, &err));
    key = json_text(json_path(out, "Credentials.AccessKeyId"));
    assert_true(fixture_call_as(&f, key, "sts", "GetCallerIdentity", NULL, &identity, &err));
    assert_non_null(strstr(json_get_text(identity, "Arn"), ":user/instructor"));
    assert_true(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", NULL, NULL, &err));
    assert_false(fixture_call_as(&f, key, "sts", "GetSessionToken", "{}", NULL, &err));
    assert_string_equal(err.remote_code, "AccessDenied");
    fixture_stop(&f);
}

static void test_reads_back_authorization_messages(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    /* base64 of {"allowed":false} */
    assert_true(fixture_call(&f, "sts", "DecodeAuthorizationMessage",
                             "{\"EncodedMessage\":\"eyJhbGxvd2VkIjpmYWxzZX0=\"}", &out, &err));
    assert_string_equal(json_get_text(out, "DecodedMessage"), "{\"allowed\":false}");
    assert_false(fixture_call(&f, "sts", "DecodeAuthorizationMessage", "{\"EncodedMessage\":\"nonsense\"}",
                              NULL, &err));
    assert_string_equal(err.remote_code, "InvalidAuthorizationMessageException");
    fixture_stop(&f);
}

static void test_refuses_tokens_of_strangers(void **state)
{
    static const struct {
        const char *why, *token, *message;
    } rows[] = {
        {"no dots, no JSON Web Token", "abcd",
         "InvalidIdentityToken: The ID Token provided is not a valid JWT."},
        {"dots without JSON between", "a.b.c",
         "InvalidIdentityToken: The ID Token provided is not a valid JWT."},
        /* base64url of {} and of {"iss":"https://a.example/?~~"}, unpadded, with - and _ in it */
        {"the issuer is named", "e30.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZS8_fn4ifQ.c",
         "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://a.example/?~~"},
    };
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep)
        struct json *in = json_of("RoleArn", "arn:aws:iam::123456789012:role/x", "RoleSessionName", "web",
                                  "WebIdentityToken", rows[i].token, NULL);
        CLEANUP(buf_release) struct buf text = {0};
        struct error err;

        json_write(in, &text);
        assert_false(fixture_call(&f, "sts", "AssumeRoleWithWebIdentity", buf_text(&text), NULL, &err));
        if (strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_of_user_and_session),
        cmocka_unit_test(test_assumes_a_role_that_trusts),
        cmocka_unit_test(test_trust_is_needed),
        cmocka_unit_test(test_session_policies_limit),
        cmocka_unit_test(test_session_policies_are_few_and_short),
        cmocka_unit_test(test_durations_are_bounded),
        cmocka_unit_test(test_session_tokens_of_users),
        cmocka_unit_test(test_reads_back_authorization_messages),
        cmocka_unit_test(test_refuses_tokens_of_strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
