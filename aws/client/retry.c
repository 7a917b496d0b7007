#include "aws/client/retry.h"

#include <errno.h>
#include <string.h>

#define COST 5
#define COST_TIMEOUT 10
#define WAIT_MAX_MS 20000
#define ASKED_MAX_MS 5000

static bool is_safe(const struct aws_operation *op)
{
    return !op->mutates || op->resend_safe || op->token;
}

static bool has_code(const struct error *err, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (error_is(err, codes[i]))
            return true;
    return false;
}

bool retry_is_worthwhile(const struct aws_operation *op, const struct error *err)
{
    if (err->code == ERR_UNREACHABLE) {
        if (err->os_errno == EPROTO)
            return false;
        /* retryable: nothing was sent. Otherwise the reply may be what is lost. */
        return err->retryable || is_safe(op);
    }
    if (err->code != ERR_AWS)
        return false;
    if (err->throttle)
        return true;
    /* A 4xx is a refusal, nothing was done; behind a 5xx there may be a change. */
    return err->retryable && (err->http_status < 500 || is_safe(op));
}

bool retry_is_worthwhile_in_legacy(const struct aws_operation *op, const struct error *err)
{
    static const int statuses[] = {500, 502, 503, 504, 509, 429};
    static const char *const codes[] = {"Throttling", "ThrottlingException", "ThrottledException",
                                        "RequestThrottledException",
                                        "ProvisionedThroughputExceededException"};

    if (err->code != ERR_AWS)
        return retry_is_worthwhile(op, err);
    if (err->http_status == 400)
        return has_code(err, codes, ARRAY_LEN(codes));
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (err->http_status == statuses[i])
            return err->throttle || is_safe(op);
    return false;
}

int64_t retry_wait_asked_ms(int64_t computed_ms, const char *retry_after)
{
    int64_t asked_ms;

    if (!retry_after || !str_to_i64(str_of(retry_after), &asked_ms) || asked_ms < computed_ms)
        return computed_ms;
    return asked_ms < computed_ms + ASKED_MAX_MS ? asked_ms : computed_ms + ASKED_MAX_MS;
}

int retry_cost(const struct error *err)
{
    return err->os_errno == ETIMEDOUT ? COST_TIMEOUT : COST;
}

int64_t retry_wait_max_ms(int attempt)
{
    int64_t wait_ms = 1000;

    for (int i = 1; i < attempt && wait_ms < WAIT_MAX_MS; i++)
        wait_ms *= 2;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

bool retry_suggests_skew(const struct error *err)
{
    static const char *const codes[] = {"RequestTimeTooSkewed",  "RequestExpired",
                                        "RequestInTheFuture",    "InvalidSignatureException",
                                        "SignatureDoesNotMatch", "AuthFailure"};

    return has_code(err, codes, ARRAY_LEN(codes)) ||
           (err->code == ERR_AWS && err->http_status == 403 &&
            (strstr(err->message, "Signature expired") || strstr(err->message, "not yet current")));
}

bool retry_suggests_renewal(const struct error *err)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"};

    return has_code(err, codes, ARRAY_LEN(codes));
}
