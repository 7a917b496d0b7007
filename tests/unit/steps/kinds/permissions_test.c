#include "steps/kinds/permissions.h"

#include "steps/kinds/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A plan of the real kinds, and the policy it comes to. */
#define HEAD "lab: l\nvars: {role: {default: myrole}}\nsteps:\n"

static const struct permissions_world world = {.account = "123456789012",
                                               .region = "eu-west-1",
                                               .partition = "aws-cn",
                                               .learner = "default",
                                               .instance = "i-1",
                                               .subnet_group = "*",
                                               .original_role = "arn:aws-cn:iam::123456789012:role/path/own"};

static const char *no_env(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static struct json *policy_of(const char *text, const struct permissions_world *w)
{
    const struct kind_schema *schemas[KINDS_MAX + 1] = {0};
    struct plan_problems problems = {0};
    struct plan plan;
    struct json *permissions = NULL;
    struct error err;

    for (size_t i = 0; step_kinds[i]; i++)
        schemas[i] = &step_kinds[i]->schema;
    const struct plan_options options = {.file = "test", .kinds = schemas, .getenv = no_env};
    if (!plan_parse(str_of(text), &options, &plan, &problems))
        fail_msg("%s", problems.items[0].message);
    if (!permissions_of_plan(&plan, w, &permissions, &err))
        fail_msg("%s", err.message);
    struct json *document = permissions_document(permissions);
    json_free(permissions);
    plan_problems_release(&problems);
    plan_release(&plan);
    return document;
}

static const struct json *statement(const struct json *document, const char *sid)
{
    const struct json *list = json_get(document, "Statement");

    for (const struct json *s = json_first(list); s; s = json_next(s)) {
        if (strcmp(json_get_text(s, "Sid"), sid) == 0)
            return s;
    }
    return NULL;
}

static bool has(const struct json *list, const char *text)
{
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        if (strcmp(json_text(e), text) == 0)
            return true;
    }
    return false;
}

static const char roles[] =
    HEAD "  p: {uses: iam.policy, with: {name: pol, document: {Version: '2012-10-17'}}}\n"
         "  r: {uses: iam.role, with: {name: \"${role}\", service: ec2.amazonaws.com,"
         " managed_policies: [A, B]}}\n"
         "  a: {uses: iam.role_policy, with: {role: \"${steps.r}\", policy: \"${steps.p}\"}}\n"
         "  f: {uses: iam.instance_profile, with: {name: prof, role: \"${steps.r}\"}}\n"
         "  w: {uses: ec2.instance, with: {name: ws}}\n"
         "  i: {uses: ec2.instance_profile, with: {instance: \"${steps.w}\","
         " profile: \"${steps.f}\"}}\n";

static void names_become_arns(void **state)
{
    CLEANUP(json_freep) struct json *document = policy_of(roles, &world);
    const struct json *role = statement(document, "Role");
    const struct json *attach = statement(document, "RolePolicies");
    const struct json *attached = json_get(json_path(attach, "Condition.ArnEquals"), "iam:PolicyARN");
    const struct json *pass = statement(document, "PassRole");

    (void)state;
    assert_int_equal(json_count(json_get(role, "Resource")), 1);
    assert_true(has(json_get(role, "Resource"), "arn:aws-cn:iam::123456789012:role/myrole"));
    assert_true(has(json_get(role, "Action"), "iam:CreateRole"));
    /* An element of a list each, and the policy of the other step. */
    assert_int_equal(json_count(attached), 3);
    assert_true(has(attached, "arn:aws-cn:iam::aws:policy/A"));
    assert_true(has(attached, "arn:aws-cn:iam::aws:policy/B"));
    assert_true(has(attached, "arn:aws-cn:iam::123456789012:policy/pol"));
    assert_int_equal(json_count(json_get(pass, "Resource")), 2);
    assert_true(has(json_get(pass, "Resource"), "arn:aws-cn:iam::123456789012:role/path/own"));
    assert_true(has(json_get(statement(document, "Instance"), "Resource"),
                    "arn:aws-cn:ec2:eu-west-1:123456789012:instance/i-1"));
    assert_null(statement(document, "Stack"));
    assert_null(statement(document, "Secret"));
}

static void no_original_role_is_nothing_to_pass(void **state)
{
    struct permissions_world bare = world;
    bare.original_role = NULL;
    CLEANUP(json_freep) struct json *document = policy_of(roles, &bare);

    (void)state;
    assert_int_equal(json_count(json_get(statement(document, "PassRole"), "Resource")), 1);
}

