/* Rotation of secrets: the four steps of the function, what is retried, and
 * when the next one comes (facts 8.3). Runs in the loop; the steps themselves
 * on job threads. */
#ifndef AWS_SANDBOX_ROTATION_H
#define AWS_SANDBOX_ROTATION_H

#include "aws/sandbox/call.h"

bool rotation_rotate(struct call *c, struct error *err);
bool rotation_cancel(struct call *c, struct error *err);
/** lambda:InvokeFunction on the function, which RotateSecret also asks for. */
bool rotation_also(struct call *c, const char **action, char resource[2100]);

/** The secret's rules, value or state have changed: computes NextRotationDate
 * anew from from_ms and sets its timer. */
void rotation_reschedule(struct sandbox *s, struct json *secret, int64_t from_ms);

/** After a restart: timers are set again, and a step that was cut off begins
 * once more, as its function has to bear (facts 8.3). */
void rotations_resume(struct sandbox *s);

/* --- schedules (rotation_schedule.c), pure --- */

/** RotationRules as RotateSecret takes them. Errors: InvalidParameterException. */
MUST_USE bool schedule_check(const struct json *rules, struct error *err);
/** End of the first rotation window after from_ms: the rotation comes no later
 * than that. 0 when the rules name no time. */
int64_t schedule_next_ms(const struct json *rules, int64_t from_ms);

#endif
