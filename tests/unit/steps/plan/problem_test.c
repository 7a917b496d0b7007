#include "steps/plan/problem.h"

#include "tests/unit/steps/plan/kinds.h"

/* One mistake at a place of a text, as it is printed. */
static void printed(const char *text, int line, int column, const char *message, const char *want)
{
    struct plan_problems problems = {0};
    struct source source;
    struct buf out = {0};

    source_init(&source, str_of(text));
    problem_add(&problems, &source, (struct place){line, column}, "%s", message);
    source_release(&source);
    problems_sort(&problems);
    plan_problems_print(&problems, "f", &out);
    assert_string_equal(buf_text(&out), want);
    buf_release(&out);
    plan_problems_release(&problems);
    plan_problems_release(&problems);
}

static void caret(void **state)
{
    (void)state;
    printed("a: b\n", 1, 4, "m", "f:1:4: m\na: b\n   ^\n");
    printed("x\n\ta:\tb\n", 2, 5, "m", "f:2:5: m\n\ta:\tb\n\t  \t^\n"); /* tabs stay tabs */
    printed("\xc3\xa9\xc3\xa9: b", 1, 5, "m",
            "f:1:5: m\n\xc3\xa9\xc3\xa9: b\n    ^\n");    /* characters, not bytes */
    printed("ab", 1, 3, "m", "f:1:3: m\nab\n  ^\n");      /* behind the end */
    printed("ab\n", 2, 1, "m", "f:2:1: m\n\n^\n");        /* the line after the last */
    printed("ab\n", 0, 0, "m", "f: m\n");                 /* no place, no caret */
    printed("a\r\nb\r\n", 2, 1, "m", "f:2:1: m\nb\n^\n"); /* CR LF is one break */
    printed("a\xe2\x80\xa8"
            "b",
            2, 1, "m", "f:2:1: m\nb\n^\n"); /* LS breaks lines in YAML 1.1 */
    printed("\xef\xbb\xbf"
            "ab",
            1, 2, "m", "f:1:2: m\nab\n ^\n"); /* a byte order mark is no column */
}

/* What a terminal would obey never reaches it; columns hold. */
static void controls(void **state)
{
    (void)state;
    printed("\x1b[31m: b", 1, 7, "a\x1b[0m\nb", "f:1:7: a?[0m?b\n?[31m: b\n      ^\n");
    printed("\xc2\x9b: b", 1, 2, "\xc2\x9b", "f:1:2: ?\n?: b\n ^\n");
    printed("\xff\xc3: b", 1, 3, "\xc3", "f:1:3: ?\n??: b\n  ^\n");
    printed("a\x7f", 1, 1, "\t", "f:1:1: ?\na?\n^\n");
}

static void long_lines(void **state)
{
    struct plan_problems problems = {0};
    struct buf text = {0}, out = {0};
    struct source source;
    struct str rest, line;

    (void)state;
    for (int i = 0; i < 300; i++)
        buf_adds(&text, "\xc3\xa9");
    buf_adds(&text, "X");
    source_init(&source, buf_str(&text));
    problem_add(&problems, &source, (struct place){1, 301}, "%s", buf_text(&text));
    problem_add(&problems, &source, (struct place){1, 1}, "m");
    source_release(&source);
    problems_sort(&problems);
    assert_int_equal(strlen(problems.items[0].source), 200); /* 100 characters, not one cut in two */
    assert_int_equal(problems.items[0].source_from, 0);
    assert_int_equal(problems.items[1].source_from, 220);
    assert_int_equal(strlen(problems.items[1].source), 161); /* 80 in front of the place */
    assert_true(str_is_utf8(str_of(problems.items[1].message)));
    assert_true(str_ends(str_of(problems.items[1].message), STR("...")));
    plan_problems_print(&problems, "f", &out);
    rest = buf_str(&out);
    for (int i = 0; i < 6; i++)
        assert_true(str_split(&rest, '\n', &line));
    assert_int_equal(line.len, 81); /* the caret stands under the X */
    plan_problems_release(&problems);
    buf_release(&text);
    buf_release(&out);
}

static void sorted_and_bounded(void **state)
{
    struct plan_problems problems = {0};
    struct source source;

    (void)state;
    source_init(&source, STR("a"));
    for (int i = 2000; i > 0; i--)
        problem_add(&problems, &source, (struct place){i, 1}, "m");
    assert_int_equal(problems.count, 200);
    assert_true(problems_full(&problems));
    plan_problems_release(&problems);
    for (int i = 150; i > 0; i--)
        problem_add(&problems, &source, (struct place){i / 2, i % 2}, "%d", i);
    problem_add(&problems, &source, (struct place){0, 1}, "same place, later");
    problems_sort(&problems);
    assert_int_equal(problems.count, 100);
    assert_string_equal(problems.items[0].message, "1");
    assert_string_equal(problems.items[1].message, "same place, later");
    assert_string_equal(problems.items[99].message, "99");
    plan_problems_release(&problems);
    source_release(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caret),
        cmocka_unit_test(controls),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(sorted_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
