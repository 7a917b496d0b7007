#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct iam_step user_steps[] = {
    {"a user", "CreateUser", "{\"UserName\":\"ann\",\"Path\":\"/team/\"}", NULL, NULL, "User.Arn",
     "\"arn:aws:iam::$A:user/team/ann\""},
    {"once", "CreateUser", "{\"UserName\":\"Ann\"}", "EntityAlreadyExists",
     "User with name Ann already exists.", NULL, NULL},
    {"none", "GetUser", "{\"UserName\":\"no\"}", "NoSuchEntity", "The user with name no cannot be found.",
     NULL, NULL},
    {"oneself", "GetUser", "{}", NULL, NULL, "User.UserName", "\"instructor\""},
    {"by path", "ListUsers", "{\"PathPrefix\":\"/team/\"}", NULL, NULL, "Users.0.UserName", "\"ann\""},
    {"others are elsewhere", "ListUsers", "{\"PathPrefix\":\"/team/\"}", NULL, NULL, "Users.1", "absent"},
    {"a key", "CreateAccessKey", "{\"UserName\":\"ann\"}", NULL, NULL, "AccessKey.Status", "\"Active\""},
    {"a second key", "CreateAccessKey", "{\"UserName\":\"ann\"}", NULL, NULL, "AccessKey.UserName",
     "\"ann\""},
    {"no third", "CreateAccessKey", "{\"UserName\":\"ann\"}", "LimitExceeded",
     "Cannot exceed quota for AccessKeysPerUser: 2", NULL, NULL},
    {"a list without secrets", "ListAccessKeys", "{\"UserName\":\"ann\"}", NULL, NULL,
     "AccessKeyMetadata.1.secret", "absent"},
    {"keys keep a user", "DeleteUser", "{\"UserName\":\"ann\"}", "DeleteConflict",
     "Cannot delete entity, must delete access keys first.", NULL, NULL},
    {"no such key", "DeleteAccessKey", "{\"UserName\":\"ann\",\"AccessKeyId\":\"AKIAAAAAAAAAAAAAAAAA\"}",
     "NoSuchEntity", "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.", NULL, NULL},
    {"a stranger's key", "GetAccessKeyLastUsed", "{\"AccessKeyId\":\"AKIAAAAAAAAAAAAAAAAA\"}", "AccessDenied",
     NULL, NULL, NULL},
    {"a key for nobody", "CreateAccessKey", "{\"UserName\":\"no\"}", "NoSuchEntity", NULL, NULL, NULL},
    {"a group", "CreateGroup", "{\"GroupName\":\"g\"}", NULL, NULL, "Group.Arn",
     "\"arn:aws:iam::$A:group/g\""},
    {"one group", "CreateGroup", "{\"GroupName\":\"G\"}", "EntityAlreadyExists",
     "Group with name G already exists.", NULL, NULL},
    {"in", "AddUserToGroup", "{\"GroupName\":\"g\",\"UserName\":\"student\"}", NULL, NULL, NULL, NULL},
    {"in twice", "AddUserToGroup", "{\"GroupName\":\"g\",\"UserName\":\"student\"}", NULL, NULL, NULL, NULL},
    {"its users", "GetGroup", "{\"GroupName\":\"g\"}", NULL, NULL, "Users.0.UserName", "\"student\""},
    {"one of them", "GetGroup", "{\"GroupName\":\"g\"}", NULL, NULL, "Users.1", "absent"},
    {"their groups", "ListGroupsForUser", "{\"UserName\":\"student\"}", NULL, NULL, "Groups.0.GroupName",
     "\"g\""},
    {"all groups", "ListGroups", "{}", NULL, NULL, "Groups.0.GroupName", "\"g\""},
    {"no group to join", "AddUserToGroup", "{\"GroupName\":\"no\",\"UserName\":\"student\"}", "NoSuchEntity",
     "The group with name no cannot be found.", NULL, NULL},
    {"nobody to join", "AddUserToGroup", "{\"GroupName\":\"g\",\"UserName\":\"no\"}", "NoSuchEntity", NULL,
     NULL, NULL},
    {"users keep a group", "DeleteGroup", "{\"GroupName\":\"g\"}", "DeleteConflict",
     "Cannot delete entity, must remove users from group first.", NULL, NULL},
    {"a group keeps a user", "DeleteUser", "{\"UserName\":\"student\"}", "DeleteConflict",
     "Cannot delete entity, must remove users from group first.", NULL, NULL},
    {"a group's policy", "PutGroupPolicy", "{\"GroupName\":\"g\",\"PolicyName\":\"i\",\"PolicyDocument\":$P}",
     NULL, NULL, NULL, NULL},
    {"a group's policy is got", "GetGroupPolicy", "{\"GroupName\":\"g\",\"PolicyName\":\"i\"}", NULL, NULL,
     "GroupName", "\"g\""},
    {"out", "RemoveUserFromGroup", "{\"GroupName\":\"g\",\"UserName\":\"student\"}", NULL, NULL, NULL, NULL},
    {"policies keep a group", "DeleteGroup", "{\"GroupName\":\"g\"}", "DeleteConflict",
     "Cannot delete entity, must delete policies first.", NULL, NULL},
    {"a group's list", "ListGroupPolicies", "{\"GroupName\":\"g\"}", NULL, NULL, "PolicyNames", "[\"i\"]"},
    {"off", "DeleteGroupPolicy", "{\"GroupName\":\"g\",\"PolicyName\":\"i\"}", NULL, NULL, NULL, NULL},
    {"the group goes", "DeleteGroup", "{\"GroupName\":\"g\"}", NULL, NULL, NULL, NULL},
    {"the user goes", "DeleteUser", "{\"UserName\":\"student\"}", NULL, NULL, NULL, NULL},
    {"and is gone", "DeleteUser", "{\"UserName\":\"student\"}", "NoSuchEntity", NULL, NULL, NULL},
};

