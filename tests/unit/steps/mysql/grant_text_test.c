#include "steps/mysql/privilege.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Texts as servers write them: MariaDB 10.11 captured, MySQL 5.7 and 8.0 from
 * the Reference Manual's pages on SHOW CREATE USER and SHOW GRANTS. */

static void test_requires_ssl(void **state)
{
    static const struct {
        const char *why, *text;
        bool plain_backslash, want;
    } rows[] = {
        {"MariaDB", "CREATE USER `demouser`@`%` IDENTIFIED BY PASSWORD '*A5' REQUIRE SSL", false, true},
        {"MariaDB without", "CREATE USER `demouser`@`%` IDENTIFIED BY PASSWORD '*A5'", false, false},
        {"MySQL 5.7",
         "CREATE USER 'demouser'@'%' IDENTIFIED WITH 'mysql_native_password' AS '*A5' REQUIRE SSL PASSWORD "
         "EXPIRE "
         "DEFAULT ACCOUNT UNLOCK",
         false, true},
        {"MySQL 5.7 without",
         "CREATE USER 'demouser'@'%' IDENTIFIED WITH 'mysql_native_password' AS '*A5' REQUIRE NONE PASSWORD "
         "EXPIRE "
         "DEFAULT ACCOUNT UNLOCK",
         false, false},
        {"MySQL 8.0",
         "CREATE USER `demouser`@`%` IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$x' REQUIRE SSL "
         "PASSWORD "
         "EXPIRE DEFAULT ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD "
         "REQUIRE "
         "CURRENT DEFAULT",
         false, true},
        {"MySQL 8.0: PASSWORD REQUIRE CURRENT is no such thing",
         "CREATE USER `demouser`@`%` IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$x' REQUIRE NONE "
         "PASSWORD "
         "EXPIRE DEFAULT ACCOUNT UNLOCK PASSWORD REQUIRE CURRENT",
         false, false},
        {"a client certificate is more", "CREATE USER `d`@`%` REQUIRE X509", false, true},
        {"and so is its subject", "CREATE USER `d`@`%` REQUIRE ISSUER '/CN=a' SUBJECT '/CN=b'", false, true},
        {"in a salt", "CREATE USER `d`@`%` IDENTIFIED WITH 'x' AS 'a\\' REQUIRE SSL \\'' REQUIRE NONE", false,
         false},
        {"in a salt that ends in a backslash", "CREATE USER `d`@`%` IDENTIFIED WITH 'x' AS 'a\\' REQUIRE SSL",
         true, true},
        {"in a user's name", "CREATE USER ` REQUIRE SSL`@`%` IDENTIFIED BY PASSWORD '*A5'", false, false},
        {"a doubled backtick does not end a name", "CREATE USER `a`` REQUIRE SSL `@`%`", false, false},
        {"cut short", "CREATE USER `d`@`%` REQUIRE ", false, false},
        {"nothing", "", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (mysql_requires_ssl(str_of(rows[i].text), rows[i].plain_backslash) != rows[i].want)
            fail_msg("%s", rows[i].why);
}

static void test_rows(void **state)
{
    static const struct {
        const char *why, *row, *want; /* want NULL: refused */
    } rows[] = {
        {"USAGE is nothing", "GRANT USAGE ON *.* TO `demouser`@`%` IDENTIFIED BY PASSWORD '*A5' REQUIRE SSL",
         "{}"},
        {"MariaDB and MySQL 8: sorted", "GRANT SELECT, INSERT, CREATE, DROP ON `mylab`.* TO `demouser`@`%`",
         "{\"mylab.*\":[\"CREATE\",\"DROP\",\"INSERT\",\"SELECT\"]}"},
        {"MySQL 5.7 quotes the account otherwise", "GRANT SELECT, INSERT ON `mylab`.* TO 'demouser'@'%'",
         "{\"mylab.*\":[\"INSERT\",\"SELECT\"]}"},
        {"ANSI_QUOTES", "GRANT SELECT ON \"mylab\".* TO \"demouser\"@\"%\"", "{\"mylab.*\":[\"SELECT\"]}"},
        {"escaped wildcards come back plain", "GRANT SELECT ON `my\\_lab\\%`.* TO `d`@`%`",
         "{\"my_lab%.*\":[\"SELECT\"]}"},
        {"a table's name has none", "GRANT SELECT ON `my_lab`.`t_1` TO `d`@`%`",
         "{\"my_lab.t_1\":[\"SELECT\"]}"},
        {"words of several words", "GRANT CREATE TEMPORARY TABLES, LOCK TABLES ON `m`.* TO `d`@`%`",
         "{\"m.*\":[\"CREATE TEMPORARY TABLES\",\"LOCK TABLES\"]}"},
        {"everything, and to pass on", "GRANT ALL PRIVILEGES ON *.* TO `admin`@`%` WITH GRANT OPTION",
         "{\"*.*\":[\"ALL PRIVILEGES\",\"GRANT OPTION\"]}"},
        {"dynamic privileges of MySQL 8", "GRANT BACKUP_ADMIN,XA_RECOVER_ADMIN ON *.* TO `admin`@`%`",
         "{\"*.*\":[\"BACKUP_ADMIN\",\"XA_RECOVER_ADMIN\"]}"},
        {"columns", "GRANT SELECT (`a`, `b`), INSERT ON `m`.`t` TO `d`@`%`",
         "{\"m.t\":[\"INSERT\",\"SELECT (a, b)\"]}"},
        {"columns in 5.7", "GRANT SELECT (a, b) ON `m`.`t` TO 'd'@'%'", "{\"m.t\":[\"SELECT (a, b)\"]}"},
        {"ON and TO in a name", "GRANT SELECT ON `a ON b TO c`.* TO `d`@`%`",
         "{\"a ON b TO c.*\":[\"SELECT\"]}"},
        {"a backtick in a name", "GRANT SELECT ON `a``b`.* TO `d`@`%`", "{\"a`b.*\":[\"SELECT\"]}"},
        {"a role", "GRANT `reader`@`%` TO `d`@`%`", "{}"},
        {"a role in MariaDB", "GRANT `reader` TO `d`@`%`", "{}"},
        {"its default", "SET DEFAULT ROLE `reader` FOR `d`@`%`", "{}"},
        {"a routine", "GRANT EXECUTE ON PROCEDURE `m`.`p` TO `d`@`%`", "{}"},
        {"a proxy", "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION", "{}"},
        {"a partial revoke of MySQL 8", "REVOKE SELECT ON `mysql`.* FROM `d`@`%`", "{}"},
        {"not a grant", "DROP USER d", NULL},
        {"no account", "GRANT SELECT ON `m`.*", NULL},
        {"no scope", "GRANT SELECT ON m TO `d`@`%`", NULL},
        {"a name that does not end", "GRANT SELECT ON `m.* TO `d`@`%`", NULL},
        {"something behind the table", "GRANT SELECT ON `m`.`t`.`u` TO `d`@`%`", NULL},
        {"no word", "GRANT  ON `m`.* TO `d`@`%`", NULL},
        {"an empty word", "GRANT SELECT,, INSERT ON `m`.* TO `d`@`%`", NULL},
        {"not a word", "GRANT sel;ect ON `m`.* TO `d`@`%`", NULL},
        {"nothing", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *grants = json_object();
        CLEANUP(buf_release) struct buf got = {0};
        struct error err = {0};
        bool ok = mysql_grant_read(str_of(rows[i].row), false, grants, &err);

        json_write(grants, &got);
        if (rows[i].want ? !ok || strcmp(buf_text(&got), rows[i].want) != 0 : ok || err.code != ERR_SYNTAX)
            fail_msg("%s: %s", rows[i].why, ok ? buf_text(&got) : err.message);
    }
}

/* Two rows for one scope, as MySQL 8 gives static and dynamic ones. */
static void test_rows_add_up(void **state)
{
    CLEANUP(json_freep) struct json *grants = json_object();
    CLEANUP(buf_release) struct buf got = {0};
    struct error err = {0};

    (void)state;
    assert_true(mysql_grant_read(STR("GRANT SELECT, DROP ON `m`.* TO `d`@`%`"), false, grants, &err));
    assert_true(mysql_grant_read(STR("GRANT INSERT, SELECT ON `m`.* TO `d`@`%`"), false, grants, &err));
    assert_true(mysql_grant_read(STR("GRANT SELECT ON `n`.* TO `d`@`%`"), false, grants, &err));
    json_write(grants, &got);
    assert_string_equal(buf_text(&got), "{\"m.*\":[\"DROP\",\"INSERT\",\"SELECT\"],\"n.*\":[\"SELECT\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requires_ssl),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
