/* A CloudFormation stack as the rotation kind needs it: looked at by name or
 * id, its events told as they come, those of its nested stack too. Facts 2.7. */
#ifndef STEPS_KINDS_STACK_H
#define STEPS_KINDS_STACK_H

#include "steps/engine/kind.h"

struct stack_look {
    struct json *reply;
    const char *id, *status; /* "" when there is none; borrowed from reply */
    const struct json *tags;
};
void stack_release(struct stack_look *l);

/** name_or_id: deleted stacks are found by id only. Absence is an answer. */
MUST_USE bool stack_look(struct step_context *c, const char *name_or_id, struct stack_look *l,
                         struct error *err);

/** Notes every event that was not told yet, the oldest first. */
MUST_USE bool stack_tell_events(struct step_context *c, const char *stack_id, struct error *err);

/** The first failure among the events, those of nested stacks before those of
 * the stack itself; "" when there is none. Freed with mem_free. */
MUST_USE bool stack_find_failure(struct step_context *c, const char *stack_id, char **reason,
                                 struct error *err);

#endif
