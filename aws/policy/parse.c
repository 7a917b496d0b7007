#include "aws/policy/document.h"

#include "aws/common/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What the wire carries at most (IAM API reference, PolicyDocument). */
#define POLICY_LIMIT_BYTES 131072

#define SENTENCE_SID                                                                                         \
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "     \
    "[0-9A-Za-z]*"

enum statement_key {
    KEY_SID,
    KEY_EFFECT,
    KEY_PRINCIPAL,
    KEY_NOT_PRINCIPAL,
    KEY_ACTION,
    KEY_NOT_ACTION,
    KEY_RESOURCE,
    KEY_NOT_RESOURCE,
    KEY_CONDITION,
    KEY_COUNT
};

static const char *const statement_keys[] = {
    [KEY_SID] = "Sid",
    [KEY_EFFECT] = "Effect",
    [KEY_PRINCIPAL] = "Principal",
    [KEY_NOT_PRINCIPAL] = "NotPrincipal",
    [KEY_ACTION] = "Action",
    [KEY_NOT_ACTION] = "NotAction",
    [KEY_RESOURCE] = "Resource",
    [KEY_NOT_RESOURCE] = "NotResource",
    [KEY_CONDITION] = "Condition",
};
static_assert(ARRAY_LEN(statement_keys) == KEY_COUNT, "one name per key");

bool policy_malformed(struct error *err, const char *format, ...)
{
    char text[sizeof err->message];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_aws(err, "MalformedPolicyDocument", text);
}

static bool syntax(struct error *err)
{
    return policy_malformed(err, SENTENCE_SYNTAX);
}

static bool collect_members(const struct json *object, const struct json *members[KEY_COUNT])
{
    for (const struct json *m = json_first(object); m != NULL; m = json_next(m)) {
        size_t k = 0;

        while (k < KEY_COUNT && strcmp(json_key(m), statement_keys[k]) != 0)
            k++;
        if (k == KEY_COUNT)
            return false;
        members[k] = m;
    }
    return true;
}

/* The nth text of "a" or ["a", "b"]; false when it is not text. */
static bool text_at(const struct json *element, const struct json **item, struct str *out)
{
    *item = json_is_array(element) ? (*item == NULL ? json_first(element) : json_next(*item)) : element;
    *out = json_str(*item);
    return json_is_string(*item);
}

static size_t text_count(const struct json *element)
{
    return json_is_array(element) ? json_count(element) : 1;
}

static bool parse_sid(struct policy *p, struct statement *s, const struct json *element, struct error *err)
{
    struct str sid = json_str(element);

    if (element == NULL)
        return true;
    if (!json_is_string(element))
        return syntax(err);
    s->sid = (struct str){arena_copy(&p->arena, sid), sid.len};
    if (p->type == POLICY_RESOURCE)
        return true;
    for (size_t i = 0; i < sid.len; i++) {
        char c = sid.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return policy_malformed(err, SENTENCE_SID);
    }
    return true;
}

static bool parse_effect(struct statement *s, const struct json *element, struct error *err)
{
    struct str effect = json_str(element);

    s->deny = str_is(effect, "Deny");
    if (s->deny || str_is(effect, "Allow"))
        return true;
    if (str_equal_ignore_case(effect, STR("Deny")) || str_equal_ignore_case(effect, STR("Allow")))
        return policy_malformed(err, SENTENCE_LEGACY);
    return syntax(err);
}

static bool check_action(enum policy_type type, struct str action, struct error *err)
{
    size_t colon = str_find_char(action, ':');
    struct str vendor = str_slice(action, 0, colon);
    struct str name = str_slice(action, colon + 1, action.len);

    if (type == POLICY_TRUST && !str_equal_ignore_case(vendor, STR("sts")))
        return policy_malformed(err, "AssumeRole policy may only specify STS AssumeRole actions.");
    if (str_is(action, "*"))
        return true;
    if (colon == action.len)
        return policy_malformed(err,
                                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (str_find_char(name, ':') < name.len)
        return policy_malformed(err, "Actions/Condition can contain only one colon.");
    for (size_t i = 0; i < vendor.len && !str_is(vendor, "*"); i++) {
        char c = vendor.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
              c == '.'))
            return policy_malformed(err, "Vendor %.*s is not valid", STR_ARG(vendor));
    }
    if (str_empty(vendor) || str_empty(name))
        return policy_malformed(err, SENTENCE_LEGACY);
    return true;
}

