/* Waiting steps by the time of their next look. Inside steps/engine only. */
#ifndef STEPS_ENGINE_HEAP_H
#define STEPS_ENGINE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t due_ms; /* monotonic */
    size_t task;
};

/* A zeroed heap is empty. */
struct timer_heap {
    struct timer *items;
    size_t count, cap;
};

void timer_heap_push(struct timer_heap *h, struct timer t);
/** The earliest; false when there is none. */
bool timer_heap_top(const struct timer_heap *h, struct timer *out);
/** Takes the earliest off when it is due. */
bool timer_heap_pop_due(struct timer_heap *h, int64_t now_ms, struct timer *out);
void timer_heap_release(struct timer_heap *h);

#endif
