#include "aws/policy/document.h"

#include <stdio.h>

static const struct {
    const char *name;
    enum principal_type type;
} principal_types[] = {
    {"AWS", PRINCIPAL_AWS},
    {"Service", PRINCIPAL_SERVICE},
    {"Federated", PRINCIPAL_FEDERATED},
    {"CanonicalUser", PRINCIPAL_CANONICAL},
};

static bool is_account_id(struct str s)
{
    if (s.len != 12)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return true;
}

/* The unique id that IAM shows once the principal is gone: AROA…, AIDA…. */
static bool is_unique_id(struct str s)
{
    if (s.len < 16 || s.len > 128 || s.data[0] != 'A')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!((s.data[i] >= '0' && s.data[i] <= '9') || (s.data[i] >= 'A' && s.data[i] <= 'Z')))
            return false;
    return true;
}

/* Accounts, roles, users and sessions by name; never a pattern. */
static bool is_aws_principal(struct str s)
{
    struct str fields[6];

    if (is_account_id(s) || is_unique_id(s))
        return true;
    return arn_split(s, fields) && str_is(fields[0], "arn") && str_starts(fields[1], STR("aws")) &&
           (str_is(fields[2], "iam") || str_is(fields[2], "sts")) && str_empty(fields[3]) &&
           is_account_id(fields[4]) && !str_empty(fields[5]);
}

static bool parse_value(struct policy *p, struct principal *out, const char *name, const struct json *value,
                        struct error *err)
{
    struct str text = json_str(value);
    bool pattern = str_find_char(text, '*') < text.len || str_find_char(text, '?') < text.len;

    if (!json_is_string(value))
        return policy_malformed(err, SENTENCE_SYNTAX);
    if (out->type == PRINCIPAL_AWS && str_is(text, "*")) {
        out->type = PRINCIPAL_ANYONE;
        return true;
    }
    if (str_empty(text) || pattern || (out->type == PRINCIPAL_AWS && !is_aws_principal(text)))
        return policy_malformed(err, "Invalid principal in policy: \"%s\":\"%.*s\"", name, STR_ARG(text));
    out->value = (struct str){arena_copy(&p->arena, text), text.len};
    return true;
}

static bool parse_type(struct policy *p, struct statement *s, size_t *cap, const struct json *member,
                       struct error *err)
{
    const struct json *value = json_is_array(member) ? json_first(member) : member;
    size_t t = 0;

    while (t < ARRAY_LEN(principal_types) && strcmp(json_key(member), principal_types[t].name) != 0)
        t++;
    if (t == ARRAY_LEN(principal_types))
        return policy_malformed(err, SENTENCE_SYNTAX);
    while (value != NULL) {
        struct principal one = {.type = principal_types[t].type};

        if (!parse_value(p, &one, principal_types[t].name, value, err))
            return false;
        arena_grow(&p->arena, &s->principals, cap, s->principal_count, sizeof one);
        s->principals[s->principal_count++] = one;
        value = value == member ? NULL : json_next(value);
    }
    return true;
}

bool principal_parse(struct policy *p, struct statement *s, const struct json *element, struct error *err)
{
    size_t cap = 0;

    if (json_is_string(element)) {
        if (!str_is(json_str(element), "*"))
            return policy_malformed(err, "Invalid principal in policy.");
        s->principals = arena_array(&p->arena, 1, sizeof *s->principals);
        s->principals[s->principal_count++] = (struct principal){.type = PRINCIPAL_ANYONE};
        return true;
    }
    if (!json_is_object(element))
        return policy_malformed(err, SENTENCE_SYNTAX);
    for (const struct json *m = json_first(element); m != NULL; m = json_next(m))
        if (!parse_type(p, s, &cap, m, err))
            return false;
    if (s->principal_count == 0)
        return policy_malformed(err, "Missing required field Principal cannot be empty!");
    return true;
}

static const struct {
    const char *service;
    const char *prefix; /* of the sixth field */
    enum caller_kind kind;
} caller_kinds[] = {
    {"iam", "user/", CALLER_USER},
    {"iam", "role/", CALLER_ROLE},
    {"sts", "assumed-role/", CALLER_SESSION},
};

static enum caller_kind kind_of(const struct str fields[6])
{
    if (str_is(fields[2], "iam") && str_is(fields[5], "root"))
        return CALLER_ROOT;
    for (size_t i = 0; i < ARRAY_LEN(caller_kinds); i++)
        if (str_is(fields[2], caller_kinds[i].service) &&
            str_starts(fields[5], str_of(caller_kinds[i].prefix)))
            return caller_kinds[i].kind;
    return CALLER_OTHER;
}

