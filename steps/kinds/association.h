/* Which instance profile the workstation has, and moving it to another: what
 * ec2.instance_profile does, and what brings the original back when Systems Manager
 * loses the workstation later. */
#ifndef STEPS_KINDS_ASSOCIATION_H
#define STEPS_KINDS_ASSOCIATION_H

#include "steps/engine/kind.h"

#define ORIGINAL_TAG "lab:original" /* on our profile: ARN of the one before it, or NO_PROFILE */
#define NO_PROFILE "none"

/* What the workstation has now. */
struct association {
    struct json *reply;
    const char *instance, *ours; /* instance id, ARN of our profile; borrowed */
    const char *id, *arn;        /* of the active association, "" when there is none */
    bool settled;                /* `associated` and none is on its way out */
    char *original;              /* what was there before us; NULL when not known */
};
void association_release(struct association *a);

/** The question of association_look. */
struct json *association_input(const char *instance);
/** Leaves `ours` "" and `original` NULL. */
MUST_USE bool association_look(struct step_context *c, const char *instance, struct association *a,
                               struct error *err);

/** Reads a->original from the tag on a profile; NULL when it has none. *ours, unless
 * NULL: whether its tags say that this lab made it. */
MUST_USE bool association_read_original(struct step_context *c, struct association *a, const char *profile,
                                        bool *ours, struct error *err);

/** One call towards the wanted profile (ARN, or NO_PROFILE), then settle. */
enum step_status association_move(struct step_context *c, const struct association *a, const char *wanted,
                                  const struct step_wait *settle, struct error *err);
/** The input of that call. */
struct json *association_move_input(const struct association *a, const char *wanted);

/** Moves the workstation from a profile of ours to the one before it, as far as tags
 * tell which. STEP_FINISHED: it has none of ours; *gave whether this step moved it. */
enum step_status association_give_back(struct step_context *c, const char *instance, bool *gave,
                                       struct error *err);

#endif
