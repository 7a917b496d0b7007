/* Updates of stacks and change sets; making and removing: cloudformation_test.c. */
#include "aws/common/mem.h"
#include "aws/sandbox/cloudformation.h"
#include "tests/unit/aws/sandbox/cloudformation_calls.h"

#define STACK_MS 70000LL
#define BOTH ",\"Capabilities\":[\"CAPABILITY_IAM\",\"CAPABILITY_AUTO_EXPAND\"]"
#define SAME(NAME) "{\"ParameterKey\":\"" NAME "\",\"UsePreviousValue\":true}"
#define NETWORK SAME("Subnets") "," SAME("Groups")
/* The stack as it is, but with these parameters. */
#define UPDATE(SECRET, DAYS)                                                                                 \
    "{\"StackName\":\"stack\",\"UsePreviousTemplate\":true" BOTH ",\"Parameters\":[" NETWORK                 \
    ",{\"ParameterKey\":\"Secret\",\"ParameterValue\":\"" SECRET "\"}"                                       \
    ",{\"ParameterKey\":\"Days\",\"ParameterValue\":\"" DAYS "\"}]}"

static bool accept_login(void *self, struct str secret_string, struct error *err)
{
    (void)self;
    (void)secret_string;
    (void)err;
    return true;
}

static bool accept_password(void *self, struct str secret_string, struct str new_password, struct error *err)
{
    (void)new_password;
    return accept_login(self, secret_string, err);
}

static void done(struct sandbox_fixture *f, const char *operation, const char *in)
{
    json_free(call(f, "cloudformation", operation, in));
}

/* The first request for the template; `more` are further members. */
static void make(struct sandbox_fixture *f, const char *operation, const char *more)
{
    CLEANUP(buf_release) struct buf in = {0};
    const struct json *one = fixture_find(f, "ec2.subnet", "CidrBlock", "172.30.1.0/24");
    const struct json *group = fixture_find(f, "ec2.security_group", "GroupName", "database-sg");

    buf_adds(&in, "{\"StackName\":\"stack\"" BOTH ",\"TemplateBody\":");
    json_write_string(STR(template_json), &in);
    buf_printf(&in,
               ",\"Parameters\":[{\"ParameterKey\":\"Secret\",\"ParameterValue\":\"s\"},"
               "{\"ParameterKey\":\"Subnets\",\"ParameterValue\":\"%s\"},"
               "{\"ParameterKey\":\"Groups\",\"ParameterValue\":\"%s\"}]%s}",
               json_get_text(one, "SubnetId"), json_get_text(group, "GroupId"), more);
    done(f, operation, buf_text(&in));
}

static void add_secret(struct sandbox_fixture *f, const char *name)
{
    CLEANUP(mem_freep)
    char *in = mem_printf("{\"Name\":\"%s\",\"SecretString\":\"{\\\"engine\\\":\\\"mysql\\\",\\\"host\\\":"
                          "\\\"h\\\",\\\"username\\\":\\\"u\\\",\\\"password\\\":\\\"p\\\"}\"}",
                          name);

    json_free(call(f, "secretsmanager", "CreateSecret", in));
}

static int setup(void **state)
{
    static struct sandbox_fixture f;

    f = (struct sandbox_fixture){0};
    f.options.stack_ms = STACK_MS;
    f.options.database = (struct sandbox_database){.test = accept_login, .set_password = accept_password};
    fixture_start(&f);
    add_secret(&f, "s");
    *state = &f;
    return 0;
}

