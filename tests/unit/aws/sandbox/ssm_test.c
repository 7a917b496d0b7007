#include "aws/sandbox/ssm.h"

#include "aws/common/mem.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

static const char world[] =
    "{\"admin\":\"instructor\",\"users\":{\"instructor\":{\"policies\":[\"AdministratorAccess\"]},"
    "\"narrow\":{\"inline\":{\"p\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
    "\"Action\":"
    "\"ssm:SendCommand\",\"Resource\":\"arn:aws:ssm:*::document/AWS-RunShellScript\"},{\"Effect\":\"Allow\","
    "\"Action\":\"ssm:SendCommand\",\"Resource\":\"arn:aws:ec2:*:*:instance/"
    "*\",\"Condition\":{\"StringEquals\":"
    "{\"ssm:resourceTag/team\":\"blue\"}}}]}}}},"
    "\"roles\":{\"ide\":{\"trust\":\"ec2.amazonaws.com\",\"instance_profile\":\"ide-profile\","
    "\"policies\":[\"AmazonSSMManagedInstanceCore\"]},"
    "\"bare\":{\"trust\":\"ec2.amazonaws.com\",\"instance_profile\":\"bare-profile\"}},"
    "\"network\":{\"subnets\":{\"one\":{\"zone\":\"a\",\"cidr\":\"172.30.1.0/24\"}},"
    "\"security_groups\":{\"sg\":{\"description\":\"x\"}}},"
    "\"instances\":{\"workstation\":{\"subnet\":\"one\",\"security_groups\":[\"sg\"],"
    "\"instance_profile\":\"%s\",\"imds\":true,\"tags\":{\"team\":\"%s\"}},"
    "\"other\":{\"subnet\":\"one\",\"security_groups\":[\"sg\"],\"instance_profile\":\"ide-profile\"}}}";

static const char *const environment[] = {"PATH=/usr/bin:/bin", "LAB_CA=/the/ca.pem", "DBUSER=masteruser",
                                          NULL};

static struct sandbox_fixture f;
static char instance[64], other[64];

static void start(const char *profile, const char *team, int64_t propagation_ms)
{
    char text[sizeof world + 64];

    f = (struct sandbox_fixture){0};
    f.options.workstation_env = environment;
    f.options.propagation_ms = propagation_ms;
    (void)snprintf(text, sizeof text, world, profile, team);
    fixture_start_world(&f, text);
    for (size_t i = 0; i < 2; i++) {
        const struct json *e = world_at(f.sandbox->world, "ec2.instance", i, NULL);

        (void)snprintf(json_bool(json_get(e, "imds"), false) ? instance : other, 64, "%s",
                       json_get_text(e, "InstanceId"));
    }
}

