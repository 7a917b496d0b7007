/* IAM policy documents: parse, match, decide, and name the statement that
 * decided. Pure: no store, no network. Facts section 7. */
#ifndef AWS_POLICY_POLICY_H
#define AWS_POLICY_POLICY_H

#include "aws/common/error.h"
#include "aws/common/json.h"

enum policy_type {
    POLICY_IDENTITY, /* also boundary and session policies: no Principal */
    POLICY_RESOURCE, /* Principal required */
    POLICY_TRUST     /* Principal required, no Resource */
};

struct policy; /* a parsed document; immutable, may be shared by threads */

/** Parses in full or refuses (SECURITY rule 22). ERR_AWS
 * "MalformedPolicyDocument" with AWS's sentence ("Syntax errors in policy.",
 * "Statement IDs (SID) in a single policy must be unique.", …). */
MUST_USE bool policy_parse(struct str document, enum policy_type type, struct policy **out,
                           struct error *err);
void policy_free(struct policy *p);
void policy_freep(struct policy **p);

/* Who asks for what. */
struct policy_request {
    struct str principal;        /* caller's ARN: …:user/…, …:assumed-role/ROLE/SESSION, …:root,
                                    or a service, "secretsmanager.amazonaws.com" */
    struct str principal_role;   /* ARN of the role of a session with its path; "" lets it be
                                    derived from the session ARN */
    struct str action;           /* "secretsmanager:GetSecretValue" */
    struct str resource;         /* ARN, or "*" */
    struct str resource_account; /* 12 digits; "" takes the caller's */
    const struct json *context;  /* {"aws:SourceIp": "…", "aws:TagKeys": […]}: names matched
                                    without case; text, number, boolean or array of them */
};

/* Documents that bear on the request; NULL or count 0 when there are none. */
struct policy_set {
    const struct policy *const *identity;
    size_t identity_count;
    const struct policy *boundary;       /* NULL: none */
    const struct policy *const *session; /* inline and by ARN; none of them: no limit */
    size_t session_count;
    bool has_session;
    const struct policy *resource;  /* the resource's own policy; NULL: none */
    bool resource_policy_mandatory; /* trust policies, key policies (facts 7.1.8) */
};

enum policy_decision { POLICY_ALLOWED, POLICY_EXPLICITLY_DENIED, POLICY_IMPLICITLY_DENIED };

/* Which side decided, for AWS's sentence (facts 7.4). */
enum policy_side { SIDE_NONE, SIDE_IDENTITY, SIDE_BOUNDARY, SIDE_SESSION, SIDE_RESOURCE };

struct policy_result {
    enum policy_decision decision;
    enum policy_side side;
    size_t policy_index;    /* within its side */
    size_t statement_index; /* of the deciding statement; meaningless when implicit */
    struct str sid;         /* "" when none; borrowed from the policy */
};

void policy_decide(const struct policy_request *request, const struct policy_set *set,
                   struct policy_result *result);

/** "because no identity-based policy allows the s:A action" or "with an
 * explicit deny in an identity-based policy" (facts 7.4). */
void policy_reason(const struct policy_result *result, struct str action, struct buf *out);

/* Which part of a statement does not fit a request. */
enum policy_part { PART_PRINCIPAL = 1, PART_ACTION = 2, PART_RESOURCE = 4, PART_CONDITION = 8 };

/* How one statement fits a request, part by part. */
struct policy_fit {
    bool deny;
    bool same_service; /* an action of the statement is of the request's service */
    unsigned lacks;    /* parts that do not fit; 0: the statement applies */
    uint64_t failing;  /* bit i: the i-th condition does not hold, in the document's order */
};

size_t policy_statement_count(const struct policy *p);
void policy_fit(const struct policy *p, size_t statement, const struct policy_request *request,
                struct policy_fit *out);

/* What the resource's own policy is for an action: a trust policy (POLICY_TRUST)
 * for the AssumeRole family, else POLICY_RESOURCE; and whether it has to allow
 * by itself (facts 7.1.8: trust policies, key policies). A resource of "*" is
 * no key: kms:ListKeys asks identity policies alone. */
enum policy_type policy_resource_type(struct str action);
bool policy_resource_mandatory(struct str action, struct str resource);

/* Pieces that others need too. */
bool policy_arn_like(struct str pattern, struct str arn);        /* per-field wildcards */
bool policy_action_match(struct str pattern, struct str action); /* case ignored */

#endif
