#include "aws/sandbox/logs.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#define GROUP "/aws/lambda/f"

static int setup(void **state)
{
    static struct sandbox_fixture f;

    f = (struct sandbox_fixture){0};
    fixture_start(&f);
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

    if (!fixture_call(f, "logs", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return out;
}

static void refused(struct sandbox_fixture *f, const char *operation, const char *in, const char *message)
{
    struct error err = {0};

    assert_false(fixture_call(f, "logs", operation, in, NULL, &err));
    assert_string_equal(err.message, message);
}

/* Two streams, six events in all, out of step. */
static void write_some(struct sandbox_fixture *f)
{
    static const char *const texts[] = {"START x", "[INFO] went well", "[ERROR] went badly"};

    for (int i = 0; i < 3; i++) {
        logs_append(f->sandbox, GROUP, "b", f->now_ms + 10LL * i, str_of(texts[i]));
        logs_append(f->sandbox, GROUP, "a", f->now_ms + 10LL * i + 5, str_of(texts[i]));
    }
}

static void test_groups(void **state)
{
    struct sandbox_fixture *f = *state;

    write_some(f);
    json_free(call(f, "CreateLogGroup", "{\"logGroupName\":\"other\",\"tags\":{\"k\":\"v\"}}"));
    refused(f, "CreateLogGroup", "{\"logGroupName\":\"other\"}",
            "ResourceAlreadyExistsException: The specified log group already exists");
    json_free(call(f, "PutRetentionPolicy", "{\"logGroupName\":\"other\",\"retentionInDays\":7}"));
    CLEANUP(json_freep) struct json *all = call(f, "DescribeLogGroups", "{\"limit\":1}");
    assert_string_equal(json_text(json_path(all, "logGroups.0.logGroupName")), GROUP);
    CLEANUP(json_freep)
    struct json *more = call(f, "DescribeLogGroups", "{\"limit\":1,\"nextToken\":\"" GROUP "\"}");
    assert_string_equal(json_text(json_path(more, "logGroups.0.logGroupName")), "other");
    assert_int_equal(json_int(json_path(more, "logGroups.0.retentionInDays"), 0), 7);
    assert_null(json_get(more, "nextToken"));
    CLEANUP(json_freep)
    struct json *some = call(f, "DescribeLogGroups", "{\"logGroupNamePrefix\":\"/aws/lambda/\"}");
    assert_int_equal(json_count(json_get(some, "logGroups")), 1);
    CLEANUP(json_freep)
    struct json *streams = call(f, "DescribeLogStreams", "{\"logGroupName\":\"" GROUP "\"}");
    assert_int_equal(json_count(json_get(streams, "logStreams")), 2);
    json_free(call(f, "DeleteLogGroup", "{\"logGroupName\":\"" GROUP "\"}"));
    refused(f, "DeleteLogGroup", "{\"logGroupName\":\"" GROUP "\"}",
            "ResourceNotFoundException: The specified log group does not exist.");
}

static const struct {
    const char *why, *members;
    const char *first; /* text of the first hit, NULL none */
    size_t count;
} searches[] = {
    {"everything, by time across streams", "", "START x", 6},
    {"a word", ",\"filterPattern\":\"ERROR\"", "[ERROR] went badly", 2},
    {"all words have to occur", ",\"filterPattern\":\"went ERROR\"", "[ERROR] went badly", 2},
    {"a phrase", ",\"filterPattern\":\"\\\"went well\\\"\"", "[INFO] went well", 2},
    {"not this word", ",\"filterPattern\":\"went -badly\"", "[INFO] went well", 2},
    {"either word", ",\"filterPattern\":\"?START ?badly\"", "START x", 4},
    {"one stream", ",\"logStreamNames\":[\"a\"]", "START x", 3},
    {"from a time on", ",\"startTime\":1767225600020", "[ERROR] went badly", 2},
    {"nothing", ",\"filterPattern\":\"elephant\"", NULL, 0},
};

static void test_search(void **state)
{
    struct sandbox_fixture *f = *state;
    char in[300];

    write_some(f);
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        print_message("  %s\n", searches[i].why);
        (void)snprintf(in, sizeof in, "{\"logGroupName\":\"" GROUP "\"%s}", searches[i].members);
        CLEANUP(json_freep) struct json *out = call(f, "FilterLogEvents", in);
        assert_int_equal(json_count(json_get(out, "events")), searches[i].count);
        if (searches[i].first)
            assert_string_equal(json_text(json_path(out, "events.0.message")), searches[i].first);
    }
}

static void test_search_pages(void **state)
{
    struct sandbox_fixture *f = *state;

    write_some(f);
    CLEANUP(json_freep)
    struct json *first = call(f, "FilterLogEvents", "{\"logGroupName\":\"" GROUP "\",\"limit\":5}");
    assert_string_equal(json_get_text(first, "nextToken"), "5");
    CLEANUP(json_freep)
    struct json *second =
        call(f, "FilterLogEvents", "{\"logGroupName\":\"" GROUP "\",\"limit\":5,\"nextToken\":\"5\"}");
    assert_int_equal(json_count(json_get(second, "events")), 1);
    assert_null(json_get(second, "nextToken"));
    refused(f, "FilterLogEvents", "{\"logGroupName\":\"" GROUP "\",\"nextToken\":\"x\"}",
            "InvalidParameterException: The specified nextToken is invalid.");
}

static void test_one_stream(void **state)
{
    struct sandbox_fixture *f = *state;

    write_some(f);
    CLEANUP(json_freep)
    struct json *tail =
        call(f, "GetLogEvents", "{\"logGroupName\":\"" GROUP "\",\"logStreamName\":\"a\",\"limit\":2}");
    assert_string_equal(json_text(json_path(tail, "events.1.message")), "[ERROR] went badly");
    CLEANUP(json_freep)
    struct json *before =
        call(f, "GetLogEvents",
             "{\"logGroupName\":\"" GROUP "\",\"logStreamName\":\"a\",\"limit\":2,\"nextToken\":\"b/1\"}");
    assert_int_equal(json_count(json_get(before, "events")), 1);
    /* At the end the token that was sent comes back. */
    CLEANUP(json_freep)
    struct json *end = call(f, "GetLogEvents",
                            "{\"logGroupName\":\"" GROUP "\",\"logStreamName\":\"a\",\"nextToken\":\"f/3\"}");
    assert_int_equal(json_count(json_get(end, "events")), 0);
    assert_string_equal(json_get_text(end, "nextForwardToken"), "f/3");
    refused(f, "GetLogEvents", "{\"logGroupName\":\"" GROUP "\",\"logStreamName\":\"none\"}",
            "ResourceNotFoundException: The specified log stream does not exist.");
}

static void test_put(void **state)
{
    struct sandbox_fixture *f = *state;

    json_free(call(f, "CreateLogGroup", "{\"logGroupName\":\"g\"}"));
    json_free(call(f, "CreateLogStream", "{\"logGroupName\":\"g\",\"logStreamName\":\"s\"}"));
    refused(f, "CreateLogStream", "{\"logGroupName\":\"g\",\"logStreamName\":\"s\"}",
            "ResourceAlreadyExistsException: The specified log stream already exists");
    json_free(
        call(f, "PutLogEvents",
             "{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":[{\"timestamp\":1767225600000,"
             "\"message\":\"hello\"}]}"));
    CLEANUP(json_freep)
    struct json *out = call(f, "GetLogEvents", "{\"logGroupName\":\"g\",\"logStreamName\":\"s\"}");
    assert_string_equal(json_text(json_path(out, "events.0.message")), "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
