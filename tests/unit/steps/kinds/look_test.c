#include "steps/kinds/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool same(const char *a, const char *b)
{
    CLEANUP(json_freep) struct json *wanted = NULL;
    struct error err;

    assert_true(json_parse(str_of(b), NULL, &wanted, &err));
    return same_document(str_of(a), wanted);
}

static void test_same_document(void **state)
{
    static const struct {
        const char *why, *a, *b;
        bool same;
    } rows[] = {
        {"key order says nothing", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"one value and a list of one are the same", "{\"Action\":\"x\"}", "{\"Action\":[\"x\"]}", true},
        {"and the other way round", "{\"Action\":[\"x\"]}", "{\"Action\":\"x\"}", true},
        {"the order of a list says nothing", "[\"a\",\"b\"]", "[\"b\",\"a\"]", true},
        {"a list that is longer is another one", "[\"a\",\"b\"]", "[\"a\"]", false},
        {"twice the same is not two", "[\"a\",\"a\"]", "[\"a\",\"b\"]", false},
        {"a key more is another document", "{\"a\":1,\"b\":2}", "{\"a\":1}", false},
        {"text is compared exactly", "{\"Resource\":\"arn:A\"}", "{\"Resource\":\"arn:a\"}", false},
        {"what does not parse is another one", "{", "{}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (same(rows[i].a, rows[i].b) != rows[i].same)
            fail_msg("%s", rows[i].why);
    }
}

static void test_arn_name(void **state)
{
    (void)state;
    assert_string_equal(arn_name("arn:aws:iam::123456789012:instance-profile/path/name"), "name");
    assert_string_equal(arn_name("name"), "name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_document),
        cmocka_unit_test(test_arn_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
