#include "aws/sandbox/trail.h"

#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* LookupEvents as the administrator; waits out the limit of two a second. */
static struct json *look_up(struct sandbox_fixture *f, const char *in)
{
    struct json *out = NULL;
    struct error err;

    fixture_advance(f, 1000);
    if (!fixture_call(f, "cloudtrail", "LookupEvents", in, &out, &err))
        fail_msg("%s", err.message);
    return out;
}

static struct json *record_of(const struct json *out, size_t index)
{
    struct json *record = NULL;
    struct error err;

    if (!json_parse(json_str(json_get(json_at(json_get(out, "Events"), index), "CloudTrailEvent")), NULL,
                    &record, &err))
        fail_msg("%s", err.message);
    return record;
}

static const char assume[] = "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":"
                             "\"AssumeRole\"}]}";
static const char identity[] = "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":"
                               "\"GetCallerIdentity\"}]}";

static void test_records_a_user(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *record = NULL;
    struct sandbox_fixture f = {0};
    const struct json *item, *user;
    struct error err;
    char request_id[37];

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "sts", "GetCallerIdentity", NULL, NULL, &err));
    (void)snprintf(request_id, sizeof request_id, "%s", f.request_id);
    out = look_up(&f, identity);
    assert_int_equal(json_count(json_get(out, "Events")), 1);
    item = json_at(json_get(out, "Events"), 0);
    assert_string_equal(json_get_text(item, "EventName"), "GetCallerIdentity");
    assert_string_equal(json_get_text(item, "EventSource"), "sts.amazonaws.com");
    assert_string_equal(json_get_text(item, "Username"), "instructor");
    assert_string_equal(json_get_text(item, "ReadOnly"), "true");
    assert_string_equal(json_get_text(item, "AccessKeyId"), f.admin_key);
    assert_int_equal(json_int(json_get(item, "EventTime"), 0), 1767225600);
    record = record_of(out, 0);
    user = json_get(record, "userIdentity");
    assert_string_equal(json_get_text(user, "type"), "IAMUser");
    assert_string_equal(json_get_text(user, "userName"), "instructor");
    assert_null(json_get(user, "sessionContext"));
    assert_string_equal(json_get_text(record, "eventID"), json_get_text(item, "EventId"));
    assert_string_equal(json_get_text(record, "requestID"), request_id);
    assert_string_equal(json_get_text(record, "eventTime"), "2026-01-01T00:00:00Z");
    assert_string_equal(json_get_text(record, "awsRegion"), "eu-west-1");
    assert_string_equal(json_get_text(record, "eventType"), "AwsApiCall");
    assert_string_equal(json_text(json_path(record, "tlsDetails.clientProvidedHostHeader")),
                        "sts.eu-west-1.amazonaws.com");
    assert_true(json_is_null(json_get(record, "requestParameters")));
    assert_true(json_is_null(json_get(record, "responseElements")));
    assert_true(json_bool(json_get(record, "readOnly"), false));
    assert_null(json_get(record, "errorCode"));
    fixture_stop(&f);
}

static void test_records_a_workstation_and_root(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *record = NULL, *root = NULL;
    struct sandbox_fixture f = {0};
    const struct json *user;
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    fixture_role_key(&f, "ide", "i-0123", key);
    json_put_text(world_edit(f.sandbox->world, "sts.session", key), "source", "ec2");
    assert_true(fixture_call_as(&f, key, "sts", "GetCallerIdentity", NULL, NULL, &err));
    world_put(f.sandbox->world, "iam.access_key", "AKIAROOT",
              json_of("AccessKeyId", "AKIAROOT", "Status", "Active", "secret", "x", NULL));
    json_put_bool(world_edit(f.sandbox->world, "iam.access_key", "AKIAROOT"), "root", true);
    assert_true(fixture_call_as(&f, "AKIAROOT", "sts", "GetCallerIdentity", NULL, NULL, &err));
    out = look_up(&f, identity);
    root = record_of(out, 0); /* newest first */
    assert_string_equal(json_text(json_path(root, "userIdentity.type")), "Root");
    assert_string_equal(json_text(json_path(root, "userIdentity.principalId")), sandbox_account(f.sandbox));
    assert_string_equal(json_get_text(json_at(json_get(out, "Events"), 0), "Username"), "root");
    record = record_of(out, 1);
    user = json_get(record, "userIdentity");
    assert_string_equal(json_get_text(user, "type"), "AssumedRole");
    assert_non_null(strstr(json_get_text(user, "principalId"), ":i-0123"));
    assert_string_equal(json_text(json_path(user, "sessionContext.ec2RoleDelivery")), "2.0");
    assert_string_equal(json_text(json_path(user, "sessionContext.sessionIssuer.type")), "Role");
    assert_string_equal(json_text(json_path(user, "sessionContext.sessionIssuer.userName")), "ide");
    assert_string_equal(json_text(json_path(user, "sessionContext.attributes.mfaAuthenticated")), "false");
    assert_string_equal(json_text(json_path(user, "sessionContext.attributes.creationDate")),
                        "2026-01-01T00:00:00Z");
    assert_string_equal(json_get_text(json_at(json_get(out, "Events"), 1), "Username"), "i-0123");
    fixture_stop(&f);
}

