#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#define TOKEN_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define TOKEN_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define BAD_TOKEN "InvalidParameterException: ClientRequestToken must be 32-64 characters long."
#define DAY_MS (24LL * 3600 * 1000)

static int setup(void **state)
{
    static struct sandbox_fixture f;

    f = (struct sandbox_fixture){0};
    fixture_start(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

/* The answer of a call that has to succeed. */
static struct json *sm(struct sandbox_fixture *f, const char *operation, const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call(f, "secretsmanager", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static void ok(struct sandbox_fixture *f, const char *operation, const char *in)
{
    json_free(sm(f, operation, in));
}

static void refused(struct sandbox_fixture *f, const char *operation, const char *in, const char *message)
{
    struct json *out = NULL;
    struct error err = {0};
    bool done = fixture_call(f, "secretsmanager", operation, in, &out, &err);

    json_free(out);
    if (done)
        fail_msg("%s %s: should be refused", operation, in);
    assert_string_equal(err.message, message);
}

static void create(struct sandbox_fixture *f)
{
    ok(f, "CreateSecret", "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"one\"}");
}

static void text_is(const struct json *j, const char *path, const char *want)
{
    assert_string_equal(json_text(json_path(j, path)), want);
}

/* --- refusals, in AWS's words --- */

struct refusal {
    const char *why, *operation, *in, *message;
};

static const struct refusal refusals[] = {
    {"the name is taken", "CreateSecret", "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\"}",
     "ResourceExistsException: The operation failed because the secret s already exists."},
    {"same token, other value", "CreateSecret",
     "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"two\"}",
     "ResourceExistsException: The operation failed because the secret s already exists."},
    {"a token that is too short", "CreateSecret", "{\"Name\":\"t\",\"ClientRequestToken\":\"t\"}", BAD_TOKEN},
    {"an empty token is a given one", "UpdateSecret", "{\"SecretId\":\"s\",\"ClientRequestToken\":\"\"}",
     BAD_TOKEN},
    {"a token that is too long", "PutSecretValue",
     "{\"SecretId\":\"s\",\"SecretString\":\"x\",\"ClientRequestToken\":\"" TOKEN_A TOKEN_B "\"}", BAD_TOKEN},
    {"the token is looked at before the secret", "RotateSecret",
     "{\"SecretId\":\"nothing\",\"ClientRequestToken\":\"t\"}", BAD_TOKEN},
    {"a name with a space", "CreateSecret", "{\"Name\":\"a b\",\"ClientRequestToken\":\"" TOKEN_B "\"}",
     "InvalidParameterException: Invalid name. Must be a valid name containing alphanumeric characters, or "
     "any of "
     "the following: -/_+=.@!"},
    {"unknown secret", "GetSecretValue", "{\"SecretId\":\"nope\"}",
     "ResourceNotFoundException: Secrets Manager can't find the specified secret."},
    {"unknown label", "GetSecretValue", "{\"SecretId\":\"s\",\"VersionStage\":\"X\"}",
     "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: X"},
    {"unknown version", "GetSecretValue", "{\"SecretId\":\"s\",\"VersionId\":\"" TOKEN_B "\"}",
     "ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
     "VersionId: " TOKEN_B},
    {"label and version that do not match", "GetSecretValue",
     "{\"SecretId\":\"s\",\"VersionId\":\"" TOKEN_A "\",\"VersionStage\":\"AWSPREVIOUS\"}",
     "InvalidRequestException: You provided a VersionStage that is not associated to the provided "
     "VersionId."},
    {"a token used for another value", "PutSecretValue",
     "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"two\"}", NULL},
    {"no value", "PutSecretValue", "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\"}",
     "InvalidRequestException: You must provide either SecretString or SecretBinary."},
    {"two values", "PutSecretValue",
     "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B
     "\",\"SecretString\":\"a\",\"SecretBinary\":\"YQ==\"}",
     "InvalidParameterException: You can't specify both a binary secret value and a string secret value in "
     "the same "
     "secret."},
    {"UpdateSecret refuses a used token even with its value", "UpdateSecret",
     "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"one\"}", NULL},
    {"AWSCURRENT cannot go", "UpdateSecretVersionStage",
     "{\"SecretId\":\"s\",\"VersionStage\":\"AWSCURRENT\",\"RemoveFromVersionId\":\"" TOKEN_A "\"}",
     "InvalidParameterException: You can only move staging label AWSCURRENT to a different secret version. "
     "It can't "
     "be completely removed."},
    {"window too short", "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":6}",
     "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
    {"window too long", "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":31}",
     "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
    {"window and force", "DeleteSecret",
     "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":7,\"ForceDeleteWithoutRecovery\":true}",
     "InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with "
     "RecoveryWindowInDays."},
    {"a password shorter than its classes", "GetRandomPassword", "{\"PasswordLength\":3}",
     "InvalidParameterException: Password length is too short based on the required types."},
    {"never rotated", "RotateSecret", "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\"}",
     "InvalidRequestException: No Lambda rotation function ARN is associated with this secret."},
    {"a policy with a mistake", "PutResourcePolicy",
     "{\"SecretId\":\"s\",\"ResourcePolicy\":\"{\\\"x\\\":1}\"}",
     "MalformedPolicyDocumentException: This resource policy contains a syntax error."},
    {"tags of AWS", "TagResource", "{\"SecretId\":\"s\",\"Tags\":[{\"Key\":\"aws:x\",\"Value\":\"\"}]}",
     "InvalidParameterException: aws: prefixed tag key names are not allowed for external use."},
    {"a page token of nobody", "ListSecrets", "{\"NextToken\":\"x\"}",
     "InvalidNextTokenException: Invalid token."},
};

static void test_refusals(void **state)
{
    struct sandbox_fixture *f = *state;
    char in_use[400];

    create(f);
    (void)snprintf(in_use, sizeof in_use,
                   "ResourceExistsException: You can't use ClientRequestToken " TOKEN_A
                   " because that value is already in use for a version of secret %s.",
                   json_get_text(fixture_find(f, "secretsmanager.secret", "Name", "s"), "ARN"));
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        print_message("  %s\n", refusals[i].why);
        refused(f, refusals[i].operation, refusals[i].in, refusals[i].message ? refusals[i].message : in_use);
    }
}

/* --- creating, and asking for it --- */

static void test_create_replays(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep)
    struct json *again =
        sm(f, "CreateSecret",
           "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"one\"}");
    text_is(again, "VersionId", TOKEN_A);
    assert_int_equal(world_count(f->sandbox->world, "secretsmanager.secret"), 2); /* with the admin's */
    CLEANUP(json_freep) struct json *bare = sm(f, "CreateSecret", "{\"Name\":\"bare\"}");
    assert_null(json_get(bare, "VersionId"));
}

static void test_lookup(void **state)
{
    struct sandbox_fixture *f = *state;
    char id[2200];

    create(f);
    ok(f, "CreateSecret", "{\"Name\":\"db-secret\",\"SecretString\":\"x\"}");
    CLEANUP(json_freep) struct json *s = sm(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
    const char *arn = json_get_text(s, "ARN");
    assert_int_equal(strncmp(arn, "arn:aws:secretsmanager:eu-west-1:", 33), 0);
    (void)snprintf(id, sizeof id, "{\"SecretId\":\"%s\"}", arn);
    ok(f, "GetSecretValue", id);
    (void)snprintf(id, sizeof id, "{\"SecretId\":\"%.*s\"}", (int)strlen(arn) - 7, arn);
    ok(f, "GetSecretValue", id);
    /* A partial ARN whose name ends like a suffix is taken for a whole one. */
    CLEANUP(json_freep) struct json *d = sm(f, "DescribeSecret", "{\"SecretId\":\"db-secret\"}");
    arn = json_get_text(d, "ARN");
    (void)snprintf(id, sizeof id, "{\"SecretId\":\"%.*s\"}", (int)strlen(arn) - 7, arn);
    refused(f, "GetSecretValue", id,
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
}

static void test_versions(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep)
    struct json *put =
        sm(f, "PutSecretValue",
           "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\",\"SecretString\":\"two\","
           "\"VersionStages\":[\"AWSPENDING\"]}");
    text_is(put, "VersionStages.0", "AWSPENDING");
    CLEANUP(json_freep) struct json *current = sm(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
    text_is(current, "SecretString", "one");
    refused(f, "UpdateSecretVersionStage",
            "{\"SecretId\":\"s\",\"VersionStage\":\"AWSCURRENT\",\"MoveToVersionId\":\"" TOKEN_B "\"}",
            "InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label "
            "AWSCURRENT is "
            "currently attached to version " TOKEN_A
            ", so you must explicitly reference that version in RemoveFromVersionId.");
    ok(f, "UpdateSecretVersionStage",
       "{\"SecretId\":\"s\",\"VersionStage\":\"AWSCURRENT\",\"MoveToVersionId\":\"" TOKEN_B
       "\",\"RemoveFromVersionId\":\"" TOKEN_A "\"}");
    CLEANUP(json_freep) struct json *d = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    text_is(d, "VersionIdsToStages." TOKEN_A ".0", "AWSPREVIOUS");
    assert_null(json_path(d, "VersionIdsToStages." TOKEN_A ".1"));
    text_is(d, "VersionIdsToStages." TOKEN_B ".0", "AWSPENDING");
    text_is(d, "VersionIdsToStages." TOKEN_B ".1", "AWSCURRENT");
    /* The same value again changes nothing. */
    ok(f, "PutSecretValue",
       "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_A "\",\"SecretString\":\"one\"}");
    CLEANUP(json_freep) struct json *still = sm(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
    text_is(still, "SecretString", "two");
}

static void test_deprecated_is_hidden(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    ok(f, "PutSecretValue", "{\"SecretId\":\"s\",\"SecretString\":\"two\"}");
    ok(f, "PutSecretValue", "{\"SecretId\":\"s\",\"SecretString\":\"three\"}");
    CLEANUP(json_freep) struct json *d = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    assert_int_equal(json_count(json_get(d, "VersionIdsToStages")), 2);
    CLEANUP(json_freep) struct json *some = sm(f, "ListSecretVersionIds", "{\"SecretId\":\"s\"}");
    assert_int_equal(json_count(json_get(some, "Versions")), 2);
    CLEANUP(json_freep)
    struct json *all = sm(f, "ListSecretVersionIds", "{\"SecretId\":\"s\",\"IncludeDeprecated\":true}");
    assert_int_equal(json_count(json_get(all, "Versions")), 3);
}

static void test_describe_shows_only_values(void **state)
{
    static const char *const absent[] = {
        "Description",     "KmsKeyId",    "RotationEnabled",  "RotationLambdaARN", "RotationRules",
        "LastRotatedDate", "DeletedDate", "NextRotationDate", "LastAccessedDate",  "Tags"};
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep) struct json *d = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    for (size_t i = 0; i < ARRAY_LEN(absent); i++)
        assert_null(json_get(d, absent[i]));
    f->now_ms += 5000;
    ok(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
    CLEANUP(json_freep) struct json *read = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    assert_int_equal(json_int(json_get(read, "LastAccessedDate"), 0), 1767225600); /* midnight */
    CLEANUP(json_freep)
    struct json *admin = sm(f, "DescribeSecret", "{\"SecretId\":\"secretClusterAdminUser\"}");
    assert_null(json_get(admin, "Tags"));
}

/* --- deleting --- */

static void test_window(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep)
    struct json *d = sm(f, "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":7}");
    assert_int_equal(json_int(json_get(d, "DeletionDate"), 0), 1767225600 + 7 * 86400);
    refused(
        f, "GetSecretValue", "{\"SecretId\":\"s\"}",
        "InvalidRequestException: You can't perform this operation on the secret because it was marked for "
        "deletion.");
    refused(
        f, "DeleteSecret", "{\"SecretId\":\"s\"}",
        "InvalidRequestException: You can't perform this operation on the secret because it was marked for "
        "deletion.");
    refused(
        f, "CreateSecret", "{\"Name\":\"s\"}",
        "InvalidRequestException: You can't create this secret because a secret with this name is already "
        "scheduled for deletion.");
    CLEANUP(json_freep) struct json *shown = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    assert_non_null(json_get(shown, "DeletedDate"));
    CLEANUP(json_freep) struct json *list = sm(f, "ListSecrets", "{}");
    assert_int_equal(json_count(json_get(list, "SecretList")), 1);
    CLEANUP(json_freep) struct json *planned = sm(f, "ListSecrets", "{\"IncludePlannedDeletion\":true}");
    assert_int_equal(json_count(json_get(planned, "SecretList")), 2);
    fixture_advance(f, 7 * DAY_MS);
    refused(f, "DescribeSecret", "{\"SecretId\":\"s\"}",
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
}

static void test_restore(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep) struct json *before = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":7}");
    fixture_advance(f, 3 * DAY_MS);
    ok(f, "RestoreSecret", "{\"SecretId\":\"s\"}");
    /* Another deletion starts a window of its own: the old timer says nothing. */
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\"}");
    fixture_advance(f, 10 * DAY_MS);
    ok(f, "RestoreSecret", "{\"SecretId\":\"s\"}");
    CLEANUP(json_freep) struct json *after = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    assert_true(json_equal(before, after));
    fixture_advance(f, 40 * DAY_MS);
    ok(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
}

static void test_force(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":7}");
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\",\"ForceDeleteWithoutRecovery\":true}");
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\",\"ForceDeleteWithoutRecovery\":true}");
    create(f);
    ok(f, "GetSecretValue", "{\"SecretId\":\"s\"}");
}

