#include "aws/sandbox/cloudformation.h"
#include "aws/common/mem.h"
#include "tests/unit/aws/sandbox/cloudformation_calls.h"

#include <stdio.h>

#define TOKEN_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define STACK_MS 70000LL
#define BOTH "[\"CAPABILITY_IAM\",\"CAPABILITY_AUTO_EXPAND\"]"

static bool accept_login(void *self, struct str secret_string, struct error *err)
{
    (void)secret_string;
    return *(bool *)self || error_set(err, ERR_DENIED, "refused");
}

static bool accept_password(void *self, struct str secret_string, struct str new_password, struct error *err)
{
    (void)new_password;
    return accept_login(self, secret_string, err);
}

static bool logins_work;

static int setup(void **state)
{
    static struct sandbox_fixture f;

    f = (struct sandbox_fixture){0};
    logins_work = true;
    f.options.stack_ms = STACK_MS;
    f.options.database = (struct sandbox_database){
        .test = accept_login, .set_password = accept_password, .self = &logins_work};
    fixture_start(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

static struct json *cf(struct sandbox_fixture *f, const char *operation, const char *in)
{
    return call(f, "cloudformation", operation, in);
}

static void add_secret(struct sandbox_fixture *f)
{
    json_free(
        call(f, "secretsmanager", "CreateSecret",
             "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_A
             "\",\"SecretString\":\"{\\\"engine\\\":\\\"mysql\\\",\\\"host\\\":\\\"h\\\",\\\"username\\\":"
             "\\\"u\\\",\\\"password\\\":\\\"p\\\"}\"}"));
}

/* CreateStack's parameters for the template above; more: further members, each
 * with a comma in front. */
static char *create_in(struct sandbox_fixture *f, const char *secret, const char *subnet, const char *more)
{
    CLEANUP(buf_release) struct buf in = {0};
    const struct json *one = fixture_find(f, "ec2.subnet", "CidrBlock", "172.30.1.0/24");
    const struct json *two = fixture_find(f, "ec2.subnet", "CidrBlock", "172.30.2.0/24");
    const struct json *group = fixture_find(f, "ec2.security_group", "GroupName", "database-sg");

    buf_adds(&in, "{\"StackName\":\"stack\",\"TemplateBody\":");
    json_write_string(STR(template_json), &in);
    buf_printf(&in,
               ",\"Parameters\":[{\"ParameterKey\":\"Secret\",\"ParameterValue\":\"%s\"},"
               "{\"ParameterKey\":\"Subnets\",\"ParameterValue\":\"%s, %s\"},"
               "{\"ParameterKey\":\"Groups\",\"ParameterValue\":\"%s\"}]%s}",
               secret, subnet ? subnet : json_get_text(one, "SubnetId"), json_get_text(two, "SubnetId"),
               json_get_text(group, "GroupId"), more);
    return buf_detach(&in);
}

static char *create_stack(struct sandbox_fixture *f, const char *secret, const char *subnet, const char *more)
{
    CLEANUP(mem_freep) char *in = create_in(f, secret, subnet, more);
    CLEANUP(json_freep) struct json *out = cf(f, "CreateStack", in);

    return mem_dup(json_get_text(out, "StackId"));
}

static struct json *describe(struct sandbox_fixture *f, const char *id)
{
    CLEANUP(mem_freep) char *in = mem_printf("{\"StackName\":\"%s\"}", id);

    return cf(f, "DescribeStacks", in);
}

static const char *status(const struct json *described)
{
    return json_text(json_path(described, "Stacks.0.StackStatus"));
}

static struct json *events(struct sandbox_fixture *f, const char *id)
{
    CLEANUP(mem_freep) char *in = mem_printf("{\"StackName\":\"%s\"}", id);

    return cf(f, "DescribeStackEvents", in);
}

/* The reason of the first (newest) event with this id and status, or NULL. */
static const char *reason_of(const struct json *list, const char *logical, const char *state)
{
    const struct json *e;

    for (e = json_first(json_get(list, "StackEvents")); e; e = json_next(e))
        if (strcmp(json_get_text(e, "LogicalResourceId"), logical) == 0 &&
            strcmp(json_get_text(e, "ResourceStatus"), state) == 0)
            return json_get_text(e, "ResourceStatusReason");
    return NULL;
}

/* --- a whole life --- */

static void test_create(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f);
    CLEANUP(mem_freep)
    char *id = create_stack(f, "s", NULL,
                            ",\"Capabilities\":" BOTH ",\"ClientRequestToken\":\"tok\","
                            "\"Tags\":[{\"Key\":\"lab:name\",\"Value\":\"x\"}]");
    CLEANUP(json_freep) struct json *start = describe(f, "stack");
    assert_string_equal(status(start), "CREATE_IN_PROGRESS");
    fixture_advance(f, STACK_MS - 1);
    CLEANUP(json_freep) struct json *late = describe(f, "stack");
    assert_string_equal(status(late), "CREATE_IN_PROGRESS");
    fixture_advance(f, 1);
    CLEANUP(json_freep) struct json *done = describe(f, id);
    assert_string_equal(status(done), "CREATE_COMPLETE");
    const struct json *secret = fixture_find(f, "secretsmanager.secret", "Name", "s");
    CLEANUP(mem_freep) char *output = mem_printf("eu-west-1/%s", json_get_text(secret, "ARN"));
    assert_string_equal(json_text(json_path(done, "Stacks.0.Outputs.0.OutputValue")), output);
    assert_null(json_path(done, "Stacks.0.template"));
    assert_null(json_path(done, "Stacks.0.caller"));

    /* The secret was rotated, by the function, through policies of its role. */
    assert_non_null(json_get(secret, "LastRotatedDate"));
    assert_int_equal(json_int(json_path(secret, "RotationRules.AutomaticallyAfterDays"), 0), 30);
    const struct json *function = world_get(f->sandbox->world, "lambda.function", "rotator");
    assert_string_equal(json_get_text(secret, "RotationLambdaARN"), json_get_text(function, "FunctionArn"));
    assert_int_equal(json_count(json_path(function, "VpcConfig.SubnetIds")), 2);
    assert_string_equal(json_get_text(json_get(function, "Tags"), "lab:name"), "x");
    assert_int_equal(world_count(f->sandbox->world, "ec2.network_interface"), 1);

    CLEANUP(json_freep) struct json *list = events(f, "stack");
    assert_string_equal(json_text(json_path(list, "StackEvents.0.ResourceStatus")), "CREATE_COMPLETE");
    assert_string_equal(json_text(json_path(list, "StackEvents.0.ClientRequestToken")), "tok");
    assert_non_null(reason_of(list, "RotationHostedRotationLambda", "CREATE_COMPLETE"));
}

static void test_nested(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f);
    CLEANUP(mem_freep) char *id = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *resources = cf(f, "DescribeStackResources", "{\"StackName\":\"stack\"}");
    const char *nested = json_text(json_path(resources, "StackResources.0.PhysicalResourceId"));
    CLEANUP(json_freep) struct json *inner = describe(f, nested);
    assert_string_equal(status(inner), "CREATE_COMPLETE");
    assert_string_equal(json_text(json_path(inner, "Stacks.0.ParentId")), id);
    assert_string_equal(json_text(json_path(inner, "Stacks.0.RootId")), id);
    CLEANUP(json_freep) struct json *list = events(f, nested);
    assert_non_null(reason_of(list, "SecretsManagerRDSMySQLRotationSingleUser", "CREATE_COMPLETE"));
    assert_non_null(reason_of(list, "SecretsManagerRDSMySQLRotationSingleUserRole", "CREATE_COMPLETE"));
    CLEANUP(json_freep)
    struct json *template = cf(f, "GetTemplate", "{\"StackName\":\"stack\",\"TemplateStage\":\"Processed\"}");
    assert_non_null(strstr(json_get_text(template, "TemplateBody"), "AWS::CloudFormation::Stack"));
    CLEANUP(json_freep) struct json *original = cf(f, "GetTemplate", "{\"StackName\":\"stack\"}");
    assert_string_equal(json_get_text(original, "TemplateBody"), template_json);
}