/* The role of …:assumed-role/ROLE/SESSION, as far as that ARN tells: its path
 * is not in it. */
static void derive_role(struct caller *c, struct str resource)
{
    struct str role = str_slice(resource, strlen("assumed-role/"), resource.len);
    int n;

    role.len = str_find_char(role, '/');
    n = snprintf(c->role_text, sizeof c->role_text, "arn:%.*s:iam::%.*s:role/%.*s", STR_ARG(c->partition),
                 STR_ARG(c->account), STR_ARG(role));
    if (n > 0 && (size_t)n < sizeof c->role_text)
        c->role = (struct str){c->role_text, (size_t)n};
}

void caller_init(struct caller *c, const struct policy_request *request)
{
    struct str fields[6];

    c->kind = CALLER_SERVICE;
    c->principal = request->principal;
    c->role = c->partition = c->account = (struct str){0};
    if (str_empty(request->principal) || str_is(request->principal, "*"))
        c->kind = CALLER_ANONYMOUS;
    if (!arn_split(request->principal, fields) || !str_is(fields[0], "arn"))
        return;
    c->kind = kind_of(fields);
    c->partition = fields[1];
    c->account = fields[4];
    if (c->kind == CALLER_ROLE)
        c->role = request->principal;
    else if (c->kind == CALLER_SESSION && !str_empty(request->principal_role))
        c->role = request->principal_role;
    else if (c->kind == CALLER_SESSION)
        derive_role(c, fields[5]);
}

static bool is_root_of(struct str value, const struct caller *c)
{
    struct str fields[6];

    return arn_split(value, fields) && str_is(fields[0], "arn") && str_equal(fields[1], c->partition) &&
           str_is(fields[2], "iam") && str_equal(fields[4], c->account) && str_is(fields[5], "root");
}

static enum principal_fit fit_of(const struct principal *p, const struct caller *c)
{
    bool arn = !str_empty(c->account);

    switch (p->type) {
    case PRINCIPAL_ANYONE:
        return FIT_WILDCARD;
    case PRINCIPAL_SERVICE:
        return c->kind == CALLER_SERVICE && str_equal(p->value, c->principal) ? FIT_EXACT : FIT_NONE;
    case PRINCIPAL_FEDERATED:
        return (c->kind == CALLER_SERVICE || c->kind == CALLER_OTHER) && str_equal(p->value, c->principal)
                   ? FIT_EXACT
                   : FIT_NONE;
    case PRINCIPAL_CANONICAL:
        return FIT_NONE;
    case PRINCIPAL_AWS:
        break;
    }
    if (!arn)
        return FIT_NONE;
    if (!str_empty(c->role) && str_equal(p->value, c->role))
        return FIT_ROLE;
    if (str_equal(p->value, c->account) || is_root_of(p->value, c))
        return FIT_ACCOUNT;
    return str_equal(p->value, c->principal) ? FIT_EXACT : FIT_NONE;
}

/* NotPrincipal (IAM User Guide, "NotPrincipal"): who is to be left out of a
 * Deny has to be named with its account and, for a session, its role, because
 * each of them is looked at. An Allow leaves out whoever is named at all. */
static enum principal_fit not_principal_match(const struct statement *s, const struct caller *c)
{
    bool account = str_empty(c->account);
    bool role = c->kind != CALLER_SESSION;
    bool self = c->kind == CALLER_ROOT;
    bool named = false;

    for (size_t i = 0; i < s->principal_count; i++) {
        enum principal_fit fit = fit_of(&s->principals[i], c);

        named = named || fit != FIT_NONE;
        account = account || fit == FIT_ACCOUNT || fit == FIT_WILDCARD;
        role = role || fit == FIT_ROLE || fit == FIT_WILDCARD;
        self = self || fit == FIT_EXACT || fit == FIT_WILDCARD || (fit == FIT_ROLE && c->kind == CALLER_ROLE);
    }
    if (s->deny ? account && role && self : named)
        return FIT_NONE;
    return FIT_WILDCARD;
}

enum principal_fit principal_match(const struct statement *s, const struct caller *c)
{
    enum principal_fit best = FIT_NONE;

    if (s->not_principal)
        return not_principal_match(s, c);
    for (size_t i = 0; i < s->principal_count; i++) {
        enum principal_fit fit = fit_of(&s->principals[i], c);

        best = fit > best ? fit : best;
    }
    return best;
}
