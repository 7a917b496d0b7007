/* Signature Version 4 written down a second time, as plainly as facts 6.1 has
 * it and without aws/auth, so that a request may be signed wrongly in any one
 * place: what is wrong here is signed for consistently. */
#ifndef TESTS_SUPPORT_SIGNED_DRAFT_H
#define TESTS_SUPPORT_SIGNED_DRAFT_H

#include "aws/http/message.h"

/* All texts borrowed; NULL is right or none. */
struct draft {
    struct http_request req; /* without Authorization; query pairs sorted */
    bool presigned;
    const char *key, *secret, *token;
    const char *algorithm, *date, *scope_date, *region, *service, *terminator, *expires;
    const char *content_hash;      /* sent, signed and taken for the body's */
    const char *unlisted;          /* a header (lower case) not signed */
    const char *listed_twice;      /* one listed twice in a row */
    const char *listed_first;      /* one moved out of order */
    const char *listed_but_absent; /* one that is not sent */
    const char *signed_method;     /* signed instead of the one sent */
    int64_t now_s;
};

/** Adds Authorization and its headers, or the presigned query. */
void draft_sign(struct draft *d);
void draft_release(struct draft *d);

#endif
