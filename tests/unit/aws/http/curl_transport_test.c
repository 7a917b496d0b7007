/* Against a server of raw bytes on loopback: what goes on the wire, and what
 * is made of what comes back. */
#include "aws/http/transport.h"

#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct http_transport *transport(void)
{
    static const struct http_curl_options options = {.user_agent = "lab/test"};
    struct http_transport *t = NULL;
    struct error err = {0};

    if (!http_curl_new(&options, &t, &err))
        fail_msg("%s", err.message);
    return t;
}

static struct http_url url_of(int port)
{
    struct http_url url = {.scheme = "http", .host = "127.0.0.1", .port = port};

    return url;
}

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId:  r1 \r\n\r\nhi"

static void sends_exactly_what_it_is_given(void **state)
{
    static const char *const replies[] = {OK_REPLY};
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(buf_release) struct buf want = {0};
    struct http_transport *t = transport();
    CLEANUP(raw_server_release) struct raw_server server = {0};
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, 1, 5);
    struct http_url url = url_of(server.port);
    /* Nothing of the path or query is made pretty: it was signed like this. */
    http_request_set(&req, "POST", "/a/../b//c%2f.", "q=%7e&r");
    assert_true(http_headers_add(&req.headers, "X-Empty", STR(""), &err));
    assert_true(http_headers_add(&req.headers, "Content-Type", STR("text/plain"), &err));
    buf_adds(&req.body, "a\nb=c");
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    buf_printf(&want,
               "POST /a/../b//c%%2f.?q=%%7e&r HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: lab/test\r\n"
               "X-Empty:\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\na\nb=c",
               server.port);
    assert_string_equal(buf_text(&server.received), buf_text(&want));
    assert_int_equal(t->bytes_sent, want.len);
    assert_int_equal(t->bytes_received, strlen(OK_REPLY));
    assert_int_equal(response.status, 200);
    assert_string_equal(buf_text(&response.body), "hi");
    assert_string_equal(http_headers_find(&response.headers, "x-amzn-requestid"), "r1");
    http_transport_free(t);
    raw_server_stop(&server);
}

static void keeps_the_connection(void **state)
{
    static const char *const replies[] = {OK_REPLY, OK_REPLY,
                                          "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"};
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_transport *t = transport();
    CLEANUP(raw_server_release) struct raw_server server = {0};
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, 3, 0);
    struct http_url url = url_of(server.port);
    http_request_set(&req, "PUT", "/", NULL);
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    http_request_set(&req, "GET", "/", NULL);
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    /* A redirect is handed back, never followed: it was not signed. */
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    assert_int_equal(response.status, 302);
    assert_int_equal(server.connections, 1);
    assert_int_equal(t->connections, 1);
    assert_int_equal(t->requests, 3);
    assert_true(str_contains(buf_str(&server.received), STR("GET / HTTP/1.1\r\n")));
    assert_false(str_contains(buf_str(&server.received), STR("Accept")));
    http_transport_free(t);
    raw_server_stop(&server);
}

/* The service may have acted on a request whose reply was lost. libcurl would
 * send it again by itself when the connection was a kept one. */
static void never_repeats_by_itself(void **state)
{
    static const char *const replies[] = {OK_REPLY, NULL, OK_REPLY};
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_transport *t = transport();
    CLEANUP(raw_server_release) struct raw_server server = {0};
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, 3, 3);
    struct http_url url = url_of(server.port);
    http_request_set(&req, "POST", "/", NULL);
    buf_adds(&req.body, "abc");
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    assert_false(t->send(t->self, &url, &req, NULL, &response, &err));
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_false(err.retryable);
    assert_non_null(strstr(err.message, "connection closed without a reply"));
    assert_true(t->send(t->self, &url, &req, NULL, &response, &err));
    assert_int_equal(response.status, 200);
    http_transport_free(t);
    raw_server_stop(&server);
}

static void bounds_the_reply(void **state)
{
    static const char *const replies[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n"};
    static const struct http_options options = {.response_limit_bytes = 10};
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_transport *t = transport();
    CLEANUP(raw_server_release) struct raw_server server = {0};
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, 1, 0);
    struct http_url url = url_of(server.port);
    http_request_set(&req, "GET", "/", NULL);
    assert_false(t->send(t->self, &url, &req, &options, &response, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    http_transport_free(t);
    raw_server_stop(&server);
}

static void times_out(void **state)
{
    static const struct http_options options = {.timeout_ms = 50};
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct http_transport *t = transport();
    socklen_t len = sizeof address;
    struct error err = {0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    /* Listens and never answers. */
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    struct http_url url = url_of(ntohs(address.sin_port));
    http_request_set(&req, "GET", "/", NULL);
    assert_false(t->send(t->self, &url, &req, &options, &response, &err));
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_int_equal(err.os_errno, ETIMEDOUT);
    /* It was sent: nobody knows what became of it. */
    assert_false(err.retryable);
    close(fd);
    http_transport_free(t);
}

static void says_why_it_cannot_reach(void **state)
{
    CLEANUP(http_request_release) struct http_request req = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_transport *t = transport();
    struct error err = {0};
    CLEANUP(raw_server_release) struct raw_server server = {0};

    (void)state;
    raw_server_start(&server, NULL, 0, 0);
    struct http_url url = url_of(server.port);
    raw_server_stop(&server);
    http_request_set(&req, "GET", "/", NULL);
    assert_false(t->send(t->self, &url, &req, NULL, &response, &err));
    assert_int_equal(err.code, ERR_UNREACHABLE);
    assert_int_equal(err.os_errno, ECONNREFUSED);
    assert_true(err.retryable);
    assert_non_null(strstr(err.message, "connection refused"));
    assert_non_null(strstr(err.message, "127.0.0.1:"));
    http_transport_free(t);
}

static void refuses_what_may_not_go_out(void **state)
{
    static const struct {
        const char *why, *scheme, *host, *method, *path, *query;
        enum error_code want;
    } table[] = {
        {"plain http to a foreign host", "http", "192.0.2.1", "GET", "/", NULL, ERR_CONFIG},
        {"looks like loopback", "http", "127.0.0.1.example", "GET", "/", NULL, ERR_CONFIG},
        {"a second request in the path", "http", "127.0.0.1", "GET", "/ HTTP/1.1\r\nX: y", NULL, ERR_USAGE},
        {"a line break in the query", "http", "127.0.0.1", "GET", "/", "a\n", ERR_USAGE},
        {"a path that is none", "http", "127.0.0.1", "GET", "x", NULL, ERR_USAGE},
        {"a method with a space", "http", "127.0.0.1", "GET /x", "/", NULL, ERR_USAGE},
    };
    struct http_transport *t = transport();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(http_request_release) struct http_request req = {0};
        CLEANUP(http_response_release) struct http_response response = {0};
        struct http_url url = {.port = 9};
        struct error err = {0};

        snprintf(url.scheme, sizeof url.scheme, "%s", table[i].scheme);
        snprintf(url.host, sizeof url.host, "%s", table[i].host);
        http_request_set(&req, table[i].method, table[i].path, table[i].query);
        assert_false(t->send(t->self, &url, &req, NULL, &response, &err));
        assert_int_equal(err.code, table[i].want);
    }
    assert_int_equal(t->requests, 0);
    http_transport_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_exactly_what_it_is_given),
        cmocka_unit_test(keeps_the_connection),
        cmocka_unit_test(never_repeats_by_itself),
        cmocka_unit_test(bounds_the_reply),
        cmocka_unit_test(times_out),
        cmocka_unit_test(says_why_it_cannot_reach),
        cmocka_unit_test(refuses_what_may_not_go_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
