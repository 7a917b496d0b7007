#include "aws/http/message.h"
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

/** Parameters with %V, %G, %I for the world's VPC, its security group and its
 * instance, %E for the instance's interface. */
static void fill(struct sandbox_fixture *f, const char *from, struct buf *out)
{
    const char *vpc = "", *group = "", *instance = "";

    (void)world_at(f->sandbox->world, "ec2.vpc", 0, &vpc);
    group = json_get_text(fixture_find(f, "ec2.security_group", "GroupName", "database-sg"), "GroupId");
    (void)world_at(f->sandbox->world, "ec2.instance", 0, &instance);
    for (; *from; from++) {
        if (*from != '%') {
            buf_addc(out, *from);
            continue;
        }
        from++;
        if (*from == 'E')
            buf_printf(out, "eni-%s", instance + 2);
        else
            buf_adds(out, *from == 'V' ? vpc : *from == 'G' ? group : instance);
    }
}

/** Calls, and holds the reply against the wire. */
static bool call(struct sandbox_fixture *f, const char *operation, const char *in, struct json **out,
                 struct error *err)
{
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    struct http_response response = {0};
    bool ok;

    fill(f, in, &text);
    ok = fixture_call(f, "ec2", operation, buf_text(&text), &reply, err);
    if (!ok)
        return false;
    protocol_encode_response(model_operation(model_service("ec2"), operation), reply, f->request_id,
                             &response);
    if (response.status != 200)
        fail_msg("%s: cannot be sent", operation);
    http_response_release(&response);
    if (out) {
        *out = reply;
        reply = NULL;
    }
    return true;
}

static size_t count_of(struct sandbox_fixture *f, const char *operation, const char *member, const char *in)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err;

    if (!call(f, operation, in, &out, &err))
        fail_msg("%s: %s", operation, err.message);
    return json_count(json_get(out, member));
}

#define PORT(low, high, range)                                                                               \
    "\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":" low ",\"ToPort\":" high ",\"IpRanges\":[{"    \
    "\"CidrIp\":\"" range "\"}]}]"
#define TAG(key, value) "\"Tags\":[{\"Key\":\"" key "\",\"Value\":\"" value "\"}]"
#define FILTER(name, value) "{\"Filters\":[{\"Name\":\"" name "\",\"Values\":[\"" value "\"]}]}"

