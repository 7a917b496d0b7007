#include "tests/unit/steps/mysql/fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* --- a server that offers no TLS --- */

/* Protocol::HandshakeV10 by hand: capabilities 0xf7ff | SSL, less SSL (0x0800). */
static const unsigned char greeting[] = "\x4a\0\0\0" /* 74 bytes, packet 0 */
                                        "\x0a"
                                        "5.7.44\0" /* protocol 10, version */
                                        "\x01\0\0\0"
                                        "abcdefgh\0" /* thread, first 8 bytes of the nonce */
                                        "\xff\xf7"
                                        "\x21"
                                        "\x02\0"
                                        "\x0f\x80" /* low capabilities, charset, status, high capabilities */
                                        "\x15"
                                        "\0\0\0\0\0\0\0\0\0\0" /* nonce of 21 bytes, reserved */
                                        "ijklmnopqrst\0"
                                        "mysql_native_password";

struct plain_server {
    int listener;
    size_t received;
};

static void *serve_plain(void *arg)
{
    struct plain_server *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    char bytes[512];
    ssize_t n;

    if (fd < 0)
        return NULL;
    if (send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == (ssize_t)sizeof greeting)
        while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
            s->received += (size_t)n;
    close(fd);
    return NULL;
}

static void test_plain_server_gets_nothing(void **state)
{
    CLEANUP(secret_release) struct secret password = {0};
    struct plain_server plain = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    struct mysql_session *s = NULL;
    char ca[] = "/tmp/lab-ca.XXXXXX";
    int fd = mkstemp(ca);
    struct mysql_target target = {
        .host = "127.0.0.1", .user = "demouser", .password = &password, .ca_file = ca};
    pthread_t thread;
    struct error err = {0};

    (void)state;
    assert_int_equal(sizeof greeting, 4 + 0x4a);
    assert_true(fd >= 0 && plain.listener >= 0);
    close(fd);
    secret_set(&password, STR("not-for-plain-text"));
    assert_ok(fixture_certificate("127.0.0.1", ca, NULL, NULL, &err));
    assert_int_equal(bind(plain.listener, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(plain.listener, 1), 0);
    assert_int_equal(getsockname(plain.listener, (struct sockaddr *)&name, &len), 0);
    target.port = ntohs(name.sin_port);
    assert_int_equal(pthread_create(&thread, NULL, serve_plain, &plain), 0);

    assert_false(mysql_open(&target, &s, &err));
    assert_null(s);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(plain.listener);
    unlink(ca);
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "no TLS"));
    assert_null(strstr(err.message, "not-for-plain-text"));
    /* Not the user's name, not a scramble: nothing. */
    assert_int_equal(plain.received, 0);
}

/* --- refusals of a real server --- */

static void refuse(const struct mysql_target *target, enum error_code code, const char *part)
{
    struct mysql_session *s = NULL;
    struct error err = {0};

    assert_false(mysql_open(target, &s, &err));
    assert_null(s);
    if (err.code != code || !strstr(err.message, part))
        print_error("%d %s (%d)\n", (int)err.code, err.message, err.os_errno);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.message, part));
}

static void test_refused(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mem_freep) char *other_ca = mem_printf("%s/other.pem", f->dir);
    CLEANUP(mem_freep) char *no_ca = mem_printf("%s/none.pem", f->dir);
    const struct mysql_target right = fixture_target(f, "admin", &f->password);
    struct mysql_target t;
    struct in_addr number;
    char same_host[16];
    struct error err = {0};

    assert_ok(fixture_certificate(f->address, other_ca, NULL, NULL, &err));
    t = right;
    t.ca_file = other_ca; /* same names, another root */
    refuse(&t, ERR_UNREACHABLE, "not trusted by CA file");

    /* The same address written as one number: the certificate does not say so. */
    assert_int_equal(inet_pton(AF_INET, f->address, &number), 1);
    (void)snprintf(same_host, sizeof same_host, "0x%08x", ntohl(number.s_addr));
    t = right;
    t.host = same_host;
    refuse(&t, ERR_UNREACHABLE, "does not name this host");

    t = right;
    t.port = 1; /* nobody listens */
    refuse(&t, ERR_UNREACHABLE, f->address);
    t = right;
    t.host = "no-such-host.invalid";
    refuse(&t, ERR_UNREACHABLE, "no-such-host.invalid");

    t = right;
    t.ca_file = no_ca;
    refuse(&t, ERR_NO_INPUT, "CA file");
    t.ca_file = f->key; /* a PEM file, but no certificate */
    refuse(&t, ERR_NO_INPUT, "holds no certificate");
    t.ca_file = NULL;
    refuse(&t, ERR_USAGE, "nothing is sent");
    t = right;
    t.user = "";
    refuse(&t, ERR_USAGE, "user");
}