static int setup(void **state)
{
    (void)state;
    start("ide-profile", "blue", 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

static struct json *call(const char *operation, const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call(&f, "ssm", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

/* Sends to the workstation; parameters as JSON members. id: 37 bytes. */
static void send(const char *parameters, char id[37])
{
    CLEANUP(mem_freep)
    char *in =
        mem_printf("{\"DocumentName\":\"AWS-RunShellScript\",\"InstanceIds\":[\"%s\"],\"TimeoutSeconds\":30,"
                   "\"Parameters\":{%s}}",
                   instance, parameters);
    CLEANUP(json_freep) struct json *out = call("SendCommand", in);

    assert_string_equal(json_text(json_path(out, "Command.Status")), "Pending");
    (void)snprintf(id, 37, "%s", json_text(json_path(out, "Command.CommandId")));
}

static struct json *invocation(const char *id)
{
    CLEANUP(mem_freep)
    char *in = mem_printf("{\"CommandId\":\"%s\",\"InstanceId\":\"%s\"}", id, instance);

    return call("GetCommandInvocation", in);
}

static struct json *run(const char *parameters)
{
    char id[37];

    send(parameters, id);
    fixture_settle(&f);
    return invocation(id);
}

static void is(const struct json *out, const char *member, const char *want)
{
    assert_string_equal(json_get_text(out, member), want);
}

/* --- running --- */

static void test_success(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *out =
        run("\"commands\":[\"ls -A\",\"echo $LAB_CA $DBUSER ${AWS_ACCESS_KEY_ID-none}\",\"id -u\"]");

    is(out, "Status", "Success");
    is(out, "StatusDetails", "Success");
    is(out, "PluginName", "aws:runShellScript");
    is(out, "StandardErrorContent", "");
    assert_int_equal(json_int(json_get(out, "ResponseCode"), -2), 0);
    /* Nothing in the directory, the workstation's environment, not root. */
    if (geteuid() == 0)
        is(out, "StandardOutputContent", "/the/ca.pem masteruser none\n65534\n");
    else
        assert_int_equal(
            strncmp(json_get_text(out, "StandardOutputContent"), "/the/ca.pem masteruser none\n", 28), 0);
    is(out, "ExecutionStartDateTime", "2026-01-01T00:00:00.000Z");
    is(out, "ExecutionElapsedTime", "PT0.000S");
}

static void test_failure(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *out = run("\"commands\":[\"echo no >&2\",\"exit 3\"]");

    is(out, "Status", "Failed");
    is(out, "StandardErrorContent", "no\nfailed to run commands: exit status 3");
    assert_int_equal(json_int(json_get(out, "ResponseCode"), -2), 3);
}

static void test_own_interpreter_and_directory(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *own = run("\"commands\":[\"#!/bin/cat\",\"exit 3\"]");
    CLEANUP(json_freep) struct json *there = run("\"commands\":[\"pwd\"],\"workingDirectory\":[\"/usr\"]");
    CLEANUP(json_freep)
    struct json *nowhere = run("\"commands\":[\"pwd\"],\"workingDirectory\":[\"/nowhere\"]");

    is(own, "StandardOutputContent", "#!/bin/cat\nexit 3\n");
    is(there, "StandardOutputContent", "/usr\n");
    is(nowhere, "Status", "Failed");
    assert_non_null(strstr(json_get_text(nowhere, "StandardErrorContent"), "No such file or directory"));
}

static void test_timeout(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *out =
        run("\"commands\":[\"echo begun\",\"tail -f /dev/null\"],\"executionTimeout\":[\"1\"]");

    is(out, "Status", "TimedOut");
    is(out, "StatusDetails", "ExecutionTimedOut");
    is(out, "StandardOutputContent", "begun\n");
    assert_int_equal(json_int(json_get(out, "ResponseCode"), -2), 137);
}

/* 24,000 characters of two bytes each are shown, the last ones say that there
 * was more; bytes that are no text, and NUL, become U+FFFD. */
static void test_output(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *much = run("\"commands\":[\"yes é | head -n 40000 | tr -d '\\\\n'\"]");
    struct str text = json_str(json_get(much, "StandardOutputContent"));
    CLEANUP(json_freep) struct json *exact = run("\"commands\":[\"yes é | head -n 24000 | tr -d '\\\\n'\"]");
    CLEANUP(json_freep) struct json *odd = run("\"commands\":[\"printf 'a\\\\377b\\\\000c\\\\303'\"]");

    is(much, "Status", "Success");
    assert_int_equal(text.len, (24000 - 23) * 2 + 23);
    assert_true(str_ends(text, STR("é\n---Output truncated---")));
    assert_int_equal(json_str(json_get(exact, "StandardOutputContent")).len, 48000);
    is(odd, "StandardOutputContent",
       "a\xEF\xBF\xBD"
       "b\xEF\xBF\xBD"
       "c\xEF\xBF\xBD");
}

static void status_is(const char *id, const char *status, const char *details)
{
    CLEANUP(json_freep) struct json *out = invocation(id);

    is(out, "Status", status);
    is(out, "StatusDetails", details);
}

static void cancel(const char *id)
{
    CLEANUP(mem_freep) char *in = mem_printf("{\"CommandId\":\"%s\"}", id);

    json_free(call("CancelCommand", in));
}

static void test_cancel_and_queue(void **state)
{
    char id[6][37];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        send("\"commands\":[\"tail -f /dev/null\"]", id[i]);
    status_is(id[3], "InProgress", "InProgress");
    status_is(id[4], "Pending", "Pending"); /* four at a time */
    cancel(id[5]);
    status_is(id[5], "Cancelled", "Cancelled");
    f.now_ms += 30000; /* TimeoutSeconds: it could not be delivered in time */
    (void)timers_run(f.sandbox);
    status_is(id[4], "TimedOut", "DeliveryTimedOut");
    for (size_t i = 0; i < 4; i++)
        cancel(id[i]);
    status_is(id[0], "Cancelling", "Cancelling");
    fixture_settle(&f);
    for (size_t i = 0; i < 4; i++)
        status_is(id[i], "Cancelled", "Cancelled");
    cancel(id[0]); /* nothing is left to cancel, and that is no error */
}

static void test_next_in_queue_runs(void **state)
{
    char id[6][37];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        send("\"commands\":[\"echo done\"]", id[i]);
    fixture_settle(&f);
    for (size_t i = 0; i < 6; i++)
        status_is(id[i], "Success", "Success");
}

static void test_stop_while_running(void **state)
{
    int64_t before = clock_monotonic_ms(&clock_system);
    char id[37];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        send("\"commands\":[\"tail -f /dev/null & tail -f /dev/null\"]", id);
    fixture_stop(&f);
    assert_true(clock_monotonic_ms(&clock_system) - before < 20000);
}

/* Commands and their output may hold a secret: the dump shows neither. */
static void test_dump(void **state)
{
    CLEANUP(buf_release) struct buf dump = {0};

    (void)state;
    json_free(run("\"commands\":[\"echo hunter2\",\"echo hunter2 >&2\"]"));
    sandbox_dump(f.sandbox, &dump);
    assert_null(strstr(buf_text(&dump), "hunter2"));
    assert_non_null(strstr(buf_text(&dump), "\"standard_output\": \"sha256:"));
}

/* --- refusals --- */

static void test_refusals(void **state)
{
    static const struct {
        const char *why, *in, *code;
    } rows[] = {
        {"no such document", "\"DocumentName\":\"Nope\",\"Parameters\":{\"commands\":[\"a\"]}",
         "InvalidDocument"},
        {"for Windows", "\"DocumentName\":\"AWS-RunPowerShellScript\",\"Parameters\":{\"commands\":[\"a\"]}",
         "UnsupportedPlatformType"},
        {"no such version",
         "\"DocumentName\":\"AWS-RunShellScript\",\"DocumentVersion\":\"7\",\"Parameters\":{\"commands\":["
         "\"a\"]}",
         "InvalidDocumentVersion"},
        {"commands are required", "\"DocumentName\":\"AWS-RunShellScript\"", "InvalidParameters"},
        {"not a parameter of the document",
         "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"],\"shell\":[\"x\"]}",
         "InvalidParameters"},
        {"no commands", "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[]}",
         "InvalidParameters"},
        {"two timeouts",
         "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"],\"executionTimeout\":["
         "\"1\",\"2\"]}",
         "InvalidParameters"},
        {"a timeout over 48 hours",
         "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"],\"executionTimeout\":["
         "\"172801\"]}",
         "InvalidParameters"},
        {"no number",
         "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"],\"executionTimeout\":["
         "\"1s\"]}",
         "InvalidParameters"},
        {"delivery in less than 30 seconds",
         "\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"]},\"TimeoutSeconds\":"
         "29",
         "ValidationException"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mem_freep) char *in = mem_printf("{\"InstanceIds\":[\"%s\"],%s}", instance, rows[i].in);
        struct error err = {0};

        assert_false(fixture_call(&f, "ssm", "SendCommand", in, NULL, &err));
        if (strcmp(err.remote_code, rows[i].code) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    assert_int_equal(world_count(f.sandbox->world, SSM_COMMAND), 0);
}

