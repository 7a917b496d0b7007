#include "aws/client/client.h"

#include "aws/auth/sigv4.h"
#include "aws/client/retry.h"
#include "aws/client/shared.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/protocol/protocol.h"

#include <stdio.h>

#define USER_AGENT "lab/" LAB_VERSION

struct aws_client {
    struct aws_shared *shared;
    struct credential_provider *provider;
    struct http_transport *transport;
    uint64_t requests;
};

struct aws_client *aws_client_new(struct aws_shared *shared, struct credential_provider *provider,
                                  struct http_transport *transport)
{
    struct aws_client *c = mem_alloc(sizeof *c);

    *c = (struct aws_client){.shared = shared, .provider = provider, .transport = transport};
    return c;
}

void aws_client_free(struct aws_client *c)
{
    if (!c)
        return;
    http_transport_free(c->transport);
    mem_free(c);
}

void aws_client_freep(struct aws_client **c)
{
    aws_client_free(*c);
    *c = NULL;
}

void aws_client_set_provider(struct aws_client *c, struct credential_provider *provider)
{
    c->provider = provider;
}

struct credential_provider *aws_client_provider(const struct aws_client *c)
{
    return c->provider;
}

const struct aws_settings *aws_client_settings(const struct aws_client *c)
{
    return aws_shared_settings(c->shared);
}

uint64_t aws_client_requests(const struct aws_client *c)
{
    return c->requests;
}

/* --- one call --- */

struct call {
    struct aws_client *client;
    const struct aws_operation *op;
    struct http_request request;
    struct http_response response; /* of the last attempt */
    struct aws_endpoint endpoint;
    char invocation_id[37];
    int attempt, attempts_max;
    int taken; /* from the retry budget, by the last retry */
    bool clock_corrected, credentials_renewed;
};

static void call_release(struct call *call)
{
    http_request_release(&call->request);
    http_response_release(&call->response);
}

/* The input with the idempotency token that a repeat will carry again. */
static struct json *with_token(struct aws_shared *shared, const struct aws_operation *op,
                               const struct json *in)
{
    struct json *copy = in ? json_copy(in) : json_object();
    char uuid[37];

    if (op->token && !json_get(copy, op->token)) {
        shared_uuid(shared, uuid);
        json_put_text(copy, op->token, uuid);
    }
    return copy;
}

static bool call_prepare(struct call *call, const char *service_id, const char *operation,
                         const struct json *in, struct error *err)
{
    const struct aws_service *service = model_service(service_id);
    const struct aws_settings *settings = aws_shared_settings(call->client->shared);
    CLEANUP(json_freep) struct json *full = NULL;
    CLEANUP(mem_freep) char *path = NULL;

    call->op = service ? model_operation(service, operation) : NULL;
    if (!call->op) {
        /* In two steps: the linter then knows that below there is one. */
        error_set(err, ERR_USAGE, "no such operation of %s", service_id);
        return false;
    }
    if (!aws_endpoint_resolve(settings, service, &call->endpoint, err))
        return false;
    if (call->endpoint.signing_region[0] == '\0')
        return error_set(err, ERR_CONFIG, "no region: give --region or set AWS_REGION");
    full = with_token(call->client->shared, call->op, in);
    if (!protocol_encode_request(call->op, full, &call->request, err))
        return false;
    /* A base path of the endpoint is part of what is signed. */
    path = mem_printf("%s%s", call->endpoint.url.path, call->request.path);
    http_request_set(&call->request, call->request.method, path, call->request.query);
    call->attempts_max = settings->max_attempts > 0 ? settings->max_attempts : 1;
    shared_uuid(call->client->shared, call->invocation_id);
    return true;
}

static bool set_headers(struct call *call, struct error *err)
{
    struct http_headers *headers = &call->request.headers;
    CLEANUP(buf_release) struct buf host = {0};
    char attempt[64];

    http_url_host(&call->endpoint.url, &host);
    snprintf(attempt, sizeof attempt, "attempt=%d; max=%d", call->attempt, call->attempts_max);
    http_headers_remove(headers, "Authorization");
    http_headers_remove(headers, "X-Amz-Date");
    http_headers_remove(headers, "X-Amz-Security-Token");
    return http_headers_set(headers, "Host", buf_str(&host), err) &&
           http_headers_set(headers, "User-Agent", STR(USER_AGENT), err) &&
           http_headers_set(headers, "amz-sdk-invocation-id", str_of(call->invocation_id), err) &&
           http_headers_set(headers, "amz-sdk-request", str_of(attempt), err);
}

static bool sign(struct call *call, struct error *err)
{
    struct sigv4_scope scope = {call->endpoint.signing_region, call->endpoint.signing_name};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    struct credential_provider *provider = call->client->provider;

    if (call->op->unsigned_request)
        return true;
    return provider->get(provider->self, &creds, err) &&
           sigv4_sign(&call->request, &creds, &scope, NULL, shared_now_ms(call->client->shared) / 1000, NULL,
                      err);
}

static bool exchange(struct call *call, struct error *err)
{
    struct http_options options = {.timeout_ms = call->op->timeout_ms};
    struct http_transport *t = call->client->transport;
    uint64_t sent = t->bytes_sent, received = t->bytes_received;
    bool ok = t->send(t->self, &call->endpoint.url, &call->request, &options, &call->response, err);

    if (ok || (err->code == ERR_UNREACHABLE && !err->retryable)) {
        call->client->requests++;
        shared_count(call->client->shared, call->op->mutates, t->bytes_sent - sent,
                     t->bytes_received - received);
    }
    return ok;
}

