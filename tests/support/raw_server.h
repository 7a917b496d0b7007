/* A server of raw bytes on loopback, for tests of what goes on the wire. One
 * thread; scripted replies in order. */
#ifndef TESTS_SUPPORT_RAW_SERVER_H
#define TESTS_SUPPORT_RAW_SERVER_H

#include "aws/common/buf.h"

#include <pthread.h>

struct raw_server {
    int fd, port;
    pthread_t thread;
    const char *const *replies; /* one a request, borrowed; NULL closes instead */
    size_t count;
    size_t body_bytes; /* behind the head of each request */
    /* To be read after raw_server_stop, or once the last reply was received: */
    struct buf received; /* all requests, as bytes */
    size_t connections;
};

void raw_server_start(struct raw_server *s, const char *const *replies, size_t count, size_t body_bytes);
/** Ends the thread; what was received stays until raw_server_release. */
void raw_server_stop(struct raw_server *s);
void raw_server_release(struct raw_server *s);

#endif