static void send_refused(const char *whom, const char *message)
{
    CLEANUP(mem_freep)
    char *in =
        mem_printf("{\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"a\"]}%s}", whom);
    struct error err = {0};

    assert_false(fixture_call(&f, "ssm", "SendCommand", in, NULL, &err));
    assert_string_equal(err.message, message);
}

static void test_whom(void **state)
{
    CLEANUP(mem_freep) char *unmanaged = mem_printf(",\"InstanceIds\":[\"%s\",\"%s\"]", instance, other);
    CLEANUP(mem_freep)
    char *not_valid = mem_printf("InvalidInstanceId: Instances [[%s]] not in a valid state for account %s",
                                 other, f.sandbox->account);
    CLEANUP(mem_freep) char *twice = mem_printf(",\"InstanceIds\":[\"%s\",\"%s\"]", instance, instance);

    (void)state;
    send_refused(unmanaged, not_valid); /* no agent runs there */
    send_refused(twice, "DuplicateInstanceId: Instance Ids must be unique.");
    send_refused("", "InvalidInstanceId: No instance is specified.");
    send_refused(",\"Targets\":[{\"Key\":\"shape\",\"Values\":[\"round\"]}]",
                 "InvalidTarget: The target key (shape) is not valid.");
}

static void test_targets(void **state)
{
    static const struct {
        const char *why, *targets, *details;
    } rows[] = {
        {"its tag", "{\"Key\":\"tag:team\",\"Values\":[\"red\",\"blue\"]}", "Pending"},
        {"another value", "{\"Key\":\"tag:team\",\"Values\":[\"red\"]}", "NoInstancesInTag"},
        {"all have to match",
         "{\"Key\":\"tag:team\",\"Values\":[\"blue\"]},{\"Key\":\"tag:Name\",\"Values\":[\"other\"]}",
         "NoInstancesInTag"},
        {"the key alone", "{\"Key\":\"tag-key\",\"Values\":[\"team\"]}", "Pending"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mem_freep)
        char *in =
            mem_printf("{\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"true\"]},"
                       "\"Targets\":[%s]}",
                       rows[i].targets);
        CLEANUP(json_freep) struct json *out = call("SendCommand", in);

        assert_string_equal(json_text(json_path(out, "Command.StatusDetails")), rows[i].details);
    }
    fixture_settle(&f);
}

