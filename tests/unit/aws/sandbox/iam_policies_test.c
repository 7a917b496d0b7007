#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define P "{\"PolicyArn\":\"arn:aws:iam::$A:policy/lab/p\""
#define MANAGED "{\"PolicyArn\":\"arn:aws:iam::aws:policy/IAMFullAccess\""

static const struct iam_step policy_steps[] = {
    {"a policy", "CreatePolicy",
     "{\"PolicyName\":\"p\",\"Path\":\"/lab/\",\"PolicyDocument\":$P,\"Description\":\"d\"}", NULL, NULL,
     "Policy.Arn", "\"arn:aws:iam::$A:policy/lab/p\""},
    {"its first version", "GetPolicy", P "}", NULL, NULL, "Policy.DefaultVersionId", "\"v1\""},
    {"nobody uses it", "GetPolicy", P "}", NULL, NULL, "Policy.AttachmentCount", "0"},
    {"Get shows the description", "GetPolicy", P "}", NULL, NULL, "Policy.Description", "\"d\""},
    {"List does not", "ListPolicies", "{\"Scope\":\"Local\"}", NULL, NULL, "Policies.0.Description",
     "absent"},
    {"names are unique, whatever the path", "CreatePolicy", "{\"PolicyName\":\"p\",\"PolicyDocument\":$P}",
     "EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.", NULL, NULL},
    {"a document that is none", "CreatePolicy", "{\"PolicyName\":\"q\",\"PolicyDocument\":$T}",
     "MalformedPolicyDocument", "Policy document should not specify a principal.", NULL, NULL},
    {"no such policy", "GetPolicy", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/no\"}", "NoSuchEntity",
     "Policy arn:aws:iam::$A:policy/no was not found.", NULL, NULL},
    {"no ARN", "GetPolicy", "{\"PolicyArn\":\"a-policy-without-arn\"}", "InvalidInput",
     "ARN a-policy-without-arn is not valid.", NULL, NULL},
    {"the document", "GetPolicyVersion", P ",\"VersionId\":\"v1\"}", NULL, NULL, "PolicyVersion.Document",
     "$P"},
    {"no such version", "GetPolicyVersion", P ",\"VersionId\":\"v9\"}", "NoSuchEntity",
     "Policy arn:aws:iam::$A:policy/lab/p version v9 does not exist or is not attachable.", NULL, NULL},
    {"the next version", "CreatePolicyVersion", P ",\"PolicyDocument\":" ALLOW("s3:*") "}", NULL, NULL,
     "PolicyVersion.VersionId", "\"v2\""},
    {"is not the default", "GetPolicy", P "}", NULL, NULL, "Policy.DefaultVersionId", "\"v1\""},
    {"unless asked", "CreatePolicyVersion", P ",\"PolicyDocument\":$P,\"SetAsDefault\":true}", NULL, NULL,
     "PolicyVersion.IsDefaultVersion", "true"},
    {"a version that does not parse", "CreatePolicyVersion", P ",\"PolicyDocument\":$T}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"newest first, no documents", "ListPolicyVersions", P "}", NULL, NULL, "Versions.0.VersionId", "\"v3\""},
    {"List has no documents", "ListPolicyVersions", P "}", NULL, NULL, "Versions.0.Document", "absent"},
    {"the default stays", "DeletePolicyVersion", P ",\"VersionId\":\"v3\"}", "DeleteConflict",
     "Cannot delete the default version of a policy.", NULL, NULL},
    {"back to the first", "SetDefaultPolicyVersion", P ",\"VersionId\":\"v1\"}", NULL, NULL, NULL, NULL},
    {"to one that is not", "SetDefaultPolicyVersion", P ",\"VersionId\":\"v9\"}", "NoSuchEntity", NULL, NULL,
     NULL},
    {"four", "CreatePolicyVersion", P ",\"PolicyDocument\":$P}", NULL, NULL, NULL, NULL},
    {"five", "CreatePolicyVersion", P ",\"PolicyDocument\":$P}", NULL, NULL, NULL, NULL},
    {"six are too many", "CreatePolicyVersion", P ",\"PolicyDocument\":$P}", "LimitExceeded",
     "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
     "existing version.",
     NULL, NULL},
    {"one gone", "DeletePolicyVersion", P ",\"VersionId\":\"v5\"}", NULL, NULL, NULL, NULL},
    {"numbers are not used twice", "CreatePolicyVersion", P ",\"PolicyDocument\":$P}", NULL, NULL,
     "PolicyVersion.VersionId", "\"v6\""},
    {"attached", "AttachRolePolicy", "{\"RoleName\":\"ide\",\"PolicyArn\":\"arn:aws:iam::$A:policy/lab/p\"}",
     NULL, NULL, NULL, NULL},
    {"counted", "GetPolicy", P "}", NULL, NULL, "Policy.AttachmentCount", "1"},
    {"in use", "DeletePolicy", P "}", "DeleteConflict", "Cannot delete a policy attached to entities.", NULL,
     NULL},
    {"detached", "DetachRolePolicy", "{\"RoleName\":\"ide\",\"PolicyArn\":\"arn:aws:iam::$A:policy/lab/p\"}",
     NULL, NULL, NULL, NULL},
    {"versions first", "DeletePolicy", P "}", "DeleteConflict",
     "This policy has more than one version. Before you delete a policy, you must delete the policy's "
     "versions. The default version is deleted with the policy.",
     NULL, NULL},
    {"", "DeletePolicyVersion", P ",\"VersionId\":\"v2\"}", NULL, NULL, NULL, NULL},
    {"", "DeletePolicyVersion", P ",\"VersionId\":\"v3\"}", NULL, NULL, NULL, NULL},
    {"", "DeletePolicyVersion", P ",\"VersionId\":\"v4\"}", NULL, NULL, NULL, NULL},
    {"", "DeletePolicyVersion", P ",\"VersionId\":\"v6\"}", NULL, NULL, NULL, NULL},
    {"a boundary of somebody", "PutUserPermissionsBoundary",
     "{\"UserName\":\"student\",\"PermissionsBoundary\":\"arn:aws:iam::$A:policy/lab/p\"}", NULL, NULL, NULL,
     NULL},
    {"is in use too", "DeletePolicy", P "}", "DeleteConflict", NULL, NULL, NULL},
    {"", "DeleteUserPermissionsBoundary", "{\"UserName\":\"student\"}", NULL, NULL, NULL, NULL},
    {"it goes", "DeletePolicy", P "}", NULL, NULL, NULL, NULL},
    {"and is gone", "DeletePolicy", P "}", "NoSuchEntity", NULL, NULL, NULL},
    {"AWS's own are there", "GetPolicy", MANAGED "}", NULL, NULL, "Policy.DefaultVersionId", "\"v2\""},
    {"under their path", "GetPolicy",
     "{\"PolicyArn\":\"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole\"}", NULL, NULL,
     "Policy.Path", "\"/service-role/\""},
    {"and nobody deletes them", "DeletePolicy", MANAGED "}", "AccessDenied",
     "User: arn:aws:iam::$A:user/instructor is not authorized to perform: iam:DeletePolicy on resource: "
     "policy arn:aws:iam::aws:policy/IAMFullAccess",
     NULL, NULL},
    {"or changes them", "CreatePolicyVersion", MANAGED ",\"PolicyDocument\":$P}", "AccessDenied", NULL, NULL,
     NULL},
    {"or their default", "SetDefaultPolicyVersion", MANAGED ",\"VersionId\":\"v2\"}", "AccessDenied", NULL,
     NULL, NULL},
};

