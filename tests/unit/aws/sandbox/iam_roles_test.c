#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct iam_step role_steps[] = {
    {"a role", "CreateRole",
     "{\"RoleName\":\"Workshop\",\"Path\":\"/lab/\",\"AssumeRolePolicyDocument\":$T,\"Description\":\"d\","
     "\"Tags\":[{\"Key\":\"lab:name\",\"Value\":\"x\"}]}",
     NULL, NULL, "Role.Arn", "\"arn:aws:iam::$A:role/lab/Workshop\""},
    {"an hour unless said", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL, "Role.MaxSessionDuration",
     "3600"},
    {"Get shows tags", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL, "Role.Tags",
     "[{\"Key\":\"lab:name\",\"Value\":\"x\"}]"},
    {"Get shows the description", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL, "Role.Description",
     "\"d\""},
    {"the document is decoded text", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL,
     "Role.AssumeRolePolicyDocument", "$T"},
    {"List leaves the tags out", "ListRoles", "{\"PathPrefix\":\"/lab/\"}", NULL, NULL, "Roles.0.Tags",
     "absent"},
    {"List leaves the description out", "ListRoles", "{\"PathPrefix\":\"/lab/\"}", NULL, NULL,
     "Roles.0.Description", "absent"},
    {"the path selects", "ListRoles", "{\"PathPrefix\":\"/other/\"}", NULL, NULL, "Roles", "[]"},
    {"names are unique", "CreateRole", "{\"RoleName\":\"Workshop\",\"AssumeRolePolicyDocument\":$T}",
     "EntityAlreadyExists", "Role with name Workshop already exists.", NULL, NULL},
    {"by more than case", "CreateRole", "{\"RoleName\":\"workshop\",\"AssumeRolePolicyDocument\":$T}",
     "EntityAlreadyExists", NULL, NULL, NULL},
    {"no such role", "GetRole", "{\"RoleName\":\"nobody\"}", "NoSuchEntity",
     "The role with name nobody cannot be found.", NULL, NULL},
    {"no role to update", "UpdateRole", "{\"RoleName\":\"nobody\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"no role to delete", "DeleteRole", "{\"RoleName\":\"nobody\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"a longer session", "UpdateRole", "{\"RoleName\":\"Workshop\",\"MaxSessionDuration\":7200}", NULL, NULL,
     NULL, NULL},
    {"what was not said stays", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL, "Role.Description",
     "\"d\""},
    {"the longer session is kept", "GetRole", "{\"RoleName\":\"Workshop\"}", NULL, NULL,
     "Role.MaxSessionDuration", "7200"},
    {"another description", "UpdateRoleDescription", "{\"RoleName\":\"Workshop\",\"Description\":\"e\"}",
     NULL, NULL, "Role.Description", "\"e\""},
    {"a session too long for a role", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$T,\"MaxSessionDuration\":50000}", "ValidationError",
     NULL, NULL, NULL},
    {"tags differ by more than case", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$T,\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},"
     "{\"Key\":\"A\",\"Value\":\"2\"}]}",
     "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.", NULL, NULL},
    {"nothing was left by refusals", "GetRole", "{\"RoleName\":\"r\"}", "NoSuchEntity", NULL, NULL, NULL},
};

static void test_roles(void **state)
{
    (void)state;
    iam_play_alone(role_steps, ARRAY_LEN(role_steps));
}

