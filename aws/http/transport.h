/* How a request gets out. A transport belongs to one thread and keeps its
 * connections. Blocking. */
#ifndef AWS_HTTP_TRANSPORT_H
#define AWS_HTTP_TRANSPORT_H

#include "aws/http/message.h"
#include "aws/http/uri.h"

struct http_options {
    int connect_timeout_ms;      /* 0: 5000 */
    int timeout_ms;              /* whole exchange; 0: 60000 */
    size_t response_limit_bytes; /* 0: 8 MiB */
};

struct http_transport {
    /* Sends to url's scheme, host and port; url->path is already part of
     * req->path. Path, query and headers go out exactly as given; only Host
     * (unless set), User-Agent (unless set) and Content-Length are added. No
     * redirects, and never a second attempt of its own. *out is released
     * first.
     *
     * Errors: ERR_UNREACHABLE naming host, port and reason, with `retryable`
     * set when nothing of the request was sent, so that any request may be
     * sent again; without it the request may have been acted on. os_errno is
     * ETIMEDOUT for a timeout and EPROTO where trying again is of no use (a
     * certificate that is not trusted). ERR_LIMIT for a reply over a limit,
     * ERR_CONFIG for http:// to a foreign host, ERR_USAGE for a request that
     * cannot be put on the wire. */
    bool (*send)(void *self, const struct http_url *url, const struct http_request *req,
                 const struct http_options *options, struct http_response *out, struct error *err);
    void (*free)(void *self);
    void *self;
    /* Running totals of this transport. */
    uint64_t bytes_sent, bytes_received, requests, connections;
};

struct http_curl_options {
    const char *ca_bundle; /* PEM file, NULL for the system's */
    const char *proxy;     /* NULL: none. Never used for loopback or metadata addresses */
    const char *no_proxy;
    const char *user_agent;
};

/** SECURITY rule 13. http:// is refused except to loopback and the metadata
 * addresses 169.254.169.254, 169.254.170.2, 169.254.170.23, fd00:ec2::254,
 * fd00:ec2::23. */
MUST_USE bool http_curl_new(const struct http_curl_options *options, struct http_transport **out,
                            struct error *err);
void http_transport_free(struct http_transport *t);

#endif