static void test_policies(void **state)
{
    (void)state;
    iam_play_alone(policy_steps, ARRAY_LEN(policy_steps));
}

static const struct iam_step list_policy_steps[] = {
    {"", "CreatePolicy", "{\"PolicyName\":\"a\",\"PolicyDocument\":$P}", NULL, NULL, NULL, NULL},
    {"", "CreatePolicy", "{\"PolicyName\":\"b\",\"Path\":\"/lab/\",\"PolicyDocument\":$P}", NULL, NULL, NULL,
     NULL},
    {"Local is ours", "ListPolicies", "{\"Scope\":\"Local\"}", NULL, NULL, "Policies.0.PolicyName", "\"a\""},
    {"and nothing more", "ListPolicies", "{\"Scope\":\"Local\"}", NULL, NULL, "Policies.2", "absent"},
    {"a path", "ListPolicies", "{\"Scope\":\"Local\",\"PathPrefix\":\"/lab/\"}", NULL, NULL,
     "Policies.0.PolicyName", "\"b\""},
    {"AWS's own alone", "ListPolicies", "{\"Scope\":\"AWS\",\"PathPrefix\":\"/service-role/\"}", NULL, NULL,
     "Policies.0.PolicyName", "\"AWSLambdaBasicExecutionRole\""},
    {"what is attached", "ListPolicies", "{\"OnlyAttached\":true}", NULL, NULL, "Policies.0.PolicyName",
     "\"AdministratorAccess\""},
    {"nothing else is", "ListPolicies", "{\"OnlyAttached\":true}", NULL, NULL, "Policies.1", "absent"},
    {"what bounds", "ListPolicies", "{\"PolicyUsageFilter\":\"PermissionsBoundary\"}", NULL, NULL, "Policies",
     "[]"},
    {"all", "ListPolicies", "{}", NULL, NULL, "IsTruncated", "false"},
    {"a scope that is none", "ListPolicies", "{\"Scope\":\"Mine\"}", "ValidationError", NULL, NULL, NULL},
};

