/* Edits of one statement as JSON, for change.c only. Each says what it did. */
#ifndef AWS_POLICY_CHANGE_EDIT_H
#define AWS_POLICY_CHANGE_EDIT_H

#include "aws/policy/change.h"

/* The statement as it is and how it fits. */
struct edit {
    const struct policy_case *c;
    enum policy_side side;
    struct json *statement; /* of a copy: may be changed */
    struct policy_fit fit;
    struct buf *what; /* "add \"…\" to the Resource of" */
};

/** Widens an Allow that lacks one part, where that grants nothing but what was
 * asked for. False: it cannot, nothing was changed. */
bool edit_widen(struct edit *e);

/* Ways to keep a Deny from the request, the smaller ones first; those of
 * edit_lifts_shared leave alone whom else the policy is for. End with NULL. */
typedef bool edit_lift(struct edit *e);
extern edit_lift *const edit_lifts_own[];
extern edit_lift *const edit_lifts_shared[];

/** A statement that allows the request and no other, under the conditions of
 * `like` that hold (NULL: none). taken: the document it goes into, for its Sid. */
struct json *edit_new_statement(const struct policy_case *c, enum policy_side side, const struct json *like,
                                const struct policy_fit *fit, const struct json *taken);

#endif
