#include "aws/sandbox/rotation.h"
#include "aws/common/mem.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#define TOKEN_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define TOKEN_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define TOKEN_C "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
#define DAY_S 86400LL
#define HOUR_S 3600LL
#define START_S 1767225600LL /* 2026-01-01T00:00:00Z, a Thursday */

/* A database of one account. Job threads come one after the other here. */
struct fake_database {
    char user[64], password[64];
    bool down;
    int sets;
};

struct ground {
    struct sandbox_fixture fixture;
    struct fake_database database;
};

static bool fake_test(void *self, struct str secret_string, struct error *err)
{
    struct fake_database *db = self;
    CLEANUP(json_freep) struct json *secret = NULL;

    if (db->down)
        return error_set(err, ERR_UNREACHABLE, "down");
    return json_parse(secret_string, NULL, &secret, err) &&
           ((strcmp(json_get_text(secret, "username"), db->user) == 0 &&
             strcmp(json_get_text(secret, "password"), db->password) == 0) ||
            error_set(err, ERR_DENIED, "refused"));
}

static bool fake_set(void *self, struct str secret_string, struct str new_password, struct error *err)
{
    struct fake_database *db = self;

    if (!fake_test(self, secret_string, err))
        return false;
    db->sets++;
    (void)snprintf(db->password, sizeof db->password, "%.*s", STR_ARG(new_password));
    return true;
}

static void add_function(struct sandbox_fixture *f, const char *name)
{
    struct json *function = json_of("FunctionName", name, "hosted", "MySQLSingleUser", NULL), *statement;
    char arn[2100];

    sandbox_arn(f->sandbox, arn, "lambda", "eu-west-1", "function:%s", name);
    json_put_text(function, "FunctionArn", arn);
    sandbox_arn(f->sandbox, arn, "iam", "", "role/function-role");
    json_put_text(function, "Role", arn);
    statement = json_of("Sid", "s", "Effect", "Allow", "Action", "lambda:InvokeFunction", "Resource",
                        json_get_text(function, "FunctionArn"), NULL);
    json_put(statement, "Principal", json_of("Service", "secretsmanager.amazonaws.com", NULL));
    json_put(json_put(statement, "Condition", json_object()), "StringEquals",
             json_of("AWS:SourceAccount", f->sandbox->account, NULL));
    json_put(json_put(function, "policy", json_object()), "s", statement);
    world_put(f->sandbox->world, "lambda.function", name, function);
}

static void role_may(struct sandbox_fixture *f, const char *document)
{
    struct json *role = world_edit(f->sandbox->world, "iam.role", "function-role");

    json_put_text(json_put(role, "Inline", json_object()), "p", document);
}

static int setup(void **state)
{
    static struct ground g;

    g = (struct ground){.database = {.user = "demouser", .password = "first"}};
    g.fixture.options.database =
        (struct sandbox_database){.test = fake_test, .set_password = fake_set, .self = &g.database};
    fixture_start(&g.fixture);
    add_function(&g.fixture, "rotator");
    role_may(&g.fixture,
             "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"}}");
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    struct ground *g = *state;

    fixture_stop(&g->fixture);
    return 0;
}

static struct json *sm(struct ground *g, const char *operation, const char *in)
{
    struct json *out = NULL;
    struct error err = {0};

