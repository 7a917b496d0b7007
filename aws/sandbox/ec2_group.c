/* Security groups themselves; their rules are in ec2_rule.c. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/refuse.h"
#include "aws/sandbox/shown.h"

#include <stdio.h>

enum { NAME_LIMIT = 255, GROUP_LIMIT = 2500 };

static const struct ec2_filter group_filters[] = {
    {.name = "description", .path = "Description"},
    {.name = "egress.ip-permission.cidr", .path = "IpPermissionsEgress.IpRanges.CidrIp"},
    {.name = "egress.ip-permission.from-port", .path = "IpPermissionsEgress.FromPort"},
    {.name = "egress.ip-permission.group-id", .path = "IpPermissionsEgress.UserIdGroupPairs.GroupId"},
    {.name = "egress.ip-permission.protocol", .path = "IpPermissionsEgress.IpProtocol"},
    {.name = "egress.ip-permission.to-port", .path = "IpPermissionsEgress.ToPort"},
    {.name = "group-id", .path = "GroupId"},
    {.name = "group-name", .path = "GroupName"},
    {.name = "ip-permission.cidr", .path = "IpPermissions.IpRanges.CidrIp"},
    {.name = "ip-permission.from-port", .path = "IpPermissions.FromPort"},
    {.name = "ip-permission.group-id", .path = "IpPermissions.UserIdGroupPairs.GroupId"},
    {.name = "ip-permission.ipv6-cidr", .path = "IpPermissions.Ipv6Ranges.CidrIpv6"},
    {.name = "ip-permission.protocol", .path = "IpPermissions.IpProtocol"},
    {.name = "ip-permission.to-port", .path = "IpPermissions.ToPort"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing groups = {
    .out = "SecurityGroups",
    .ids = "GroupIds",
    .id = "GroupId",
    .tags = "Tags",
    .prefix = "sg-",
    .malformed = "InvalidGroupId.Malformed",
    .missing = "InvalidGroup.NotFound",
    .noun = "security group",
    .filters = group_filters,
    .filter_count = ARRAY_LEN(group_filters),
};

static void group_arn(const struct call *c, const char *id, char out[2100])
{
    sandbox_arn(c->sandbox, out, "ec2", sandbox_region(c->sandbox), "security-group/%s", id);
}

/** Names work in a default VPC only, which this account does not have. */
static bool refuse_names(struct error *err)
{
    return refuse(err, "VPCIdNotSpecified", "No default VPC for this user");
}

bool ec2_describe_groups(struct call *c, struct error *err)
{
    struct json *items;
    const struct json *e;
    char arn[2100];

    if (json_count(json_get(c->in, "GroupNames")))
        return refuse_names(err);
    items = json_array();
    for (size_t i = 0; (e = world_at(c->world, "ec2.security_group", i, NULL)); i++) {
        struct json *view = json_push(items, shown(shown_element(c->op, "SecurityGroups"), e));

        group_arn(c, json_get_text(e, "GroupId"), arn);
        json_put_text(view, "SecurityGroupArn", arn);
    }
    return ec2_list(c, &groups, items, err);
}

bool ec2_find_group(struct call *c, struct json **out, struct error *err)
{
    const char *id = json_get_text(c->in, "GroupId");

    if (!*id && json_get(c->in, "GroupName"))
        return refuse_names(err);
    if (!*id)
        return refuse(err, "MissingParameter", "The request must contain the parameter groupName or groupId");
    if (strncmp(id, "sg-", 3) != 0)
        return refuse(err, "InvalidGroupId.Malformed", "Invalid id: \"%.100s\" (expecting \"sg-...\")", id);
    *out = world_edit(c->world, "ec2.security_group", id);
    return *out || refuse(err, "InvalidGroup.NotFound", "The security group '%.100s' does not exist", id);
}

/* --- making one --- */

static bool check_name(const struct call *c, const char *name, const char *vpc, struct error *err)
{
    const struct json *e;

    if (strcmp(name, "default") == 0)
        return refuse(err, "InvalidGroup.Reserved", "The security group name 'default' is reserved");
    if (strncmp(name, "sg-", 3) == 0)
        return refuse(err, "InvalidParameterValue",
                      "Value (%.200s) for parameter GroupName is invalid. Group names may not be in the "
                      "format sg-*.",
                      name);
    for (size_t i = 0; (e = world_at(c->world, "ec2.security_group", i, NULL)); i++)
        if (strcmp(json_get_text(e, "GroupName"), name) == 0 && strcmp(json_get_text(e, "VpcId"), vpc) == 0)
            return refuse(err, "InvalidGroup.Duplicate",
                          "The security group '%.255s' already exists for VPC '%s'", name, vpc);
    return true;
}

/** EC2 takes ASCII letters, digits, spaces and some signs. */
static bool check_text(const char *parameter, const char *text, struct error *err)
{
    static const char signs[] = "._-:/()#,@[]+=&;{}!$* ";

    if (!*text || strlen(text) > NAME_LIMIT)
        return refuse(err, "InvalidParameterValue",
                      "Value (%.200s) for parameter %s is invalid. The length exceeds the maximum of 255.",
                      text, parameter);
    for (const char *p = text; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              strchr(signs, *p)))
            return refuse(err, "InvalidParameterValue",
                          "Value (%.200s) for parameter %s is invalid. Character sets beyond ASCII are not "
                          "supported.",
                          text, parameter);
    return true;
}