static void test_users(void **state)
{
    (void)state;
    iam_play_alone(user_steps, ARRAY_LEN(user_steps));
}

/* A key works, rests, works again and is gone. */
static void test_access_key_life(void **state)
{
    struct sandbox_fixture f = {0};
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err;
    char id[129], in[300];

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "CreateAccessKey", "{\"UserName\":\"student\"}", &out, &err));
    (void)snprintf(id, sizeof id, "%s", json_text(json_path(out, "AccessKey.AccessKeyId")));
    assert_int_equal(strlen(json_text(json_path(out, "AccessKey.SecretAccessKey"))), 40);
    assert_true(fixture_call_as(&f, id, "sts", "GetCallerIdentity", NULL, NULL, &err));
    (void)snprintf(in, sizeof in, "{\"UserName\":\"student\",\"AccessKeyId\":\"%s\",\"Status\":\"Inactive\"}",
                   id);
    assert_true(fixture_call(&f, "iam", "UpdateAccessKey", in, NULL, &err));
    assert_false(fixture_call_as(&f, id, "sts", "GetCallerIdentity", NULL, NULL, &err));
    (void)snprintf(in, sizeof in, "{\"UserName\":\"student\",\"AccessKeyId\":\"%s\"}", id);
    assert_true(fixture_call(&f, "iam", "DeleteAccessKey", in, NULL, &err));
    assert_false(fixture_call(&f, "iam", "DeleteAccessKey", in, NULL, &err));
    assert_string_equal(err.remote_code, "NoSuchEntity");
    fixture_stop(&f);
}

/* The trail knows of a new key, not what is secret about it. */
static void test_trail_of_a_key(void **state)
{
    struct sandbox_fixture f = {0};
    CLEANUP(json_freep) struct json *key = NULL;
    CLEANUP(json_freep) struct json *events = NULL;
    struct error err;
    const char *event;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "CreateAccessKey", "{\"UserName\":\"student\"}", &key, &err));
    assert_true(fixture_call(&f, "cloudtrail", "LookupEvents",
                             "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":"
                             "\"CreateAccessKey\"}]}",
                             &events, &err));
    event = json_text(json_path(events, "Events.0.CloudTrailEvent"));
    assert_non_null(strstr(event, json_text(json_path(key, "AccessKey.AccessKeyId"))));
    assert_null(strstr(event, json_text(json_path(key, "AccessKey.SecretAccessKey"))));
    fixture_stop(&f);
}

static void test_session_has_no_user(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, &err));
    fixture_role_key(&f, "ide", "s", key);
    assert_false(fixture_call_as(&f, key, "iam", "GetUser", NULL, NULL, &err));
    assert_string_equal(err.message,
                        "ValidationError: Must specify userName when calling with non-User credentials");
    fixture_stop(&f);
}

static const struct iam_step account_steps[] = {
    {"no alias", "ListAccountAliases", "{}", NULL, NULL, "AccountAliases", "[]"},
    {"users", "GetAccountSummary", "{}", NULL, NULL, "SummaryMap.Users", "2"},
    {"roles", "GetAccountSummary", "{}", NULL, NULL, "SummaryMap.Roles", "2"},
    {"AWS's policies are not ours", "GetAccountSummary", "{}", NULL, NULL, "SummaryMap.Policies", "0"},
    {"a quota", "GetAccountSummary", "{}", NULL, NULL, "SummaryMap.VersionsPerPolicyQuota", "5"},
};

static void test_account(void **state)
{
    struct sandbox_fixture f = {0};
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err;

    (void)state;
    iam_play_alone(account_steps, ARRAY_LEN(account_steps));
    fixture_start_world(&f, "{\"account\":{\"alias\":\"workshop\"},\"admin\":\"a\",\"users\":{\"a\":"
                            "{\"policies\":[\"AdministratorAccess\"]}}}");
    assert_true(fixture_call(&f, "iam", "ListAccountAliases", NULL, &out, &err));
    assert_string_equal(json_text(json_path(out, "AccountAliases.0")), "workshop");
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),          cmocka_unit_test(test_access_key_life),
        cmocka_unit_test(test_trail_of_a_key), cmocka_unit_test(test_session_has_no_user),
        cmocka_unit_test(test_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