    if (!fixture_call(&g->fixture, "secretsmanager", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static void ok(struct ground *g, const char *operation, const char *in)
{
    json_free(sm(g, operation, in));
}

static void refused(struct ground *g, const char *operation, const char *in, const char *message)
{
    struct error err = {0};

    assert_false(fixture_call(&g->fixture, "secretsmanager", operation, in, NULL, &err));
    assert_string_equal(err.message, message);
}

static void create(struct ground *g)
{
    ok(g, "CreateSecret",
       "{\"Name\":\"s\",\"ClientRequestToken\":\"" TOKEN_A
       "\",\"SecretString\":\"{\\\"engine\\\":\\\"mysql\\\",\\\"host\\\":\\\"127.3.4.5\\\",\\\"username\\\":"
       "\\\"demouser\\\",\\\"password\\\":\\\"first\\\",\\\"port\\\":3306,\\\"extra\\\":[1]}\"}");
}

/* members: of RotateSecret, each with a comma in front. */
static const char *rotate_in(struct ground *g, const char *token, const char *members)
{
    static char in[2600];

    (void)snprintf(in, sizeof in,
                   "{\"SecretId\":\"s\",\"ClientRequestToken\":\"%s\",\"RotationLambdaARN\":"
                   "\"arn:aws:lambda:eu-west-1:%s:function:rotator\"%s}",
                   token, g->fixture.sandbox->account, members);
    return in;
}

static struct json *describe(struct ground *g)
{
    return sm(g, "DescribeSecret", "{\"SecretId\":\"s\"}");
}

static bool has_stage(const struct json *d, const char *token, const char *stage)
{
    const struct json *e;

    for (e = json_first(json_get(json_get(d, "VersionIdsToStages"), token)); e; e = json_next(e))
        if (strcmp(json_text(e), stage) == 0)
            return true;
    return false;
}

static size_t events_named(struct ground *g, const char *name, struct json **first)
{
    char in[200];
    struct json *out = NULL;
    struct error err = {0};
    size_t count;

    g->fixture.now_ms += 1000; /* two lookups a second, no more */
    (void)snprintf(in, sizeof in,
                   "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":\"%s\"}]}",
                   name);
    assert_true(fixture_call(&g->fixture, "cloudtrail", "LookupEvents", in, &out, &err));
    count = json_count(json_get(out, "Events"));
    if (first)
        *first = json_copy(json_at(json_get(out, "Events"), 0));
    json_free(out);
    return count;
}

/* --- the four steps --- */

static void test_rotates(void **state)
{
    struct ground *g = *state;
    char first_password[64];

    create(g);
    (void)snprintf(first_password, sizeof first_password, "%s", g->database.password);
    CLEANUP(json_freep)
    struct json *answer =
        sm(g, "RotateSecret", rotate_in(g, TOKEN_B, ",\"RotationRules\":{\"AutomaticallyAfterDays\":30}"));
    assert_string_equal(json_get_text(answer, "VersionId"), TOKEN_B);
    CLEANUP(json_freep) struct json *at_once = describe(g);
    assert_true(has_stage(at_once, TOKEN_B, "AWSPENDING")); /* reserved, still empty */
    refused(
        g, "GetSecretValue", "{\"SecretId\":\"s\",\"VersionStage\":\"AWSPENDING\"}",
        "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: "
        "AWSPENDING");
    fixture_settle(&g->fixture);

    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_B, "AWSCURRENT") && has_stage(d, TOKEN_A, "AWSPREVIOUS"));
    assert_int_equal(json_int(json_get(d, "LastRotatedDate"), 0), START_S);
    assert_int_equal(json_int(json_get(d, "NextRotationDate"), 0), START_S + 31 * DAY_S - 1);
    assert_true(json_bool(json_get(d, "RotationEnabled"), false));

    CLEANUP(json_freep) struct json *value = sm(g, "GetSecretValue", "{\"SecretId\":\"s\"}");
    CLEANUP(json_freep) struct json *secret = NULL;
    struct error err;
    assert_true(json_parse(json_str(json_get(value, "SecretString")), NULL, &secret, &err));
    assert_string_equal(json_get_text(secret, "password"), g->database.password);
    assert_string_not_equal(g->database.password, first_password);
    assert_int_equal(strcspn(g->database.password, "/@\"'\\"), 32);
    assert_int_equal(json_int(json_get(secret, "port"), 0), 3306); /* other keys stay */
    assert_int_equal(json_count(json_get(secret, "extra")), 1);
    assert_int_equal(g->database.sets, 1);
}

static void test_trail_names_the_function(void **state)
{
    struct ground *g = *state;
    CLEANUP(json_freep) struct json *event = NULL;

    create(g);
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    assert_true(events_named(g, "PutSecretValue", &event) == 1);
    assert_string_equal(json_get_text(event, "Username"), "rotator");
    assert_non_null(strstr(json_get_text(event, "CloudTrailEvent"), "exec-env/AWS_Lambda_python"));
    assert_null(strstr(json_get_text(event, "CloudTrailEvent"), g->database.password));
    assert_int_equal(events_named(g, "RotationStarted", NULL), 1);
    assert_int_equal(events_named(g, "RotationSucceeded", NULL), 1);
    assert_int_equal(events_named(g, "RotationFailed", NULL), 0);
    assert_non_null(world_get(g->fixture.sandbox->world, "logs.group", "/aws/lambda/rotator"));
}

static void test_same_token_rotates_once(void **state)
{
    struct ground *g = *state;

    create(g);
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    assert_int_equal(g->database.sets, 1);
}

/* --- refusals --- */

static void test_refusals(void **state)
{
    struct ground *g = *state;
    char in[600];

    create(g);
    (void)snprintf(in, sizeof in,
                   "{\"SecretId\":\"s\",\"RotationLambdaARN\":\"arn:aws:lambda:eu-west-1:%s:function:nope\"}",
                   g->fixture.sandbox->account);
    refused(
        g, "RotateSecret", in,
        "ResourceNotFoundException: The specified Lambda function does not exist or could not be accessed.");
    refused(g, "CancelRotateSecret", "{\"SecretId\":\"s\"}",
            "InvalidRequestException: Rotation isn't configured for this secret.");
    json_remove(world_edit(g->fixture.sandbox->world, "lambda.function", "rotator"), "policy");
    refused(
        g, "RotateSecret", rotate_in(g, TOKEN_B, ""),
        "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function. Ensure that the "
        "function policy grants access to the principal secretsmanager.amazonaws.com.");
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_null(json_get(d, "RotationEnabled")); /* nothing was changed */
}

/* --- failures --- */

static void test_stuck_and_repaired(void **state)
{
    struct ground *g = *state;

    create(g);
    g->database.down = true;
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ",\"RotationRules\":{\"AutomaticallyAfterDays\":30}"));
    fixture_settle(&g->fixture);
    assert_int_equal(events_named(g, "RotationFailed", NULL), 1);
    refused(
        g, "RotateSecret", rotate_in(g, TOKEN_C, ""),
        "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.");
    fixture_advance(&g->fixture, HOUR_S * 1000);
    assert_true(events_named(g, "RotationFailed", NULL) >= 5);
    CLEANUP(json_freep) struct json *stuck = describe(g);
    assert_true(has_stage(stuck, TOKEN_A, "AWSCURRENT") && has_stage(stuck, TOKEN_B, "AWSPENDING"));

    g->database.down = false;
    refused(
        g, "RotateSecret", rotate_in(g, TOKEN_C, ""),
        "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.");
    fixture_settle(&g->fixture);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_B, "AWSCURRENT"));
    assert_int_equal(g->database.sets, 1);
}

