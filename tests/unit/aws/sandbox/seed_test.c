#include "tests/support/sandbox_fixture.h"

#include "aws/common/file.h"
#include "aws/common/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t now(void *self)
{
    (void)self;
    return 1767225600000;
}

static bool start(const struct json *world, struct sandbox **out, struct error *err)
{
    struct sandbox_options options = {.world = world,
                                      .region = "eu-west-1",
                                      .seed = 7,
                                      .database_address = "127.3.4.5",
                                      .database_port = 3306,
                                      .admin_user = "masteruser",
                                      .admin_password = STR("pass\"word"),
                                      .clock = {now, now, NULL}};

    return sandbox_new(&options, out, err);
}

static void test_refuses_mistakes_with_their_place(void **state)
{
    static const struct {
        const char *why, *world, *message;
    } rows[] = {
        {"nobody to be", "{\"users\":{}}", "world: admin: has to name a user of this world"},
        {"unknown part", "{\"admin\":\"a\",\"users\":{\"a\":{}},\"buckets\":{}}",
         "world: unknown key \"buckets\""},
        {"unknown key inside", "{\"admin\":\"a\",\"users\":{\"a\":{\"policy\":[]}}}",
         "world: users.a: unknown key \"policy\""},
        {"not a mapping", "{\"admin\":\"a\",\"users\":[1]}", "world: users: has to be a mapping"},
        {"a policy nobody has", "{\"admin\":\"a\",\"users\":{\"a\":{\"policies\":[\"NoSuch\"]}}}",
         "world: users.a: policies names one that AWS does not manage"},
        {"a role nobody may take", "{\"admin\":\"a\",\"users\":{\"a\":{}},\"roles\":{\"r\":{}}}",
         "world: roles.r: trust has to name a service, as ec2.amazonaws.com"},
        {"a rule from nowhere",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"network\":{\"security_groups\":{\"g\":{\"ingress\":[{"
         "\"port\":1,"
         "\"from\":\"h\"}]}}}}",
         "world: network.security_groups.g: ingress needs a port and from: a group of this world, self, or "
         "addresses"},
        {"a way that there is not", "{\"admin\":\"a\",\"users\":{\"a\":{}},\"network\":{\"route\":\"boat\"}}",
         "world: network: route has to be nat, transit, internet, gone or none"},
        {"a subnet's way that there is not",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"network\":{\"subnets\":{\"s\":{\"zone\":\"a\",\"cidr\":"
         "\"10.0.0.0/"
         "24\",\"route\":\"boat\"}}}}",
         "world: network.subnets.s: route has to be nat, transit, internet, gone or none"},
        {"an endpoint nowhere",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"network\":{\"endpoints\":{\"secretsmanager\":{\"subnets\":["
         "\"s\"]}"
         "}}}",
         "world: network.endpoints.secretsmanager: subnets names one that this world lacks"},
        {"an instance without subnet", "{\"admin\":\"a\",\"users\":{\"a\":{}},\"instances\":{\"i\":{}}}",
         "world: instances.i: subnet has to name one of this world"},
        {"a cluster without subnet group", "{\"admin\":\"a\",\"users\":{\"a\":{}},\"clusters\":{\"c\":{}}}",
         "world: clusters.c: subnet_group has to name one of this world"},
        {"two writers",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"subnet_groups\":{\"g\":{}},\"clusters\":{\"c\":{\"subnet_"
         "group\":"
         "\"g\",\"members\":{\"x\":\"writer\",\"y\":\"writer\"}}}}",
         "world: clusters.c: members needs exactly one writer"},
        {"a function without command",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"functions\":{\"f\":{\"role\":\"r\"}}}",
         "world: functions.f: command has to be a list of words"},
        {"a function without role",
         "{\"admin\":\"a\",\"users\":{\"a\":{}},\"functions\":{\"f\":{\"command\":[\"x\"]}}}",
         "world: functions.f: role has to name a role of this world"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *world = NULL;
        struct sandbox *s = NULL;
        struct error err;

        assert_true(json_parse(str_of(rows[i].world), NULL, &world, &err));
        if (start(world, &s, &err))
            fail_msg("%s: accepted", rows[i].why);
        assert_int_equal(err.code, ERR_USAGE);
        assert_string_equal(err.message, rows[i].message);
    }
}

static void test_an_inline_policy_has_to_parse(void **state)
{
    CLEANUP(json_freep) struct json *world = NULL;
    struct sandbox *s = NULL;
    struct error err;

    (void)state;
    assert_true(json_parse(STR("{\"admin\":\"a\",\"users\":{\"a\":{\"inline\":{\"p\":{\"Statement\":[]}}}}}"),
                           NULL, &world, &err));
    assert_false(start(world, &s, &err));
    assert_non_null(strstr(err.message, "world: users.a: "));
}

static void check_database(struct sandbox *s)
{
    const struct json *cluster = world_get(s->world, "rds.cluster", "auroralab-mysql-cluster");
    const struct json *secret = world_at(s->world, "secretsmanager.secret", 0, NULL);
    const struct json *version = json_first(json_get(secret, "versions"));

    assert_string_equal(json_get_text(cluster, "Endpoint"), "127.3.4.5");
    assert_int_equal(json_int(json_get(cluster, "Port"), 0), 3306);
    assert_string_equal(json_get_text(cluster, "Engine"), "aurora-mysql");
    assert_true(json_bool(json_path(cluster, "DBClusterMembers.0.IsClusterWriter"), false));
    assert_int_equal(world_count(s->world, "rds.instance"), 2);
    assert_string_equal(json_get_text(secret, "Name"), "secretClusterAdminUser");
    assert_int_equal(strlen(json_get_text(secret, "ARN")),
                     strlen("arn:aws:secretsmanager:eu-west-1:123456789012:secret:secretClusterAdminUser-") +
                         6);
    assert_string_equal(json_get_text(version, "secret_string"),
                        "{\"username\":\"masteruser\",\"password\":\"pass\\\"word\"}");
}

static void test_the_workshops_world(void **state)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(json_freep) struct json *world = NULL;
    CLEANUP(yaml_release) struct yaml_document document = {0};
    struct yaml_problem problem;
    struct sandbox *s = NULL;
    const struct json *instance, *association, *group;
    struct error err;

    (void)state;
    assert_true(file_read("labs/secrets-manager/world.yaml", 1 << 18, &text, &err));
    assert_true(yaml_parse(buf_str(&text), &document, &problem));
    world = yaml_to_json(document.root);
    if (!start(world, &s, &err))
        fail_msg("%s", err.message);
    check_database(s);
    instance = world_at(s->world, "ec2.instance", 0, NULL);
    assert_int_equal(
        strncmp(json_text(json_path(instance, "Tags.0.Value")), "aws-cloud9-auroralab-client-ide", 31), 0);
    assert_true(json_bool(json_get(instance, "imds"), false));
    association = world_at(s->world, "ec2.association", 0, NULL);
    assert_string_equal(json_get_text(association, "InstanceId"), json_get_text(instance, "InstanceId"));
    assert_string_equal(json_get_text(association, "State"), "associated");
    assert_true(session_trusts_service(s, "auroralab-ide-EC2InstanceRole", "ec2.amazonaws.com"));
    assert_false(session_trusts_service(s, "auroralab-ide-EC2InstanceRole", "lambda.amazonaws.com"));
    /* The database's group lets itself in: what the rotation function needs. */
    for (size_t i = 0; (group = world_at(s->world, "ec2.security_group", i, NULL)); i++)
        if (strcmp(json_get_text(group, "GroupName"), "auroralab-database-sg") == 0)
            break;
    assert_string_equal(json_text(json_path(group, "IpPermissions.1.UserIdGroupPairs.0.GroupId")),
                        json_get_text(group, "GroupId"));
    sandbox_free(s);
}

