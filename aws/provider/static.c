#include "aws/provider/provider.h"

#include "aws/common/mem.h"

struct fixed {
    struct credential_provider base;
    struct aws_credentials creds; /* never changed: no lock */
};

static bool fixed_get(void *self, struct aws_credentials *out, struct error *err)
{
    const struct fixed *p = self;

    (void)err;
    aws_credentials_release(out);
    aws_credentials_copy(out, &p->creds);
    return true;
}

static void fixed_invalidate(void *self)
{
    (void)self;
}

static void fixed_free(void *self)
{
    struct fixed *p = self;

    aws_credentials_release(&p->creds);
    mem_free(p);
}

struct credential_provider *provider_static_new(const struct aws_credentials *creds)
{
    struct fixed *p = mem_alloc(sizeof *p);

    p->base = (struct credential_provider){fixed_get, fixed_invalidate, fixed_free, p};
    aws_credentials_copy(&p->creds, creds);
    return &p->base;
}
