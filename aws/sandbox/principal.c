/* Who signed a request, and whether it is so. SECURITY rule 21, facts 6.2. */
#include "aws/sandbox/core.h"

#include "aws/auth/sigv4.h"
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

static const struct aws_credentials *cached_key(struct key_cache *c, const char *id, struct str secret,
                                                struct str token)
{
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

/* --- refusals --- */

/* What each fault is called, by protocol: facts 6.2. */
static const struct fault_row {
    const char *query, *json, *ec2;
    int query_status, json_status, ec2_status;
    const char *ec2_text; /* NULL: the verdict's */
} faults[] = {
    [SIGV4_BOTH_FORMS] = {"IncompleteSignature", "InvalidSignatureException", "AuthFailure", 400, 400, 401,
                          NULL},
    [SIGV4_MISSING_TOKEN] = {"MissingAuthenticationToken", "MissingAuthenticationTokenException",
                             "AuthFailure", 403, 400, 401, NULL},
    [SIGV4_INCOMPLETE] = {"IncompleteSignature", "IncompleteSignatureException", "IncompleteSignature", 400,
                          400, 400, NULL},
    [SIGV4_UNKNOWN_KEY] = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", 403, 400,
                           401, "AWS was not able to validate the provided access credentials"},
    [SIGV4_EXPIRED_TOKEN] = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", 403, 400, 400,
                             "Request has expired."},
    [SIGV4_MISMATCH] = {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", 403, 400, 401,
                        NULL},
    [SIGV4_SKEW] = {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", 403, 400, 400,
                    "Request has expired."},
};

static const char unknown_key_text[] = "The security token included in the request is invalid";
static const char expired_text[] = "The security token included in the request is expired";

static bool refuse(struct work *w, const struct sigv4_verdict *verdict)
{
    const struct fault_row *row = &faults[verdict->fault];
    enum aws_protocol protocol = w->call.service->protocol;
    const char *text = verdict->message;

    switch (protocol) {
    case AWS_QUERY:
        error_aws(&w->err, row->query, text);
        w->err.http_status = row->query_status;
        break;
    case AWS_EC2:
        error_aws(&w->err, row->ec2, row->ec2_text ? row->ec2_text : text);
        w->err.http_status = row->ec2_status;
        break;
    case AWS_JSON_1_1:
    case AWS_REST_JSON:
        error_aws(&w->err, row->json, text);
        w->err.http_status = protocol == AWS_REST_JSON ? 403 : row->json_status;
        break;
    }
    return false;
}

static void judge(struct work *w, const struct sigv4_claim *claim, struct sigv4_verdict *verdict)
{
    struct sandbox *s = w->call.sandbox;
    const char *regions[3] = {s->options.region, NULL, NULL};
    struct sigv4_expectation want = {.service = w->call.service->signing_name,
                                     .regions = regions,
                                     .now_s = sandbox_real_s(s),
                                     .window_s = WINDOW_S};
    char id[129];
    struct found_key found = {0};
    const struct aws_credentials *creds = NULL;

    if (w->call.service->global)
        regions[1] = "us-east-1";
    (void)snprintf(id, sizeof id, "%.*s", STR_ARG(claim->access_key_id));
    if (claim->access_key_id.len < sizeof id && strlen(id) == claim->access_key_id.len)
        found = find_key(s, id);
    /* A long-term key with a token, or a session with another's, is no key. */
    if (found.entity && secret_equal(json_str(json_get(found.entity, "token")), claim->session_token))
        creds = cached_key(s->keys, id, json_str(json_get(found.entity, "secret")), claim->session_token);
    verdict->fault = SIGV4_OK;
    if (!sigv4_verify(w->request, claim, creds, &want, verdict) && creds)
        return;
    if (!creds || !principal_find(s, id, &w->call.principal)) {
        verdict->fault = creds && found.expired ? SIGV4_EXPIRED_TOKEN : SIGV4_UNKNOWN_KEY;
        (void)snprintf(verdict->message, sizeof verdict->message, "%s%s",
                       verdict->fault == SIGV4_EXPIRED_TOKEN ? expired_text : unknown_key_text,
                       verdict->fault == SIGV4_UNKNOWN_KEY && w->call.service->protocol == AWS_JSON_1_1 ? "."
                                                                                                        : "");
    }
}

bool principal_verify(struct work *w)
{
    struct sigv4_claim claim = {0};
    struct sigv4_verdict verdict = {0};

    if (sigv4_read_claim(w->request, &claim, &verdict))
        judge(w, &claim, &verdict);
    return verdict.fault == SIGV4_OK || refuse(w, &verdict);
}
