#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_lookup(void **state)
{
    struct sandbox_fixture f = {0};
    char arn[2100];

    (void)state;
    fixture_start(&f);
    assert_non_null(iam_find_role(f.sandbox->world, STR("ide")));
    assert_null(iam_find_role(f.sandbox->world, STR("")));
    sandbox_arn(f.sandbox, arn, "iam", "", "instance-profile/ide-profile");
    assert_non_null(iam_find_profile(f.sandbox->world, str_of(arn)));
    sandbox_arn(f.sandbox, arn, "iam", "", "instance-profile/path/ide-profile");
    assert_null(iam_find_profile(f.sandbox->world, str_of(arn))); /* another path, another profile */
    assert_null(iam_find_profile(f.sandbox->world, STR("arn:aws:iam::000000000000:instance-profile/"
                                                       "ide-profile")));
    fixture_stop(&f);
}

static void test_paging(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;
    char in[300], marker[200] = "";
    int pages = 0, seen = 0;
    bool more = true;

    (void)state;
    fixture_start(&f);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(in, sizeof in, "{\"RoleName\":\"r%d\",\"AssumeRolePolicyDocument\":" TRUST_EC2 "}", i);
        assert_true(fixture_call(&f, "iam", "CreateRole", in, NULL, &err));
    }
    while (more) {
        CLEANUP(json_freep) struct json *out = NULL;

        (void)snprintf(in, sizeof in, *marker ? "{\"MaxItems\":3,\"Marker\":\"%s\"}" : "{\"MaxItems\":3}",
                       marker);
        assert_true(fixture_call(&f, "iam", "ListRoles", in, &out, &err));
        pages++;
        seen += (int)json_count(json_get(out, "Roles"));
        more = json_bool(json_get(out, "IsTruncated"), false);
        assert_int_equal(more, json_get(out, "Marker") != NULL);
        (void)snprintf(marker, sizeof marker, "%s", json_get_text(out, "Marker"));
        /* What goes between two pages, the marker's own item too, moves nothing. */
        if (pages == 1) {
            (void)snprintf(in, sizeof in, "{\"RoleName\":\"%s\"}",
                           json_text(json_path(out, "Roles.2.RoleName")));
            assert_true(fixture_call(&f, "iam", "DeleteRole", in, NULL, &err));
        }
    }
    assert_int_equal(pages, 3);
    assert_int_equal(seen, 7);
    assert_false(fixture_call(&f, "iam", "ListRoles", "{\"Marker\":\"!\"}", NULL, &err));
    assert_string_equal(err.message, "ValidationError: Invalid Marker.");
    fixture_stop(&f);
}

static const struct iam_step page_steps[] = {
    {"one entity a page", "ListEntitiesForPolicy", "{\"MaxItems\":1," ADMIN_ARN, NULL, NULL, "IsTruncated",
     "true"},
    {"the first of them", "ListEntitiesForPolicy", "{\"MaxItems\":1," ADMIN_ARN, NULL, NULL,
     "PolicyRoles.0.RoleName", "\"ide\""},
    {"not the next", "ListEntitiesForPolicy", "{\"MaxItems\":1," ADMIN_ARN, NULL, NULL, "PolicyUsers", "[]"},
    /* "Role/ide" in base64 */
    {"the next page goes on", "ListEntitiesForPolicy", "{\"Marker\":\"Um9sZS9pZGU=\"," ADMIN_ARN, NULL, NULL,
     "PolicyUsers.0.UserName", "\"instructor\""},
    {"and not back", "ListEntitiesForPolicy", "{\"Marker\":\"Um9sZS9pZGU=\"," ADMIN_ARN, NULL, NULL,
     "PolicyRoles", "[]"},
};

static void test_entity_pages(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "iam", "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN, NULL, &err));
    iam_play(&f, page_steps, ARRAY_LEN(page_steps));
    fixture_stop(&f);
}