static void admin_from_the_environment_needs_no_secret(void **state)
{
    static const char by_env[] =
        HEAD "  c: {uses: rds.cluster, with: {identifier: cl}}\n"
             "  u: {uses: mysql.user, with: {cluster: \"${steps.c}\", name: n, grants: {},"
             " admin: {user_env: DBUSER, password_env: DBPASS}}}\n";
    static const char by_secret[] =
        HEAD "  c: {uses: rds.cluster, with: {identifier: cl}}\n"
             "  u: {uses: mysql.user, with: {cluster: \"${steps.c}\", name: n, grants: {},"
             " admin: {secret: adm}}}\n";
    CLEANUP(json_freep) struct json *none = policy_of(by_env, &world);
    CLEANUP(json_freep) struct json *one = policy_of(by_secret, &world);
    const struct json *secret = json_get(statement(one, "AdminSecret"), "Resource");

    (void)state;
    assert_null(statement(none, "AdminSecret"));
    /* With and without the random end of its ARN. */
    assert_int_equal(json_count(secret), 2);
    assert_true(has(secret, "arn:aws-cn:secretsmanager:eu-west-1:123456789012:secret:adm-??????"));
}

/* Who says nothing of `from` goes through Systems Manager where lab is not on
 * the workstation. */
static void from_elsewhere_it_goes_through_systems_manager(void **state)
{
#define IDENTITY(with)                                                                                       \
    HEAD "  w: {uses: ec2.instance, with: {name: n}}\n"                                                      \
         "  r: {uses: iam.role, with: {name: myrole, service: ec2.amazonaws.com}}\n"                         \
         "  i: {uses: sts.identity, with: {role: \"${steps.r}\"" with "}}\n"
#define INSTANCE ", instance: \"${steps.w}\""
    static const struct {
        const char *plan;
        bool elsewhere, through;
    } rows[] = {
        {IDENTITY(INSTANCE), false, false},
        {IDENTITY(INSTANCE), true, true},
        {IDENTITY(""), true, false},
        {IDENTITY(INSTANCE ", from: caller"), true, false},
        {IDENTITY(INSTANCE ", from: ssm"), false, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct permissions_world here = world;

        here.elsewhere = rows[i].elsewhere;
        CLEANUP(json_freep) struct json *document = policy_of(rows[i].plan, &here);
        const struct json *send = statement(document, "Workstation");
        if ((send != NULL) != rows[i].through)
            fail_msg("row %zu", i);
        if (send)
            assert_true(
                has(json_get(send, "Resource"), "arn:aws-cn:ec2:eu-west-1:123456789012:instance/i-1"));
    }
    CLEANUP(json_freep) struct json *assumed = policy_of(IDENTITY(", from: assume-role"), &world);
    assert_true(has(json_get(statement(assumed, "AssumeRole"), "Resource"),
                    "arn:aws-cn:iam::123456789012:role/myrole"));
}

static void a_customer_key_is_used_through_the_service_only(void **state)
{
#define SECRET_STEPS                                                                                         \
    HEAD "  c: {uses: rds.cluster, with: {identifier: cl}}\n"                                                \
         "  u: {uses: mysql.user, with: {cluster: \"${steps.c}\", name: n, grants: {}, admin: {secret: "     \
         "adm}}}\n"                                                                                          \
         "  s: {uses: secretsmanager.secret, with: {name: sec, database: \"${steps.c}\", user: "             \
         "\"${steps.u}\""
    CLEANUP(json_freep) struct json *none = policy_of(SECRET_STEPS "}}\n", &world);
    CLEANUP(json_freep)
    struct json *one =
        policy_of(SECRET_STEPS ", kms_key: \"arn:aws-cn:kms:eu-west-1:123456789012:key/k\"}}\n", &world);
    const struct json *key = statement(one, "Key");

    (void)state;
    assert_null(statement(none, "Key"));
    assert_non_null(key);
    assert_true(has(json_get(key, "Action"), "kms:Decrypt"));
    assert_true(has(json_get(key, "Action"), "kms:GenerateDataKey"));
    CLEANUP(buf_release) struct buf text = {0};
    json_write(key, &text);
    assert_non_null(strstr(buf_text(&text), "\"arn:aws-cn:kms:eu-west-1:123456789012:key/k\""));
    assert_non_null(strstr(buf_text(&text), "secretsmanager.eu-west-1.amazonaws.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_arns),
        cmocka_unit_test(no_original_role_is_nothing_to_pass),
        cmocka_unit_test(admin_from_the_environment_needs_no_secret),
        cmocka_unit_test(from_elsewhere_it_goes_through_systems_manager),
        cmocka_unit_test(a_customer_key_is_used_through_the_service_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
