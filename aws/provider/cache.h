/* Keeps what a source gave until it nears its end. Inside aws/provider only. */
#ifndef AWS_PROVIDER_CACHE_H
#define AWS_PROVIDER_CACHE_H

#include "aws/auth/credentials.h"
#include "aws/common/clock.h"

/* Called by one thread at a time. */
struct credential_source {
    bool (*fetch)(void *self, struct aws_credentials *out, struct error *err);
    void (*free)(void *self);
    void *self; /* owned */
};

struct credential_provider *provider_cached_new(struct credential_source source, struct clock clock);

#endif
