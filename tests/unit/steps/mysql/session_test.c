#include "tests/unit/steps/mysql/fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* --- servers that want more than they may have --- */

/* Protocol::HandshakeV10 by hand. */
#define GREETING(low_capabilities)                                                                           \
    "\x4a\0\0\0" /* 74 bytes, packet 0 */                                                                    \
    "\x0a"                                                                                                   \
    "5.7.44\0" /* protocol 10, version */                                                                    \
    "\x01\0\0\0"                                                                                             \
    "abcdefgh\0" /* thread, first 8 bytes of the nonce */ low_capabilities                                   \
    "\x21\x02\0\x0f\x80"       /* charset, status, high capabilities */                                      \
    "\x15\0\0\0\0\0\0\0\0\0\0" /* nonce of 21 bytes, reserved */                                             \
    "ijklmnopqrst\0mysql_native_password"

static const char greeting_plain[] = GREETING("\xff\xf7"); /* all but CLIENT_SSL, 0x0800 */
static const char greeting_tls[] = GREETING("\xff\xff");
/* AuthSwitchRequest, packet 3 of the conversation. */
static const char auth_switch[] = "\x16\0\0\x03\xfe"
                                  "mysql_clear_password";

#define SSL_REQUEST_BYTES 36 /* header and 32 bytes */

struct false_server {
    int listener;
    unsigned port;
    char ca[64], chain[64], key[64];
    bool tls;
    char received[1024]; /* what came on the inside, password or not */
    size_t len;
    bool switched;                                 /* the switch was sent */
    int newest;                                    /* TLS version, 0: what OpenSSL has */
    void (*certify)(const struct false_server *s); /* NULL: as it should be */
    const char *greeting;                          /* of another server, NULL: as above */
    size_t greeting_len;
};

static void keep(struct false_server *s, const char *bytes, int n)
{
    for (int i = 0; i < n && s->len < sizeof s->received; i++)
        s->received[s->len++] = bytes[i];
}

static void converse_plain(struct false_server *s, int fd)
{
    char bytes[512];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        keep(s, bytes, (int)n);
}

/* Behind the certificate that the client trusts: asks for the password itself. */
static void converse_tls(struct false_server *s, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl = NULL;
    char bytes[512];
    int n;

    if (ctx && s->newest) {
        /* OpenSSL has to be talked into the old versions. */
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, s->newest);
    }
    if (recv(fd, bytes, SSL_REQUEST_BYTES, MSG_WAITALL) == SSL_REQUEST_BYTES && ctx &&
        SSL_CTX_use_certificate_chain_file(ctx, s->chain) == 1 &&
        SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) == 1 && (ssl = SSL_new(ctx)) != NULL &&
        SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 && (n = SSL_read(ssl, bytes, sizeof bytes)) > 0) {
        keep(s, bytes, n);
        s->switched = SSL_write(ssl, auth_switch, sizeof auth_switch) == (int)sizeof auth_switch;
        while ((n = SSL_read(ssl, bytes, sizeof bytes)) > 0)
            keep(s, bytes, n);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void *serve(void *arg)
{
    struct false_server *s = arg;
    int fd = accept(s->listener, NULL, NULL);

    if (fd < 0)
        return NULL;
    if (s->tls && send(fd, greeting_tls, sizeof greeting_tls, MSG_NOSIGNAL) == (ssize_t)sizeof greeting_tls)
        converse_tls(s, fd);
    const char *greeting = s->greeting ? s->greeting : greeting_plain;
    size_t len = s->greeting ? s->greeting_len : sizeof greeting_plain;
    if (!s->tls && send(fd, greeting, len, MSG_NOSIGNAL) == (ssize_t)len)
        converse_plain(s, fd);
    close(fd);
    return NULL;
}

/* Serves one connection, which has to be refused; *err says why. */
static void meet(struct false_server *s, const char *dir, struct error *err)
{
    CLEANUP(secret_release) struct secret password = {0};
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct mysql_target target = {
        .host = "127.0.0.1", .user = "demouser", .password = &password, .ca_file = s->ca};
    struct mysql_session *session = NULL;
    socklen_t len = sizeof name;
    pthread_t thread;

    (void)snprintf(s->ca, sizeof s->ca, "%s/ca.pem", dir);
    (void)snprintf(s->chain, sizeof s->chain, "%s/chain.pem", dir);
    (void)snprintf(s->key, sizeof s->key, "%s/key.pem", dir);
    if (!fixture_certificate("127.0.0.1", s->ca, s->chain, s->key, err))
        fail_msg("%s", err->message);
    if (s->certify)
        s->certify(s);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(s->listener, 1), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&name, &len), 0);
    target.port = ntohs(name.sin_port);
    secret_set(&password, STR("not-for-plain-text"));
    assert_int_equal(pthread_create(&thread, NULL, serve, s), 0);

    assert_false(mysql_open(&target, &session, err));
    assert_null(session);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(s->listener);
    assert_null(strstr(err->message, "not-for-plain-text"));
    assert_false(str_contains((struct str){s->received, s->len}, STR("not-for-plain-text")));
}

