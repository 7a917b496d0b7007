#include "aws/common/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct str none = {NULL, 0};

static void comparing(void **state)
{
    (void)state;
    assert_true(str_equal(none, STR("")));
    assert_true(str_is(none, NULL));
    assert_false(str_equal(STR("a"), STR("ab")));
    assert_true(str_equal_ignore_case(STR("Host-X"), STR("hOST-x")));
    /* '[' and '{' differ by the case bit and are no letters. */
    assert_false(str_equal_ignore_case(STR("["), STR("{")));
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_compare(none, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(none, none));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("bc"), STR("abc")));
    assert_true(str_contains(STR("abc"), STR("b")));
    assert_true(str_contains(none, none));
    assert_false(str_contains(STR("ac"), STR("b")));
}

static void cutting(void **state)
{
    struct str rest = STR("a,,b"), part;

    (void)state;
    assert_true(str_is(str_trim(STR(" \t\r\n a b \n")), "a b"));
    assert_true(str_is(str_trim(STR(" \t")), ""));
    assert_true(str_is(str_slice(STR("abc"), 1, 9), "bc"));
    assert_true(str_is(str_slice(STR("abc"), 9, 9), ""));
    assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
    assert_int_equal(str_find_char(none, 'x'), 0);
    assert_true(str_split(&rest, ',', &part) && str_is(part, "a"));
    assert_true(str_split(&rest, ',', &part) && str_is(part, ""));
    assert_true(str_split(&rest, ',', &part) && str_is(part, "b"));
    assert_false(str_split(&rest, ',', &part));
    rest = STR("");
    assert_true(str_split(&rest, ',', &part) && str_is(part, ""));
    assert_false(str_split(&rest, ',', &part));
    rest = STR("a,");
    assert_true(str_split(&rest, ',', &part) && str_is(part, "a"));
    assert_true(str_split(&rest, ',', &part) && str_is(part, ""));
    assert_false(str_split(&rest, ',', &part));
}

static void numbers(void **state)
{
    static const char *const refused[] = {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "--1"};
    int64_t i;
    uint64_t u;

    (void)state;
    assert_true(str_to_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_true(str_to_i64(STR("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-9223372036854775809"), &i));
    assert_true(str_to_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &u));
    assert_false(str_to_u64(STR("-1"), &u));
    for (size_t k = 0; k < ARRAY_LEN(refused); k++)
        assert_false(str_to_i64(str_of(refused[k]), &i));
}

static void utf8(void **state)
{
    static const struct {
        const char *why;
        struct str text;
        size_t good;
    } rows[] = {
        {"all lengths", {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10}, 10},
        {"stray continuation", {"a\x80", 2}, 1},
        {"overlong two bytes", {"\xc0\xaf", 2}, 0},
        {"overlong three bytes", {"\xe0\x9f\xbf", 3}, 0},
        {"overlong four bytes", {"\xf0\x8f\xbf\xbf", 4}, 0},
        {"surrogate", {"\xed\xa0\x80", 3}, 0},
        {"above U+10FFFF", {"\xf4\x90\x80\x80", 4}, 0},
        {"cut short", {"ab\xe2\x82", 4}, 2},
        {"last of all", {"\xf4\x8f\xbf\xbf", 4}, 4},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(str_utf8_prefix(rows[i].text), rows[i].good);
        assert_int_equal(str_is_utf8(rows[i].text), rows[i].good == rows[i].text.len);
    }
    assert_true(str_is_utf8(none));
}

static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"aws-cloud9-auroralab-client-ide*", "aws-cloud9-auroralab-client-ide-1a2b", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"a?c", "abc", true},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXbY", false},
        {"*abab", "abababab", true}, /* the first star has to go back */
        {"s3:Get*", "s3:get", false},
        {"**", "x", true},
        {"a\\*", "a*", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(str_glob(str_of(rows[i].pattern), str_of(rows[i].text)), rows[i].matches);
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
    assert_int_equal(str_distance(STR("uses"), STR("usse")), 1); /* neighbours swapped */
    assert_int_equal(str_distance(none, STR("abc")), 3);
    assert_int_equal(str_distance(STR("abc"), none), 3);
    assert_int_equal(str_distance(STR("same"), STR("same")), 0);
    assert_int_equal(
        str_distance((struct str){"0123456789012345678901234567890123456789012345678901234567890123x", 65},
                     STR("0")),
        65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing), cmocka_unit_test(cutting), cmocka_unit_test(numbers),
        cmocka_unit_test(utf8),      cmocka_unit_test(globs),   cmocka_unit_test(distances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
