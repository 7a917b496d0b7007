/* What has to happen at a time of the service clock: a heap, earliest first,
 * equal times in the order they were asked for, so that runs repeat. */
#include "aws/sandbox/core.h"

#include "aws/common/mem.h"

struct timer {
    int64_t at_ms;
    uint64_t order;
    void (*fire)(struct sandbox *s, void *arg);
    void (*drop)(void *arg);
    void *arg;
};

struct timers {
    struct timer *heap;
    size_t count, cap;
    uint64_t next_order;
};

struct timers *timers_new(void)
{
    return mem_alloc(sizeof(struct timers));
}

void timers_free(struct timers *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        if (t->heap[i].drop)
            t->heap[i].drop(t->heap[i].arg);
    mem_free(t->heap);
    mem_free(t);
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer t = *a;

    *a = *b;
    *b = t;
}

void sandbox_at(struct sandbox *s, int64_t at_ms, void (*fire)(struct sandbox *s, void *arg), void *arg,
                void (*drop)(void *arg))
{
    struct timers *t = s->timers;
    size_t at = t->count;

    mem_grow(&t->heap, &t->cap, t->count, sizeof *t->heap);
    t->heap[t->count++] = (struct timer){at_ms, t->next_order++, fire, drop, arg};
    while (at > 0 && earlier(&t->heap[at], &t->heap[(at - 1) / 2])) {
        swap(&t->heap[at], &t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct timer take_first(struct timers *t)
{
    struct timer first = t->heap[0];
    size_t at = 0;

    t->heap[0] = t->heap[--t->count];
    for (;;) {
        size_t least = at, left = 2 * at + 1;

        if (left < t->count && earlier(&t->heap[left], &t->heap[least]))
            least = left;
        if (left + 1 < t->count && earlier(&t->heap[left + 1], &t->heap[least]))
            least = left + 1;
        if (least == at)
            return first;
        swap(&t->heap[at], &t->heap[least]);
        at = least;
    }
}

int64_t timers_run(struct sandbox *s)
{
    struct timers *t = s->timers;
    uint64_t until = t->next_order;

    /* What a firing timer asks for at once waits for the next round, so that a
     * timer that renews itself cannot hold the loop. */
    while (t->count && t->heap[0].at_ms <= sandbox_now_ms(s) && t->heap[0].order < until) {
        struct timer due = take_first(t);

        due.fire(s, due.arg);
    }
    return t->count ? t->heap[0].at_ms : -1;
}
