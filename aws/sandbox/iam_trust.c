/* Whom a trust policy names: principals have to exist when it is written, and
 * one that goes leaves its unique id behind. Facts 4 and 7.2. */
#include "aws/sandbox/iam_common.h"

#include <stdio.h>

/** A principal by its unique id, AROA… or AIDA…. */
static const struct json *find_by_id(const struct world *w, const struct iam_kind *kind, const char *id)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, kind->kind, i, NULL)); i++)
        if (strcmp(json_get_text(e, kind->id_member), id) == 0)
            return e;
    return NULL;
}

static bool known(const struct call *c, const struct json *entity)
{
    return entity && sandbox_propagated(c->sandbox, json_int(json_get(entity, "created_ms"), 0));
}

/** The role of …:assumed-role/ROLE/SESSION. */
static const struct json *session_role(const struct call *c, struct str rest)
{
    char name[129];

    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(str_slice(rest, 0, str_find_char(rest, '/'))));
    return world_get(c->world, "iam.role", name);
}

static const struct json *by_arn(const struct call *c, const struct iam_kind *kind, const char *arn)
{
    const char *slash = strrchr(arn, '/');
    const struct json *entity = slash ? world_get(c->world, kind->kind, slash + 1) : NULL;

    return entity && strcmp(json_get_text(entity, "Arn"), arn) == 0 ? entity : NULL;
}

/** Whether "AWS": text names somebody. There are other accounts, each with its
 * root, but nobody is known in them. */
static bool principal_exists(const struct call *c, const char *text)
{
    char iam[2100], sts[2100];
    struct str rest = str_of(text);

    sandbox_arn(c->sandbox, iam, "iam", "", "%s", "");
    sandbox_arn(c->sandbox, sts, "sts", "", "assumed-role/");
    if (str_starts(rest, str_of(sts)))
        return known(c, session_role(c, str_slice(rest, strlen(sts), rest.len)));
    if (str_starts(rest, str_of(iam))) {
        rest = str_slice(rest, strlen(iam), rest.len);
        if (str_starts(rest, STR("user/")))
            return known(c, by_arn(c, &iam_user, text));
        if (str_starts(rest, STR("role/")))
            return known(c, by_arn(c, &iam_role, text));
        return str_is(rest, "root");
    }
    if (str_starts(rest, STR("AROA")))
        return find_by_id(c->world, &iam_role, text) != NULL;
    if (str_starts(rest, STR("AIDA")))
        return find_by_id(c->world, &iam_user, text) != NULL;
    return !str_starts(rest, STR("arn:")) || str_ends(rest, STR(":root"));
}

static bool service_exists(const struct call *c, const char *text)
{
    (void)c;
    return str_ends(str_of(text), STR(".amazonaws.com")) || str_ends(str_of(text), STR(".amazonaws.com.cn"));
}

static const struct {
    const char *member;
    const char *shown; /* as AWS spells it in the refusal */
    bool (*exists)(const struct call *c, const char *text);
} checks[] = {
    {"AWS", "AWS", principal_exists},
    {"Service", "SERVICE", service_exists},
};

static bool check_one(const struct call *c, size_t row, const char *text, struct error *err)
{
    return checks[row].exists(c, text) ||
           iam_refuse(err, "MalformedPolicyDocument", "Invalid principal in policy: \"%s\":\"%s\"",
                      checks[row].shown, text);
}

static bool check_principals(const struct call *c, const struct json *principal, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const struct json *value = json_get(principal, checks[i].member);

        if (json_is_string(value) && !check_one(c, i, json_text(value), err))
            return false;
        if (!json_is_array(value))
            continue;
        for (const struct json *e = json_first(value); e; e = json_next(e))
            if (!check_one(c, i, json_text(e), err))
                return false;
    }
    return true;
}

bool iam_check_trust(struct call *c, struct str document, struct error *err)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    const struct json *statements, *one;

    if (!iam_check_document(document, POLICY_TRUST, err) || !json_parse(document, NULL, &parsed, err))
        return false;
    statements = json_get(parsed, "Statement");
    one = json_is_array(statements) ? json_first(statements) : statements;
    for (; one; one = one == statements ? NULL : json_next(one))
        if (!check_principals(c, json_get(one, "Principal"), err) ||
            !check_principals(c, json_get(one, "NotPrincipal"), err))
            return false;
    if (iam_document_chars(document) > IAM_TRUST_CHARS)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d",
                          IAM_TRUST_CHARS);
    return true;
}

/* --- principals that go --- */

/** Replaces arn by id in the AWS principals of one statement. */
static bool forget_in(struct json *statement, const char *member, const char *arn, const char *id)
{
    struct json *principal = json_edit(statement, member);
    const struct json *value = json_get(principal, "AWS");
    bool changed = false;

    if (json_is_string(value) && strcmp(json_text(value), arn) == 0) {
        json_put_text(principal, "AWS", id);
        return true;
    }
    if (json_is_array(value)) {
        struct json *list = json_array();

        for (const struct json *e = json_first(value); e; e = json_next(e)) {
            bool same = strcmp(json_text(e), arn) == 0;

            changed = changed || same;
            json_push(list, json_text_new(same ? id : json_text(e)));
        }
        json_put(principal, "AWS", list);
    }
    return changed;
}

static bool forget_in_both(struct json *statement, const char *arn, const char *id)
{
    bool changed = forget_in(statement, "Principal", arn, id);

    return forget_in(statement, "NotPrincipal", arn, id) || changed;
}

static void forget_in_role(struct json *role, const char *arn, const char *id)
{
    CLEANUP(json_freep) struct json *document = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    struct json *statements;
    struct error ignored;
    bool changed = false;

    if (!json_parse(json_str(json_get(role, "AssumeRolePolicyDocument")), NULL, &document, &ignored))
        return;
    statements = json_edit(document, "Statement");
    if (json_is_object(statements))
        changed = forget_in_both(statements, arn, id);
    for (size_t i = 0; json_is_array(statements) && i < json_count(statements); i++)
        changed = forget_in_both(json_edit_at(statements, i), arn, id) || changed;
    if (!changed)
        return;
    json_write(document, &text);
    json_put_str(role, "AssumeRolePolicyDocument", buf_str(&text));
}

void iam_forget_principal(struct call *c, const char *arn, const char *id)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(c->world, "iam.role", i, &key)); i++)
        if (strstr(json_get_text(e, "AssumeRolePolicyDocument"), arn))
            forget_in_role(world_edit(c->world, "iam.role", key), arn, id);
}