static bool parse_actions(struct policy *p, struct statement *s, const struct json *const *members,
                          struct error *err)
{
    const struct json *element = members[KEY_ACTION];
    const struct json *item = NULL;
    struct str action;

    if (element != NULL && members[KEY_NOT_ACTION] != NULL)
        return syntax(err);
    s->not_action = element == NULL;
    element = element != NULL ? element : members[KEY_NOT_ACTION];
    s->action_count = text_count(element);
    if (element == NULL || s->action_count == 0)
        return policy_malformed(err, "Policy statement must contain actions.");
    s->actions = arena_array(&p->arena, s->action_count, sizeof *s->actions);
    for (size_t i = 0; i < s->action_count; i++) {
        if (!text_at(element, &item, &action))
            return syntax(err);
        if (!check_action(p->type, action, err))
            return false;
        if (!pattern_compile(&p->arena, action, PATTERN_WILDCARDS | PATTERN_LOWER, NULL, &s->actions[i]))
            return syntax(err);
    }
    return true;
}

static bool check_resource(struct str resource, struct error *err)
{
    struct str rest = resource;
    struct str part = {0};

    if (str_is(resource, "*"))
        return true;
    if (!str_split(&rest, ':', &part) || !str_is(part, "arn") || rest.data == NULL)
        return policy_malformed(err, "Resource %.*s must be in ARN format or \"*\".", STR_ARG(resource));
    if (!str_split(&rest, ':', &part) || !(str_starts(part, STR("aws")) || str_is(part, "*")))
        return policy_malformed(err, "Partition \"%.*s\" is not valid for resource \"%.*s\".", STR_ARG(part),
                                STR_ARG(resource));
    if (rest.data == NULL || !str_split(&rest, ':', &part) || str_empty(part))
        return policy_malformed(err, "Resource vendor must be fully qualified and cannot contain regexes.");
    return true;
}

/* "*" stands for every resource and for none at all, so it is no ARN. */
static bool compile_resource(struct policy *p, struct statement *s, struct str resource, struct pattern *out)
{
    unsigned flags = PATTERN_WILDCARDS | (p->variables ? PATTERN_VARIABLES : 0u);

    if (str_is(resource, "*"))
        return pattern_compile(&p->arena, resource, flags, &s->variables, out);
    return pattern_compile_arn(&p->arena, resource, flags, &s->variables, out);
}

static bool parse_resources(struct policy *p, struct statement *s, const struct json *const *members,
                            struct error *err)
{
    const struct json *element = members[KEY_RESOURCE];
    const struct json *item = NULL;
    struct str resource;

    if (p->type == POLICY_TRUST) {
        if (element == NULL && members[KEY_NOT_RESOURCE] == NULL)
            return true;
        return policy_malformed(err, "Has prohibited field Resource");
    }
    if (element != NULL && members[KEY_NOT_RESOURCE] != NULL)
        return syntax(err);
    s->not_resource = element == NULL;
    element = element != NULL ? element : members[KEY_NOT_RESOURCE];
    s->resource_count = text_count(element);
    if (element == NULL || s->resource_count == 0)
        return policy_malformed(err, "Policy statement must contain resources.");
    s->resources = arena_array(&p->arena, s->resource_count, sizeof *s->resources);
    for (size_t i = 0; i < s->resource_count; i++) {
        if (!text_at(element, &item, &resource))
            return syntax(err);
        if (!check_resource(resource, err))
            return false;
        if (!compile_resource(p, s, resource, &s->resources[i]))
            return policy_malformed(err, SENTENCE_LEGACY);
    }
    return true;
}

static bool parse_principals(struct policy *p, struct statement *s, const struct json *const *members,
                             struct error *err)
{
    const struct json *element = members[KEY_PRINCIPAL];

