/* Simulate*Policy: what would be decided, by the engine that decides. The
 * simulator sees attachments as IAM shows them, without propagation. */
#include "aws/sandbox/context.h"
#include "aws/sandbox/iam_common.h"

#include "aws/common/mem.h"

#include <stdio.h>

enum { QUESTION_LIMIT = 10000 };

/* A document with where it comes from, as MatchedStatements names it. */
struct source {
    struct policy *policy;
    char id[256];
    const char *type;
};

struct simulation {
    struct call *call;
    struct source *identity;
    size_t count, cap;
    struct policy *boundary, *resource;
    struct json *context;
    struct json *keys; /* condition keys the documents ask for: names as members */
    char principal[2100];
};

static void release(struct simulation *s)
{
    for (size_t i = 0; i < s->count; i++)
        policy_free(s->identity[i].policy);
    mem_free(s->identity);
    policy_free(s->boundary);
    policy_free(s->resource);
    json_free(s->context);
    json_free(s->keys);
}

/* --- documents --- */

static void note_keys(struct simulation *s, const struct json *conditions)
{
    for (const struct json *op = json_first(conditions); op; op = json_next(op))
        for (const struct json *key = json_first(op); key; key = json_next(key))
            json_put_bool(s->keys, json_key(key), true);
}

/** Remembers which condition keys a document asks for. */
static void note_document(struct simulation *s, struct str text)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    const struct json *statements, *one;
    struct error ignored;

    if (!json_parse(text, NULL, &parsed, &ignored))
        return;
    statements = json_get(parsed, "Statement");
    one = json_is_array(statements) ? json_first(statements) : statements;
    for (; one; one = one == statements ? NULL : json_next(one))
        note_keys(s, json_get(one, "Condition"));
}

static bool parse(struct simulation *s, const struct json *text, enum policy_type type, struct policy **out,
                  struct error *err)
{
    struct error why;

    if (!policy_parse(json_str(text), type, out, &why))
        return iam_refuse(err, "InvalidInput", "%s",
                          str_starts(str_of(why.message), STR("MalformedPolicyDocument: "))
                              ? why.message + strlen("MalformedPolicyDocument: ")
                              : why.message);
    note_document(s, json_str(text));
    return true;
}

static bool add_identity(struct simulation *s, const struct json *text, const char *id, const char *type,
                         struct error *err)
{
    struct source one = {.type = type};

    if (!parse(s, text, POLICY_IDENTITY, &one.policy, err))
        return false;
    (void)snprintf(one.id, sizeof one.id, "%s", id);
    mem_grow(&s->identity, &s->cap, s->count, sizeof *s->identity);
    s->identity[s->count++] = one;
    return true;
}

static const struct json *managed_text(const struct simulation *s, const char *arn)
{
    const struct json *policy = world_get(s->call->world, "iam.policy", arn);
    const struct json *versions = json_get(policy, "versions");

    return json_get(json_get(versions, json_get_text(policy, "DefaultVersionId")), "Document");
}

/** What a user, group or role holds itself. */
static bool add_entity(struct simulation *s, const struct iam_kind *kind, const struct json *entity,
                       struct error *err)
{
    for (const struct json *e = json_first(json_get(entity, "Inline")); e; e = json_next(e)) {
        char id[300];

        (void)snprintf(id, sizeof id, "%s_%s_%s", kind->resource, json_get_text(entity, kind->member),
                       json_key(e));
        if (!add_identity(s, e, id, kind->resource, err))
            return false;
    }
    for (const struct json *e = json_first(json_get(entity, "attachments")); e; e = json_next(e)) {
        const char *arn = json_get_text(e, "PolicyArn");
        const struct json *policy = world_get(s->call->world, "iam.policy", arn);
        bool aws = json_bool(json_get(policy, "aws_managed"), false);

        if (!json_get(e, "to_ms") && policy &&
            !add_identity(s, managed_text(s, arn), json_get_text(policy, "PolicyName"),
                          aws ? "aws-managed" : "user-managed", err))
            return false;
    }
    return true;
}

/** What the call itself brings: further policies, boundary, resource policy. */
static bool add_given(struct simulation *s, struct error *err)
{
    const struct json *in = s->call->in;
    const struct json *boundary = json_at(json_get(in, "PermissionsBoundaryPolicyInputList"), 0);
    size_t number = 0;

    for (const struct json *e = json_first(json_get(in, "PolicyInputList")); e; e = json_next(e)) {
        char id[64];

        (void)snprintf(id, sizeof id, "PolicyInputList.%zu", ++number);
        if (!add_identity(s, e, id, "none", err))
            return false;
    }
    if (boundary) {
        policy_free(s->boundary);
        s->boundary = NULL;
        if (!parse(s, boundary, POLICY_IDENTITY, &s->boundary, err))
            return false;
    }
    if (!json_get(in, "ResourcePolicy"))
        return true;
    if (!json_get(in, "CallerArn"))
        return iam_refuse(err, "InvalidInput", "CallerArn is required when ResourcePolicy is given.");
    return parse(s, json_get(in, "ResourcePolicy"), POLICY_RESOURCE, &s->resource, err);
}