static void test_delete(void **state)
{
    struct sandbox_fixture *f = *state;
    size_t roles, policies;

    add_secret(f);
    roles = world_count(f->sandbox->world, "iam.role");
    policies = world_count(f->sandbox->world, "ec2.network_interface");
    CLEANUP(mem_freep) char *id = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    assert_int_equal(world_count(f->sandbox->world, "iam.role"), roles + 1);
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *gone = describe(f, id);
    assert_string_equal(status(gone), "DELETE_COMPLETE");
    refused(f, "DescribeStacks", "{\"StackName\":\"stack\"}",
            "ValidationError: Stack with id stack does not exist");
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}")); /* succeeds silently */
    assert_null(world_get(f->sandbox->world, "lambda.function", "rotator"));
    assert_int_equal(world_count(f->sandbox->world, "iam.role"), roles);
    assert_int_equal(world_count(f->sandbox->world, "ec2.network_interface"), policies);
    const struct json *secret = fixture_find(f, "secretsmanager.secret", "Name", "s");
    assert_false(json_bool(json_get(secret, "RotationEnabled"), true));
    assert_non_null(world_get(f->sandbox->world, "logs.group", "/aws/lambda/rotator")); /* stays */
    CLEANUP(json_freep)
    struct json *list = cf(f, "ListStacks", "{\"StackStatusFilter\":[\"DELETE_COMPLETE\"]}");
    assert_int_equal(json_count(json_get(list, "StackSummaries")), 2);
    /* The name is free again, and the old one is forgotten in the end. */
    CLEANUP(mem_freep) char *second = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    assert_string_not_equal(second, id);
    fixture_advance(f, 91LL * 24 * 3600 * 1000);
    CLEANUP(mem_freep) char *in = mem_printf("{\"StackName\":\"%s\"}", id);
    struct error err;
    assert_false(fixture_call(f, "cloudformation", "DescribeStacks", in, NULL, &err));
}

