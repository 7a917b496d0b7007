/* A set of AWS credentials and where it came from. */
#ifndef AWS_AUTH_CREDENTIALS_H
#define AWS_AUTH_CREDENTIALS_H

#include "aws/common/error.h"
#include "aws/common/secret.h"

struct aws_credentials {
    char access_key_id[129];
    struct secret secret_access_key;
    struct secret session_token; /* empty when long-term */
    char account_id[13];         /* "" when not known */
    int64_t expires_at_s;        /* 0: never */
    char provider[64];           /* "environment", "profile NAME", "imds", … */
};

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from);
void aws_credentials_release(struct aws_credentials *c);

/* Something that gives credentials, now and again before they expire.
 * Thread-safe. */
struct credential_provider {
    /* *out is released and filled. ERR_CONFIG when there are none. */
    bool (*get)(void *self, struct aws_credentials *out, struct error *err);
    /* Forgets what is cached, so that the next get asks the source. */
    void (*invalidate)(void *self);
    void (*free)(void *self);
    void *self;
};

#endif
