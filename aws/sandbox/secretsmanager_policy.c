/* Resource policies and tags. */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/refuse.h"

#include "aws/policy/policy.h"

#define TAGS_MAX 50

/* --- resource policies --- */

static const struct json *principals_of(const struct json *statement)
{
    const struct json *p = json_get(statement, "Principal");

    return json_is_object(p) ? json_get(p, "AWS") : p;
}

/* Calls see() for each text of a member that is one text or a list. */
static bool each_text(const struct json *value, bool (*see)(struct call *c, struct str text), struct call *c)
{
    const struct json *e;

    if (json_is_string(value))
        return see(c, json_str(value));
    for (e = json_first(value); e; e = json_next(e)) {
        if (!see(c, json_str(e)))
            return false;
    }
    return true;
}

static bool has_arn(struct world *w, const char *kind, struct str arn)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, kind, i, NULL)); i++) {
        if (str_equal(json_str(json_get(e, "Arn")), arn))
            return true;
    }
    return false;
}

/* A user or role of this account has to exist (facts 4). */
static bool principal_exists(struct call *c, struct str principal)
{
    char root[2100];

    sandbox_arn(c->sandbox, root, "iam", "", "root");
    size_t prefix = strlen(root) - strlen("root");
    struct str rest = str_slice(principal, prefix, principal.len);
    if (!str_starts(principal, str_slice(str_of(root), 0, prefix)))
        return true;
    if (str_starts(rest, STR("role/")))
        return has_arn(c->world, "iam.role", principal);
    return !str_starts(rest, STR("user/")) || has_arn(c->world, "iam.user", principal);
}

static bool not_everyone(struct call *c, struct str principal)
{
    (void)c;
    return !str_is(principal, "*");
}

/* AWS's words for what is wrong with a policy, or NULL. *public_access is set
 * when an Allow without a condition names everyone. */
static const char *policy_problem(struct call *c, bool *public_access)
{
    CLEANUP(json_freep) struct json *document = NULL;
    CLEANUP(policy_freep) struct policy *policy = NULL;
    struct str text = json_str(json_get(c->in, "ResourcePolicy"));
    const struct json_limits limits = {.unique_keys = true};
    const struct json *statements, *one;
    struct error ignored;

    *public_access = false;
    if (!json_parse(text, &limits, &document, &ignored))
        return "This resource policy contains a syntax error.";
    if (!policy_parse(text, POLICY_RESOURCE, &policy, &ignored))
        return "This resource policy contains a syntax error.";
    statements = json_get(document, "Statement");
    for (one = json_is_array(statements) ? json_first(statements) : statements; one; one = json_next(one)) {
        const struct json *principals = principals_of(one);

        if (!each_text(principals, principal_exists, c))
            return "This resource policy contains an unsupported principal.";
        if (strcmp(json_get_text(one, "Effect"), "Allow") == 0 && !json_get(one, "Condition") &&
            !each_text(principals, not_everyone, c))
            *public_access = true;
        if (!json_is_array(statements))
            break;
    }
    return NULL;
}

#define PUBLIC_TEXT "You can't attach a resource policy that allows broad access to the secret."

bool secretsmanager_get_policy(struct call *c, struct error *err)
{
    const struct json *secret = secret_get_live(c, err);

    if (!secret)
        return false;
    c->out = secret_answer(secret);
    if (json_get(secret, "ResourcePolicy"))
        json_put(c->out, "ResourcePolicy", json_copy(json_get(secret, "ResourcePolicy")));
    return true;
}

bool secretsmanager_put_policy(struct call *c, struct error *err)
{
    struct json *secret = secret_edit_live(c, err);
    const char *problem;
    bool public_access;

    if (!secret)
        return false;
    problem = policy_problem(c, &public_access);
    if (problem)
        return error_aws(err, "MalformedPolicyDocumentException", problem);
    if (public_access && json_bool(json_get(c->in, "BlockPublicPolicy"), false))
        return error_aws(err, "PublicPolicyException", PUBLIC_TEXT);
    json_put(secret, "ResourcePolicy", json_copy(json_get(c->in, "ResourcePolicy")));
    c->resource_policy = NULL; /* was borrowed from what is replaced */
    c->out = secret_answer(secret);
    secret_trail(c, secret, NULL);
    return true;
}

