/* What a lab can leave behind: looked for by the names its plan gives and by
 * our tags, whoever left it and whether or not a store knows of it. Reads only,
 * every page to the end. The proof behind `lab down --prove`. */
#ifndef STEPS_KINDS_LEFTOVERS_H
#define STEPS_KINDS_LEFTOVERS_H

#include "aws/client/client.h"
#include "steps/plan/plan.h"

struct leftovers_request {
    struct aws_client *client;
    const struct plan *plan;
    const char *account, *region, *partition, *learner;
    const char *ca_file; /* to verify the database; NULL: none known */
    bool purged;         /* a secret's tombstone counts as left */
};

/** *out: array of {"what", "name", "state", "detail"} with the states "absent",
 * "left", "scheduled" (a secret in its recovery window) and "unknown" (it could
 * not be looked at: detail says why). What is looked for and absent has a row
 * too. False only when nothing could be asked at all. */
MUST_USE bool leftovers_find(const struct leftovers_request *request, struct json **out, struct error *err);

#endif
