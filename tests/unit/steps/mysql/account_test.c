#include "steps/mysql/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct mysql_account demouser = {"demouser", "%"};

/* The workshop's meaning, in words that 5.7, 8 and MariaDB all take. */
static void test_statements(void **state)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct error err = {0};

    (void)state;
    assert_true(mysql_sql_create_user(&demouser, STR("pa'ss\\"), true, false, &out, &err));
    assert_string_equal(buf_text(&out), "CREATE USER 'demouser'@'%' IDENTIFIED BY 'pa\\'ss\\\\' REQUIRE SSL");
    buf_reset(&out);
    assert_true(mysql_sql_create_user(&demouser, STR("pa'ss\\"), false, true, &out, &err));
    assert_string_equal(buf_text(&out), "CREATE USER 'demouser'@'%' IDENTIFIED BY 'pa''ss\\'");
    buf_reset(&out);
    assert_true(mysql_sql_set_password(&demouser, STR("new"), false, &out, &err));
    assert_string_equal(buf_text(&out), "ALTER USER 'demouser'@'%' IDENTIFIED BY 'new'");
    buf_reset(&out);
    assert_true(mysql_sql_require_ssl(&demouser, false, &out, &err));
    assert_string_equal(buf_text(&out), "ALTER USER 'demouser'@'%' REQUIRE SSL");
    buf_reset(&out);
    assert_true(mysql_sql_drop_user(&demouser, false, &out, &err));
    assert_string_equal(buf_text(&out), "DROP USER IF EXISTS 'demouser'@'%'");
}

static void test_refused(void **state)
{
    const struct mysql_account nobody = {"", "%"};
    CLEANUP(buf_release) struct buf out = {0};
    struct error err = {0};

    (void)state;
    assert_false(mysql_sql_create_user(&demouser, STR(""), true, false, &out, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(mysql_sql_set_password(&demouser, STR("hun\0ter"), false, &out, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_null(strstr(err.message, "hun"));
    assert_false(mysql_sql_drop_user(&nobody, false, &out, &err));
    assert_int_equal(err.code, ERR_USAGE);
}

static const struct grant_row {
    const char *why, *scope, *privileges,
        *want; /* want: what stands between verb and account; NULL: refused */
} grant_rows[] = {
    {"the workshop's", "mylab.*", "[\"CREATE\",\"INSERT\",\"SELECT\",\"DROP\"]",
     "CREATE, INSERT, SELECT, DROP ON `mylab`.*"},
    {"_ is a wildcard in a database's grant", "my_lab.*", "[\"SELECT\"]", "SELECT ON `my\\_lab`.*"},
    {"but not in a table's", "my_lab.my_table", "[\"SELECT\"]", "SELECT ON `my_lab`.`my_table`"},
    {"everything", "*.*", "[\"SELECT\"]", "SELECT ON *.*"},
    {"any case is taken, one is written", "mylab.*", "[\"select\",\"Lock Tables\"]",
     "SELECT, LOCK TABLES ON `mylab`.*"},
    {"ALL is short for ALL PRIVILEGES", "mylab.*", "[\"all\"]", "ALL PRIVILEGES ON `mylab`.*"},
    {"a dot in the database", "my.lab.*", "[\"SELECT\"]", "SELECT ON `my.lab`.*"},
    {"a backtick in the database", "my`lab.*", "[\"SELECT\"]", "SELECT ON `my``lab`.*"},
    {"not a word of MySQL", "mylab.*", "[\"READ\"]", NULL},
    {"no SQL in a word", "mylab.*", "[\"SELECT ON *.* TO x -- \"]", NULL},
    {"USAGE gives nothing", "mylab.*", "[\"USAGE\"]", NULL},
    {"passing on is not for labs", "mylab.*", "[\"GRANT OPTION\"]", NULL},
    {"a server's privilege on a database", "mylab.*", "[\"SUPER\"]", NULL},
    {"a database's privilege on a table", "mylab.t", "[\"LOCK TABLES\"]", NULL},
    {"twice", "mylab.*", "[\"SELECT\",\"select\"]", NULL},
    {"all and more", "mylab.*", "[\"ALL\",\"SELECT\"]", NULL},
    {"none", "mylab.*", "[]", NULL},
    {"not a list", "mylab.*", "\"SELECT\"", NULL},
    {"not a text", "mylab.*", "[1]", NULL},
    {"no table", "mylab", "[\"SELECT\"]", NULL},
    {"empty table", "mylab.", "[\"SELECT\"]", NULL},
    {"empty database", ".*", "[\"SELECT\"]", NULL},
    {"a table of all databases", "*.t", "[\"SELECT\"]", NULL},
    {"two ways to read it", "a.b.c", "[\"SELECT\"]", NULL},
    {"nothing", "", "[\"SELECT\"]", NULL},
    {"a name over 64 characters", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.*",
     "[\"SELECT\"]", NULL},
};

static void check_grant(const struct grant_row *row, const char *verb, const char *to, bool ok,
                        const struct buf *out, const struct error *err)
{
    CLEANUP(buf_release) struct buf want = {0};

    if (!row->want) {
        if (ok || (err->code != ERR_PLAN && err->code != ERR_USAGE))
            fail_msg("%s: not refused: %s", row->why, buf_text(out));
        return;
    }
    buf_printf(&want, "%s %s %s 'demouser'@'%%'", verb, row->want, to);
    if (!ok || strcmp(buf_text(&want), buf_text(out)) != 0)
        fail_msg("%s: %s, want %s", row->why, ok ? buf_text(out) : err->message, buf_text(&want));
}

static void test_grants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(grant_rows); i++) {
        const struct grant_row *row = &grant_rows[i];
        CLEANUP(json_freep) struct json *privileges = NULL;
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok;

        assert_true(json_parse(str_of(row->privileges), NULL, &privileges, &err));
        ok = mysql_sql_grant(&demouser, row->scope, privileges, false, &out, &err);
        check_grant(row, "GRANT", "TO", ok, &out, &err);
        buf_reset(&out);
        ok = mysql_sql_revoke(&demouser, row->scope, privileges, false, &out, &err);
        check_grant(row, "REVOKE", "FROM", ok, &out, &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_grants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