static void test_retries_by_itself(void **state)
{
    struct ground *g = *state;

    create(g);
    g->database.down = true;
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    g->database.down = false;
    fixture_advance(&g->fixture, 60000);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_B, "AWSCURRENT"));
}

static void test_role_without_permission(void **state)
{
    struct ground *g = *state;
    CLEANUP(json_freep) struct json *event = NULL;

    create(g);
    role_may(&g->fixture, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}");
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    assert_int_equal(events_named(g, "RotationFailed", &event), 1);
    assert_non_null(strstr(json_get_text(event, "CloudTrailEvent"), "is not authorized to perform"));
    assert_string_equal(g->database.password, "first");
}

static const struct {
    const char *why, *secret, *reason;
} bad_secrets[] = {
    {"another engine", "{\\\"engine\\\":\\\"postgres\\\"}",
     "KeyError: Database engine must be set to 'mysql' or 'aurora-mysql' in order to use this rotation "
     "lambda"},
    {"no engine", "{\\\"username\\\":\\\"u\\\"}",
     "KeyError: Database engine must be set to 'mysql' or 'aurora-mysql' in order to use this rotation "
     "lambda"},
    {"no host", "{\\\"engine\\\":\\\"mysql\\\",\\\"username\\\":\\\"u\\\",\\\"password\\\":\\\"p\\\"}",
     "KeyError: host key is missing from secret JSON"},
    {"not JSON", "first", "JSONDecodeError: The secret value is not JSON"},
    {"a password that is not the user's",
     "{\\\"engine\\\":\\\"mysql\\\",\\\"host\\\":\\\"h\\\",\\\"username\\\":\\\"demouser\\\","
     "\\\"password\\\":\\\"p\\\"}",
     "ValueError: Unable to log into database with previous, current, or pending secret of secret arn "},
};

