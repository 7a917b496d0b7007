/* Verdicts of the kinds' checks. What was expected, why it matters and the
 * hints are rows of one table; a check names the row and says what it found. */
#ifndef STEPS_KINDS_VERDICT_H
#define STEPS_KINDS_VERDICT_H

#include "steps/engine/kind.h"

/* What checks share in one activation. */
struct checking {
    struct step_context *step;
    struct json *planned; /* step_planned */
    struct check_result *out;
};

MUST_USE bool checking_begin(struct checking *k, struct step_context *c, struct check_result *out,
                             struct error *err);
void checking_release(struct checking *k);

/** A text of the arguments as planned: "role.name"; "" when there is none. */
const char *checking_text(const struct checking *k, const char *path);

void check_pass(struct checking *k, const char *format, ...) PRINTF_LIKE(2, 3);
/** reason: a row of the table of the step's kind. Only the first fail counts, so
 * that a check can go on to its end. */
void check_fail(struct checking *k, const char *reason, const char *format, ...) PRINTF_LIKE(3, 4);
void check_not_yet(struct checking *k, int64_t wait_ms, const char *format, ...) PRINTF_LIKE(3, 4);
/** Whether a fail or "not yet" was said. */
bool check_decided(const struct checking *k);

/* --- the checks, one a kind --- */
#define CHECK(name) bool name(struct step_context *c, struct check_result *out, struct error *err)
CHECK(check_user);
CHECK(check_secret);
CHECK(check_policy);
CHECK(check_role);
CHECK(check_role_policy);
CHECK(check_profile);
CHECK(check_workstation);
CHECK(check_rotation);

#endif
