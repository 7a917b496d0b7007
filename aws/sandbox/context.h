/* The condition keys that every request has: facts 7.3. */
#ifndef AWS_SANDBOX_CONTEXT_H
#define AWS_SANDBOX_CONTEXT_H

#include "aws/sandbox/call.h"

/** Adds them to c->context; what the service file put there stays. */
void context_fill(struct call *c);

/** Adds {prefix}/{Key} for every tag of a Tags member: [{"Key","Value"}] or
 * {"key": "value"}. For aws:ResourceTag and the like. */
void context_add_tags(struct json *context, const char *prefix, const struct json *tags);

#endif
