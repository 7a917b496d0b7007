/* IAM: the table of its operations, and what authorisation has to know beyond
 * the model's resource templates. */
#include "aws/sandbox/iam_common.h"

#include "aws/sandbox/context.h"

#include <stdio.h>

/** The entity a call is about; NULL when it is not there. */
static const struct json *target_entity(const struct call *c)
{
    static const struct iam_kind *const kinds[] = {&iam_profile, &iam_group, &iam_role, &iam_user};
    const struct model_shape *input = c->op->input;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (model_member(input, kinds[i]->member))
            return world_get(c->world, kinds[i]->kind, iam_name(c, kinds[i]));
    return world_get(c->world, "iam.policy", json_get_text(c->in, "PolicyArn"));
}

static void put_text(struct json *context, const char *key, const struct json *value)
{
    if (value)
        json_put_str(context, key, json_str(value));
}

/** A creation: what it asks for is all there is. */
static void target_new(struct call *c)
{
    c->context = json_object();
    put_text(c->context, "iam:PermissionsBoundary", json_get(c->in, "PermissionsBoundary"));
}

/** AWS names a policy to be made by its bare name: facts 7.4. */
static void target_new_policy(struct call *c)
{
    target_new(c);
    (void)snprintf(c->resource_shown, sizeof c->resource_shown, "policy %s",
                   json_get_text(c->in, "PolicyName"));
}

static void target(struct call *c)
{
    const struct json *entity = target_entity(c), *tags = json_get(entity, "Tags");
    const struct json *boundary = json_get(c->in, "PermissionsBoundary");
    bool policy = strcmp(iam_holder(c)->kind, iam_policy.kind) == 0;

    c->context = json_object();
    put_text(c->context, "iam:PermissionsBoundary",
             boundary ? boundary : json_get(entity, "PermissionsBoundary"));
    if (!policy) /* of an attachment; where the policy is the resource there is no such key */
        put_text(c->context, "iam:PolicyARN", json_get(c->in, "PolicyArn"));
    context_add_tags(c->context, "aws:ResourceTag", tags);
    context_add_tags(c->context, "iam:ResourceTag", tags);
}

/** To put a role into a profile is to hand it to EC2. */
static bool pass_role(struct call *c, const char **action, char resource[2100])
{
    const char *name = json_get_text(c->in, "RoleName");
    const struct json *role = world_get(c->world, "iam.role", name);

    *action = "iam:PassRole";
    if (role)
        (void)snprintf(resource, 2100, "%s", json_get_text(role, "Arn"));
    else
        sandbox_arn(c->sandbox, resource, "iam", "", "role/%s", name);
    json_put_text(c->context, "iam:PassedToService", "ec2.amazonaws.com");
    return true;
}

