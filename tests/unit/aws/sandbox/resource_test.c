#include "aws/sandbox/resource.h"

#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The resources of an operation with these parameters, joined by spaces; the
 * account is written as A. */
static void expand(struct sandbox_fixture *f, const char *template, const char *in, struct buf *out)
{
    CLEANUP(json_freep) struct json *parameters = NULL;
    CLEANUP(resource_list_release) struct resource_list list = {0};
    struct aws_operation op = {.resource = template};
    struct call c = {.sandbox = f->sandbox, .world = f->sandbox->world, .op = &op};
    const char *account = sandbox_account(f->sandbox);
    struct error err;

    assert_true(json_parse(str_of(in), NULL, &parameters, &err));
    c.in = parameters;
    (void)snprintf(c.principal.name, sizeof c.principal.name, "instructor");
    buf_reset(out);
    resource_expand(&c, &list);
    for (size_t i = 0; i < list.count; i++) {
        char *at = strstr(list.items[i], account);

        if (i)
            buf_addc(out, ' ');
        if (at) {
            buf_add(out, (struct str){list.items[i], (size_t)(at - list.items[i])});
            buf_addc(out, 'A');
        }
        buf_adds(out, at ? at + strlen(account) : list.items[i]);
    }
}

static void test_templates(void **state)
{
    static const struct {
        const char *why, *template, *in, *want;
    } rows[] = {
        {"no resource of its own", "*", "{}", "*"},
        {"a member", "arn:{partition}:iam::{account}:role/{RoleName}", "{\"RoleName\":\"r\"}",
         "arn:aws:iam::A:role/r"},
        {"the world knows the path", "arn:{partition}:iam::{account}:role/{RoleName}",
         "{\"RoleName\":\"ide\"}", "arn:aws:iam::A:role/deep/ide"},
        {"a member that is not there", "{PolicyArn}", "{}", "*"},
        {"a default", "arn:{partition}:iam::{account}:role{Path|/}{RoleName}", "{\"RoleName\":\"r\"}",
         "arn:aws:iam::A:role/r"},
        {"the default's place taken", "arn:{partition}:iam::{account}:role{Path|/}{RoleName}",
         "{\"RoleName\":\"r\",\"Path\":\"/p/\"}", "arn:aws:iam::A:role/p/r"},
        {"an empty default", "arn:x:{Prefix|}:y", "{}", "arn:x::y"},
        {"an ARN stands for all of it", "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",
         "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:1:function:f\"}",
         "arn:aws:lambda:eu-west-1:1:function:f"},
        {"each of a list", "arn:{partition}:ec2:{region}:{account}:{id-type}/{Resources}",
         "{\"Resources\":[\"i-1\",\"i-2\"]}",
         "arn:aws:ec2:eu-west-1:A:instance/i-1 arn:aws:ec2:eu-west-1:A:instance/i-2"},
        {"each with its own type", "arn:{partition}:ec2:{region}:{account}:{id-type}/{Resources}",
         "{\"Resources\":[\"sg-1\",\"sgr-2\",\"vpce-3\"]}",
         "arn:aws:ec2:eu-west-1:A:security-group/sg-1 arn:aws:ec2:eu-west-1:A:security-group-rule/sgr-2 "
         "arn:aws:ec2:eu-west-1:A:vpc-endpoint/vpce-3"},
        {"several templates", "arn:a:{X} arn:b:{Y} arn:c:{Z}", "{\"X\":\"1\",\"Z\":\"3\"}",
         "arn:a:1 arn:c:3"},
        {"a secret nobody made", "{secret}", "{\"SecretId\":\"s\"}",
         "arn:aws:secretsmanager:eu-west-1:A:secret:s"},
        {"oneself", "arn:{partition}:iam::{account}:user/{user}", "{}", "arn:aws:iam::A:user/instructor"},
        {"another", "arn:{partition}:iam::{account}:user/{user}", "{\"UserName\":\"nobody\"}",
         "arn:aws:iam::A:user/nobody"},
        {"an association nobody knows", "i/{instance}", "{\"AssociationId\":\"iip-assoc-1\"}", "i/*"},
        {"a key by its id", "{key}", "{\"KeyId\":\"k\"}", "arn:aws:kms:eu-west-1:A:key/k"},
    };
    CLEANUP(buf_release) struct buf got = {0}, want = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    buf_printf(&want, "arn:aws:iam::%s:role/deep/ide", sandbox_account(f.sandbox));
    json_put_str(world_edit(f.sandbox->world, "iam.role", "ide"), "Arn", buf_str(&want));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expand(&f, rows[i].template, rows[i].in, &got);
        if (strcmp(buf_text(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].why, buf_text(&got));
    }
    fixture_stop(&f);
}

static void test_a_secret_by_name_and_arn(void **state)
{
    CLEANUP(buf_release) struct buf by_name = {0}, by_arn = {0}, in = {0};
    struct sandbox_fixture f = {0};
    const struct json *secret;

    (void)state;
    fixture_start(&f);
    secret = fixture_find(&f, "secretsmanager.secret", "Name", "secretClusterAdminUser");
    expand(&f, "{secret}", "{\"SecretId\":\"secretClusterAdminUser\"}", &by_name);
    buf_printf(&in, "{\"SecretId\":\"%s\"}", json_get_text(secret, "ARN"));
    expand(&f, "{secret}", buf_text(&in), &by_arn);
    assert_string_equal(buf_text(&by_name), buf_text(&by_arn));
    assert_non_null(strstr(buf_text(&by_name), ":secret:secretClusterAdminUser-"));
    fixture_stop(&f);
}

static void test_a_long_list_needs_a_grant_for_all(void **state)
{
    CLEANUP(buf_release) struct buf in = {0}, got = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    buf_adds(&in, "{\"X\":[\"0\"");
    for (int i = 1; i < 1000; i++)
        buf_printf(&in, ",\"%d\"", i);
    buf_adds(&in, "]}");
    expand(&f, "arn:a:{X}", buf_text(&in), &got);
    assert_true(str_ends(buf_str(&got), STR(" arn:a:63 *")));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_a_secret_by_name_and_arn),
        cmocka_unit_test(test_a_long_list_needs_a_grant_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
