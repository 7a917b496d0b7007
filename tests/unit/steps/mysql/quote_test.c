#include "steps/mysql/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define S(literal)                                                                                           \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    } /* STR() is no constant */
#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define E_ACUTE "\xc3\xa9"
#define E10 E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE

struct row {
    const char *why;
    struct str in;
    const char *want; /* NULL: refused, and the error holds `part` */
    const char *part;
};

static void check(const struct row *row, bool ok, const struct buf *out, const struct error *err)
{
    if (row->want) {
        if (!ok || strcmp(buf_text(out), row->want) != 0)
            fail_msg("%s: got %s%s, want %s", row->why, buf_text(out), ok ? "" : err->message, row->want);
        return;
    }
    if (ok || err->code != ERR_USAGE || !strstr(err->message, row->part))
        fail_msg("%s: got %s, want an error with %s", row->why, ok ? buf_text(out) : err->message, row->part);
}

static void test_identifier(void **state)
{
    static const struct row rows[] = {
        {"plain", S("mylab"), "`mylab`", NULL},
        {"the way out is doubled", S("a`b"), "`a``b`", NULL},
        {"two in a row", S("``"), "``````", NULL},
        {"an attack stays inside", S("x`; DROP USER `y"), "`x``; DROP USER ``y`", NULL},
        {"other quotes and backslash stand for themselves", S("a'b\"c\\d"), "`a'b\"c\\d`", NULL},
        {"wildcards are plain here", S("my_lab%"), "`my_lab%`", NULL},
        {"64 characters", S(X60 "xxxx"), "`" X60 "xxxx`", NULL},
        {"64 characters of two bytes", S(E10 E10 E10 E10 E10 E10 "xxxx"), "`" E10 E10 E10 E10 E10 E10 "xxxx`",
         NULL},
        {"65 characters", S(X60 "xxxxx"), NULL, "64"},
        {"empty", S(""), NULL, "empty"},
        {"NUL would end it early", S("a\0b"), NULL, "NUL"},
        {"cut in a character", S("a\xc3"), NULL, "UTF-8"},
        {"overlong quote", S("a\xc0\xa7"), NULL, "UTF-8"},
        {"names are utf8mb3", S("a\xf0\x9f\x98\x80"), NULL, "U+FFFF"},
        {"the server cuts it off", S("mylab "), NULL, "space"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = mysql_quote_identifier(rows[i].in, &out, &err);

        check(&rows[i], ok, &out, &err);
    }
}

static void test_database(void **state)
{
    static const struct row rows[] = {
        {"plain", S("mylab"), "`mylab`", NULL},
        {"_ would match any character", S("my_lab"), "`my\\_lab`", NULL},
        {"% would match all", S("%"), "`\\%`", NULL},
        {"the escape itself", S("a\\b"), "`a\\\\b`", NULL},
        {"a backtick is doubled, not escaped", S("a`_"), "`a``\\_`", NULL},
        {"64 characters, more when escaped", S(X60 "____"), "`" X60 "\\_\\_\\_\\_`", NULL},
        {"65 characters", S(X60 "_____"), NULL, "64"},
        {"NUL", S("a\0"), NULL, "NUL"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = mysql_quote_database(rows[i].in, &out, &err);

        check(&rows[i], ok, &out, &err);
    }
}

static void test_text(void **state)
{
    static const struct row rows[] = {
        {"plain", S("secret"), "'secret'", NULL},
        {"empty is a text", S(""), "''", NULL},
        {"quote", S("it's"), "'it\\'s'", NULL},
        {"a backslash before the end would swallow the quote", S("a\\"), "'a\\\\'", NULL},
        {"backslash and quote", S("\\'"), "'\\\\\\''", NULL},
        {"line breaks and Ctrl-Z", S("a\nb\rc\x1a"), "'a\\nb\\rc\\Z'", NULL},
        {"double quotes and wildcards stand for themselves", S("\"%_`"), "'\"%_`'", NULL},
        {"any character of utf8mb4", S("\xf0\x9f\x98\x80"), "'\xf0\x9f\x98\x80'", NULL},
        {"NUL", S("a\0b"), NULL, "NUL"},
        {"a lead byte would swallow the closing quote", S("a\xbf"), NULL, "UTF-8"},
    };
    static const struct row plain_rows[] = {
        {"quote is doubled", S("it's"), "'it''s'", NULL},
        {"backslash is a character", S("a\\"), "'a\\'", NULL},
        {"backslash and quote", S("\\'"), "'\\'''", NULL},
        {"line breaks stand for themselves", S("a\nb"), "'a\nb'", NULL},
        {"NUL", S("\0"), NULL, "NUL"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = mysql_quote_text(rows[i].in, false, &out, &err);

        check(&rows[i], ok, &out, &err);
    }
    for (size_t i = 0; i < ARRAY_LEN(plain_rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = mysql_quote_text(plain_rows[i].in, true, &out, &err);

        check(&plain_rows[i], ok, &out, &err);
    }
}

static void test_account(void **state)
{
    static const struct {
        const char *why, *user, *host, *want, *part;
    } rows[] = {
        {"the workshop's", "demouser", "%", "'demouser'@'%'", NULL},
        {"quotes in both", "o'neil", "a'b", "'o\\'neil'@'a\\'b'", NULL},
        {"32 characters", X10 X10 X10 "xx", "%", "'" X10 X10 X10 "xx'@'%'", NULL},
        {"33 characters", X10 X10 X10 "xxx", "%", NULL, "user name is over 32"},
        {"the anonymous account is nobody's", "", "%", NULL, "user name is empty"},
        {"an empty host would mean any", "demouser", "", NULL, "host of the user is empty"},
        {"61 characters of host", "demouser", X60 "x", NULL, "host of the user is over 60"},
        {"bytes that are no text", "demo\xff", "%", NULL, "UTF-8"},
        {"names are utf8mb3", "\xf0\x9f\x98\x80", "%", NULL, "U+FFFF"},
        {"absent", NULL, NULL, NULL, "empty"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct mysql_account a = {rows[i].user, rows[i].host};
        const struct row row = {rows[i].why, S(""), rows[i].want, rows[i].part};
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = mysql_quote_account(&a, false, &out, &err);

        check(&row, ok, &out, &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifier),
        cmocka_unit_test(test_database),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