static void test_force_spreads(void **state)
{
    struct sandbox_fixture *f = *state;

    f->sandbox->options.propagation_ms = 3000;
    create(f);
    ok(f, "DeleteSecret", "{\"SecretId\":\"s\",\"ForceDeleteWithoutRecovery\":true}");
    refused(
        f, "GetSecretValue", "{\"SecretId\":\"s\"}",
        "InvalidRequestException: You can't perform this operation on the secret because it was deleted.");
    refused(
        f, "CreateSecret", "{\"Name\":\"s\"}",
        "InvalidRequestException: You can't create this secret because a secret with this name is already "
        "scheduled for deletion.");
    fixture_advance(f, 3000);
    create(f);
}

/* --- lists --- */

static const struct {
    const char *why, *filters;
    size_t count;
} filter_rows[] = {
    {"a prefix of the name", "[{\"Key\":\"name\",\"Values\":[\"app/\"]}]", 2},
    {"name is case-sensitive", "[{\"Key\":\"name\",\"Values\":[\"APP/\"]}]", 0},
    {"description is not", "[{\"Key\":\"description\",\"Values\":[\"the first\"]}]", 1},
    {"values are alternatives", "[{\"Key\":\"name\",\"Values\":[\"app/a\",\"secretC\"]}]", 2},
    {"filters all hold",
     "[{\"Key\":\"name\",\"Values\":[\"app/\"]},{\"Key\":\"tag-key\",\"Values\":[\"te\"]}]", 1},
    {"a mark negates", "[{\"Key\":\"name\",\"Values\":[\"!app/a\"]}]", 2},
    {"tag values", "[{\"Key\":\"tag-value\",\"Values\":[\"red\"]}]", 1},
    {"all looks everywhere, by words", "[{\"Key\":\"all\",\"Values\":[\"first app\"]}]", 1},
};

