/* How strict the sandbox is about HTTP, beyond what libmicrohttpd checks.
 * SECURITY rules 19 and 20; the list is that of the library notes. What the
 * library parses away before any callback (a bare LF, folded lines, a NUL in a
 * line) cannot be seen here; with one parser and no proxy in front it cannot
 * split a request either. */
#ifndef AWS_SANDBOX_HTTP_CHECK_H
#define AWS_SANDBOX_HTTP_CHECK_H

#include "aws/http/message.h"

struct http_refusal {
    int status;      /* 400, 403, 413, 501, 505 */
    const char *why; /* static */
};

/** Judges a head as received. target is the request target, query included;
 * version as "HTTP/1.1". body_limit_bytes bounds Content-Length. True when it
 * may go on. */
bool http_check_head(const struct http_request *req, const char *target, const char *version,
                     size_t body_limit_bytes, struct http_refusal *refusal);

#endif
