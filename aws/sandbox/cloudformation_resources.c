/* The resources of a stack with a hosted rotation function: nested stack, role,
 * function with its network interface, permission, schedule (facts 2.7, 2.9).
 * Whatever has an operation in the sandbox is asked for as the caller of the
 * stack's operation, so that its permissions are those of a real one. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"

#include <stdio.h>

#define FUNCTION_LOGICAL "SecretsManagerRDSMySQLRotationSingleUser"
#define ROLE_LOGICAL "SecretsManagerRDSMySQLRotationSingleUserRole"
#define PERMISSION_LOGICAL "LambdaPermission"
#define ROLE_TYPE "AWS::IAM::Role"
#define FUNCTION_TYPE "AWS::Lambda::Function"
#define PERMISSION_TYPE "AWS::Lambda::Permission"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define SUFFIX 12

/* --- asking, and saying why not --- */

static bool ask(struct stack_step *x, const char *service, const char *operation,
                struct json *in /* taken over */, struct json **answer, struct error *err)
{
    struct json *out = NULL;
    bool ok = sandbox_internal_call(x->sandbox, x->caller, "cloudformation.amazonaws.com", service, operation,
                                    in, &out, err);

    json_free(in);
    if (ok && answer)
        *answer = out;
    else
        json_free(out);
    return ok;
}

bool stack_caller_may(struct stack_step *x, const char *service, const char *action, const char *resource,
                      struct error *err)
{
    const struct aws_service *model = model_service(service);
    const struct aws_operation op = {.service = model, .name = action, .action = action, .resource = "*"};
    const struct handler row = {.operation = action};
    struct call c = {.sandbox = x->sandbox,
                     .world = sandbox_world(x->sandbox),
                     .service = model,
                     .op = &op,
                     .now_ms = sandbox_now_ms(x->sandbox)};
    bool allowed;

    if (!principal_find(x->sandbox, x->caller, &c.principal))
        return error_aws(err, "ExpiredTokenException",
                         "The security token included in the request is expired");
    (void)snprintf(c.resource, sizeof(c.resource), "%s", resource);
    /* Whom the role is for: policies are advised to name it. */
    if (strcmp(action, "iam:PassRole") == 0)
        c.context = json_of("iam:PassedToService", "lambda.amazonaws.com", NULL);
    allowed = authorize_call(&c, &row, err);
    json_free(c.context);
    return allowed;
}

struct word {
    const char *part, *handler_code;
};

static const char *handler_code(const char *remote_code)
{
    static const struct word words[] = {
        {"AccessDenied", "AccessDenied"},      {"NotFound", "NotFound"},
        {"NoSuchEntity", "NotFound"},          {"Exists", "AlreadyExists"},
        {"ResourceConflict", "AlreadyExists"}, {"Invalid", "InvalidRequest"},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strstr(remote_code, words[i].part))
            return words[i].handler_code;
    }
    return "GeneralServiceException";
}

bool stack_resource_failed(struct stack_step *x, struct json *stack, const char *logical, const char *type,
                           const char *status, const char *service, const struct error *err)
{
    char request[37], token[37];

    random_uuid(sandbox_random(x->sandbox), request);
    random_uuid(sandbox_random(x->sandbox), token);
    CLEANUP(mem_freep)
    char *reason = mem_printf(
        "Resource handler returned message: \"%.*s (Service: %s, Status Code: %d, Request ID: %s)\" "
        "(RequestToken: "
        "%s, HandlerErrorCode: %s)",
        STR_ARG(error_text(err)), service, err->http_status ? err->http_status : 400, request, token,
        handler_code(err->remote_code));
    stack_resource(x->sandbox, stack, logical, type, NULL, status, reason);
    return false;
}

static const char *account_of(const struct stack_step *x)
{
    return sandbox_account(x->sandbox);
}

static const struct json *hosted_property(const struct stack_step *x, const char *name)
{
    return json_get(json_path(x->schedule, "properties.HostedRotationLambda"), name);
}

/* --- nested stack --- */

