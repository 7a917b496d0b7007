/* Who one is, and becoming another: facts 2.2. */
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/core.h"

#include <stdio.h>

enum { DEFAULT_ROLE_S = 3600, CHAINED_LIMIT_S = 3600, DEFAULT_TOKEN_S = 43200, ROOT_LIMIT_S = 3600 };
/* The model has no limit for either; STS does (facts 2.2). */
enum { POLICY_MAX_CHARS = 2048, POLICY_ARNS_MAX = 10 };

static bool refuse(struct error *err, const char *code, int status, const char *text)
{
    error_aws(err, code, text);
    err->http_status = status;
    return false;
}

static bool get_caller_identity(struct call *c, struct error *err)
{
    (void)err;
    c->out = json_of("UserId", c->principal.user_id, "Account", sandbox_account(c->sandbox), "Arn",
                     c->principal.arn, NULL);
    return true;
}

static struct json *credentials(const struct json *session)
{
    struct json *out =
        json_of("AccessKeyId", json_get_text(session, "AccessKeyId"), "SecretAccessKey",
                json_get_text(session, "secret"), "SessionToken", json_get_text(session, "token"), NULL);

    json_put_int(out, "Expiration", json_int(json_get(session, "expires_s"), 0));
    return out;
}

/** What the trail may know of fresh credentials: neither key nor token. */
static struct json *shown_credentials(const struct json *session)
{
    char expires[21];

    clock_format_iso(json_int(json_get(session, "expires_s"), 0), expires);
    return json_of("accessKeyId", json_get_text(session, "AccessKeyId"), "expiration", expires, NULL);
}

/* --- AssumeRole --- */

/** The role an ARN names, path included; NULL when there is none. */
static const struct json *role_of_arn(const struct call *c, const char *arn)
{
    const char *slash = strrchr(arn, '/');
    const struct json *role = slash ? world_get(c->world, "iam.role", slash + 1) : NULL;

    return role && strcmp(json_get_text(role, "Arn"), arn) == 0 ? role : NULL;
}

static void assume_role_target(struct call *c)
{
    const char *arn = json_get_text(c->in, "RoleArn");
    const struct json *role = role_of_arn(c, arn);

    (void)snprintf(c->resource, sizeof c->resource, "%s", arn);
    /* A role made just now is not yet known everywhere: facts section 4. */
    if (role && sandbox_propagated(c->sandbox, json_int(json_get(role, "created_ms"), 0)))
        c->resource_policy = json_get_text(role, "AssumeRolePolicyDocument");
    c->context = json_of("sts:RoleSessionName", json_get_text(c->in, "RoleSessionName"), NULL);
    if (json_get(c->in, "ExternalId"))
        json_put_text(c->context, "sts:ExternalId", json_get_text(c->in, "ExternalId"));
}