static void test_list_policies(void **state)
{
    (void)state;
    iam_play_alone(list_policy_steps, ARRAY_LEN(list_policy_steps));
}

static const struct iam_step attachment_steps[] = {
    {"", "CreateGroup", "{\"GroupName\":\"g\"}", NULL, NULL, NULL, NULL},
    {"to a role", "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"twice is once", "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"it is listed", "ListAttachedRolePolicies", "{\"RoleName\":\"ide\"}", NULL, NULL, "AttachedPolicies",
     "[{\"PolicyName\":\"AdministratorAccess\",\"PolicyArn\":\"arn:aws:iam::aws:policy/"
     "AdministratorAccess\"}]"},
    {"by path", "ListAttachedRolePolicies", "{\"RoleName\":\"ide\",\"PathPrefix\":\"/x/\"}", NULL, NULL,
     "AttachedPolicies", "[]"},
    {"to a user", "AttachUserPolicy", "{\"UserName\":\"student\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"to a group", "AttachGroupPolicy", "{\"GroupName\":\"g\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"a group's list", "ListAttachedGroupPolicies", "{\"GroupName\":\"g\"}", NULL, NULL,
     "AttachedPolicies.0.PolicyName", "\"AdministratorAccess\""},
    {"a user's list", "ListAttachedUserPolicies", "{\"UserName\":\"student\"}", NULL, NULL,
     "AttachedPolicies.0.PolicyName", "\"AdministratorAccess\""},
    {"who has it: groups", "ListEntitiesForPolicy", "{" ADMIN_ARN, NULL, NULL, "PolicyGroups.0.GroupName",
     "\"g\""},
    {"who has it: roles", "ListEntitiesForPolicy", "{" ADMIN_ARN, NULL, NULL, "PolicyRoles.0.RoleName",
     "\"ide\""},
    {"who has it: users", "ListEntitiesForPolicy", "{" ADMIN_ARN, NULL, NULL, "PolicyUsers.1.UserName",
     "\"student\""},
    {"only roles", "ListEntitiesForPolicy", "{\"EntityFilter\":\"Role\"," ADMIN_ARN, NULL, NULL,
     "PolicyUsers", "[]"},
    {"only boundaries", "ListEntitiesForPolicy", "{\"PolicyUsageFilter\":\"PermissionsBoundary\"," ADMIN_ARN,
     NULL, NULL, "PolicyRoles", "[]"},
    {"of no policy", "ListEntitiesForPolicy", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/no\"}", "NoSuchEntity",
     NULL, NULL, NULL},
    {"a policy that is not", "AttachRolePolicy",
     "{\"RoleName\":\"ide\",\"PolicyArn\":\"arn:aws:iam::$A:policy/no\"}", "NoSuchEntity",
     "Policy arn:aws:iam::$A:policy/no does not exist or is not attachable.", NULL, NULL},
    {"a role that is not", "AttachRolePolicy", "{\"RoleName\":\"no\"," ADMIN_ARN, "NoSuchEntity",
     "The role with name no cannot be found.", NULL, NULL},
    {"no ARN", "AttachRolePolicy", "{\"RoleName\":\"ide\",\"PolicyArn\":\"AdministratorAccess-x\"}",
     "InvalidInput", NULL, NULL, NULL},
    {"off", "DetachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"off is not on", "DetachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, "NoSuchEntity",
     "Policy arn:aws:iam::aws:policy/AdministratorAccess was not found.", NULL, NULL},
    {"and on again", "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"off a user", "DetachUserPolicy", "{\"UserName\":\"student\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"off a group", "DetachGroupPolicy", "{\"GroupName\":\"g\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    {"off a group twice", "DetachGroupPolicy", "{\"GroupName\":\"g\"," ADMIN_ARN, "NoSuchEntity", NULL, NULL,
     NULL},
};

static void test_attachments(void **state)
{
    (void)state;
    iam_play_alone(attachment_steps, ARRAY_LEN(attachment_steps));
}

static void test_attachment_quota(void **state)
{
    struct sandbox_fixture f = {0};
    char in[400];
    struct error err;

    (void)state;
    fixture_start(&f);
    for (int i = 0; i <= 10; i++) {
        (void)snprintf(in, sizeof in, "{\"PolicyName\":\"p%d\",\"PolicyDocument\":" ALLOW("s3:*") "}", i);
        assert_true(fixture_call(&f, "iam", "CreatePolicy", in, NULL, &err));
        (void)snprintf(in, sizeof in, "{\"RoleName\":\"ide\",\"PolicyArn\":\"arn:aws:iam::%s:policy/p%d\"}",
                       sandbox_account(f.sandbox), i);
        assert_int_equal(fixture_call(&f, "iam", "AttachRolePolicy", in, NULL, &err), i < 10);
    }
    assert_string_equal(err.message, "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10");
    fixture_stop(&f);
}

static const struct iam_step inline_steps[] = {
    {"put", "PutRolePolicy", "{\"RoleName\":\"function-role\",\"PolicyName\":\"b\",\"PolicyDocument\":$P}",
     NULL, NULL, NULL, NULL},
    {"put another", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"a\",\"PolicyDocument\":$P}", NULL, NULL, NULL, NULL},
    {"got", "GetRolePolicy", "{\"RoleName\":\"function-role\",\"PolicyName\":\"b\"}", NULL, NULL,
     "PolicyDocument", "$P"},
    {"listed in order", "ListRolePolicies", "{\"RoleName\":\"function-role\"}", NULL, NULL, "PolicyNames",
     "[\"a\",\"b\"]"},
    {"bad ones are refused", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"c\",\"PolicyDocument\":\"[]\"}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"gone", "DeleteRolePolicy", "{\"RoleName\":\"function-role\",\"PolicyName\":\"a\"}", NULL, NULL, NULL,
     NULL},
    {"twice gone", "DeleteRolePolicy", "{\"RoleName\":\"function-role\",\"PolicyName\":\"a\"}",
     "NoSuchEntity", "The role policy with name a cannot be found.", NULL, NULL},
    {"not to be got", "GetRolePolicy", "{\"RoleName\":\"function-role\",\"PolicyName\":\"a\"}",
     "NoSuchEntity", NULL, NULL, NULL},
    {"of no role", "ListRolePolicies", "{\"RoleName\":\"no\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"a user's", "PutUserPolicy", "{\"UserName\":\"student\",\"PolicyName\":\"u\",\"PolicyDocument\":$P}",
     NULL, NULL, NULL, NULL},
    {"a user's is got", "GetUserPolicy", "{\"UserName\":\"student\",\"PolicyName\":\"u\"}", NULL, NULL,
     "UserName", "\"student\""},
    {"a user's list", "ListUserPolicies", "{\"UserName\":\"student\"}", NULL, NULL, "PolicyNames", "[\"u\"]"},
    {"a user's is gone", "DeleteUserPolicy", "{\"UserName\":\"student\",\"PolicyName\":\"u\"}", NULL, NULL,
     NULL, NULL},
    {"a user's is missed", "GetUserPolicy", "{\"UserName\":\"student\",\"PolicyName\":\"u\"}", "NoSuchEntity",
     "The user policy with name u cannot be found.", NULL, NULL},
};

static void test_inline(void **state)
{
    (void)state;
    iam_play_alone(inline_steps, ARRAY_LEN(inline_steps));
}

static const struct iam_step boundary_steps[] = {
    {"a role's", "PutRolePermissionsBoundary",
     "{\"RoleName\":\"ide\",\"PermissionsBoundary\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}", NULL,
     NULL, NULL, NULL},
    {"is shown", "GetRole", "{\"RoleName\":\"ide\"}", NULL, NULL, "Role.PermissionsBoundary",
     "{\"PermissionsBoundaryType\":\"Policy\",\"PermissionsBoundaryArn\":\"arn:aws:iam::aws:policy/"
     "IAMReadOnlyAccess\"}"},
    {"is counted", "GetPolicy", "{\"PolicyArn\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}", NULL, NULL,
     "Policy.PermissionsBoundaryUsageCount", "1"},
    {"is not an attachment", "GetPolicy", "{\"PolicyArn\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}",
     NULL, NULL, "Policy.AttachmentCount", "0"},
    {"goes", "DeleteRolePermissionsBoundary", "{\"RoleName\":\"ide\"}", NULL, NULL, NULL, NULL},
    {"is gone", "GetRole", "{\"RoleName\":\"ide\"}", NULL, NULL, "Role.PermissionsBoundary", "absent"},
    {"twice", "DeleteRolePermissionsBoundary", "{\"RoleName\":\"ide\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"of no role", "PutRolePermissionsBoundary",
     "{\"RoleName\":\"no\",\"PermissionsBoundary\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}",
     "NoSuchEntity", NULL, NULL, NULL},
};

static void test_boundaries(void **state)
{
    (void)state;
    iam_play_alone(boundary_steps, ARRAY_LEN(boundary_steps));
}

static const struct iam_step tag_steps[] = {
    {"two", "TagRole",
     "{\"RoleName\":\"ide\",\"Tags\":[{\"Key\":\"b\",\"Value\":\"1\"},{\"Key\":\"a\",\"Value\":\"2\"}]}",
     NULL, NULL, NULL, NULL},
    {"one again, by another case", "TagRole",
     "{\"RoleName\":\"ide\",\"Tags\":[{\"Key\":\"A\",\"Value\":\"3\"}]}", NULL, NULL, NULL, NULL},
    {"replaced", "ListRoleTags", "{\"RoleName\":\"ide\"}", NULL, NULL, "Tags",
     "[{\"Key\":\"A\",\"Value\":\"3\"},{\"Key\":\"b\",\"Value\":\"1\"}]"},
    {"AWS's own prefix", "TagRole", "{\"RoleName\":\"ide\",\"Tags\":[{\"Key\":\"aws:x\",\"Value\":\"\"}]}",
     "InvalidInput", NULL, NULL, NULL},
    {"off, and one that is not", "UntagRole", "{\"RoleName\":\"ide\",\"TagKeys\":[\"a\",\"zz\"]}", NULL, NULL,
     NULL, NULL},
    {"one is left", "ListRoleTags", "{\"RoleName\":\"ide\"}", NULL, NULL, "Tags",
     "[{\"Key\":\"b\",\"Value\":\"1\"}]"},
    {"of no role", "TagRole", "{\"RoleName\":\"no\",\"Tags\":[]}", "NoSuchEntity", NULL, NULL, NULL},
    {"a user's", "TagUser", "{\"UserName\":\"student\",\"Tags\":[{\"Key\":\"b\",\"Value\":\"1\"}]}", NULL,
     NULL, NULL, NULL},
    {"a user's are shown", "GetUser", "{\"UserName\":\"student\"}", NULL, NULL, "User.Tags.0.Key", "\"b\""},
    {"a user's list", "ListUserTags", "{\"UserName\":\"student\"}", NULL, NULL, "Tags.0.Key", "\"b\""},
    {"a user's go", "UntagUser", "{\"UserName\":\"student\",\"TagKeys\":[\"b\"]}", NULL, NULL, NULL, NULL},
    {"a profile's", "TagInstanceProfile",
     "{\"InstanceProfileName\":\"ide-profile\",\"Tags\":[{\"Key\":\"lab:original\",\"Value\":\"1\"}]}", NULL,
     NULL, NULL, NULL},
    {"a profile's are shown", "GetInstanceProfile", "{\"InstanceProfileName\":\"ide-profile\"}", NULL, NULL,
     "InstanceProfile.Tags.0.Key", "\"lab:original\""},
    {"a profile's list", "ListInstanceProfileTags", "{\"InstanceProfileName\":\"ide-profile\"}", NULL, NULL,
     "Tags.0.Value", "\"1\""},
    {"a profile's go", "UntagInstanceProfile",
     "{\"InstanceProfileName\":\"ide-profile\",\"TagKeys\":[\"lab:original\"]}", NULL, NULL, NULL, NULL},
    {"", "CreatePolicy", "{\"PolicyName\":\"p\",\"PolicyDocument\":$P}", NULL, NULL, NULL, NULL},
    {"a policy's", "TagPolicy",
     "{\"PolicyArn\":\"arn:aws:iam::$A:policy/p\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}", NULL, NULL,
     NULL, NULL},
    {"a policy's are shown", "GetPolicy", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/p\"}", NULL, NULL,
     "Policy.Tags.0.Key", "\"k\""},
    {"a policy's list", "ListPolicyTags", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/p\"}", NULL, NULL,
     "Tags.0.Key", "\"k\""},
    {"a policy's go", "UntagPolicy", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/p\",\"TagKeys\":[\"K\"]}", NULL,
     NULL, NULL, NULL},
    {"all gone", "ListPolicyTags", "{\"PolicyArn\":\"arn:aws:iam::$A:policy/p\"}", NULL, NULL, "Tags", "[]"},
};

static void test_tags(void **state)
{
    (void)state;
    iam_play_alone(tag_steps, ARRAY_LEN(tag_steps));
}

static void test_tag_quota(void **state)
{
    struct sandbox_fixture f = {0};
    char in[200];
    struct error err;

    (void)state;
    fixture_start(&f);
    for (int i = 0; i <= 50; i++) {
        (void)snprintf(in, sizeof in, "{\"RoleName\":\"ide\",\"Tags\":[{\"Key\":\"k%d\",\"Value\":\"\"}]}",
                       i);
        assert_int_equal(fixture_call(&f, "iam", "TagRole", in, NULL, &err), i < 50);
    }
    assert_string_equal(err.remote_code, "LimitExceeded");
    /* What is there already is no more. */
    assert_true(fixture_call(&f, "iam", "TagRole",
                             "{\"RoleName\":\"ide\",\"Tags\":[{\"Key\":\"K7\",\"Value\":\"x\"}]}", NULL,
                             &err));
    fixture_stop(&f);
}

/* Both directions lag; IAM's own lists do not. */
static void test_attachment_lags(void **state)
{
    struct sandbox_fixture f = {.options = {.propagation_ms = 5000}};
    static const char attach[] = "{\"UserName\":\"student\"," ADMIN_ARN;
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", key);
    assert_true(fixture_call(&f, "iam", "AttachUserPolicy", attach, NULL, &err));
    assert_false(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    fixture_advance(&f, 5000);
    assert_true(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    assert_true(fixture_call(&f, "iam", "DetachUserPolicy", attach, NULL, &err));
    assert_true(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    assert_false(fixture_call(&f, "iam", "DetachUserPolicy", attach, NULL, &err));
    fixture_advance(&f, 5000);
    assert_false(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_list_policies),
        cmocka_unit_test(test_attachments),
        cmocka_unit_test(test_attachment_quota),
        cmocka_unit_test(test_inline),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_tag_quota),
        cmocka_unit_test(test_attachment_lags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
