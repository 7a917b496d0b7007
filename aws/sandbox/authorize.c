#include "aws/sandbox/authorize.h"

#include "aws/common/mem.h"
#include "aws/sandbox/context.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/resource.h"

#include <stdio.h>

/* No policy takes these away: facts 7.1.9. */
static const char *const always_allowed[] = {"sts:GetCallerIdentity", "sts:GetSessionToken",
                                             "sts:AssumeRoleWithWebIdentity"};

/* What bears on a principal; the policies belong to the cache. */
struct gathered {
    const struct policy **identity, **session;
    size_t identity_count, identity_cap, session_count, session_cap;
    const struct policy *boundary;
    bool has_session;
    bool broken; /* a document does not parse: nobody knows what it denies */
};

static void gathered_release(struct gathered *g)
{
    mem_free(g->identity);
    mem_free(g->session);
    *g = (struct gathered){0};
}

/* --- attachments --- */

bool attachment_works(const struct sandbox *s, const struct json *attachment)
{
    int64_t seen_ms = sandbox_now_ms(s) - s->options.propagation_ms;
    const struct json *to = json_get(attachment, "to_ms");

    return json_int(json_get(attachment, "from_ms"), 0) <= seen_ms && (!to || json_int(to, 0) > seen_ms);
}

void attachments_prune(const struct sandbox *s, struct json *attachments)
{
    for (size_t i = json_count(attachments); i-- > 0;) {
        const struct json *a = json_at(attachments, i);

        if (json_get(a, "to_ms") && !attachment_works(s, a) &&
            json_int(json_get(a, "to_ms"), 0) + s->options.propagation_ms <= sandbox_now_ms(s))
            json_free(json_detach_at(attachments, i));
    }
}

/* --- gathering --- */

static const struct policy *parsed(struct sandbox *s, struct str document, struct gathered *g)
{
    const struct policy *p = policy_cache_get(s->policies, document, POLICY_IDENTITY);

    if (!p)
        g->broken = true;
    return p;
}

static const struct policy *managed(struct sandbox *s, const char *arn, struct gathered *g)
{
    const struct json *policy = world_get(s->world, "iam.policy", arn);
    const struct json *version =
        json_get(json_get(policy, "versions"), json_get_text(policy, "DefaultVersionId"));

    return version ? parsed(s, json_str(json_get(version, "Document")), g) : NULL;
}

static void add(const struct policy ***list, size_t *count, size_t *cap, const struct policy *p)
{
    if (!p)
        return;
    mem_grow(list, cap, *count, sizeof(const struct policy *));
    (*list)[(*count)++] = p;
}

static void add_identity(struct gathered *g, const struct policy *p)
{
    add(&g->identity, &g->identity_count, &g->identity_cap, p);
}

/** Inline and attached policies of a user, group or role. */
static void gather_entity(struct sandbox *s, const struct json *entity, struct gathered *g)
{
    for (const struct json *e = json_first(json_get(entity, "Inline")); e; e = json_next(e))
        add_identity(g, parsed(s, json_str(e), g));
    for (const struct json *e = json_first(json_get(entity, "attachments")); e; e = json_next(e))
        if (attachment_works(s, e))
            add_identity(g, managed(s, json_get_text(e, "PolicyArn"), g));
}

static void gather_boundary(struct sandbox *s, const struct json *entity, struct gathered *g)
{
    const char *arn = json_get_text(entity, "PermissionsBoundary");

    if (!*arn)
        return;
    g->boundary = managed(s, arn, g);
    /* A boundary whose policy is gone still bounds: to nothing. */
    if (!g->boundary)
        g->broken = true;
}

static void gather_user(struct sandbox *s, const struct json *user, struct gathered *g)
{
    gather_entity(s, user, g);
    for (const struct json *e = json_first(json_get(user, "Groups")); e; e = json_next(e))
        gather_entity(s, world_get(s->world, "iam.group", json_text(e)), g);
    gather_boundary(s, user, g);
}

