#include "aws/http/message.h"
#include "aws/protocol/protocol.h"
#include "aws/sandbox/ec2.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *text_at(const struct json *j, const char *path)
{
    return json_text(json_path(j, path));
}

static const char *workstation(struct sandbox_fixture *f)
{
    const char *key;

    assert_non_null(world_at(f->sandbox->world, "ec2.instance", 0, &key));
    return key;
}

static void test_wildcards(void **state)
{
    static const struct {
        const char *why, *pattern, *text;
        bool want;
    } rows[] = {
        {"the same", "running", "running", true},
        {"case counts", "Running", "running", false},
        {"a beginning is not enough", "run", "running", false},
        {"star takes the rest", "aws-cloud9-auroralab-client-ide*", "aws-cloud9-auroralab-client-ide-1a2b",
         true},
        {"star takes nothing too", "a*", "a", true},
        {"several stars, looked for again", "*ab*ab", "abaab", true},
        {"one byte", "a?c", "abc", true},
        {"question mark needs its byte", "a?", "a", false},
        {"a backslash makes a star plain", "a\\*", "a*", true},
        {"which then matches no run", "a\\*", "abc", false},
        {"after a star as well", "*\\?", "what?", true},
        {"a doubled backslash is one", "a\\\\b", "a\\b", true},
        {"a last backslash stands for itself", "a\\", "a\\", true},
        {"nothing matches nothing", "", "", true},
        {"nothing matches no more", "", "a", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (ec2_wildcard(str_of(rows[i].pattern), str_of(rows[i].text)) != rows[i].want)
            fail_msg("%s", rows[i].why);
}

/* Two workstations, one of them without a profile. */
static const char two_instances[] =
    "{\"admin\":\"instructor\",\"users\":{\"instructor\":{\"policies\":[\"AdministratorAccess\"]}},"
    "\"roles\":{\"ide\":{\"trust\":\"ec2.amazonaws.com\",\"instance_profile\":\"ide-profile\"}},"
    "\"network\":{\"subnets\":{\"one\":{\"zone\":\"a\",\"cidr\":\"172.30.1.0/24\"}},\"security_groups\":{"
    "\"g\":{\"description\":\"d\",\"ingress\":[{\"port\":3306,\"from\":\"self\"},{\"port\":22,\"from\":"
    "\"10.0.0.0/8\"}]}}},"
    "\"instances\":{\"aws-cloud9-auroralab-client-ide-1\":{\"subnet\":\"one\",\"security_groups\":[\"g\"],"
    "\"instance_profile\":\"ide-profile\",\"imds\":true,\"tags\":{\"aws:cloud9:environment\":\"e1\"}},"
    "\"other\":{\"subnet\":\"one\",\"security_groups\":[\"g\"]}}}";

static size_t count_of(struct sandbox_fixture *f, const char *operation, const char *out_member,
                       const char *in)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err;

    if (!fixture_call(f, "ec2", operation, in, &out, &err))
        fail_msg("%s %s: %s", operation, in, err.message);
    return json_count(json_get(out, out_member));
}

#define FILTER(name, value) "{\"Filters\":[{\"Name\":\"" name "\",\"Values\":[\"" value "\"]}]}"

static void test_filters(void **state)
{
    static const struct {
        const char *why, *operation, *out, *in;
        size_t want;
    } rows[] = {
        {"no filter gives all", "DescribeInstances", "Reservations", "{}", 2},
        {"how the workshop finds its workstation", "DescribeInstances", "Reservations",
         FILTER("tag:Name", "aws-cloud9-auroralab-client-ide*"), 1},
        {"a tag's key may hold colons", "DescribeInstances", "Reservations",
         FILTER("tag:aws:cloud9:environment", "e1"), 1},
        {"tag of another value", "DescribeInstances", "Reservations", FILTER("tag:Name", "ide"), 0},
        {"tag-key", "DescribeInstances", "Reservations", FILTER("tag-key", "aws:cloud9:environment"), 1},
        {"values are ORed", "DescribeInstances", "Reservations",
         "{\"Filters\":[{\"Name\":\"instance-state-name\",\"Values\":[\"stopped\",\"running\"]}]}", 2},
        {"filters are ANDed", "DescribeInstances", "Reservations",
         "{\"Filters\":[{\"Name\":\"instance-state-name\",\"Values\":[\"running\"]},{\"Name\":\"tag:Name\","
         "\"Values\":[\"other\"]}]}",
         1},
        {"numbers compare as text", "DescribeInstances", "Reservations", FILTER("instance-state-code", "16"),
         2},
        {"the profile comes from the association", "DescribeInstances", "Reservations",
         FILTER("iam-instance-profile.arn", "*:instance-profile/ide-profile"), 1},
        {"times compare as printed", "DescribeInstances", "Reservations",
         FILTER("launch-time", "2026-01-01T00:00:00.000Z"), 2},
        {"hop limit", "DescribeInstances", "Reservations",
         FILTER("metadata-options.http-put-response-hop-limit", "1"), 2},
        {"associations by state", "DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations",
         FILTER("state", "associated"), 1},
        {"no association is on its way", "DescribeIamInstanceProfileAssociations",
         "IamInstanceProfileAssociations", FILTER("state", "associating"), 0},
        {"subnets by zone", "DescribeSubnets", "Subnets", FILTER("availability-zone", "eu-west-1a"), 1},
        {"booleans as text", "DescribeSubnets", "Subnets", FILTER("default-for-az", "false"), 1},
        {"vpcs by address block", "DescribeVpcs", "Vpcs",
         FILTER("cidr-block-association.cidr-block", "172.30.0.0/16"), 1},
        {"the main route table", "DescribeRouteTables", "RouteTables", FILTER("association.main", "true"), 1},
        {"interfaces of the instances", "DescribeNetworkInterfaces", "NetworkInterfaces",
         FILTER("status", "in-use"), 2},
        {"no endpoint at the start", "DescribeVpcEndpoints", "VpcEndpoints",
         FILTER("service-name", "com.amazonaws.*.secretsmanager"), 0},
    };
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start_world(&f, two_instances);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t got = count_of(&f, rows[i].operation, rows[i].out, rows[i].in);

        if (got != rows[i].want)
            fail_msg("%s: %zu", rows[i].why, got);
    }
    fixture_stop(&f);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *why, *operation, *in, *code, *text;
    } rows[] = {
        {"id of no instance", "DescribeInstances", "{\"InstanceIds\":[\"i-00000000000000000\"]}",
         "InvalidInstanceID.NotFound", "The instance ID 'i-00000000000000000' does not exist"},
        {"several are named together", "DescribeInstances", "{\"InstanceIds\":[\"i-0\",\"i-1\"]}",
         "InvalidInstanceID.NotFound", "The instance IDs 'i-0, i-1' do not exist"},
        {"id of another kind", "DescribeInstances", "{\"InstanceIds\":[\"subnet-0\"]}",
         "InvalidInstanceID.Malformed", "Invalid id: \"subnet-0\" (expecting \"i-...\")"},
        {"an id is no pattern", "DescribeInstances", "{\"InstanceIds\":[\"i-*\"]}",
         "InvalidInstanceID.NotFound", "The instance ID 'i-*' does not exist"},
        {"unknown filter", "DescribeInstances", FILTER("instance-colour", "red"), "InvalidParameterValue",
         "The filter 'instance-colour' is invalid"},
        {"associations have no tags", "DescribeIamInstanceProfileAssociations", FILTER("tag:Name", "x"),
         "InvalidParameterValue", "The filter 'tag:Name' is invalid"},
        {"filter without values", "DescribeSubnets", "{\"Filters\":[{\"Name\":\"vpc-id\"}]}",
         "MissingParameter", "The request must contain the parameter Filter.1.Value"},
        {"ids or pages", "DescribeInstances", "{\"InstanceIds\":[\"i-0\"],\"MaxResults\":5}",
         "InvalidParameterCombination",
         "The parameter instancesSet cannot be used with the parameter maxResults"},
        {"a page is of five at least", "DescribeInstances", "{\"MaxResults\":4}", "InvalidParameterValue",
         "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5."},
        {"and of a thousand at most", "DescribeInstances", "{\"MaxResults\":1001}", "InvalidParameterValue",
         "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than or equal to 1000."},
        {"token of nobody", "DescribeInstances", "{\"NextToken\":\"x\"}", "InvalidParameterValue",
         "Value ( x ) for parameter NextToken is invalid. The token is invalid."},
        {"unknown association", "DescribeIamInstanceProfileAssociations",
         "{\"AssociationIds\":[\"iip-assoc-0\"]}", "InvalidAssociationID.NotFound",
         "An invalid association-id of 'iip-assoc-0' was given"},
        {"unknown subnet", "DescribeSubnets", "{\"SubnetIds\":[\"subnet-0\"]}", "InvalidSubnetID.NotFound",
         "The subnet ID 'subnet-0' does not exist"},
        {"unknown VPC", "DescribeVpcs", "{\"VpcIds\":[\"vpc-0\"]}", "InvalidVpcID.NotFound",
         "The vpc ID 'vpc-0' does not exist"},
        {"attribute of an unknown VPC", "DescribeVpcAttribute",
         "{\"VpcId\":\"vpc-0\",\"Attribute\":\"enableDnsSupport\"}", "InvalidVpcID.NotFound",
         "The vpc ID 'vpc-0' does not exist"},
        {"unknown interface", "DescribeNetworkInterfaces", "{\"NetworkInterfaceIds\":[\"eni-0\"]}",
         "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"},
        {"a dry run that would work", "DescribeInstances", "{\"DryRun\":true}", "DryRunOperation",
         "Request would have succeeded, but DryRun flag is set."},
        {"disassociate nothing", "DisassociateIamInstanceProfile", "{\"AssociationId\":\"iip-assoc-0\"}",
         "InvalidAssociationID.NotFound", "An invalid association-id of 'iip-assoc-0' was given"},
        {"replace nothing", "ReplaceIamInstanceProfileAssociation",
         "{\"AssociationId\":\"iip-assoc-0\",\"IamInstanceProfile\":{\"Name\":\"ide-profile\"}}",
         "InvalidAssociationID.NotFound", "An invalid association-id of 'iip-assoc-0' was given"},
        {"associate with no instance", "AssociateIamInstanceProfile",
         "{\"InstanceId\":\"i-0\",\"IamInstanceProfile\":{\"Name\":\"ide-profile\"}}",
         "InvalidInstanceID.NotFound", "The instance ID 'i-0' does not exist"},
    };
    struct sandbox_fixture f = {0};
    char want[400];
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (fixture_call(&f, "ec2", rows[i].operation, rows[i].in, NULL, &err))
            fail_msg("%s: allowed", rows[i].why);
        (void)snprintf(want, sizeof want, "%s: %s", rows[i].code, rows[i].text);
        if (strcmp(err.message, want) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    fixture_stop(&f);
}

