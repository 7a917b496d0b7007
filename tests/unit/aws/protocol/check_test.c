#include "aws/protocol/protocol.h"

#include "tests/unit/aws/protocol/fixture.h"

static bool check(const char *service, const char *operation, const char *text, bool patterns,
                  struct error *err)
{
    CLEANUP(json_freep) struct json *in = parsed(text);

    return protocol_check_input(op(service, operation), in, patterns, err);
}

static void test_accepted(void **state)
{
    static const struct {
        const char *why, *service, *operation, *in;
    } rows[] = {
        {"required given", "iam", "GetRole", "{\"RoleName\":\"r\"}"},
        {"nothing to give", "sts", "GetCallerIdentity", "{}"},
        {"exactly 64", "iam", "GetRole",
         "{\"RoleName\":\"0123456789012345678901234567890123456789012345678901234567890123\"}"},
        {"characters are counted, not bytes", "secretsmanager", "GetSecretValue",
         "{\"SecretId\":\"\\u00e9\"}"},
        {"an optional list may be empty", "iam", "CreateRole",
         "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":\"{}\",\"Tags\":[]}"},
        {"enum", "secretsmanager", "ListSecrets", "{\"SortOrder\":\"desc\",\"MaxResults\":100}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;

        if (!check(rows[i].service, rows[i].operation, rows[i].in, true, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *why, *service, *operation, *in, *message;
    } rows[] = {
        {"json: missing", "secretsmanager", "GetSecretValue", "{}",
         "ValidationException: 1 validation error detected: Value null at 'secretId' failed to satisfy "
         "constraint: "
         "Member must not be null"},
        {"json: too short", "secretsmanager", "GetSecretValue", "{\"SecretId\":\"\"}",
         "ValidationException: 1 validation error detected: Value '' at 'secretId' failed to satisfy "
         "constraint: "
         "Member must have length greater than or equal to 1"},
        {"json: too large", "secretsmanager", "ListSecrets", "{\"MaxResults\":101}",
         "ValidationException: 1 validation error detected: Value '101' at 'maxResults' failed to satisfy "
         "constraint: Member must have value less than or equal to 100"},
        {"json: enum", "secretsmanager", "ListSecrets", "{\"SortOrder\":\"up\"}",
         "ValidationException: 1 validation error detected: Value 'up' at 'sortOrder' failed to satisfy "
         "constraint: "
         "Member must satisfy enum value set: [asc, desc]"},
        {"a secret value is not shown", "secretsmanager", "CreateSecret",
         "{\"Name\":\"n\",\"SecretString\":\"\"}",
         "ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy "
         "constraint: "
         "Member must have length greater than or equal to 1"},
        {"all of them at once", "secretsmanager", "ListSecrets", "{\"MaxResults\":0,\"SortOrder\":\"up\"}",
         "ValidationException: 2 validation errors detected: Value '0' at 'maxResults' failed to satisfy "
         "constraint: Member must have value greater than or equal to 1; Value 'up' at 'sortOrder' failed to "
         "satisfy constraint: Member must satisfy enum value set: [asc, desc]"},
        {"query: in a list", "iam", "TagRole", "{\"RoleName\":\"r\",\"Tags\":[{\"Value\":\"v\"}]}",
         "ValidationError: 1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy "
         "constraint: Member must not be null"},
        {"query: below", "sts", "AssumeRole",
         "{\"RoleArn\":\"arn:aws:iam::123456789012:role/r\","
         "\"RoleSessionName\":\"ab\",\"DurationSeconds\":1}",
         "ValidationError: 1 validation error detected: Value '1' at 'durationSeconds' failed to satisfy "
         "constraint: "
         "Member must have value greater than or equal to 900"},
        {"query: pattern", "iam", "GetRole", "{\"RoleName\":\"a b\"}",
         "ValidationError: 1 validation error detected: Value 'a b' at 'roleName' failed to satisfy "
         "constraint: "
         "Member must satisfy regular expression pattern: [\\w+=,.@-]+"},
        {"ec2: missing, by its name on the wire", "ec2", "CreateTags", "{\"Tags\":[]}",
         "MissingParameter: The request must contain the parameter ResourceId"},
        {"ec2: enum", "ec2", "DescribeVpcAttribute", "{\"VpcId\":\"vpc-1\",\"Attribute\":\"x\"}",
         "InvalidParameterValue: Value (x) for parameter Attribute is invalid. Member must satisfy enum "
         "value set: "
         "[enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics]"},
        {"ec2: unknown", "ec2", "DescribeInstances", "{\"X\":1}",
         "UnknownParameter: The parameter X is not recognized"},
        {"type", "iam", "GetRole", "{\"RoleName\":1}",
         "MalformedInput: The parameter RoleName must be a string"},
        {"not an object", "secretsmanager", "GetSecretValue", "[]",
         "SerializationException: The parameter input must be an object"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};

        if (check(rows[i].service, rows[i].operation, rows[i].in, true, &err))
            fail_msg("%s: accepted", rows[i].why);
        assert_int_equal(err.code, ERR_AWS);
        assert_int_equal(err.http_status, 400);
        if (strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
}

/* Patterns are judged only when asked for. */
static void test_patterns_on_request(void **state)
{
    struct error err;

    (void)state;
    assert_true(check("iam", "GetRole", "{\"RoleName\":\"a b\"}", false, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_patterns_on_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
