/* Managed policies and their versions. Those of AWS are seen and attached, never
 * changed. */
#include "aws/sandbox/iam_common.h"

#include <stdio.h>

/** full: with description and tags, which only Get shows. */
static struct json *view_of(const struct world *w, const struct json *policy, bool full)
{
    static const char *const always[] = {"PolicyName",       "PolicyId",   "Arn",        "Path",
                                         "DefaultVersionId", "CreateDate", "UpdateDate", NULL};
    static const char *const in_full[] = {"Description", "Tags", NULL};
    const char *arn = json_get_text(policy, "Arn");
    struct json *view = json_object();

    iam_copy(policy, view, always);
    if (full)
        iam_copy(policy, view, in_full);
    json_put_int(view, "AttachmentCount", (int64_t)iam_attachment_count(w, arn));
    json_put_int(view, "PermissionsBoundaryUsageCount", (int64_t)iam_boundary_count(w, arn));
    json_put_bool(view, "IsAttachable", true);
    return view;
}

static struct json *version_view(const struct json *policy, const struct json *version, bool document)
{
    static const char *const always[] = {"VersionId", "CreateDate", NULL};
    static const char *const with_document[] = {"Document", NULL};
    struct json *view = json_object();

    iam_copy(version, view, always);
    if (document)
        iam_copy(version, view, with_document);
    json_put_bool(view, "IsDefaultVersion",
                  json_equal(json_get(version, "VersionId"), json_get(policy, "DefaultVersionId")));
    return view;
}

static bool check_document(const struct call *c, struct error *err)
{
    struct str document = json_str(json_get(c->in, "PolicyDocument"));

    if (!iam_check_document(document, POLICY_IDENTITY, err))
        return false;
    if (iam_document_chars(document) > IAM_POLICY_CHARS)
        return iam_refuse(err, "LimitExceeded", "Cannot exceed quota for PolicySize: %d", IAM_POLICY_CHARS);
    return true;
}

/** The policy to be changed: one of the account's own. */
static struct json *own_policy(struct call *c, struct error *err)
{
    const struct json *policy = iam_get(c, &iam_policy, err);

    if (!policy)
        return NULL;
    if (!json_bool(json_get(policy, "aws_managed"), false))
        return iam_edit(c, &iam_policy, err);
    /* It belongs to AWS's own account, where nobody here has a say. */
    iam_refuse(err, c->service->denied_code,
               "User: %s is not authorized to perform: %s on resource: policy %s", c->principal.arn,
               c->op->action, json_get_text(policy, "Arn"));
    err->http_status = c->service->denied_status;
    return NULL;
}

/** Adds the document of the call as the next version. */
static const struct json *add_version(struct call *c, struct json *policy, bool make_default)
{
    int64_t number = json_int(json_get(policy, "next_version"), 1);
    struct json *version;
    char id[24];

    (void)snprintf(id, sizeof id, "v%lld", (long long)number);
    version = json_of("VersionId", id, "Document", json_get_text(c->in, "PolicyDocument"), NULL);
    json_put_int(version, "CreateDate", c->now_ms / 1000);
    json_put_int(policy, "next_version", number + 1);
    json_put_int(policy, "UpdateDate", c->now_ms / 1000);
    if (make_default)
        json_put_text(policy, "DefaultVersionId", id);
    return json_put(json_edit(policy, "versions"), id, version);
}

bool iam_create_policy(struct call *c, struct error *err)
{
    static const char *const given[] = {"Description", NULL};
    struct json *policy, *view;

    if (!iam_check_new(c, &iam_policy, err) || !iam_check_tags(c, err) || !check_document(c, err))
        return false;
    policy = iam_make(c, &iam_policy);
    iam_copy(c->in, policy, given);
    json_put(policy, "versions", json_object());
    (void)add_version(c, policy, true);
    world_put(c->world, "iam.policy", json_get_text(policy, "Arn"), policy);
    view = view_of(c->world, policy, false);
    iam_show_tags(policy, view);
    iam_answer(c, "Policy", view);
    iam_show_response(c);
    return true;
}

bool iam_get_policy_row(struct call *c, struct error *err)
{
    const struct json *policy = iam_get(c, &iam_policy, err);

    if (!policy)
        return false;
    iam_answer(c, "Policy", view_of(c->world, policy, true));
    return true;
}

bool iam_delete_policy(struct call *c, struct error *err)
{
    const struct json *policy = own_policy(c, err);
    const char *arn = json_get_text(c->in, "PolicyArn");

    if (!policy)
        return false;
    if (iam_attachment_count(c->world, arn) || iam_boundary_count(c->world, arn))
        return iam_refuse(err, "DeleteConflict", "Cannot delete a policy attached to entities.");
    if (json_count(json_get(policy, "versions")) > 1)
        return iam_refuse(err, "DeleteConflict",
                          "This policy has more than one version. Before you delete a policy, you must "
                          "delete the policy's versions. The default version is deleted with the policy.");
    world_remove(c->world, "iam.policy", arn);
    return true;
}

