#include "aws/sandbox/http_check.h"
#include "aws/sandbox/peers.h"
#include "tests/support/served_sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* --- signed requests --- */

struct alteration {
    const char *why;
    const char *region, *service; /* of the scope; NULL right */
    const char *target;           /* json protocol: X-Amz-Target */
    const char *body;             /* NULL: GetCallerIdentity */
    const char *status_of_key;    /* what the administrator's key becomes; NULL Active */
    int64_t clock_s;              /* added to the time of signing */
    int64_t session_s;            /* signed by a session of role `ide` ending in so many seconds */
    bool unsigned_request, wrong_secret, wrong_key, other_body, foreign_token;
    int status;
    const char *want;
};

/** A session made beside the loop, which is idle between two requests. */
static void become_session(const struct served *v, int64_t ends_s, struct aws_credentials *creds)
{
    const struct json *session = session_make(v->fixture.sandbox, "ide", "i-0123", "ec2", ends_s);

    (void)snprintf(creds->access_key_id, sizeof creds->access_key_id, "%s",
                   json_get_text(session, "AccessKeyId"));
    secret_set(&creds->secret_access_key, json_str(json_get(session, "secret")));
    secret_set(&creds->session_token, json_str(json_get(session, "token")));
}

static void sign(const struct served *v, const struct alteration *a, const char *body, struct buf *out)
{
    struct http_request req = {0};
    struct aws_credentials creds = {0};
    struct sigv4_scope scope = {a->region ? a->region : "eu-west-1", a->service ? a->service : "sts"};
    struct sigv4_flags flags = {0};
    char host[64];
    struct error err;

    (void)snprintf(host, sizeof host, "127.0.0.1:%u", v->port);
    http_request_set(&req, "POST", "/", NULL);
    assert_true(http_headers_add(&req.headers, "Host", str_of(host), &err));
    assert_true(
        http_headers_add(&req.headers, "Content-Type", STR("application/x-www-form-urlencoded"), &err));
    buf_adds(&req.body, body);
    if (a->target)
        assert_true(http_headers_add(&req.headers, "X-Amz-Target", str_of(a->target), &err));
    aws_credentials_copy(&creds, &v->admin);
    if (a->session_s)
        become_session(v, a->session_s, &creds);
    if (a->wrong_secret)
        secret_set(&creds.secret_access_key, STR("not the secret of this key at all!!!!!!!"));
    if (a->wrong_key)
        (void)snprintf(creds.access_key_id, sizeof creds.access_key_id, "AKIANOBODY");
    if (a->foreign_token)
        secret_set(&creds.session_token, STR("sometoken"));
    if (!a->unsigned_request)
        assert_true(sigv4_sign(&req, &creds, &scope, &flags, SERVED_NOW_S + a->clock_s, NULL, &err));
    if (a->other_body)
        buf_addc(&req.body, '&');
    served_write(&req, out);
    aws_credentials_release(&creds);
    http_request_release(&req);
}

static const char describe_vpcs[] = "Action=DescribeVpcs&Version=2016-11-15";
static const char get_identity[] = "Action=GetCallerIdentity&Version=2011-06-15";

