/* HTTP requests and responses as values. Nothing here sends. */
#ifndef AWS_HTTP_MESSAGE_H
#define AWS_HTTP_MESSAGE_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

struct http_header {
    char *name; /* as received or as it will be sent */
    char *value;
};

struct http_headers {
    struct http_header *items; /* arrival order, duplicates kept */
    size_t count, cap;
};

struct http_request {
    char *method; /* "GET", "POST" */
    char *path;   /* raw and percent-encoded as on the wire, begins with '/' */
    char *query;  /* raw, without '?'; NULL or "" when none */
    struct http_headers headers;
    struct buf body;
};

struct http_response {
    int status;
    struct http_headers headers;
    struct buf body;
};

/** Refuses CR, LF, NUL in name or value (ERR_USAGE) and an empty name. */
MUST_USE bool http_headers_add(struct http_headers *h, const char *name, struct str value, struct error *err);
/** Replaces every header of that name (case ignored). */
MUST_USE bool http_headers_set(struct http_headers *h, const char *name, struct str value, struct error *err);
void http_headers_remove(struct http_headers *h, const char *name);
/** First value, case ignored; NULL when absent. */
const char *http_headers_find(const struct http_headers *h, const char *name);
size_t http_headers_count(const struct http_headers *h, const char *name);
void http_headers_release(struct http_headers *h);

void http_request_set(struct http_request *r, const char *method, const char *path, const char *query);
void http_request_release(struct http_request *r);
void http_response_release(struct http_response *r);

#endif