/* --- who and in which circumstances --- */

static void put_context(struct json *context, const char *name, struct json *value)
{
    for (size_t i = 0;; i++) {
        const struct json *e = json_first(context);

        for (; e && !str_equal_ignore_case(str_of(json_key(e)), str_of(name)); e = json_next(e))
            ;
        if (!e)
            break;
        json_remove(context, json_key(e));
    }
    json_put(context, name, value);
}

/** ContextEntries beat what is known of the principal. */
static void add_context(struct simulation *s)
{
    const struct json *entries = json_get(s->call->in, "ContextEntries");

    for (const struct json *e = json_first(entries); e; e = json_next(e)) {
        const struct json *values = json_get(e, "ContextKeyValues");
        bool list = str_ends(json_str(json_get(e, "ContextKeyType")), STR("List"));

        put_context(s->context, json_get_text(e, "ContextKeyName"),
                    list || json_count(values) != 1 ? json_copy(values) : json_copy(json_first(values)));
    }
}

static const struct {
    const char *prefix;
    const struct iam_kind *kind;
} source_kinds[] = {{"user/", &iam_user}, {"role/", &iam_role}, {"group/", &iam_group}};

/** The entity PolicySourceArn names; NULL with AWS's error. */
static const struct json *find_source(const struct call *c, const struct iam_kind **kind, struct error *err)
{
    const char *arn = json_get_text(c->in, "PolicySourceArn"), *name = strrchr(arn, '/');
    char own[2100];
    const struct json *entity;

    sandbox_arn(c->sandbox, own, "iam", "", "%s", "");
    *kind = NULL;
    for (size_t i = 0; i < ARRAY_LEN(source_kinds) && str_starts(str_of(arn), str_of(own)); i++)
        if (str_starts(str_of(arn + strlen(own)), str_of(source_kinds[i].prefix)))
            *kind = source_kinds[i].kind;
    if (!*kind || !name) {
        iam_refuse(err, "InvalidInput",
                   "Invalid Entity Arn: %s does not clearly define entity type and name.", arn);
        return NULL;
    }
    entity = world_get(c->world, (*kind)->kind, name + 1);
    if (entity && strcmp(json_get_text(entity, "Arn"), arn) == 0)
        return entity;
    iam_refuse(err, "NoSuchEntity", "%s %s cannot be found.", (*kind)->missing, name + 1);
    return NULL;
}

static void describe_principal(struct simulation *s, const struct iam_kind *kind, const struct json *entity)
{
    json_put_text(s->context, "aws:PrincipalArn", json_get_text(entity, "Arn"));
    json_put_text(s->context, "aws:PrincipalAccount", sandbox_account(s->call->sandbox));
    json_put_text(s->context, "aws:userid", json_get_text(entity, kind->id_member));
    if (kind == &iam_user)
        json_put_text(s->context, "aws:username", json_get_text(entity, "UserName"));
    context_add_tags(s->context, "aws:PrincipalTag", json_get(entity, "Tags"));
}

static bool add_source(struct simulation *s, struct error *err)
{
    const struct iam_kind *kind;
    const struct json *entity = find_source(s->call, &kind, err), *boundary;

    if (!entity || !add_entity(s, kind, entity, err))
        return false;
    for (const struct json *e = json_first(json_get(entity, "Groups")); e; e = json_next(e))
        if (!add_entity(s, &iam_group, world_get(s->call->world, "iam.group", json_text(e)), err))
            return false;
    describe_principal(s, kind, entity);
    (void)snprintf(s->principal, sizeof s->principal, "%s", json_get_text(entity, "Arn"));
    boundary = managed_text(s, json_get_text(entity, "PermissionsBoundary"));
    return !boundary || parse(s, boundary, POLICY_IDENTITY, &s->boundary, err);
}

/* --- answers --- */

static const char *const decisions[] = {
    [POLICY_ALLOWED] = "allowed",
    [POLICY_EXPLICITLY_DENIED] = "explicitDeny",
    [POLICY_IMPLICITLY_DENIED] = "implicitDeny",
};

static struct json *matched(const struct simulation *s, const struct policy_result *result)
{
    struct json *list = json_array();
    bool explicitly = result->decision != POLICY_IMPLICITLY_DENIED;

