#include "aws/protocol/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_matches(void **state)
{
    static const struct {
        const char *why, *pattern, *text;
        bool fits;
    } rows[] = {
        {"class and dash at the end", "[\\w+=,.@-]+", "Work-shop.role@x", true},
        {"the whole text", "[\\w+=,.@-]+", "a b", false},
        {"one or more", "[\\w+=,.@-]+", "", false},
        {"any number", "[\\w+=,.@-]*", "", true},
        {"code points", "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "{\"a\":\n1}\xc3\xbf", true},
        {"outside them", "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "\xe2\x82\xac", false},
        {"path alternatives, the short", "(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/", true},
        {"path alternatives, the long", "(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/a/b/", true},
        {"path without its end", "(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/a", false},
        {"groups that repeat", "((/[A-Za-z0-9\\.,\\+@=_-]+)*)/", "/a/b/", true},
        {"and do not end", "((/[A-Za-z0-9\\.,\\+@=_-]+)*)/", "/a/b", false},
        {"counted", "\\d{12}", "123456789012", true},
        {"counted too few", "\\d{12}", "12345678901", false},
        {"counted too many", "\\d{12}", "1234567890123", false},
        {"between", "o-[a-z0-9]{10,32}", "o-abcdefghij", true},
        {"below", "o-[a-z0-9]{10,32}", "o-abcdefghi", false},
        {"optional group", "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?", "v12", true},
        {"optional group taken", "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?", "v1.x", true},
        {"no leading zero", "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?", "v01", false},
        {"a dash behind a range is a dash", "[a-zA-Z0-9-_]+", "a-b_c", true},
        {"and nothing between them", "[a-zA-Z0-9-_]+", "a:b", false},
        {"anchors in groups", "(^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)", "i-12345678", true},
        {"anchors hold", "(^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)", "i-123456789", false},
        {"word edges", "arn:\\b(aws|aws-cn)\\b:[a-z:]*", "arn:aws-cn:x", true},
        {"negated class", "[^:*]*", "a/b", true},
        {"negated class refuses", "[^:*]*", "a:b", false},
        {"negated escape in a class", "[^\\s]+", "a b", false},
        {"letters of any script", "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", "\xc3\xa9t\xc3\xa9 1", true},
        {"but no sign", "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", "a!", false},
        {"first sign optional", "^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$", "!name", true},
        {"non-capturing group", "[a-z]+(?::[0-9]{2})?", "ab:12", true},
        {"a dollar in a class is a dollar", "([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)", "$LATEST", true},
        {"the function name",
         "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"
         "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
         "arn:aws:lambda:eu-west-1:123456789012:function:rotate", true},
        {"not a function name",
         "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"
         "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
         "a b", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool known;
        bool fits = pattern_fits(rows[i].pattern, str_of(rows[i].text), &known);

        if (!known || fits != rows[i].fits)
            fail_msg("%s: known %d, fits %d", rows[i].why, known, fits);
    }
}

/* What is not understood is not judged. */
static void test_not_understood(void **state)
{
    static const char *const patterns[] = {
        "^(?!\\s*$).+", "(a",  "a)",     "[a",    "a{",    "a{2",
        "a{3,2}",       "\\q", "\\p{X}", "(?=a)", "[z-a]", "(x{999}){999}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        bool known = true;

        assert_false(pattern_fits(patterns[i], STR("a"), &known));
        if (known)
            fail_msg("%s is judged", patterns[i]);
    }
}

/* Would take a backtracking matcher longer than the world lasts. */
static void test_linear(void **state)
{
    static const char text[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    bool known;

    (void)state;
    assert_false(pattern_fits("((a*)*)*", STR(text), &known));
    assert_true(known);
}

static size_t judged, left_out;

static void look(const struct model_shape *s, size_t depth)
{
    bool known;

    if (s->pattern) {
        pattern_fits(s->pattern, STR("x"), &known);
        if (known)
            judged++;
        else if (strcmp(s->pattern, "^(?!\\s*$).+") == 0)
            left_out++;
        else
            fail_msg("%s: %s is not translated", s->name, s->pattern);
    }
    for (size_t i = 0; i < s->count && depth < 8; i++)
        look(s->members[i].shape, depth + 1);
}

/* Every pattern of the tables compiles, but the one that pattern.c names. */
static void test_the_tables(void **state)
{
    (void)state;
    for (size_t i = 0; aws_services[i]; i++)
        for (size_t j = 0; j < aws_services[i]->operation_count; j++)
            if (aws_services[i]->operations[j].input)
                look(aws_services[i]->operations[j].input, 0);
    assert_true(judged > 100);
    assert_true(left_out > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_not_understood),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_the_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
