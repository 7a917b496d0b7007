/* How fast a service may be asked in adaptive mode: a token bucket whose rate
 * falls with each throttle and grows back along a cubic curve, as botocore's
 * ClientRateLimiter. A function of the times it is told. Inside aws/client only. */
#ifndef AWS_CLIENT_RATE_H
#define AWS_CLIENT_RATE_H

#include "aws/common/attributes.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: no limit until the first throttle. Rates are requests a second. */
struct rate {
    bool limits;
    double fill_rate, capacity, tokens;
    int64_t filled_ms; /* when tokens was counted */
    double measured;   /* what was really sent */
    int64_t bucket_ms; /* half second that is being measured */
    unsigned requests; /* in it */
    double last_max;   /* when it was last too fast */
    int64_t throttled_ms;
};

/** Takes one token; the milliseconds to wait before sending. */
int64_t rate_take(struct rate *r, int64_t now_ms);

/** After each reply. */
void rate_note(struct rate *r, bool throttled, int64_t now_ms);

#endif
