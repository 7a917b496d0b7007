#include "tests/unit/steps/mysql/fixture.h"

static const struct mysql_account demouser = {"demouser", "%"};

static void run(struct mysql_session *s, struct buf *sql)
{
    struct error err = {0};

    assert_ok(mysql_run(s, buf_str(sql), NULL, &err));
    buf_reset(sql);
}

static struct json *parsed(const char *text)
{
    struct json *list = NULL;
    struct error err = {0};

    assert_ok(json_parse(str_of(text), NULL, &list, &err));
    return list;
}

static void expect(struct mysql_session *s, const struct mysql_account *a, bool requires_ssl,
                   const char *grants)
{
    CLEANUP(mysql_account_state_release) struct mysql_account_state state = {0};
    CLEANUP(json_freep) struct json *want = parsed(grants);
    CLEANUP(buf_release) struct buf got = {0};
    struct error err = {0};

    assert_ok(mysql_account_look(s, a, &state, &err));
    assert_true(state.exists);
    assert_int_equal(state.requires_ssl, requires_ssl);
    json_write(state.grants, &got);
    if (!json_equal(state.grants, want)) /* the server orders its rows as it likes */
        fail_msg("%s, want %s", buf_text(&got), grants);
}

static void expect_absent(struct mysql_session *s, const struct mysql_account *a)
{
    CLEANUP(mysql_account_state_release) struct mysql_account_state state = {0};
    struct error err = {0};

    assert_ok(mysql_account_look(s, a, &state, &err));
    assert_false(state.exists);
    assert_null(state.grants);
}

static bool logs_in(const struct fixture *f, const char *user, struct str password, struct error *err)
{
    CLEANUP(secret_release) struct secret secret = {0};
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;
    struct mysql_target target = fixture_target(f, user, &secret);

    secret_set(&secret, password);
    target.database = "mylab";
    return mysql_open(&target, &s, err);
}

