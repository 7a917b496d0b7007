/* Who needs whom, directly or not, as bits: asked many times by the scheduler
 * and when a run is laid out. Inside steps/engine only. */
#ifndef STEPS_ENGINE_GRAPH_H
#define STEPS_ENGINE_GRAPH_H

#include "steps/plan/plan.h"

struct graph {
    size_t count;
    size_t row_words;
    uint64_t *bits; /* count rows */
};

void graph_init(struct graph *g, const struct plan *plan);
void graph_release(struct graph *g);
/** Whether step reaches need; no step needs itself. */
bool graph_needs(const struct graph *g, size_t step, size_t need);

/** set[i] for every step that the targets need, without the targets. Of a
 * scene that is over when a target starts, only its undo step: what the scene
 * had retired no longer has to be there. */
void graph_needed(const struct graph *g, const struct plan *plan, const bool *targets, bool *set);

#endif