static void test_plain_server_gets_nothing(void **state)
{
    struct false_server plain = {.tls = false};
    CLEANUP(mem_freep) char *dir = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(sizeof greeting_plain, 4 + 0x4a);
    assert_ok(file_temp_dir("lab-mysql", &dir, &err));
    meet(&plain, dir, &err);
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "no TLS"));
    /* Not the user's name, not a scramble: nothing. */
    assert_int_equal(plain.len, 0);
    assert_ok(file_remove_tree(dir, &err));
}

/* A real server's greeting on a line where somebody has taken the TLS flag out. */
static void test_stripped_flag_gets_nothing(void **state)
{
    const struct fixture *f = fixture_of(state);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    struct false_server between = {.tls = false};
    CLEANUP(mem_freep) char *dir = NULL;
    struct error err = {0};
    char greeting[256];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(inet_pton(AF_INET, f->address, &name.sin_addr), 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
    ssize_t got = recv(fd, greeting, sizeof greeting, 0);
    close(fd);
    assert_true(got > 40);
    /* Header, protocol, version, thread, 8 bytes and a zero; then capabilities. */
    char *version_end = memchr(greeting + 5, 0, (size_t)got - 5);
    assert_non_null(version_end);
    char *capabilities = version_end + 1 + 4 + 8 + 1;
    assert_true(capabilities[1] & 0x08);
    capabilities[1] = (char)(capabilities[1] & ~0x08);
    between.greeting = greeting;
    between.greeting_len = (size_t)got;
    assert_ok(file_temp_dir("lab-mysql", &dir, &err));
    meet(&between, dir, &err);
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "no TLS"));
    assert_int_equal(between.len, 0);
    assert_ok(file_remove_tree(dir, &err));
}

/* --- certificates that are not the server's --- */

static void show(const struct false_server *s, const struct certificate_options *options, bool keep_root)
{
    CLEANUP(certificate_release) struct certificate_set set = {0};
    struct error err = {0};

    assert_ok(certificate_make(options, &set, &err));
    if (!keep_root)
        assert_ok(file_replace(s->ca, buf_str(&set.root_pem), &err));
    assert_ok(file_replace(s->chain, buf_str(&set.chain_pem), &err));
    assert_ok(file_replace(s->key, buf_str(&set.key_pem), &err));
}

static int64_t now_s(void)
{
    return clock_wall_ms(&clock_system) / 1000;
}

static void of_another_root(const struct false_server *s)
{
    show(s,
         &(struct certificate_options){
             .ip = "127.0.0.1", .not_before_s = now_s() - 60, .not_after_s = now_s() + 3600},
         true);
}

static void of_another_name(const struct false_server *s)
{
    show(s,
         &(struct certificate_options){
             .ip = "127.0.0.2", .not_before_s = now_s() - 60, .not_after_s = now_s() + 3600},
         false);
}

static void of_yesterday(const struct false_server *s)
{
    show(s,
         &(struct certificate_options){
             .ip = "127.0.0.1", .not_before_s = now_s() - 777600, .not_after_s = now_s() - 86400},
         false);
}

