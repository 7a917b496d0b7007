/* Roles. A role that goes takes its policies along; sessions of it are judged
 * by RoleId, so that a new role of the name does not revive them. */
#include "aws/sandbox/iam_common.h"

enum { DEFAULT_SESSION_S = 3600 };

struct json *iam_role_view(const struct json *role, bool full)
{
    static const char *const always[] = {
        "Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument", "MaxSessionDuration",
        NULL};
    static const char *const in_full[] = {"Description", NULL};
    struct json *view = json_object();

    iam_copy(role, view, always);
    if (full) {
        iam_copy(role, view, in_full);
        iam_show_boundary(role, view);
        iam_show_tags(role, view);
    }
    return view;
}

bool iam_create_role(struct call *c, struct error *err)
{
    struct json *role;

    if (!iam_check_new(c, &iam_role, err) || !iam_check_tags(c, err) || !iam_check_boundary(c, err) ||
        !iam_check_trust(c, json_str(json_get(c->in, "AssumeRolePolicyDocument")), err))
        return false;
    role = iam_make(c, &iam_role);
    iam_copy(c->in, role,
             (const char *const[]){"AssumeRolePolicyDocument", "Description", "PermissionsBoundary", NULL});
    json_put_int(role, "MaxSessionDuration",
                 json_int(json_get(c->in, "MaxSessionDuration"), DEFAULT_SESSION_S));
    json_put(role, "Inline", json_object());
    json_put(role, "attachments", json_array());
    world_put(c->world, "iam.role", json_get_text(role, "RoleName"), role);
    iam_answer(c, "Role", iam_role_view(role, true));
    iam_show_response(c);
    return true;
}

bool iam_get_role(struct call *c, struct error *err)
{
    const struct json *role = iam_get(c, &iam_role, err);
    struct json *view;

    if (!role)
        return false;
    view = iam_role_view(role, true);
    json_put(view, "RoleLastUsed", json_object());
    iam_answer(c, "Role", view);
    return true;
}

static bool in_profile(const struct call *c, const char *role)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "iam.instance_profile", i, NULL)); i++)
        if (strcmp(json_get_text(e, "role"), role) == 0)
            return true;
    return false;
}

bool iam_delete_role(struct call *c, struct error *err)
{
    const struct json *role = iam_get(c, &iam_role, err);
    const char *name = iam_name(c, &iam_role);

    if (!role)
        return false;
    /* In the order in which AWS looks: facts 4. */
    if (in_profile(c, name))
        return iam_refuse(err, "DeleteConflict",
                          "Cannot delete entity, must remove roles from instance profile first.");
    if (iam_attached_count(role))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
    if (json_count(json_get(role, "Inline")))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must delete policies first.");
    iam_forget_principal(c, json_get_text(role, "Arn"), json_get_text(role, "RoleId"));
    world_remove(c->world, "iam.role", name);
    return true;
}

bool iam_update_role(struct call *c, struct error *err)
{
    struct json *role = iam_edit(c, &iam_role, err);
    const struct json *duration = json_get(c->in, "MaxSessionDuration");
    const struct json *description = json_get(c->in, "Description");

    if (!role)
        return false;
    /* What is left out keeps its value; an empty description clears it. */
    if (duration)
        json_put_int(role, "MaxSessionDuration", json_int(duration, DEFAULT_SESSION_S));
    if (description)
        json_put_str(role, "Description", json_str(description));
    c->out = json_object();
    return true;
}

bool iam_update_role_description(struct call *c, struct error *err)
{
    struct json *role = iam_edit(c, &iam_role, err);

    if (!role)
        return false;
    json_put_str(role, "Description", json_str(json_get(c->in, "Description")));
    iam_answer(c, "Role", iam_role_view(role, true));
    iam_show_response(c);
    return true;
}

bool iam_update_assume_role_policy(struct call *c, struct error *err)
{
    struct json *role = iam_edit(c, &iam_role, err);
    struct str document = json_str(json_get(c->in, "PolicyDocument"));

    if (!role || !iam_check_trust(c, document, err))
        return false;
    json_put_str(role, "AssumeRolePolicyDocument", document);
    return true;
}

static struct json *listed_view(const struct call *c, const struct json *role)
{
    (void)c;
    return iam_role_view(role, false);
}

bool iam_list_roles(struct call *c, struct error *err)
{
    return iam_list(c, &(const struct iam_list){"iam.role", "Roles", NULL, listed_view}, err);
}