static bool check_duration(const struct call *c, const struct json *role, int64_t duration_s,
                           struct error *err)
{
    if (c->principal.type == PRINCIPAL_SESSION && duration_s > CHAINED_LIMIT_S)
        return refuse(err, "ValidationError", 400,
                      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
                      "role chaining");
    if (duration_s > json_int(json_get(role, "MaxSessionDuration"), DEFAULT_ROLE_S))
        return refuse(err, "ValidationError", 400,
                      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    return true;
}

static bool check_session_policies(const struct call *c, struct error *err)
{
    const struct json *document = json_get(c->in, "Policy");
    struct policy *parsed = NULL;

    if (json_count(json_get(c->in, "PolicyArns")) > POLICY_ARNS_MAX)
        return refuse(
            err, "ValidationError", 400,
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member "
            "must have length less than or equal to 10");
    if (json_str(document).len > POLICY_MAX_CHARS)
        return refuse(err, "PackedPolicyTooLarge", 400,
                      "The session policy is larger than its limit of 2048 characters.");
    if (document) {
        if (!policy_parse(json_str(document), POLICY_IDENTITY, &parsed, err)) {
            err->http_status = 400;
            return false;
        }
        policy_free(parsed);
    }
    for (const struct json *e = json_first(json_get(c->in, "PolicyArns")); e; e = json_next(e)) {
        char text[2200];

        if (world_get(c->world, "iam.policy", json_get_text(e, "arn")))
            continue;
        (void)snprintf(text, sizeof text, "PolicyArn %s does not exist or is not attachable.",
                       json_get_text(e, "arn"));
        return refuse(err, "MalformedPolicyDocument", 400, text);
    }
    return true;
}

static void keep_session_policies(const struct call *c, struct json *session)
{
    const struct json *arns = json_get(c->in, "PolicyArns");

    if (json_get(c->in, "Policy"))
        json_put_str(session, "Policy", json_str(json_get(c->in, "Policy")));
    if (json_count(arns)) {
        struct json *list = json_put(session, "PolicyArns", json_array());

        for (const struct json *e = json_first(arns); e; e = json_next(e))
            json_push(list, json_text_new(json_get_text(e, "arn")));
    }
    if (json_get(c->in, "Tags"))
        json_put(session, "Tags", json_copy(json_get(c->in, "Tags")));
}

static bool assume_role(struct call *c, struct error *err)
{
    const struct json *role = role_of_arn(c, json_get_text(c->in, "RoleArn"));
    const char *name = json_get_text(c->in, "RoleSessionName");
    int64_t duration_s = json_int(json_get(c->in, "DurationSeconds"), DEFAULT_ROLE_S);
    char arn[2100], id[256];
    struct json *session, *user;

    if (!check_duration(c, role, duration_s, err) || !check_session_policies(c, err))
        return false;
    session = session_make(c->sandbox, json_get_text(role, "RoleName"), name, "sts", duration_s);
    keep_session_policies(c, session);
    sandbox_arn(c->sandbox, arn, "sts", "", "assumed-role/%s/%s", json_get_text(role, "RoleName"), name);
    (void)snprintf(id, sizeof id, "%s:%s", json_get_text(role, "RoleId"), name);
    user = json_of("AssumedRoleId", id, "Arn", arn, NULL);
    c->out = json_object();
    json_put(c->out, "Credentials", credentials(session));
    json_put(c->out, "AssumedRoleUser", user);
    if (json_get(c->in, "Policy"))
        json_put_int(c->out, "PackedPolicySize",
                     1 + (int64_t)(json_str(json_get(c->in, "Policy")).len * 100 / 2048));
    c->trail_response = json_object();
    json_put(c->trail_response, "credentials", shown_credentials(session));
    json_put(c->trail_response, "assumedRoleUser", json_of("assumedRoleId", id, "arn", arn, NULL));
    return true;
}

/* --- AssumeRoleWithWebIdentity --- */

/** The issuer a token names; false when it has no form of a JSON Web Token. */
static bool token_issuer(struct str token, struct buf *issuer)
{
    CLEANUP(json_freep) struct json *claims = NULL;
    CLEANUP(buf_release) struct buf text = {0}, plain = {0};
    const char *first = token.len ? memchr(token.data, '.', token.len) : NULL;
    size_t at = first ? (size_t)(first - token.data) + 1 : 0;
    const char *second = first ? memchr(token.data + at, '.', token.len - at) : NULL;
    struct error ignored;

    if (!second)
        return false;
    for (const char *c = token.data + at; c < second; c++) /* base64url to base64 */
        buf_addc(&text, *c == '-' ? '+' : *c == '_' ? '/' : *c);
    while (text.len % 4)
        buf_addc(&text, '=');
    if (!buf_add_unbase64(&plain, buf_str(&text)) || !json_parse(buf_str(&plain), NULL, &claims, &ignored) ||
        !json_is_string(json_get(claims, "iss")))
        return false;
    buf_add(issuer, json_str(json_get(claims, "iss")));
    return true;
}

/* The account trusts no identity provider: each token is one of a stranger. */
static bool assume_role_with_web_identity(struct call *c, struct error *err)
{
    CLEANUP(buf_release) struct buf issuer = {0};
    char text[512];

    if (!token_issuer(json_str(json_get(c->in, "WebIdentityToken")), &issuer))
        return refuse(err, "InvalidIdentityToken", 400, "The ID Token provided is not a valid JWT.");
    (void)snprintf(text, sizeof text, "No OpenIDConnect provider found in your account for %.300s",
                   buf_text(&issuer));
    return refuse(err, "InvalidIdentityToken", 400, text);
}

/* --- the others --- */

static bool get_session_token(struct call *c, struct error *err)
{
    int64_t duration_s = json_int(json_get(c->in, "DurationSeconds"), DEFAULT_TOKEN_S);
    struct json *session;

    if (c->principal.session)
        return refuse(err, "AccessDenied", 403, "Cannot call GetSessionToken with session credentials");
    if (c->principal.type == PRINCIPAL_ROOT && duration_s > ROOT_LIMIT_S)
        duration_s = ROOT_LIMIT_S;
    session = session_new(c->sandbox, c->principal.name, "sts", duration_s);
    if (c->principal.type == PRINCIPAL_USER)
        json_put_text(session, "UserName", c->principal.name);
    else
        json_put_bool(session, "root", true);
    c->out = json_object();
    json_put(c->out, "Credentials", credentials(session));
    c->trail_response = json_object();
    json_put(c->trail_response, "credentials", shown_credentials(session));
    return true;
}

/** Reads back what a denial of EC2 carried: see authorize.c. */
static bool decode_authorization_message(struct call *c, struct error *err)
{
    CLEANUP(buf_release) struct buf plain = {0};
    struct error ignored;

    if (!buf_add_unbase64(&plain, json_str(json_get(c->in, "EncodedMessage"))) ||
        !json_check(buf_str(&plain), NULL, &ignored))
        return refuse(err, "InvalidAuthorizationMessageException", 400, "Message is not valid");
    c->out = json_object();
    json_put_str(c->out, "DecodedMessage", buf_str(&plain));
    return true;
}

static const struct handler rows[] = {
    {.operation = "AssumeRole", .handle = assume_role, .target = assume_role_target},
    {.operation = "AssumeRoleWithWebIdentity", .handle = assume_role_with_web_identity},
    {.operation = "DecodeAuthorizationMessage", .handle = decode_authorization_message},
    {.operation = "GetCallerIdentity", .handle = get_caller_identity},
    {.operation = "GetSessionToken", .handle = get_session_token},
};

const struct handler_table sts_handlers = {"sts", rows, ARRAY_LEN(rows)};
