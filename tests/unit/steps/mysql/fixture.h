/* A private server with a certificate of its own, for the tests that need a
 * real one. They skip where mariadbd is not installed. */
#ifndef TESTS_UNIT_STEPS_MYSQL_FIXTURE_H
#define TESTS_UNIT_STEPS_MYSQL_FIXTURE_H

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"
#include "aws/crypto/certificate.h"
#include "aws/crypto/random.h"
#include "steps/mysql/account.h"
#include "steps/mysql/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka last: it needs the three above. */
#include <cmocka.h>

struct fixture {
    char *dir, *ca, *chain, *key;
    char address[16];
    unsigned port;
    struct secret password;
    struct mysql_server *server;
};

/* Shows what went wrong, then fails. */
#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        if (!(call)) {                                                                                       \
            print_error("%s: %s\n", #call, err.message);                                                     \
            fail();                                                                                          \
        }                                                                                                    \
    } while (0)

static inline bool fixture_possible(void)
{
    CLEANUP(buf_release) struct buf path = {0};

    return process_find("mariadbd", &path);
}

static inline void fixture_address(char out[16], unsigned port)
{
    do
        (void)snprintf(out, 16, "127.%u.%u.%u", (unsigned)random_below(&random_system, 200) + 20,
                       (unsigned)random_below(&random_system, 250) + 1,
                       (unsigned)random_below(&random_system, 250) + 1);
    while (!mysql_server_address_free(out, port));
}

static inline bool fixture_certificate(const char *ip, const char *ca, const char *chain, const char *key,
                                       struct error *err)
{
    CLEANUP(certificate_release) struct certificate_set set = {0};
    int64_t now = clock_wall_ms(&clock_system) / 1000;
    const struct certificate_options options = {
        .ip = ip, .not_before_s = now - 3600, .not_after_s = now + 86400};

    return certificate_make(&options, &set, err) && file_replace(ca, buf_str(&set.root_pem), err) &&
           (!chain || (file_replace(chain, buf_str(&set.chain_pem), err) &&
                       file_replace(key, buf_str(&set.key_pem), err)));
}

/* Directory, address, certificate and password; the server is not started. */
static inline bool fixture_prepare(struct fixture *f, struct error *err)
{
    char password[25];

    *f = (struct fixture){.port = 3306};
    if (!file_temp_dir("lab-mysql", &f->dir, err))
        return false;
    fixture_address(f->address, f->port);
    f->ca = mem_printf("%s/ca.pem", f->dir);
    f->chain = mem_printf("%s/chain.pem", f->dir);
    f->key = mem_printf("%s/key.pem", f->dir);
    random_text(&random_system, "abcdefghijkmnpqrstuvwxyz23456789", password, 24);
    secret_set(&f->password, (struct str){password, 24});
    return fixture_certificate(f->address, f->ca, f->chain, f->key, err);
}

static inline bool fixture_start(struct fixture *f, struct error *err)
{
    const struct mysql_server_options options = {.directory = f->dir,
                                                 .address = f->address,
                                                 .port = f->port,
                                                 .admin_user = "admin",
                                                 .admin_password = &f->password,
                                                 .database = "mylab",
                                                 .chain_pem = f->chain,
                                                 .key_pem = f->key};

    return mysql_server_start(&options, &f->server, err);
}

static inline void fixture_release(struct fixture *f)
{
    struct error err = {0};

    mysql_server_stop(f->server);
    if (f->dir && !file_remove_tree(f->dir, &err))
        print_error("%s\n", err.message);
    secret_release(&f->password);
    mem_free(f->dir);
    mem_free(f->ca);
    mem_free(f->chain);
    mem_free(f->key);
    *f = (struct fixture){0};
}

static inline struct mysql_target fixture_target(const struct fixture *f, const char *user,
                                                 const struct secret *password)
{
    return (struct mysql_target){
        .host = f->address, .port = f->port, .user = user, .password = password, .ca_file = f->ca};
}

static inline struct mysql_session *fixture_admin(const struct fixture *f)
{
    const struct mysql_target target = fixture_target(f, "admin", &f->password);
    struct mysql_session *s = NULL;
    struct error err = {0};

    assert_ok(mysql_open(&target, &s, &err));
    return s;
}

/* For cmocka's group functions: *state is the fixture, NULL to skip. */
static inline int fixture_setup(void **state)
{
    static struct fixture f;
    struct error err = {0};

    if (!fixture_possible())
        return 0;
    if (!fixture_prepare(&f, &err) || setenv("XDG_CACHE_HOME", f.dir, 1) != 0 || !fixture_start(&f, &err)) {
        print_error("start the server: %s\n", err.message);
        return -1;
    }
    *state = &f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    if (*state)
        fixture_release(*state);
    return 0;
}

/* The fixture, or the test is skipped. */
static inline struct fixture *fixture_of(void **state)
{
    if (!*state)
        skip();
    return *state;
}

#endif
