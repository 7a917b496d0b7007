#include "aws/sandbox/lambda.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* Commands without a shell: they echo, fail, hang, or show their surroundings. */
static const char world[] =
    "{\"admin\":\"instructor\",\"users\":{\"instructor\":{\"policies\":[\"AdministratorAccess\"]}},"
    "\"roles\":{\"function-role\":{\"trust\":\"lambda.amazonaws.com\"},"
    "\"other-role\":{\"trust\":\"ec2.amazonaws.com\"}},"
    "\"functions\":{"
    "\"echo\":{\"role\":\"function-role\",\"command\":[\"cat\"]},"
    "\"fails\":{\"role\":\"function-role\",\"command\":[\"ls\",\"/nowhere\"]},"
    "\"hangs\":{\"role\":\"function-role\",\"command\":[\"tail\",\"-f\",\"/dev/null\"],\"timeout_s\":1},"
    "\"waits\":{\"role\":\"function-role\",\"command\":[\"tail\",\"-f\",\"/dev/null\"],\"timeout_s\":600},"
    "\"environment\":{\"role\":\"function-role\",\"command\":[\"env\"]},"
    "\"missing\":{\"role\":\"function-role\",\"command\":[\"no-such-program-here\"]},"
    "\"untrusted\":{\"role\":\"other-role\",\"command\":[\"cat\"]}}}";

static const char *const environment[] = {"PATH=/usr/bin:/bin", "LAB_MARK=there", "AWS_REGION=wrong", NULL};

static int setup(void **state)
{
    static struct sandbox_fixture f;

    f = (struct sandbox_fixture){0};
    f.options.function_env = environment;
    fixture_start_world(&f, world);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(*state);
    return 0;
}

