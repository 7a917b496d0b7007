#include "aws/protocol/protocol.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *text_at(const struct json *j, const char *path)
{
    return json_text(json_path(j, path));
}

/** Puts the account in place of @ in a parameter text. */
static void fill(struct sandbox_fixture *f, const char *from, struct buf *out)
{
    for (; *from; from++)
        if (*from == '@')
            buf_adds(out, sandbox_account(f->sandbox));
        else
            buf_addc(out, *from);
}

#define FILTER(name, value) "{\"Filters\":[{\"Name\":\"" name "\",\"Values\":[\"" value "\"]}]}"

static void test_finds(void **state)
{
    static const struct {
        const char *why, *operation, *out, *in;
        size_t want;
    } rows[] = {
        {"no identifier gives all", "DescribeDBClusters", "DBClusters", "{}", 1},
        {"an empty identifier is none", "DescribeDBClusters", "DBClusters", "{\"DBClusterIdentifier\":\"\"}",
         1},
        {"by name", "DescribeDBClusters", "DBClusters", "{\"DBClusterIdentifier\":\"cluster\"}", 1},
        {"in any case", "DescribeDBClusters", "DBClusters", "{\"DBClusterIdentifier\":\"CLUSTER\"}", 1},
        {"by ARN", "DescribeDBClusters", "DBClusters",
         "{\"DBClusterIdentifier\":\"arn:aws:rds:eu-west-1:@:cluster:cluster\"}", 1},
        {"filter by name", "DescribeDBClusters", "DBClusters", FILTER("db-cluster-id", "Cluster"), 1},
        {"filter by ARN", "DescribeDBClusters", "DBClusters",
         FILTER("db-cluster-id", "arn:aws:rds:eu-west-1:@:cluster:cluster"), 1},
        {"filter values know no wildcards", "DescribeDBClusters", "DBClusters", FILTER("db-cluster-id", "c*"),
         0},
        {"engine", "DescribeDBClusters", "DBClusters", FILTER("engine", "aurora-mysql"), 1},
        {"identifier and filter both count", "DescribeDBClusters", "DBClusters",
         "{\"DBClusterIdentifier\":\"cluster\",\"Filters\":[{\"Name\":\"engine\",\"Values\":[\"mysql\"]}]}",
         0},
        {"the two built-in endpoints", "DescribeDBClusterEndpoints", "DBClusterEndpoints",
         "{\"DBClusterIdentifier\":\"cluster\"}", 2},
        {"endpoints of every cluster", "DescribeDBClusterEndpoints", "DBClusterEndpoints", "{}", 2},
        {"the type is lower case here", "DescribeDBClusterEndpoints", "DBClusterEndpoints",
         FILTER("db-cluster-endpoint-type", "writer"), 1},
        {"no custom one", "DescribeDBClusterEndpoints", "DBClusterEndpoints",
         FILTER("db-cluster-endpoint-type", "custom"), 0},
        {"instances", "DescribeDBInstances", "DBInstances", "{}", 2},
        {"one instance", "DescribeDBInstances", "DBInstances", "{\"DBInstanceIdentifier\":\"Node-1\"}", 1},
        {"instances of a cluster", "DescribeDBInstances", "DBInstances", FILTER("db-cluster-id", "cluster"),
         2},
        {"subnet groups", "DescribeDBSubnetGroups", "DBSubnetGroups",
         "{\"DBSubnetGroupName\":\"subnet-group\"}", 1},
        {"tags of a cluster", "ListTagsForResource", "TagList",
         "{\"ResourceName\":\"arn:aws:rds:eu-west-1:@:cluster:cluster\"}", 0},
    };
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *out = NULL;
        CLEANUP(buf_release) struct buf in = {0};
        struct http_response response = {0};

        fill(&f, rows[i].in, &in);
        if (!fixture_call(&f, "rds", rows[i].operation, buf_text(&in), &out, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        if (json_count(json_get(out, rows[i].out)) != rows[i].want)
            fail_msg("%s: %zu", rows[i].why, json_count(json_get(out, rows[i].out)));
        protocol_encode_response(model_operation(model_service("rds"), rows[i].operation), out, f.request_id,
                                 &response);
        if (response.status != 200)
            fail_msg("%s: cannot be sent", rows[i].why);
        http_response_release(&response);
    }
    fixture_stop(&f);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *why, *operation, *in, *want;
        int status;
    } rows[] = {
        {"unknown cluster", "DescribeDBClusters", "{\"DBClusterIdentifier\":\"nobody\"}",
         "DBClusterNotFoundFault: DBCluster nobody not found.", 404},
        {"the ARN of another account", "DescribeDBClusters",
         "{\"DBClusterIdentifier\":\"arn:aws:rds:eu-west-1:1:cluster:cluster\"}",
         "DBClusterNotFoundFault: DBCluster arn:aws:rds:eu-west-1:1:cluster:cluster not found.", 404},
        {"endpoints of an unknown cluster", "DescribeDBClusterEndpoints",
         "{\"DBClusterIdentifier\":\"nobody\"}", "DBClusterNotFoundFault: DBCluster nobody not found.", 404},
        {"this code has no Fault", "DescribeDBInstances", "{\"DBInstanceIdentifier\":\"nobody\"}",
         "DBInstanceNotFound: DBInstance nobody not found.", 404},
        {"unknown subnet group", "DescribeDBSubnetGroups", "{\"DBSubnetGroupName\":\"nobody\"}",
         "DBSubnetGroupNotFoundFault: DB subnet group 'nobody' does not exist.", 404},
        {"unknown filter", "DescribeDBClusters", FILTER("colour", "red"),
         "InvalidParameterValue: Unrecognized filter name: colour", 0},
        {"a page too small", "DescribeDBClusters", "{\"MaxRecords\":19}",
         "InvalidParameterValue: Invalid value 19 for MaxRecords. Must be between 20 and 100", 0},
        {"a page too large", "DescribeDBInstances", "{\"MaxRecords\":101}",
         "InvalidParameterValue: Invalid value 101 for MaxRecords. Must be between 20 and 100", 0},
        {"marker of nobody", "DescribeDBInstances", "{\"Marker\":\"x\"}",
         "InvalidParameterValue: Invalid Marker", 0},
        {"tags of no ARN", "ListTagsForResource", "{\"ResourceName\":\"cluster\"}",
         "InvalidParameterValue: Invalid resource name: cluster", 0},
        {"tags of an unknown cluster", "ListTagsForResource",
         "{\"ResourceName\":\"arn:aws:rds:eu-west-1:@:cluster:nobody\"}",
         "DBClusterNotFoundFault: DBCluster nobody not found.", 404},
        {"tags of a kind that is not here", "ListTagsForResource",
         "{\"ResourceName\":\"arn:aws:rds:eu-west-1:@:proxy:nobody\"}",
         "InvalidParameterValue: Invalid resource name: arn:aws:rds:eu-west-1:@:proxy:nobody", 0},
    };
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf in = {0}, want = {0};

        fill(&f, rows[i].in, &in);
        fill(&f, rows[i].want, &want);
        if (fixture_call(&f, "rds", rows[i].operation, buf_text(&in), NULL, &err))
            fail_msg("%s: allowed", rows[i].why);
        if (strcmp(err.message, buf_text(&want)) != 0 || err.http_status != rows[i].status)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    fixture_stop(&f);
}

