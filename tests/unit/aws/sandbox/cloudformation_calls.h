/* What the tests of stacks share: calls as the administrator, and a template
 * with one schedule and its hosted function. */
#ifndef TESTS_UNIT_AWS_SANDBOX_CLOUDFORMATION_CALLS_H
#define TESTS_UNIT_AWS_SANDBOX_CLOUDFORMATION_CALLS_H

#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static inline struct json *call(struct sandbox_fixture *f, const char *service, const char *operation,
                                const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call(f, service, operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static inline void refused(struct sandbox_fixture *f, const char *operation, const char *in,
                           const char *message)
{
    struct error err = {0};

    assert_false(fixture_call(f, "cloudformation", operation, in, NULL, &err));
    assert_string_equal(err.message, message);
}

static const char template_json[] =
    "{\"Transform\":\"AWS::SecretsManager-2024-09-16\","
    "\"Parameters\":{\"Secret\":{\"Type\":\"String\"},\"Subnets\":{\"Type\":\"String\"},"
    "\"Groups\":{\"Type\":\"String\"},\"Days\":{\"Type\":\"Number\",\"Default\":30}},"
    "\"Resources\":{\"Rotation\":{\"Type\":\"AWS::SecretsManager::RotationSchedule\",\"Properties\":{"
    "\"SecretId\":{\"Ref\":\"Secret\"},\"RotationRules\":{\"AutomaticallyAfterDays\":{\"Ref\":\"Days\"}},"
    "\"HostedRotationLambda\":{\"RotationType\":\"MySQLSingleUser\",\"RotationLambdaName\":\"rotator\","
    "\"VpcSubnetIds\":{\"Ref\":\"Subnets\"},\"VpcSecurityGroupIds\":{\"Ref\":\"Groups\"}}}}},"
    "\"Outputs\":{\"Arn\":{\"Value\":{\"Fn::Sub\":\"${AWS::Region}/${Rotation}\"}}}}";

#endif