bool resource_nested_begin(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "nested_logical");
    char suffix[SUFFIX + 1];

    (void)err;
    stack_resource(x->sandbox, x->stack, logical, STACK_TYPE, "", "CREATE_IN_PROGRESS", NULL);
    random_text(sandbox_random(x->sandbox), UPPER, suffix, SUFFIX);
    CLEANUP(mem_freep)
    char *name = mem_printf("%.60s-%.50s-%s", json_get_text(x->stack, "StackName"), logical, suffix);
    struct json *nested = stack_new(x->sandbox, name, x->stack);
    json_put_text(x->schedule, "nested_id", json_get_text(nested, "StackId"));
    json_put_text(nested, "template", "{}");
    stack_status(x->sandbox, nested, "CREATE_IN_PROGRESS", "User Initiated");
    stack_resource(x->sandbox, x->stack, logical, STACK_TYPE, json_get_text(nested, "StackId"),
                   "CREATE_IN_PROGRESS", "Resource creation Initiated");
    return true;
}

bool resource_nested_end(struct stack_step *x, struct error *err)
{
    struct json *outputs = json_array();

    (void)err;
    json_push(outputs, json_of("OutputKey", "RotationLambdaARN", "OutputValue",
                               json_get_text(x->schedule, "function_arn"), NULL));
    json_put(x->nested, "Outputs", outputs);
    stack_status(x->sandbox, x->nested, "CREATE_COMPLETE", NULL);
    stack_resource(x->sandbox, x->stack, json_get_text(x->schedule, "nested_logical"), STACK_TYPE, NULL,
                   "CREATE_COMPLETE", NULL);
    return true;
}

/* --- role --- */

static const char *const managed_names[] = {"AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"};

static void policy_name(char out[129], int number)
{
    (void)snprintf(out, 129, ROLE_LOGICAL "Policy%d", number);
}

static char *managed_arn(const struct stack_step *x, const char *name)
{
    return mem_printf("arn:%s:iam::aws:policy/service-role/%s", sandbox_partition(x->sandbox), name);
}

/* The last of the inline policies is there for a secret with a key of its own. */
enum { KEY_POLICY = 2, POLICIES };

/* What AWS's own template grants: network interfaces, this account's secrets
 * that are rotated by this very function, and their key. */
static char *policy_text(const struct stack_step *x, int number)
{
    const char *partition = sandbox_partition(x->sandbox), *region = sandbox_region(x->sandbox);
    const char *key = json_text(hosted_property(x, "KmsKeyArn"));

    if (number == 0)
        return mem_dup(
            "{\"Statement\":[{\"Action\":[\"ec2:CreateNetworkInterface\",\"ec2:DeleteNetworkInterface\","
            "\"ec2:DescribeNetworkInterfaces\",\"ec2:DetachNetworkInterface\"],\"Resource\":\"*\","
            "\"Effect\":\"Allow\"}]}");
    if (number == KEY_POLICY)
        return mem_printf("{\"Statement\":[{\"Action\":[\"kms:Decrypt\",\"kms:DescribeKey\","
                          "\"kms:GenerateDataKey\"],\"Resource\":\"%s\",\"Effect\":\"Allow\"}]}",
                          key);
    return mem_printf(
        "{\"Statement\":[{\"Condition\":{\"StringEquals\":{"
        "\"secretsmanager:resource/AllowRotationLambdaArn\":\"%s\"}},"
        "\"Action\":[\"secretsmanager:DescribeSecret\",\"secretsmanager:GetSecretValue\","
        "\"secretsmanager:PutSecretValue\",\"secretsmanager:UpdateSecretVersionStage\"],"
        "\"Resource\":\"arn:%s:secretsmanager:%s:%s:secret:*\",\"Effect\":\"Allow\"},"
        "{\"Action\":[\"secretsmanager:GetRandomPassword\"],\"Resource\":\"*\",\"Effect\":\"Allow\"}]}",
        json_get_text(x->schedule, "function_arn"), partition, region, account_of(x));
}

static void name_function(struct stack_step *x)
{
    const char *given = json_text(hosted_property(x, "RotationLambdaName"));
    char suffix[17 + 1], arn[2100];

    random_text(sandbox_random(x->sandbox), UPPER, suffix, 17);
    CLEANUP(mem_freep) char *name = *given ? mem_dup(given) : mem_printf("SecretsManager%s", suffix);
    sandbox_arn(x->sandbox, arn, "lambda", sandbox_region(x->sandbox), "function:%s", name);
    json_put_text(x->schedule, "function", name);
    json_put_text(x->schedule, "function_arn", arn);
}