static int setup_stack(void **state)
{
    setup(state);
    make(*state, "CreateStack", "");
    fixture_advance(*state, STACK_MS);
    fixture_settle(*state);
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

/* --- what is looked at --- */

static void assert_status(struct sandbox_fixture *f, const char *want)
{
    CLEANUP(json_freep)
    struct json *out = call(f, "cloudformation", "DescribeStacks", "{\"StackName\":\"stack\"}");

    assert_string_equal(json_text(json_path(out, "Stacks.0.StackStatus")), want);
}

static const struct json *secret(struct sandbox_fixture *f, const char *name)
{
    return fixture_find(f, "secretsmanager.secret", "Name", name);
}

static int64_t days(struct sandbox_fixture *f, const char *name)
{
    return json_int(json_path(secret(f, name), "RotationRules.AutomaticallyAfterDays"), 0);
}

static bool rotates(struct sandbox_fixture *f, const char *name)
{
    return json_bool(json_get(secret(f, name), "RotationEnabled"), false);
}

static void finish(struct sandbox_fixture *f)
{
    fixture_advance(f, 3 * STACK_MS);
    fixture_settle(f);
}

/* --- updates --- */

static void test_update(void **state)
{
    struct sandbox_fixture *f = *state;
    CLEANUP(json_freep)
    struct json *before = json_copy(world_get(f->sandbox->world, "lambda.function", "rotator"));

    done(f, "UpdateStack", UPDATE("s", "20"));
    assert_status(f, "UPDATE_IN_PROGRESS");
    finish(f);
    assert_status(f, "UPDATE_COMPLETE");
    assert_int_equal(days(f, "s"), 20);
    /* The function is the one it was. */
    assert_true(
        json_equal(json_get(before, "RevisionId"),
                   json_get(world_get(f->sandbox->world, "lambda.function", "rotator"), "RevisionId")));
    refused(f, "UpdateStack", UPDATE("s", "20"), "ValidationError: No updates are to be performed.");
    CLEANUP(json_freep)
    struct json *out = call(f, "cloudformation", "DescribeStacks", "{\"StackName\":\"stack\"}");
    assert_non_null(json_path(out, "Stacks.0.LastUpdatedTime"));
    assert_null(json_path(out, "Stacks.0.previous"));
}

static void test_tags_and_token(void **state)
{
    static const char tagged[] =
        "{\"StackName\":\"stack\",\"UsePreviousTemplate\":true" BOTH ",\"ClientRequestToken\":\"t1\","
        "\"Parameters\":[" NETWORK "," SAME("Secret") "],\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}";
    struct sandbox_fixture *f = *state;

    done(f, "UpdateStack", tagged);
    done(f, "UpdateStack", tagged); /* sent again after a lost reply: the same update */
    finish(f);
    assert_status(f, "UPDATE_COMPLETE");
    CLEANUP(json_freep)
    struct json *out = call(f, "cloudformation", "DescribeStacks", "{\"StackName\":\"stack\"}");
    assert_string_equal(json_text(json_path(out, "Stacks.0.Tags.0.Value")), "v");
    assert_int_equal(days(f, "s"), 30);
}

static void test_update_fails(void **state)
{
    struct sandbox_fixture *f = *state;

    done(f, "UpdateStack", UPDATE("s", "5000")); /* more days than a schedule may have */
    finish(f);
    assert_status(f, "UPDATE_ROLLBACK_COMPLETE");
    assert_int_equal(days(f, "s"), 30);
    CLEANUP(json_freep)
    struct json *out = call(f, "cloudformation", "DescribeStacks", "{\"StackName\":\"stack\"}");
    assert_string_equal(json_text(json_path(out, "Stacks.0.Parameters.3.ParameterValue")), "30");
    CLEANUP(json_freep)
    struct json *failed = call(f, "cloudformation", "DescribeEvents",
                               "{\"StackName\":\"stack\",\"Filters\":{\"FailedEvents\":true}}");
    assert_int_equal(json_count(json_get(failed, "OperationEvents")), 1);
    assert_string_equal(json_text(json_path(failed, "OperationEvents.0.ResourceStatus")), "UPDATE_FAILED");
    done(f, "UpdateStack", UPDATE("s", "20")); /* a rolled back stack takes the next update */
    finish(f);
    assert_int_equal(days(f, "s"), 20);
}

static void test_another_secret(void **state)
{
    struct sandbox_fixture *f = *state;

    add_secret(f, "other");
    done(f, "UpdateStack", UPDATE("other", "30"));
    finish(f);
    assert_status(f, "UPDATE_COMPLETE");
    assert_false(rotates(f, "s"));
    assert_true(rotates(f, "other"));
    assert_int_equal(world_count(f->sandbox->world, "lambda.function"), 1);
    done(f, "DeleteStack", "{\"StackName\":\"stack\"}");
    finish(f);
    assert_false(rotates(f, "other"));
    assert_int_equal(world_count(f->sandbox->world, "lambda.function"), 0);
}

static void test_another_secret_fails(void **state)
{
    struct sandbox_fixture *f = *state;

    done(f, "UpdateStack", UPDATE("nowhere", "30"));
    finish(f);
    assert_status(f, "UPDATE_ROLLBACK_COMPLETE");
    assert_true(rotates(f, "s")); /* as it was, with a function again */
    assert_int_equal(world_count(f->sandbox->world, "lambda.function"), 1);
}

static void test_refused_updates(void **state)
{
    struct sandbox_fixture *f = *state;

    refused(f, "UpdateStack", "{\"StackName\":\"none\",\"UsePreviousTemplate\":true}",
            "ValidationError: Stack [none] does not exist");
    refused(
        f, "UpdateStack", "{\"StackName\":\"stack\",\"UsePreviousTemplate\":true,\"TemplateBody\":\"{}\"}",
        "ValidationError: Either Template URL or Template Body or Use Previous Template must be specified, "
        "not several of them.");
    refused(
        f, "UpdateStack",
        "{\"StackName\":\"stack\",\"UsePreviousTemplate\":true,\"Parameters\":[" SAME("Nothing") "]}",
        "ValidationError: Invalid input for parameter key Nothing. Cannot specify usePreviousValue as true "
        "for a parameter key not in the previous template");
}

/* --- change sets --- */

#define SET(NAME) "{\"StackName\":\"stack\",\"ChangeSetName\":\"" NAME "\"}"
#define NEW_SET(NAME, DAYS)                                                                                  \
    "{\"StackName\":\"stack\",\"ChangeSetName\":\"" NAME "\",\"UsePreviousTemplate\":true" BOTH              \
    ",\"Parameters\":[" NETWORK "," SAME("Secret") ",{\"ParameterKey\":\"Days\",\"ParameterValue\":\"" DAYS  \
                                                   "\"}]}"

static void test_change_set(void **state)
{
    struct sandbox_fixture *f = *state;

    done(f, "CreateChangeSet", NEW_SET("one", "20"));
    done(f, "CreateChangeSet", NEW_SET("two", "10"));
    refused(f, "CreateChangeSet", NEW_SET("one", "5"),
            "AlreadyExistsException: ChangeSet one already exists");
    CLEANUP(json_freep) struct json *out = call(f, "cloudformation", "DescribeChangeSet", SET("one"));
    assert_string_equal(json_get_text(out, "Status"), "CREATE_COMPLETE");
    assert_string_equal(json_get_text(out, "ExecutionStatus"), "AVAILABLE");
    assert_int_equal(json_count(json_get(out, "Changes")), 1);
    assert_string_equal(json_text(json_path(out, "Changes.0.ResourceChange.Action")), "Modify");
    assert_null(json_get(out, "whole"));
    assert_int_equal(days(f, "s"), 30); /* nothing is done yet */
    done(f, "ExecuteChangeSet", SET("one"));
    finish(f);
    assert_status(f, "UPDATE_COMPLETE");
    assert_int_equal(days(f, "s"), 20);
    /* The other was made for a stack that is no more. */
    refused(f, "DescribeChangeSet", SET("two"), "ChangeSetNotFound: ChangeSet [two] does not exist");
    done(f, "DeleteChangeSet", SET("two"));
}

static void test_empty_change_set(void **state)
{
    struct sandbox_fixture *f = *state;
    struct error err = {0};

    done(f, "CreateChangeSet", NEW_SET("none", "30"));
    CLEANUP(json_freep) struct json *out = call(f, "cloudformation", "DescribeChangeSet", SET("none"));
    assert_string_equal(json_get_text(out, "Status"), "FAILED");
    assert_string_equal(json_get_text(out, "StatusReason"),
                        "The submitted information didn't contain changes. Submit different information to "
                        "create a change set.");
    assert_false(fixture_call(f, "cloudformation", "ExecuteChangeSet", SET("none"), NULL, &err));
    assert_string_equal(err.remote_code, "InvalidChangeSetStatus");
    done(f, "DeleteChangeSet", SET("none"));
    refused(f, "DescribeChangeSet", SET("none"), "ChangeSetNotFound: ChangeSet [none] does not exist");
    refused(f, "DescribeChangeSet", "{\"ChangeSetName\":\"none\"}",
            "ValidationError: StackName must be specified if ChangeSetName is not specified as an ARN.");
}

static void test_creating_change_set(void **state)
{
    struct sandbox_fixture *f = *state;

    make(f, "CreateChangeSet", ",\"ChangeSetName\":\"first\",\"ChangeSetType\":\"CREATE\"");
    assert_status(f, "REVIEW_IN_PROGRESS");
    CLEANUP(json_freep) struct json *out = call(f, "cloudformation", "DescribeChangeSet", SET("first"));
    assert_string_equal(json_text(json_path(out, "Changes.0.ResourceChange.Action")), "Add");
    assert_int_equal(json_count(json_get(out, "Changes")), 2); /* the schedule and its nested stack */
    refused(f, "UpdateStack", UPDATE("s", "20"),
            "ValidationError: UsePreviousTemplate needs a stack with a template.");
    done(f, "ExecuteChangeSet", SET("first"));
    finish(f);
    assert_status(f, "CREATE_COMPLETE");
    assert_true(rotates(f, "s"));
    refused(
        f, "CreateChangeSet",
        "{\"StackName\":\"stack\",\"ChangeSetName\":\"again\",\"ChangeSetType\":\"CREATE\",\"TemplateBody\":"
        "\"{}\"}",
        "ValidationError: Stack [stack] already exists and cannot be created again with the changeSet "
        "[again].");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_update, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_tags_and_token, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_update_fails, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_another_secret, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_another_secret_fails, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_refused_updates, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_change_set, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_empty_change_set, setup_stack, teardown),
        cmocka_unit_test_setup_teardown(test_creating_change_set, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
