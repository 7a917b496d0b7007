/* Slow and broken HTTP against a running sandbox (slow-http.test starts it):
 * the others are served on, and neither memory nor descriptors grow. */
#include "aws/auth/sigv4.h"
#include "tests/support/served_sandbox.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    IDLE_CONNECTIONS = 2000,
    HALF_REQUESTS = 700, /* more than the sandbox holds at once */
    GROWTH_LIMIT_KB =
        24576,            /* slack and quarantine of the allocator, not thrice 2,000 connections of 16 KiB */
    HEAD_LIMIT_MS = 15000 /* the sandbox gives a head 10 s */
};

static struct served sandbox;
static struct buf good; /* a signed request, fresh enough for the whole run */
static int pid;
static struct rlimit files;

static void sign_good(void)
{
    struct aws_credentials creds = {0};
    struct sigv4_scope scope = {getenv("AWS_REGION"), "sts"};
    struct http_request req = {0};
    struct error err;
    char host[64];

    (void)snprintf(creds.access_key_id, sizeof creds.access_key_id, "%s", getenv("AWS_ACCESS_KEY_ID"));
    secret_set(&creds.secret_access_key, str_of(getenv("AWS_SECRET_ACCESS_KEY")));
    (void)snprintf(host, sizeof host, "127.0.0.1:%u", sandbox.port);
    http_request_set(&req, "POST", "/", NULL);
    assert_true(http_headers_add(&req.headers, "Host", str_of(host), &err));
    assert_true(
        http_headers_add(&req.headers, "Content-Type", STR("application/x-www-form-urlencoded"), &err));
    buf_adds(&req.body, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_true(sigv4_sign(&req, &creds, &scope, NULL, clock_wall_ms(&clock_system) / 1000, NULL, &err));
    served_write(&req, &good);
    http_request_release(&req);
    aws_credentials_release(&creds);
}

static int set_up(void **state)
{
    const char *url = getenv("AWS_ENDPOINT_URL"), *process = getenv("LAB_SANDBOX_PID");

    (void)state;
    if (!url || !process || sscanf(url, "http://127.0.0.1:%u", &sandbox.port) != 1)
        return -1;
    pid = atoi(process);
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    sign_good();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&good);
    return 0;
}

/* --- what the sandbox holds --- */

static long resident_kb(void)
{
    char path[64], line[256];
    long kb = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    (void)fclose(f);
    assert_true(kb > 0);
    return kb;
}

static int descriptors(void)
{
    char path[64];
    int count = 0;
    DIR *dir;

    (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
    dir = opendir(path);
    if (!dir) {
        skip(); /* a process that may not be looked into */
        return 0;
    }
    while (readdir(dir))
        count++;
    (void)closedir(dir);
    return count;
}

static void expect_service(void)
{
    CLEANUP(buf_release) struct buf reply = {0};

    assert_int_equal(served_ask(&sandbox, buf_str(&good), &reply), 200);
    assert_non_null(strstr(buf_text(&reply), "<GetCallerIdentityResult>"));
}

/** Until the other side has closed: the end is then seen there too. */
static void wait_for_end(int fd)
{
    char chunk[4096];

    while (recv(fd, chunk, sizeof chunk, 0) > 0)
        continue;
}

static void hang_up(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)shutdown(fds[i], SHUT_WR); /* what is half stays half */
        wait_for_end(fds[i]);
        close(fds[i]);
    }
}

/** At once, whatever was on its way. */
static void abort_all(const int *fds, size_t count)
{
    const struct linger at_once = {.l_onoff = 1};

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(fds[i]);
    }
}

/* --- broken --- */

#define WIRE(literal) literal, sizeof(literal) - 1

