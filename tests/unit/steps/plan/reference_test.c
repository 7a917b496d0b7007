#include "steps/plan/reference.h"

#include "aws/common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *why;
    const char *text;
    const char *want; /* "offset:kind(name,output)" of each piece, l(text) for a literal */
};

static const struct row rows[] = {
    {"nothing", "", ""},
    {"plain text", "a $ {b} $x", "0:l(a $ {b} $x)"},
    {"a var", "${days}", "0:n(days,)"},
    {"a whole step and an output", "${steps.db-user}${steps.db.arn}", "0:s(db-user,)16:o(db,arn)"},
    {"environment", "x${env.PATH}y", "0:l(x)1:e(PATH,)12:l(y)"},
    {"literal ${", "a$${b}", "0:l(a)1:l(${)4:l(b})"},
    {"a $ in front of a literal", "$$${b}", "0:l($)1:l(${)4:l(b})"},
    {"unfinished", "a${b", "0:l(a)1:u(,)"},
    {"unfinished at the end", "a${", "0:l(a)1:u(,)"},
    {"empty", "${}", "0:m(,)"},
    {"no name", "${a b}", "0:m(a b,)"},
    {"no step", "${steps.}", "0:m(,)"},
    {"no environment variable", "${env.}", "0:m(,)"},
    {"a step without a dot is a var", "${steps}", "0:n(steps,)"},
    {"nested: the first } ends it", "${a${b}}", "0:m(a${b,)7:l(})"},
};

static void every_row(void **state)
{
    static const char letters[PIECE_KINDS] = {'l', 'n', 's', 'o', 'e', 'm', 'u'};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf got = {0};
        struct piece piece;
        size_t at = 0;

        while (reference_next(str_of(rows[i].text), &at, &piece)) {
            buf_printf(&got, "%zu:%c(", piece.offset, letters[piece.kind]);
            if (piece.kind == PIECE_LITERAL)
                buf_printf(&got, "%.*s)", STR_ARG(piece.text));
            else
                buf_printf(&got, "%.*s,%.*s)", STR_ARG(piece.name), STR_ARG(piece.output));
        }
        if (strcmp(buf_text(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].why, buf_text(&got));
        buf_release(&got);
    }
}

static void whole(void **state)
{
    struct piece piece;

    (void)state;
    assert_true(reference_whole(STR("${steps.a.b}"), &piece));
    assert_int_equal(piece.kind, PIECE_OUTPUT);
    assert_false(reference_whole(STR("${a} "), &piece));
    assert_false(reference_whole(STR("${a}${b}"), &piece));
    assert_false(reference_whole(STR("$${"), &piece));
    assert_false(reference_whole(STR(""), &piece));
}

static void ids(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_true(reference_is_id(STR("a")));
    assert_true(reference_is_id(STR("Db-user_2")));
    assert_true(reference_is_id((struct str){longest, 64}));
    assert_false(reference_is_id((struct str){longest, 65}));
    assert_false(reference_is_id(STR("")));
    assert_false(reference_is_id(STR("2a")));
    assert_false(reference_is_id(STR("-a")));
    assert_false(reference_is_id(STR("a.b")));
    assert_false(reference_is_id(STR("\xc3\xa9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(whole),
        cmocka_unit_test(ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
