/* Whether a principal may do what it asks: gathers the policies that bear on
 * it from the world and lets aws/policy decide. Facts section 7.
 *
 * An attachment works from propagation_ms after from_ms until propagation_ms
 * after to_ms: AWS sees both changes late. */
#ifndef AWS_SANDBOX_AUTHORIZE_H
#define AWS_SANDBOX_AUTHORIZE_H

#include "aws/policy/policy.h"
#include "aws/sandbox/call.h"

/** The gate of dispatch: the call's action on its resource, then what the
 * handler's row asks `also`. On refusal err is AWS's answer, in its words. */
MUST_USE bool authorize_call(struct call *c, const struct handler *row, struct error *err);

/** Whether a role itself allows an action on a resource now: for what its
 * holder does beside the services that are here (an agent's own calls). No
 * condition keys, no record. */
bool authorize_role(struct sandbox *s, const char *role_name, const char *action, const char *resource);

/** Whether an element of attachments[] is in force now. */
bool attachment_works(const struct sandbox *s, const struct json *attachment);
/** Forgets attachments that no longer work and have ended. */
void attachments_prune(const struct sandbox *s, struct json *attachments);

/* Parsed documents by their text, bounded. */
struct policy_cache *policy_cache_new(void);
void policy_cache_free(struct policy_cache *c);
/** Makes room when the cache is full; what was borrowed before is gone. */
void policy_cache_trim(struct policy_cache *c);
/** Borrowed until the next trim; NULL when the text does not parse. */
const struct policy *policy_cache_get(struct policy_cache *c, struct str document, enum policy_type type);

#endif
