/* What an identity may do with secrets: the questions, and what the answers
 * mean. Who answers is another's business. */
#ifndef STEPS_KINDS_REACH_H
#define STEPS_KINDS_REACH_H

#include "steps/kinds/verdict.h"

struct reach {
    const char *target;     /* ARN of the secret that the plan's document is about, borrowed from resources */
    struct json *actions;   /* to ask about */
    struct json *resources; /* what the document names, then others: names near it, the account's secrets */
    size_t named;           /* so many of them the document names */
    struct json *wanted;    /* {"ACTION RESOURCE": "allowed"|"explicitDeny"|"implicitDeny"} by the plan */
    struct json *answers;   /* likewise, as it is */
};

enum reach_subject {
    REACH_SECRET,
    REACH_ABSENT, /* the document names what is not there yet */
    REACH_OTHER   /* the document is not about the reading of a secret */
};

/** document: as planned. What it allows is the measure. */
MUST_USE bool reach_begin(struct reach *r, struct checking *k, const struct json *document,
                          enum reach_subject *subject, struct error *err);
void reach_release(struct reach *r);

/** Answers by SimulatePrincipalPolicy and the secret's own policy. */
MUST_USE bool reach_of_role(struct reach *r, struct checking *k, const char *role_arn, struct error *err);
/** Answers by one document alone; what does not parse allows nothing. */
void reach_of_document(struct reach *r, struct checking *k, struct str document);

/** The name of the reason it is not what the plan wants, NULL when it is; *what the
 * resource or action. */
const char *reach_judge(const struct reach *r, const char **what);

#endif
