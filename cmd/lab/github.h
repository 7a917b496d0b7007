/* GitHub Actions: annotations on the plan's lines and the job's step summary.
 * Does nothing outside of it. */
#ifndef CMD_LAB_GITHUB_H
#define CMD_LAB_GITHUB_H

#include "aws/common/json.h"
#include "steps/plan/plan.h"

#include <stdio.h>

struct github;

/** NULL where GITHUB_ACTIONS is not "true". `out` takes the annotations. */
struct github *github_new(const char *command, FILE *out);
/** Where steps stand; borrowed until github_free. */
void github_plan(struct github *g, const struct plan *plan);
void github_event(struct github *g, const struct json *event);
/** Appends to the file of GITHUB_STEP_SUMMARY. What cannot be written there is
 * said on stderr and fails nothing. */
void github_end(struct github *g, int status);
void github_free(struct github *g);

/** What ended a command, unless a step or a line of a plan was told already. */
void github_error(FILE *out, const char *message);

#endif
