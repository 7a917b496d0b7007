/* "did you mean": the closest of the words that would have been right. */
#ifndef STEPS_PLAN_NEAR_H
#define STEPS_PLAN_NEAR_H

#include "aws/common/str.h"

struct near {
    struct str word;
    const char *best; /* borrowed from near_offer; NULL when none is near */
    size_t distance;
    char known[160]; /* all that were offered, "a, b, c"; "" once too many */
    bool too_many;
    char hint[240];
};

void near_init(struct near *n, struct str word);
void near_offer(struct near *n, const char *candidate);

/** `; did you mean "x"?`, or `; there is a, b, c` when nothing is near and the
 * list is short, or "". Lives in n. */
const char *near_hint(struct near *n);

#endif
