/* Groups of users. Who is in a group stands with the user. */
#include "aws/sandbox/iam_common.h"

static struct json *view_of(const struct call *c, const struct json *group)
{
    static const char *const always[] = {"Path", "GroupName", "GroupId", "Arn", "CreateDate", NULL};
    struct json *view = json_object();

    (void)c;
    iam_copy(group, view, always);
    return view;
}

/** Index of the group among the user's; the count when it is not there. */
static size_t membership(const struct json *user, const char *group)
{
    size_t i = 0;

    for (const struct json *e = json_first(json_get(user, "Groups")); e; e = json_next(e), i++)
        if (strcmp(json_text(e), group) == 0)
            break;
    return i;
}

static bool is_member(const struct json *user, const char *group)
{
    return membership(user, group) < json_count(json_get(user, "Groups"));
}

bool iam_create_group(struct call *c, struct error *err)
{
    struct json *group;

    if (!iam_check_new(c, &iam_group, err))
        return false;
    group = iam_make(c, &iam_group);
    json_put(group, "Inline", json_object());
    json_put(group, "attachments", json_array());
    world_put(c->world, "iam.group", json_get_text(group, "GroupName"), group);
    iam_answer(c, "Group", view_of(c, group));
    iam_show_response(c);
    return true;
}

static bool is_listed_member(const struct call *c, const struct json *user)
{
    return is_member(user, iam_name(c, &iam_group));
}

bool iam_get_group(struct call *c, struct error *err)
{
    static const struct iam_list members = {"iam.user", "Users", is_listed_member, iam_user_listed};
    const struct json *group = iam_get(c, &iam_group, err);

    if (!group)
        return false;
    iam_answer(c, "Group", view_of(c, group));
    return iam_list(c, &members, err);
}

static bool has_members(const struct call *c, const char *group)
{
    const struct json *user;

    for (size_t i = 0; (user = world_at(c->world, "iam.user", i, NULL)); i++)
        if (is_member(user, group))
            return true;
    return false;
}

bool iam_delete_group(struct call *c, struct error *err)
{
    const struct json *group = iam_get(c, &iam_group, err);
    const char *name = iam_name(c, &iam_group);

    if (!group)
        return false;
    if (has_members(c, name))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must remove users from group first.");
    if (iam_attached_count(group))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
    if (json_count(json_get(group, "Inline")))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must delete policies first.");
    world_remove(c->world, "iam.group", name);
    return true;
}

bool iam_list_groups(struct call *c, struct error *err)
{
    return iam_list(c, &(const struct iam_list){"iam.group", "Groups", NULL, view_of}, err);
}

static struct json *named_view(const struct call *c, const struct json *name)
{
    return view_of(c, world_get(c->world, "iam.group", json_text(name)));
}

bool iam_list_groups_for_user(struct call *c, struct error *err)
{
    return iam_list_part(c, &(const struct iam_part){"Groups", NULL, "Groups", named_view}, err);
}

bool iam_add_user_to_group(struct call *c, struct error *err)
{
    const struct json *group = iam_get(c, &iam_group, err);
    struct json *user = group ? iam_edit(c, &iam_user, err) : NULL;

    if (!user)
        return false;
    if (is_member(user, iam_name(c, &iam_group)))
        return true;
    if (json_count(json_get(user, "Groups")) >= IAM_GROUPS_PER_USER)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: %d",
                          IAM_GROUPS_PER_USER);
    json_push(json_edit(user, "Groups"), json_text_new(iam_name(c, &iam_group)));
    return true;
}

bool iam_remove_user_from_group(struct call *c, struct error *err)
{
    const struct json *group = iam_get(c, &iam_group, err);
    struct json *user = group ? iam_edit(c, &iam_user, err) : NULL;
    const char *name = iam_name(c, &iam_group);

    if (!user)
        return false;
    if (is_member(user, name))
        json_free(json_detach_at(json_edit(user, "Groups"), membership(user, name)));
    return true;
}
