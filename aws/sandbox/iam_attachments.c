/* Managed policies on roles, users and groups, as policies and as boundaries.
 * One who asks IAM sees a change at once; authorize.c lets it work later. */
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/iam_common.h"

#include <stdio.h>

static const struct iam_kind *const holders[] = {&iam_group, &iam_role, &iam_user};

const struct json *iam_attached(const struct json *entity, const char *policy_arn)
{
    for (const struct json *e = json_first(json_get(entity, "attachments")); e; e = json_next(e))
        if (!json_get(e, "to_ms") && strcmp(json_get_text(e, "PolicyArn"), policy_arn) == 0)
            return e;
    return NULL;
}

size_t iam_attached_count(const struct json *entity)
{
    size_t count = 0;

    for (const struct json *e = json_first(json_get(entity, "attachments")); e; e = json_next(e))
        count += !json_get(e, "to_ms");
    return count;
}

size_t iam_attachment_count(const struct world *w, const char *policy_arn)
{
    size_t count = 0;
    const struct json *e;

    for (size_t k = 0; k < ARRAY_LEN(holders); k++)
        for (size_t i = 0; (e = world_at(w, holders[k]->kind, i, NULL)); i++)
            count += iam_attached(e, policy_arn) != NULL;
    return count;
}

static bool bounded_by(const struct json *entity, const char *policy_arn)
{
    return strcmp(json_get_text(entity, "PermissionsBoundary"), policy_arn) == 0;
}

size_t iam_boundary_count(const struct world *w, const char *policy_arn)
{
    size_t count = 0;
    const struct json *e;

    for (size_t k = 0; k < ARRAY_LEN(holders); k++)
        for (size_t i = 0; (e = world_at(w, holders[k]->kind, i, NULL)); i++)
            count += bounded_by(e, policy_arn);
    return count;
}

static bool check_arn(const char *arn, struct error *err)
{
    return strncmp(arn, "arn:", 4) == 0 || iam_refuse(err, "InvalidInput", "ARN %s is not valid.", arn);
}

bool iam_attach_policy(struct call *c, struct error *err)
{
    const struct iam_kind *kind = iam_holder(c);
    struct json *entity = iam_edit(c, kind, err), *attachment;
    const char *arn = json_get_text(c->in, "PolicyArn");

    if (!entity || !check_arn(arn, err))
        return false;
    if (!world_get(c->world, "iam.policy", arn))
        return iam_refuse(err, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn);
    if (iam_attached(entity, arn))
        return true;
    if (iam_attached_count(entity) >= IAM_ATTACHED_LIMIT)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for PoliciesPer%s: %d", kind->noun,
                          IAM_ATTACHED_LIMIT);
    attachments_prune(c->sandbox, json_edit(entity, "attachments"));
    attachment = json_of("PolicyArn", arn, NULL);
    json_put_int(attachment, "from_ms", c->now_ms);
    json_push(json_edit(entity, "attachments"), attachment);
    return true;
}

bool iam_detach_policy(struct call *c, struct error *err)
{
    struct json *entity = iam_edit(c, iam_holder(c), err), *list = json_edit(entity, "attachments");
    const char *arn = json_get_text(c->in, "PolicyArn");

    if (!entity || !check_arn(arn, err))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        struct json *attachment = json_edit_at(list, i);

        if (json_get(attachment, "to_ms") || strcmp(json_get_text(attachment, "PolicyArn"), arn) != 0)
            continue;
        json_put_int(attachment, "to_ms", c->now_ms);
        attachments_prune(c->sandbox, list);
        return true;
    }
    return iam_refuse(err, "NoSuchEntity", "Policy %s was not found.", arn);
}

/** NULL for one that was detached and works on for a while. */
static struct json *attachment_view(const struct call *c, const struct json *attachment)
{
    const char *arn = json_get_text(attachment, "PolicyArn");
    const struct json *policy = world_get(c->world, "iam.policy", arn);

    if (json_get(attachment, "to_ms") || !iam_on_path(c, policy))
        return NULL;
    return json_of("PolicyName", json_get_text(policy, "PolicyName"), "PolicyArn", arn, NULL);
}

