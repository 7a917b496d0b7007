/* Users and their access keys. */
#include "aws/sandbox/iam_common.h"

#include <stdio.h>

static const char upper_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static struct json *view_of(const struct json *user, bool full)
{
    static const char *const always[] = {"Path", "UserName", "UserId", "Arn", "CreateDate", NULL};
    struct json *view = json_object();

    iam_copy(user, view, always);
    if (full) {
        iam_show_boundary(user, view);
        iam_show_tags(user, view);
    }
    return view;
}

bool iam_create_user(struct call *c, struct error *err)
{
    static const char *const given[] = {"PermissionsBoundary", NULL};
    struct json *user;

    if (!iam_check_new(c, &iam_user, err) || !iam_check_tags(c, err) || !iam_check_boundary(c, err))
        return false;
    user = iam_make(c, &iam_user);
    iam_copy(c->in, user, given);
    json_put(user, "Inline", json_object());
    json_put(user, "attachments", json_array());
    json_put(user, "Groups", json_array());
    world_put(c->world, "iam.user", json_get_text(user, "UserName"), user);
    iam_answer(c, "User", view_of(user, true));
    iam_show_response(c);
    return true;
}

bool iam_get_user(struct call *c, struct error *err)
{
    const struct json *user;

    if (!json_get(c->in, "UserName") && c->principal.type == PRINCIPAL_ROOT) {
        struct json *root = json_of("Path", "/", "UserName", "root", "UserId", c->principal.user_id, "Arn",
                                    c->principal.arn, NULL);

        json_put_int(root, "CreateDate", 0);
        iam_answer(c, "User", root);
        return true;
    }
    user = iam_get(c, &iam_user, err);
    if (!user)
        return false;
    iam_answer(c, "User", view_of(user, true));
    return true;
}

static size_t count_keys(const struct call *c, const char *user)
{
    const struct json *e;
    size_t count = 0;

    for (size_t i = 0; (e = world_at(c->world, "iam.access_key", i, NULL)); i++)
        count += strcmp(json_get_text(e, "UserName"), user) == 0;
    return count;
}

bool iam_delete_user(struct call *c, struct error *err)
{
    const struct json *user = iam_get(c, &iam_user, err);
    const char *name = iam_name(c, &iam_user);

    if (!user)
        return false;
    if (json_count(json_get(user, "Groups")))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must remove users from group first.");
    if (iam_attached_count(user))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
    if (json_count(json_get(user, "Inline")))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must delete policies first.");
    if (count_keys(c, name))
        return iam_refuse(err, "DeleteConflict", "Cannot delete entity, must delete access keys first.");
    iam_forget_principal(c, json_get_text(user, "Arn"), json_get_text(user, "UserId"));
    world_remove(c->world, "iam.user", name);
    return true;
}

struct json *iam_user_listed(const struct call *c, const struct json *user)
{
    (void)c;
    return view_of(user, false);
}

bool iam_list_users(struct call *c, struct error *err)
{
    return iam_list(c, &(const struct iam_list){"iam.user", "Users", NULL, iam_user_listed}, err);
}

/* --- access keys --- */

bool iam_create_access_key(struct call *c, struct error *err)
{
    const struct json *user = iam_get(c, &iam_user, err);
    char id[21] = "AKIA", secret[41];
    struct json *key, *view;

    if (!user)
        return false;
    if (count_keys(c, iam_name(c, &iam_user)) >= IAM_KEY_LIMIT)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: %d",
                          IAM_KEY_LIMIT);
    random_text(sandbox_random(c->sandbox), upper_and_digits, id + 4, 16);
    random_text(sandbox_random(c->sandbox), base64_letters, secret, 40);
    key = json_of("AccessKeyId", id, "UserName", iam_name(c, &iam_user), "Status", "Active", "secret", secret,
                  NULL);
    json_put_int(key, "CreateDate", c->now_ms / 1000);
    world_put(c->world, "iam.access_key", id, key);
    view = json_of("UserName", iam_name(c, &iam_user), "AccessKeyId", id, "Status", "Active",
                   "SecretAccessKey", secret, NULL);
    json_put_int(view, "CreateDate", c->now_ms / 1000);
    iam_answer(c, "AccessKey", view);
    iam_show_response(c);
    return true;
}

static bool is_key_of(const struct call *c, const struct json *key)
{
    return strcmp(json_get_text(key, "UserName"), iam_name(c, &iam_user)) == 0;
}

/** The key the call names, of the user it names; NULL with NoSuchEntity. */
static struct json *edit_key(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "AccessKeyId");
    const struct json *key = world_get(c->world, "iam.access_key", id);

    if (!iam_get(c, &iam_user, err))
        return NULL;
    if (key && is_key_of(c, key))
        return world_edit(c->world, "iam.access_key", id);
    iam_refuse(err, "NoSuchEntity", "The Access Key with id %s cannot be found.", id);
    return NULL;
}

bool iam_delete_access_key(struct call *c, struct error *err)
{
    if (!edit_key(c, err))
        return false;
    world_remove(c->world, "iam.access_key", json_get_text(c->in, "AccessKeyId"));
    return true;
}

bool iam_update_access_key(struct call *c, struct error *err)
{
    struct json *key = edit_key(c, err);

    if (!key)
        return false;
    json_put_text(key, "Status", json_get_text(c->in, "Status"));
    return true;
}

static struct json *key_view(const struct call *c, const struct json *key)
{
    static const char *const shown[] = {"UserName", "AccessKeyId", "Status", "CreateDate", NULL};
    struct json *view = json_object();

    (void)c;
    iam_copy(key, view, shown);
    return view;
}

bool iam_list_access_keys(struct call *c, struct error *err)
{
    static const struct iam_list keys = {"iam.access_key", "AccessKeyMetadata", is_key_of, key_view};

    return iam_get(c, &iam_user, err) && iam_list(c, &keys, err);
}

bool iam_get_access_key_last_used(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "AccessKeyId");
    const struct json *key = world_get(c->world, "iam.access_key", id);

    if (!key) {
        /* AWS does not tell a key of another account from one that is not. */
        iam_refuse(err, c->service->denied_code,
                   "User: %s is not authorized to perform: %s on resource: access key %s", c->principal.arn,
                   c->op->action, id);
        err->http_status = c->service->denied_status;
        return false;
    }
    c->out = json_of("UserName", json_get_text(key, "UserName"), NULL);
    json_put(c->out, "AccessKeyLastUsed", json_of("ServiceName", "N/A", "Region", "N/A", NULL));
    return true;
}