static bool attempt_once(struct call *call, struct json **out, struct error *err)
{
    const struct aws_observer *observer = shared_observer(call->client->shared);
    int64_t start_ms = shared_monotonic_ms(call->client->shared), took_ms;
    bool ok;

    http_response_release(&call->response);
    if (!set_headers(call, err) || !sign(call, err))
        return false;
    ok = exchange(call, err) && protocol_decode_response(call->op, &call->response, out, NULL, err);
    took_ms = shared_monotonic_ms(call->client->shared) - start_ms;
    log_debug("%s %s: attempt %d: status %d, %lld ms", call->op->service->id, call->op->name, call->attempt,
              call->response.status, (long long)took_ms);
    if (observer->attempt)
        observer->attempt(observer->self, call->op, call->attempt, took_ms, ok ? NULL : err);
    return ok;
}

/* --- what next --- */

/* Both are tried once a call, at once: the request was refused unread. */
static bool repair(struct call *call, const struct error *err)
{
    const char *date = http_headers_find(&call->response.headers, "Date");
    struct credential_provider *provider = call->client->provider;
    int64_t service_s;

    if (retry_suggests_skew(err) && !call->clock_corrected && date &&
        clock_parse_http(str_of(date), &service_s) && shared_correct_clock(call->client->shared, service_s)) {
        log_debug("%s: the clock differs from the service's; signed again with its time", call->op->name);
        call->clock_corrected = true;
        return true;
    }
    if (retry_suggests_renewal(err) && !call->credentials_renewed && !call->op->unsigned_request) {
        provider->invalidate(provider->self);
        call->credentials_renewed = true;
        return true;
    }
    return false;
}

static enum aws_retry_mode retry_mode(const struct call *call)
{
    return aws_shared_settings(call->client->shared)->retry_mode;
}

static bool may_repeat(struct call *call, const struct error *err)
{
    bool legacy = retry_mode(call) == RETRY_LEGACY;
    int cost = legacy ? 0 : retry_cost(err);

    if (call->attempt >= call->attempts_max ||
        !(legacy ? retry_is_worthwhile_in_legacy : retry_is_worthwhile)(call->op, err) ||
        !shared_take_budget(call->client->shared, cost))
        return false;
    call->taken = cost;
    return true;
}

/* True when it was interrupted. */
static bool wait_for(const struct call *call, int64_t wait_ms, const struct error *err)
{
    const struct aws_observer *observer = shared_observer(call->client->shared);

    if (observer->waiting)
        observer->waiting(observer->self, call->op, call->attempt, wait_ms, err);
    return clock_wait(wait_ms, shared_stop_fd(call->client->shared));
}

static bool wait_before_repeat(const struct call *call, const struct error *err)
{
    double share = shared_random_unit(call->client->shared);
    int64_t computed_ms = (int64_t)(share * (double)retry_wait_max_ms(call->attempt));

    return wait_for(
        call,
        retry_wait_asked_ms(computed_ms, http_headers_find(&call->response.headers, "x-amz-retry-after")),
        err);
}

static bool wait_for_rate(const struct call *call)
{
    int64_t wait_ms;

    if (retry_mode(call) != RETRY_ADAPTIVE)
        return false;
    wait_ms = shared_rate_wait_ms(call->client->shared, call->op->service);
    return wait_ms > 0 && wait_for(call, wait_ms, NULL);
}

static bool attempt_at_its_rate(struct call *call, struct json **out, struct error *err)
{
    bool ok;

    if (wait_for_rate(call))
        return error_set(err, ERR_INTERRUPTED, "interrupted");
    ok = attempt_once(call, out, err);
    if (retry_mode(call) == RETRY_ADAPTIVE && (ok || err->code == ERR_AWS))
        shared_rate_note(call->client->shared, call->op->service, !ok && err->throttle);
    return ok;
}

static bool call_run(struct call *call, struct json **out, struct error *err)
{
    struct aws_shared *shared = call->client->shared;

    if (shared_stop_fd(shared) >= 0 && clock_wait(0, shared_stop_fd(shared)))
        return error_set(err, ERR_INTERRUPTED, "interrupted");
    for (;;) {
        call->attempt++;
        *err = (struct error){0};
        if (attempt_at_its_rate(call, out, err)) {
            shared_give_budget(shared, call->taken > 0 ? call->taken : 1);
            return true;
        }
        if (repair(call, err))
            continue;
        if (!may_repeat(call, err))
            return false;
        if (wait_before_repeat(call, err))
            return error_set(err, ERR_INTERRUPTED, "interrupted");
    }
}

bool aws_call(struct aws_client *c, const char *service, const char *operation, const struct json *in,
              struct json **out, struct error *err)
{
    CLEANUP(call_release) struct call call = {.client = c};
    CLEANUP(json_freep) struct json *output = NULL;

    if (!call_prepare(&call, service, operation, in, err) || !call_run(&call, &output, err))
        return error_wrap(err, "%s", operation);
    if (out) {
        *out = output;
        output = NULL;
    }
    return true;
}