static void reason_is(struct ground *g, const char *want)
{
    CLEANUP(json_freep) struct json *event = NULL, *record = NULL;
    struct error err;

    assert_true(events_named(g, "RotationFailed", &event) > 0);
    assert_true(json_parse(json_str(json_get(event, "CloudTrailEvent")), NULL, &record, &err));
    const char *reason = json_text(json_path(record, "additionalEventData.failureReason"));
    assert_int_equal(strncmp(reason, want, strlen(want)), 0);
}

static void test_bad_secrets(void **state)
{
    struct ground *g = *state;
    char in[500];

    for (size_t i = 0; i < ARRAY_LEN(bad_secrets); i++) {
        print_message("  %s\n", bad_secrets[i].why);
        (void)snprintf(in, sizeof in, "{\"Name\":\"s\",\"SecretString\":\"%s\"}", bad_secrets[i].secret);
        ok(g, "CreateSecret", in);
        ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
        fixture_settle(&g->fixture);
        reason_is(g, bad_secrets[i].reason);
        ok(g, "DeleteSecret", "{\"SecretId\":\"s\",\"ForceDeleteWithoutRecovery\":true}");
    }
    assert_int_equal(g->database.sets, 0);
}

/* Somebody put another user's password under AWSPENDING: nothing is set. */
static void test_another_user(void **state)
{
    struct ground *g = *state;

    create(g);
    ok(g, "PutSecretValue",
       "{\"SecretId\":\"s\",\"ClientRequestToken\":\"" TOKEN_B "\",\"VersionStages\":[\"AWSPENDING\"],"
       "\"SecretString\":\"{\\\"engine\\\":\\\"mysql\\\",\\\"host\\\":\\\"127.3.4.5\\\","
       "\\\"username\\\":\\\"root\\\",\\\"password\\\":\\\"x\\\"}\"}");
    refused(
        g, "RotateSecret", rotate_in(g, TOKEN_C, ""),
        "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.");
    fixture_settle(&g->fixture);
    reason_is(g, "ValueError: Attempting to modify user root other than current user demouser");
    assert_int_equal(g->database.sets, 0);
}

/* AWSPENDING was set in the database, then the function died: the next run
 * finds the password in place and goes on. */
static void test_half_done(void **state)
{
    struct ground *g = *state;

    create(g);
    role_may(&g->fixture,
             "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"},"
             "{\"Effect\":\"Deny\",\"Action\":\"secretsmanager:UpdateSecretVersionStage\","
             "\"Resource\":\"*\"}]}");
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    assert_int_equal(g->database.sets, 1);
    role_may(&g->fixture,
             "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"}}");
    fixture_advance(&g->fixture, 60000);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_B, "AWSCURRENT"));
    assert_int_equal(g->database.sets, 1);
}

static void test_unstuck_by_hand(void **state)
{
    struct ground *g = *state;

    create(g);
    g->database.down = true;
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ""));
    fixture_settle(&g->fixture);
    g->database.down = false;
    ok(g, "UpdateSecretVersionStage",
       "{\"SecretId\":\"s\",\"VersionStage\":\"AWSPENDING\",\"RemoveFromVersionId\":\"" TOKEN_B "\"}");
    ok(g, "RotateSecret", rotate_in(g, TOKEN_C, ""));
    fixture_settle(&g->fixture);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_C, "AWSCURRENT"));
}

static void test_cancel(void **state)
{
    struct ground *g = *state;

    create(g);
    g->database.down = true;
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ",\"RotationRules\":{\"AutomaticallyAfterDays\":1}"));
    fixture_settle(&g->fixture);
    ok(g, "CancelRotateSecret", "{\"SecretId\":\"s\"}");
    g->database.down = false;
    fixture_advance(&g->fixture, 5 * DAY_S * 1000);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_false(json_bool(json_get(d, "RotationEnabled"), true));
    assert_non_null(json_get(d, "RotationLambdaARN"));
    assert_non_null(json_get(d, "RotationRules"));
    assert_null(json_get(d, "NextRotationDate"));
    assert_true(has_stage(d, TOKEN_B, "AWSPENDING") && has_stage(d, TOKEN_A, "AWSCURRENT"));
}