static void test_unknown_commands(void **state)
{
    static const char none[] = "12345678-1234-4234-8234-123456789012";
    char id[37];
    struct error err = {0};
    CLEANUP(mem_freep) char *get = mem_printf("{\"CommandId\":\"%s\",\"InstanceId\":\"%s\"}", none, instance);
    CLEANUP(mem_freep) char *end = mem_printf("{\"CommandId\":\"%s\"}", none);

    (void)state;
    assert_false(fixture_call(&f, "ssm", "GetCommandInvocation", get, NULL, &err));
    assert_string_equal(err.remote_code, "InvocationDoesNotExist");
    assert_false(fixture_call(&f, "ssm", "CancelCommand", end, NULL, &err));
    assert_string_equal(err.remote_code, "InvalidCommandId");
    send("\"commands\":[\"true\"]", id);
    CLEANUP(mem_freep)
    char *plugin =
        mem_printf("{\"CommandId\":\"%s\",\"InstanceId\":\"%s\",\"PluginName\":\"aws:other\"}", id, instance);
    assert_false(fixture_call(&f, "ssm", "GetCommandInvocation", plugin, NULL, &err));
    assert_string_equal(err.remote_code, "InvalidPluginName");
    fixture_settle(&f);
}

/* The document stands in no account; the instance is judged by its tags. */
static void test_permission(void **state)
{
    char key[129];
    struct error err = {0};
    CLEANUP(mem_freep)
    char *in = mem_printf("{\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"true\"]},"
                          "\"InstanceIds\":[\"%s\"]}",
                          instance);

    (void)state;
    fixture_user_key(&f, "narrow", key);
    assert_true(fixture_call_as(&f, key, "ssm", "SendCommand", in, NULL, &err));
    assert_false(
        fixture_call_as(&f, key, "ssm", "SendCommand",
                        "{\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"true\"]},"
                        "\"Targets\":[{\"Key\":\"tag:team\",\"Values\":[\"blue\"]}]}",
                        NULL, &err));
    assert_string_equal(err.remote_code, "AccessDeniedException");
    fixture_settle(&f);
    fixture_stop(&f);
    start("ide-profile", "red", 0);
    fixture_user_key(&f, "narrow", key);
    CLEANUP(mem_freep)
    char *red =
        mem_printf("{\"DocumentName\":\"AWS-RunShellScript\",\"Parameters\":{\"commands\":[\"true\"]},"
                   "\"InstanceIds\":[\"%s\"]}",
                   instance);
    assert_false(fixture_call_as(&f, key, "ssm", "SendCommand", red, NULL, &err));
    assert_string_equal(err.remote_code, "AccessDeniedException");
}