/* Facts 4: the service releases the function's interface late, and the stack
 * waits for it. */
static void test_delete_waits_for_the_interface(void **state)
{
    const int64_t interface_ms = 20LL * 60000;
    struct sandbox_fixture *f = *state;

    f->sandbox->options.interface_ms = interface_ms;
    add_secret(f);
    CLEANUP(mem_freep) char *id = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *held = describe(f, id);
    assert_string_equal(status(held), "DELETE_IN_PROGRESS");
    assert_null(fixture_find(f, "lambda.function", "Runtime", "python3.10"));
    assert_non_null(fixture_find(f, "ec2.network_interface", "InterfaceType", "lambda"));
    fixture_advance(f, interface_ms);
    CLEANUP(json_freep) struct json *done = describe(f, id);
    assert_string_equal(status(done), "DELETE_COMPLETE");
    assert_null(fixture_find(f, "ec2.network_interface", "InterfaceType", "lambda"));
}

static void test_delete_failed(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f);
    CLEANUP(mem_freep) char *id = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    const char *role =
        strrchr(json_get_text(world_get(f->sandbox->world, "lambda.function", "rotator"), "Role"), '/');
    CLEANUP(mem_freep)
    char *inline_policy = mem_printf(
        "{\"RoleName\":\"%s\",\"PolicyName\":\"p\",\"PolicyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\","
        "\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3:*\\\",\\\"Resource\\\":\\\"*"
        "\\\"}}\"}",
        role + 1);
    CLEANUP(mem_freep) char *remove = mem_printf("{\"RoleName\":\"%s\",\"PolicyName\":\"p\"}", role + 1);
    json_free(call(f, "iam", "PutRolePolicy", inline_policy));
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *stuck = describe(f, id);
    assert_string_equal(status(stuck), "DELETE_FAILED");
    assert_string_equal(json_text(json_path(stuck, "Stacks.0.StackStatusReason")),
                        "The following resource(s) failed to delete: [RotationHostedRotationLambda]. ");
    json_free(call(f, "iam", "DeleteRolePolicy", remove));
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *gone = describe(f, id);
    assert_string_equal(status(gone), "DELETE_COMPLETE");
}

