/* Sessions of roles, and whom a role's trust policy lets in. */
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/core.h"

#include <stdio.h>

/* An expired session is remembered for a while, so that its holder hears
 * "expired" and not "invalid". */
enum { REMEMBERED_S = 3600 };

static const char upper_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void forget_expired(struct sandbox *s)
{
    int64_t before_s = sandbox_real_s(s) - REMEMBERED_S;
    const struct json *session;
    const char *key;

    for (size_t i = world_count(s->world, "sts.session"); i-- > 0;) {
        session = world_at(s->world, "sts.session", i, &key);
        if (json_int(json_get(session, "expires_s"), 0) < before_s)
            world_remove(s->world, "sts.session", key);
    }
}

struct json *session_new(struct sandbox *s, const char *session_name, const char *source, int64_t duration_s)
{
    char key[21] = "ASIA", secret[41], token[361] = "IQoJb3JpZ2luX2Vj";
    struct json *session;
    size_t head = strlen(token);

    forget_expired(s);
    random_text(&s->random, upper_and_digits, key + 4, 16);
    random_text(&s->random, base64_letters, secret, 40);
    random_text(&s->random, base64_letters, token + head, sizeof token - 1 - head);
    session = json_of("AccessKeyId", key, "secret", secret, "token", token, "session_name", session_name,
                      "source", source, NULL);
    json_put_int(session, "created_s", sandbox_real_s(s));
    json_put_int(session, "expires_s", sandbox_real_s(s) + duration_s);
    return world_put(s->world, "sts.session", key, session);
}

struct json *session_make(struct sandbox *s, const char *role_name, const char *session_name,
                          const char *source, int64_t duration_s)
{
    const struct json *role = world_get(s->world, "iam.role", role_name);
    struct json *session;

    if (!role)
        return NULL;
    session = session_new(s, session_name, source, duration_s);
    json_put_text(session, "role", role_name);
    json_put_text(session, "RoleId", json_get_text(role, "RoleId"));
    return session;
}

bool session_trusts_service(struct sandbox *s, const char *role_name, const char *service_principal)
{
    const struct json *role = world_get(s->world, "iam.role", role_name);
    struct policy_request request = {.principal = str_of(service_principal),
                                     .action = STR("sts:AssumeRole"),
                                     .resource = json_str(json_get(role, "Arn")),
                                     .resource_account = str_of(s->account)};
    struct policy_set set = {.resource_policy_mandatory = true};
    struct policy_result result;

    if (!role)
        return false;
    policy_cache_trim(s->policies);
    set.resource =
        policy_cache_get(s->policies, json_str(json_get(role, "AssumeRolePolicyDocument")), POLICY_TRUST);
    if (!set.resource)
        return false;
    policy_decide(&request, &set, &result);
    return result.decision == POLICY_ALLOWED;
}
