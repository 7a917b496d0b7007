#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool read_request(int fd, size_t body_bytes, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};
    char c;

    while (!str_ends(buf_str(&text), STR("\r\n\r\n"))) {
        if (read(fd, &c, 1) != 1)
            return false;
        buf_addc(&text, c);
    }
    for (size_t i = 0; i < body_bytes; i++) {
        if (read(fd, &c, 1) != 1)
            return false;
        buf_addc(&text, c);
    }
    buf_add(out, buf_str(&text));
    return true;
}

static void *serve(void *self)
{
    struct raw_server *s = self;
    size_t next = 0;

    while (next < s->count) {
        int fd = accept(s->fd, NULL, NULL);

        if (fd < 0)
            break;
        s->connections++;
        while (next < s->count && read_request(fd, s->body_bytes, &s->received)) {
            const char *reply = s->replies[next++];

            if (!reply || write(fd, reply, strlen(reply)) < 0)
                break;
        }
        close(fd);
    }
    return NULL;
}

void raw_server_start(struct raw_server *s, const char *const *replies, size_t count, size_t body_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    *s = (struct raw_server){.replies = replies, .count = count, .body_bytes = body_bytes};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void raw_server_stop(struct raw_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

void raw_server_release(struct raw_server *s)
{
    buf_release(&s->received);
}