bool secretsmanager_delete_policy(struct call *c, struct error *err)
{
    struct json *secret = secret_edit_live(c, err);

    if (!secret)
        return false;
    c->resource_policy = NULL;
    json_remove(secret, "ResourcePolicy");
    c->out = secret_answer(secret);
    secret_trail(c, secret, NULL);
    return true;
}

bool secretsmanager_validate_policy(struct call *c, struct error *err)
{
    bool public_access;
    const char *problem;

    if (json_get(c->in, "SecretId") && !secret_get_live(c, err))
        return false;
    problem = policy_problem(c, &public_access);
    c->out = json_object();
    json_put_bool(c->out, "PolicyValidationPassed", !problem && !public_access);
    struct json *errors = json_put(c->out, "ValidationErrors", json_array());
    if (problem)
        json_push(errors, json_of("CheckName", "POLICY_SYNTAX", "ErrorMessage", problem, NULL));
    else if (public_access)
        json_push(errors, json_of("CheckName", "ZELKOVA_CHECK", "ErrorMessage", PUBLIC_TEXT, NULL));
    return true;
}

/* --- tags --- */

static const struct json *tag_find(const struct json *tags, struct str key)
{
    const struct json *e;

    for (e = json_first(tags); e; e = json_next(e)) {
        if (str_equal(json_str(json_get(e, "Key")), key))
            return e;
    }
    return NULL;
}

bool secret_check_tags(const struct json *tags, size_t others, struct error *err)
{
    const struct json *e;

    for (e = json_first(tags); e; e = json_next(e)) {
        struct str key = json_str(json_get(e, "Key"));

        if (key.len >= 4 && str_equal_ignore_case(str_slice(key, 0, 4), STR("aws:")))
            return error_aws(err, "InvalidParameterException",
                             "aws: prefixed tag key names are not allowed for external use.");
        if (tag_find(tags, key) != e)
            return refuse(err, "InvalidParameterException",
                          "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    if (json_count(tags) + others > TAGS_MAX)
        return error_aws(err, "LimitExceededException", "You can have at most 50 tags on a secret.");
    return true;
}

static void tag_remove(struct json *tags, struct str key)
{
    for (size_t i = json_count(tags); i > 0; i--) {
        if (str_equal(json_str(json_get(json_at(tags, i - 1), "Key")), key))
            json_free(json_detach_at(tags, i - 1));
    }
}

bool secretsmanager_tag(struct call *c, struct error *err)
{
    const struct json *tags = json_get(c->in, "Tags"), *e;
    struct json *secret = secret_edit_live(c, err);
    size_t others = 0;

    if (!secret)
        return false;
    for (e = json_first(json_get(secret, "Tags")); e; e = json_next(e))
        others += tag_find(tags, json_str(json_get(e, "Key"))) == NULL;
    if (!secret_check_tags(tags, others, err))
        return false;
    if (!json_get(secret, "Tags"))
        json_put(secret, "Tags", json_array());
    struct json *kept = json_edit(secret, "Tags");
    for (e = json_first(tags); e; e = json_next(e)) {
        tag_remove(kept, json_str(json_get(e, "Key")));
        json_push(kept, json_copy(e));
    }
    return true;
}

bool secretsmanager_untag(struct call *c, struct error *err)
{
    struct json *secret = secret_edit_live(c, err);
    const struct json *e;

    if (!secret)
        return false;
    for (e = json_first(json_get(c->in, "TagKeys")); e; e = json_next(e))
        tag_remove(json_edit(secret, "Tags"), json_str(e));
    if (json_get(secret, "Tags") && json_count(json_get(secret, "Tags")) == 0)
        json_remove(secret, "Tags");
    return true;
}