    if (p->type == POLICY_IDENTITY) {
        if (element == NULL && members[KEY_NOT_PRINCIPAL] == NULL)
            return true;
        return policy_malformed(err, "Policy document should not specify a principal.");
    }
    if (element != NULL && members[KEY_NOT_PRINCIPAL] != NULL)
        return syntax(err);
    s->not_principal = element == NULL;
    element = element != NULL ? element : members[KEY_NOT_PRINCIPAL];
    if (element == NULL)
        return policy_malformed(err, "Missing required field Principal");
    return principal_parse(p, s, element, err);
}

static bool parse_statement(struct policy *p, struct statement *s, const struct json *object,
                            struct error *err)
{
    const struct json *members[KEY_COUNT] = {0};

    if (!json_is_object(object) || !collect_members(object, members))
        return syntax(err);
    return parse_effect(s, members[KEY_EFFECT], err) && parse_sid(p, s, members[KEY_SID], err) &&
           parse_principals(p, s, members, err) && parse_actions(p, s, members, err) &&
           parse_resources(p, s, members, err) && condition_parse(p, s, members[KEY_CONDITION], err);
}

static int compare_sids(const void *a, const void *b)
{
    const struct statement *const *x = a;
    const struct statement *const *y = b;

    return str_compare((*x)->sid, (*y)->sid);
}

static bool sids_unique(const struct policy *p)
{
    CLEANUP(mem_freep) const struct statement **sorted = NULL;

    if (p->type == POLICY_RESOURCE)
        return true;
    sorted = mem_array(p->count, sizeof(struct statement *));
    for (size_t i = 0; i < p->count; i++)
        sorted[i] = &p->statements[i];
    qsort(sorted, p->count, sizeof(struct statement *), compare_sids);
    for (size_t i = 1; i < p->count; i++)
        if (!str_empty(sorted[i]->sid) && str_equal(sorted[i]->sid, sorted[i - 1]->sid))
            return false;
    return true;
}

/* Version, Id and Statement, nothing else. */
static bool parse_top(struct policy *p, const struct json *document, const struct json **statements,
                      struct error *err)
{
    for (const struct json *m = json_first(document); m != NULL; m = json_next(m)) {
        if (strcmp(json_key(m), "Statement") == 0) {
            *statements = m;
        } else if (strcmp(json_key(m), "Version") == 0) {
            p->variables = str_is(json_str(m), "2012-10-17");
            if (!p->variables && !str_is(json_str(m), "2008-10-17"))
                return syntax(err);
        } else if (strcmp(json_key(m), "Id") != 0 || !json_is_string(m)) {
            return syntax(err);
        }
    }
    if (!json_is_object(*statements) && !json_is_array(*statements))
        return syntax(err);
    return true;
}

static bool parse_document(struct policy *p, const struct json *document, struct error *err)
{
    const struct json *statements = NULL;
    const struct json *item;

    if (!json_is_object(document))
        return syntax(err);
    if (!parse_top(p, document, &statements, err))
        return false;
    p->count = json_is_array(statements) ? json_count(statements) : 1;
    if (p->count == 0)
        return syntax(err);
    p->statements = arena_array(&p->arena, p->count, sizeof *p->statements);
    item = json_is_array(statements) ? json_first(statements) : statements;
    for (size_t i = 0; i < p->count; i++, item = json_next(item))
        if (!parse_statement(p, &p->statements[i], item, err))
            return false;
    if (!sids_unique(p))
        return policy_malformed(err, "Statement IDs (SID) in a single policy must be unique.");
    return true;
}

bool policy_parse(struct str document, enum policy_type type, struct policy **out, struct error *err)
{
    const struct json_limits limits = {.unique_keys = true};
    CLEANUP(json_freep) struct json *json = NULL;
    CLEANUP(policy_freep) struct policy *p = NULL;

    *out = NULL;
    if (document.len > POLICY_LIMIT_BYTES || !json_parse(document, &limits, &json, err))
        return policy_malformed(err, type == POLICY_IDENTITY ? SENTENCE_SYNTAX
                                                             : "This policy contains invalid Json");
    p = mem_alloc(sizeof *p);
    p->type = type;
    if (!parse_document(p, json, err))
        return false;
    *out = p;
    p = NULL;
    return true;
}

void policy_free(struct policy *p)
{
    if (p == NULL)
        return;
    arena_release(&p->arena);
    mem_free(p);
}

void policy_freep(struct policy **p)
{
    policy_free(*p);
    *p = NULL;
}