static const struct iam_step trust_steps[] = {
    {"a name outside its pattern", "CreateRole", "{\"RoleName\":\"a b\",\"AssumeRolePolicyDocument\":$T}",
     "ValidationError",
     "1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must "
     "satisfy "
     "regular expression pattern: [\\w+=,.@-]+",
     NULL, NULL},
    {"a path without its slashes", "CreateRole",
     "{\"RoleName\":\"r\",\"Path\":\"x\",\"AssumeRolePolicyDocument\":$T}", "ValidationError", NULL, NULL,
     NULL},
    {"not JSON", "CreateRole", "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":\"{\"}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"an identity policy is no trust policy", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$P}", "MalformedPolicyDocument", NULL, NULL, NULL},
    {"a role that is not", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::$A:role/nobody\\\"") "}",
     "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:aws:iam::$A:role/nobody\"", NULL,
     NULL},
    {"a path that is not the role's", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::$A:role/x/ide\\\"") "}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"one of several", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":[\\\"arn:aws:iam::$A:root\\\",\\\"arn:aws:iam::$A:user/nobody\\\"]") "}",
     "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:aws:iam::$A:user/nobody\"", NULL,
     NULL},
    {"a session of no role", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:sts::$A:assumed-role/nobody/s\\\"") "}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"an id that nobody has", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"AROAAAAAAAAAAAAAAAAAA\\\"") "}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"a role of an account that is not here", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::123456789012:role/a\\\"") "}",
     "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/a\"",
     NULL, NULL},
    {"another account may be trusted", "CreateRole",
     "{\"RoleName\":\"foreign\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::123456789012:root\\\"") "}",
     NULL, NULL, NULL, NULL},
    {"a service that is none", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST("\\\"Service\\\":\\\"ec2\\\"") "}",
     "MalformedPolicyDocument", "Invalid principal in policy: \"SERVICE\":\"ec2\"", NULL, NULL},
    {"the account, a role, a session, a user", "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":[\\\"$A\\\",\\\"arn:aws:iam::$A:role/ide\\\","
         "\\\"arn:aws:sts::$A:assumed-role/ide/s\\\",\\\"arn:aws:iam::$A:user/student\\\"]") "}",
     NULL, NULL, NULL, NULL},
    {"another trust", "UpdateAssumeRolePolicy", "{\"RoleName\":\"r\",\"PolicyDocument\":$T}", NULL, NULL,
     NULL, NULL},
    {"it is kept", "GetRole", "{\"RoleName\":\"r\"}", NULL, NULL, "Role.AssumeRolePolicyDocument", "$T"},
    {"a bad one", "UpdateAssumeRolePolicy", "{\"RoleName\":\"r\",\"PolicyDocument\":$P}",
     "MalformedPolicyDocument", NULL, NULL, NULL},
    {"changes nothing", "GetRole", "{\"RoleName\":\"r\"}", NULL, NULL, "Role.AssumeRolePolicyDocument", "$T"},
    {"a boundary that is not", "CreateRole",
     "{\"RoleName\":\"s\",\"AssumeRolePolicyDocument\":$T,\"PermissionsBoundary\":\"arn:aws:iam::$A:policy/"
     "no\"}",
     "NoSuchEntity", "Scope ARN: arn:aws:iam::$A:policy/no does not exist or is not attachable.", NULL, NULL},
};

static void test_trust(void **state)
{
    (void)state;
    iam_play_alone(trust_steps, ARRAY_LEN(trust_steps));
}

/** {"NAME": …} with a trust or inline document of so many characters. */
static void long_document(struct buf *in, const char *head, bool trust, size_t chars)
{
    static const char open[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",";
    CLEANUP(buf_release) struct buf document = {0};

    buf_adds(&document, open);
    buf_adds(&document,
             trust ? "\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\","
                     "\"Condition\":{\"StringEquals\":{\"aws:PrincipalTag/a\":\""
                   : "\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
                     "\"aws:PrincipalTag/a\":\"");
    while (document.len + 5 < chars)
        buf_addc(&document, 'x');
    buf_adds(&document, "\"}}}}"); /* 5 characters */
    buf_adds(&document, " \n\t "); /* white space does not count */
    buf_adds(in, head);
    json_write_string(buf_str(&document), in);
    buf_adds(in, "}");
}

static const struct {
    const char *why, *operation, *head;
    bool trust;
    size_t chars;
    const char *text; /* NULL: accepted */
} sizes[] = {
    {"a trust policy at its quota", "CreateRole", "{\"RoleName\":\"a\",\"AssumeRolePolicyDocument\":", true,
     2048, NULL},
    {"a trust policy over it", "CreateRole", "{\"RoleName\":\"b\",\"AssumeRolePolicyDocument\":", true, 2049,
     "Cannot exceed quota for ACLSizePerRole: 2048"},
    {"a managed policy at its quota", "CreatePolicy", "{\"PolicyName\":\"a\",\"PolicyDocument\":", false,
     6144, NULL},
    {"a managed policy over it", "CreatePolicy", "{\"PolicyName\":\"b\",\"PolicyDocument\":", false, 6145,
     "Cannot exceed quota for PolicySize: 6144"},
    {"half of a role's inline quota", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"a\",\"PolicyDocument\":", false, 5120, NULL},
    {"the other half", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"b\",\"PolicyDocument\":", false, 5120, NULL},
    {"the same again replaces", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"b\",\"PolicyDocument\":", false, 5120, NULL},
    {"the sum counts", "PutRolePolicy",
     "{\"RoleName\":\"function-role\",\"PolicyName\":\"c\",\"PolicyDocument\":", false, 200,
     "Maximum policy size of 10240 bytes exceeded for role function-role"},
    {"a user's inline quota", "PutUserPolicy",
     "{\"UserName\":\"student\",\"PolicyName\":\"a\",\"PolicyDocument\":", false, 2049,
     "Maximum policy size of 2048 bytes exceeded for user student"},
};

static void test_sizes(void **state)
{
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(buf_release) struct buf in = {0};
        struct error err = {0};
        bool ok;

        long_document(&in, sizes[i].head, sizes[i].trust, sizes[i].chars);
        ok = fixture_call(&f, "iam", sizes[i].operation, buf_text(&in), NULL, &err);
        if (ok != (sizes[i].text == NULL))
            fail_msg("%s: %s", sizes[i].why, ok ? "accepted" : err.message);
        if (!ok) {
            assert_string_equal(err.remote_code, "LimitExceeded");
            assert_string_equal(error_text(&err).data, sizes[i].text);
        }
    }
    fixture_stop(&f);
}