/* Force is for a stack that could not be deleted: what stood in the way stays. */
static void test_delete_by_force(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f);
    CLEANUP(mem_freep) char *id = create_stack(f, "s", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    refused(f, "DeleteStack", "{\"StackName\":\"stack\",\"DeletionMode\":\"FORCE_DELETE_STACK\"}",
            "ValidationError: Stack [stack] is not in the DELETE_FAILED state: FORCE_DELETE_STACK can't be "
            "specified");
    const char *role =
        strrchr(json_get_text(world_get(f->sandbox->world, "lambda.function", "rotator"), "Role"), '/');
    CLEANUP(mem_freep)
    char *attach = mem_printf(
        "{\"RoleName\":\"%s\",\"PolicyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}", role + 1);
    CLEANUP(mem_freep) char *name = mem_dup(role + 1);
    json_free(call(f, "iam", "AttachRolePolicy", attach));
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *stuck = describe(f, id);
    assert_string_equal(status(stuck), "DELETE_FAILED");
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\",\"DeletionMode\":\"FORCE_DELETE_STACK\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *gone = describe(f, id);
    assert_string_equal(status(gone), "DELETE_COMPLETE");
    assert_non_null(world_get(f->sandbox->world, "iam.role", name));
}

/* --- failures --- */

static void test_rolls_back(void **state)
{
    struct sandbox_fixture *f = *state;
    size_t roles = world_count(f->sandbox->world, "iam.role");

    CLEANUP(mem_freep) char *id = create_stack(f, "no-such-secret", NULL, ",\"Capabilities\":" BOTH);
    fixture_advance(f, 2 * STACK_MS);
    CLEANUP(json_freep) struct json *d = describe(f, id);
    assert_string_equal(status(d), "ROLLBACK_COMPLETE");
    CLEANUP(json_freep) struct json *list = events(f, id);
    assert_non_null(
        strstr(reason_of(list, "Rotation", "CREATE_FAILED"),
               "Resource handler returned message: \"Secrets Manager can't find the specified secret. "
               "(Service: SecretsManager, Status Code: 400, Request ID: "));
    assert_string_equal(
        reason_of(list, "stack", "ROLLBACK_IN_PROGRESS"),
        "The following resource(s) failed to create: [Rotation]. Rollback requested by user.");
    assert_null(world_get(f->sandbox->world, "lambda.function", "rotator"));
    assert_int_equal(world_count(f->sandbox->world, "iam.role"), roles);
    CLEANUP(mem_freep)
    char *update = mem_printf("ValidationError: Stack:%s is in ROLLBACK_COMPLETE state and can "
                              "not be updated.",
                              id);
    refused(f, "UpdateStack", "{\"StackName\":\"stack\",\"UsePreviousTemplate\":true}", update);
}

