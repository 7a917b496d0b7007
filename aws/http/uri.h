/* URLs and percent-encoding (RFC 3986). */
#ifndef AWS_HTTP_URI_H
#define AWS_HTTP_URI_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

struct http_url {
    char scheme[8]; /* "http" or "https" */
    char host[256]; /* without brackets */
    bool ipv6;
    int port;       /* 0 when not given */
    char path[512]; /* raw, "" or "/base" without a trailing slash */
};

/** http and https only; no user info, query or fragment. ERR_CONFIG. */
MUST_USE bool http_url_parse(struct str text, struct http_url *out, struct error *err);
/** "https://host:port" without the path. */
void http_url_origin(const struct http_url *url, struct buf *out);
/** The Host header: port unless default for the scheme, IPv6 in brackets. */
void http_url_host(const struct http_url *url, struct buf *out);
/** 127.0.0.0/8, ::1 or "localhost", by its letters: no look-up. */
bool http_url_is_loopback(const struct http_url *url);

/** Everything but A-Za-z0-9-._~ becomes %XX, upper case hex. */
void uri_encode(struct str s, struct buf *out);
/** The same, '/' kept. */
void uri_encode_path(struct str s, struct buf *out);
/** %XX decoded, '+' becomes a space when plus is true. ERR_SYNTAX for a bad
 * escape. */
MUST_USE bool uri_decode(struct str s, bool plus, struct buf *out, struct error *err);

/** Cuts the next name and value off a raw query or form body; both raw. */
bool uri_next_pair(struct str *rest, struct str *name, struct str *value);

#endif
