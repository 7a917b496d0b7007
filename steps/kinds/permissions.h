/* What a plan asks of AWS: the actions and resources of up, check and down,
 * from one table of rows by kind. `lab policy` and `lab doctor` read the same
 * list. A test holds it against what a recorded run asked for. */
#ifndef STEPS_KINDS_PERMISSIONS_H
#define STEPS_KINDS_PERMISSIONS_H

#include "aws/common/json.h"
#include "steps/plan/plan.h"

/* What the plan does not say and the account does; "*" where it is not known. */
struct permissions_world {
    const char *account, *region, *partition, *learner;
    const char *instance;      /* id of the workstation */
    bool elsewhere;            /* lab runs on another machine: tests go through Systems Manager */
    const char *subnet_group;  /* of the cluster */
    const char *original_role; /* ARN of the role the workstation has to get back; NULL: none */
};

/** *out is an array of {"group", "step", "actions": […], "resources": […],
 * "condition": {OPERATOR: {KEY: […]}}}, the last only where there is one;
 * owned. Every action of an element is asked for on every resource of it. */
MUST_USE bool permissions_of_plan(const struct plan *plan, const struct permissions_world *world,
                                  struct json **out, struct error *err);

/** The policy document that grants these and no more, a statement a group:
 * owned. */
struct json *permissions_document(const struct json *permissions);

#endif