/** Puts copies of the workstation into the world, n in all. */
static void put_instances(struct sandbox_fixture *f, int n)
{
    const char *first = workstation(f);
    char id[64];

    for (int i = 1; i < n; i++) {
        struct json *copy = json_copy(world_get(f->sandbox->world, "ec2.instance", first));

        (void)snprintf(id, sizeof id, "i-f%016d", i);
        json_put_text(copy, "InstanceId", id);
        world_put(f->sandbox->world, "ec2.instance", id, copy);
    }
}

static void test_pages(void **state)
{
    CLEANUP(json_freep) struct json *one = NULL, *two = NULL;
    CLEANUP(buf_release) struct buf in = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    put_instances(&f, 7);
    assert_true(fixture_call(&f, "ec2", "DescribeInstances", "{\"MaxResults\":5}", &one, &err));
    assert_int_equal(json_count(json_get(one, "Reservations")), 5);
    assert_true(*json_get_text(one, "NextToken"));
    buf_printf(&in, "{\"MaxResults\":5,\"NextToken\":\"%s\"}", json_get_text(one, "NextToken"));
    assert_true(fixture_call(&f, "ec2", "DescribeInstances", buf_text(&in), &two, &err));
    assert_int_equal(json_count(json_get(two, "Reservations")), 2);
    assert_null(json_get(two, "NextToken"));
    /* A token is good for its own operation only. */
    assert_false(fixture_call(&f, "ec2", "DescribeSubnets", buf_text(&in), NULL, &err));
    assert_string_equal(err.remote_code, "InvalidParameterValue");
    /* A page that ends with the list needs no other. */
    assert_int_equal(count_of(&f, "DescribeInstances", "Reservations", "{\"MaxResults\":7}"), 7);
    fixture_stop(&f);
}