static const struct handler rows[] = {
    {.operation = "AddRoleToInstanceProfile",
     .handle = iam_add_role_to_profile,
     .target = target,
     .also = pass_role},
    {.operation = "AddUserToGroup", .handle = iam_add_user_to_group, .target = target},
    {.operation = "AttachGroupPolicy", .handle = iam_attach_policy, .target = target},
    {.operation = "AttachRolePolicy", .handle = iam_attach_policy, .target = target},
    {.operation = "AttachUserPolicy", .handle = iam_attach_policy, .target = target},
    {.operation = "CreateAccessKey", .handle = iam_create_access_key, .target = target},
    {.operation = "CreateGroup", .handle = iam_create_group, .target = target_new},
    {.operation = "CreateInstanceProfile", .handle = iam_create_profile, .target = target_new},
    {.operation = "CreatePolicy", .handle = iam_create_policy, .target = target_new_policy},
    {.operation = "CreatePolicyVersion", .handle = iam_create_policy_version, .target = target},
    {.operation = "CreateRole", .handle = iam_create_role, .target = target_new},
    {.operation = "CreateUser", .handle = iam_create_user, .target = target_new},
    {.operation = "DeleteAccessKey", .handle = iam_delete_access_key, .target = target},
    {.operation = "DeleteGroup", .handle = iam_delete_group, .target = target},
    {.operation = "DeleteGroupPolicy", .handle = iam_delete_inline, .target = target},
    {.operation = "DeleteInstanceProfile", .handle = iam_delete_profile, .target = target},
    {.operation = "DeletePolicy", .handle = iam_delete_policy, .target = target},
    {.operation = "DeletePolicyVersion", .handle = iam_delete_policy_version, .target = target},
    {.operation = "DeleteRole", .handle = iam_delete_role, .target = target},
    {.operation = "DeleteRolePermissionsBoundary", .handle = iam_delete_boundary, .target = target},
    {.operation = "DeleteRolePolicy", .handle = iam_delete_inline, .target = target},
    {.operation = "DeleteUser", .handle = iam_delete_user, .target = target},
    {.operation = "DeleteUserPermissionsBoundary", .handle = iam_delete_boundary, .target = target},
    {.operation = "DeleteUserPolicy", .handle = iam_delete_inline, .target = target},
    {.operation = "DetachGroupPolicy", .handle = iam_detach_policy, .target = target},
    {.operation = "DetachRolePolicy", .handle = iam_detach_policy, .target = target},
    {.operation = "DetachUserPolicy", .handle = iam_detach_policy, .target = target},
    {.operation = "GetAccessKeyLastUsed", .handle = iam_get_access_key_last_used},
    {.operation = "GetAccountSummary", .handle = iam_get_account_summary},
    {.operation = "GetGroup", .handle = iam_get_group, .target = target},
    {.operation = "GetGroupPolicy", .handle = iam_get_inline, .target = target},
    {.operation = "GetInstanceProfile", .handle = iam_get_profile, .target = target},
    {.operation = "GetPolicy", .handle = iam_get_policy_row, .target = target},
    {.operation = "GetPolicyVersion", .handle = iam_get_policy_version, .target = target},
    {.operation = "GetRole", .handle = iam_get_role, .target = target},
    {.operation = "GetRolePolicy", .handle = iam_get_inline, .target = target},
    {.operation = "GetUser", .handle = iam_get_user, .target = target},
    {.operation = "GetUserPolicy", .handle = iam_get_inline, .target = target},
    {.operation = "ListAccessKeys", .handle = iam_list_access_keys, .target = target},
    {.operation = "ListAccountAliases", .handle = iam_list_account_aliases},
    {.operation = "ListAttachedGroupPolicies", .handle = iam_list_attached_policies, .target = target},
    {.operation = "ListAttachedRolePolicies", .handle = iam_list_attached_policies, .target = target},
    {.operation = "ListAttachedUserPolicies", .handle = iam_list_attached_policies, .target = target},
    {.operation = "ListEntitiesForPolicy", .handle = iam_list_entities_for_policy, .target = target},
    {.operation = "ListGroupPolicies", .handle = iam_list_inline, .target = target},
    {.operation = "ListGroups", .handle = iam_list_groups},
    {.operation = "ListGroupsForUser", .handle = iam_list_groups_for_user, .target = target},
    {.operation = "ListInstanceProfileTags", .handle = iam_list_tags, .target = target},
    {.operation = "ListInstanceProfiles", .handle = iam_list_profiles},
    {.operation = "ListInstanceProfilesForRole", .handle = iam_list_profiles_for_role, .target = target},
    {.operation = "ListPolicies", .handle = iam_list_policies},
    {.operation = "ListPolicyTags", .handle = iam_list_tags, .target = target},
    {.operation = "ListPolicyVersions", .handle = iam_list_policy_versions, .target = target},
    {.operation = "ListRolePolicies", .handle = iam_list_inline, .target = target},
    {.operation = "ListRoleTags", .handle = iam_list_tags, .target = target},
    {.operation = "ListRoles", .handle = iam_list_roles},
    {.operation = "ListUserPolicies", .handle = iam_list_inline, .target = target},
    {.operation = "ListUserTags", .handle = iam_list_tags, .target = target},
    {.operation = "ListUsers", .handle = iam_list_users},
    {.operation = "PutGroupPolicy", .handle = iam_put_inline, .target = target},
    {.operation = "PutRolePermissionsBoundary", .handle = iam_put_boundary, .target = target},
    {.operation = "PutRolePolicy", .handle = iam_put_inline, .target = target},
    {.operation = "PutUserPermissionsBoundary", .handle = iam_put_boundary, .target = target},
    {.operation = "PutUserPolicy", .handle = iam_put_inline, .target = target},
    {.operation = "RemoveRoleFromInstanceProfile", .handle = iam_remove_role_from_profile, .target = target},
    {.operation = "RemoveUserFromGroup", .handle = iam_remove_user_from_group, .target = target},
    {.operation = "SetDefaultPolicyVersion", .handle = iam_set_default_policy_version, .target = target},
    {.operation = "SimulateCustomPolicy", .handle = iam_simulate_custom_policy},
    {.operation = "SimulatePrincipalPolicy", .handle = iam_simulate_principal_policy},
    {.operation = "TagInstanceProfile", .handle = iam_tag, .target = target},
    {.operation = "TagPolicy", .handle = iam_tag, .target = target},
    {.operation = "TagRole", .handle = iam_tag, .target = target},
    {.operation = "TagUser", .handle = iam_tag, .target = target},
    {.operation = "UntagInstanceProfile", .handle = iam_untag, .target = target},
    {.operation = "UntagPolicy", .handle = iam_untag, .target = target},
    {.operation = "UntagRole", .handle = iam_untag, .target = target},
    {.operation = "UntagUser", .handle = iam_untag, .target = target},
    {.operation = "UpdateAccessKey", .handle = iam_update_access_key, .target = target},
    {.operation = "UpdateAssumeRolePolicy", .handle = iam_update_assume_role_policy, .target = target},
    {.operation = "UpdateRole", .handle = iam_update_role, .target = target},
    {.operation = "UpdateRoleDescription", .handle = iam_update_role_description, .target = target},
};

const struct handler_table iam_handlers = {"iam", rows, ARRAY_LEN(rows)};
