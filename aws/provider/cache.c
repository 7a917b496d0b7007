#include "aws/provider/cache.h"

#include "aws/common/mem.h"
#include "aws/provider/provider.h"

#include <pthread.h>

/* Facts 5.2, last line. */
#define ADVISORY_S 900
#define MANDATORY_S 600
/* After a refresh that failed and was not urgent. */
#define PAUSE_S 30

struct cached {
    struct credential_provider base;
    struct credential_source source;
    struct clock clock;
    pthread_mutex_t lock; /* guards what follows; held while the source is asked */
    struct aws_credentials creds;
    bool filled;
    int64_t pause_until_s;
};

static bool refresh(struct cached *p, struct error *err)
{
    CLEANUP(aws_credentials_release) struct aws_credentials fresh = {0};

    if (!p->source.fetch(p->source.self, &fresh, err))
        return false;
    aws_credentials_copy(&p->creds, &fresh);
    p->filled = true;
    p->pause_until_s = 0;
    return true;
}

static bool make_current(struct cached *p, struct error *err)
{
    int64_t now_s = clock_wall_ms(&p->clock) / 1000, left_s = p->creds.expires_at_s - now_s;
    struct error not_urgent = {0};

    if (!p->filled)
        return refresh(p, err);
    if (p->creds.expires_at_s == 0 || left_s > ADVISORY_S)
        return true;
    if (left_s <= MANDATORY_S)
        return refresh(p, err);
    if (now_s >= p->pause_until_s && !refresh(p, &not_urgent))
        p->pause_until_s = now_s + PAUSE_S;
    return true;
}

static bool cached_get(void *self, struct aws_credentials *out, struct error *err)
{
    struct cached *p = self;
    bool ok;

    pthread_mutex_lock(&p->lock);
    ok = make_current(p, err);
    if (ok) {
        aws_credentials_release(out);
        aws_credentials_copy(out, &p->creds);
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

static void cached_invalidate(void *self)
{
    struct cached *p = self;

    pthread_mutex_lock(&p->lock);
    aws_credentials_release(&p->creds);
    p->filled = false;
    pthread_mutex_unlock(&p->lock);
}

static void cached_free(void *self)
{
    struct cached *p = self;

    if (p->source.free)
        p->source.free(p->source.self);
    aws_credentials_release(&p->creds);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

struct credential_provider *provider_cached_new(struct credential_source source, struct clock clock)
{
    struct cached *p = mem_alloc(sizeof *p);

    p->base = (struct credential_provider){cached_get, cached_invalidate, cached_free, p};
    p->source = source;
    p->clock = clock;
    pthread_mutex_init(&p->lock, NULL);
    return &p->base;
}

void credential_provider_free(struct credential_provider *p)
{
    if (p)
        p->free(p->self);
}

void credential_provider_freep(struct credential_provider **p)
{
    credential_provider_free(*p);
    *p = NULL;
}
