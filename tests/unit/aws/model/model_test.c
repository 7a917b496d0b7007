#include "aws/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct aws_operation *op(const char *service, const char *name)
{
    const struct aws_operation *found = model_operation(model_service(service), name);

    if (!found)
        fail_msg("no row for %s %s", service, name);
    return found;
}

/* Facts 1.1, the protocol table. */
static void test_services(void **state)
{
    static const struct {
        const char *id, *suffix, *version, *target, *xmlns;
        enum aws_protocol protocol;
        const char *signing;
    } rows[] = {
        {"sts", "STS", "2011-06-15", NULL, "https://sts.amazonaws.com/doc/2011-06-15/", AWS_QUERY, "sts"},
        {"iam", "IAM", "2010-05-08", NULL, "https://iam.amazonaws.com/doc/2010-05-08/", AWS_QUERY, "iam"},
        {"secretsmanager", "SECRETS_MANAGER", "2017-10-17", "secretsmanager", NULL, AWS_JSON_1_1,
         "secretsmanager"},
        {"ec2", "EC2", "2016-11-15", NULL, "http://ec2.amazonaws.com/doc/2016-11-15", AWS_EC2, "ec2"},
        {"rds", "RDS", "2014-10-31", NULL, "http://rds.amazonaws.com/doc/2014-10-31/", AWS_QUERY, "rds"},
        {"cloudformation", "CLOUDFORMATION", "2010-05-15", NULL,
         "http://cloudformation.amazonaws.com/doc/2010-05-15/", AWS_QUERY, "cloudformation"},
        {"lambda", "LAMBDA", "2015-03-31", NULL, NULL, AWS_REST_JSON, "lambda"},
        {"cloudtrail", "CLOUDTRAIL", "2013-11-01", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
         NULL, AWS_JSON_1_1, "cloudtrail"},
        {"ssm", "SSM", "2014-11-06", "AmazonSSM", NULL, AWS_JSON_1_1, "ssm"},
        {"logs", "CLOUDWATCH_LOGS", "2014-03-28", "Logs_20140328", NULL, AWS_JSON_1_1, "logs"},
        {"kms", "KMS", "2014-11-01", "TrentService", NULL, AWS_JSON_1_1, "kms"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct aws_service *s = model_service(rows[i].id);

        assert_non_null(s);
        assert_string_equal(s->env_suffix, rows[i].suffix);
        assert_string_equal(s->api_version, rows[i].version);
        assert_string_equal(s->signing_name, rows[i].signing);
        assert_int_equal(s->protocol, rows[i].protocol);
        assert_true(!s->target_prefix == !rows[i].target);
        if (rows[i].target)
            assert_string_equal(s->target_prefix, rows[i].target);
        assert_true(!s->xml_namespace == !rows[i].xmlns);
        if (rows[i].xmlns)
            assert_string_equal(s->xml_namespace, rows[i].xmlns);
    }
    assert_null(model_service("s4"));
    assert_null(model_service(NULL));
    assert_true(model_service("iam")->global);
    assert_false(model_service("sts")->global);
}

/* Binary search needs sorted rows, and every row its service. */
static void test_rows_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 0; aws_services[i]; i++) {
        const struct aws_service *s = aws_services[i];

        for (size_t j = 0; j < s->operation_count; j++) {
            assert_ptr_equal(s->operations[j].service, s);
            assert_ptr_equal(model_operation(s, s->operations[j].name), &s->operations[j]);
            assert_true(j == 0 || strcmp(s->operations[j - 1].name, s->operations[j].name) < 0);
        }
    }
    assert_null(model_operation(model_service("iam"), "createrole"));
    assert_null(model_operation(NULL, "CreateRole"));
}