static bool role_policies(struct stack_step *x, const char *role, struct error *err)
{
    char name[129];

    for (int i = 0; i < POLICIES; i++) {
        if (i == KEY_POLICY && !*json_text(hosted_property(x, "KmsKeyArn")))
            continue;
        CLEANUP(mem_freep) char *text = policy_text(x, i);

        policy_name(name, i);
        if (!ask(x, "iam", "PutRolePolicy",
                 json_of("RoleName", role, "PolicyName", name, "PolicyDocument", text, NULL), NULL, err))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(managed_names); i++) {
        CLEANUP(mem_freep) char *arn = managed_arn(x, managed_names[i]);

        if (!ask(x, "iam", "AttachRolePolicy", json_of("RoleName", role, "PolicyArn", arn, NULL), NULL, err))
            return false;
    }
    return true;
}

bool resource_role_create(struct stack_step *x, struct error *err)
{
    static const char trust[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Action\":[\"sts:AssumeRole\"],"
        "\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"lambda.amazonaws.com\"]}}]}";
    CLEANUP(json_freep) struct json *made = NULL;
    struct json *in;
    char suffix[SUFFIX + 1];

    name_function(x);
    stack_resource(x->sandbox, x->nested, ROLE_LOGICAL, ROLE_TYPE, "", "CREATE_IN_PROGRESS", NULL);
    random_text(sandbox_random(x->sandbox), UPPER, suffix, SUFFIX);
    CLEANUP(mem_freep)
    char *role = mem_printf("%.24s-%.24s-%s", json_get_text(x->nested, "StackName"), ROLE_LOGICAL, suffix);
    in = json_of("RoleName", role, "AssumeRolePolicyDocument", trust, NULL);
    if (json_count(json_get(x->stack, "Tags")) > 0)
        json_put(in, "Tags", json_copy(json_get(x->stack, "Tags")));
    if (!ask(x, "iam", "CreateRole", in, &made, err))
        return stack_resource_failed(x, x->nested, ROLE_LOGICAL, ROLE_TYPE, "CREATE_FAILED", "Iam", err);
    json_put_text(x->schedule, "role", role);
    json_put(x->schedule, "role_arn", json_copy(json_path(made, "Role.Arn")));
    stack_resource(x->sandbox, x->nested, ROLE_LOGICAL, ROLE_TYPE, role, "CREATE_IN_PROGRESS",
                   "Resource creation Initiated");
    if (!role_policies(x, role, err))
        return stack_resource_failed(x, x->nested, ROLE_LOGICAL, ROLE_TYPE, "CREATE_FAILED", "Iam", err);
    stack_resource(x->sandbox, x->nested, ROLE_LOGICAL, ROLE_TYPE, NULL, "CREATE_COMPLETE", NULL);
    return true;
}

/* Still there, or there in name only after a failure; writes the event. */
static bool remove_begin(struct stack_step *x, struct json *stack, const char *logical, const char *type)
{
    const struct json *resource = stack_resource_find(stack, logical);

    if (!resource || strcmp(json_get_text(resource, "ResourceStatus"), "DELETE_COMPLETE") == 0)
        return false;
    stack_resource(x->sandbox, stack, logical, type, NULL, "DELETE_IN_PROGRESS", NULL);
    return true;
}

static bool gone(const struct error *err)
{
    return error_is(err, "NoSuchEntity") || error_is(err, "ResourceNotFoundException");
}

static bool role_empty(struct stack_step *x, const char *role, struct error *err)
{
    char name[129];

    for (int i = 0; i < POLICIES; i++) {
        if (i == KEY_POLICY && !*json_text(hosted_property(x, "KmsKeyArn")))
            continue;
        policy_name(name, i);
        if (!ask(x, "iam", "DeleteRolePolicy", json_of("RoleName", role, "PolicyName", name, NULL), NULL,
                 err) &&
            !gone(err))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(managed_names); i++) {
        CLEANUP(mem_freep) char *arn = managed_arn(x, managed_names[i]);

        if (!ask(x, "iam", "DetachRolePolicy", json_of("RoleName", role, "PolicyArn", arn, NULL), NULL,
                 err) &&
            !gone(err))
            return false;
    }
    return true;
}

bool resource_role_delete(struct stack_step *x, struct error *err)
{
    const char *role = json_get_text(x->schedule, "role");

    if (!remove_begin(x, x->nested, ROLE_LOGICAL, ROLE_TYPE))
        return true;
    if (*role &&
        (!role_empty(x, role, err) ||
         !ask(x, "iam", "DeleteRole", json_of("RoleName", role, NULL), NULL, err)) &&
        !gone(err))
        return stack_resource_failed(x, x->nested, ROLE_LOGICAL, ROLE_TYPE, "DELETE_FAILED", "Iam", err);
    stack_resource(x->sandbox, x->nested, ROLE_LOGICAL, ROLE_TYPE, NULL, "DELETE_COMPLETE", NULL);
    return true;
}

/* --- permission --- */

bool resource_permission_create(struct stack_step *x, struct error *err)
{
    const char *function = json_get_text(x->schedule, "function");
    char suffix[SUFFIX + 1];

    stack_resource(x->sandbox, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE, "", "CREATE_IN_PROGRESS",
                   NULL);
    random_text(sandbox_random(x->sandbox), UPPER, suffix, SUFFIX);
    CLEANUP(mem_freep)
    char *sid = mem_printf("%.30s-%s-%s", json_get_text(x->nested, "StackName"), PERMISSION_LOGICAL, suffix);
    if (!ask(x, "lambda", "AddPermission",
             json_of("FunctionName", function, "StatementId", sid, "Action", "lambda:InvokeFunction",
                     "Principal", "secretsmanager.amazonaws.com", "SourceAccount", account_of(x), NULL),
             NULL, err))
        return stack_resource_failed(x, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE, "CREATE_FAILED",
                                     "Lambda", err);
    json_put_text(x->schedule, "sid", sid);
    stack_resource(x->sandbox, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE, sid, "CREATE_COMPLETE", NULL);
    return true;
}

bool resource_permission_delete(struct stack_step *x, struct error *err)
{
    const char *sid = json_get_text(x->schedule, "sid"), *function = json_get_text(x->schedule, "function");

    if (!remove_begin(x, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE))
        return true;
    if (*sid &&
        !ask(x, "lambda", "RemovePermission", json_of("FunctionName", function, "StatementId", sid, NULL),
             NULL, err) &&
        !gone(err))
        return stack_resource_failed(x, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE, "DELETE_FAILED",
                                     "Lambda", err);
    stack_resource(x->sandbox, x->nested, PERMISSION_LOGICAL, PERMISSION_TYPE, NULL, "DELETE_COMPLETE", NULL);
    return true;
}

/* The function is gone for CloudFormation when its network interface is. */
static bool release_interfaces(struct stack_step *x, const char *function)
{
    int64_t gone_ms = lambda_interfaces_gone_ms(x->sandbox, function);

    if (gone_ms > 0) {
        json_put_bool(x->schedule, "releasing", true);
        x->hold_ms = gone_ms + 1;
        return true;
    }
    json_remove(x->schedule, "releasing");
    stack_resource(x->sandbox, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, NULL, "DELETE_COMPLETE", NULL);
    return true;
}

bool resource_function_delete(struct stack_step *x, struct error *err)
{
    const char *function = json_get_text(x->schedule, "function");
    const struct json *resource = stack_resource_find(x->nested, FUNCTION_LOGICAL);
    /* A name that was already taken is not ours to delete. */
    bool ours = *json_get_text(resource, "PhysicalResourceId") != '\0';

    if (json_get(x->schedule, "releasing"))
        return release_interfaces(x, function);
    if (!remove_begin(x, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE))
        return true;
    if (ours && !ask(x, "lambda", "DeleteFunction", json_of("FunctionName", function, NULL), NULL, err) &&
        !gone(err))
        return stack_resource_failed(x, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, "DELETE_FAILED", "Lambda",
                                     err);
    return release_interfaces(x, function);
}

bool resource_nested_delete_begin(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "nested_logical");

    (void)err;
    if (!remove_begin(x, x->stack, logical, STACK_TYPE) || !x->nested)
        return true;
    stack_status(x->sandbox, x->nested, "DELETE_IN_PROGRESS", NULL);
    return true;
}