static void test_shows(void **state)
{
    CLEANUP(json_freep) struct json *clusters = NULL, *endpoints = NULL, *instances = NULL, *groups = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "rds", "DescribeDBClusters", NULL, &clusters, &err));
    assert_true(fixture_call(&f, "rds", "DescribeDBClusterEndpoints", NULL, &endpoints, &err));
    assert_true(fixture_call(&f, "rds", "DescribeDBInstances", NULL, &instances, &err));
    assert_true(fixture_call(&f, "rds", "DescribeDBSubnetGroups", NULL, &groups, &err));
    assert_string_equal(text_at(clusters, "DBClusters.0.Endpoint"), "127.3.4.5");
    assert_string_equal(text_at(clusters, "DBClusters.0.Status"), "available");
    assert_string_equal(text_at(clusters, "DBClusters.0.DBSubnetGroup"), "subnet-group");
    assert_true(json_bool(json_path(clusters, "DBClusters.0.DBClusterMembers.0.IsClusterWriter"), false));
    assert_int_equal(json_int(json_path(clusters, "DBClusters.0.Port"), 0), 3306);
    assert_string_equal(text_at(endpoints, "DBClusterEndpoints.0.EndpointType"), "WRITER");
    assert_string_equal(text_at(endpoints, "DBClusterEndpoints.1.EndpointType"), "READER");
    assert_null(json_path(endpoints, "DBClusterEndpoints.0.DBClusterEndpointIdentifier"));
    assert_string_equal(text_at(instances, "DBInstances.0.Endpoint.Address"), "127.3.4.5");
    assert_string_equal(text_at(instances, "DBInstances.0.CertificateDetails.CAIdentifier"),
                        "rds-ca-rsa2048-g1");
    assert_string_equal(text_at(groups, "DBSubnetGroups.0.Subnets.0.SubnetAvailabilityZone.Name"),
                        "eu-west-1a");
    fixture_stop(&f);
}