static const struct {
    const char *why;
    const char *request;
    size_t len;        /* it may hold a NUL */
    int status, other; /* either; 0 is closed without an answer */
} broken[] = {
    {"Content-Length twice, alike",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi"), 400,
     400},
    {"Content-Length twice, unlike",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nhi"), 400,
     400},
    {"a negative length", WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"), 400, 400},
    {"a length in hexadecimal", WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x2\r\n\r\nhi"),
     400, 400},
    {"a length and words", WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2 bytes\r\n\r\nhi"),
     400, 400},
    {"an empty length", WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n\r\n"), 400, 400},
    {"a length over 64 bits",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18446744073709551618\r\n\r\n"), 400, 413},
    {"chunked",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
     501, 400},
    {"chunked and a length",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n"),
     501, 400},
    {"a broken chunk",
     WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n"), 501, 400},
    {"Host twice", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1\r\n\r\n"), 400, 400},
    {"no Host in 1.1", WIRE("GET / HTTP/1.1\r\n\r\n"), 400, 400},
    {"no Host in 1.0", WIRE("GET / HTTP/1.0\r\n\r\n"), 400, 400},
    {"a foreign Host", WIRE("GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"), 403, 403},
    {"a NUL in a value", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n"), 400, 403},
    {"a NUL in the target", WIRE("GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400, 403},
    {"a control byte in a value", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\x01\r\n\r\n"), 400, 400},
    {"a space in a name", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nX A: b\r\n\r\n"), 400, 400},
    {"a space before the colon", WIRE("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length : 2\r\n\r\nhi"),
     400, 400},
    {"a header without a colon", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n"), 400, 403},
    {"a folded line", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n"), 400, 403},
    {"bare line feeds", WIRE("GET / HTTP/1.1\nHost: localhost\n\n"), 400, 403},
    {"a tunnel", WIRE("CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400, 400},
    {"a whole URL", WIRE("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400, 400},
    {"an asterisk", WIRE("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400, 400},
    {"version 0.9", WIRE("GET /\r\n\r\n"), 400, 505},
    {"version 2.0", WIRE("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"), 505, 400},
    {"the preface of version 2", WIRE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, 400},
    {"a TLS hello", WIRE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400, 0},
    {"a body on GET", WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"), 400, 400},
    {"expecting a continue we refuse",
     WIRE("POST / HTTP/1.1\r\nHost: evil.example\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), 403,
     403},
    {"an upgrade",
     WIRE("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
     400, 403},
};

static void test_broken_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        CLEANUP(buf_release) struct buf reply = {0};
        int fd = served_dial(&sandbox), status;

        served_send(fd, (struct str){broken[i].request, broken[i].len});
        (void)shutdown(fd, SHUT_WR);
        status = served_receive(fd, &reply) ? atoi(reply.data + 9) : 0;
        close(fd);
        if (status != broken[i].status && status != broken[i].other)
            fail_msg("%s: %s", broken[i].why, buf_text(&reply));
    }
    expect_service();
}

static void test_huge_heads(void **state)
{
    CLEANUP(buf_release) struct buf request = {0}, reply = {0};
    int status;

    (void)state;
    for (int shape = 0; shape < 4; shape++) {
        buf_reset(&request);
        buf_printf(&request, "GET /%s", shape == 0 ? "" : " HTTP/1.1\r\nHost: localhost\r\n");
        while (request.len < (4U << 20)) {
            if (shape == 0 || (shape == 1 && request.len > 100))
                buf_adds(&request, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
            else if (shape == 1)
                buf_adds(&request, "X-Long: ");
            else
                buf_printf(&request, shape == 2 ? "X-%zu: b\r\n" : "X%zu:\r\n", request.len);
        }
        status = served_ask(&sandbox, buf_str(&request), &reply);
        if (status != 0 && status != 414 && status != 431 && status != 400 && status != 413)
            fail_msg("shape %d: %s", shape, buf_text(&reply));
    }
    expect_service();
}

static void test_bodies_of_the_wrong_length(void **state)
{
    CLEANUP(buf_release) struct buf reply = {0};
    int fds[40];

    (void)state;
    /* Each says 1 MiB and sends half: more together than the sandbox takes. */
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        static char half[512 << 10];

        fds[i] = served_dial(&sandbox);
        served_send(fds[i], STR("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n"));
        served_send(fds[i], (struct str){half, sizeof half});
    }
    expect_service();
    abort_all(fds, ARRAY_LEN(fds));
    /* More than was said: the rest is the next request, and none. */
    assert_int_equal(served_ask(&sandbox,
                                STR("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
                                    "abcdefgh\r\n\r\n"),
                                &reply),
                     403);
    expect_service();
}

/* --- many --- */

static void open_many(int *fds, size_t count, struct str sent)
{
    for (size_t i = 0; i < count; i++) {
        fds[i] = served_dial(&sandbox);
        served_send(fds[i], sent);
    }
}

static void round_of_many(void)
{
    static int fds[IDLE_CONNECTIONS];

    open_many(fds, IDLE_CONNECTIONS, STR(""));
    expect_service();
    hang_up(fds, IDLE_CONNECTIONS);
    /* Idle between requests: each had an answer. */
    for (size_t i = 0; i < IDLE_CONNECTIONS; i++) {
        CLEANUP(buf_release) struct buf reply = {0};

        fds[i] = served_dial(&sandbox);
        served_send(fds[i], buf_str(&good));
        assert_true(served_receive(fds[i], &reply));
    }
    expect_service();
    hang_up(fds, IDLE_CONNECTIONS);
    open_many(fds, HALF_REQUESTS, STR("POST / HTTP/1.1\r\nHost: local"));
    expect_service();
    hang_up(fds, HALF_REQUESTS);
    open_many(fds, HALF_REQUESTS,
              STR("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"));
    expect_service();
    hang_up(fds, HALF_REQUESTS);
}

static void test_many_connections(void **state)
{
    int held;
    long kb;

    (void)state;
    if (files.rlim_cur < IDLE_CONNECTIONS + 100)
        skip();      /* this machine lets a program have too few */
    round_of_many(); /* the allocator's first growth is not the question */
    held = descriptors();
    kb = resident_kb();
    for (int i = 0; i < 3; i++)
        round_of_many();
    print_message("# %ld KiB and %d descriptors, then %ld and %d\n", kb, held, resident_kb(), descriptors());
    assert_true(descriptors() <= held + 2);
    assert_true(resident_kb() <= kb + GROWTH_LIMIT_KB);
}

/** A byte now and then keeps no connection open: a head has its time. */
static void test_dripping_head(void **state)
{
    int64_t begun_ms = clock_monotonic_ms(&clock_system);
    int fd = served_dial(&sandbox);
    struct pollfd end = {.fd = fd, .events = POLLIN | POLLRDHUP};

    (void)state;
    served_send(fd, STR("GET / HTTP/1.1\r\nX: "));
    while (poll(&end, 1, 250) == 0) {
        served_send(fd, STR("a"));
        assert_true(clock_monotonic_ms(&clock_system) - begun_ms < HEAD_LIMIT_MS);
    }
    close(fd);
    expect_service();
}

/** Asks and asks and reads nothing. */
static void test_client_that_does_not_read(void **state)
{
    int fds[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = served_dial(&sandbox);
        for (int n = 0; n < 2000; n++)
            if (send(fds[i], good.data, good.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                break;
    }
    expect_service();
    abort_all(fds, ARRAY_LEN(fds));
    expect_service();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_requests),
        cmocka_unit_test(test_huge_heads),
        cmocka_unit_test(test_bodies_of_the_wrong_length),
        cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_dripping_head),
        cmocka_unit_test(test_client_that_does_not_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
