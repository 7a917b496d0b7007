/* What AWS answers while one part of it has not caught up with another (facts
 * 4), as one table: which operation, which code, which words. Such an answer is
 * worth another look for a while; the same one elsewhere is a failure. */
#ifndef STEPS_KINDS_GOTCHAS_H
#define STEPS_KINDS_GOTCHAS_H

#include "steps/engine/kind.h"

struct gotcha {
    const char *operation; /* "iam:DeleteRole" */
    const char *code;      /* AWS error code */
    const char *part;      /* of the message, "" when any will do */
    /* Shown, and how long it is waited for. What is to be done meanwhile is to
     * look again and send the same again, or what the new look asks for. */
    struct step_wait wait;
};

/** The row that says this answer passes; NULL: it is a failure. */
const struct gotcha *gotcha_find(const char *operation, const struct error *err);

/** After an operation that failed: a wait when the table has it, else
 * STEP_FAILED with err as it is. */
enum step_status gotcha_or_fail(struct step_context *c, const char *operation, const struct error *err);

/** The table, for tests: *count rows. */
const struct gotcha *gotcha_table(size_t *count);

#endif