/* Task 1 of the workshop, and its way back. */
static void test_life_of_an_account(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(json_freep) struct json *four = parsed("[\"CREATE\",\"INSERT\",\"SELECT\",\"DROP\"]");
    CLEANUP(json_freep) struct json *two = parsed("[\"CREATE\",\"DROP\"]");
    CLEANUP(buf_release) struct buf sql = {0};
    struct error err = {0};

    expect_absent(s, &demouser);
    assert_ok(mysql_sql_create_user(&demouser, STR("first-password"), false, false, &sql, &err));
    run(s, &sql);
    expect(s, &demouser, false, "{}");
    assert_ok(mysql_sql_require_ssl(&demouser, false, &sql, &err));
    run(s, &sql);
    expect(s, &demouser, true, "{}");
    assert_ok(mysql_sql_grant(&demouser, "mylab.*", four, false, &sql, &err));
    run(s, &sql);
    expect(s, &demouser, true, "{\"mylab.*\":[\"CREATE\",\"DROP\",\"INSERT\",\"SELECT\"]}");
    assert_ok(logs_in(f, "demouser", STR("first-password"), &err));

    assert_ok(mysql_sql_set_password(&demouser, STR("second-password"), false, &sql, &err));
    run(s, &sql);
    assert_false(logs_in(f, "demouser", STR("first-password"), &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_ok(logs_in(f, "demouser", STR("second-password"), &err));
    expect(s, &demouser, true, "{\"mylab.*\":[\"CREATE\",\"DROP\",\"INSERT\",\"SELECT\"]}");

    assert_ok(mysql_sql_revoke(&demouser, "mylab.*", two, false, &sql, &err));
    run(s, &sql);
    expect(s, &demouser, true, "{\"mylab.*\":[\"INSERT\",\"SELECT\"]}");
    for (int i = 0; i < 2; i++) { /* IF EXISTS: once more does no harm */
        assert_ok(mysql_sql_drop_user(&demouser, false, &sql, &err));
        run(s, &sql);
    }
    expect_absent(s, &demouser);
}

/* Names and passwords that try to get out of their quotes, in both modes: the
 * server has to hold the very same text. */
static void test_quoting_meets_the_server(void **state)
{
    static const struct mysql_account odd = {"o'n\"e\\`il", "%"};
    static const char password[] = "\\'; DROP USER `x`; -- \"\n\r\x1a\xc3\xa9\\";
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(json_freep) struct json *list = parsed("[\"SELECT\"]");
    CLEANUP(buf_release) struct buf sql = {0};
    struct error err = {0};

    for (int i = 0; i < 2; i++) {
        const bool mode = i == 1;

        assert_ok(mysql_run(
            s, mode ? STR("SET SESSION sql_mode='NO_BACKSLASH_ESCAPES'") : STR("SET SESSION sql_mode=''"),
            NULL, &err));
        assert_int_equal(mysql_no_backslash_escapes(s), mode);
        assert_ok(mysql_sql_create_user(&odd, STR(password), true, mode, &sql, &err));
        run(s, &sql);
        assert_ok(mysql_sql_grant(&odd, "mylab.*", list, mode, &sql, &err));
        run(s, &sql);
        assert_ok(mysql_sql_grant(&odd, "my_l`a\\b%.*", list, mode, &sql, &err));
        run(s, &sql);
        expect(s, &odd, true, "{\"my_l`a\\\\b%.*\":[\"SELECT\"],\"mylab.*\":[\"SELECT\"]}");
        assert_ok(logs_in(f, odd.user, STR(password), &err));
        assert_ok(mysql_sql_drop_user(&odd, mode, &sql, &err));
        run(s, &sql);
        expect_absent(s, &odd);
    }
}

/* my_lab is not a pattern: it opens no other database. */
static void test_wildcards_stay_plain(void **state)
{
    static const struct mysql_account reader = {"reader", "%"};
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(json_freep) struct json *list = parsed("[\"SELECT\"]");
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(buf_release) struct buf sql = {0};
    struct mysql_target target = fixture_target(f, "reader", &password);
    struct mysql_session *other = NULL;
    struct error err = {0};

    secret_set(&password, STR("reader-password"));
    assert_ok(mysql_run(s, STR("CREATE DATABASE my_lab"), NULL, &err));
    assert_ok(mysql_run(s, STR("CREATE DATABASE myXlab"), NULL, &err));
    assert_ok(mysql_sql_create_user(&reader, secret_str(&password), true, false, &sql, &err));
    run(s, &sql);
    assert_ok(mysql_sql_grant(&reader, "my_lab.*", list, false, &sql, &err));
    run(s, &sql);
    expect(s, &reader, true, "{\"my_lab.*\":[\"SELECT\"]}");
    target.database = "my_lab";
    assert_ok(mysql_open(&target, &other, &err));
    mysql_end(other);
    target.database = "myXlab";
    assert_false(mysql_open(&target, &other, &err));
    assert_int_equal(err.os_errno, 1044);
    assert_ok(mysql_sql_drop_user(&reader, false, &sql, &err));
    run(s, &sql);
}

static void test_disconnect(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(mysql_endp) struct mysql_session *one = NULL;
    CLEANUP(mysql_endp) struct mysql_session *two = NULL;
    CLEANUP(buf_release) struct buf sql = {0};
    const struct mysql_target target = fixture_target(f, "demouser", &password);
    const struct mysql_account elsewhere = {"demouser", "10.%"};
    const struct mysql_account bad = {"", "%"};
    struct error err = {0};

    secret_set(&password, STR("a-password"));
    assert_ok(mysql_sql_create_user(&demouser, secret_str(&password), true, false, &sql, &err));
    run(s, &sql);
    assert_ok(mysql_open(&target, &one, &err));
    assert_ok(mysql_open(&target, &two, &err));
    assert_ok(mysql_account_disconnect(s, &elsewhere, &err));
    assert_ok(mysql_run(one, STR("SELECT 1"), NULL, &err)); /* not from there */
    assert_ok(mysql_account_disconnect(s, &demouser, &err));
    assert_false(mysql_run(one, STR("SELECT 1"), NULL, &err));
    assert_false(mysql_run(two, STR("SELECT 1"), NULL, &err));
    assert_ok(mysql_account_disconnect(s, &demouser, &err)); /* none left */
    assert_ok(mysql_run(s, STR("SELECT 1"), NULL, &err));    /* never our own */
    assert_false(mysql_account_disconnect(s, &bad, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_ok(mysql_sql_drop_user(&demouser, false, &sql, &err));
    run(s, &sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_an_account),
        cmocka_unit_test(test_quoting_meets_the_server),
        cmocka_unit_test(test_wildcards_stay_plain),
        cmocka_unit_test(test_disconnect),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
