#include "aws/provider/provider.h"

#include "aws/common/mem.h"
#include "aws/provider/cache.h"
#include "aws/provider/source.h"

#include <stdio.h>

struct assume_role {
    struct credential_provider *base;
    struct aws_shared *shared;
    char *role_arn, *session_name;
};

static bool fetch(void *self, struct aws_credentials *out, struct error *err)
{
    const struct assume_role *p = self;
    const struct provider_options options =
        provider_options_of(aws_shared_settings(p->shared), aws_shared_clock(p->shared));
    CLEANUP(json_freep)
    struct json *in = json_of("RoleArn", p->role_arn, "RoleSessionName", p->session_name, NULL);
    struct http_transport *transport;

    if (!provider_connect(&options, &transport, err) ||
        !sts_get_keys(p->shared, p->base, transport, "AssumeRole", in, out, err))
        return false;
    snprintf(out->provider, sizeof out->provider, "assume-role");
    return true;
}

static void source_free(void *self)
{
    struct assume_role *p = self;

    mem_free(p->role_arn);
    mem_free(p->session_name);
    mem_free(p);
}

struct credential_provider *provider_assume_role_new(struct credential_provider *base,
                                                     struct aws_shared *shared, const char *role_arn,
                                                     const char *session_name)
{
    struct assume_role *p = mem_alloc(sizeof *p);

    *p = (struct assume_role){base, shared, mem_dup(role_arn), mem_dup(session_name)};
    return provider_cached_new((struct credential_source){fetch, source_free, p}, aws_shared_clock(shared));
}
