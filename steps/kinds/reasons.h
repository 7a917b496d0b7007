/* Why a check fails, as a table. */
#ifndef STEPS_KINDS_REASONS_H
#define STEPS_KINDS_REASONS_H

#include "steps/engine/kind.h"

/* {path} is an argument of the step as planned; {account}, {region} and
 * {partition} are the run's. */
struct reason {
    const char *name;
    const char *expected, *why;
    const char *hints[HINT_LEVELS];
};

extern const struct reason reasons[]; /* ends with a NULL name */

#endif