static void test_filters(void **state)
{
    struct sandbox_fixture *f = *state;
    char in[300];

    ok(f, "CreateSecret", "{\"Name\":\"app/a\",\"Description\":\"The First\"}");
    ok(f, "CreateSecret", "{\"Name\":\"app/b\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}");
    for (size_t i = 0; i < ARRAY_LEN(filter_rows); i++) {
        print_message("  %s\n", filter_rows[i].why);
        (void)snprintf(in, sizeof in, "{\"Filters\":%s}", filter_rows[i].filters);
        CLEANUP(json_freep) struct json *out = sm(f, "ListSecrets", in);
        assert_int_equal(json_count(json_get(out, "SecretList")), filter_rows[i].count);
    }
}

static void test_pages(void **state)
{
    struct sandbox_fixture *f = *state;
    char in[200];

    create(f);
    CLEANUP(json_freep)
    struct json *first = sm(f, "ListSecrets", "{\"MaxResults\":1,\"SortBy\":\"name\",\"SortOrder\":\"asc\"}");
    text_is(first, "SecretList.0.Name", "s");
    (void)snprintf(in, sizeof in,
                   "{\"MaxResults\":1,\"SortBy\":\"name\",\"SortOrder\":\"asc\",\"NextToken\":\"%s\"}",
                   json_get_text(first, "NextToken"));
    CLEANUP(json_freep) struct json *second = sm(f, "ListSecrets", in);
    text_is(second, "SecretList.0.Name", "secretClusterAdminUser");
    assert_null(json_get(second, "NextToken"));
    assert_non_null(json_path(second, "SecretList.0.SecretVersionsToStages"));
}

