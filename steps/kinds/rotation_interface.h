/* The network interface of a rotation function. Lambda releases it long after
 * the function is deleted, and the stack's deletion waits for that (facts 4). */
#ifndef STEPS_KINDS_ROTATION_INTERFACE_H
#define STEPS_KINDS_ROTATION_INTERFACE_H

#include "steps/engine/kind.h"

/** Whether an element of DescribeNetworkInterfaces is the function's. */
bool interface_of_function(const struct json *interface, const char *function);

/** Of a function that is being deleted, or is deleted: *wait when its interface
 * is still there, then the caller waits with step_wait(c, &interface_wait). Once
 * it is gone, how long that took is noted. Who may not look goes on without. */
MUST_USE bool interface_look(struct step_context *c, const char *function, bool *wait, struct error *err);
extern const struct step_wait interface_wait;

#endif