static const struct iam_step delete_role_steps[] = {
    {"", "CreateRole", "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$T}", NULL, NULL, NULL, NULL},
    {"", "CreateInstanceProfile", "{\"InstanceProfileName\":\"p\"}", NULL, NULL, NULL, NULL},
    {"", "AddRoleToInstanceProfile", "{\"InstanceProfileName\":\"p\",\"RoleName\":\"r\"}", NULL, NULL, NULL,
     NULL},
    {"", "AttachRolePolicy",
     "{\"RoleName\":\"r\",\"PolicyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}", NULL, NULL, NULL,
     NULL},
    {"", "PutRolePolicy", "{\"RoleName\":\"r\",\"PolicyName\":\"in\",\"PolicyDocument\":$P}", NULL, NULL,
     NULL, NULL},
    {"first the profile", "DeleteRole", "{\"RoleName\":\"r\"}", "DeleteConflict",
     "Cannot delete entity, must remove roles from instance profile first.", NULL, NULL},
    {"", "RemoveRoleFromInstanceProfile", "{\"InstanceProfileName\":\"p\",\"RoleName\":\"r\"}", NULL, NULL,
     NULL, NULL},
    {"then attachments", "DeleteRole", "{\"RoleName\":\"r\"}", "DeleteConflict",
     "Cannot delete entity, must detach all policies first.", NULL, NULL},
    {"", "DetachRolePolicy",
     "{\"RoleName\":\"r\",\"PolicyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}", NULL, NULL, NULL,
     NULL},
    {"then inline policies", "DeleteRole", "{\"RoleName\":\"r\"}", "DeleteConflict",
     "Cannot delete entity, must delete policies first.", NULL, NULL},
    {"", "DeleteRolePolicy", "{\"RoleName\":\"r\",\"PolicyName\":\"in\"}", NULL, NULL, NULL, NULL},
    {"then it goes", "DeleteRole", "{\"RoleName\":\"r\"}", NULL, NULL, NULL, NULL},
    {"and is gone", "GetRole", "{\"RoleName\":\"r\"}", "NoSuchEntity", NULL, NULL, NULL},
};

static void test_delete_role(void **state)
{
    (void)state;
    iam_play_alone(delete_role_steps, ARRAY_LEN(delete_role_steps));
}

#define PROFILE "{\"InstanceProfileName\":\"p\""

static const struct iam_step profile_steps[] = {
    {"a profile", "CreateInstanceProfile", PROFILE ",\"Path\":\"/lab/\"}", NULL, NULL, "InstanceProfile.Arn",
     "\"arn:aws:iam::$A:instance-profile/lab/p\""},
    {"empty at first", "GetInstanceProfile", PROFILE "}", NULL, NULL, "InstanceProfile.Roles", "[]"},
    {"once", "CreateInstanceProfile", PROFILE "}", "EntityAlreadyExists",
     "Instance Profile p already exists.", NULL, NULL},
    {"none", "GetInstanceProfile", "{\"InstanceProfileName\":\"no\"}", "NoSuchEntity",
     "Instance Profile no cannot be found.", NULL, NULL},
    {"a role for it", "AddRoleToInstanceProfile", PROFILE ",\"RoleName\":\"function-role\"}", NULL, NULL,
     NULL, NULL},
    {"with all of it", "GetInstanceProfile", PROFILE "}", NULL, NULL, "InstanceProfile.Roles.0.Arn",
     "\"arn:aws:iam::$A:role/function-role\""},
    {"one role only", "AddRoleToInstanceProfile", PROFILE ",\"RoleName\":\"ide\"}", "LimitExceeded",
     "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", NULL, NULL},
    {"no role to add", "AddRoleToInstanceProfile", PROFILE ",\"RoleName\":\"no\"}", "NoSuchEntity",
     "The role with name no cannot be found.", NULL, NULL},
    {"no profile to fill", "AddRoleToInstanceProfile",
     "{\"InstanceProfileName\":\"no\",\"RoleName\":\"ide\"}", "NoSuchEntity",
     "Instance Profile no cannot be found.", NULL, NULL},
    {"profiles of a role", "ListInstanceProfilesForRole", "{\"RoleName\":\"ide\"}", NULL, NULL,
     "InstanceProfiles.0.InstanceProfileName", "\"ide-profile\""},
    {"not those of others", "ListInstanceProfilesForRole", "{\"RoleName\":\"ide\"}", NULL, NULL,
     "InstanceProfiles.1", "absent"},
    {"of no role", "ListInstanceProfilesForRole", "{\"RoleName\":\"no\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"all", "ListInstanceProfiles", "{}", NULL, NULL, "InstanceProfiles.1.InstanceProfileName", "\"p\""},
    {"with a role inside it stays", "DeleteInstanceProfile", PROFILE "}", "DeleteConflict",
     "Cannot delete entity, must remove roles from instance profile first.", NULL, NULL},
    {"another role is not inside", "RemoveRoleFromInstanceProfile", PROFILE ",\"RoleName\":\"ide\"}",
     "NoSuchEntity", NULL, NULL, NULL},
    {"out", "RemoveRoleFromInstanceProfile", PROFILE ",\"RoleName\":\"function-role\"}", NULL, NULL, NULL,
     NULL},
    {"it goes", "DeleteInstanceProfile", PROFILE "}", NULL, NULL, NULL, NULL},
    {"and is gone", "DeleteInstanceProfile", PROFILE "}", "NoSuchEntity", NULL, NULL, NULL},
};

