#include "aws/sandbox/iam_common.h"

#include "aws/sandbox/trail.h"

#include <stdarg.h>
#include <stdio.h>

const struct iam_kind iam_role = {.kind = "iam.role",
                                  .member = "RoleName",
                                  .id_member = "RoleId",
                                  .id_prefix = "AROA",
                                  .resource = "role",
                                  .missing = "The role with name",
                                  .exists = "Role with name",
                                  .noun = "Role",
                                  .plural = "Roles",
                                  .account_quota = 1000,
                                  .inline_chars = 10240};
const struct iam_kind iam_user = {.kind = "iam.user",
                                  .member = "UserName",
                                  .id_member = "UserId",
                                  .id_prefix = "AIDA",
                                  .resource = "user",
                                  .missing = "The user with name",
                                  .exists = "User with name",
                                  .noun = "User",
                                  .plural = "Users",
                                  .account_quota = 5000,
                                  .inline_chars = 2048};
const struct iam_kind iam_group = {.kind = "iam.group",
                                   .member = "GroupName",
                                   .id_member = "GroupId",
                                   .id_prefix = "AGPA",
                                   .resource = "group",
                                   .missing = "The group with name",
                                   .exists = "Group with name",
                                   .noun = "Group",
                                   .plural = "Groups",
                                   .account_quota = 300,
                                   .inline_chars = 5120};
const struct iam_kind iam_policy = {.kind = "iam.policy",
                                    .member = "PolicyName",
                                    .id_member = "PolicyId",
                                    .id_prefix = "ANPA",
                                    .resource = "policy",
                                    .noun = "Policy",
                                    .plural = "Policies",
                                    .account_quota = 1500};
const struct iam_kind iam_profile = {.kind = "iam.instance_profile",
                                     .member = "InstanceProfileName",
                                     .id_member = "InstanceProfileId",
                                     .id_prefix = "AIPA",
                                     .resource = "instance-profile",
                                     .missing = "Instance Profile",
                                     .exists = "Instance Profile",
                                     .noun = "InstanceProfile",
                                     .plural = "InstanceProfiles",
                                     .account_quota = 1000};

bool iam_refuse(struct error *err, const char *code, const char *format, ...)
{
    char text[sizeof err->message];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_aws(err, code, text);
    /* Where the model does not list it for the operation it is 404 all the same. */
    if (strcmp(code, "NoSuchEntity") == 0)
        err->http_status = 404;
    return false;
}

/* --- entities --- */

const struct iam_kind *iam_holder(const struct call *c)
{
    static const struct iam_kind *const holders[] = {&iam_role, &iam_group, &iam_profile};

    for (size_t i = 0; i < ARRAY_LEN(holders); i++)
        if (model_member(c->op->input, holders[i]->member))
            return holders[i];
    return model_member(c->op->input, "UserName") ? &iam_user : &iam_policy;
}

const char *iam_name(const struct call *c, const struct iam_kind *kind)
{
    const char *name = json_get_text(c->in, kind->member);

    if (!*name && kind == &iam_user && c->principal.type == PRINCIPAL_USER)
        return c->principal.name;
    return name;
}

const struct json *iam_get(const struct call *c, const struct iam_kind *kind, struct error *err)
{
    const char *name = kind == &iam_policy ? json_get_text(c->in, "PolicyArn") : iam_name(c, kind);
    const struct json *entity = world_get(c->world, kind->kind, name);

    if (kind == &iam_policy && strncmp(name, "arn:", 4) != 0)
        iam_refuse(err, "InvalidInput", "ARN %s is not valid.", name);
    else if (!*name)
        iam_refuse(err, "ValidationError", "Must specify userName when calling with non-User credentials");
    else if (!entity && kind == &iam_policy)
        iam_refuse(err, "NoSuchEntity", "Policy %s was not found.", name);
    else if (!entity)
        iam_refuse(err, "NoSuchEntity", "%s %s cannot be found.", kind->missing, name);
    return entity;
}