/* Facts 2.9: what Lambda answers in practice, where its model says 200. */
static void test_statuses(void **state)
{
    static const struct {
        const char *operation;
        int status;
    } rows[] = {
        {"DeleteFunction", 204}, {"RemovePermission", 204}, {"AddPermission", 201}, {"GetFunction", 200}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(model_operation(model_service("lambda"), rows[i].operation)->http_status,
                         rows[i].status);
}

static void test_traits(void **state)
{
    static const struct {
        const char *why, *service, *name;
        bool mutates, resend_safe;
        const char *token, *action;
    } rows[] = {
        {"the token makes a repeat the same secret", "secretsmanager", "CreateSecret", true, true,
         "ClientRequestToken", "secretsmanager:CreateSecret"},
        {"IAM has no token", "iam", "CreateRole", true, false, NULL, "iam:CreateRole"},
        {"attaching twice is attaching", "iam", "AttachRolePolicy", true, true, NULL, "iam:AttachRolePolicy"},
        {"a second role would be refused", "iam", "AddRoleToInstanceProfile", true, false, NULL,
         "iam:AddRoleToInstanceProfile"},
        {"a session is not state", "sts", "AssumeRole", false, true, NULL, "sts:AssumeRole"},
        {"the action has another name", "lambda", "Invoke", true, false, NULL, "lambda:InvokeFunction"},
        {"token by overlay, not by trait", "cloudformation", "CreateStack", true, true, "ClientRequestToken",
         "cloudformation:CreateStack"},
        {"this token has another name", "cloudformation", "CreateChangeSet", true, true, "ClientToken",
         "cloudformation:CreateChangeSet"},
        {"the old association is gone", "ec2", "ReplaceIamInstanceProfileAssociation", true, false, NULL,
         "ec2:ReplaceIamInstanceProfileAssociation"},
        {"a read", "rds", "DescribeDBClusters", false, true, NULL, "rds:DescribeDBClusters"},
        {"a command runs twice when sent twice", "ssm", "SendCommand", true, false, NULL, "ssm:SendCommand"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct aws_operation *o = op(rows[i].service, rows[i].name);

        if (o->mutates != rows[i].mutates || o->resend_safe != rows[i].resend_safe)
            fail_msg("%s %s: %s", rows[i].service, rows[i].name, rows[i].why);
        assert_true(!o->token == !rows[i].token);
        if (rows[i].token) {
            assert_string_equal(o->token, rows[i].token);
            assert_true(model_member(o->input, o->token)->idempotency_token);
        }
        assert_string_equal(o->action, rows[i].action);
    }
    assert_true(op("sts", "AssumeRoleWithWebIdentity")->unsigned_request);
    assert_false(op("sts", "AssumeRole")->unsigned_request);
    assert_string_equal(op("iam", "GetRole")->resource, "arn:{partition}:iam::{account}:role/{RoleName}");
    assert_string_equal(op("secretsmanager", "GetSecretValue")->resource, "{secret}");
    assert_string_equal(op("ec2", "DescribeInstances")->resource, "*");
}

/* Wire names: facts 2.1 and 2.5. */
static void test_members(void **state)
{
    const struct model_member *m = model_member(op("ec2", "DescribeInstances")->input, "InstanceIds");

    (void)state;
    assert_string_equal(m->wire, "InstanceId");
    m = model_member(op("ec2", "DescribeInstances")->output, "Reservations");
    assert_string_equal(m->reply, "reservationSet");
    assert_string_equal(m->shape->members[0].reply, "item");
    m = model_member(op("ec2", "CreateTags")->input, "Tags");
    assert_string_equal(m->wire, "Tag");
    m = model_member(op("rds", "DescribeDBClusters")->input, "Filters");
    assert_string_equal(m->shape->members[0].wire, "Filter");
    m = model_member(op("sts", "AssumeRole")->input, "PolicyArns");
    assert_string_equal(m->shape->members[0].shape->members[0].wire, "arn");
    m = model_member(op("iam", "CreateRole")->input, "RoleName");
    assert_true(m->required);
    assert_int_equal(m->shape->max, 64);
    assert_string_equal(m->shape->pattern, "[\\w+=,.@-]+");
    m = model_member(op("iam", "GetRole")->output, "Role");
    assert_true(model_member(m->shape, "AssumeRolePolicyDocument")->encoded_document);
    m = model_member(op("secretsmanager", "GetSecretValue")->output, "SecretString");
    assert_true(m->sensitive || m->shape->sensitive);
    m = model_member(op("lambda", "AddPermission")->input, "FunctionName");
    assert_int_equal(m->location, IN_URI);
    m = model_member(op("lambda", "Invoke")->output, "StatusCode");
    assert_int_equal(m->location, IN_STATUS);
    assert_string_equal(op("lambda", "Invoke")->input_payload, "Payload");
    assert_int_equal(op("lambda", "AddPermission")->http_status, 201);
    assert_string_equal(op("iam", "CreateRole")->result_wrapper, "CreateRoleResult");
    assert_null(op("sts", "GetCallerIdentity")->input);
    assert_null(model_member(NULL, "X"));
    m = model_member(op("secretsmanager", "ListSecrets")->input, "SortOrder");
    assert_string_equal(m->shape->values[0], "asc");
    assert_string_equal(op("iam", "ListRoles")->page_items, "Roles");
    assert_string_equal(op("iam", "ListRoles")->page_token_in, "Marker");
}

static void test_errors(void **state)
{
    static const struct {
        const char *why, *service, *operation, *code;
        int status; /* 0: no row */
        bool retryable, throttle, sender;
    } rows[] = {
        {"shape NoSuchEntityException", "iam", "GetRole", "NoSuchEntity", 404, false, false, true},
        {"the shape's name is not the code", "iam", "GetRole", "NoSuchEntityException", 0, false, false,
         false},
        {"modelled", "secretsmanager", "GetSecretValue", "ResourceNotFoundException", 400, false, false,
         true},
        {"the service's fault", "secretsmanager", "GetSecretValue", "InternalServiceError", 500, false, false,
         false},
        {"without Fault", "rds", "DescribeDBInstances", "DBInstanceNotFound", 404, false, false, true},
        {"rest-json", "lambda", "GetFunction", "TooManyRequestsException", 429, true, true, true},
        {"denied is 400 here", "secretsmanager", "GetSecretValue", "AccessDeniedException", 400, false, false,
         true},
        {"and 403 here", "lambda", "GetFunction", "AccessDeniedException", 403, false, false, true},
        {"query word", "iam", "GetRole", "AccessDenied", 403, false, false, true},
        {"not EC2's word", "ec2", "DescribeInstances", "AccessDenied", 0, false, false, false},
        {"EC2's", "ec2", "DescribeInstances", "UnauthorizedOperation", 403, false, false, true},
        {"EC2's throttle", "ec2", "DescribeInstances", "RequestLimitExceeded", 503, true, true, true},
        {"query throttle", "iam", "GetRole", "Throttling", 400, true, true, true},
        {"facts 2.2", "sts", "AssumeRoleWithWebIdentity", "IDPCommunicationError", 400, true, false, true},
        {"nobody's", "iam", "GetRole", "Nonsense", 0, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct model_error *e = model_error_find(op(rows[i].service, rows[i].operation), rows[i].code);

        if ((e ? e->status : 0) != rows[i].status)
            fail_msg("%s: %d", rows[i].why, e ? e->status : 0);
        if (e && (e->retryable != rows[i].retryable || e->throttle != rows[i].throttle ||
                  e->sender != rows[i].sender))
            fail_msg("%s: traits of %s", rows[i].why, rows[i].code);
    }
    assert_null(model_error_find(NULL, "AccessDenied"));
    assert_int_equal(model_error_common(model_service("iam"), "InvalidAction")->status, 400);
    assert_true(model_code_is_throttle("SlowDown"));
    assert_false(model_code_is_throttle("LimitExceeded"));
    assert_true(model_code_is_transient("RequestTimeout"));
    assert_false(model_code_is_transient("Throttling"));
    assert_false(model_code_is_transient(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services), cmocka_unit_test(test_rows_are_sorted),
        cmocka_unit_test(test_statuses), cmocka_unit_test(test_traits),
        cmocka_unit_test(test_members),  cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
