/* What the files of the search for leftovers share. Inside steps/kinds only. */
#ifndef STEPS_KINDS_LEFTOVERS_SEARCH_H
#define STEPS_KINDS_LEFTOVERS_SEARCH_H

#include "steps/kinds/leftovers.h"

struct search {
    const struct leftovers_request *request;
    struct json *outputs; /* step id -> what later steps may refer to */
    struct json *found;
    struct json *stacks; /* DescribeStacks, all pages; NULL until asked */
};

/** One row. detail may be NULL. */
void search_add(struct search *s, const char *what, const char *name, const char *state, const char *detail);
/** "left", or "absent" when nothing was added since `count` rows. */
void search_add_absent(struct search *s, size_t count, const char *what, const char *name);

/** A read: absent_code gives *out NULL and true. in is taken over. */
MUST_USE bool search_read(struct search *s, const char *service, const char *operation, struct json *in,
                          const char *absent_code, struct json **out, struct error *err);

/** Stack, nested stacks, function with its role, permissions, network
 * interfaces and log group. */
MUST_USE bool search_rotation(struct search *s, const struct json *with, struct error *err);
/** Database user, its grants, the tables of the access tests. */
MUST_USE bool search_user(struct search *s, const struct json *with, struct error *err);

#endif