bool resource_nested_delete_end(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "nested_logical");
    const struct json *resource = stack_resource_find(x->stack, logical);

    (void)err;
    if (x->nested && strcmp(json_get_text(x->nested, "StackStatus"), "DELETE_IN_PROGRESS") == 0)
        stack_status(x->sandbox, x->nested, "DELETE_COMPLETE", NULL);
    if (resource && strcmp(json_get_text(resource, "ResourceStatus"), "DELETE_IN_PROGRESS") == 0)
        stack_resource(x->sandbox, x->stack, logical, STACK_TYPE, NULL, "DELETE_COMPLETE", NULL);
    return true;
}

/* --- schedule --- */

/* Parameters are texts: 30 and "30" are the same. */
static void put_number(struct json *to, const char *name, const struct json *value)
{
    int64_t n;

    if (json_is_string(value) && str_to_i64(json_str(value), &n))
        json_put_int(to, name, n);
    else if (value)
        json_put(to, name, json_copy(value));
}

static bool truth(const struct json *value, bool otherwise)
{
    if (json_is_string(value))
        return strcmp(json_text(value), "true") == 0;
    return json_bool(value, otherwise);
}

static struct json *rotate_input(const struct stack_step *x)
{
    const struct json *p = json_get(x->schedule, "properties"), *rules = json_get(p, "RotationRules");
    const struct json *function = json_get(x->schedule, "function_arn");
    struct json *in = json_object();