static const struct {
    const char *why, *policy, *operation, *in;
    const char *text; /* NULL: allowed */
} gate[] = {
    {"CreatePolicy names the policy", "", "CreatePolicy", "{\"PolicyName\":\"p\",\"PolicyDocument\":$P}",
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:CreatePolicy on resource: policy "
     "p "
     "because no identity-based policy allows the iam:CreatePolicy action"},
    {"CreateRole its ARN", "", "CreateRole", "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$T}",
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:CreateRole on resource: "
     "arn:aws:iam::$A:role/r because no identity-based policy allows the iam:CreateRole action"},
    {"permission before existence", "", "GetRole", "{\"RoleName\":\"nobody\"}",
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:GetRole on resource: "
     "arn:aws:iam::$A:role/nobody because no identity-based policy allows the iam:GetRole action"},
    {"filling a profile passes a role",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:AddRoleToInstanceProfile\",\"Resource\":\"*\"}",
     "AddRoleToInstanceProfile", "{\"InstanceProfileName\":\"ide-profile\",\"RoleName\":\"ide\"}",
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:PassRole on resource: "
     "arn:aws:iam::$A:role/ide because no identity-based policy allows the iam:PassRole action"},
    {"only this policy may be attached",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:AttachRolePolicy\",\"Resource\":\"*\",\"Condition\":{"
     "\"ArnEquals\":{\"iam:PolicyARN\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}}}",
     "AttachRolePolicy", "{\"RoleName\":\"ide\",\"PolicyArn\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}",
     NULL},
    {"and no other",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:AttachRolePolicy\",\"Resource\":\"*\",\"Condition\":{"
     "\"ArnEquals\":{\"iam:PolicyARN\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}}}",
     "AttachRolePolicy", "{\"RoleName\":\"ide\"," ADMIN_ARN,
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:AttachRolePolicy on resource: "
     "arn:aws:iam::$A:role/ide because no identity-based policy allows the iam:AttachRolePolicy action"},
    {"roles only with this boundary",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:CreateRole\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
     "{"
     "\"iam:PermissionsBoundary\":\"arn:aws:iam::aws:policy/IAMReadOnlyAccess\"}}}",
     "CreateRole",
     "{\"RoleName\":\"r\",\"AssumeRolePolicyDocument\":$T,\"PermissionsBoundary\":\"arn:aws:iam::aws:policy/"
     "IAMReadOnlyAccess\"}",
     NULL},
    {"by the tag of the thing",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:DeleteRole\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
     "{"
     "\"aws:ResourceTag/lab:name\":\"x\"}}}",
     "DeleteRole", "{\"RoleName\":\"tagged\"}", NULL},
    {"another thing has no tag",
     "{\"Effect\":\"Allow\",\"Action\":\"iam:DeleteRole\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
     "{"
     "\"aws:ResourceTag/lab:name\":\"x\"}}}",
     "DeleteRole", "{\"RoleName\":\"ide\"}",
     "User: arn:aws:iam::$A:user/student is not authorized to perform: iam:DeleteRole on resource: "
     "arn:aws:iam::$A:role/ide because no identity-based policy allows the iam:DeleteRole action"},
};

static void test_gate(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(gate); i++) {
        CLEANUP(buf_release) struct buf document = {0}, in = {0};
        struct sandbox_fixture f = {0};
        struct iam_step step = {.why = gate[i].why, .operation = gate[i].operation, .in = gate[i].in};
        struct error err;
        char key[129];

        fixture_start(&f);
        fixture_user_key(&f, "student", key);
        assert_true(fixture_call(&f, "iam", "CreateRole",
                                 "{\"RoleName\":\"tagged\",\"AssumeRolePolicyDocument\":" TRUST_EC2
                                 ",\"Tags\":[{\"Key\":\"lab:name\",\"Value\":\"x\"}]}",
                                 NULL, &err));
        buf_printf(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", gate[i].policy);
        buf_adds(&in, "{\"UserName\":\"student\",\"PolicyName\":\"p\",\"PolicyDocument\":");
        json_write_string(buf_str(&document), &in);
        buf_adds(&in, "}");
        if (*gate[i].policy && !fixture_call(&f, "iam", "PutUserPolicy", buf_text(&in), NULL, &err))
            fail_msg("%s: %s", gate[i].why, err.message);
        step.code = gate[i].text ? "AccessDenied" : NULL;
        step.text = gate[i].text;
        iam_play_as(&f, key, &step);
        fixture_stop(&f);
    }
}

/* Every operation the model knows has a row, and rows are sorted. */
static void test_every_operation(void **state)
{
    const struct aws_service *iam = model_service("iam");

    (void)state;
    assert_int_equal(iam_handlers.count, iam->operation_count);
    for (size_t i = 0; i < iam->operation_count; i++)
        assert_string_equal(iam_handlers.rows[i].operation, iam->operations[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),          cmocka_unit_test(test_paging),
        cmocka_unit_test(test_entity_pages),    cmocka_unit_test(test_gate),
        cmocka_unit_test(test_every_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