static void gather_session(struct sandbox *s, const struct json *session, struct gathered *g)
{
    const struct json *inline_policy = json_get(session, "Policy");

    if (inline_policy) {
        g->has_session = true;
        add(&g->session, &g->session_count, &g->session_cap, parsed(s, json_str(inline_policy), g));
    }
    for (const struct json *e = json_first(json_get(session, "PolicyArns")); e; e = json_next(e)) {
        g->has_session = true;
        add(&g->session, &g->session_count, &g->session_cap, managed(s, json_text(e), g));
    }
}

static void gather(struct sandbox *s, const struct principal *p, struct gathered *g)
{
    const struct json *role;

    if (p->type == PRINCIPAL_USER)
        gather_user(s, world_get(s->world, "iam.user", p->name), g);
    if (p->type != PRINCIPAL_SESSION)
        return;
    role = world_get(s->world, "iam.role", p->role_name);
    /* A role made anew under the name is another one: old sessions have nothing. */
    if (role && json_equal(json_get(role, "RoleId"), json_get(p->session, "RoleId"))) {
        gather_entity(s, role, g);
        gather_boundary(s, role, g);
    }
    gather_session(s, p->session, g);
}

/* --- refusals, facts 7.4 --- */

/** EC2 adds the decision in a coded form that sts:DecodeAuthorizationMessage
 * reads back. */
static void add_encoded(const struct call *c, const char *action, const char *resource, bool explicitly,
                        struct buf *text)
{
    CLEANUP(json_freep) struct json *message = json_object();
    CLEANUP(buf_release) struct buf plain = {0};
    struct json *context = json_object();

    json_put_bool(message, "allowed", false);
    json_put_bool(message, "explicitDeny", explicitly);
    json_put(context, "principal", json_of("id", c->principal.user_id, "arn", c->principal.arn, NULL));
    json_put_text(context, "action", action);
    json_put_text(context, "resource", resource);
    json_put(message, "context", context);
    json_write(message, &plain);
    buf_adds(text, ". Encoded authorization failure message: ");
    buf_add_base64(text, plain.data, plain.len);
}

static bool deny(const struct call *c, const char *action, const char *resource, const char *shown,
                 const struct policy_result *result, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    bool ec2 = c->service->protocol == AWS_EC2;

    if (ec2)
        buf_adds(&text, "You are not authorized to perform this operation. ");
    buf_printf(&text, "User: %s is not authorized to perform: %s on resource: %s", c->principal.arn, action,
               shown);
    /* AssumeRole is refused by the role's trust, which AWS does not explain. */
    if (strcmp(action, "sts:AssumeRole") != 0 || result->decision == POLICY_EXPLICITLY_DENIED) {
        buf_addc(&text, ' ');
        policy_reason(result, str_of(action), &text);
    }
    if (ec2)
        add_encoded(c, action, resource, result->decision == POLICY_EXPLICITLY_DENIED, &text);
    error_aws(err, c->service->denied_code, buf_text(&text));
    err->http_status = c->service->denied_status;
    return false;
}

/* --- deciding --- */