/** A reply the wire cannot carry would be a failure of every client. */
static void check_encodes(struct sandbox_fixture *f, const char *operation, const char *in)
{
    const struct aws_operation *op = model_operation(model_service("ec2"), operation);
    struct http_response response = {0};
    struct json *out = NULL;
    struct error err;

    if (!fixture_call(f, "ec2", operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    protocol_encode_response(op, out, "3f0b7c1e-0000-4000-8000-000000000000", &response);
    if (response.status != 200)
        fail_msg("%s: status %d", operation, response.status);
    http_response_release(&response);
    json_free(out);
}

static void test_replies_encode(void **state)
{
    static const char *const operations[] = {
        "DescribeInstances",    "DescribeIamInstanceProfileAssociations",
        "DescribeSubnets",      "DescribeVpcs",
        "DescribeRouteTables",  "DescribeNetworkInterfaces",
        "DescribeVpcEndpoints",
    };
    struct sandbox_fixture f = {0};

    (void)state;
    fixture_start(&f);
    /* As Lambda's stack leaves one: its tags have another name in replies. */
    world_put(f.sandbox->world, "ec2.network_interface", "eni-0",
              json_of("NetworkInterfaceId", "eni-0", "ours", "hidden", NULL));
    json_put(world_edit(f.sandbox->world, "ec2.network_interface", "eni-0"), "Tags", json_array());
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        check_encodes(&f, operations[i], "{}");
    fixture_stop(&f);
}

static void test_instance_is_shown_whole(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct sandbox_fixture f = {0};
    const struct json *instance;
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(fixture_call(&f, "ec2", "DescribeInstances", NULL, &out, &err));
    instance = json_path(out, "Reservations.0.Instances.0");
    assert_string_equal(json_get_text(instance, "InstanceId"), workstation(&f));
    assert_string_equal(text_at(instance, "State.Name"), "running");
    assert_string_equal(
        text_at(instance, "IamInstanceProfile.Arn"),
        json_get_text(world_get(f.sandbox->world, "iam.instance_profile", "ide-profile"), "Arn"));
    assert_int_equal(strncmp(text_at(instance, "IamInstanceProfile.Id"), "AIPA", 4), 0);
    assert_string_equal(text_at(instance, "SecurityGroups.0.GroupName"), "database-sg");
    assert_string_equal(text_at(instance, "MetadataOptions.HttpTokens"), "required");
    assert_string_equal(text_at(instance, "NetworkInterfaces.0.SubnetId"),
                        json_get_text(instance, "SubnetId"));
    assert_null(json_get(instance, "imds")); /* ours, not AWS's */
    assert_string_equal(text_at(out, "Reservations.0.OwnerId"), sandbox_account(f.sandbox));
    fixture_stop(&f);
}

static void test_dry_run_without_permission(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", key);
    assert_false(fixture_call_as(&f, key, "ec2", "DescribeInstances", "{\"DryRun\":true}", NULL, &err));
    assert_string_equal(err.remote_code, "UnauthorizedOperation");
    assert_int_equal(err.http_status, 403);
    assert_false(fixture_call(&f, "ec2", "DescribeInstances", "{\"DryRun\":true}", NULL, &err));
    assert_int_equal(err.http_status, 412);
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_replies_encode),
        cmocka_unit_test(test_instance_is_shown_whole),
        cmocka_unit_test(test_dry_run_without_permission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
