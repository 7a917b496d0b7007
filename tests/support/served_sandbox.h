/* A sandbox that serves from a thread of its own, and a raw client of it: for
 * tests of what goes over the socket. Its clock stands still at
 * 2026-01-01T00:00:00Z unless options.clock is set. */
#ifndef TESTS_SUPPORT_SERVED_SANDBOX_H
#define TESTS_SUPPORT_SERVED_SANDBOX_H

#include "tests/support/sandbox_fixture.h"

#define SERVED_NOW_S 1767225600

struct served {
    const char *world; /* JSON; NULL the fixture's */
    struct sandbox_fixture fixture;
    pthread_t thread;
    bool ended_well, ended;
    unsigned port;
    struct aws_credentials admin;
};

void served_start(struct served *v);
/** Serves no longer: from here on the world may be looked at. */
void served_end(struct served *v);
/** Ends it if need be, and frees what it holds. */
void served_stop(struct served *v);

/** A blocking connection; reads give up after 20 s. */
int served_dial(const struct served *v);
/** All of text, as far as the other side takes it. */
void served_send(int fd, struct str text);
/** One reply, head and body. False when the connection ended before it. */
bool served_receive(int fd, struct buf *out);
/** A raw request on a connection of its own; the status, 0 when closed without. */
int served_ask(const struct served *v, struct str request, struct buf *reply);

/** The request as bytes, Content-Length added. */
void served_write(const struct http_request *req, struct buf *out);

#endif
