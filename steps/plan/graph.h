/* Who needs whom, as a square of bits. */
#ifndef STEPS_PLAN_GRAPH_H
#define STEPS_PLAN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct grid {
    size_t count; /* rows and columns */
    uint64_t *bits;
};

size_t grid_row_words(size_t count);
void grid_init(struct grid *g, size_t count);
void grid_release(struct grid *g);
void grid_set(struct grid *g, size_t row, size_t column);
bool grid_get(const struct grid *g, size_t row, size_t column);

#endif
