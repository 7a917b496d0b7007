/* The chain is held against `openssl verify -x509_strict`, which others wrote. */
#include "aws/crypto/certificate.h"

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

static char *dir;

static int setup(void **state)
{
    struct error err;

    (void)state;
    return file_temp_dir("lab-certificate-test", &dir, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    struct error err;
    bool ok = file_remove_tree(dir, &err);

    (void)state;
    mem_freep(&dir);
    return ok ? 0 : -1;
}

static void made(const char *dns, struct certificate_set *set)
{
    int64_t now_s = clock_wall_ms(&clock_system) / 1000;
    const struct certificate_options options = {
        .ip = "127.3.4.5", .dns = dns, .not_before_s = now_s - 60, .not_after_s = now_s + 3600};
    struct error err;

    if (!certificate_make(&options, set, &err))
        fail_msg("%s", err.message);
}

static void saved(const char *name, const struct buf *text)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, name);
    struct error err;

    assert_true(file_replace(path, buf_str(text), &err));
}

/* Runs openssl with the words, in the directory. True when it is content. */
static bool openssl(const char *const *argv, struct buf *out)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    const struct process_options options = {
        .argv = argv, .env = env, .directory = dir, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    struct buf errors = {0};
    struct error err;
    int status = 0;

    if (!process_run(&options, (struct str){NULL, 0}, 20000, out, &errors, &status, &err))
        fail_msg("%s", err.message);
    buf_release(&errors);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool verified(const char *root, const char *check, const char *name)
{
    const char *const argv[] = {"openssl", "verify",     "-x509_strict", "-purpose", "sslserver", "-CAfile",
                                root,      "-untrusted", "chain.pem",    check,      name,        "chain.pem",
                                NULL};
    struct buf out = {0};
    bool ok = openssl(argv, &out);

    buf_release(&out);
    return ok;
}

static void a_strict_reader_accepts_the_chain(void **state)
{
    CLEANUP(certificate_release) struct certificate_set set = {0};
    CLEANUP(certificate_release) struct certificate_set other = {0};

    (void)state;
    made("db.sandbox.local", &set);
    made(NULL, &other);
    saved("root.pem", &set.root_pem);
    saved("other.pem", &other.root_pem);
    saved("chain.pem", &set.chain_pem);
    assert_true(verified("root.pem", "-verify_ip", "127.3.4.5"));
    assert_true(verified("root.pem", "-verify_hostname", "db.sandbox.local"));
    assert_false(verified("root.pem", "-verify_ip", "127.3.4.6"));
    assert_false(verified("root.pem", "-verify_hostname", "db.other.local"));
    assert_false(verified("other.pem", "-verify_ip", "127.3.4.5"));
}

static void the_key_is_the_leafs(void **state)
{
    const char *const of_cert[] = {"openssl", "x509", "-in", "chain.pem", "-noout", "-pubkey", NULL};
    const char *const of_key[] = {"openssl", "pkey", "-in", "key.pem", "-pubout", NULL};
    CLEANUP(certificate_release) struct certificate_set set = {0};
    CLEANUP(buf_release) struct buf a = {0};
    CLEANUP(buf_release) struct buf b = {0};

    (void)state;
    made(NULL, &set);
    saved("chain.pem", &set.chain_pem);
    saved("key.pem", &set.key_pem);
    assert_true(openssl(of_cert, &a));
    assert_true(openssl(of_key, &b));
    assert_true(a.len > 0 && str_equal(buf_str(&a), buf_str(&b)));
    assert_false(str_contains(buf_str(&set.chain_pem), STR("PRIVATE KEY")));
    certificate_release(&set);
    assert_null(set.key_pem.data);
}

static void odd_names_are_refused(void **state)
{
    static const struct {
        const char *ip, *dns;
    } rows[] = {{"127.0.0.1,DNS:evil", NULL},
                {"", NULL},
                {"127.0.0.1", "a,IP:1.2.3.4"},
                {"127.0.0.1", "a\nb"},
                {"not-an-ip", NULL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct certificate_options options = {.ip = rows[i].ip, .dns = rows[i].dns, .not_after_s = 1};
        struct certificate_set set;
        struct error err;

        assert_false(certificate_make(&options, &set, &err));
        assert_null(set.key_pem.data);
    }
}

static void dates_are_read(void **state)
{
    int64_t now_s = clock_wall_ms(&clock_system) / 1000;
    CLEANUP(certificate_release) struct certificate_set a = {0};
    CLEANUP(certificate_release) struct certificate_set b = {0};
    struct certificate_dates dates;
    struct error err;

    (void)state;
    made(NULL, &a);
    made(NULL, &b);
    buf_add(&a.root_pem, buf_str(&b.root_pem));
    assert_true(certificate_read_dates(buf_str(&a.root_pem), now_s, &dates, &err));
    assert_int_equal(dates.count, 2);
    assert_int_equal(dates.valid, 2);
    assert_in_range(dates.newest_from_s, now_s - 70, now_s - 50);
    assert_in_range(dates.last_until_s, now_s + 3590, now_s + 3610);
    /* A day later none of them holds. */
    assert_true(certificate_read_dates(buf_str(&a.root_pem), now_s + 86400, &dates, &err));
    assert_int_equal(dates.valid, 0);
}

static void what_is_no_certificate_is_refused(void **state)
{
    static const char *const texts[] = {"", "nothing",
                                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                        "-----BEGIN CERTIFICATE-----\nbroken off"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct certificate_dates dates;
        struct error err;
        assert_false(certificate_read_dates(str_of(texts[i]), 0, &dates, &err));
        assert_int_equal(err.code, ERR_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_strict_reader_accepts_the_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(the_key_is_the_leafs, setup, teardown),
        cmocka_unit_test(odd_names_are_refused),
        cmocka_unit_test(dates_are_read),
        cmocka_unit_test(what_is_no_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
