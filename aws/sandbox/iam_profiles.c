/* Instance profiles: what hands one role to an EC2 instance. */
#include "aws/sandbox/iam_common.h"

/** full: with tags. */
static struct json *view_of(const struct call *c, const struct json *profile, bool full)
{
    static const char *const always[] = {"Path", "InstanceProfileName", "InstanceProfileId",
                                         "Arn",  "CreateDate",          NULL};
    static const char *const in_full[] = {"Tags", NULL};
    const struct json *role = world_get(c->world, "iam.role", json_get_text(profile, "role"));
    struct json *view = json_object(), *roles;

    iam_copy(profile, view, always);
    roles = json_put(view, "Roles", json_array());
    if (role)
        json_push(roles, iam_role_view(role, false));
    if (full)
        iam_copy(profile, view, in_full);
    return view;
}

bool iam_create_profile(struct call *c, struct error *err)
{
    struct json *profile, *view;

    if (!iam_check_new(c, &iam_profile, err) || !iam_check_tags(c, err))
        return false;
    profile = iam_make(c, &iam_profile);
    world_put(c->world, "iam.instance_profile", iam_name(c, &iam_profile), profile);
    view = view_of(c, profile, false);
    iam_show_tags(profile, view);
    iam_answer(c, "InstanceProfile", view);
    iam_show_response(c);
    return true;
}

bool iam_get_profile(struct call *c, struct error *err)
{
    const struct json *profile = iam_get(c, &iam_profile, err);

    if (!profile)
        return false;
    iam_answer(c, "InstanceProfile", view_of(c, profile, true));
    return true;
}

bool iam_delete_profile(struct call *c, struct error *err)
{
    const struct json *profile = iam_get(c, &iam_profile, err);

    if (!profile)
        return false;
    if (*json_get_text(profile, "role"))
        return iam_refuse(err, "DeleteConflict",
                          "Cannot delete entity, must remove roles from instance profile first.");
    /* EC2 is not asked: an instance that uses it loses its credentials. */
    world_remove(c->world, "iam.instance_profile", iam_name(c, &iam_profile));
    return true;
}

static bool holds_role(const struct call *c, const struct json *profile)
{
    return strcmp(json_get_text(profile, "role"), iam_name(c, &iam_role)) == 0;
}

static struct json *listed_view(const struct call *c, const struct json *profile)
{
    return view_of(c, profile, false);
}

bool iam_list_profiles(struct call *c, struct error *err)
{
    static const struct iam_list all = {"iam.instance_profile", "InstanceProfiles", NULL, listed_view};

    return iam_list(c, &all, err);
}

bool iam_list_profiles_for_role(struct call *c, struct error *err)
{
    static const struct iam_list of_role = {"iam.instance_profile", "InstanceProfiles", holds_role,
                                            listed_view};

    return iam_get(c, &iam_role, err) && iam_list(c, &of_role, err);
}

bool iam_add_role_to_profile(struct call *c, struct error *err)
{
    struct json *profile = iam_edit(c, &iam_profile, err);
    const struct json *role = profile ? iam_get(c, &iam_role, err) : NULL;

    if (!role)
        return false;
    /* A role made just now is missed where it is looked up: facts section 4. */
    if (!sandbox_propagated(c->sandbox, json_int(json_get(role, "created_ms"), 0)))
        return iam_refuse(err, "NoSuchEntity", "%s %s cannot be found.", iam_role.missing,
                          iam_name(c, &iam_role));
    if (*json_get_text(profile, "role"))
        return iam_refuse(err, "LimitExceeded",
                          "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    json_put_text(profile, "role", iam_name(c, &iam_role));
    return true;
}

bool iam_remove_role_from_profile(struct call *c, struct error *err)
{
    struct json *profile = iam_edit(c, &iam_profile, err);

    if (!profile || !iam_get(c, &iam_role, err))
        return false;
    if (strcmp(json_get_text(profile, "role"), iam_name(c, &iam_role)) != 0)
        return iam_refuse(err, "NoSuchEntity", "%s %s cannot be found.", iam_role.missing,
                          iam_name(c, &iam_role));
    json_remove(profile, "role");
    return true;
}
