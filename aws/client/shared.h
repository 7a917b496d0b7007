/* What all workers of a run share. Inside aws/client only. */
#ifndef AWS_CLIENT_SHARED_H
#define AWS_CLIENT_SHARED_H

#include "aws/client/client.h"

/* Fixed after aws_shared_new, except through the functions below. */
const struct aws_observer *shared_observer(const struct aws_shared *s);
int shared_stop_fd(const struct aws_shared *s);

/** The machine's clock with the correction. */
int64_t shared_now_ms(struct aws_shared *s);
int64_t shared_monotonic_ms(const struct aws_shared *s);

/** Takes the service's clock for right when it is more than four minutes from
 * the one used so far; false when that would change nothing. */
bool shared_correct_clock(struct aws_shared *s, int64_t service_s);

/** The retry budget of the run: false when it is used up. */
bool shared_take_budget(struct aws_shared *s, int cost);
void shared_give_budget(struct aws_shared *s, int amount);

/** Adaptive mode, one rate a service: the wait before the next request, and
 * what came of it. */
int64_t shared_rate_wait_ms(struct aws_shared *s, const struct aws_service *service);
void shared_rate_note(struct aws_shared *s, const struct aws_service *service, bool throttled);

void shared_count(struct aws_shared *s, bool mutating, uint64_t bytes_sent, uint64_t bytes_received);

void shared_uuid(struct aws_shared *s, char out[37]);
double shared_random_unit(struct aws_shared *s);

#endif
