#include "steps/mysql/option_file.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/unit/steps/mysql/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char *directory;

static const char *write_file(const char *text, mode_t mode)
{
    static char path[512];
    struct error err;

    (void)snprintf(path, sizeof path, "%s/my.cnf", directory);
    assert_ok(file_replace(path, str_of(text), &err));
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void test_reads(void **state)
{
    static const struct {
        const char *why, *text, *user, *password, *host;
        unsigned port;
        const char *ca;
    } rows[] = {
        {"all five", "[client]\nuser=admin\npassword=p\nhost=db.example\nport=3307\nssl-ca=/tmp/ca.pem\n",
         "admin", "p", "db.example", 3307, "/tmp/ca.pem"},
        {"user and password are enough", "[client]\nuser=admin\npassword=p", "admin", "p", "", 0, ""},
        {"spaces, comments, CRLF, underscores",
         "# mine\r\n\r\n[ client ]\r\n  user = admin # who\r\n; no\r\npassword =  a b \r\nssl_ca=x\r\n",
         "admin", "a b", "", 0, "x"},
        {"quotes keep what a comment would begin", "[client]\nuser='ad min'\npassword=\"a#b\"\n", "ad min",
         "a#b", "", 0, ""},
        {"without quotes it begins one", "[client]\nuser=admin\npassword=a#b\n", "admin", "a", "", 0, ""},
        {"escapes", "[client]\nuser=admin\npassword=\"a\\\\b\\sc\\\"d\\q\"\n", "admin", "a\\b c\"d\\q", "", 0,
         ""},
        {"one quote is a character", "[client]\nuser=admin\npassword=a'\n", "admin", "a'", "", 0, ""},
        {"an equals sign in the value", "[client]\nuser=admin\npassword==a=\n", "admin", "=a=", "", 0, ""},
        {"other groups are others'",
         "[mysqld]\nuser=mysql\nport=9\n[client]\nuser=admin\npassword=p\n[mysqldump]\npassword=no\n",
         "admin", "p", "", 0, ""},
        {"the last wins", "[client]\nuser=a\nuser=b\npassword=p\n[mysql]\n[client]\npassword=q\n", "b", "q",
         "", 0, ""},
        {"other options are left out",
         "[client]\nplugin-dir=/evil\nssl-mode=DISABLED\nno-beep\nuser=a\npassword=p\n", "a", "p", "", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mysql_login_release) struct mysql_login l = {0};
        struct error err = {0};

        if (!mysql_option_file_read(write_file(rows[i].text, 0600), &l, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        if (strcmp(l.user, rows[i].user) != 0 || strcmp(secret_text(&l.password), rows[i].password) != 0 ||
            strcmp(l.host, rows[i].host) != 0 || l.port != rows[i].port || strcmp(l.ca_file, rows[i].ca) != 0)
            fail_msg("%s: %s, %s, %s, %u, %s", rows[i].why, l.user, secret_text(&l.password), l.host, l.port,
                     l.ca_file);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *why, *text;
        mode_t mode;
        const char *message; /* part of it */
    } rows[] = {
        {"the group may read it", "[client]\nuser=a\npassword=hunter2\n", 0640, "chmod 600"},
        {"others may", "[client]\nuser=a\npassword=hunter2\n", 0604, "chmod 600"},
        {"no user", "[client]\npassword=hunter2\n", 0600, "has no user"},
        {"no password", "[client]\nuser=a\n", 0600, "has no password"},
        {"an empty password", "[client]\nuser=a\npassword=\n", 0600, "my.cnf:3: the password is empty"},
        {"a password to be asked for", "[client]\nuser=a\npassword\n", 0600, "my.cnf:3: there is no value"},
        {"another group only", "[mysql]\nuser=a\npassword=hunter2\n", 0600, "has no user"},
        {"no port", "[client]\nport=hunter2\n", 0600, "my.cnf:2: the port is none"},
        {"a port too high", "[client]\nport=65536\n", 0600, "my.cnf:2: the port is none"},
        {"another file", "!include hunter2\n", 0600, "my.cnf:1: other files are not included"},
        {"half a group", "\n[client\n", 0600, "my.cnf:2: a group has no"},
        {"a user nobody could have",
         "[client]\nuser="
         "hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2\n",
         0600, "my.cnf:2: the value is empty or too long"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mysql_login l = {0};
        struct error err = {0};

        if (mysql_option_file_read(write_file(rows[i].text, rows[i].mode), &l, &err))
            fail_msg("%s: taken", rows[i].why);
        if (err.code != ERR_CONFIG || !strstr(err.message, rows[i].message) || strstr(err.message, "hunter2"))
            fail_msg("%s: %s", rows[i].why, err.message);
        assert_null(l.password.data);
    }
}

static void test_other_files(void **state)
{
    struct mysql_login l = {0};
    struct error err = {0};
    CLEANUP(buf_release) struct buf big = {0};

    (void)state;
    assert_false(mysql_option_file_read("/nonexistent/my.cnf", &l, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    assert_false(mysql_option_file_read(directory, &l, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    while (big.len <= 65536)
        buf_adds(&big, "# too long\n");
    assert_false(mysql_option_file_read(write_file(buf_text(&big), 0600), &l, &err));
    assert_int_equal(err.code, ERR_LIMIT);

    /* "~/" is the home directory. */
    (void)write_file("[client]\nuser=a\npassword=p\n", 0600);
    CLEANUP(mem_freep) char *home = mem_dup(getenv("HOME") ? getenv("HOME") : "");
    assert_int_equal(setenv("HOME", directory, 1), 0);
    assert_ok(mysql_option_file_read("~/my.cnf", &l, &err));
    assert_int_equal(setenv("HOME", home, 1), 0);
    mysql_login_release(&l);
}

static int make_directory(void **state)
{
    struct error err;

    (void)state;
    return file_temp_dir("lab-options", &directory, &err) ? 0 : -1;
}

static int remove_directory(void **state)
{
    struct error err;
    bool gone = file_remove_tree(directory, &err);

    (void)state;
    mem_free(directory);
    return gone ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads), cmocka_unit_test(test_refuses),
                                       cmocka_unit_test(test_other_files)};

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