static void test_profiles(void **state)
{
    (void)state;
    iam_play_alone(profile_steps, ARRAY_LEN(profile_steps));
}

static const struct iam_step new_principal_steps[] = {
    {"", "CreateRole", "{\"RoleName\":\"a\",\"AssumeRolePolicyDocument\":$T}", NULL, NULL, NULL, NULL},
};
static const struct iam_step trusting_steps[] = {
    {"not known yet", "CreateRole",
     "{\"RoleName\":\"b\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::$A:role/a\\\"") "}",
     "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:aws:iam::$A:role/a\"", NULL,
     NULL},
};
static const struct iam_step trusted_steps[] = {
    {"known", "CreateRole",
     "{\"RoleName\":\"b\",\"AssumeRolePolicyDocument\":" TRUST(
         "\\\"AWS\\\":\\\"arn:aws:iam::$A:role/a\\\"") "}",
     NULL, NULL, NULL, NULL},
    {"", "DeleteRole", "{\"RoleName\":\"a\"}", NULL, NULL, NULL, NULL},
    {"", "CreateRole", "{\"RoleName\":\"a\",\"AssumeRolePolicyDocument\":$T}", NULL, NULL, NULL, NULL},
};

/* Facts 4: a principal is known after a while, and leaves its id when it goes;
 * one made anew by that name is not trusted. */
static void test_principals_come_and_go(void **state)
{
    struct sandbox_fixture f = {.options = {.propagation_ms = 5000}};
    char id[22];
    const char *trust;

    (void)state;
    fixture_start(&f);
    iam_play(&f, new_principal_steps, ARRAY_LEN(new_principal_steps));
    iam_play(&f, trusting_steps, ARRAY_LEN(trusting_steps));
    fixture_advance(&f, 5000);
    (void)snprintf(id, sizeof id, "%s",
                   json_get_text(world_get(f.sandbox->world, "iam.role", "a"), "RoleId"));
    iam_play(&f, trusted_steps, ARRAY_LEN(trusted_steps));
    trust = json_get_text(world_get(f.sandbox->world, "iam.role", "b"), "AssumeRolePolicyDocument");
    assert_non_null(strstr(trust, id));
    assert_null(strstr(trust, "role/a"));
    fixture_stop(&f);
}

/* Sessions of a role that is gone have nothing, nor by another of its name. */
static void test_deleted_role_sessions(void **state)
{
    struct sandbox_fixture f = {0};
    static const struct iam_step again[] = {
        {"", "DetachRolePolicy", "{\"RoleName\":\"function-role\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
        {"", "DeleteRole", "{\"RoleName\":\"function-role\"}", NULL, NULL, NULL, NULL},
        {"", "CreateRole", "{\"RoleName\":\"function-role\",\"AssumeRolePolicyDocument\":$T}", NULL, NULL,
         NULL, NULL},
        {"", "AttachRolePolicy", "{\"RoleName\":\"function-role\"," ADMIN_ARN, NULL, NULL, NULL, NULL},
    };
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "AttachRolePolicy", "{\"RoleName\":\"function-role\"," ADMIN_ARN,
                             NULL, &err));
    fixture_role_key(&f, "function-role", "s", key);
    assert_true(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    iam_play(&f, again, ARRAY_LEN(again));
    assert_false(fixture_call_as(&f, key, "iam", "ListRoles", NULL, NULL, &err));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_delete_role),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_principals_come_and_go),
        cmocka_unit_test(test_deleted_role_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