struct json *iam_edit(struct call *c, const struct iam_kind *kind, struct error *err)
{
    if (!iam_get(c, kind, err))
        return NULL;
    return world_edit(c->world, kind->kind,
                      kind == &iam_policy ? json_get_text(c->in, "PolicyArn") : iam_name(c, kind));
}

/** Entities of the account: what AWS manages does not count. */
static size_t count_own(const struct world *w, const struct iam_kind *kind)
{
    const struct json *e;
    size_t count = 0;

    if (kind != &iam_policy)
        return world_count(w, kind->kind);
    for (size_t i = 0; (e = world_at(w, kind->kind, i, NULL)); i++)
        count += !json_bool(json_get(e, "aws_managed"), false);
    return count;
}

static bool name_taken(const struct call *c, const struct iam_kind *kind)
{
    struct str name = json_str(json_get(c->in, kind->member));
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, kind->kind, i, NULL)); i++)
        if (!json_bool(json_get(e, "aws_managed"), false) &&
            str_equal_ignore_case(json_str(json_get(e, kind->member)), name))
            return true;
    return false;
}

bool iam_check_new(struct call *c, const struct iam_kind *kind, struct error *err)
{
    const char *name = json_get_text(c->in, kind->member);

    if (name_taken(c, kind)) {
        if (kind == &iam_policy)
            return iam_refuse(err, "EntityAlreadyExists",
                              "A policy called %s already exists. Duplicate names are not allowed.", name);
        return iam_refuse(err, "EntityAlreadyExists", "%s %s already exists.", kind->exists, name);
    }
    if (count_own(c->world, kind) >= kind->account_quota)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for %sPerAccount: %zu", kind->plural,
                          kind->account_quota);
    return true;
}

struct json *iam_make(struct call *c, const struct iam_kind *kind)
{
    const char *name = json_get_text(c->in, kind->member), *path = json_get_text(c->in, "Path");
    const struct json *tags = json_get(c->in, "Tags");
    char arn[2100], id[22];
    struct json *entity;

    path = *path ? path : "/";
    sandbox_arn(c->sandbox, arn, "iam", "", "%s%s%s", kind->resource, path, name);
    sandbox_unique_id(c->sandbox, kind->id_prefix, id);
    entity = json_of(kind->member, name, "Path", path, kind->id_member, id, "Arn", arn, NULL);
    json_put_int(entity, "CreateDate", c->now_ms / 1000);
    json_put_int(entity, "created_ms", c->now_ms);
    json_put(entity, "Tags", tags ? json_copy(tags) : json_array());
    return entity;
}

void iam_copy(const struct json *from, struct json *to, const char *const *members)
{
    for (; *members; members++) {
        const struct json *value = json_get(from, *members);

        if (value && !(json_is_string(value) && json_str(value).len == 0))
            json_put(to, *members, json_copy(value));
    }
}

bool iam_on_path(const struct call *c, const struct json *entity)
{
    return str_starts(json_str(json_get(entity, "Path")), json_str(json_get(c->in, "PathPrefix")));
}

void iam_answer(struct call *c, const char *member, struct json *value)
{
    c->out = json_object();
    json_put(c->out, member, value);
}

void iam_show_response(struct call *c)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct error ignored;

    trail_show(c->out, c->op->output, true, &text);
    if (!json_parse(buf_str(&text), NULL, &c->trail_response, &ignored))
        c->trail_response = NULL;
}

/* --- documents --- */

bool iam_check_document(struct str document, enum policy_type type, struct error *err)
{
    struct policy *parsed = NULL;

    if (!policy_parse(document, type, &parsed, err))
        return false;
    policy_free(parsed);
    return true;
}

size_t iam_document_chars(struct str document)
{
    size_t count = 0;

    for (size_t i = 0; i < document.len; i++) {
        unsigned char c = (unsigned char)document.data[i];

        count += c != ' ' && c != '\t' && c != '\n' && c != '\r' && (c & 0xC0) != 0x80;
    }
    return count;
}