static void decide(struct call *c, const struct gathered *g, const char *action, const char *resource,
                   bool own, struct policy_result *result)
{
    struct sandbox *s = c->sandbox;
    const struct json *role = world_get(s->world, "iam.role", c->principal.role_name);
    bool trust = own && strcmp(action, "sts:AssumeRole") == 0;
    /* A trust policy may not be missing; where a key is missing, so is its policy. */
    bool mandatory =
        trust || (own && c->resource_policy && policy_resource_mandatory(str_of(action), str_of(resource)));
    struct policy_request request = {.principal = str_of(c->principal.arn),
                                     .principal_role = json_str(json_get(role, "Arn")),
                                     .action = str_of(action),
                                     .resource = str_of(resource),
                                     .resource_account = str_of(s->account),
                                     .context = c->context};
    struct policy_set set = {.identity = g->identity,
                             .identity_count = g->identity_count,
                             .boundary = g->boundary,
                             .session = g->session,
                             .session_count = g->session_count,
                             .has_session = g->has_session,
                             .resource_policy_mandatory = mandatory};

    *result = (struct policy_result){.decision = POLICY_IMPLICITLY_DENIED, .side = SIDE_IDENTITY};
    if (own && c->resource_policy) {
        set.resource =
            policy_cache_get(s->policies, str_of(c->resource_policy), trust ? POLICY_TRUST : POLICY_RESOURCE);
        if (!set.resource)
            return;
    }
    /* Without a role there is nobody whom it could trust. */
    if (g->broken || (trust && !c->resource_policy))
        return;
    policy_decide(&request, &set, result);
    /* The root of the account needs no policy: facts 7.1.7. */
    if (c->principal.type == PRINCIPAL_ROOT && result->decision == POLICY_IMPLICITLY_DENIED && !mandatory)
        result->decision = POLICY_ALLOWED;
}

/** own: the call's own action, which the resource's policy speaks of. */
static bool ask(struct call *c, const struct gathered *g, const char *action, const char *resource,
                const char *shown, bool own, struct error *err)
{
    struct policy_result result;

    decide(c, g, action, resource, own, &result);
    return result.decision == POLICY_ALLOWED || deny(c, action, resource, shown, &result, err);
}

/** The resources of the model's templates: each has to be allowed. */
static bool ask_templates(struct call *c, const struct gathered *g, struct error *err)
{
    CLEANUP(resource_list_release) struct resource_list list = {0};

    resource_expand(c, &list);
    (void)snprintf(c->resource, sizeof c->resource, "%s", list.items[0]);
    for (size_t i = 0; i < list.count; i++)
        if (!ask(c, g, c->op->action, list.items[i], *c->resource_shown ? c->resource_shown : list.items[i],
                 true, err))
            return false;
    return true;
}

static bool ask_all(struct call *c, const struct handler *row, const struct gathered *g, struct error *err)
{
    const char *action = NULL;
    char resource[2100] = "";

    if (*c->resource) {
        if (!ask(c, g, c->op->action, c->resource, *c->resource_shown ? c->resource_shown : c->resource, true,
                 err))
            return false;
    } else if (!ask_templates(c, g, err)) {
        return false;
    }
    if (!row->also || !row->also(c, &action, resource))
        return true;
    return ask(c, g, action, resource, resource, false, err);
}

bool authorize_call(struct call *c, const struct handler *row, struct error *err)
{
    struct gathered g = {0};
    bool allowed;

    for (size_t i = 0; i < ARRAY_LEN(always_allowed); i++)
        if (strcmp(c->op->action, always_allowed[i]) == 0)
            return true;
    policy_cache_trim(c->sandbox->policies);
    context_fill(c);
    gather(c->sandbox, &c->principal, &g);
    allowed = ask_all(c, row, &g, err);
    gathered_release(&g);
    return allowed;
}

bool authorize_role(struct sandbox *s, const char *role_name, const char *action, const char *resource)
{
    const struct json *role = world_get(s->world, "iam.role", role_name);
    CLEANUP(json_freep)
    struct json *session = json_of("RoleId", json_get_text(role, "RoleId"), NULL);
    struct call c = {.sandbox = s, .world = s->world, .principal = {.type = PRINCIPAL_SESSION}};
    struct principal *p = &c.principal;
    struct gathered g = {0};
    struct policy_result result;

    if (!role)
        return false;
    p->session = session;
    (void)snprintf(p->role_name, sizeof p->role_name, "%s", role_name);
    sandbox_arn(s, c.resource, "sts", "", "assumed-role/%s/agent", role_name);
    (void)snprintf(p->arn, sizeof p->arn, "%.500s", c.resource);
    policy_cache_trim(s->policies);
    gather(s, p, &g);
    decide(&c, &g, action, resource, false, &result);
    gathered_release(&g);
    return result.decision == POLICY_ALLOWED;
}