/* The attempt taken up again keeps its token: the step that was under way when
 * it was cancelled is not one of its steps. */
static void test_cancelled_and_taken_up_at_once(void **state)
{
    struct ground *g = *state;

    create(g);
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ",\"RotationRules\":{\"AutomaticallyAfterDays\":1}"));
    ok(g, "CancelRotateSecret", "{\"SecretId\":\"s\"}");
    refused(
        g, "RotateSecret", rotate_in(g, TOKEN_C, ""),
        "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.");
    /* Both may have made a value for the token: then the second try finds it. */
    fixture_advance(&g->fixture, INT64_C(120) * 1000);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_B, "AWSCURRENT") && has_stage(d, TOKEN_A, "AWSPREVIOUS"));
    assert_int_equal(events_named(g, "RotationSucceeded", NULL), 1);
}

static void test_only_a_test(void **state)
{
    struct ground *g = *state;

    create(g);
    ok(g, "RotateSecret",
       rotate_in(g, TOKEN_B,
                 ",\"RotateImmediately\":false,\"RotationRules\":{\"AutomaticallyAfterDays\":2}"));
    fixture_settle(&g->fixture);
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_true(has_stage(d, TOKEN_A, "AWSCURRENT"));
    assert_null(json_get(json_get(d, "VersionIdsToStages"), TOKEN_B));
    assert_null(json_get(d, "LastRotatedDate"));
    assert_int_equal(events_named(g, "TestRotationSucceeded", NULL), 1);
    assert_int_equal(g->database.sets, 0);
    fixture_advance(&g->fixture, 3 * DAY_S * 1000);
    assert_int_equal(g->database.sets, 1); /* and then it comes by itself */
}

/* Facts 8.2: a schedule in words also shows the days it comes to. */
static void test_days_of_a_schedule(void **state)
{
    static const struct {
        const char *rules;
        int64_t days;
    } rows[] = {{"{\"ScheduleExpression\":\"rate(30 days)\"}", 30},
                {"{\"ScheduleExpression\":\"rate(1 day)\"}", 1},
                {"{\"ScheduleExpression\":\"rate(4 hours)\"}", 1}};
    struct ground *g = *state;

    create(g);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char token[] = "days-days-days-days-days-days-days-0", more[160];

        token[sizeof(token) - 2] = (char)('0' + i);
        (void)snprintf(more, sizeof(more), ",\"RotateImmediately\":false,\"RotationRules\":%s",
                       rows[i].rules);
        ok(g, "RotateSecret", rotate_in(g, token, more));
        fixture_settle(&g->fixture);
        CLEANUP(json_freep) struct json *d = describe(g);
        assert_int_equal(json_int(json_path(d, "RotationRules.AutomaticallyAfterDays"), 0), rows[i].days);
    }
}

static void test_scheduled(void **state)
{
    struct ground *g = *state;

    create(g);
    ok(g, "RotateSecret", rotate_in(g, TOKEN_B, ",\"RotationRules\":{\"AutomaticallyAfterDays\":10}"));
    fixture_advance(&g->fixture, 10 * DAY_S * 1000);
    assert_int_equal(g->database.sets, 1);
    fixture_advance(&g->fixture, DAY_S * 1000);
    assert_int_equal(g->database.sets, 2);
    fixture_advance(&g->fixture, 10 * DAY_S * 1000);
    assert_int_equal(g->database.sets, 3);
    /* A new value by hand counts as a rotation. */
    CLEANUP(json_freep) struct json *value = sm(g, "GetSecretValue", "{\"SecretId\":\"s\"}");
    CLEANUP(json_freep) struct json *put = json_of("SecretId", "s", NULL);
    CLEANUP(buf_release) struct buf text = {0};
    fixture_advance(&g->fixture, 5 * DAY_S * 1000);
    json_put(put, "SecretString", json_copy(json_get(value, "SecretString")));
    json_write(put, &text);
    ok(g, "PutSecretValue", buf_text(&text));
    CLEANUP(json_freep) struct json *d = describe(g);
    assert_int_equal(json_int(json_get(d, "NextRotationDate"), 0), START_S + (26 + 11) * DAY_S - 1);
}

/* --- schedules --- */