static void test_wrong_password(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(secret_release) struct secret wrong = {0};
    struct mysql_target t = fixture_target(f, "admin", &wrong);
    struct mysql_session *s = NULL;
    struct error err = {0};

    secret_set(&wrong, STR("wrong-password"));
    assert_false(mysql_open(&t, &s, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_string_equal(err.remote_code, "28000");
    assert_int_equal(err.os_errno, 1045);
    assert_null(strstr(err.message, "wrong-password"));
    assert_non_null(strstr(err.message, "admin"));

    t.password = &f->password;
    t.database = "no_such_database";
    assert_false(mysql_open(&t, &s, &err));
    assert_int_equal(err.code, ERR_SQL);
    assert_string_equal(err.remote_code, "42000");
}

/* --- an open session --- */

static void test_session(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    struct error err = {0};

    assert_true(strlen(mysql_cipher(s)) > 0);
    assert_non_null(strstr(mysql_version(s), "MariaDB"));
    assert_false(mysql_no_backslash_escapes(s));
    assert_ok(mysql_run(
        s, STR("SELECT 'a', NULL, '' UNION ALL SELECT 'b\\0c', 'd', CONVERT(X'c3a9' USING utf8mb4)"), &rows,
        &err));
    assert_int_equal(rows.columns, 3);
    assert_int_equal(rows.count, 2);
    assert_true(str_is(rows.cells[0], "a"));
    assert_null(rows.cells[1].data);
    assert_non_null(rows.cells[2].data); /* empty is not NULL */
    assert_int_equal(rows.cells[2].len, 0);
    assert_true(str_equal(rows.cells[3], STR("b\0c")));
    assert_true(str_is(rows.cells[5], "\xc3\xa9"));
    mysql_rows_release(&rows);
    mysql_rows_release(&rows);

    assert_ok(mysql_run(s, STR("SELECT @@character_set_client, @@character_set_connection, @@local_infile"),
                        &rows, &err));
    assert_true(str_is(rows.cells[0], "utf8mb4"));
    assert_true(str_is(rows.cells[1], "utf8mb4"));
    assert_true(str_is(rows.cells[2], "0"));
    mysql_rows_release(&rows);

    /* A result nobody wants is read all the same, and the session goes on. */
    assert_ok(mysql_run(s, STR("SELECT 1"), NULL, &err));
    assert_ok(mysql_run(s, STR("DO 1"), &rows, &err));
    assert_int_equal(rows.count, 0);
}

static void test_statement_stays_out_of_errors(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    struct error err = {0};

    /* The server itself quotes what it stumbles over. */
    assert_false(mysql_run(s, STR("CREATE USR x IDENTIFIED BY 'hunter2hunter2'"), NULL, &err));
    assert_int_equal(err.code, ERR_SQL);
    assert_int_equal(err.os_errno, 1064);
    assert_string_equal(err.remote_code, "42000");
    assert_null(strstr(err.message, "hunter2"));
    assert_false(mysql_run(s, STR("SELECT hunter2hunter2"), NULL, &err));
    assert_int_equal(err.os_errno, 1054);
    assert_null(strstr(err.message, "hunter2"));
    /* Names are told where no more than a name can be in it. */
    assert_false(mysql_run(s, STR("SELECT * FROM mylab.nothing_here"), NULL, &err));
    assert_string_equal(err.remote_code, "42S02");
    assert_non_null(strstr(err.message, "nothing_here"));
    /* One statement a call. */
    assert_false(mysql_run(s, STR("SELECT 1; SELECT 2"), NULL, &err));
    assert_int_equal(err.os_errno, 1064);
    assert_ok(mysql_run(s, STR("SELECT 1"), NULL, &err));
}

static void test_limits(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(mysql_endp) struct mysql_session *t = fixture_admin(f);
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    struct error err = {0};

    assert_ok(mysql_run(s, STR("SELECT seq FROM mylab.seq_1_to_10000"), &rows, &err));
    assert_int_equal(rows.count, 10000);
    assert_true(str_is(rows.cells[9999], "10000"));
    mysql_rows_release(&rows);
    assert_false(mysql_run(s, STR("SELECT seq FROM mylab.seq_1_to_10001"), &rows, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(rows.count, 0);
    assert_false(mysql_run(t, STR("SELECT REPEAT('x', 1048576) FROM mylab.seq_1_to_5"), &rows, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

/* A session whose server goes away ends in an error, not in SIGPIPE. */
static void test_server_gone(void **state)
{
    const struct fixture *f = fixture_of(state);
    CLEANUP(mysql_endp) struct mysql_session *admin = fixture_admin(f);
    CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(f);
    CLEANUP(mysql_rows_release) struct mysql_rows id = {0};
    CLEANUP(buf_release) struct buf sql = {0};
    struct error err = {0};

    assert_ok(mysql_run(s, STR("SELECT CONNECTION_ID()"), &id, &err));
    buf_printf(&sql, "KILL %.*s", STR_ARG(id.cells[0]));
    assert_ok(mysql_run(admin, buf_str(&sql), NULL, &err));
    assert_false(mysql_run(s, STR("SELECT 1"), NULL, &err));
    assert_true(err.code == ERR_UNREACHABLE || err.code == ERR_SQL); /* 1927, Connection was killed */
    assert_false(mysql_run(s, STR("SELECT 1"), NULL, &err));
    assert_int_equal(err.code, ERR_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_server_gets_nothing),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_statement_stays_out_of_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_server_gone),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
