#include "steps/mysql/rotation.h"
#include "tests/unit/steps/mysql/fixture.h"

static void test_parse(void **state)
{
    CLEANUP(mysql_login_release) struct mysql_login l = {0};
    struct error err = {0};

    (void)state;
    /* Facts 8.6, as the console writes it. */
    assert_ok(mysql_login_parse(
        STR("{\"engine\":\"mysql\",\"host\":\"db.example\",\"username\":\"demouser\",\"password\":"
            "\"p\\u00e9\\\"\","
            "\"dbname\":\"mylab\",\"port\":3307,\"dbClusterIdentifier\":\"auroralab-mysql-cluster\"}"),
        NULL, &l, &err));
    assert_string_equal(l.host, "db.example");
    assert_string_equal(l.user, "demouser");
    assert_string_equal(l.database, "mylab");
    assert_int_equal(l.port, 3307);
    assert_string_equal(secret_text(&l.password), "p\xc3\xa9\"");
    mysql_login_release(&l);

    /* An admin secret of two members; the caller knows the cluster. */
    assert_ok(mysql_login_parse(STR("{\"username\":\"admin\",\"password\":\"p\"}"), "db.example", &l, &err));
    assert_string_equal(l.host, "db.example");
    assert_int_equal(l.port, 3306);
    assert_string_equal(l.database, "");
    mysql_login_release(&l);
    mysql_login_release(&l);
}

#define SECRET(more)                                                                                         \
    "{\"engine\":\"mysql\",\"host\":\"h\",\"username\":\"u\",\"password\":\"hunter2\"" more "}"

static void test_parse_rows(void **state)
{
    static const struct {
        const char *why, *secret, *fallback, *refused; /* refused NULL: taken, else part of the message */
        unsigned port;
    } rows[] = {
        {"a port as text", SECRET(",\"port\":\"3310\""), NULL, NULL, 3310},
        {"Aurora's engine",
         "{\"engine\":\"aurora-mysql\",\"host\":\"h\",\"username\":\"u\",\"password\":\"p\"}", NULL, NULL,
         3306},
        {"the secret's own host wins", SECRET(""), "other", NULL, 3306},
        {"no database", SECRET(",\"dbname\":null"), NULL, NULL, 3306},
        {"what else is in it does not matter", SECRET(",\"ssl\":false,\"masterarn\":\"a\""), NULL, NULL,
         3306},
        {"no engine", "{\"host\":\"h\",\"username\":\"u\",\"password\":\"hunter2\"}", NULL, "\"engine\"", 0},
        {"another engine",
         "{\"engine\":\"postgres\",\"host\":\"h\",\"username\":\"u\",\"password\":\"hunter2\"}", NULL,
         "postgres", 0},
        {"no host", "{\"engine\":\"mysql\",\"username\":\"u\",\"password\":\"hunter2\"}", NULL, "\"host\"",
         0},
        {"no user", "{\"engine\":\"mysql\",\"host\":\"h\",\"password\":\"hunter2\"}", NULL, "\"username\"",
         0},
        {"no password", "{\"engine\":\"mysql\",\"host\":\"h\",\"username\":\"u\"}", NULL, "\"password\"", 0},
        {"an empty password", "{\"engine\":\"mysql\",\"host\":\"h\",\"username\":\"u\",\"password\":\"\"}",
         NULL, "\"password\"", 0},
        {"a password that is no text",
         "{\"engine\":\"mysql\",\"host\":\"h\",\"username\":\"u\",\"password\":1}", NULL, "\"password\"", 0},
        {"an empty host", "{\"engine\":\"mysql\",\"host\":\"\",\"username\":\"u\",\"password\":\"hunter2\"}",
         NULL, "\"host\"", 0},
        {"port 0", SECRET(",\"port\":0"), NULL, "\"port\"", 0},
        {"a port too high", SECRET(",\"port\":65536"), NULL, "\"port\"", 0},
        {"a negative port", SECRET(",\"port\":-1"), NULL, "\"port\"", 0},
        {"a port that is no number", SECRET(",\"port\":\"x\""), NULL, "\"port\"", 0},
        {"a port that is a list", SECRET(",\"port\":[]"), NULL, "\"port\"", 0},
        {"a database that is no text", SECRET(",\"dbname\":[]"), NULL, "\"dbname\"", 0},
        {"a database over 64 bytes",
         SECRET(",\"dbname\":\"01234567890123456789012345678901234567890123456789012345678901234\""), NULL,
         "\"dbname\"", 0},
        {"two hosts", SECRET(",\"host\":\"i\""), NULL, "not JSON", 0},
        {"not JSON", "hunter2", NULL, "not JSON", 0},
        {"not an object", "[\"hunter2\"]", NULL, "not a JSON object", 0},
        {"nothing", "", NULL, "not JSON", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mysql_login_release) struct mysql_login l = {0};
        struct error err = {0};
        bool ok = mysql_login_parse(str_of(rows[i].secret), rows[i].fallback, &l, &err);

        if (!rows[i].refused) {
            if (!ok || l.port != rows[i].port || strcmp(l.host, "h") != 0)
                fail_msg("%s: %s", rows[i].why, ok ? l.host : err.message);
            continue;
        }
        if (ok || err.code != ERR_SYNTAX || !strstr(err.message, rows[i].refused))
            fail_msg("%s: %s", rows[i].why, ok ? "taken" : err.message);
        assert_null(strstr(err.message, "hunter2"));
        assert_int_equal(l.password.len, 0);
    }
}

static void make_user(const struct fixture *f, const char *user, struct str password)
{
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(buf_release) struct buf sql = {0};
    const struct mysql_account account = {user, "%"};
    struct error err = {0};

    assert_ok(mysql_sql_create_user(&account, password, true, false, &sql, &err));
    assert_ok(mysql_run(s, buf_str(&sql), NULL, &err));
}

static void make_login(const struct fixture *f, const char *user, struct str password, struct mysql_login *l)
{
    *l = (struct mysql_login){.port = f->port};
    (void)snprintf(l->host, sizeof l->host, "%s", f->address);
    (void)snprintf(l->user, sizeof l->user, "%s", user);
    secret_set(&l->password, password);
}

/* The function's setSecret and testSecret: by the user itself, with USAGE only. */
static void test_rotates(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_login_release) struct mysql_login l = {0};
    CLEANUP(secret_release) struct secret next = {0};
    struct error err = {0};

    make_user(f, "rotated", STR("first-password"));
    make_login(f, "rotated", STR("first-password"), &l);
    assert_ok(mysql_login_test(&l, f->ca, &err));
    secret_set(&next, STR("it's \\ the next"));
    assert_ok(mysql_login_set_password(&l, &next, f->ca, &err));
    assert_false(mysql_login_test(&l, f->ca, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_null(strstr(err.message, "first-password"));
    secret_copy(&l.password, &next);
    assert_ok(mysql_login_test(&l, f->ca, &err));

    secret_release(&next);
    assert_false(mysql_login_set_password(&l, &next, f->ca, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(mysql_login_test(&l, NULL, &err)); /* no CA, no login */
    assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_rows),
        cmocka_unit_test(test_rotates),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
