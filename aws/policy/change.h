/* Why a request is decided as it is, and the smallest change that would allow
 * it: the least that lifts each Deny and adds each Allow that is missing, for
 * this request and, where a policy can say so, for no other. Pure: documents
 * come in as JSON, a change goes out as the document it makes. */
#ifndef AWS_POLICY_CHANGE_H
#define AWS_POLICY_CHANGE_H

#include "aws/policy/policy.h"

/* A document with what it is to the request. */
struct policy_paper {
    enum policy_side side;
    const struct json *document; /* borrowed */
    bool fixed;                  /* AWS's own: can be taken away, not edited */
    bool shared;                 /* bears on others too: a group's, a policy attached elsewhere */
};

struct policy_case {
    struct policy_request request;
    bool mandatory;       /* the resource's policy has to allow by itself */
    struct str principal; /* what a Principal element names: the user's or role's ARN, a service */
    const struct policy_paper *papers;
    size_t count;
};

struct policy_explanation {
    struct policy_result result;
    /* The statement that decided; when nothing allowed, the Allow that came
     * closest on the side that is missing one. */
    size_t paper; /* SIZE_MAX: none */
    size_t statement;
    struct policy_fit fit;
};

/** ERR_AWS MalformedPolicyDocument when a document does not parse. */
MUST_USE bool policy_explain(const struct policy_case *c, struct policy_explanation *out, struct error *err);

/** Statement i of a document: it may stand there alone, without a list. Borrowed;
 * NULL: there is none. */
const struct json *policy_statement_at(const struct json *document, size_t i);

struct policy_change {
    enum policy_side side;
    size_t paper;          /* index; SIZE_MAX: a policy that is not there yet */
    struct json *document; /* what it says then; NULL: it is taken away */
    char *what;            /* "add \"arn:…\" to the Resource of statement \"Read\"" */
};

struct policy_changes {
    struct policy_change *items;
    size_t count, cap;
};

/** None when the request is allowed. Each holds those before it. ERR_BUG when
 * no change is found. */
MUST_USE bool policy_changes_find(const struct policy_case *c, struct policy_changes *out, struct error *err);
void policy_changes_release(struct policy_changes *c);

#endif
