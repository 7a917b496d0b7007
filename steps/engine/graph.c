#include "steps/engine/graph.h"

#include "aws/common/mem.h"

enum { WORD_BITS = 64 };

void graph_init(struct graph *g, const struct plan *plan)
{
    g->count = plan->step_count;
    g->row_words = (g->count + WORD_BITS - 1) / WORD_BITS;
    g->bits = mem_array(g->count, g->row_words * sizeof(*g->bits));
    /* In topological order the rows of the needs are whole already. */
    for (size_t i = 0; i < g->count; i++) {
        size_t at = plan->order[i];
        const struct plan_step *step = &plan->steps[at];
        uint64_t *row = g->bits + at * g->row_words;

        for (size_t n = 0; n < step->need_count; n++) {
            const uint64_t *theirs = g->bits + step->needs[n] * g->row_words;

            for (size_t w = 0; w < g->row_words; w++)
                row[w] |= theirs[w];
            row[step->needs[n] / WORD_BITS] |= UINT64_C(1) << (step->needs[n] % WORD_BITS);
        }
    }
}

void graph_release(struct graph *g)
{
    mem_free(g->bits);
    *g = (struct graph){0};
}

bool graph_needs(const struct graph *g, size_t step, size_t need)
{
    return (g->bits[step * g->row_words + need / WORD_BITS] >> (need % WORD_BITS)) & 1;
}

/* Whether a scene that ends before `target` starts retires `step`. */
static bool over_before(const struct graph *g, const struct plan *plan, size_t target, size_t step)
{
    for (size_t u = 0; u < g->count; u++)
        if (plan->steps[u].undoes && graph_needs(g, target, u) &&
            plan_retires(plan, &plan->steps[u], &plan->steps[step]))
            return true;
    return false;
}

void graph_needed(const struct graph *g, const struct plan *plan, const bool *targets, bool *set)
{
    for (size_t s = 0; s < g->count; s++) {
        set[s] = false;
        for (size_t t = 0; t < g->count && !set[s] && !targets[s]; t++)
            set[s] = targets[t] && graph_needs(g, t, s) && !over_before(g, plan, t, s);
    }
}