/** Scope, OnlyAttached, PathPrefix and PolicyUsageFilter. */
static bool listed(const struct call *c, const struct json *policy)
{
    const char *scope = json_get_text(c->in, "Scope"), *usage = json_get_text(c->in, "PolicyUsageFilter");
    const char *arn = json_get_text(policy, "Arn");
    bool aws = json_bool(json_get(policy, "aws_managed"), false);
    bool attached = json_bool(json_get(c->in, "OnlyAttached"), false);

    if ((strcmp(scope, "AWS") == 0 && !aws) || (strcmp(scope, "Local") == 0 && aws))
        return false;
    if (strcmp(usage, "PermissionsBoundary") == 0)
        return iam_boundary_count(c->world, arn) > 0;
    if (strcmp(usage, "PermissionsPolicy") == 0)
        attached = true;
    return !attached || iam_attachment_count(c->world, arn) > 0;
}

static struct json *listed_view(const struct call *c, const struct json *policy)
{
    return view_of(c->world, policy, false);
}

bool iam_list_policies(struct call *c, struct error *err)
{
    return iam_list(c, &(const struct iam_list){"iam.policy", "Policies", listed, listed_view}, err);
}

/* --- versions --- */

/** The version the call names; NULL with NoSuchEntity. */
static const struct json *find_version(const struct call *c, const struct json *policy, struct error *err)
{
    const char *id = json_get_text(c->in, "VersionId");
    const struct json *version = json_get(json_get(policy, "versions"), id);

    if (!version)
        iam_refuse(err, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.",
                   json_get_text(policy, "Arn"), id);
    return version;
}

bool iam_create_policy_version(struct call *c, struct error *err)
{
    struct json *policy = own_policy(c, err);
    bool make_default = json_bool(json_get(c->in, "SetAsDefault"), false);

    if (!policy || !check_document(c, err))
        return false;
    if (json_count(json_get(policy, "versions")) >= IAM_VERSION_LIMIT)
        return iam_refuse(err, "LimitExceeded",
                          "A managed policy can have up to %d versions. Before you create a new version, you "
                          "must delete an existing version.",
                          IAM_VERSION_LIMIT);
    iam_answer(c, "PolicyVersion", version_view(policy, add_version(c, policy, make_default), false));
    iam_show_response(c);
    return true;
}

bool iam_get_policy_version(struct call *c, struct error *err)
{
    const struct json *policy = iam_get(c, &iam_policy, err);
    const struct json *version = policy ? find_version(c, policy, err) : NULL;

    if (!version)
        return false;
    iam_answer(c, "PolicyVersion", version_view(policy, version, true));
    return true;
}

bool iam_delete_policy_version(struct call *c, struct error *err)
{
    struct json *policy = own_policy(c, err);
    const struct json *version = policy ? find_version(c, policy, err) : NULL;

    if (!version)
        return false;
    if (json_equal(json_get(version, "VersionId"), json_get(policy, "DefaultVersionId")))
        return iam_refuse(err, "DeleteConflict", "Cannot delete the default version of a policy.");
    json_remove(json_edit(policy, "versions"), json_get_text(c->in, "VersionId"));
    json_put_int(policy, "UpdateDate", c->now_ms / 1000);
    return true;
}

bool iam_set_default_policy_version(struct call *c, struct error *err)
{
    struct json *policy = own_policy(c, err);

    if (!policy || !find_version(c, policy, err))
        return false;
    json_put_text(policy, "DefaultVersionId", json_get_text(c->in, "VersionId"));
    json_put_int(policy, "UpdateDate", c->now_ms / 1000);
    return true;
}

bool iam_list_policy_versions(struct call *c, struct error *err)
{
    const struct json *policy = iam_get(c, &iam_policy, err), *versions = json_get(policy, "versions");
    struct iam_pager pager;
    struct json *list;

    if (!policy || !iam_pager_begin(c, &pager, err))
        return false;
    pager.unordered = true;
    c->out = json_object();
    list = json_put(c->out, "Versions", json_array());
    for (int64_t n = json_int(json_get(policy, "next_version"), 1) - 1; n > 0; n--) { /* newest first */
        const struct json *version;
        char id[24];

        (void)snprintf(id, sizeof id, "v%lld", (long long)n);
        version = json_get(versions, id);
        if (version && iam_pager_wants(&pager, id))
            json_push(list, version_view(policy, version, false));
    }
    iam_pager_end(&pager, c);
    return true;
}
