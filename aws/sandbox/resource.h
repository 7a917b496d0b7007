/* Which resources a call is about, by the templates of the model's rows. */
#ifndef AWS_SANDBOX_RESOURCE_H
#define AWS_SANDBOX_RESOURCE_H

#include "aws/sandbox/call.h"

struct resource_list {
    char **items; /* owned */
    size_t count, cap;
};

/** The ARNs that IAM is asked about, in template order; "*" when the templates
 * give none. At most 64: a list longer than that ends with "*". */
void resource_expand(const struct call *c, struct resource_list *out);
void resource_list_release(struct resource_list *list);

#endif