static void test_a_seed_repeats_the_world(void **state)
{
    CLEANUP(buf_release) struct buf first = {0}, second = {0};
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    sandbox_dump(f.sandbox, &first);
    fixture_stop(&f);
    fixture_start(&f);
    sandbox_dump(f.sandbox, &second);
    fixture_stop(&f);
    assert_string_equal(buf_text(&first), buf_text(&second));
    assert_null(strstr(buf_text(&first), "fixture-admin-password"));
}

static void test_functions(void **state)
{
    CLEANUP(json_freep) struct json *world = NULL;
    const struct json *function;
    struct sandbox *s = NULL;
    struct error err;

    (void)state;
    assert_true(json_parse(
        STR("{\"admin\":\"a\",\"users\":{\"a\":{}},\"roles\":{\"r\":{\"trust\":"
            "\"lambda.amazonaws.com\"}},\"functions\":{\"f\":{\"role\":\"r\",\"command\":[\"python3\","
            "\"f.py\"],\"timeout_s\":5}}}"),
        NULL, &world, &err));
    assert_true(start(world, &s, &err));
    function = world_get(s->world, "lambda.function", "f");
    assert_int_equal(json_int(json_get(function, "Timeout"), 0), 5);
    assert_string_equal(json_text(json_at(json_get(function, "command"), 1)), "f.py");
    assert_string_equal(json_text(json_path(function, "policy.SecretsManagerAccess.Principal.Service")),
                        "secretsmanager.amazonaws.com");
    sandbox_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_mistakes_with_their_place),
        cmocka_unit_test(test_an_inline_policy_has_to_parse),
        cmocka_unit_test(test_the_workshops_world),
        cmocka_unit_test(test_a_seed_repeats_the_world),
        cmocka_unit_test(test_functions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
