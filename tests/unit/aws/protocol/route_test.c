#include "aws/protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct request {
    const char *why, *method, *path, *query, *target, *scope, *body;
    const char *service, *operation; /* NULL: refused */
    const char *code;
    int status;
    const char *text;
};

static void route(const struct request *row)
{
    CLEANUP(http_request_release) struct http_request req = {0};
    const struct aws_service *service;
    const struct aws_operation *op;
    struct error err;
    bool ok;

    http_request_set(&req, row->method, row->path, row->query);
    if (row->target && !http_headers_add(&req.headers, "x-amz-target", str_of(row->target), &err))
        fail_msg("%s", err.message);
    buf_adds(&req.body, row->body);
    ok = protocol_route(&req, str_of(row->scope), &service, &op, &err);
    if (ok != (row->operation != NULL))
        fail_msg("%s: %s", row->why, ok ? op->name : err.message);
    if (strcmp(service ? service->id : "", row->service ? row->service : "") != 0)
        fail_msg("%s: service %s", row->why, service ? service->id : "none");
    if (ok) {
        assert_string_equal(op->name, row->operation);
        return;
    }
    assert_int_equal(err.code, ERR_AWS);
    if (!row->code || strcmp(err.remote_code, row->code) != 0 || err.http_status != row->status ||
        !strstr(err.message, row->text))
        fail_msg("%s: %d %s", row->why, err.http_status, err.message);
}

#define IAM "Action=GetRole&Version=2010-05-08&RoleName=r"

/* Facts 1.1 (the order) and 6.2 (the answers). */
static void test_route(void **state)
{
    static const struct request rows[] = {
        {"by target", "POST", "/", "", "secretsmanager.GetSecretValue", "secretsmanager", "{}",
         "secretsmanager", "GetSecretValue", NULL, 0, NULL},
        {"the long target", "POST", "/", "",
         "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", "", "{}", "cloudtrail",
         "LookupEvents", NULL, 0, NULL},
        {"the target comes before the scope", "POST", "/", "", "AmazonSSM.SendCommand", "iam", IAM, "ssm",
         "SendCommand", NULL, 0, NULL},
        {"by scope and action", "POST", "/", "", NULL, "iam", IAM, "iam", "GetRole", NULL, 0, NULL},
        {"the same version number, another scope", "POST", "/", "", NULL, "cloudformation",
         "Action=ListStacks&Version=2010-05-15", "cloudformation", "ListStacks", NULL, 0, NULL},
        {"as GET", "GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", NULL, "sts", "", "sts",
         "GetCallerIdentity", NULL, 0, NULL},
        {"unsigned, by version", "POST", "/", "", NULL, "",
         "Version=2011-06-15&Action=AssumeRoleWithWebIdentity&RoleArn=r", "sts", "AssumeRoleWithWebIdentity",
         NULL, 0, NULL},
        {"by path", "GET", "/2015-03-31/functions/f", "", NULL, "lambda", "", "lambda", "GetFunction", NULL,
         0, NULL},
        {"a longer path", "GET", "/2015-03-31/functions/f/configuration", "", NULL, "lambda", "", "lambda",
         "GetFunctionConfiguration", NULL, 0, NULL},
        {"with and without the last slash", "GET", "/2015-03-31/functions", "", NULL, "lambda", "", "lambda",
         "ListFunctions", NULL, 0, NULL},
        {"the method counts", "DELETE", "/2015-03-31/functions/f", "", NULL, "lambda", "", "lambda",
         "DeleteFunction", NULL, 0, NULL},
        {"an ARN in one segment", "GET", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af",
         "", NULL, "lambda", "", "lambda", "ListTags", NULL, 0, NULL},
        {"path without a scope", "GET", "/2015-03-31/functions/f", "", NULL, "", "", "lambda", "GetFunction",
         NULL, 0, NULL},

        {"unknown target", "POST", "/", "", "secretsmanager.Nonsense", "secretsmanager", "{}",
         "secretsmanager", NULL, "UnknownOperationException", 400, ""},
        {"a target of nobody", "POST", "/", "", "Nobody.X", "", "{}", NULL, NULL, "UnknownOperationException",
         400, ""},
        {"a target without an operation", "POST", "/", "", "secretsmanager", "", "{}", NULL, NULL,
         "UnknownOperationException", 400, ""},
        {"a json service needs a target", "POST", "/", "", NULL, "secretsmanager", "{}", "secretsmanager",
         NULL, "UnknownOperationException", 400, ""},
        {"unknown action", "POST", "/", "", NULL, "iam", "Action=Nonsense&Version=2010-05-08", "iam", NULL,
         "InvalidAction", 400, "Could not find operation Nonsense for version 2010-05-08"},
        {"unknown version", "POST", "/", "", NULL, "iam", "Action=GetRole&Version=2009-01-01", "iam", NULL,
         "InvalidAction", 400, "Could not find operation GetRole for version 2009-01-01"},
        {"no version", "POST", "/", "", NULL, "iam", "Action=GetRole", "iam", NULL, "InvalidAction", 400,
         "Could not find operation GetRole for version NO_VERSION_SPECIFIED"},
        {"EC2's words", "POST", "/", "", NULL, "ec2", "Action=Nonsense&Version=2016-11-15", "ec2", NULL,
         "InvalidAction", 400, "The action Nonsense is not valid for this web service."},
        {"no action", "POST", "/", "", NULL, "iam", "", "iam", NULL, "MissingAction", 400, "Action"},
        {"bad escape", "POST", "/", "", NULL, "iam", "Action=%", "iam", NULL, "MalformedInput", 400, ""},
        {"not UTF-8", "POST", "/", "", NULL, "iam", "Action=%ff&Version=2010-05-08", "iam", NULL,
         "MalformedInput", 400, ""},
        {"unsigned, a version of nobody", "POST", "/", "", NULL, "", "Action=GetRole&Version=1", NULL, NULL,
         "InvalidAction", 400, "version 1"},
        {"unknown path", "GET", "/2015-03-31/nonsense", "", NULL, "lambda", "", "lambda", NULL,
         "AccessDeniedException", 403, "Unable to determine service/operation name to be authorized"},
        {"too short a path", "GET", "/", "", NULL, "", "", NULL, NULL, "AccessDeniedException", 403,
         "Unable"},
        {"wrong method", "PATCH", "/2015-03-31/functions/f", "", NULL, "lambda", "", "lambda", NULL,
         "AccessDeniedException", 403, "Unable"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        route(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_route)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
