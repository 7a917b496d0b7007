/* An entity as a service shows it: the members its reply has, no others. */
#ifndef AWS_SANDBOX_SHOWN_H
#define AWS_SANDBOX_SHOWN_H

#include "aws/common/json.h"
#include "aws/model/model.h"

/** A copy of value with only the members that shape knows, at every depth. */
struct json *shown(const struct model_shape *shape, const struct json *value);

/** The element of the list that is member of the operation's output. */
const struct model_shape *shown_element(const struct aws_operation *op, const char *member);

#endif