/* --- the agent --- */

static void ping_is(const char *filter, const char *want)
{
    CLEANUP(json_freep) struct json *out = call("DescribeInstanceInformation", filter);
    const struct json *list = json_get(out, "InstanceInformationList");

    assert_int_equal(json_count(list), *want ? 1 : 0);
    assert_string_equal(json_get_text(json_at(list, 0), "PingStatus"), want);
}

static void test_agent(void **state)
{
    static const char policy[] = "\"PolicyArn\":\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"";
    struct error err = {0};
    CLEANUP(mem_freep) char *role = mem_printf("{\"RoleName\":\"ide\",%s}", policy);
    CLEANUP(mem_freep)
    char *ids = mem_printf("{\"Filters\":[{\"Key\":\"InstanceIds\",\"Values\":[\"%s\"]}]}", other);
    CLEANUP(mem_freep) char *whom = mem_printf(",\"InstanceIds\":[\"%s\"]", instance);
    CLEANUP(mem_freep)
    char *lost = mem_printf("InvalidInstanceId: Instances [[%s]] not in a valid state for account %s",
                            instance, f.sandbox->account);

    (void)state;
    ping_is("", "Online");
    ping_is(ids, "");
    ping_is("{\"Filters\":[{\"Key\":\"tag:team\",\"Values\":[\"blue\"]}]}", "Online");
    ping_is(
        "{\"InstanceInformationFilterList\":[{\"key\":\"PingStatus\",\"valueSet\":[\"ConnectionLost\"]}]}",
        "");
    assert_false(fixture_call(&f, "ssm", "DescribeInstanceInformation",
                              "{\"Filters\":[{\"Key\":\"Colour\",\"Values\":[\"x\"]}]}", NULL, &err));
    assert_string_equal(err.remote_code, "InvalidFilterKey");
    assert_true(fixture_call(&f, "iam", "DetachRolePolicy", role, NULL, &err));
    f.now_ms += 3600000;
    ping_is("", "ConnectionLost");
    send_refused(whom, lost);
    assert_true(fixture_call(&f, "iam", "AttachRolePolicy", role, NULL, &err));
    ping_is("", "Online");
}

/* Nobody has ever heard of an agent whose role never let it report. */
static void test_never_registered(void **state)
{
    (void)state;
    fixture_stop(&f);
    start("bare-profile", "blue", 0);
    ping_is("", "");
}

/* --- reading back --- */

