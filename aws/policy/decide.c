#include "aws/policy/document.h"

#include "aws/common/mem.h"

/* One question, prepared once for all statements. */
struct question {
    struct str action; /* lower case */
    struct str resource;
    bool typed; /* the service's ARNs name a resource type */
    struct caller caller;
    struct context context;
    char action_room[128];
    char *action_long;
};

/* Services whose resource part is a bare name, so that no type stands in it
 * (Service Authorization Reference). */
static const char *const untyped_services[] = {"s3", "sns", "sqs", "execute-api", "codecommit"};

static bool is_typed(struct str resource)
{
    struct str fields[6];

    if (!arn_split(resource, fields))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(untyped_services); i++)
        if (str_is(fields[2], untyped_services[i]))
            return false;
    return true;
}

static void question_init(struct question *q, const struct policy_request *request)
{
    char *room = q->action_room;

    if (request->action.len > sizeof q->action_room)
        room = q->action_long = mem_alloc(request->action.len);
    for (size_t i = 0; i < request->action.len; i++) {
        char c = request->action.data[i];

        room[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    q->action = (struct str){room, request->action.len};
    q->resource = request->resource;
    q->typed = is_typed(request->resource);
    caller_init(&q->caller, request);
    context_init(&q->context, request->context);
}

static void question_release(struct question *q)
{
    context_release(&q->context);
    mem_free(q->action_long);
}

/* The values of a statement's variables. */
struct resolved {
    struct str *values;
    struct str fixed[8];
    char fixed_scratch[8][SCALAR_BYTES];
    char (*scratch)[SCALAR_BYTES];
};

static void resolved_release(struct resolved *r)
{
    if (r->values == r->fixed)
        return;
    mem_free(r->values);
    mem_free(r->scratch);
}

static bool resolve_one(const struct variable *v, const struct context *context, char scratch[SCALAR_BYTES],
                        struct str *out)
{
    const struct json *value = context_find(context, v->key);

    if (json_is_array(value))
        value = json_count(value) == 1 ? json_first(value) : NULL;
    if (value != NULL && context_scalar(value, scratch, out))
        return true;
    *out = v->fallback;
    return v->has_fallback;
}

/* False when one has no value: then the statement does not match, whatever its
 * Effect (facts 7.3). */
static bool resolve(struct resolved *r, const struct variable_table *table, const struct context *context)
{
    r->values = r->fixed;
    r->scratch = r->fixed_scratch;
    if (table->count > ARRAY_LEN(r->fixed)) {
        r->values = mem_array(table->count, sizeof *r->values);
        r->scratch = mem_array(table->count, sizeof *r->scratch);
    }
    for (size_t i = 0; i < table->count; i++)
        if (!resolve_one(&table->items[i], context, r->scratch[i], &r->values[i]))
            return false;
    return true;
}

static bool action_listed(const struct statement *s, struct str action)
{
    for (size_t i = 0; i < s->action_count; i++) {
        const struct pattern *p = &s->actions[i];

        if (p->wild ? pattern_glob(p->text, action) : str_equal(p->text, action))
            return true;
    }
    return false;
}

/* Whether it is the resource type that a wildcard inside a word fits ("u*" and
 * "user/alice"): that matches nothing. Field by field, because behind a star
 * that crossed colons the same word may be a name. */
static bool fits_by_type(struct str compiled, struct str resource)
{
    struct str want[6];
    struct str have[6];

    if (!arn_split(compiled, want) || !arn_split(resource, have))
        return false;
    for (size_t i = 0; i < 6; i++) {
        if (i == 5) {
            want[i] = arn_type(want[i]);
            have[i] = arn_type(have[i]);
        }
        if (!pattern_glob(want[i], have[i]))
            return false;
    }
    return true;
}

static bool compiled_fits(const struct pattern *p, struct str compiled, const struct question *q)
{
    if (!pattern_glob(compiled, q->resource))
        return false;
    return !(p->type_wildcard && q->typed && fits_by_type(compiled, q->resource));
}

static bool resource_fits(const struct pattern *p, const struct question *q, const struct str *values)
{
    CLEANUP(buf_release) struct buf expanded = {0};

    if (!p->wild && !p->variable)
        return str_equal(p->text, q->resource);
    if (!p->variable)
        return compiled_fits(p, p->text, q);
    pattern_expand(p, values, &expanded);
    return compiled_fits(p, buf_str(&expanded), q);
}

static bool resource_listed(const struct statement *s, const struct question *q, const struct str *values)
{
    for (size_t i = 0; i < s->resource_count; i++)
        if (resource_fits(&s->resources[i], q, values))
            return true;
    return false;
}

/* AND of all; one that certainly fails outweighs those that cannot be told. */
static enum truth conditions_hold(const struct statement *s, const struct question *q,
                                  const struct str *values)
{
    enum truth all = TRUTH_YES;

    for (size_t i = 0; i < s->condition_count; i++) {
        enum truth one = condition_holds(&s->conditions[i], &q->context, values);

        if (one == TRUTH_NO)
            return TRUTH_NO;
        if (one == TRUTH_UNKNOWN)
            all = TRUTH_UNKNOWN;
    }
    return all;
}

static bool statement_matches(const struct policy *p, const struct statement *s, const struct question *q)
{
    struct resolved r;
    bool matches;

    if (action_listed(s, q->action) == s->not_action)
        return false;
    if (s->variables.count == 0)
        r.values = r.fixed;
    matches = s->variables.count == 0 || resolve(&r, &s->variables, &q->context);
    if (matches && p->type != POLICY_TRUST)
        matches = resource_listed(s, q, r.values) != s->not_resource;
    if (matches) {
        enum truth held = conditions_hold(s, q, r.values);

        matches = held == TRUTH_YES || (held == TRUTH_UNKNOWN && s->deny);
    }
    resolved_release(&r);
    return matches;
}

/* Whether an action of the statement is of the same service: "ec2:*" and "*"
 * are of ec2. */
static bool same_service(const struct statement *s, struct str action)
{
    struct str service = str_slice(action, 0, str_find_char(action, ':'));

    for (size_t i = 0; i < s->action_count; i++) {
        struct str text = s->actions[i].text;
        struct str prefix = str_slice(text, 0, str_find_char(text, ':'));

        if (s->actions[i].wild ? pattern_glob(prefix, service) : str_equal(prefix, service))
            return true;
    }
    return s->not_action;
}

/* A Deny whose condition cannot be told applies, an Allow does not. */
static uint64_t failing_conditions(const struct statement *s, const struct question *q,
                                   const struct str *values)
{
    uint64_t failing = 0;

    for (size_t i = 0; i < s->condition_count && i < 64; i++) {
        enum truth held = condition_holds(&s->conditions[i], &q->context, values);

        if (held == TRUTH_NO || (held == TRUTH_UNKNOWN && !s->deny))
            failing |= UINT64_C(1) << i;
    }
    return failing;
}

/* Without a value for a variable nothing that holds one fits. */
static void fit_values(const struct policy *p, const struct statement *s, const struct question *q,
                       struct policy_fit *out)
{
    struct resolved r = {.values = r.fixed};
    bool resolved = s->variables.count == 0 || resolve(&r, &s->variables, &q->context);

    if (resolved) {
        if (p->type != POLICY_TRUST && resource_listed(s, q, r.values) == s->not_resource)
            out->lacks |= PART_RESOURCE;
        out->failing = failing_conditions(s, q, r.values);
    } else {
        for (size_t i = 0; i < s->resource_count; i++)
            out->lacks |= s->resources[i].variable ? (unsigned)PART_RESOURCE : 0;
        out->failing = s->condition_count > 0 && out->lacks == 0 ? UINT64_MAX : 0;
    }
    out->lacks |= out->failing ? (unsigned)PART_CONDITION : 0;
    resolved_release(&r);
}

void policy_fit(const struct policy *p, size_t statement, const struct policy_request *request,
                struct policy_fit *out)
{
    const struct statement *s = &p->statements[statement];
    struct question q = {0};

    question_init(&q, request);
    *out = (struct policy_fit){.deny = s->deny, .same_service = same_service(s, q.action)};
    fit_values(p, s, &q, out);
    if (p->type != POLICY_IDENTITY && principal_match(s, &q.caller) == FIT_NONE)
        out->lacks |= PART_PRINCIPAL;
    if (action_listed(s, q.action) == s->not_action)
        out->lacks |= PART_ACTION;
    question_release(&q);
}

size_t policy_statement_count(const struct policy *p)
{
    return p->count;
}

/* What the policies of one side say. */
struct verdict {
    bool denied;
    bool allowed;
    enum principal_fit fit; /* of the strongest Allow of a resource policy */
    size_t policy_index, statement_index;
    struct str sid;
};

static void note(struct verdict *v, size_t policy, size_t statement, const struct statement *s)
{
    v->policy_index = policy;
    v->statement_index = statement;
    v->sid = s->sid;
}

/* Ends at the first Deny: no Allow outweighs it. */
static void judge(const struct policy *p, size_t index, const struct question *q, struct verdict *v)
{
    for (size_t i = 0; i < p->count && !v->denied; i++) {
        const struct statement *s = &p->statements[i];
        enum principal_fit fit = FIT_EXACT;

        if (p->type != POLICY_IDENTITY)
            fit = principal_match(s, &q->caller);
        if (fit == FIT_NONE || (!s->deny && v->allowed && fit <= v->fit) || !statement_matches(p, s, q))
            continue;
        note(v, index, i, s);
        v->denied = s->deny;
        if (s->deny)
            continue;
        v->allowed = true;
        v->fit = fit;
    }
}

static struct verdict judge_all(const struct policy *const *policies, size_t count, const struct question *q)
{
    struct verdict v = {0};

    for (size_t i = 0; i < count && !v.denied; i++)
        if (policies[i] != NULL)
            judge(policies[i], i, q, &v);
    return v;
}

static void conclude(struct policy_result *result, enum policy_decision decision, enum policy_side side,
                     const struct verdict *v)
{
    *result = (struct policy_result){.decision = decision, .side = side, .sid = {"", 0}};
    if (v == NULL)
        return;
    result->policy_index = v->policy_index;
    result->statement_index = v->statement_index;
    if (v->sid.data != NULL)
        result->sid = v->sid;
}

struct verdicts {
    struct verdict identity, boundary, session, resource;
};

static bool find_deny(const struct verdicts *v, struct policy_result *result)
{
    const struct {
        const struct verdict *verdict;
        enum policy_side side;
    } sides[] = {{&v->identity, SIDE_IDENTITY},
                 {&v->boundary, SIDE_BOUNDARY},
                 {&v->session, SIDE_SESSION},
                 {&v->resource, SIDE_RESOURCE}};

    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        if (!sides[i].verdict->denied)
            continue;
        conclude(result, POLICY_EXPLICITLY_DENIED, sides[i].side, sides[i].verdict);
        return true;
    }
    return false;
}

/* An Allow of the resource's policy that needs nothing beside it: the caller
 * itself is named, or everyone is and no role limits the caller. */
static bool stands_alone(const struct verdict *resource, const struct caller *caller)
{
    if (!resource->allowed)
        return false;
    if (resource->fit == FIT_EXACT || caller->kind == CALLER_SERVICE || caller->kind == CALLER_ANONYMOUS)
        return true;
    return resource->fit == FIT_WILDCARD && str_empty(caller->role);
}

/* The first side whose Allow is missing; SIDE_NONE when none is. */
static enum policy_side missing_side(const struct verdicts *v, const struct policy_set *set,
                                     const struct caller *caller, bool same_account)
{
    bool nobody = caller->kind == CALLER_SERVICE || caller->kind == CALLER_ANONYMOUS;
    bool by_resource = same_account && v->resource.allowed && v->resource.fit > FIT_ACCOUNT;
    bool by_identity = v->identity.allowed || caller->kind == CALLER_ROOT;
    const struct {
        bool missing;
        enum policy_side side;
    } needs[] = {
        {nobody || (set->resource_policy_mandatory && !v->resource.allowed), SIDE_RESOURCE},
        {!by_resource && !by_identity, SIDE_IDENTITY},
        {set->boundary != NULL && !v->boundary.allowed, SIDE_BOUNDARY},
        {set->session_count > 0 && !v->session.allowed, SIDE_SESSION},
        {!same_account && !v->resource.allowed, SIDE_RESOURCE},
    };

    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (needs[i].missing)
            return needs[i].side;
    return SIDE_NONE;
}

/* No Deny was found. Facts 7.1, 3 to 8. */
static void decide_allow(const struct verdicts *v, const struct policy_set *set, const struct caller *caller,
                         bool same_account, struct policy_result *result)
{
    bool alone = same_account && stands_alone(&v->resource, caller);
    enum policy_side missing = alone ? SIDE_NONE : missing_side(v, set, caller, same_account);

    if (missing != SIDE_NONE)
        conclude(result, POLICY_IMPLICITLY_DENIED, missing, NULL);
    else if (!alone && v->identity.allowed)
        conclude(result, POLICY_ALLOWED, SIDE_IDENTITY, &v->identity);
    else if (v->resource.allowed)
        conclude(result, POLICY_ALLOWED, SIDE_RESOURCE, &v->resource);
    else
        conclude(result, POLICY_ALLOWED, SIDE_NONE, NULL); /* the account's root */
}

void policy_decide(const struct policy_request *request, const struct policy_set *set,
                   struct policy_result *result)
{
    struct question q = {0};
    struct verdicts v;
    bool same_account;

    /* No policy can take this one away (STS API reference, GetCallerIdentity). */
    if (str_equal_ignore_case(request->action, STR("sts:GetCallerIdentity"))) {
        conclude(result, POLICY_ALLOWED, SIDE_NONE, NULL);
        return;
    }
    question_init(&q, request);
    v.identity = judge_all(set->identity, set->identity_count, &q);
    v.boundary = judge_all(&set->boundary, 1, &q);
    v.session = judge_all(set->session, set->session_count, &q);
    v.resource = judge_all(&set->resource, 1, &q);
    /* A service or an unsigned request belongs to no account of its own. */
    same_account = str_empty(request->resource_account) || str_empty(q.caller.account) ||
                   str_equal(request->resource_account, q.caller.account);
    if (!find_deny(&v, result))
        decide_allow(&v, set, &q.caller, same_account, result);
    question_release(&q);
}

static bool starts_folded(struct str s, struct str prefix)
{
    return str_equal_ignore_case(str_slice(s, 0, prefix.len), prefix);
}

/* What a trust policy speaks about; the other operations of STS ask identity
 * policies alone. */
static bool is_assuming(struct str action)
{
    return starts_folded(action, STR("sts:AssumeRole")) ||
           str_equal_ignore_case(action, STR("sts:TagSession")) ||
           str_equal_ignore_case(action, STR("sts:SetSourceIdentity"));
}

enum policy_type policy_resource_type(struct str action)
{
    return is_assuming(action) ? POLICY_TRUST : POLICY_RESOURCE;
}

bool policy_resource_mandatory(struct str action, struct str resource)
{
    return is_assuming(action) || (starts_folded(action, STR("kms:")) && !str_is(resource, "*"));
}

void policy_reason(const struct policy_result *result, struct str action, struct buf *out)
{
    static const struct {
        const char *allows;
        const char *denies;
    } sides[] = {
        [SIDE_NONE] = {"identity-based policy", "an identity-based policy"},
        [SIDE_IDENTITY] = {"identity-based policy", "an identity-based policy"},
        [SIDE_BOUNDARY] = {"permissions boundary", "a permissions boundary"},
        [SIDE_SESSION] = {"session policy", "a session policy"},
        [SIDE_RESOURCE] = {"resource-based policy", "a resource-based policy"},
    };

    switch (result->decision) {
    case POLICY_ALLOWED:
        return;
    case POLICY_EXPLICITLY_DENIED:
        buf_printf(out, "with an explicit deny in %s", sides[result->side].denies);
        return;
    case POLICY_IMPLICITLY_DENIED:
        buf_printf(out, "because no %s allows the %.*s action", sides[result->side].allows, STR_ARG(action));
        return;
    }
}
