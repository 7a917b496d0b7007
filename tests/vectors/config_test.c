/* The SDK teams' shared suite for the config and credentials files. */
#include "aws/config/config.h"

#include "aws/common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define VECTORS "../shared/vectors/config/profile-parser-tests.json"
#define CASES 65

static void check_case(const struct json *test)
{
    static const char *const groups[] = {"profiles", "sso_sessions"};
    const struct json *input = json_get(test, "input"), *output = json_get(test, "output");
    const char *refusal = json_get_text(output, "errorContaining");
    CLEANUP(json_freep) struct json *got = NULL;
    struct error err = {0};

    if (!aws_config_parse(json_str(json_get(input, "configFile")),
                          json_str(json_get(input, "credentialsFile")), &got, &err)) {
        if (refusal[0] == '\0' || !strstr(err.message, refusal))
            fail_msg("%s: %s", json_get_text(test, "name"), err.message);
        assert_int_equal(err.code, ERR_CONFIG);
        return;
    }
    if (refusal[0] != '\0')
        fail_msg("%s: accepted", json_get_text(test, "name"));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct json *want = json_get(json_get(output, "config"), groups[i]);

        if (want && !json_equal(want, json_get(got, groups[i])))
            fail_msg("%s: %s differ", json_get_text(test, "name"), groups[i]);
    }
}

static void parses_every_case(void **state)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(json_freep) struct json *suite = NULL;
    const struct json *tests;
    struct error err = {0};

    (void)state;
    if (!file_read(VECTORS, 8u << 20, &text, &err)) {
        if (err.code == ERR_NO_INPUT)
            skip();
        fail_msg("%s", err.message);
    }
    if (!json_parse(buf_str(&text), NULL, &suite, &err))
        fail_msg("%s", err.message);
    tests = json_get(suite, "tests");
    assert_int_equal(json_count(tests), CASES);
    for (const struct json *test = json_first(tests); test; test = json_next(test))
        check_case(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses_every_case)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
