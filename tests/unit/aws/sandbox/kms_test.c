#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#define TOKEN_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define TOKEN_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define DENIED "AccessDeniedException: Access to KMS is not allowed"

/* A world with a key, and a student who may use Secrets Manager. */
struct scene {
    struct sandbox_fixture f;
    char key[2100], student[129];
    struct buf in;
};

/* KEY in a request stands for the key's ARN. */
static const char *filled(struct scene *s, const char *in)
{
    const char *at = strstr(in, "KEY");

    buf_reset(&s->in);
    if (at) {
        buf_add(&s->in, (struct str){in, (size_t)(at - in)});
        buf_adds(&s->in, s->key);
    }
    buf_adds(&s->in, at ? at + 3 : in);
    return buf_text(&s->in);
}

static struct json *ok_as(struct scene *s, const char *who, const char *service, const char *operation,
                          const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call_as(&s->f, who, service, operation, filled(s, in), &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static void ok(struct scene *s, const char *service, const char *operation, const char *in)
{
    json_free(ok_as(s, s->f.admin_key, service, operation, in));
}

static void refused(struct scene *s, const char *who, const char *service, const char *operation,
                    const char *in, const char *message)
{
    struct error err = {0};

    if (fixture_call_as(&s->f, who, service, operation, filled(s, in), NULL, &err))
        fail_msg("%s %s: should be refused", operation, in);
    if (strstr(err.message, message) == NULL)
        fail_msg("%s: %s", operation, err.message);
}

static void make_key(struct scene *s)
{
    CLEANUP(json_freep) struct json *out = ok_as(s, s->f.admin_key, "kms", "CreateKey", "{}");

    (void)snprintf(s->key, sizeof(s->key), "%s", json_text(json_path(out, "KeyMetadata.Arn")));
}

/* What the student may do with keys: an IAM statement's actions and condition,
 * "" for nothing. */
static void may(struct scene *s, const char *actions, const char *condition)
{
    CLEANUP(buf_release) struct buf document = {0}, in = {0};

    buf_adds(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                        "\"secretsmanager:*\",\"Resource\":\"*\"}");
    if (*actions)
        buf_printf(&document, ",{\"Effect\":\"Allow\",\"Action\":[%s],\"Resource\":\"%s\"%s}", actions,
                   s->key, condition);
    buf_adds(&document, "]}");
    buf_adds(&in, "{\"UserName\":\"student\",\"PolicyName\":\"p\",\"PolicyDocument\":");
    json_write_string(buf_str(&document), &in);
    buf_addc(&in, '}');
    ok(s, "iam", "PutUserPolicy", buf_text(&in));
}

static int setup(void **state)
{
    static struct scene s;

    s = (struct scene){0};
    fixture_start(&s.f);
    fixture_user_key(&s.f, "student", s.student);
    make_key(&s);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    buf_release(&s->in);
    fixture_stop(&s->f);
    return 0;
}

static const char secret_with_key[] =
    "{\"Name\":\"s\",\"KmsKeyId\":\"KEY\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"one\"}";
static const char put[] =
    "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\",\"SecretString\":\"two\"}";
static const char get[] = "{\"SecretId\":\"s\"}";
static const char decrypt[] = "\"kms:Decrypt\"";
static const char both[] = "\"kms:Decrypt\",\"kms:GenerateDataKey\"";

static void test_the_managed_key_asks_for_nothing(void **state)
{
    struct scene *s = *state;

    may(s, "", "");
    json_free(ok_as(s, s->student, "secretsmanager", "CreateSecret",
                    "{\"Name\":\"s\",\"KmsKeyId\":\"alias/aws/secretsmanager\",\"SecretString\":\"one\"}"));
    json_free(ok_as(s, s->student, "secretsmanager", "PutSecretValue", put));
    json_free(ok_as(s, s->student, "secretsmanager", "GetSecretValue", get));
}

static void test_reading_needs_decrypt(void **state)
{
    struct scene *s = *state;

    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    may(s, "", "");
    refused(s, s->student, "secretsmanager", "GetSecretValue", get, DENIED);
    may(s, "\"kms:GenerateDataKey\"", "");
    refused(s, s->student, "secretsmanager", "GetSecretValue", get, DENIED);
    may(s, decrypt, "");
    json_free(ok_as(s, s->student, "secretsmanager", "GetSecretValue", get));
}

static void test_storing_needs_a_data_key_too(void **state)
{
    struct scene *s = *state;

    may(s, decrypt, "");
    refused(s, s->student, "secretsmanager", "CreateSecret", secret_with_key, DENIED);
    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    refused(s, s->student, "secretsmanager", "PutSecretValue", put, DENIED);
    /* Nothing has changed: the same token is free. */
    may(s, both, "");
    json_free(ok_as(s, s->student, "secretsmanager", "PutSecretValue", put));
}

static void test_the_condition_keys_of_a_service(void **state)
{
    static const struct {
        const char *why, *condition;
        bool allowed;
    } rows[] = {
        {"through Secrets Manager",
         ",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":\"secretsmanager.eu-west-1.amazonaws.com\"}}",
         true},
        {"through another service",
         ",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":\"ssm.eu-west-1.amazonaws.com\"}}", false},
        {"for this secret",
         ",\"Condition\":{\"StringLike\":{\"kms:EncryptionContext:SecretARN\":\"*:secret:s-*\"}}", true},
        {"for another",
         ",\"Condition\":{\"StringLike\":{\"kms:EncryptionContext:SecretARN\":\"*:secret:t-*\"}}", false},
        {"by a service", ",\"Condition\":{\"Bool\":{\"aws:ViaAWSService\":\"true\"}}", true},
    };
    struct scene *s = *state;

    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;

        may(s, decrypt, rows[i].condition);
        if (fixture_call_as(&s->f, s->student, "secretsmanager", "GetSecretValue", get, NULL, &err) !=
            rows[i].allowed)
            fail_msg("%s", rows[i].why);
    }
}

/* A key policy that does not name the account leaves IAM nothing to say. */
static void test_the_key_policy_comes_first(void **state)
{
    static const char to_ide[] =
        "{\"KeyId\":\"KEY\",\"Policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{"
        "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{\\\"AWS\\\":\\\"%s\\\"},\\\"Action\\\":\\\"kms:*"
        "\\\","
        "\\\"Resource\\\":\\\"*\\\"}]}\"}";
    struct scene *s = *state;
    const struct json *role = fixture_find(&s->f, "iam.role", "RoleName", "ide");
    const char *split = strstr(to_ide, "%s");
    CLEANUP(buf_release) struct buf in = {0};
    char ide[129];

    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    fixture_role_key(&s->f, "ide", "i-1", ide);
    refused(s, ide, "secretsmanager", "GetSecretValue", get, DENIED);
    buf_add(&in, (struct str){to_ide, (size_t)(split - to_ide)});
    buf_adds(&in, json_get_text(role, "Arn"));
    buf_adds(&in, split + 2);
    ok(s, "kms", "PutKeyPolicy", buf_text(&in));
    json_free(ok_as(s, ide, "secretsmanager", "GetSecretValue", get));
    refused(s, s->f.admin_key, "secretsmanager", "GetSecretValue", get, DENIED);
    refused(s, s->f.admin_key, "kms", "DescribeKey", "{\"KeyId\":\"KEY\"}",
            "because no resource-based policy allows the kms:DescribeKey action");
}

static void test_keys_that_cannot_be_used(void **state)
{
    struct scene *s = *state;

    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    ok(s, "kms", "DisableKey", "{\"KeyId\":\"KEY\"}");
    refused(s, s->f.admin_key, "secretsmanager", "GetSecretValue", get,
            "DecryptionFailure: Secrets Manager can't decrypt the secret value: ");
    refused(s, s->f.admin_key, "secretsmanager", "PutSecretValue", put, "Error Code: DisabledException");
    ok(s, "kms", "EnableKey", "{\"KeyId\":\"KEY\"}");
    ok(s, "secretsmanager", "GetSecretValue", get);
    refused(s, s->f.admin_key, "secretsmanager", "CreateSecret", "{\"Name\":\"t\",\"KmsKeyId\":\"alias/a\"}",
            ":alias/a is not found. (Service: AWSKMS");
    refused(s, s->f.admin_key, "secretsmanager", "CreateSecret", "{\"Name\":\"t\",\"KmsKeyId\":\"nothing\"}",
            "key/nothing' does not exist (Service: AWSKMS");
    refused(s, s->f.admin_key, "kms", "DescribeKey", "{\"KeyId\":\"nothing\"}",
            "NotFoundException: Key 'arn:");
    assert_null(fixture_find(&s->f, "secretsmanager.secret", "Name", "t"));
}

static const char *key_of_version(struct scene *s)
{
    const struct json *secret = fixture_find(&s->f, "secretsmanager.secret", "Name", "s");

    return json_get_text(json_get(json_get(secret, "versions"), TOKEN_A), "KmsKeyId");
}

/* Documentation of UpdateSecret: without kms:Encrypt on the new key existing
 * versions stay under the old one. */
static void test_a_changed_key_encrypts_anew_where_it_may(void **state)
{
    struct scene *s = *state;
    char first[2100];

    ok(s, "secretsmanager", "CreateSecret", secret_with_key);
    (void)snprintf(first, sizeof(first), "%s", s->key);
    make_key(s);
    may(s, both, "");
    json_free(
        ok_as(s, s->student, "secretsmanager", "UpdateSecret", "{\"SecretId\":\"s\",\"KmsKeyId\":\"KEY\"}"));
    assert_string_equal(key_of_version(s), first);
    ok(s, "secretsmanager", "UpdateSecret", "{\"SecretId\":\"s\",\"KmsKeyId\":\"KEY\"}");
    assert_string_equal(key_of_version(s), s->key);
    ok(s, "secretsmanager", "UpdateSecret", "{\"SecretId\":\"s\",\"KmsKeyId\":\"\"}");
    assert_string_equal(key_of_version(s), "");
}

static void test_only_keys_that_secrets_take(void **state)
{
    struct scene *s = *state;

    refused(s, s->f.admin_key, "kms", "CreateKey", "{\"KeySpec\":\"RSA_2048\",\"KeyUsage\":\"SIGN_VERIFY\"}",
            "UnsupportedOperationException");
    refused(s, s->f.admin_key, "kms", "CreateKey", "{\"Policy\":\"{}\"}", "MalformedPolicyDocumentException");
    refused(s, s->student, "kms", "CreateKey", "{}", "not authorized to perform: kms:CreateKey");
    refused(s, s->student, "kms", "GetKeyPolicy", "{\"KeyId\":\"KEY\"}",
            "not authorized to perform: kms:GetKeyPolicy");
    CLEANUP(json_freep)
    struct json *policy = ok_as(s, s->f.admin_key, "kms", "GetKeyPolicy", "{\"KeyId\":\"KEY\"}");
    assert_non_null(strstr(json_get_text(policy, "Policy"), "Enable IAM User Permissions"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_managed_key_asks_for_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading_needs_decrypt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_storing_needs_a_data_key_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_condition_keys_of_a_service, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_key_policy_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_that_cannot_be_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_key_encrypts_anew_where_it_may, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_keys_that_secrets_take, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
