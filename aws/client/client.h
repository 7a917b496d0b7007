/* One AWS call: encode, resolve, sign, send, decode, classify, retry. */
#ifndef AWS_CLIENT_CLIENT_H
#define AWS_CLIENT_CLIENT_H

#include "aws/auth/credentials.h"
#include "aws/common/clock.h"
#include "aws/common/json.h"
#include "aws/config/config.h"
#include "aws/crypto/random.h"
#include "aws/http/transport.h"

/* What all workers of a run share: settings, the retry token bucket, the clock
 * correction, counters. Thread-safe. */
struct aws_shared;

struct aws_observer {
    /* Called after each attempt, from the worker's thread. err NULL on success. */
    void (*attempt)(void *self, const struct aws_operation *op, int attempt, int64_t ms,
                    const struct error *err);
    void *self;
    /* Called before each wait: after a failure that is tried again (err->throttle:
     * the service asked to slow down), or with err NULL where adaptive mode holds
     * a request back. */
    void (*waiting)(void *self, const struct aws_operation *op, int attempt, int64_t wait_ms,
                    const struct error *err);
};

struct aws_shared_options {
    const struct aws_settings *settings; /* borrowed, outlives it */
    struct clock clock;
    struct random random;
    struct aws_observer observer; /* may be zero */
    int stop_fd;                  /* readable: give up waiting; -1 none */
};

struct aws_shared *aws_shared_new(const struct aws_shared_options *options);
void aws_shared_free(struct aws_shared *s);

const struct aws_settings *aws_shared_settings(const struct aws_shared *s);
struct clock aws_shared_clock(const struct aws_shared *s);

struct aws_totals {
    uint64_t requests, mutating, bytes_sent, bytes_received;
};
struct aws_totals aws_shared_totals(const struct aws_shared *s);

/* One per worker thread. */
struct aws_client;

/** provider borrowed and may be shared; transport is taken over. */
struct aws_client *aws_client_new(struct aws_shared *shared, struct credential_provider *provider,
                                  struct http_transport *transport);
void aws_client_free(struct aws_client *c);
void aws_client_freep(struct aws_client **c);

/** The same worker's connections with another identity (borrowed). */
void aws_client_set_provider(struct aws_client *c, struct credential_provider *provider);
struct credential_provider *aws_client_provider(const struct aws_client *c);

const struct aws_settings *aws_client_settings(const struct aws_client *c);

/** Requests sent by this client so far, retries included. */
uint64_t aws_client_requests(const struct aws_client *c);

/** Calls service's operation: JSON in, JSON out, members named as in the
 * public model. *out is owned by the caller; may be NULL pointer when not
 * wanted. A missing idempotency token is filled in. Retries as the settings' mode
 * has them, with the shared token bucket; only what is safe to repeat is
 * repeated.
 *
 * Errors: ERR_AWS (remote_code, request_id), ERR_UNREACHABLE, ERR_CONFIG
 * (credentials, endpoint), ERR_USAGE (unknown operation or member),
 * ERR_INTERRUPTED. `err->message` begins with the operation's name. */
MUST_USE bool aws_call(struct aws_client *c, const char *service, const char *operation,
                       const struct json *in, struct json **out, struct error *err);

/** Follows the pages and joins the list named by the model (page_items) in
 * *out, at most 100,000 elements (ERR_LIMIT). Other output members are those of
 * the first page, the token of the next page is left out. ERR_SYNTAX when the
 * service repeats a page. An operation without pages is simply called. */
MUST_USE bool aws_call_all(struct aws_client *c, const char *service, const char *operation,
                           const struct json *in, struct json **out, struct error *err);

#endif