bool iam_list_attached_policies(struct call *c, struct error *err)
{
    static const struct iam_part attached = {"attachments", "PolicyArn", "AttachedPolicies", attachment_view};

    return iam_list_part(c, &attached, err);
}

/* --- ListEntitiesForPolicy --- */

static const struct entity_list {
    const struct iam_kind *kind;
    const char *filter;
    const char *member;
} entity_lists[] = {
    {&iam_group, "Group", "PolicyGroups"},
    {&iam_role, "Role", "PolicyRoles"},
    {&iam_user, "User", "PolicyUsers"},
};

/** Whether the entity uses the policy in the way the call asks for. */
static bool uses(const struct call *c, const struct json *entity, const char *arn)
{
    const char *usage = json_get_text(c->in, "PolicyUsageFilter");

    if (!iam_on_path(c, entity))
        return false;
    return (strcmp(usage, "PermissionsBoundary") != 0 && iam_attached(entity, arn)) ||
           (strcmp(usage, "PermissionsPolicy") != 0 && bounded_by(entity, arn));
}

static void list_users_of(struct call *c, const struct entity_list *row, struct iam_pager *pager)
{
    const char *arn = json_get_text(c->in, "PolicyArn");
    struct json *list = json_put(c->out, row->member, json_array());
    const struct json *e;
    const char *name;

    for (size_t i = 0; !pager->truncated && (e = world_at(c->world, row->kind->kind, i, &name)); i++) {
        char key[256];

        /* Pages go through groups, roles and users: one order for all. */
        (void)snprintf(key, sizeof key, "%s/%s", row->filter, name);
        if (uses(c, e, arn) && iam_pager_wants(pager, key))
            json_push(list, json_of(row->kind->member, name, row->kind->id_member,
                                    json_get_text(e, row->kind->id_member), NULL));
    }
}

bool iam_list_entities_for_policy(struct call *c, struct error *err)
{
    const char *filter = json_get_text(c->in, "EntityFilter");
    struct iam_pager pager;

    if (!iam_get(c, &iam_policy, err) || !iam_pager_begin(c, &pager, err))
        return false;
    c->out = json_object();
    for (size_t i = 0; i < ARRAY_LEN(entity_lists); i++) {
        if (*filter && strcmp(filter, entity_lists[i].filter) != 0)
            json_put(c->out, entity_lists[i].member, json_array());
        else
            list_users_of(c, &entity_lists[i], &pager);
    }
    iam_pager_end(&pager, c);
    return true;
}

/* --- boundaries --- */

bool iam_check_boundary(const struct call *c, struct error *err)
{
    const struct json *arn = json_get(c->in, "PermissionsBoundary");

    if (!arn || world_get(c->world, "iam.policy", json_text(arn)))
        return true;
    if (!check_arn(json_text(arn), err))
        return false;
    return iam_refuse(err, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.",
                      json_text(arn));
}

void iam_show_boundary(const struct json *entity, struct json *view)
{
    const char *arn = json_get_text(entity, "PermissionsBoundary");

    if (*arn)
        json_put(view, "PermissionsBoundary",
                 json_of("PermissionsBoundaryType", "Policy", "PermissionsBoundaryArn", arn, NULL));
}

bool iam_put_boundary(struct call *c, struct error *err)
{
    struct json *entity = iam_edit(c, iam_holder(c), err);

    if (!entity || !iam_check_boundary(c, err))
        return false;
    json_put_str(entity, "PermissionsBoundary", json_str(json_get(c->in, "PermissionsBoundary")));
    return true;
}

bool iam_delete_boundary(struct call *c, struct error *err)
{
    const struct iam_kind *kind = iam_holder(c);
    struct json *entity = iam_edit(c, kind, err);

    if (!entity)
        return false;
    if (!json_get(entity, "PermissionsBoundary"))
        return iam_refuse(err, "NoSuchEntity", "%s %s does not have a permissions boundary.", kind->exists,
                          iam_name(c, kind));
    json_remove(entity, "PermissionsBoundary");
    return true;
}
