#include "steps/engine/heap.h"

#include "aws/common/mem.h"

static void swap(struct timer *a, struct timer *b)
{
    struct timer t = *a;

    *a = *b;
    *b = t;
}

void timer_heap_push(struct timer_heap *h, struct timer t)
{
    size_t at = h->count;

    mem_grow(&h->items, &h->cap, h->count, sizeof(*h->items));
    h->items[h->count++] = t;
    while (at > 0 && h->items[at].due_ms < h->items[(at - 1) / 2].due_ms) {
        swap(&h->items[at], &h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool timer_heap_top(const struct timer_heap *h, struct timer *out)
{
    if (h->count == 0)
        return false;
    *out = h->items[0];
    return true;
}

static void sink(struct timer_heap *h)
{
    size_t at = 0;

    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < h->count; child++)
            if (h->items[child].due_ms < h->items[least].due_ms)
                least = child;
        if (least == at)
            return;
        swap(&h->items[at], &h->items[least]);
        at = least;
    }
}

bool timer_heap_pop_due(struct timer_heap *h, int64_t now_ms, struct timer *out)
{
    if (!timer_heap_top(h, out) || out->due_ms > now_ms)
        return false;
    h->items[0] = h->items[--h->count];
    sink(h);
    return true;
}

void timer_heap_release(struct timer_heap *h)
{
    mem_free(h->items);
    *h = (struct timer_heap){0};
}