static struct json *new_group(const struct call *c, const char *id)
{
    struct json *group = json_of("GroupId", id, "GroupName", json_get_text(c->in, "GroupName"), "Description",
                                 json_get_text(c->in, "Description"), "VpcId", json_get_text(c->in, "VpcId"),
                                 "OwnerId", sandbox_account(c->sandbox), NULL);
    struct json *everywhere, *egress;

    json_put(group, "IpPermissions", json_array());
    egress = json_put(group, "IpPermissionsEgress", json_array());
    everywhere = json_push(egress, json_of("IpProtocol", "-1", NULL));
    json_push(json_put(everywhere, "IpRanges", json_array()), json_of("CidrIp", "0.0.0.0/0", NULL));
    json_put(everywhere, "UserIdGroupPairs", json_array());
    json_put(group, "Tags", ec2_new_tags(c, "security-group"));
    return group;
}

bool ec2_create_group(struct call *c, struct error *err)
{
    const char *name = json_get_text(c->in, "GroupName"), *vpc = json_get_text(c->in, "VpcId");
    const struct json *group;
    char id[64], arn[2100];

    if (!*vpc)
        return refuse_names(err);
    if (!world_get(c->world, "ec2.vpc", vpc))
        return refuse(err, "InvalidVpcID.NotFound", "The vpc ID '%.100s' does not exist", vpc);
    if (!check_text("GroupName", name, err) ||
        !check_text("GroupDescription", json_get_text(c->in, "Description"), err) ||
        !check_name(c, name, vpc, err) || !ec2_check_new_tags(c, err))
        return false;
    if (world_count(c->world, "ec2.security_group") >= GROUP_LIMIT)
        return refuse(err, "SecurityGroupLimitExceeded",
                      "The maximum number of security groups has been reached.");
    sandbox_resource_id(c->sandbox, "sg-", id);
    group = world_put(c->world, "ec2.security_group", id, new_group(c, id));
    group_arn(c, id, arn);
    c->out = json_of("GroupId", id, "SecurityGroupArn", arn, NULL);
    json_put(c->out, "Tags", json_copy(json_get(group, "Tags")));
    c->trail_response = json_of("requestId", c->request_id, "groupId", id, NULL);
    json_put_bool(c->trail_response, "_return", true);
    return true;
}

/* --- deleting one --- */

/* What may hold a group, and where it says so. */
static const struct {
    const char *kind, *path;
} holders[] = {
    {"ec2.vpc_endpoint", "Groups.GroupId"},
    {"rds.cluster", "VpcSecurityGroups.VpcSecurityGroupId"},
    {"rds.instance", "VpcSecurityGroups.VpcSecurityGroupId"},
};

/** Rules of its own do not count: they go with it. */
static bool is_referenced(const struct call *c, const char *id)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(c->world, "ec2.security_group", i, &key)); i++)
        if (strcmp(key, id) != 0 && (ec2_has(e, "IpPermissions.UserIdGroupPairs.GroupId", id) ||
                                     ec2_has(e, "IpPermissionsEgress.UserIdGroupPairs.GroupId", id)))
            return true;
    return false;
}

static bool is_held(const struct call *c, const char *id)
{
    CLEANUP(json_freep) struct json *interfaces = ec2_interfaces(c);
    const struct json *e;

    if (ec2_has(interfaces, "Groups.GroupId", id) || is_referenced(c, id))
        return true;
    for (size_t h = 0; h < ARRAY_LEN(holders); h++)
        for (size_t i = 0; (e = world_at(c->world, holders[h].kind, i, NULL)); i++)
            if (ec2_has(e, holders[h].path, id))
                return true;
    return false;
}

bool ec2_delete_group(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "GroupId");
    struct json *group;

    if (!ec2_find_group(c, &group, err))
        return false;
    if (is_held(c, id))
        return refuse(err, "DependencyViolation", "resource %s has a dependent object", id);
    world_remove(c->world, "ec2.security_group", id);
    ec2_done(c);
    json_put_text(c->out, "GroupId", id);
    return true;
}

/* --- authorisation --- */

void ec2_group_target(struct call *c)
{
    const struct json *group = world_get(c->world, "ec2.security_group", json_get_text(c->in, "GroupId"));
    const char *vpc = json_get_text(group ? group : c->in, "VpcId");
    char arn[2100];

    ec2_tag_context(c, group);
    if (*vpc) {
        sandbox_arn(c->sandbox, arn, "ec2", sandbox_region(c->sandbox), "vpc/%.200s", vpc);
        json_put_text(c->context, "ec2:Vpc", arn);
    }
}

/** To make something with tags is also to tag it. */
bool ec2_group_tagged(struct call *c, const char **action, char resource[2100])
{
    if (!json_count(json_get(c->in, "TagSpecifications")))
        return false;
    *action = "ec2:CreateTags";
    sandbox_arn(c->sandbox, resource, "ec2", sandbox_region(c->sandbox), "%s/*",
                strcmp(c->op->name, "CreateSecurityGroup") == 0 ? "security-group" : "security-group-rule");
    return true;
}