static void test_batch(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    CLEANUP(json_freep)
    struct json *out = sm(f, "BatchGetSecretValue", "{\"SecretIdList\":[\"s\",\"nope\"]}");
    assert_int_equal(json_count(json_get(out, "SecretValues")), 1);
    text_is(out, "SecretValues.0.SecretString", "one");
    text_is(out, "Errors.0.SecretId", "nope");
    text_is(out, "Errors.0.ErrorCode", "ResourceNotFoundException");
    text_is(out, "Errors.0.Message", "Secrets Manager can't find the specified secret.");
}

/* --- passwords --- */

static void test_password(void **state)
{
    struct sandbox_fixture *f = *state;

    CLEANUP(json_freep) struct json *plain = sm(f, "GetRandomPassword", "{}");
    assert_int_equal(json_str(json_get(plain, "RandomPassword")).len, 32);
    CLEANUP(json_freep)
    struct json *out =
        sm(f, "GetRandomPassword",
           "{\"PasswordLength\":200,\"ExcludeCharacters\":\"/@\\\"'\\\\\",\"ExcludeNumbers\":true}");
    struct str password = json_str(json_get(out, "RandomPassword"));
    assert_int_equal(password.len, 200);
    assert_int_equal(strcspn(password.data, "/@\"'\\0123456789"), 200);
    assert_true(strpbrk(password.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
                strpbrk(password.data, "!#$%&()*+,-."));
    CLEANUP(json_freep)
    struct json *digits = sm(f, "GetRandomPassword",
                             "{\"PasswordLength\":1,\"ExcludeLowercase\":true,\"ExcludeUppercase\":true,"
                             "\"ExcludePunctuation\":true}");
    assert_non_null(strpbrk(json_get_text(digits, "RandomPassword"), "0123456789"));
}

/* --- permissions and policies --- */

static void test_denied(void **state)
{
    struct sandbox_fixture *f = *state;
    char key[129], want[700];
    struct error err = {0};

    create(f);
    fixture_user_key(f, "student", key);
    (void)snprintf(want, sizeof want,
                   "AccessDeniedException: User: arn:aws:iam::%s:user/student is not authorized to perform: "
                   "secretsmanager:GetSecretValue on resource: s because no identity-based policy allows the "
                   "secretsmanager:GetSecretValue action",
                   f->sandbox->account);
    assert_false(
        fixture_call_as(f, key, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"s\"}", NULL, &err));
    assert_string_equal(err.message, want);
    /* Permission comes before existence: a missing secret is denied as well. */
    assert_false(
        fixture_call_as(f, key, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"nope\"}", NULL, &err));
    assert_string_equal(err.remote_code, "AccessDeniedException");
}

static void test_resource_policy(void **state)
{
    struct sandbox_fixture *f = *state;
    char key[129], in[900];
    struct error err = {0};

    create(f);
    fixture_user_key(f, "student", key);
    (void)snprintf(
        in, sizeof in,
        "{\"SecretId\":\"s\",\"ResourcePolicy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{"
        "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{\\\"AWS\\\":\\\"arn:aws:iam::%s:user/student\\\"},"
        "\\\"Action\\\":\\\"secretsmanager:GetSecretValue\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}",
        f->sandbox->account);
    ok(f, "PutResourcePolicy", in);
    CLEANUP(json_freep) struct json *out = NULL;
    assert_true(
        fixture_call_as(f, key, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"s\"}", &out, &err));
    ok(f, "DeleteResourcePolicy", "{\"SecretId\":\"s\"}");
    assert_false(
        fixture_call_as(f, key, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"s\"}", NULL, &err));
    CLEANUP(json_freep) struct json *none = sm(f, "GetResourcePolicy", "{\"SecretId\":\"s\"}");
    assert_null(json_get(none, "ResourcePolicy"));
    (void)snprintf(
        in, sizeof in,
        "{\"SecretId\":\"s\",\"ResourcePolicy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{"
        "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{\\\"AWS\\\":\\\"arn:aws:iam::%s:role/none\\\"},"
        "\\\"Action\\\":\\\"secretsmanager:GetSecretValue\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}",
        f->sandbox->account);
    refused(f, "PutResourcePolicy", in,
            "MalformedPolicyDocumentException: This resource policy contains an unsupported principal.");
}

static void test_public_policy(void **state)
{
    struct sandbox_fixture *f = *state;
    static const char policy[] =
        "\"SecretId\":\"s\",\"ResourcePolicy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":{"
        "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"secretsmanager:*\\\","
        "\\\"Resource\\\":\\\"*\\\"}}\"";
    char in[600];

    create(f);
    (void)snprintf(in, sizeof in, "{%s,\"BlockPublicPolicy\":true}", policy);
    refused(
        f, "PutResourcePolicy", in,
        "PublicPolicyException: You can't attach a resource policy that allows broad access to the secret.");
    (void)snprintf(in, sizeof in, "{%s}", policy);
    CLEANUP(json_freep) struct json *out = sm(f, "ValidateResourcePolicy", in);
    assert_false(json_bool(json_get(out, "PolicyValidationPassed"), true));
}

static void test_tags(void **state)
{
    struct sandbox_fixture *f = *state;

    create(f);
    ok(f, "TagResource",
       "{\"SecretId\":\"s\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"b\",\"Value\":\"2\"}]}");
    ok(f, "TagResource", "{\"SecretId\":\"s\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"3\"}]}");
    ok(f, "UntagResource", "{\"SecretId\":\"s\",\"TagKeys\":[\"b\",\"c\"]}");
    CLEANUP(json_freep) struct json *d = sm(f, "DescribeSecret", "{\"SecretId\":\"s\"}");
    assert_int_equal(json_count(json_get(d, "Tags")), 1);
    text_is(d, "Tags.0.Value", "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_replays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lookup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deprecated_is_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_describe_shows_only_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restore, setup, teardown),
        cmocka_unit_test_setup_teardown(test_force, setup, teardown),
        cmocka_unit_test_setup_teardown(test_force_spreads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password, setup, teardown),
        cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resource_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_public_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