static void test_nested_failure(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f);
    CLEANUP(mem_freep)
    char *id = create_stack(f, "s", "subnet-0000", ",\"OnFailure\":\"DO_NOTHING\",\"Capabilities\":" BOTH);
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *d = describe(f, id);
    assert_string_equal(status(d), "CREATE_FAILED");
    CLEANUP(json_freep) struct json *list = events(f, id);
    const char *reason = reason_of(list, "RotationHostedRotationLambda", "CREATE_FAILED");
    assert_non_null(strstr(reason,
                           "was not successfully created: The following resource(s) failed to create: "
                           "[SecretsManagerRDSMySQLRotationSingleUser]. "));
    CLEANUP(json_freep) struct json *resources = cf(f, "DescribeStackResources", "{\"StackName\":\"stack\"}");
    CLEANUP(json_freep)
    struct json *inner = events(f, json_text(json_path(resources, "StackResources.0.PhysicalResourceId")));
    assert_non_null(strstr(reason_of(inner, "SecretsManagerRDSMySQLRotationSingleUser", "CREATE_FAILED"),
                           "The subnet ID 'subnet-0000' does not exist"));
    json_free(cf(f, "DeleteStack", "{\"StackName\":\"stack\"}"));
    fixture_advance(f, STACK_MS);
    CLEANUP(json_freep) struct json *gone = describe(f, id);
    assert_string_equal(status(gone), "DELETE_COMPLETE");
}

/* Someone who may make stacks but no roles gets a stack that says so. */
static void test_as_the_caller(void **state)
{
    struct sandbox_fixture *f = *state;
    char key[129];
    struct error err;
    CLEANUP(json_freep) struct json *out = NULL;

    add_secret(f);
    fixture_user_key(f, "student", key);
    struct json *user = world_edit(f->sandbox->world, "iam.user", "student");
    json_put_text(
        json_put(user, "Inline", json_object()), "p",
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"cloudformation:*\","
        "\"Resource\":\"*\"}}");
    CLEANUP(mem_freep) char *in = create_in(f, "s", NULL, ",\"Capabilities\":" BOTH);
    assert_true(fixture_call_as(f, key, "cloudformation", "CreateStack", in, &out, &err));
    fixture_advance(f, 2 * STACK_MS);
    CLEANUP(json_freep) struct json *d = describe(f, json_get_text(out, "StackId"));
    assert_string_equal(status(d), "ROLLBACK_COMPLETE");
    CLEANUP(json_freep) struct json *resources = cf(f, "DescribeStackResources", "{\"StackName\":\"stack\"}");
    CLEANUP(json_freep)
    struct json *inner = events(f, json_text(json_path(resources, "StackResources.0.PhysicalResourceId")));
    assert_non_null(strstr(reason_of(inner, "SecretsManagerRDSMySQLRotationSingleUserRole", "CREATE_FAILED"),
                           "user/student is not authorized to perform: iam:CreateRole on resource: "));
}

/* --- refusals --- */

static void test_capabilities_and_tokens(void **state)
{
    struct sandbox_fixture *f = *state;
    static const struct {
        const char *why, *more, *message;
    } rows[] = {
        {"nothing given", "",
         "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_AUTO_EXPAND]"},
        {"no IAM", ",\"Capabilities\":[\"CAPABILITY_AUTO_EXPAND\"]",
         "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"},
        {"no expansion", ",\"Capabilities\":[\"CAPABILITY_NAMED_IAM\"]",
         "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_AUTO_EXPAND]"},
        {"both ways to fail", ",\"OnFailure\":\"DELETE\",\"DisableRollback\":true,\"Capabilities\":" BOTH,
         "ValidationError: Only one of OnFailure and DisableRollback may be specified."},
    };

    add_secret(f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mem_freep) char *in = create_in(f, "s", NULL, rows[i].more);

        print_message("  %s\n", rows[i].why);
        refused(f, "CreateStack", in, rows[i].message);
    }
    CLEANUP(mem_freep)
    char *id = create_stack(f, "s", NULL, ",\"ClientRequestToken\":\"t1\",\"Capabilities\":" BOTH);
    CLEANUP(mem_freep)
    char *again = create_stack(f, "s", NULL, ",\"ClientRequestToken\":\"t1\",\"Capabilities\":" BOTH);
    assert_string_equal(id, again);
    CLEANUP(mem_freep)
    char *other = create_in(f, "x", NULL, ",\"ClientRequestToken\":\"t1\",\"Capabilities\":" BOTH);
    refused(f, "CreateStack", other,
            "TokenAlreadyExistsException: A stack operation with the specified ClientRequestToken t1 already "
            "exists.");
    /* A name is one of the parameters. */
    CLEANUP(buf_release) struct buf renamed = {0};
    const char *name = strstr(other, "\"stack\"");
    buf_printf(&renamed, "%.*s\"another\"%s", (int)(name - other), other, name + strlen("\"stack\""));
    refused(f, "CreateStack", buf_text(&renamed),
            "TokenAlreadyExistsException: A stack operation with the specified ClientRequestToken t1 already "
            "exists.");
    CLEANUP(mem_freep)
    char *taken = create_in(f, "s", NULL, ",\"ClientRequestToken\":\"t2\",\"Capabilities\":" BOTH);
    refused(f, "CreateStack", taken, "AlreadyExistsException: Stack [stack] already exists");
}