static void test_verifies_every_request(void **state)
{
    static const struct alteration rows[] = {
        {.why = "as it should be", .status = 200, .want = ":user/instructor</Arn>"},
        {.why = "within the window", .clock_s = 299, .status = 200, .want = "<GetCallerIdentityResult>"},
        {.why = "too late", .clock_s = -301, .status = 403, .want = "SignatureDoesNotMatch"},
        {.why = "too early", .clock_s = 301, .status = 403, .want = "Signature not yet current"},
        {.why = "another region", .region = "us-east-1", .status = 403, .want = "SignatureDoesNotMatch"},
        {.why = "the scope says whom it is for", .service = "iam", .status = 400, .want = "InvalidAction"},
        {.why = "not signed", .unsigned_request = true, .status = 403, .want = "MissingAuthenticationToken"},
        {.why = "another secret", .wrong_secret = true, .status = 403, .want = "SignatureDoesNotMatch"},
        {.why = "nobody's key", .wrong_key = true, .status = 403, .want = "InvalidClientTokenId"},
        {.why = "a token with a long-term key",
         .foreign_token = true,
         .status = 403,
         .want = "InvalidClientTokenId"},
        {.why = "a session", .session_s = 900, .status = 200, .want = ":assumed-role/ide/i-0123</Arn>"},
        {.why = "a session that has ended", .session_s = -1, .status = 403, .want = "ExpiredToken"},
        {.why = "a session with another's token",
         .session_s = 900,
         .foreign_token = true,
         .status = 403,
         .want = "InvalidClientTokenId"},
        {.why = "a key that was switched off",
         .status_of_key = "Inactive",
         .status = 403,
         .want = "InvalidClientTokenId"},
        {.why = "EC2 says it its way",
         .service = "ec2",
         .body = describe_vpcs,
         .wrong_secret = true,
         .status = 401,
         .want = "AuthFailure"},
        {.why = "EC2 and a late one",
         .service = "ec2",
         .body = describe_vpcs,
         .clock_s = -301,
         .status = 400,
         .want = "RequestExpired"},
        {.why = "JSON services in theirs",
         .service = "cloudtrail",
         .target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
         .wrong_key = true,
         .status = 400,
         .want = "UnrecognizedClientException"},
        {.why = "another body", .other_body = true, .status = 403, .want = "SignatureDoesNotMatch"},
    };
    CLEANUP(buf_release) struct buf request = {0}, reply = {0};
    struct served v = {0};

    (void)state;
    served_start(&v);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int status;

        buf_reset(&request);
        json_put_text(world_edit(v.fixture.sandbox->world, "iam.access_key", v.fixture.admin_key), "Status",
                      rows[i].status_of_key ? rows[i].status_of_key : "Active");
        sign(&v, &rows[i], rows[i].body ? rows[i].body : get_identity, &request);
        status = served_ask(&v, buf_str(&request), &reply);
        if (status != rows[i].status || !strstr(buf_text(&reply), rows[i].want))
            fail_msg("%s: %s", rows[i].why, buf_text(&reply));
        assert_non_null(strstr(buf_text(&reply), "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
    }
    served_stop(&v);
}

static void test_keeps_connections_and_delays_replies(void **state)
{
    CLEANUP(buf_release) struct buf request = {0}, reply = {0};
    struct served v = {.fixture.options = {.latency_ms = 30, .clock = clock_system}};
    struct alteration none = {.clock_s = clock_wall_ms(&clock_system) / 1000 - SERVED_NOW_S};
    int fd;

    (void)state;
    served_start(&v);
    sign(&v, &none, get_identity, &request);
    fd = served_dial(&v);
    for (int i = 0; i < 3; i++) {
        int64_t sent_ms = clock_monotonic_ms(&clock_system);

        served_send(fd, buf_str(&request));
        assert_true(served_receive(fd, &reply));
        assert_int_equal(strncmp(buf_text(&reply), "HTTP/1.1 200", 12), 0);
        assert_true(clock_monotonic_ms(&clock_system) - sent_ms >= 30);
    }
    close(fd);
    served_stop(&v);
}

/* The connection ends without a byte; whether the call acted differs. */
static void test_ends_connections_on_demand(void **state)
{
    static const struct {
        const char *why;
        struct fault_rates rates;
        int status;
        bool acted;
    } rows[] = {
        {"broken off before", {.resets = 1}, 0, false},
        {"closed afterwards", {.lose_replies = 1}, 0, true},
        {"throttled", {.throttle = 1}, 400, false},
    };
    static const struct alteration iam = {.service = "iam"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf request = {0}, reply = {0};
        struct served v = {.fixture.options = {.faults = rows[i].rates}};

        served_start(&v);
        sign(&v, &iam, "Action=CreateUser&Version=2010-05-08&UserName=new", &request);
        if (served_ask(&v, buf_str(&request), &reply) != rows[i].status)
            fail_msg("%s: %s", rows[i].why, buf_text(&reply));
        served_end(&v);
        if ((world_get(v.fixture.sandbox->world, "iam.user", "new") != NULL) != rows[i].acted)
            fail_msg("%s: acted", rows[i].why);
        served_stop(&v);
    }
}

static void test_refuses_loose_http(void **state)
{
    static const struct {
        const char *why, *request;
        int status;
    } rows[] = {
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
        {"a name that resolves here", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
        {"a page of another origin",
         "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
        {"sent by a page", "GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403},
        {"chunked", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        {"a body on GET", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", 400},
        {"a look-alike of a framing header",
         "POST / HTTP/1.1\r\nHost: localhost\r\nContent_Length: 3\r\nContent-Length: 0\r\n\r\n", 400},
        {"another look-alike", "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer--Encoding: chunked\r\n\r\n",
         400},
        {"metadata without a token", "GET /latest/meta-data/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 401},
        {"nothing known", "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 403},
    };
    CLEANUP(buf_release) struct buf reply = {0};
    struct served v = {0};

    (void)state;
    served_start(&v);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int status = served_ask(&v, str_of(rows[i].request), &reply);

        if (status != rows[i].status)
            fail_msg("%s: %d %s", rows[i].why, status, buf_text(&reply));
        assert_null(strstr(buf_text(&reply), "Access-Control"));
    }
    served_stop(&v);
}

static void test_says_when_a_body_is_too_large(void **state)
{
    CLEANUP(buf_release) struct buf request = {0}, reply = {0};
    struct served v = {0};
    const size_t size = (1 << 20) + 1;

    (void)state;
    served_start(&v);
    buf_printf(&request, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", size);
    for (size_t i = 0; i < size; i++)
        buf_addc(&request, 'x');
    assert_int_equal(served_ask(&v, buf_str(&request), &reply), 413);
    served_stop(&v);
}

struct watched {
    struct sandbox *sandbox;
    int fd, calls;
};

static void stop_when_told(void *arg)
{
    struct watched *w = arg;

    w->calls++;
    sandbox_unwatch(w->sandbox, w->fd); /* inside its own call: freed after the round */
    sandbox_stop(w->sandbox);
}

static void test_watches_descriptors(void **state)
{
    struct sandbox_fixture f = {0};
    struct watched w;
    struct error err;
    int ends[2];

    (void)state;
    fixture_start(&f);
    assert_int_equal(pipe(ends), 0);
    w = (struct watched){f.sandbox, ends[0], 0};
    assert_true(sandbox_watch(f.sandbox, ends[0], stop_when_told, &w, &err));
    assert_false(sandbox_watch(f.sandbox, -1, stop_when_told, &w, &err));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(sandbox_run(f.sandbox, &err));
    assert_int_equal(w.calls, 1);
    close(ends[0]);
    close(ends[1]);
    fixture_stop(&f);
}

/* --- heads without a socket --- */

static void test_judges_heads(void **state)
{
    static const struct {
        const char *why, *method, *target, *version, *name, *value;
        int status; /* 0: accepted */
    } rows[] = {
        {"ordinary", "POST", "/", "HTTP/1.1", "X-Any", "value \t\xc3\xa9", 0},
        {"an old version is fine", "GET", "/x?y", "HTTP/1.0", NULL, NULL, 0},
        {"a version of its own", "GET", "/", "HTTP/2.0", NULL, NULL, 505},
        {"method is no token", "GE T", "/", "HTTP/1.1", NULL, NULL, 400},
        {"absolute target", "GET", "http://localhost/", "HTTP/1.1", NULL, NULL, 400},
        {"control byte in target", "GET", "/a\x01", "HTTP/1.1", NULL, NULL, 400},
        {"length with a sign", "POST", "/", "HTTP/1.1", "Content-Length", "+1", 400},
        {"length over all numbers", "POST", "/", "HTTP/1.1", "Content-Length", "99999999999999999999", 413},
        {"a list of lengths", "POST", "/", "HTTP/1.1", "Content-Length", "1,1", 400},
        {"dotted look-alike", "POST", "/", "HTTP/1.1", "Content.Length", "1", 400},
        {"look-alike of Host", "POST", "/", "HTTP/1.1", "H_ost", "x", 400},
        {"space in a name", "POST", "/", "HTTP/1.1", "X Y", "x", 400},
        {"DEL in a value", "POST", "/", "HTTP/1.1", "X", "a\x7f", 400},
        {"same origin is not cross-site", "GET", "/", "HTTP/1.1", "Sec-Fetch-Site", "same-origin", 0},
        {"another port is another site", "GET", "/", "HTTP/1.1", "Sec-Fetch-Site", "same-site", 403},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request req = {0};
        struct http_refusal refusal = {0};
        struct error err;
        bool ok;

        http_request_set(&req, rows[i].method, "/", NULL);
        assert_true(http_headers_add(&req.headers, "Host", STR("[::1]:4566"), &err));
        if (rows[i].name)
            assert_true(http_headers_add(&req.headers, rows[i].name, str_of(rows[i].value), &err));
        ok = http_check_head(&req, rows[i].target, rows[i].version, 1 << 20, &refusal);
        if (ok != (rows[i].status == 0) || refusal.status != rows[i].status)
            fail_msg("%s: %d", rows[i].why, refusal.status);
        http_request_release(&req);
    }
}

static void test_judges_hosts(void **state)
{
    static const struct {
        const char *host;
        int status; /* 0: accepted */
    } rows[] = {
        {"127.0.0.1", 0},
        {"127.9.8.7:80", 0},
        {"localhost:1", 0},
        {"LocalHost", 0},
        {"[::1]:4566", 0},
        {"[0:0:0:0:0:0:0:1]", 0},
        {"", 403},
        {"localhost.", 403}, /* as a resolver has it: not the letters */
        {"evil.localhost", 403},
        {"localhost.evil.example", 403},
        {"localhost@evil.example", 403},
        {"evil.example@localhost", 403},
        {"localhost/evil.example", 403},
        {"localhost?evil.example", 403},
        {"localhost#evil.example", 403},
        {"localhost,evil.example", 403},
        {"localhost evil.example", 403},
        {"localhost:port", 403},
        {"localhost:65536", 403},
        {"localhost:1:2", 403},
        {"127.1", 403},
        {"127.0.0.1.", 403},
        {"0177.0.0.1", 403},
        {"0x7f.0.0.1", 403},
        {"2130706433", 403},
        {"0.0.0.0", 403},
        {"128.0.0.1", 403},
        {"::1", 403},
        {"[::1", 403},
        {"[::]", 403},
        {"[::ffff:127.0.0.1]", 403},
        {"[::1]evil.example", 403},
        {"[fe80::1%lo]", 403},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request req = {0};
        struct http_refusal refusal = {0};
        struct error err;

        http_request_set(&req, "GET", "/", NULL);
        assert_true(http_headers_add(&req.headers, "Host", str_of(rows[i].host), &err));
        if (http_check_head(&req, "/", "HTTP/1.1", 1, &refusal) != (rows[i].status == 0) ||
            refusal.status != rows[i].status)
            print_error("%s: %d\n", rows[i].host, refusal.status);
        assert_int_equal(refusal.status, rows[i].status);
        http_request_release(&req);
    }
}

/* Said twice, the second is heard too. */
static void test_judges_every_header_of_a_page(void **state)
{
    struct http_request req = {0};
    struct http_refusal refusal = {0};
    struct error err;

    (void)state;
    http_request_set(&req, "GET", "/", NULL);
    assert_true(http_headers_add(&req.headers, "Host", STR("localhost"), &err));
    assert_true(http_headers_add(&req.headers, "sec-fetch-site", STR("none"), &err));
    assert_true(http_check_head(&req, "/", "HTTP/1.1", 1, &refusal));
    assert_true(http_headers_add(&req.headers, "Sec-Fetch-Site", STR("cross-site"), &err));
    assert_false(http_check_head(&req, "/", "HTTP/1.1", 1, &refusal));
    assert_int_equal(refusal.status, 403);
    http_request_release(&req);
}

static void test_ends_slow_connections(void **state)
{
    struct peers peers = {0};
    struct peer slow = {.fd = -1}, reading = {.fd = -1}, idle = {.fd = -1}, working = {.fd = -1};

    (void)state;
    peer_enter(&peers, &slow, 0);
    peer_enter(&peers, &reading, 1000);
    peer_move(&peers, &reading, PEER_READING, 4000);
    peer_enter(&peers, &idle, 1000);
    peer_move(&peers, &idle, PEER_IDLE, 2000);
    peer_enter(&peers, &working, 0);
    peer_move(&peers, &working, PEER_WORKING, 0);
    assert_int_equal(peers_expire(&peers, 9999), 10000);
    assert_ptr_equal(peers.first[PEER_FRESH], &slow);
    assert_int_equal(peers_expire(&peers, 10000), 14000); /* slow is gone, reading is next */
    assert_null(peers.first[PEER_FRESH]);
    assert_int_equal(peers_expire(&peers, 14000), 62000);
    peers_evict(&peers, 4);
    assert_ptr_equal(peers.first[PEER_IDLE], &idle); /* not above the limit */
    peers_evict(&peers, 3);
    assert_null(peers.first[PEER_IDLE]);
    peer_leave(&peers, &slow);
    assert_int_equal(peers.count, 3);
}

static void test_makes_room_for_newcomers(void **state)
{
    struct peers peers = {0};
    struct peer used = {.fd = -1}, half = {.fd = -1}, silent = {.fd = -1}, sending = {.fd = -1};
    struct peer first = {.fd = -1}, second = {.fd = -1};

    (void)state;
    peer_enter(&peers, &sending, 0);
    peer_move(&peers, &sending, PEER_SENDING, 0);
    peer_enter(&peers, &half, 0);
    peer_move(&peers, &half, PEER_READING, 1000);
    peer_enter(&peers, &silent, 2000);
    peer_enter(&peers, &used, 0);
    peer_move(&peers, &used, PEER_IDLE, 3000);
    peer_enter(&peers, &first, 4000);
    peers_evict(&peers, 4);
    assert_null(peers.first[PEER_READING]); /* half a request goes before a connection in use */
    peer_leave(&peers, &half);
    peer_enter(&peers, &second, 4000);
    peers_evict(&peers, 4);
    assert_ptr_equal(peers.first[PEER_FRESH], &first); /* then who said nothing */
    peer_leave(&peers, &silent);
    peer_leave(&peers, &used);
    peer_leave(&peers, &first);
    peers_evict(&peers, 1);
    assert_ptr_equal(peers.first[PEER_FRESH], &second); /* never the newcomer itself */
    assert_ptr_equal(peers.first[PEER_SENDING], &sending);
}

static void test_listens_on_loopback_only(void **state)
{
    static const char *const refused[] = {"0.0.0.0", "192.0.2.1", "::", "localhost", "128.0.0.1"};
    CLEANUP(json_freep) struct json *world = NULL;
    struct sandbox *s = NULL;
    struct error err;

    (void)state;
    assert_true(json_parse(STR("{\"admin\":\"a\",\"users\":{\"a\":{}}}"), NULL, &world, &err));
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct sandbox_options options = {
            .world = world, .region = "eu-west-1", .listen_address = refused[i], .clock = clock_system};

        assert_false(sandbox_new(&options, &s, &err));
        assert_int_equal(err.code, ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verifies_every_request),
        cmocka_unit_test(test_keeps_connections_and_delays_replies),
        cmocka_unit_test(test_ends_connections_on_demand),
        cmocka_unit_test(test_refuses_loose_http),
        cmocka_unit_test(test_says_when_a_body_is_too_large),
        cmocka_unit_test(test_watches_descriptors),
        cmocka_unit_test(test_judges_heads),
        cmocka_unit_test(test_judges_hosts),
        cmocka_unit_test(test_judges_every_header_of_a_page),
        cmocka_unit_test(test_ends_slow_connections),
        cmocka_unit_test(test_makes_room_for_newcomers),
        cmocka_unit_test(test_listens_on_loopback_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
