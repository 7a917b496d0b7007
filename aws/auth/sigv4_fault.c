/* How each refusal is spelt in each protocol: facts 6.2. */
#include "aws/auth/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#define EC2_INVALID "AWS was not able to validate the provided access credentials"
#define TOKEN_INVALID "The security token included in the request is invalid."

struct spelling {
    const char *code;
    int status;
    const char *text; /* NULL: the verdict's */
};

static const struct spelling spellings[SIGV4_FAULT_COUNT][SIGV4_DIALECT_COUNT] = {
    [SIGV4_BOTH_FORMS] = {[SIGV4_QUERY] = {"InvalidSignatureException", 403, NULL},
                          [SIGV4_EC2] = {"AuthFailure", 401, NULL},
                          [SIGV4_JSON] = {"InvalidSignatureException", 400, NULL},
                          [SIGV4_REST_JSON] = {"InvalidSignatureException", 403, NULL}},
    [SIGV4_MISSING_TOKEN] = {[SIGV4_QUERY] = {"MissingAuthenticationToken", 403, NULL},
                             [SIGV4_EC2] = {"AuthFailure", 401, NULL},
                             [SIGV4_JSON] = {"MissingAuthenticationTokenException", 400, NULL},
                             [SIGV4_REST_JSON] = {"MissingAuthenticationTokenException", 403, NULL}},
    [SIGV4_INCOMPLETE] = {[SIGV4_QUERY] = {"IncompleteSignature", 400, NULL},
                          [SIGV4_EC2] = {"IncompleteSignature", 400, NULL},
                          [SIGV4_JSON] = {"IncompleteSignatureException", 400, NULL},
                          [SIGV4_REST_JSON] = {"IncompleteSignatureException", 403, NULL}},
    [SIGV4_UNKNOWN_KEY] = {[SIGV4_QUERY] = {"InvalidClientTokenId", 403, NULL},
                           [SIGV4_EC2] = {"AuthFailure", 401, EC2_INVALID},
                           [SIGV4_JSON] = {"UnrecognizedClientException", 400, TOKEN_INVALID},
                           [SIGV4_REST_JSON] = {"UnrecognizedClientException", 403, TOKEN_INVALID}},
    [SIGV4_EXPIRED_TOKEN] = {[SIGV4_QUERY] = {"ExpiredToken", 403, NULL},
                             [SIGV4_EC2] = {"RequestExpired", 400, "Request has expired."},
                             [SIGV4_JSON] = {"ExpiredTokenException", 400, NULL},
                             [SIGV4_REST_JSON] = {"ExpiredTokenException", 403, NULL}},
    [SIGV4_MISMATCH] = {[SIGV4_QUERY] = {"SignatureDoesNotMatch", 403, NULL},
                        [SIGV4_EC2] = {"AuthFailure", 401, NULL},
                        [SIGV4_JSON] = {"InvalidSignatureException", 400, NULL},
                        [SIGV4_REST_JSON] = {"InvalidSignatureException", 403, NULL}},
    [SIGV4_SKEW] = {[SIGV4_QUERY] = {"SignatureDoesNotMatch", 403, NULL},
                    [SIGV4_EC2] = {"RequestExpired", 400, "Request has expired."},
                    [SIGV4_JSON] = {"InvalidSignatureException", 400, NULL},
                    [SIGV4_REST_JSON] = {"InvalidSignatureException", 403, NULL}},
};

bool verdict_refuse(struct sigv4_verdict *verdict, enum sigv4_fault fault, const char *format, ...)
{
    va_list args;

    verdict->fault = fault;
    va_start(args, format);
    vsnprintf(verdict->message, sizeof verdict->message, format, args);
    va_end(args);
    for (char *c = verdict->message; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return false;
}

bool sigv4_fault_error(const struct sigv4_verdict *verdict, enum sigv4_dialect dialect, struct error *err)
{
    const struct spelling *row = &spellings[verdict->fault][dialect];

    if (!row->code)
        return error_set(err, ERR_BUG, "a signature that holds is no error");
    error_aws(err, row->code, row->text ? row->text : verdict->message);
    err->http_status = row->status;
    return false;
}