static struct json *call(struct sandbox_fixture *f, const char *operation, const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call(f, "lambda", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static void refused(struct sandbox_fixture *f, const char *operation, const char *in, const char *message)
{
    struct error err = {0};

    assert_false(fixture_call(f, "lambda", operation, in, NULL, &err));
    assert_string_equal(err.message, message);
}

static void decoded_is(const struct json *out, const char *member, const char *want)
{
    CLEANUP(buf_release) struct buf text = {0};

    assert_true(buf_add_unbase64(&text, json_str(json_get(out, member))));
    assert_string_equal(buf_text(&text), want);
}

/* {"a":1} is eyJhIjoxfQ== */
static void test_echo(void **state)
{
    struct sandbox_fixture *f = *state;

    CLEANUP(json_freep)
    struct json *out = call(f, "Invoke", "{\"FunctionName\":\"echo\",\"Payload\":\"eyJhIjoxfQ==\"}");
    decoded_is(out, "Payload", "{\"a\":1}");
    assert_int_equal(json_int(json_get(out, "StatusCode"), 0), 200);
    assert_null(json_get(out, "FunctionError"));
    const struct json *group = world_get(f->sandbox->world, "logs.group", "/aws/lambda/echo");
    const struct json *stream = json_first(json_get(group, "streams"));
    assert_non_null(strstr(json_key(stream), "2026/01/01/[$LATEST]"));
    assert_int_equal(strncmp(json_text(json_path(stream, "events.0.message")), "START RequestId: ", 17), 0);
}

static void test_fails(void **state)
{
    struct sandbox_fixture *f = *state;
    CLEANUP(buf_release) struct buf text = {0};

    CLEANUP(json_freep)
    struct json *out = call(f, "Invoke", "{\"FunctionName\":\"fails\",\"LogType\":\"Tail\"}");
    assert_string_equal(json_get_text(out, "FunctionError"), "Unhandled");
    assert_true(buf_add_unbase64(&text, json_str(json_get(out, "Payload"))));
    assert_non_null(strstr(buf_text(&text), "\"errorType\":\"Runtime.ExitError\""));
    assert_non_null(strstr(buf_text(&text), "Error: Runtime exited with error: exit status 2"));
    buf_reset(&text);
    assert_true(buf_add_unbase64(&text, json_str(json_get(out, "LogResult"))));
    assert_non_null(strstr(buf_text(&text), "/nowhere"));
}

static void test_hangs(void **state)
{
    struct sandbox_fixture *f = *state;
    CLEANUP(buf_release) struct buf text = {0};

    CLEANUP(json_freep) struct json *out = call(f, "Invoke", "{\"FunctionName\":\"hangs\"}");
    assert_true(buf_add_unbase64(&text, json_str(json_get(out, "Payload"))));
    assert_non_null(strstr(buf_text(&text), "Task timed out after 1.00 seconds"));
}

/* Ctrl-C does not wait for a function's timeout. */
static void test_stop_while_running(void **state)
{
    struct sandbox_fixture *f = *state;
    int64_t before = clock_monotonic_ms(&clock_system);

    json_free(call(f, "Invoke", "{\"FunctionName\":\"waits\",\"InvocationType\":\"Event\"}"));
    fixture_stop(f);
    assert_true(clock_monotonic_ms(&clock_system) - before < 20000);
}

static void test_environment(void **state)
{
    static const char *const there[] = {"AWS_ACCESS_KEY_ID=ASIA",
                                        "AWS_SECRET_ACCESS_KEY=",
                                        "AWS_SESSION_TOKEN=",
                                        "AWS_LAMBDA_FUNCTION_NAME=environment\n",
                                        "AWS_REGION=eu-west-1\n",
                                        "LAB_MARK=there",
                                        "SECRETS_MANAGER_ENDPOINT=http://"};
    struct sandbox_fixture *f = *state;
    CLEANUP(buf_release) struct buf text = {0};

    CLEANUP(json_freep) struct json *out = call(f, "Invoke", "{\"FunctionName\":\"environment\"}");
    assert_true(buf_add_unbase64(&text, json_str(json_get(out, "Payload"))));
    for (size_t i = 0; i < ARRAY_LEN(there); i++)
        assert_non_null(strstr(buf_text(&text), there[i]));
    assert_null(strstr(buf_text(&text), "AWS_REGION=wrong"));
}

static void test_kinds_of_invocation(void **state)
{
    struct sandbox_fixture *f = *state;

    CLEANUP(json_freep)
    struct json *dry = call(f, "Invoke", "{\"FunctionName\":\"echo\",\"InvocationType\":\"DryRun\"}");
    assert_int_equal(json_int(json_get(dry, "StatusCode"), 0), 204);
    CLEANUP(json_freep)
    struct json *event = call(f, "Invoke", "{\"FunctionName\":\"echo\",\"InvocationType\":\"Event\"}");
    assert_int_equal(json_int(json_get(event, "StatusCode"), 0), 202);
    assert_null(world_get(f->sandbox->world, "logs.group", "/aws/lambda/echo"));
    fixture_settle(f);
    assert_non_null(world_get(f->sandbox->world, "logs.group", "/aws/lambda/echo"));
    refused(f, "Invoke", "{\"FunctionName\":\"echo\",\"Payload\":\"e3s=\"}",
            "InvalidRequestContentException: Could not parse request body into json.");
    refused(f, "Invoke", "{\"FunctionName\":\"untrusted\"}",
            "AccessDeniedException: The role defined for the function cannot be assumed by Lambda.");
    CLEANUP(json_freep) struct json *missing = call(f, "Invoke", "{\"FunctionName\":\"missing\"}");
    assert_string_equal(json_get_text(missing, "FunctionError"), "Unhandled");
}

static void test_reads(void **state)
{
    struct sandbox_fixture *f = *state;
    CLEANUP(json_freep)
    struct json *signing = call(f, "GetFunctionCodeSigningConfig", "{\"FunctionName\":\"echo\"}");

    /* The model requires both members, though there is no configuration. */
    assert_string_equal(json_text(json_get(signing, "CodeSigningConfigArn")), "");
    assert_true(json_is_string(json_get(signing, "CodeSigningConfigArn")));
    assert_string_equal(json_get_text(signing, "FunctionName"), "echo");
    char in[300], want[300];

    (void)snprintf(in, sizeof in, "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:%s:function:echo:$LATEST\"}",
                   f->sandbox->account);
    CLEANUP(json_freep) struct json *one = call(f, "GetFunction", in);
    assert_string_equal(json_text(json_path(one, "Configuration.FunctionName")), "echo");
    assert_null(json_path(one, "Configuration.command"));
    assert_null(json_path(one, "Configuration.policy"));
    CLEANUP(json_freep) struct json *page = call(f, "ListFunctions", "{\"MaxItems\":5}");
    assert_int_equal(json_count(json_get(page, "Functions")), 5);
    (void)snprintf(in, sizeof in, "{\"Marker\":\"%s\"}", json_get_text(page, "NextMarker"));
    CLEANUP(json_freep) struct json *rest = call(f, "ListFunctions", in);
    assert_int_equal(json_count(json_get(rest, "Functions")), 2);
    assert_null(json_get(rest, "NextMarker"));
    (void)snprintf(want, sizeof want,
                   "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-west-1:%s:function:nope",
                   f->sandbox->account);
    refused(f, "GetFunction", "{\"FunctionName\":\"nope\"}", want);
    /* The same name in another account is not this one. */
    refused(
        f, "GetFunction", "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:000000000000:function:echo\"}",
        "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-west-1:000000000000:function:echo");
}

static bool invocable(struct sandbox_fixture *f, const char *source_arn)
{
    char arn[2100];
    bool exists;

    sandbox_arn(f->sandbox, arn, "lambda", "eu-west-1", "function:echo");
    return lambda_invocable(f->sandbox, arn, "secretsmanager.amazonaws.com", source_arn, &exists);
}

static void test_permissions(void **state)
{
    struct sandbox_fixture *f = *state;

    assert_true(invocable(f, "arn:a")); /* as the world made it */
    json_free(
        call(f, "RemovePermission", "{\"FunctionName\":\"echo\",\"StatementId\":\"SecretsManagerAccess\"}"));
    assert_false(invocable(f, "arn:a"));
    refused(f, "GetPolicy", "{\"FunctionName\":\"echo\"}",
            "ResourceNotFoundException: The resource you requested does not exist.");
    json_free(call(f, "AddPermission",
                   "{\"FunctionName\":\"echo\",\"StatementId\":\"one\",\"Action\":\"lambda:InvokeFunction\","
                   "\"Principal\":\"secretsmanager.amazonaws.com\",\"SourceAccount\":\"000000000000\"}"));
    assert_false(invocable(f, "arn:a")); /* for another account */
    json_free(call(f, "AddPermission",
                   "{\"FunctionName\":\"echo\",\"StatementId\":\"two\",\"Action\":\"lambda:InvokeFunction\","
                   "\"Principal\":\"secretsmanager.amazonaws.com\",\"SourceArn\":"
                   "\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-*\"}"));
    assert_true(invocable(f, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf"));
    assert_false(invocable(f, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:t-AbCdEf"));
    refused(f, "AddPermission",
            "{\"FunctionName\":\"echo\",\"StatementId\":\"two\",\"Action\":\"lambda:InvokeFunction\","
            "\"Principal\":\"secretsmanager.amazonaws.com\"}",
            "ResourceConflictException: The statement id (two) provided already exists. Please provide a new "
            "statement id, or remove the existing statement.");
    CLEANUP(json_freep) struct json *policy = call(f, "GetPolicy", "{\"FunctionName\":\"echo\"}");
    assert_non_null(strstr(json_get_text(policy, "Policy"), "\"AWS:SourceAccount\":\"000000000000\""));
    json_free(call(f, "DeleteFunction", "{\"FunctionName\":\"echo\"}"));
    assert_null(world_get(f->sandbox->world, "lambda.function", "echo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hangs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_while_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_of_invocation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_permissions, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
