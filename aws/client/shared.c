#include "aws/client/shared.h"

#include "aws/client/rate.h"
#include "aws/common/mem.h"

#include <pthread.h>

/* Facts 3.2 and 3.3. */
#define BUDGET 500
#define SKEW_MIN_MS 240000
#define SERVICES_MAX 32

/* Behind a pointer, so that readers of a const aws_shared can lock it. */
struct state {
    pthread_mutex_t lock; /* guards what follows, and the random source */
    int budget;
    int64_t skew_ms;
    struct aws_totals totals;
    struct rate rates[SERVICES_MAX]; /* in the order of aws_services */
};

struct aws_shared {
    struct aws_shared_options options;
    struct state *state;
};

struct aws_shared *aws_shared_new(const struct aws_shared_options *options)
{
    struct aws_shared *s = mem_alloc(sizeof *s);

    s->options = *options;
    s->state = mem_alloc(sizeof *s->state);
    s->state->budget = BUDGET;
    pthread_mutex_init(&s->state->lock, NULL);
    return s;
}

void aws_shared_free(struct aws_shared *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->state->lock);
    mem_free(s->state);
    mem_free(s);
}

struct aws_totals aws_shared_totals(const struct aws_shared *s)
{
    struct aws_totals totals;

    pthread_mutex_lock(&s->state->lock);
    totals = s->state->totals;
    pthread_mutex_unlock(&s->state->lock);
    return totals;
}

const struct aws_settings *aws_shared_settings(const struct aws_shared *s)
{
    return s->options.settings;
}

struct clock aws_shared_clock(const struct aws_shared *s)
{
    return s->options.clock;
}

const struct aws_observer *shared_observer(const struct aws_shared *s)
{
    return &s->options.observer;
}

int shared_stop_fd(const struct aws_shared *s)
{
    return s->options.stop_fd;
}

int64_t shared_now_ms(struct aws_shared *s)
{
    int64_t now_ms = clock_wall_ms(&s->options.clock);

    pthread_mutex_lock(&s->state->lock);
    now_ms += s->state->skew_ms;
    pthread_mutex_unlock(&s->state->lock);
    return now_ms;
}

int64_t shared_monotonic_ms(const struct aws_shared *s)
{
    return clock_monotonic_ms(&s->options.clock);
}

bool shared_correct_clock(struct aws_shared *s, int64_t service_s)
{
    int64_t skew_ms = service_s * 1000 - clock_wall_ms(&s->options.clock);
    int64_t change_ms;
    bool changed;

    pthread_mutex_lock(&s->state->lock);
    change_ms = skew_ms - s->state->skew_ms;
    changed = change_ms > SKEW_MIN_MS || change_ms < -SKEW_MIN_MS;
    if (changed)
        s->state->skew_ms = skew_ms;
    pthread_mutex_unlock(&s->state->lock);
    return changed;
}

bool shared_take_budget(struct aws_shared *s, int cost)
{
    bool enough;

    pthread_mutex_lock(&s->state->lock);
    enough = s->state->budget >= cost;
    if (enough)
        s->state->budget -= cost;
    pthread_mutex_unlock(&s->state->lock);
    return enough;
}

void shared_give_budget(struct aws_shared *s, int amount)
{
    pthread_mutex_lock(&s->state->lock);
    s->state->budget += amount;
    if (s->state->budget > BUDGET)
        s->state->budget = BUDGET;
    pthread_mutex_unlock(&s->state->lock);
}

/* Those past the table's end share its last row. */
static struct rate *find_rate(struct aws_shared *s, const struct aws_service *service)
{
    size_t i = 0;

    while (i + 1 < SERVICES_MAX && aws_services[i] && aws_services[i] != service)
        i++;
    return &s->state->rates[i];
}

int64_t shared_rate_wait_ms(struct aws_shared *s, const struct aws_service *service)
{
    int64_t wait_ms;

    pthread_mutex_lock(&s->state->lock);
    wait_ms = rate_take(find_rate(s, service), shared_monotonic_ms(s));
    pthread_mutex_unlock(&s->state->lock);
    return wait_ms;
}

void shared_rate_note(struct aws_shared *s, const struct aws_service *service, bool throttled)
{
    pthread_mutex_lock(&s->state->lock);
    rate_note(find_rate(s, service), throttled, shared_monotonic_ms(s));
    pthread_mutex_unlock(&s->state->lock);
}

void shared_count(struct aws_shared *s, bool mutating, uint64_t bytes_sent, uint64_t bytes_received)
{
    pthread_mutex_lock(&s->state->lock);
    s->state->totals.requests++;
    s->state->totals.mutating += mutating;
    s->state->totals.bytes_sent += bytes_sent;
    s->state->totals.bytes_received += bytes_received;
    pthread_mutex_unlock(&s->state->lock);
}

void shared_uuid(struct aws_shared *s, char out[37])
{
    pthread_mutex_lock(&s->state->lock);
    random_uuid(&s->options.random, out);
    pthread_mutex_unlock(&s->state->lock);
}

double shared_random_unit(struct aws_shared *s)
{
    double unit;

    pthread_mutex_lock(&s->state->lock);
    unit = random_unit(&s->options.random);
    pthread_mutex_unlock(&s->state->lock);
    return unit;
}
