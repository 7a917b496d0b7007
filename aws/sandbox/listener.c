#include "aws/sandbox/listener.h"

#include "aws/sandbox/core.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

enum { BACKLOG = 512 };

/** The listening socket's address: loopback, IPv4 or IPv6. */
static bool read_address(const char *text, unsigned port, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1 && (ntohl(in.sin_addr.s_addr) >> 24) == 127) {
        memcpy(out, &in, sizeof in);
        *len = sizeof in;
        return true;
    }
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr)) {
        memcpy(out, &in6, sizeof in6);
        *len = sizeof in6;
        return true;
    }
    return false;
}

bool listen_on_loopback(struct sandbox *s, int *listener, struct error *err)
{
    const char *text = s->options.listen_address ? s->options.listen_address : "127.0.0.1";
    struct sockaddr_storage address;
    socklen_t len;
    int yes = 1;
    unsigned port;

    if (s->options.listen_port > 65535 || !read_address(text, s->options.listen_port, &address, &len))
        return error_set(err, ERR_USAGE, "listen on %s port %u: not a loopback address and port", text,
                         s->options.listen_port);
    *listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* REUSEADDR: a sandbox that just ended leaves its connections behind. */
    if (*listener < 0 || setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(*listener, (const struct sockaddr *)&address, len) < 0 || listen(*listener, BACKLOG) < 0 ||
        getsockname(*listener, (struct sockaddr *)&address, &len) < 0)
        return error_os(err, "listen on %s port %u", text, s->options.listen_port);
    if (address.ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, &address, sizeof in);
        port = ntohs(in.sin_port);
    } else {
        struct sockaddr_in6 in6;

        memcpy(&in6, &address, sizeof in6);
        port = ntohs(in6.sin6_port);
    }
    (void)snprintf(s->url, sizeof s->url, address.ss_family == AF_INET ? "http://%s:%u" : "http://[%s]:%u",
                   text, port);
    return true;
}