static void test_refusals(void **state)
{
    static const struct {
        const char *why, *operation, *in, *want;
    } rows[] = {
        {"no default VPC to make it in", "CreateSecurityGroup", "{\"GroupName\":\"n\",\"Description\":\"d\"}",
         "VPCIdNotSpecified: No default VPC for this user"},
        {"unknown VPC", "CreateSecurityGroup",
         "{\"GroupName\":\"n\",\"Description\":\"d\",\"VpcId\":\"vpc-0\"}",
         "InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist"},
        {"the name is taken", "CreateSecurityGroup",
         "{\"GroupName\":\"database-sg\",\"Description\":\"d\",\"VpcId\":\"%V\"}",
         "InvalidGroup.Duplicate: The security group 'database-sg' already exists for VPC '%V'"},
        {"a name that looks like an id", "CreateSecurityGroup",
         "{\"GroupName\":\"sg-1\",\"Description\":\"d\",\"VpcId\":\"%V\"}",
         "InvalidParameterValue: Value (sg-1) for parameter GroupName is invalid. Group names may not be in "
         "the format sg-*."},
        {"description with a quote", "CreateSecurityGroup",
         "{\"GroupName\":\"n\",\"Description\":\"it's\",\"VpcId\":\"%V\"}",
         "InvalidParameterValue: Value (it's) for parameter GroupDescription is invalid. Character sets "
         "beyond ASCII are not supported."},
        {"a reserved tag", "CreateSecurityGroup",
         "{\"GroupName\":\"n\",\"Description\":\"d\",\"VpcId\":\"%V\",\"TagSpecifications\":[{"
         "\"ResourceType\":\"security-group\"," TAG("aws:x", "y") "}]}",
         "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"},
        {"deleting what an instance uses", "DeleteSecurityGroup", "{\"GroupId\":\"%G\"}",
         "DependencyViolation: resource %G has a dependent object"},
        {"deleting nothing", "DeleteSecurityGroup", "{\"GroupId\":\"sg-0\"}",
         "InvalidGroup.NotFound: The security group 'sg-0' does not exist"},
        {"deleting nobody knows what", "DeleteSecurityGroup", "{}",
         "MissingParameter: The request must contain the parameter groupName or groupId"},
        {"deleting by another kind of id", "DeleteSecurityGroup", "{\"GroupId\":\"vpc-0\"}",
         "InvalidGroupId.Malformed: Invalid id: \"vpc-0\" (expecting \"sg-...\")"},
        {"names are for default VPCs", "DescribeSecurityGroups", "{\"GroupNames\":[\"database-sg\"]}",
         "VPCIdNotSpecified: No default VPC for this user"},
        {"a rule that is there: the group itself", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\",\"IpPermissions\":[{\"IpProtocol\":\"6\",\"FromPort\":3306,\"ToPort\":3306,"
         "\"UserIdGroupPairs\":[{\"GroupId\":\"%G\"}]}]}",
         "InvalidPermission.Duplicate: the specified rule \"peer: %G, TCP, from port: 3306, to port: 3306, "
         "ALLOW\" already exists"},
        {"no rule at all", "AuthorizeSecurityGroupIngress", "{\"GroupId\":\"%G\"}",
         "MissingParameter: The request must contain the parameter ipPermissions"},
        {"no ports", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"IpRanges\":[{\"CidrIp\":\"10.0.0."
         "0/"
         "8\"}]}]}",
         "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' for "
         "portRange."},
        {"ports the wrong way round", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\"," PORT("80", "22", "10.0.0.0/8") "}",
         "InvalidParameterValue: Invalid TCP/UDP port range (80:22)"},
        {"a port too large", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\"," PORT("80", "65536", "10.0.0.0/8") "}",
         "InvalidParameterValue: TCP/UDP port (65536) out of range"},
        {"a block without a length", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\"," PORT("22", "22", "10.0.0.0") "}",
         "InvalidParameterValue: CIDR block 10.0.0.0 is malformed"},
        {"a block too long", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\"," PORT("22", "22", "10.0.0.0/33") "}",
         "InvalidParameterValue: CIDR block 10.0.0.0/33 is malformed"},
        {"no such protocol", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\",\"IpProtocol\":\"smoke\",\"CidrIp\":\"10.0.0.0/8\"}",
         "InvalidParameterValue: Invalid value 'smoke' for IP protocol. Unknown protocol."},
        {"an unknown group as source", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"%G\",\"IpPermissions\":[{\"IpProtocol\":\"-1\",\"UserIdGroupPairs\":[{\"GroupId\":"
         "\"sg-0\"}]}]}",
         "InvalidGroup.NotFound: The security group 'sg-0' does not exist"},
        {"taking away what is not there", "RevokeSecurityGroupIngress",
         "{\"GroupId\":\"%G\"," PORT("22", "22", "10.0.0.0/8") "}",
         "InvalidPermission.NotFound: The specified rule does not exist in this security group."},
        {"taking away by unknown id", "RevokeSecurityGroupIngress",
         "{\"GroupId\":\"%G\",\"SecurityGroupRuleIds\":[\"sgr-0\"]}",
         "InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-0' does not exist"},
        {"tagging what is not there", "CreateTags", "{\"Resources\":[\"%G\",\"i-0\"]," TAG("a", "b") "}",
         "InvalidInstanceID.NotFound: The instance ID 'i-0' does not exist"},
        {"tagging what is no id", "CreateTags", "{\"Resources\":[\"pen\"]," TAG("a", "b") "}",
         "InvalidID: The ID 'pen' is not valid"},
        {"a reserved key, in any case", "CreateTags", "{\"Resources\":[\"%G\"]," TAG("AWS:a", "b") "}",
         "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"},
        {"untagging a reserved key", "DeleteTags", "{\"Resources\":[\"%G\"]," TAG("aws:a", "b") "}",
         "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"},
        {"too many hops", "ModifyInstanceMetadataOptions",
         "{\"InstanceId\":\"%I\",\"HttpPutResponseHopLimit\":65}",
         "InvalidParameterValue: Value (65) for parameter HttpPutResponseHopLimit is invalid. Expecting a "
         "value between 1 and 64."},
        {"options of no instance", "ModifyInstanceMetadataOptions",
         "{\"InstanceId\":\"i-0\",\"HttpTokens\":\"required\"}",
         "InvalidInstanceID.NotFound: The instance ID 'i-0' does not exist"},
        {"an endpoint of a service of another region", "CreateVpcEndpoint",
         "{\"VpcId\":\"%V\",\"ServiceName\":\"com.amazonaws.us-east-1.secretsmanager\"}",
         "InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.secretsmanager' does not "
         "exist"},
        {"an endpoint in a subnet that is not there", "CreateVpcEndpoint",
         "{\"VpcId\":\"%V\",\"ServiceName\":\"com.amazonaws.eu-west-1.secretsmanager\",\"SubnetIds\":"
         "[\"subnet-0\"]}",
         "InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist"},
        {"an endpoint in no VPC", "CreateVpcEndpoint", "{\"VpcId\":\"vpc-0\"}",
         "InvalidVpcId.NotFound: The Vpc Id vpc-0 does not exist"},
    };
    CLEANUP(buf_release) struct buf before = {0}, after = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    sandbox_dump(f.sandbox, &before);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf want = {0};

        fill(&f, rows[i].want, &want);
        if (call(&f, rows[i].operation, rows[i].in, NULL, &err))
            fail_msg("%s: allowed", rows[i].why);
        if (strcmp(err.message, buf_text(&want)) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    /* What is refused changes nothing. */
    sandbox_dump(f.sandbox, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    fixture_stop(&f);
}

static void test_group_comes_and_goes(void **state)
{
    CLEANUP(json_freep) struct json *made = NULL, *seen = NULL;
    CLEANUP(buf_release) struct buf before = {0}, after = {0}, in = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    sandbox_dump(f.sandbox, &before);
    assert_true(call(&f, "CreateSecurityGroup",
                     "{\"GroupName\":\"new\",\"Description\":\"for a test\",\"VpcId\":\"%V\","
                     "\"TagSpecifications\":[{\"ResourceType\":\"security-group\"," TAG(
                         "lab:owner", "me") "},{"
                                            "\"ResourceType\":\"vpc\"," TAG("not", "ours") "}]}",
                     &made, &err));
    assert_int_equal(strncmp(json_get_text(made, "GroupId"), "sg-", 3), 0);
    assert_int_equal(json_count(json_get(made, "Tags")), 1);
    assert_true(call(&f, "DescribeSecurityGroups", FILTER("tag:lab:owner", "me"), &seen, &err));
    assert_string_equal(text_at(seen, "SecurityGroups.0.GroupId"), json_get_text(made, "GroupId"));
    assert_string_equal(text_at(seen, "SecurityGroups.0.SecurityGroupArn"),
                        json_get_text(made, "SecurityGroupArn"));
    assert_string_equal(text_at(seen, "SecurityGroups.0.IpPermissionsEgress.0.IpRanges.0.CidrIp"),
                        "0.0.0.0/0");
    buf_printf(&in, "{\"GroupId\":\"%s\"}", json_get_text(made, "GroupId"));
    assert_true(call(&f, "DeleteSecurityGroup", buf_text(&in), NULL, &err));
    sandbox_dump(f.sandbox, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    fixture_stop(&f);
}

static void test_rule_comes_and_goes(void **state)
{
    CLEANUP(json_freep) struct json *made = NULL, *gone = NULL, *seen = NULL;
    CLEANUP(buf_release) struct buf before = {0}, after = {0}, in = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    sandbox_dump(f.sandbox, &before);
    assert_int_equal(
        count_of(&f, "DescribeSecurityGroupRules", "SecurityGroupRules", FILTER("group-id", "%G")),
        2); /* the database's port and everything outwards */
    assert_true(call(&f, "AuthorizeSecurityGroupIngress",
                     "{\"GroupId\":\"%G\"," PORT(
                         "3306", "3306", "10.1.2.3/8") ",\"TagSpecifications\":[{"
                                                       "\"ResourceType\":\"security-group-rule\"," TAG(
                                                           "lab:owner", "me") "}]}",
                     &made, &err));
    assert_true(json_bool(json_get(made, "Return"), false));
    assert_string_equal(text_at(made, "SecurityGroupRules.0.CidrIpv4"), "10.0.0.0/8"); /* host bits go */
    assert_string_equal(text_at(made, "SecurityGroupRules.0.Tags.0.Value"), "me");
    assert_false(call(&f, "AuthorizeSecurityGroupIngress",
                      "{\"GroupId\":\"%G\"," PORT("3306", "3306", "10.0.0.0/8") "}", NULL, &err));
    assert_string_equal(err.remote_code, "InvalidPermission.Duplicate");
    /* One permission for the same ports, with both sources. */
    assert_true(call(&f, "DescribeSecurityGroups", FILTER("ip-permission.cidr", "10.0.0.0/8"), &seen, &err));
    assert_int_equal(json_count(json_path(seen, "SecurityGroups.0.IpPermissions")), 1);
    assert_int_equal(
        count_of(&f, "DescribeSecurityGroupRules", "SecurityGroupRules", FILTER("tag:lab:owner", "me")), 1);
    buf_printf(&in, "{\"GroupId\":\"%%G\",\"SecurityGroupRuleIds\":[\"%s\"]}",
               text_at(made, "SecurityGroupRules.0.SecurityGroupRuleId"));
    assert_true(call(&f, "RevokeSecurityGroupIngress", buf_text(&in), &gone, &err));
    assert_string_equal(text_at(gone, "RevokedSecurityGroupRules.0.CidrIpv4"), "10.0.0.0/8");
    sandbox_dump(f.sandbox, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    fixture_stop(&f);
}

static void test_revoke_takes_all_or_nothing(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(call(&f, "AuthorizeSecurityGroupIngress",
                     "{\"GroupId\":\"%G\",\"IpProtocol\":\"tcp\",\"FromPort\":22,\"ToPort\":22,\"CidrIp\":"
                     "\"10.0.0.0/8\"}",
                     NULL, &err));
    assert_false(
        call(&f, "RevokeSecurityGroupIngress",
             "{\"GroupId\":\"%G\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":22,"
             "\"ToPort\":22,\"IpRanges\":[{\"CidrIp\":\"10.0.0.0/8\"},{\"CidrIp\":\"11.0.0.0/8\"}]}]}",
             NULL, &err));
    assert_string_equal(err.remote_code, "InvalidPermission.NotFound");
    assert_int_equal(
        count_of(&f, "DescribeSecurityGroupRules", "SecurityGroupRules", FILTER("group-id", "%G")), 3);
    assert_true(call(&f, "RevokeSecurityGroupIngress",
                     "{\"GroupId\":\"%G\"," PORT("22", "22", "10.0.0.0/8") "}", NULL, &err));
    /* Out of its own group too: then nothing but the egress is left. */
    assert_true(call(&f, "RevokeSecurityGroupIngress",
                     "{\"GroupId\":\"%G\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":3306,"
                     "\"ToPort\":3306,\"UserIdGroupPairs\":[{\"GroupId\":\"%G\"}]}]}",
                     NULL, &err));
    assert_int_equal(
        count_of(&f, "DescribeSecurityGroupRules", "SecurityGroupRules", FILTER("group-id", "%G")), 1);
    fixture_stop(&f);
}

static void test_tags(void **state)
{
    static const struct {
        const char *why, *in;
        size_t left; /* of a=1, b=2 on the group */
    } rows[] = {
        {"by key and value", "{\"Resources\":[\"%G\"]," TAG("a", "1") "}", 1},
        {"another value does not match", "{\"Resources\":[\"%G\"]," TAG("a", "2") "}", 2},
        {"by key alone", "{\"Resources\":[\"%G\"],\"Tags\":[{\"Key\":\"b\"}]}", 1},
        {"an empty value is a value", "{\"Resources\":[\"%G\"]," TAG("b", "") "}", 2},
        {"a key that is not there is no failure", "{\"Resources\":[\"%G\"],\"Tags\":[{\"Key\":\"z\"}]}", 2},
        {"all", "{\"Resources\":[\"%G\"]}", 0},
    };
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(call(&f, "DeleteTags", "{\"Resources\":[\"%G\"]}", NULL, &err));
        assert_true(call(&f, "CreateTags",
                         "{\"Resources\":[\"%G\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"0\"},{\"Key\":\"b\","
                         "\"Value\":\"2\"}]}",
                         NULL, &err));
        assert_true(call(&f, "CreateTags", "{\"Resources\":[\"%G\"]," TAG("a", "1") "}", NULL, &err));
        assert_int_equal(count_of(&f, "DescribeTags", "Tags", FILTER("resource-id", "%G")), 2);
        assert_true(call(&f, "DeleteTags", rows[i].in, NULL, &err));
        if (count_of(&f, "DescribeTags", "Tags", FILTER("resource-id", "%G")) != rows[i].left)
            fail_msg("%s", rows[i].why);
    }
    fixture_stop(&f);
}

/* Rules and an instance's interface are not stored, their tags are. */
static void test_tags_of_what_is_derived(void **state)
{
    CLEANUP(json_freep) struct json *rules = NULL, *interfaces = NULL;
    CLEANUP(buf_release) struct buf in = {0}, before = {0}, after = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    sandbox_dump(f.sandbox, &before);
    assert_true(call(&f, "DescribeSecurityGroupRules", "{}", &rules, &err));
    buf_printf(&in, "{\"Resources\":[\"%s\",\"%%E\"]," TAG("x", "y") "}",
               text_at(rules, "SecurityGroupRules.0.SecurityGroupRuleId"));
    assert_true(call(&f, "CreateTags", buf_text(&in), NULL, &err));
    assert_int_equal(count_of(&f, "DescribeSecurityGroupRules", "SecurityGroupRules", FILTER("tag:x", "y")),
                     1);
    assert_int_equal(count_of(&f, "DescribeNetworkInterfaces", "NetworkInterfaces", FILTER("tag-key", "x")),
                     1);
    assert_int_equal(count_of(&f, "DescribeTags", "Tags", FILTER("resource-type", "security-group-rule")), 1);
    assert_int_equal(count_of(&f, "DescribeTags", "Tags", FILTER("tag:x", "y")), 2);
    assert_true(
        call(&f, "DescribeNetworkInterfaces", FILTER("attachment.instance-id", "%I"), &interfaces, &err));
    assert_string_equal(text_at(interfaces, "NetworkInterfaces.0.TagSet.0.Key"), "x");
    assert_true(call(&f, "DeleteTags", buf_text(&in), NULL, &err));
    sandbox_dump(f.sandbox, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    fixture_stop(&f);
}

static void test_tags_are_bounded(void **state)
{
    CLEANUP(buf_release) struct buf in = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    buf_adds(&in, "{\"Resources\":[\"%G\"],\"Tags\":[");
    for (int i = 0; i < 50; i++)
        buf_printf(&in, "%s{\"Key\":\"k%d\",\"Value\":\"v\"}", i ? "," : "", i);
    buf_adds(&in, "]}");
    assert_false(call(&f, "CreateTags", buf_text(&in), NULL, &err)); /* the Name is there already */
    assert_string_equal(err.remote_code, "TagLimitExceeded");
    assert_true(call(&f, "DeleteTags", "{\"Resources\":[\"%G\"]}", NULL, &err));
    assert_true(call(&f, "CreateTags", buf_text(&in), NULL, &err));
    assert_true(call(&f, "CreateTags", buf_text(&in), NULL, &err)); /* the same once more needs no room */
    assert_false(call(&f, "CreateTags", "{\"Resources\":[\"%G\"]," TAG("one", "more") "}", NULL, &err));
    fixture_stop(&f);
}

static void test_metadata_options(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *attribute = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(call(&f, "ModifyInstanceMetadataOptions",
                     "{\"InstanceId\":\"%I\",\"HttpPutResponseHopLimit\":2}", &out, &err));
    assert_string_equal(text_at(out, "InstanceMetadataOptions.State"), "pending");
    assert_string_equal(text_at(out, "InstanceMetadataOptions.HttpTokens"), "required"); /* as it was */
    assert_int_equal(count_of(&f, "DescribeInstances", "Reservations",
                              FILTER("metadata-options.http-put-response-hop-limit", "2")),
                     1);
    assert_true(call(&f, "DescribeVpcAttribute", "{\"VpcId\":\"%V\",\"Attribute\":\"enableDnsHostnames\"}",
                     &attribute, &err));
    assert_true(json_bool(json_path(attribute, "EnableDnsHostnames.Value"), false));
    assert_null(json_get(attribute, "EnableDnsSupport")); /* one attribute per call */
    fixture_stop(&f);
}

static bool create_as(struct sandbox_fixture *f, const char *statement, const char *operation, const char *in,
                      struct error *err)
{
    CLEANUP(buf_release) struct buf document = {0}, text = {0};
    struct json *inlined = json_object();
    char key[129];

    buf_printf(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statement);
    json_put_str(inlined, "p", buf_str(&document));
    json_put(world_edit(f->sandbox->world, "iam.user", "student"), "Inline", inlined);
    fixture_user_key(f, "student", key);
    fill(f, in, &text);
    return fixture_call_as(f, key, "ec2", operation, buf_text(&text), NULL, err);
}

static void test_permissions(void **state)
{
    static const char tagged[] =
        "{\"GroupName\":\"n\",\"Description\":\"d\",\"VpcId\":\"%V\","
        "\"TagSpecifications\":[{\"ResourceType\":\"security-group\"," TAG("a", "b") "}]}";
    static const char create[] =
        "{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateSecurityGroup\",\"Resource\":\"*\"}";
    static const struct {
        const char *why, *statement, *operation, *in, *denied; /* NULL: allowed */
    } rows[] = {
        {"making it", create, "CreateSecurityGroup",
         "{\"GroupName\":\"n\",\"Description\":\"d\",\"VpcId\":\"%V\"}", NULL},
        {"making it with tags is tagging too", create, "CreateSecurityGroup", tagged, "ec2:CreateTags"},
        {"the tags of the request count",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
         "\"aws:RequestTag/a\":\"b\"}}}",
         "CreateSecurityGroup", tagged, NULL},
        {"other tags do not do",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
         "\"aws:RequestTag/a\":\"c\"}}}",
         "CreateSecurityGroup", tagged, "ec2:CreateSecurityGroup"},
        {"a group by its tag",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
         "\"aws:ResourceTag/Name\":\"database-sg\"}}}",
         "CreateTags", "{\"Resources\":[\"%G\"]," TAG("a", "b") "}", NULL},
        {"an instance has another",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\","
         "\"Condition\":{\"StringEquals\":{\"ec2:ResourceTag/Name\":\"database-sg\"}}}",
         "CreateTags", "{\"Resources\":[\"%I\"]," TAG("a", "b") "}", "ec2:CreateTags"},
        {"every resource has to be allowed",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"arn:aws:ec2:*:*:security-group/*\"}",
         "CreateTags", "{\"Resources\":[\"%G\",\"%I\"]," TAG("a", "b") "}", ":instance/i-"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sandbox_fixture f = {0};
        bool ok;

        fixture_start(&f);
        ok = create_as(&f, rows[i].statement, rows[i].operation, rows[i].in, &err);
        if (ok != !rows[i].denied)
            fail_msg("%s: %s", rows[i].why, ok ? "allowed" : err.message);
        if (!ok && rows[i].denied &&
            (!strstr(err.message, rows[i].denied) || strcmp(err.remote_code, "UnauthorizedOperation") != 0))
            fail_msg("%s: %s", rows[i].why, err.message);
        fixture_stop(&f);
    }
}

static void test_endpoint(void **state)
{
    static const char in[] =
        "{\"VpcId\":\"%V\",\"VpcEndpointType\":\"Interface\",\"ClientToken\":\"t\","
        "\"ServiceName\":\"com.amazonaws.eu-west-1.secretsmanager\",\"SecurityGroupIds\":[\"%G\"]}";
    CLEANUP(json_freep) struct json *made = NULL, *again = NULL, *seen = NULL;
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_true(call(&f, "CreateVpcEndpoint", in, &made, &err));
    assert_true(call(&f, "CreateVpcEndpoint", in, &again, &err)); /* the token makes it the same one */
    assert_string_equal(json_text(json_path(made, "VpcEndpoint.VpcEndpointId")),
                        json_text(json_path(again, "VpcEndpoint.VpcEndpointId")));
    assert_true(call(&f, "DescribeVpcEndpoints", "{}", &seen, &err));
    assert_int_equal(json_count(json_get(seen, "VpcEndpoints")), 1);
    assert_string_equal(json_text(json_path(seen, "VpcEndpoints.0.State")), "available");
    assert_null(json_path(seen, "VpcEndpoints.0.ClientToken")); /* no member of an endpoint */
    assert_false(call(&f, "CreateVpcEndpoint",
                      "{\"VpcId\":\"%V\",\"VpcEndpointType\":\"Interface\","
                      "\"ServiceName\":\"com.amazonaws.eu-west-1.secretsmanager\"}",
                      NULL, &err));
    assert_string_equal(err.remote_code, "InvalidParameter"); /* the private name is taken */
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_group_comes_and_goes),
        cmocka_unit_test(test_rule_comes_and_goes),
        cmocka_unit_test(test_revoke_takes_all_or_nothing),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_tags_of_what_is_derived),
        cmocka_unit_test(test_tags_are_bounded),
        cmocka_unit_test(test_endpoint),
        cmocka_unit_test(test_metadata_options),
        cmocka_unit_test(test_permissions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