    if (explicitly && result->side == SIDE_IDENTITY && result->policy_index < s->count) {
        const struct source *from = &s->identity[result->policy_index];

        json_push(list, json_of("SourcePolicyId", from->id, "SourcePolicyType", from->type, NULL));
    } else if (explicitly && result->side == SIDE_RESOURCE) {
        json_push(list, json_of("SourcePolicyId", "ResourcePolicy", "SourcePolicyType", "resource", NULL));
    }
    return list;
}

static struct json *missing(const struct simulation *s)
{
    struct json *list = json_array();

    for (const struct json *key = json_first(s->keys); key; key = json_next(key)) {
        const struct json *e = json_first(s->context);

        for (; e && !str_equal_ignore_case(str_of(json_key(e)), str_of(json_key(key))); e = json_next(e))
            ;
        if (!e)
            json_push(list, json_text_new(json_key(key)));
    }
    return list;
}

static struct json *evaluate(const struct simulation *s, const char *action, const char *resource)
{
    const struct policy **identity = mem_array(s->count + 1, sizeof(const struct policy *));
    struct policy_request request = {.principal = str_of(s->principal),
                                     .action = str_of(action),
                                     .resource = str_of(resource),
                                     .context = s->context};
    struct policy_set set = {
        .identity = identity, .identity_count = s->count, .boundary = s->boundary, .resource = s->resource};
    struct policy_result result, bounded;
    struct json *answer, *detail;

    for (size_t i = 0; i < s->count; i++)
        identity[i] = s->identity[i].policy;
    policy_decide(&request, &set, &result);
    answer = json_of("EvalActionName", action, "EvalResourceName", resource, "EvalDecision",
                     decisions[result.decision], NULL);
    json_put(answer, "MatchedStatements", matched(s, &result));
    json_put(answer, "MissingContextValues", missing(s));
    if (s->boundary) {
        identity[0] = s->boundary;
        set = (struct policy_set){.identity = identity, .identity_count = 1};
        policy_decide(&request, &set, &bounded);
        detail = json_put(answer, "PermissionsBoundaryDecisionDetail", json_object());
        json_put_bool(detail, "AllowedByPermissionsBoundary", bounded.decision == POLICY_ALLOWED);
    }
    mem_free(identity);
    return answer;
}

static bool check_actions(const struct call *c, struct error *err)
{
    const struct json *actions = json_get(c->in, "ActionNames");
    size_t resources = json_count(json_get(c->in, "ResourceArns"));

    for (const struct json *e = json_first(actions); e; e = json_next(e))
        if (str_find_char(json_str(e), ':') == json_str(e).len)
            return iam_refuse(err, "InvalidInput", "Action name %s is not valid.", json_text(e));
    if (json_count(actions) * (resources ? resources : 1) > QUESTION_LIMIT)
        return iam_refuse(err, "InvalidInput", "Too many actions and resources.");
    return true;
}

/** Every action on every resource, in the order given. */
static bool answer_all(const struct simulation *s, struct error *err)
{
    struct call *c = s->call;
    const struct json *resources = json_get(c->in, "ResourceArns"), *r;
    struct iam_pager pager;
    struct json *list;
    size_t number = 0;

    if (!iam_pager_begin(c, &pager, err))
        return false;
    c->out = json_object();
    list = json_put(c->out, "EvaluationResults", json_array());
    for (const struct json *a = json_first(json_get(c->in, "ActionNames")); a; a = json_next(a)) {
        r = json_first(resources);
        do {
            char key[32];

            (void)snprintf(key, sizeof key, "%08zu", ++number);
            if (iam_pager_wants(&pager, key))
                json_push(list, evaluate(s, json_text(a), r ? json_text(r) : "*"));
            r = json_next(r);
        } while (r);
    }
    iam_pager_end(&pager, c);
    return true;
}

static bool simulate(struct call *c, bool of_principal, struct error *err)
{
    struct simulation s = {.call = c, .context = json_object(), .keys = json_object()};
    bool ok;

    /* Without a caller the policies are judged for somebody of this account. */
    sandbox_arn(c->sandbox, s.principal, "iam", "", "user/simulated");
    ok = check_actions(c, err) && (!of_principal || add_source(&s, err)) && add_given(&s, err);
    if (json_get(c->in, "CallerArn"))
        (void)snprintf(s.principal, sizeof s.principal, "%s", json_get_text(c->in, "CallerArn"));
    if (ok) {
        add_context(&s);
        ok = answer_all(&s, err);
    }
    release(&s);
    return ok;
}

bool iam_simulate_custom_policy(struct call *c, struct error *err)
{
    return simulate(c, false, err);
}

bool iam_simulate_principal_policy(struct call *c, struct error *err)
{
    return simulate(c, true, err);
}
