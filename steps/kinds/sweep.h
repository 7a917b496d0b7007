/* Plans that remove what carries our tags but is in no store: each thing found
 * becomes a step of its kind with what the kind's undo needs, in the teardown
 * order of facts 4. The engine then undoes them like any other step: intent
 * first, tags looked at again, strangers left alone. */
#ifndef STEPS_KINDS_SWEEP_H
#define STEPS_KINDS_SWEEP_H

#include "aws/client/client.h"
#include "steps/kinds/table.h"

/* The step kinds of such a plan: the same undo, but only its names are needed. */
struct sweep_kinds {
    struct step_kind kinds[8];
    const struct step_kind *list[9]; /* NULL-terminated */
};
void sweep_kinds_init(struct sweep_kinds *k);

struct sweep_request {
    struct aws_client *client;
    /* How to reach the database: {"endpoint", "port"} and a mysql.user step's
     * `admin`, `host` and the admin's own name; a user is only swept at this
     * endpoint. cluster NULL: users are left. */
    const struct json *cluster, *admin;
    const char *host, *admin_user;
};

/** items: of tagged_find. *batches: array of {"lab", "learner", "steps": {…}},
 * each to be played as a plan with all its steps undone. Parts of a stack that
 * is there go with it. */
MUST_USE bool sweep_plan(const struct sweep_request *request, const struct json *items, struct json **batches,
                         struct error *err);

#endif
