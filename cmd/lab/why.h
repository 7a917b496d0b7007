/* lab why: who asks for what, the policies that bear on it, and what would have
 * to change. Reads from AWS only. */
#ifndef CMD_LAB_WHY_H
#define CMD_LAB_WHY_H

#include "aws/policy/change.h"
#include "cmd/lab/session.h"

/* A user, role or group, as IAM's operations name it. */
struct why_kind {
    const char *word;      /* "Role", in "GetRolePolicy" */
    const char *parameter; /* "RoleName" */
    const char *shown;     /* "role" */
};
extern const struct why_kind why_user, why_role, why_group;

/* Where a document stands, which says how it is changed. */
enum why_place { PLACE_INLINE, PLACE_MANAGED, PLACE_BOUNDARY, PLACE_SESSION, PLACE_SECRET, PLACE_TRUST };

struct why_paper {
    enum why_place place;
    const struct why_kind *kind; /* of inline, managed and boundary */
    char *entity, *policy;       /* names; managed and boundary: the policy's ARN */
    struct json *document;
    bool fixed, shared;
};

struct why {
    struct session *session;
    struct aws_client *client;
    /* the question */
    char *principal;     /* ARN, or a service */
    char *principal_arn; /* of the user or role behind it; the service */
    char *action, *resource;
    struct json *context;
    /* who asks: NULL for the account's root and services */
    const struct why_kind *kind;
    char *name, *session_name;
    struct json *entity; /* GetUser's or GetRole's */
    char *resource_name; /* of a secret or role whose own policy was read */
    struct why_paper *papers;
    size_t count, cap;
    bool session_unseen; /* whether a session policy limits it could not be seen */
};

/** Takes words apart: PRINCIPAL ACTION [RESOURCE]. ERR_USAGE. */
MUST_USE bool why_ask(struct why *w, const char *principal, const char *action, const char *resource,
                      struct error *err);
/** The last denial in the trail. */
MUST_USE bool why_ask_last(struct why *w, struct error *err);

/** Every document that bears on the question. */
MUST_USE bool why_gather(struct why *w, struct error *err);
void why_add(struct why *w, enum why_place place, const struct why_kind *kind, const char *entity,
             const char *policy, struct json *document);

/** The parameters of the AssumeRole that made the session, as the trail has
 * them; NULL when there is no such session or it is not there. */
MUST_USE bool why_session(struct why *w, struct json **parameters, struct error *err);

/** The resource's tags and policy, its name made an ARN. */
MUST_USE bool why_resource(struct why *w, struct error *err);

enum policy_side why_side(const struct why_paper *p);
/** "inline policy \"p\" of role r" */
void why_name(const struct why_paper *p, struct buf *out);

/** The calls that put a change into the world: [{"service", "operation", "input"}]. */
struct json *why_calls(const struct why *w, const struct policy_change *change);
void why_release(struct why *w);

#endif