static void test_records_refusals_and_parameters(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *record = NULL;
    struct sandbox_fixture f = {0};
    struct error err;
    char in[200], arn[100];

    (void)state;
    fixture_start(&f);
    (void)snprintf(arn, sizeof arn, "arn:aws:iam::%s:role/ide", sandbox_account(f.sandbox));
    (void)snprintf(in, sizeof in, "{\"RoleArn\":\"%s\",\"RoleSessionName\":\"me\",\"TokenCode\":\"123456\"}",
                   arn);
    assert_false(fixture_call(&f, "sts", "AssumeRole", in, NULL, &err));
    out = look_up(&f, assume);
    record = record_of(out, 0);
    assert_string_equal(json_get_text(record, "errorCode"), "AccessDenied");
    assert_int_equal(strncmp(json_get_text(record, "errorMessage"), "User: arn:aws:iam::", 19), 0);
    assert_string_equal(json_text(json_path(record, "requestParameters.roleArn")), arn);
    assert_string_equal(json_text(json_path(record, "requestParameters.roleSessionName")), "me");
    assert_true(json_is_null(json_get(record, "responseElements")));
    fixture_stop(&f);
}

static void test_never_shows_secrets(void **state)
{
    CLEANUP(buf_release) struct buf shown = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    const struct aws_operation *op = model_operation(model_service("secretsmanager"), "CreateSecret");
    struct error err;

    (void)state;
    assert_true(
        json_parse(STR("{\"Name\":\"s\",\"SecretString\":\"hunter2\",\"Tags\":[{\"Key\":\"k\",\"Value\":"
                       "\"v\"}],\"NotInTheModel\":1}"),
                   NULL, &in, &err));
    trail_show(in, op->input, true, &shown);
    assert_string_equal(buf_text(&shown), "{\"name\":\"s\",\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}");
}

static void test_service_events(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *record = NULL;
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    trail_service_event(f.sandbox, "secretsmanager.amazonaws.com", "RotationStarted",
                        json_of("SecretId", "arn:x", NULL));
    out = look_up(&f, "{}");
    record = record_of(out, 0);
    assert_string_equal(json_get_text(record, "eventType"), "AwsServiceEvent");
    assert_string_equal(json_text(json_path(record, "userIdentity.invokedBy")),
                        "secretsmanager.amazonaws.com");
    assert_string_equal(json_text(json_path(record, "additionalEventData.SecretId")), "arn:x");
    assert_string_equal(json_get_text(record, "sourceIPAddress"), "secretsmanager.amazonaws.com");
    fixture_stop(&f);
}

static void test_is_seen_late_and_by_time(void **state)
{
    struct sandbox_fixture f = {.options.trail_delay_ms = 5000};
    struct json *out;
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "sts", "GetCallerIdentity", NULL, NULL, &err));
    fixture_advance(&f, 3999);
    out = look_up(&f, identity);
    assert_int_equal(json_count(json_get(out, "Events")), 0);
    json_free(out);
    out = look_up(&f, identity);
    assert_int_equal(json_count(json_get(out, "Events")), 1);
    json_free(out);
    out = look_up(&f, "{\"StartTime\":1767225601}");
    for (const struct json *e = json_first(json_get(out, "Events")); e; e = json_next(e))
        assert_string_equal(json_get_text(e, "EventName"), "LookupEvents");
    json_free(out);
    out = look_up(&f, "{\"EndTime\":1767225600}");
    assert_int_equal(json_count(json_get(out, "Events")), 1);
    json_free(out);
    fixture_stop(&f);
}

static void test_pages_newest_first(void **state)
{
    struct sandbox_fixture f = {0};
    char in[256], ids[5][37];
    size_t seen = 0;
    struct json *out;
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < 5; i++) {
        fixture_advance(&f, 1000);
        assert_true(fixture_call(&f, "sts", "GetCallerIdentity", NULL, NULL, &err));
        (void)snprintf(ids[4 - i], 37, "%s", f.request_id);
    }
    (void)snprintf(in, sizeof in, "%.*s,\"MaxResults\":2}", (int)sizeof identity - 2, identity);
    for (int page = 0; page < 3; page++) {
        const char *token;

        out = look_up(&f, in);
        for (const struct json *e = json_first(json_get(out, "Events")); e; e = json_next(e))
            assert_non_null(strstr(json_get_text(e, "CloudTrailEvent"), ids[seen++]));
        token = json_get_text(out, "NextToken");
        assert_int_equal(*token != '\0', page < 2);
        (void)snprintf(in, sizeof in, "%.*s,\"MaxResults\":2,\"NextToken\":\"%s\"}", (int)sizeof identity - 2,
                       identity, token);
        json_free(out);
    }
    assert_int_equal(seen, 5);
    fixture_stop(&f);
}

