#include "tests/support/served_sandbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void *serve(void *arg)
{
    struct served *v = arg;
    struct error err;

    v->ended_well = sandbox_run(v->fixture.sandbox, &err);
    return NULL;
}

void served_start(struct served *v)
{
    if (v->world)
        fixture_start_world(&v->fixture, v->world);
    else
        fixture_start(&v->fixture);
    assert_int_equal(sscanf(sandbox_url(v->fixture.sandbox), "http://127.0.0.1:%u", &v->port), 1);
    sandbox_admin_credentials(v->fixture.sandbox, &v->admin);
    assert_int_equal(pthread_create(&v->thread, NULL, serve, v), 0);
}

void served_end(struct served *v)
{
    sandbox_stop(v->fixture.sandbox);
    assert_int_equal(pthread_join(v->thread, NULL), 0);
    assert_true(v->ended_well);
    v->fixture.sandbox->loop_thread = pthread_self();
    v->ended = true;
}

void served_stop(struct served *v)
{
    if (!v->ended)
        served_end(v);
    aws_credentials_release(&v->admin);
    fixture_stop(&v->fixture);
}

int served_dial(const struct served *v)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)v->port)};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void served_send(int fd, struct str text)
{
    while (text.len) {
        ssize_t sent = send(fd, text.data, text.len, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* the other side may have closed: the reply tells */
        text = str_slice(text, (size_t)sent, text.len);
    }
}

bool served_receive(int fd, struct buf *out)
{
    char chunk[4096];
    const char *end, *length;

    buf_reset(out);
    while (!(end = out->data ? strstr(out->data, "\r\n\r\n") : NULL) ||
           (size_t)(end + 4 - out->data) +
                   ((length = strstr(out->data, "Content-Length: ")) ? (size_t)atol(length + 16) : 0) >
               out->len) {
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);

        if (got <= 0)
            return false;
        buf_add(out, (struct str){chunk, (size_t)got});
    }
    return true;
}

int served_ask(const struct served *v, struct str request, struct buf *reply)
{
    int fd = served_dial(v), status = 0;

    served_send(fd, request);
    if (served_receive(fd, reply))
        status = atoi(reply->data + 9);
    close(fd);
    return status;
}

void served_write(const struct http_request *req, struct buf *out)
{
    const char *query = req->query ? req->query : "";

    buf_printf(out, "%s %s%s%s HTTP/1.1\r\n", req->method, req->path, *query ? "?" : "", query);
    for (size_t i = 0; i < req->headers.count; i++)
        buf_printf(out, "%s: %s\r\n", req->headers.items[i].name, req->headers.items[i].value);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", req->body.len);
    buf_add(out, buf_str(&req->body));
}