static const struct {
    const char *why, *rules;
    int64_t from_s, next_s; /* next_s 0: refused */
} schedules[] = {
    {"end of the day after N days", "{\"AutomaticallyAfterDays\":30}", START_S + HOUR_S,
     START_S + 31 * DAY_S - 1},
    {"a window of its own length", "{\"AutomaticallyAfterDays\":1,\"Duration\":\"3h\"}", START_S + 5,
     START_S + DAY_S + 3 * HOUR_S - 1},
    {"rate in days", "{\"ScheduleExpression\":\"rate(10 days)\"}", START_S, START_S + 11 * DAY_S - 1},
    {"rate in hours: windows of one hour", "{\"ScheduleExpression\":\"rate(6 hours)\"}", START_S + 100,
     START_S + 7 * HOUR_S - 1},
    {"every four hours is the least", "{\"ScheduleExpression\":\"rate(3 hours)\"}", START_S, 0},
    {"cron, the first of the month", "{\"ScheduleExpression\":\"cron(0 8 1 * ? *)\",\"Duration\":\"2h\"}",
     START_S + 9 * HOUR_S, START_S + 31 * DAY_S + 10 * HOUR_S - 1},
    {"cron, the last day", "{\"ScheduleExpression\":\"cron(0 0 L * ? *)\"}", START_S,
     START_S + 31 * DAY_S - 1},
    {"cron, Saturdays by name", "{\"ScheduleExpression\":\"cron(0 16 ? * SAT *)\",\"Duration\":\"1h\"}",
     START_S, START_S + 2 * DAY_S + 17 * HOUR_S - 1},
    {"cron, the second Monday", "{\"ScheduleExpression\":\"cron(0 0 ? * 2#2 *)\"}", START_S,
     START_S + 12 * DAY_S - 1},
    {"cron, the last Friday", "{\"ScheduleExpression\":\"cron(0 0 ? * FRIL *)\"}", START_S,
     START_S + 30 * DAY_S - 1},
    {"cron, several hours a day", "{\"ScheduleExpression\":\"cron(0 0/8 * * ? *)\"}", START_S,
     START_S + 9 * HOUR_S - 1},
    {"cron, the same as the guide writes it", "{\"ScheduleExpression\":\"cron(0 /8 * * ? *)\"}", START_S,
     START_S + 9 * HOUR_S - 1},
    {"minutes are 0", "{\"ScheduleExpression\":\"cron(5 8 1 * ? *)\"}", START_S, 0},
    {"six fields", "{\"ScheduleExpression\":\"cron(0 8 1 *)\"}", START_S, 0},
    {"a day that never comes is not refused as a word", "{\"ScheduleExpression\":\"cron(0 8 32 * ? *)\"}",
     START_S, 0},
    {"not into the next day", "{\"ScheduleExpression\":\"cron(0 23 1 * ? *)\",\"Duration\":\"2h\"}", START_S,
     0},
    {"not both", "{\"ScheduleExpression\":\"rate(10 days)\",\"AutomaticallyAfterDays\":3}", START_S, 0},
    {"not neither", "{\"Duration\":\"3h\"}", START_S, 0},
    {"days have a limit", "{\"AutomaticallyAfterDays\":1001}", START_S, 0},
    {"hours as a word", "{\"AutomaticallyAfterDays\":1,\"Duration\":\"three\"}", START_S, 0},
};

static void test_schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
        CLEANUP(json_freep) struct json *rules = NULL;
        struct error err;
        bool good;

        print_message("  %s\n", schedules[i].why);
        assert_true(json_parse(str_of(schedules[i].rules), NULL, &rules, &err));
        good = schedule_check(rules, &err);
        assert_int_equal(good, schedules[i].next_s != 0);
        if (good)
            assert_int_equal(schedule_next_ms(rules, schedules[i].from_s * 1000), schedules[i].next_s * 1000);
        else
            assert_string_equal(err.remote_code, "InvalidParameterException");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),
        cmocka_unit_test_setup_teardown(test_rotates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trail_names_the_function, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_token_rotates_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stuck_and_repaired, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retries_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_role_without_permission, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unstuck_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_and_taken_up_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_a_test, setup, teardown),
        cmocka_unit_test_setup_teardown(test_days_of_a_schedule, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scheduled, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
