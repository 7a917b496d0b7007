#include "aws/client/rate.h"

#include <math.h>

#define FILL_RATE_MIN 0.5
#define CAPACITY_MIN 1.0
#define BETA 0.7  /* what a throttle leaves of the rate */
#define SCALE 0.4 /* of the cubic */
#define SMOOTH 0.8
#define BUCKET_MS 500

static void refill(struct rate *r, int64_t now_ms)
{
    if (r->filled_ms != 0)
        r->tokens = fmin(r->capacity, r->tokens + (double)(now_ms - r->filled_ms) / 1000 * r->fill_rate);
    r->filled_ms = now_ms;
}

int64_t rate_take(struct rate *r, int64_t now_ms)
{
    int64_t wait_ms = 0;

    if (!r->limits)
        return 0;
    refill(r, now_ms);
    /* In debt the bucket is below zero: who comes next waits behind. */
    if (r->tokens < 1)
        wait_ms = (int64_t)ceil((1 - r->tokens) / r->fill_rate * 1000);
    r->tokens -= 1;
    return wait_ms;
}

static void measure(struct rate *r, int64_t now_ms)
{
    int64_t bucket_ms = now_ms / BUCKET_MS * BUCKET_MS;

    r->requests++;
    if (r->bucket_ms == 0)
        r->bucket_ms = bucket_ms;
    if (bucket_ms <= r->bucket_ms)
        return;
    r->measured =
        r->requests * 1000.0 / (double)(bucket_ms - r->bucket_ms) * SMOOTH + r->measured * (1 - SMOOTH);
    r->requests = 0;
    r->bucket_ms = bucket_ms;
}

static void set_rate(struct rate *r, double wanted, int64_t now_ms)
{
    refill(r, now_ms);
    r->fill_rate = fmax(wanted, FILL_RATE_MIN);
    r->capacity = fmax(wanted, CAPACITY_MIN);
    r->tokens = fmin(r->tokens, r->capacity);
}

void rate_note(struct rate *r, bool throttled, int64_t now_ms)
{
    double wanted, window_s, since_s;

    measure(r, now_ms);
    if (throttled) {
        r->last_max = r->limits ? fmin(r->measured, r->fill_rate) : r->measured;
        r->throttled_ms = now_ms;
        r->limits = true;
        wanted = r->last_max * BETA;
    } else {
        window_s = cbrt(r->last_max * (1 - BETA) / SCALE);
        since_s = (double)(now_ms - r->throttled_ms) / 1000;
        wanted = SCALE * pow(since_s - window_s, 3) + r->last_max;
    }
    set_rate(r, fmin(wanted, 2 * r->measured), now_ms);
}