static const struct {
    const char *why, *body, *message; /* message NULL: accepted */
} templates[] = {
    {"not JSON", "{\"Resources\":", NULL},
    {"no resources", "AWSTemplateFormatVersion: '2010-09-09'\n",
     "ValidationError: Template format error: At least one Resources member must be defined."},
    {"not a mapping", "- a\n", "ValidationError: Template format error: unsupported structure."},
    {"a section that is not one", "Resource: {}\n",
     "ValidationError: Invalid template property or properties [Resource]"},
    {"other resources", "Resources:\n  B:\n    Type: AWS::S3::Bucket\n  T:\n    Type: AWS::SNS::Topic\n",
     "ValidationError: Template format error: Unrecognized resource types: [AWS::S3::Bucket, "
     "AWS::SNS::Topic]"},
    {"a transform nobody has",
     "Transform: My::Macro\nResources:\n  R:\n    Type: AWS::SecretsManager::RotationSchedule\n",
     "ValidationError: No transform named My::Macro found."},
    {"a short form that is none",
     "Resources:\n  R:\n    Type: AWS::SecretsManager::RotationSchedule\n    Properties:\n      SecretId: "
     "!Reff X\n",
     "ValidationError: Template format error: YAML not well-formed. (line 5, column 17)"},
    {"a tag that would make something",
     "Resources:\n  R:\n    Type: !!python/name:os AWS::SecretsManager::RotationSchedule\n",
     "ValidationError: Template format error: YAML not well-formed. (line 3, column 11)"},
};

static void test_templates(void **state)
{
    struct sandbox_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        CLEANUP(buf_release) struct buf in = {0};
        struct error err = {0};

        print_message("  %s\n", templates[i].why);
        buf_adds(&in, "{\"TemplateBody\":");
        json_write_string(str_of(templates[i].body), &in);
        buf_adds(&in, "}");
        assert_false(fixture_call(f, "cloudformation", "ValidateTemplate", buf_text(&in), NULL, &err));
        if (templates[i].message)
            assert_string_equal(err.message, templates[i].message);
        assert_string_equal(err.remote_code, "ValidationError");
    }
}

/* What YAML's short forms stand for, as their long forms have it. */
static void test_short_forms(void **state)
{
    static const char yaml[] = "Metadata:\n"
                               "  a: !Ref X\n"
                               "  b: !Sub \"${X}/y\"\n"
                               "  c: !Join [\"-\", [!Ref X, z]]\n"
                               "  d: !GetAtt X.Id\n"
                               "Resources: {X: {Type: AWS::SecretsManager::RotationSchedule}}\n";
    static const char want[] =
        "{\"Metadata\":{\"a\":{\"Ref\":\"X\"},\"b\":{\"Fn::Sub\":\"${X}/y\"},"
        "\"c\":{\"Fn::Join\":[\"-\",[{\"Ref\":\"X\"},\"z\"]]},\"d\":{\"Fn::GetAtt\":\"X.Id\"}},"
        "\"Resources\":{\"X\":{\"Type\":\"AWS::SecretsManager::RotationSchedule\"}}}";
    CLEANUP(json_freep) struct json *document = NULL;
    CLEANUP(buf_release) struct buf got = {0};
    struct error err = {0};

    (void)state;
    assert_true(template_read(STR(yaml), &document, &err));
    json_write(document, &got);
    assert_string_equal(buf_text(&got), want);
}