static void self_signed(const struct false_server *s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    FILE *chain = fopen(s->chain, "w"), *secret = fopen(s->key, "w");

    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"127.0.0.1", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, subject), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_true(chain && secret);
    assert_int_equal(PEM_write_X509(chain, certificate), 1);
    assert_int_equal(PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(chain);
    fclose(secret);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* On the inside nothing may arrive: no name, no scramble. */
static void test_wrong_certificates_get_nothing(void **state)
{
    static const struct {
        const char *why;
        void (*certify)(const struct false_server *s);
        int newest;
        const char *part;
    } rows[] = {
        {"anybody can sign for himself", self_signed, 0, "not trusted by CA file"},
        {"another root with the same names", of_another_root, 0, "not trusted by CA file"},
        {"the root's certificate for another host", of_another_name, 0, "does not name this host"},
        {"a certificate of yesterday", of_yesterday, 0, "has expired"},
        {"TLS 1.1 with the right certificate", NULL, TLS1_1_VERSION, ""},
        {"TLS 1.0 with the right certificate", NULL, TLS1_VERSION, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct false_server s = {.tls = true, .certify = rows[i].certify, .newest = rows[i].newest};
        CLEANUP(mem_freep) char *dir = NULL;
        struct error err = {0};

        assert_ok(file_temp_dir("lab-mysql", &dir, &err));
        meet(&s, dir, &err);
        if (err.code != ERR_UNREACHABLE || !strstr(err.message, rows[i].part) || s.len > 0)
            fail_msg("%s: %s (%zu bytes)", rows[i].why, err.message, s.len);
        assert_ok(file_remove_tree(dir, &err));
    }
}

static void test_clear_password_is_not_sent(void **state)
{
    struct false_server curious = {.tls = true};
    CLEANUP(mem_freep) char *dir = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(sizeof auth_switch, 4 + 0x16);
    assert_ok(file_temp_dir("lab-mysql", &dir, &err));
    meet(&curious, dir, &err);
    assert_true(curious.switched); /* it got so far */
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "would give it away"));
    assert_null(
        strstr(err.message, "mysql_native_password")); /* the connector's text leaks the buffer before it */
    assert_true(str_contains((struct str){curious.received, curious.len}, STR("demouser")));
    assert_ok(file_remove_tree(dir, &err));
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
    refuse(&t, ERR_UNREACHABLE, "nothing answers");
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

/* Each mistake with TLS is told by its name. */
static void test_expired(void **state)
{
    CLEANUP(fixture_release) struct fixture own = {0};
    CLEANUP(certificate_release) struct certificate_set set = {0};
    int64_t now = clock_wall_ms(&clock_system) / 1000;
    struct certificate_options options = {.not_before_s = now - 777600, .not_after_s = now - 86400};
    struct mysql_target target;
    struct error err = {0};

    (void)fixture_of(state);
    assert_ok(fixture_prepare(&own, &err));
    options.ip = own.address;
    assert_ok(certificate_make(&options, &set, &err));
    assert_ok(file_replace(own.ca, buf_str(&set.root_pem), &err));
    assert_ok(file_replace(own.chain, buf_str(&set.chain_pem), &err));
    assert_ok(file_replace(own.key, buf_str(&set.key_pem), &err));
    assert_ok(fixture_start(&own, &err));
    target = fixture_target(&own, "admin", &own.password);
    refuse(&target, ERR_UNREACHABLE, "has expired");
}

/* SIGPIPE is what a write to a dead server would give. */
static void test_server_killed(void **state)
{
    CLEANUP(fixture_release) struct fixture own = {0};
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;
    struct error err = {0};

    (void)fixture_of(state);
    assert_ok(fixture_prepare(&own, &err));
    assert_ok(fixture_start(&own, &err));
    s = fixture_admin(&own);
    assert_int_equal(kill(mysql_server_pid(own.server), SIGKILL), 0);
    mysql_server_stop(own.server); /* reaped: it is gone for certain */
    own.server = NULL;
    for (int i = 0; i < 3; i++) {
        assert_false(mysql_run(s, STR("SELECT 1"), NULL, &err));
        assert_int_equal(err.code, ERR_UNREACHABLE);
    }
}

/* --- workers, each with sessions of its own --- */

static void *open_often(void *arg)
{
    const struct fixture *f = arg;
    const struct mysql_target target = fixture_target(f, "admin", &f->password);
    struct error err = {0};
    int failures = 0;

    for (int i = 0; i < 5; i++) {
        CLEANUP(mysql_endp) struct mysql_session *s = NULL;

        if (!mysql_open(&target, &s, &err) || !mysql_run(s, STR("SELECT 1"), NULL, &err))
            failures++;
    }
    /* cmocka fails on the main thread only. */
    return failures == 0 ? NULL : arg;
}

static void test_threads(void **state)
{
    struct fixture *f = fixture_of(state);
    pthread_t threads[8];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_often, f), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = f;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_server_gets_nothing),
        cmocka_unit_test(test_stripped_flag_gets_nothing),
        cmocka_unit_test(test_wrong_certificates_get_nothing),
        cmocka_unit_test(test_clear_password_is_not_sent),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_statement_stays_out_of_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_server_gone),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_server_killed),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