static void test_global_services_are_of_one_region(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *record = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "ListUsers", NULL, NULL, &err));
    out = look_up(
        &f, "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":\"ListUsers\"}]}");
    record = record_of(out, 0);
    assert_string_equal(json_get_text(record, "awsRegion"), "us-east-1");
    assert_string_equal(json_text(json_path(record, "tlsDetails.clientProvidedHostHeader")),
                        "iam.amazonaws.com");
    fixture_stop(&f);
}

static void test_refuses_wrong_questions(void **state)
{
    static const struct {
        const char *why, *in, *code;
    } rows[] = {
        {"two attributes",
         "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":\"a\"},"
         "{\"AttributeKey\":\"EventId\",\"AttributeValue\":\"b\"}]}",
         "InvalidLookupAttributesException"},
        {"an attribute that is none",
         "{\"LookupAttributes\":[{\"AttributeKey\":\"Name\",\"AttributeValue\":\"a\"}]}",
         "InvalidLookupAttributesException"},
        {"an empty value",
         "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":\"\"}]}",
         "InvalidLookupAttributesException"},
        {"no value", "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\"}]}", "ValidationException"},
        {"no events on a page", "{\"MaxResults\":0}", "InvalidMaxResultsException"},
        {"too many on a page", "{\"MaxResults\":51}", "InvalidMaxResultsException"},
        {"events of no category", "{\"EventCategory\":\"management\"}", "InvalidEventCategoryException"},
        {"backwards in time", "{\"StartTime\":2,\"EndTime\":1}", "InvalidTimeRangeException"},
        {"not a token", "{\"NextToken\":\"abc\"}", "InvalidNextTokenException"},
        {"another question's token", "{\"NextToken\":\"00000000000000010123456789abcdef\"}",
         "InvalidNextTokenException"},
    };
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_advance(&f, 1000);
        if (fixture_call(&f, "cloudtrail", "LookupEvents", rows[i].in, NULL, &err) ||
            !error_is(&err, rows[i].code))
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    fixture_stop(&f);
}

static void test_answers_two_a_second(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "cloudtrail", "LookupEvents", NULL, NULL, &err));
    assert_true(fixture_call(&f, "cloudtrail", "LookupEvents", NULL, NULL, &err));
    assert_false(fixture_call(&f, "cloudtrail", "LookupEvents", NULL, NULL, &err));
    assert_string_equal(err.message, "ThrottlingException: Rate exceeded");
    fixture_advance(&f, 1000);
    assert_true(fixture_call(&f, "cloudtrail", "LookupEvents", NULL, NULL, &err));
    fixture_stop(&f);
}

static void test_forgets_the_oldest(void **state)
{
    struct sandbox_fixture f = {0};
    struct trail *t = trail_new(3, 1 << 20), *small = trail_new(1000, 4096);
    CLEANUP(json_freep) struct json *events = json_array();
    struct trail_query query = {.visible_ms = INT64_MAX, .limit = 50};
    struct work *w;

    (void)state;
    fixture_start(&f);
    w = work_new(f.sandbox, NULL, work_free, NULL);
    w->call.service = model_service("sts");
    w->call.op = model_operation(w->call.service, "GetCallerIdentity");
    for (int i = 0; i < 100; i++) {
        (void)snprintf(w->call.principal.name, sizeof w->call.principal.name, "user-%d", i);
        trail_record(t, &w->call, NULL);
        trail_record(small, &w->call, NULL);
    }
    assert_int_equal(trail_count(t), 3);
    assert_int_equal(trail_lookup(t, f.sandbox, &query, events), 0);
    assert_int_equal(json_count(events), 3);
    assert_string_equal(json_get_text(json_at(events, 0), "Username"), "user-99");
    assert_string_equal(json_get_text(json_at(events, 2), "Username"), "user-97");
    assert_true(trail_count(small) > 1 && trail_count(small) < 100); /* bounded by its texts */
    work_free(w);
    trail_free(t);
    trail_free(small);
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_a_user),
        cmocka_unit_test(test_records_a_workstation_and_root),
        cmocka_unit_test(test_records_refusals_and_parameters),
        cmocka_unit_test(test_never_shows_secrets),
        cmocka_unit_test(test_service_events),
        cmocka_unit_test(test_is_seen_late_and_by_time),
        cmocka_unit_test(test_pages_newest_first),
        cmocka_unit_test(test_global_services_are_of_one_region),
        cmocka_unit_test(test_refuses_wrong_questions),
        cmocka_unit_test(test_answers_two_a_second),
        cmocka_unit_test(test_forgets_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
