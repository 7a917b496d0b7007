/* What carries our tags in an account, whoever's store knows of it: every kind
 * of thing AWS lets us tag, every page of it. Reads only. */
#ifndef STEPS_KINDS_TAGGED_H
#define STEPS_KINDS_TAGGED_H

#include "aws/client/client.h"

/** Array of {"kind": step kind ("" when no kind makes it by itself), "what":
 * word for people, "name", "id": ARN or id, "lab", "run", "step", "learner":
 * the tags, "state": "left", or "scheduled" for a secret, "original": of an
 * instance profile, "parent": the stack a nested one belongs to}. Only what
 * carries all four of lab:name, lab:run, lab:step and lab:learner is ours. */
MUST_USE bool tagged_find(struct aws_client *client, struct json **out, struct error *err);

/** A tag's value in [{Key, Value}] or {key: value}; "" when absent. */
const char *tag_value(const struct json *tags, const char *key);

#endif
