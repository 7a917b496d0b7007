/* Who signed a request, and whether it is so. SECURITY rule 21, facts 6.2. */
#include "aws/sandbox/core.h"

#include "aws/common/mem.h"

#include <stdio.h>

enum { WINDOW_S = 300, CACHED_KEYS = 64 };

/* Secrets of keys seen lately: a locked page each, so not one per request. */
struct key_cache {
    struct aws_credentials keys[CACHED_KEYS];
    size_t next;
};

struct key_cache *key_cache_new(void)
{
    return mem_alloc(sizeof(struct key_cache));
}

void key_cache_free(struct key_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CACHED_KEYS; i++)
        aws_credentials_release(&c->keys[i]);
    mem_free(c);
}

/** The credentials of a key's entity, which may have changed since. */
static const struct aws_credentials *cached_key(struct key_cache *c, const char *id,
                                                const struct json *entity)
{
    struct str secret = json_str(json_get(entity, "secret")), token = json_str(json_get(entity, "token"));
    struct aws_credentials *k;

    for (size_t i = 0; i < CACHED_KEYS; i++) {
        k = &c->keys[i];
        if (strcmp(k->access_key_id, id) == 0 && secret_equal(secret_str(&k->secret_access_key), secret))
            return k;
    }
    k = &c->keys[c->next];
    c->next = (c->next + 1) % CACHED_KEYS;
    aws_credentials_release(k);
    (void)snprintf(k->access_key_id, sizeof k->access_key_id, "%s", id);
    secret_set(&k->secret_access_key, secret);
    if (token.len)
        secret_set(&k->session_token, token);
    k->expires_at_s = json_int(json_get(entity, "expires_s"), 0);
    return k;
}

/* A key as the world has it. */
struct found_key {
    const struct json *entity; /* iam.access_key or sts.session; NULL unknown */
    bool session, expired;
};

static struct found_key find_key(const struct sandbox *s, const char *id)
{
    struct found_key found = {.entity = world_get(s->world, "sts.session", id), .session = true};

    if (found.entity) {
        found.expired = json_int(json_get(found.entity, "expires_s"), 0) <= sandbox_real_s(s);
        return found;
    }
    found = (struct found_key){.entity = world_get(s->world, "iam.access_key", id)};
    if (found.entity && strcmp(json_get_text(found.entity, "Status"), "Active") != 0)
        found.entity = NULL;
    return found;
}

/* --- the principal behind a key --- */

static bool fill_user(const struct sandbox *s, const char *name, struct principal *out)
{
    const struct json *user = world_get(s->world, "iam.user", name);

    if (!user)
        return false;
    out->type = PRINCIPAL_USER;
    (void)snprintf(out->arn, sizeof out->arn, "%s", json_get_text(user, "Arn"));
    (void)snprintf(out->user_id, sizeof out->user_id, "%s", json_get_text(user, "UserId"));
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    return true;
}

static void fill_root(const struct sandbox *s, struct principal *out)
{
    out->type = PRINCIPAL_ROOT;
    (void)snprintf(out->arn, sizeof out->arn, "arn:%s:iam::%s:root", s->partition, s->account);
    (void)snprintf(out->user_id, sizeof out->user_id, "%s", s->account);
    (void)snprintf(out->name, sizeof out->name, "root");
}

static bool fill_session(const struct sandbox *s, const struct json *session, struct principal *out)
{
    const char *role = json_get_text(session, "role"), *name = json_get_text(session, "session_name");
    char arn[2100];

    out->session = session;
    if (json_bool(json_get(session, "root"), false)) {
        fill_root(s, out);
        return true;
    }
    if (*json_get_text(session, "UserName")) /* GetSessionToken: the user itself */
        return fill_user(s, json_get_text(session, "UserName"), out);
    out->type = PRINCIPAL_SESSION;
    sandbox_arn(s, arn, "sts", "", "assumed-role/%s/%s", role, name);
    (void)snprintf(out->arn, sizeof out->arn, "%.511s", arn);
    (void)snprintf(out->user_id, sizeof out->user_id, "%s:%s", json_get_text(session, "RoleId"), name);
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    (void)snprintf(out->role_name, sizeof out->role_name, "%s", role);
    return true;
}

bool principal_find(struct sandbox *s, const char *access_key_id, struct principal *out)
{
    struct found_key found = find_key(s, access_key_id);

    *out = (struct principal){0};
    if (!found.entity || found.expired)
        return false;
    (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", access_key_id);
    if (found.session)
        return fill_session(s, found.entity, out);
    if (json_bool(json_get(found.entity, "root"), false)) {
        fill_root(s, out);
        return true;
    }
    return fill_user(s, json_get_text(found.entity, "UserName"), out);
}

/* --- judging --- */

/** The key a claim names; long ids and those with a NUL are nobody's. */
static struct found_key claimed_key(const struct sandbox *s, struct str claimed, char id[129])
{
    struct found_key none = {0};

    if (claimed.len > 128)
        return none;
    (void)snprintf(id, 129, "%.*s", STR_ARG(claimed));
    return strlen(id) == claimed.len ? find_key(s, id) : none;
}

static void judge(struct work *w, const struct sigv4_claim *claim, struct sigv4_verdict *verdict)
{
    struct sandbox *s = w->call.sandbox;
    /* IAM is signed for by some clients in its global region: facts 1.2. */
    const char *regions[] = {s->options.region, w->call.service->global ? "us-east-1" : NULL, NULL};
    struct sigv4_expectation want = {.service = w->call.service->signing_name,
                                     .regions = regions,
                                     .now_s = sandbox_real_s(s),
                                     .window_s = WINDOW_S};
    char id[129];
    struct found_key found = claimed_key(s, claim->access_key_id, id);
    const struct aws_credentials *creds = found.entity ? cached_key(s->keys, id, found.entity) : NULL;

    verdict->fault = SIGV4_OK;
    if (!sigv4_verify(w->request, claim, creds, &want, verdict))
        return;
    /* The key of a user who is gone, or no key at all: the same to the caller. */
    if (!creds || !principal_find(s, id, &w->call.principal)) {
        verdict->fault = SIGV4_UNKNOWN_KEY;
        (void)snprintf(verdict->message, sizeof verdict->message, "%s",
                       "The security token included in the request is invalid");
    }
}

bool principal_verify(struct work *w, const struct sigv4_claim *claim, struct sigv4_verdict *verdict)
{
    static const enum sigv4_dialect dialects[] = {[AWS_QUERY] = SIGV4_QUERY,
                                                  [AWS_EC2] = SIGV4_EC2,
                                                  [AWS_JSON_1_1] = SIGV4_JSON,
                                                  [AWS_REST_JSON] = SIGV4_REST_JSON};

    /* Who comes with another proof than a key signs nothing; the handler judges it. */
    if (w->call.op->unsigned_request && verdict->fault == SIGV4_MISSING_TOKEN) {
        w->call.principal.type = PRINCIPAL_UNKNOWN;
        return true;
    }
    if (verdict->fault == SIGV4_OK)
        judge(w, claim, verdict);
    return verdict->fault == SIGV4_OK ||
           sigv4_fault_error(verdict, dialects[w->call.service->protocol], &w->err);
}
