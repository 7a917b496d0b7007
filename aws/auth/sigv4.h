/* Signature Version 4, header and presigned form, as named stages. Pure
 * computation: reads no clock, no environment and no file, so a published
 * vector can be replayed as it is. Facts section 6. */
#ifndef AWS_AUTH_SIGV4_H
#define AWS_AUTH_SIGV4_H

#include "aws/auth/credentials.h"
#include "aws/http/message.h"

struct sigv4_scope {
    const char *region;
    const char *service; /* signing name, "iam" */
};

struct sigv4_flags {
    bool keep_path;          /* the path is signed as sent: dot segments and repeated
                                slashes stay. Service "s3" does so always, and is the
                                one that does not encode the path once more */
    bool sign_body;          /* adds x-amz-content-sha256 */
    bool omit_session_token; /* the token header is added after signing */
};

/* What the stages made, for vectors, `probe sign` and debugging. */
struct sigv4_stages {
    struct buf canonical_request;
    struct buf string_to_sign;
    struct buf signed_headers; /* "host;x-amz-date" */
    char signature[65];
};
void sigv4_stages_release(struct sigv4_stages *s);

/** Adds X-Amz-Date (unless there), Authorization and, given a session token,
 * its header. Host must be set.
 *
 * req    method, raw path, raw query, headers and body; changed on success only
 * creds  borrowed for the call; never stored, never logged
 * now_s  seconds since the Unix epoch, UTC
 * stages may be NULL
 *
 * Errors: ERR_USAGE when Host is missing or Authorization is already set.
 * Source: IAM User Guide, "Create a signed AWS API request"; facts 6.1. */
MUST_USE bool sigv4_sign(struct http_request *req, const struct aws_credentials *creds,
                         const struct sigv4_scope *scope, const struct sigv4_flags *flags, int64_t now_s,
                         struct sigv4_stages *stages, struct error *err);

/* --- the receiving side --- */

/* Why a signature is refused; the sandbox turns it into the code and status of
 * the protocol (facts 6.2) with sigv4_fault_error. */
enum sigv4_fault {
    SIGV4_OK,
    SIGV4_BOTH_FORMS,    /* Authorization and X-Amz-Algorithm */
    SIGV4_MISSING_TOKEN, /* no authentication at all */
    SIGV4_INCOMPLETE,    /* fields missing, bad date, bad algorithm, bad credential */
    SIGV4_UNKNOWN_KEY,   /* unknown or disabled key, token mismatch */
    SIGV4_EXPIRED_TOKEN,
    SIGV4_MISMATCH, /* scope, signed headers, signature, x-amz-content-sha256 */
    SIGV4_SKEW,     /* outside the window */
    SIGV4_FAULT_COUNT
};

/* What the request claims, cut out of it: pointers into the request's own
 * bytes or into `decoded`, valid as long as the request and not after the claim
 * is copied. */
struct sigv4_claim {
    struct str access_key_id, date, region, service, terminator; /* of the credential scope */
    struct str signed_headers, signature, session_token;
    struct str amz_date;
    bool presigned;
    int64_t expires_s;  /* presigned */
    char decoded[4096]; /* presigned: the parameters, percent-decoded */
};

struct sigv4_verdict {
    enum sigv4_fault fault;
    char message[512]; /* AWS's words, facts 6.2 */
};

/** Stage 1: reads the Authorization header or the presigned query. *verdict
 * says MISSING_TOKEN, BOTH_FORMS or INCOMPLETE when it cannot be read. A header
 * the signature hangs on (Authorization, X-Amz-Date, the token, Host) that
 * comes twice is INCOMPLETE: nobody could say which one was signed. */
bool sigv4_read_claim(const struct http_request *req, struct sigv4_claim *claim,
                      struct sigv4_verdict *verdict);

struct sigv4_expectation {
    const char *service;        /* the one that was routed to */
    const char *const *regions; /* NULL-terminated list of accepted regions */
    int64_t now_s;
    int64_t window_s; /* 300 */
    bool keep_path;   /* as in sigv4_flags */
};

/** Stage 2: checks scope, date, signed headers, body hash and signature with
 * the key looked up by the caller. creds NULL stands for an unknown key: the
 * same work is done, so that it costs the same time. creds->session_token and
 * expires_at_s are held against the request and now_s. Host, the date and every
 * x-amz-* header must be signed; the body is always hashed (SECURITY rule 21).
 * When several things are wrong the first in the order of facts 6.2 is named. */
bool sigv4_verify(const struct http_request *req, const struct sigv4_claim *claim,
                  const struct aws_credentials *creds, const struct sigv4_expectation *want,
                  struct sigv4_verdict *verdict);

/* How an error is spelt; in the order of enum aws_protocol, which this folder
 * may not know: a caller that does may cast. */
enum sigv4_dialect { SIGV4_QUERY, SIGV4_EC2, SIGV4_JSON, SIGV4_REST_JSON, SIGV4_DIALECT_COUNT };

/** The refusal as the service words it: remote_code, http_status and message
 * of facts 6.2. The verdict's fault must not be SIGV4_OK. Returns false, as
 * error_set does. */
bool sigv4_fault_error(const struct sigv4_verdict *verdict, enum sigv4_dialect dialect, struct error *err);

#endif
