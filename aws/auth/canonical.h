/* The stages that signing and verifying share: canonical request, string to
 * sign, signature. Inside aws/auth only. Facts 6.1. */
#ifndef AWS_AUTH_CANONICAL_H
#define AWS_AUTH_CANONICAL_H

#include "aws/common/buf.h"
#include "aws/http/message.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_TERMINATOR "aws4_request"
#define SIGV4_SIGNATURE_HEX 65 /* with NUL */

struct canonical_options {
    struct str service;        /* "s3": path exactly as sent */
    bool keep_path;            /* dot segments and repeated slashes stay */
    bool presigned;            /* X-Amz-Signature is left out of the query */
    struct str signed_headers; /* "host;x-amz-date": lower case, ascending */
};

/** False when a signed header is not in the request. */
MUST_USE bool canonical_request(const struct http_request *req, const struct canonical_options *options,
                                struct buf *out);

/** scope is "20150830/us-east-1/iam/aws4_request". */
void string_to_sign(struct str amz_date, struct str scope, struct str canonical, struct buf *out);

/** Lower case hex. */
void signature_of(struct str secret, struct str date, struct str region, struct str service, struct str text,
                  char out[SIGV4_SIGNATURE_HEX]);

#endif