static void test_pages(void **state)
{
    CLEANUP(json_freep) struct json *one = NULL, *two = NULL;
    CLEANUP(buf_release) struct buf in = {0};
    struct sandbox_fixture f = {0};
    struct error err;
    char name[32];

    (void)state;
    fixture_start(&f);
    for (int i = 0; i < 20; i++) {
        struct json *copy = json_copy(world_get(f.sandbox->world, "rds.instance", "node-1"));

        (void)snprintf(name, sizeof name, "z-%02d", i);
        json_put_text(copy, "DBInstanceIdentifier", name);
        world_put(f.sandbox->world, "rds.instance", name, copy);
    }
    assert_true(fixture_call(&f, "rds", "DescribeDBInstances", "{\"MaxRecords\":20}", &one, &err));
    assert_int_equal(json_count(json_get(one, "DBInstances")), 20);
    buf_printf(&in, "{\"MaxRecords\":20,\"Marker\":\"%s\"}", json_get_text(one, "Marker"));
    assert_true(fixture_call(&f, "rds", "DescribeDBInstances", buf_text(&in), &two, &err));
    assert_int_equal(json_count(json_get(two, "DBInstances")), 2);
    assert_string_equal(text_at(two, "DBInstances.1.DBInstanceIdentifier"), "z-19");
    assert_null(json_get(two, "Marker"));
    assert_false(fixture_call(&f, "rds", "DescribeDBClusters", buf_text(&in), NULL, &err));
    fixture_stop(&f);
}

/** The permission is asked for the cluster as it is kept, not as it was spelt. */
static void test_permission_by_arn(void **state)
{
    static const struct {
        const char *why, *resource, *in;
        bool allowed;
    } rows[] = {
        {"the cluster", "cluster:cluster", "{\"DBClusterIdentifier\":\"cluster\"}", true},
        {"spelt in another case", "cluster:cluster", "{\"DBClusterIdentifier\":\"Cluster\"}", true},
        {"another cluster", "cluster:other", "{\"DBClusterIdentifier\":\"cluster\"}", false},
        {"one cluster is not all", "cluster:cluster", "{}", false},
        {"all", "cluster:*", "{}", true},
        {"permission comes before existence", "cluster:cluster", "{\"DBClusterIdentifier\":\"nobody\"}",
         false},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf document = {0};
        struct sandbox_fixture f = {0};
        struct json *inlined = json_object();
        char key[129];
        bool ok;

        fixture_start(&f);
        buf_printf(&document,
                   "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":"
                   "\"rds:DescribeDBClusters\",\"Resource\":\"arn:aws:rds:eu-west-1:%s:%s\"}}",
                   sandbox_account(f.sandbox), rows[i].resource);
        json_put_str(inlined, "p", buf_str(&document));
        json_put(world_edit(f.sandbox->world, "iam.user", "student"), "Inline", inlined);
        fixture_user_key(&f, "student", key);
        ok = fixture_call_as(&f, key, "rds", "DescribeDBClusters", rows[i].in, NULL, &err);
        if (ok != rows[i].allowed)
            fail_msg("%s: %s", rows[i].why, ok ? "allowed" : err.message);
        if (!ok && strcmp(err.remote_code, "AccessDenied") != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
        fixture_stop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds), cmocka_unit_test(test_refuses),           cmocka_unit_test(test_shows),
        cmocka_unit_test(test_pages), cmocka_unit_test(test_permission_by_arn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
