#include "tests/support/sandbox_fixture.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static void test_records_without_secrets(void **state)
{
    CLEANUP(mem_freep) char *directory = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(json_freep) struct json *first = NULL, *second = NULL, *out = NULL;
    struct sandbox_fixture f = {0};
    struct str rest, line;
    struct stat status;
    struct error err;
    char path[512];

    (void)state;
    assert_true(file_temp_dir("record", &directory, &err));
    (void)snprintf(path, sizeof path, "%s/record.jsonl", directory);
    f.options.record_file = path;
    fixture_start(&f);
    assert_true(fixture_call(&f, "sts", "GetSessionToken", "{\"DurationSeconds\":900}", &out, &err));
    assert_false(fixture_call(
        &f, "sts", "AssumeRole",
        "{\"RoleArn\":\"arn:aws:iam::123456789012:role/none\",\"RoleSessionName\":\"me\"}", NULL, &err));
    assert_true(file_read(path, 1 << 20, &text, &err));
    assert_null(strstr(buf_text(&text), json_text(json_path(out, "Credentials.SecretAccessKey"))));
    assert_null(strstr(buf_text(&text), json_text(json_path(out, "Credentials.SessionToken"))));
    rest = buf_str(&text);
    assert_true(str_split(&rest, '\n', &line) && json_parse(line, NULL, &first, &err));
    assert_string_equal(json_get_text(first, "operation"), "GetSessionToken");
    assert_int_equal(json_int(json_path(first, "request.DurationSeconds"), 0), 900);
    assert_string_equal(json_get_text(first, "source"), "inside");
    assert_true(str_split(&rest, '\n', &line) && json_parse(line, NULL, &second, &err));
    assert_string_equal(json_get_text(second, "error"), "AccessDenied");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    fixture_stop(&f);
    assert_true(file_remove_tree(directory, &err));
}

static void test_a_place_that_cannot_be_written(void **state)
{
    struct sandbox_options options = {
        .region = "eu-west-1", .record_file = "/nonexistent/record", .clock = clock_system};
    struct sandbox *s = NULL;
    struct error err;

    (void)state;
    assert_false(sandbox_new(&options, &s, &err));
    assert_int_equal(err.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_without_secrets),
        cmocka_unit_test(test_a_place_that_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