    json_put(in, "SecretId", json_copy(json_get(p, "SecretId")));
    function = function ? function : json_get(p, "RotationLambdaARN");
    if (function)
        json_put(in, "RotationLambdaARN", json_copy(function));
    if (rules) {
        struct json *out = json_put(in, "RotationRules", json_copy(rules));

        put_number(out, "AutomaticallyAfterDays", json_get(rules, "AutomaticallyAfterDays"));
    }
    json_put_bool(in, "RotateImmediately", truth(json_get(p, "RotateImmediatelyOnUpdate"), true));
    return in;
}

/* What the schema of the resource refuses; NULL when nothing. */
static char *schedule_problem(const struct stack_step *x, const char *logical)
{
    const struct json *p = json_get(x->schedule, "properties");

    if (!json_get(p, "SecretId"))
        return mem_printf(
            "Properties validation failed for resource %s with message:\n#: required key [SecretId] "
            "not found",
            logical);
    if (json_get(p, "HostedRotationLambda") && !json_get(x->schedule, "nested_logical"))
        return mem_printf("Properties validation failed for resource %s with message:\n#: extraneous key "
                          "[HostedRotationLambda] is not permitted",
                          logical);
    return NULL;
}

bool resource_schedule_create(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "logical");
    CLEANUP(mem_freep) char *problem = schedule_problem(x, logical);
    CLEANUP(json_freep) struct json *out = NULL;

    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, "", "CREATE_IN_PROGRESS", NULL);
    if (problem) {
        stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "CREATE_FAILED", problem);
        return error_aws(err, "ValidationError", problem);
    }
    if (!ask(x, "secretsmanager", "RotateSecret", rotate_input(x), &out, err))
        return stack_resource_failed(x, x->stack, logical, SCHEDULE_TYPE, "CREATE_FAILED", "SecretsManager",
                                     err);
    json_put_bool(x->schedule, "rotated", true);
    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, json_get_text(out, "ARN"),
                   "CREATE_IN_PROGRESS", "Resource creation Initiated");
    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "CREATE_COMPLETE", NULL);
    return true;
}

bool resource_schedule_update(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "logical");
    CLEANUP(mem_freep) char *problem = schedule_problem(x, logical);

    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "UPDATE_IN_PROGRESS", NULL);
    if (problem) {
        stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "UPDATE_FAILED", problem);
        return error_aws(err, "ValidationError", problem);
    }
    if (!ask(x, "secretsmanager", "RotateSecret", rotate_input(x), NULL, err))
        return stack_resource_failed(x, x->stack, logical, SCHEDULE_TYPE, "UPDATE_FAILED", "SecretsManager",
                                     err);
    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "UPDATE_COMPLETE", NULL);
    return true;
}

/* A secret that is deleted, or scheduled to be, rotates no more anyway. */
static bool schedule_over(const struct error *err)
{
    return gone(err) || error_is(err, "InvalidRequestException");
}

bool resource_schedule_delete(struct stack_step *x, struct error *err)
{
    const char *logical = json_get_text(x->schedule, "logical");
    const struct json *resource = stack_resource_find(x->stack, logical);
    CLEANUP(mem_freep) char *secret = mem_dup(json_get_text(resource, "PhysicalResourceId"));

    if (!remove_begin(x, x->stack, logical, SCHEDULE_TYPE))
        return true;
    if (json_get(x->schedule, "rotated") &&
        !ask(x, "secretsmanager", "CancelRotateSecret", json_of("SecretId", secret, NULL), NULL, err) &&
        !schedule_over(err))
        return stack_resource_failed(x, x->stack, logical, SCHEDULE_TYPE, "DELETE_FAILED", "SecretsManager",
                                     err);
    json_remove(x->schedule, "rotated");
    stack_resource(x->sandbox, x->stack, logical, SCHEDULE_TYPE, NULL, "DELETE_COMPLETE", NULL);
    return true;
}
