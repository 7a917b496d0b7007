/* Sets of steps, by index in the plan. Inside steps/engine only. */
#ifndef STEPS_ENGINE_GRAPH_H
#define STEPS_ENGINE_GRAPH_H

#include "steps/plan/plan.h"

/** plan_needs and plan_retires by index. */
bool graph_needs(const struct plan *plan, size_t step, size_t need);
bool graph_retires(const struct plan *plan, size_t undo, size_t step);

/** Adds everything that the steps of the set need. */
void graph_add_needs(const struct plan *plan, bool *set);

/** set[i] for every step that the targets need, without the targets. Of a
 * scene that is over when a target starts, only its undo step: what the scene
 * had retired no longer has to be there. */
void graph_needed(const struct plan *plan, const bool *targets, bool *set);

#endif