static void test_propagation(void **state)
{
    struct error err = {0};
    char id[37];

    (void)state;
    fixture_stop(&f);
    start("ide-profile", "blue", 5000);
    send("\"commands\":[\"true\"]", id);
    CLEANUP(mem_freep) char *get = mem_printf("{\"CommandId\":\"%s\",\"InstanceId\":\"%s\"}", id, instance);
    fixture_settle(&f);
    assert_false(fixture_call(&f, "ssm", "GetCommandInvocation", get, NULL, &err));
    assert_string_equal(err.remote_code, "InvocationDoesNotExist");
    CLEANUP(json_freep) struct json *early = call("ListCommandInvocations", "");
    assert_int_equal(json_count(json_get(early, "CommandInvocations")), 0);
    f.now_ms += 5000;
    status_is(id, "Success", "Success");
}

static size_t listed(const char *operation, const char *in, const char *member)
{
    CLEANUP(json_freep) struct json *out = call(operation, in);

    return json_count(json_get(out, member));
}

static void test_lists(void **state)
{
    struct error err = {0};
    char first[37], second[37];

    (void)state;
    send("\"commands\":[\"echo out\",\"echo err >&2\",\"exit 1\"]", first);
    f.now_ms += 60000;
    send("\"commands\":[\"true\"]", second);
    fixture_settle(&f);
    CLEANUP(json_freep) struct json *page = call("ListCommands", "{\"MaxResults\":1}");
    assert_string_equal(json_text(json_path(page, "Commands.0.CommandId")), second);
    assert_string_equal(json_text(json_path(page, "Commands.0.Parameters.commands.0")), "true");
    CLEANUP(mem_freep)
    char *next = mem_printf("{\"MaxResults\":1,\"NextToken\":\"%s\"}", json_get_text(page, "NextToken"));
    CLEANUP(json_freep) struct json *rest = call("ListCommands", next);
    assert_string_equal(json_text(json_path(rest, "Commands.0.CommandId")), first);
    assert_int_equal(json_int(json_path(rest, "Commands.0.ErrorCount"), -1), 1);
    assert_null(json_get(rest, "NextToken"));
    assert_int_equal(
        listed("ListCommands", "{\"Filters\":[{\"key\":\"Status\",\"value\":\"Failed\"}]}", "Commands"), 1);
    assert_int_equal(listed("ListCommands",
                            "{\"Filters\":[{\"key\":\"InvokedAfter\",\"value\":\"2026-01-01T00:00:30Z\"}]}",
                            "Commands"),
                     1);
    assert_int_equal(listed("ListCommands",
                            "{\"Filters\":[{\"key\":\"ExecutionStage\",\"value\":\"Executing\"}]}",
                            "Commands"),
                     0);
    CLEANUP(mem_freep) char *one = mem_printf("{\"CommandId\":\"%s\",\"Details\":true}", first);
    CLEANUP(json_freep) struct json *detailed = call("ListCommandInvocations", one);
    assert_string_equal(json_text(json_path(detailed, "CommandInvocations.0.CommandPlugins.0.Output")),
                        "out\n\n----------ERROR-------\nerr\nfailed to run commands: exit status 1");
    assert_int_equal(listed("ListCommandInvocations", "", "CommandInvocations"), 2);
    assert_false(fixture_call(&f, "ssm", "ListCommands", "{\"NextToken\":\"eHg=\"}", NULL, &err));
    assert_string_equal(err.remote_code, "InvalidNextToken");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_success),
        TEST(test_failure),
        TEST(test_own_interpreter_and_directory),
        TEST(test_timeout),
        TEST(test_output),
        TEST(test_cancel_and_queue),
        TEST(test_next_in_queue_runs),
        TEST(test_stop_while_running),
        TEST(test_dump),
        TEST(test_refusals),
        TEST(test_whom),
        TEST(test_targets),
        TEST(test_unknown_commands),
        TEST(test_permission),
        TEST(test_agent),
        TEST(test_never_registered),
        TEST(test_propagation),
        TEST(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