static void test_summary(void **state)
{
    struct sandbox_fixture *f = *state;
    CLEANUP(buf_release) struct buf in = {0};

    buf_adds(&in, "{\"TemplateBody\":");
    json_write_string(STR(template_json), &in);
    buf_adds(&in, "}");
    CLEANUP(json_freep) struct json *out = cf(f, "GetTemplateSummary", buf_text(&in));
    assert_int_equal(json_count(json_get(out, "Capabilities")), 2);
    assert_int_equal(json_count(json_get(out, "Parameters")), 4);
    assert_string_equal(json_text(json_path(out, "DeclaredTransforms.0")), "AWS::SecretsManager-2024-09-16");
    assert_string_equal(json_text(json_path(out, "ResourceTypes.0")), SCHEDULE_TYPE);
}

static const struct {
    const char *why, *value, *want; /* want: the answer, or the refusal */
} functions[] = {
    {"a parameter", "{\"Ref\":\"P\"}", "\"value\""},
    {"inside others", "{\"a\":[{\"Ref\":\"P\"},1]}", "{\"a\":[\"value\",1]}"},
    {"no value takes the member away", "{\"a\":{\"Ref\":\"AWS::NoValue\"},\"b\":2}", "{\"b\":2}"},
    {"Sub", "{\"Fn::Sub\":\"x-${P}-${!P}\"}", "\"x-value-${P}\""},
    {"Sub with names of its own", "{\"Fn::Sub\":[\"${L}/${P}\",{\"L\":{\"Ref\":\"P\"}}]}", "\"value/value\""},
    {"Join", "{\"Fn::Join\":[\",\",[\"a\",{\"Ref\":\"P\"}]]}", "\"a,value\""},
    {"an attribute of a resource", "{\"Fn::GetAtt\":[\"R\",\"Id\"]}", "\"arn:r\""},
    {"the same in one text", "{\"Fn::GetAtt\":\"R.Id\"}", "\"arn:r\""},
    {"an unknown name", "{\"Ref\":\"Q\"}",
     "ValidationError: Template format error: Unresolved resource dependencies [Q] in the Resources block of "
     "the "
     "template"},
    {"an unknown resource", "{\"Fn::GetAtt\":[\"Q\",\"Id\"]}",
     "ValidationError: Template error: instance of Fn::GetAtt references undefined resource Q"},
    {"an unknown function", "{\"Fn::Cidr\":[]}",
     "ValidationError: Template format error: Unrecognized function Fn::Cidr"},
};

static void test_functions(void **state)
{
    CLEANUP(json_freep)
    struct json *parameters = json_of("P", "value", NULL), *resources = json_of("R", "arn:r", NULL);
    const struct template_scope scope = {parameters, resources};

    (void)state;
    json_put(parameters, "AWS::NoValue", json_null());
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        CLEANUP(json_freep) struct json *value = NULL, *out = NULL;
        CLEANUP(buf_release) struct buf text = {0};
        struct error err;

        print_message("  %s\n", functions[i].why);
        assert_true(json_parse(str_of(functions[i].value), NULL, &value, &err));
        if (template_resolve(value, &scope, &out, &err))
            json_write(out, &text);
        else
            buf_adds(&text, err.message);
        assert_string_equal(buf_text(&text), functions[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test_setup_teardown(test_templates, setup, teardown),
        cmocka_unit_test(test_short_forms),
        cmocka_unit_test_setup_teardown(test_summary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_capabilities_and_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nested, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_waits_for_the_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_by_force, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rolls_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nested_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_the_caller, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
