#include "steps/engine/graph.h"

bool graph_needs(const struct plan *plan, size_t step, size_t need)
{
    return plan_needs(plan, &plan->steps[step], &plan->steps[need]);
}

bool graph_retires(const struct plan *plan, size_t undo, size_t step)
{
    return plan->steps[undo].undoes && plan_retires(plan, &plan->steps[undo], &plan->steps[step]);
}

/* From the last step back: what is added is asked for its own needs in turn. */
void graph_add_needs(const struct plan *plan, bool *set)
{
    for (size_t i = plan->step_count; i-- > 0;) {
        const struct plan_step *step = &plan->steps[plan->order[i]];

        for (size_t n = 0; set[plan->order[i]] && n < step->need_count; n++)
            set[step->needs[n]] = true;
    }
}

/* Whether a scene that ends before `target` starts retires `step`. */
static bool over_before(const struct plan *plan, size_t target, size_t step)
{
    for (size_t u = 0; u < plan->step_count; u++)
        if (graph_retires(plan, u, step) && graph_needs(plan, target, u))
            return true;
    return false;
}

void graph_needed(const struct plan *plan, const bool *targets, bool *set)
{
    for (size_t s = 0; s < plan->step_count; s++) {
        set[s] = false;
        for (size_t t = 0; t < plan->step_count && !set[s] && !targets[s]; t++)
            set[s] = targets[t] && graph_needs(plan, t, s) && !over_before(plan, t, s);
    }
}
