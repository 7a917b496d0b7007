/* Columns are counted as a terminal counts them; nothing moves the cursor. */
#include "cmd/lab/live_text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    static const struct {
        const char *why, *in;
        size_t columns;
        bool utf8;
        const char *want;
        size_t used;
    } rows[] = {
        {"what fits stays", "abc", 3, true, "abc", 3},
        {"what does not is cut and says so", "abcd", 3, true, "ab\xe2\x80\xa6", 3},
        {"in ASCII by another sign", "abcd", 3, false, "ab~", 3},
        {"a wide character takes two columns",
         "\xe6\x97\xa5"
         "b",
         3, true,
         "\xe6\x97\xa5"
         "b",
         3},
        {"and is never cut in half", "\xe6\x97\xa5\xe6\x9c\xac", 3, true, "\xe6\x97\xa5\xe2\x80\xa6", 3},
        {"an accent above takes none", "e\xcc\x81x", 2, true, "e\xcc\x81x", 2},
        {"an escape sequence is text", "\033[2Jx", 9, true, "?[2Jx", 5},
        {"so is a C1 control",
         "\xc2\x9b"
         "2J",
         9, true, "?2J", 3},
        {"bytes that are no UTF-8", "a\xff\xc3", 9, true, "a??", 3},
        {"one sign for each character in ASCII", "\xc3\xa4\xe6\x97\xa5", 9, false, "??", 2},
        {"a newline is no new line", "a\nb", 9, true, "a?b", 3},
        {"no room at all", "abc", 0, true, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP(buf_release) struct buf out = {0};
        size_t used = live_text_add(str_of(rows[i].in), rows[i].columns, rows[i].utf8, &out);

        if (strcmp(buf_text(&out), rows[i].want) != 0 || used != rows[i].used)
            fail_msg("%s: \"%s\" in %zu columns", rows[i].why, buf_text(&out), used);
    }
}

static void test_pad(void **state)
{
    CLEANUP(buf_release) struct buf out = {0};

    (void)state;
    live_text_pad(STR("ab"), 4, true, &out);
    assert_string_equal(buf_text(&out), "ab  ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_pad)};

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
