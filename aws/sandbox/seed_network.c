/* The network, security groups and instances. */
#include "aws/sandbox/seed.h"

#include <stdio.h>

static const char *const network_keys[] = {
    "name", "cidr", "dns_support", "dns_hostnames", "subnets", "route", "security_groups", "endpoints", NULL};
static const char *const subnet_keys[] = {"zone", "cidr", "route", "addresses", NULL};
static const char *const group_keys[] = {"description", "ingress", NULL};
static const char *const rule_keys[] = {"port", "from", NULL};
static const char *const instance_keys[] = {"type", "subnet", "security_groups", "instance_profile", "imds",
                                            "tags", NULL};

/** The entity of a kind whose member has this text. */
static const struct json *find(const struct seed *seed, const char *kind, const char *member,
                               const char *text)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(seed->world, kind, i, NULL)); i++)
        if (strcmp(json_get_text(e, member), text) == 0)
            return e;
    return NULL;
}

const struct json *seed_subnet(const struct seed *seed, const char *name)
{
    return find(seed, "ec2.subnet", "world_name", name);
}

const struct json *seed_group(const struct seed *seed, const char *name)
{
    return find(seed, "ec2.security_group", "GroupName", name);
}

static const char *owner(const struct seed *seed)
{
    return sandbox_account(seed->sandbox);
}

static void seed_vpc(struct seed *seed, const struct json *network)
{
    const char *cidr = *json_get_text(network, "cidr") ? json_get_text(network, "cidr") : "172.30.0.0/16";
    struct json *vpc;
    char id[64];

    sandbox_resource_id(seed->sandbox, "vpc-", seed->vpc_id);
    sandbox_resource_id(seed->sandbox, "dopt-", id);
    vpc = json_of("VpcId", seed->vpc_id, "CidrBlock", cidr, "State", "available", "InstanceTenancy",
                  "default", "DhcpOptionsId", id, "OwnerId", owner(seed), NULL);
    json_put_bool(vpc, "IsDefault", false);
    json_put(vpc, "Tags",
             seed_tags(NULL, *json_get_text(network, "name") ? json_get_text(network, "name") : "vpc"));
    json_put_bool(vpc, "enable_dns_support", json_bool(json_get(network, "dns_support"), true));
    json_put_bool(vpc, "enable_dns_hostnames", json_bool(json_get(network, "dns_hostnames"), true));
    world_put(seed->world, "ec2.vpc", seed->vpc_id, vpc);
}

static bool seed_subnets(struct seed *seed, const struct json *subnets, struct error *err)
{
    const char *region = sandbox_region(seed->sandbox);

    for (const struct json *from = json_first(subnets); from; from = json_next(from)) {
        const char *zone = json_get_text(from, "zone");
        char id[64], name[64], zone_id[64], arn[2100];
        struct json *subnet;

        if (!seed_keys(from, "network.subnets", json_key(from), subnet_keys, err))
            return false;
        if (strlen(zone) != 1 || *zone < 'a' || *zone > 'f' || !*json_get_text(from, "cidr"))
            return seed_refuse(err, "network.subnets", json_key(from), "needs a zone (a to f) and a cidr");
        sandbox_resource_id(seed->sandbox, "subnet-", id);
        (void)snprintf(name, sizeof name, "%.40s%s", region, zone);
        (void)snprintf(zone_id, sizeof zone_id, "az%d", *zone - 'a' + 1);
        sandbox_arn(seed->sandbox, arn, "ec2", region, "subnet/%s", id);
        subnet = json_of("SubnetId", id, "SubnetArn", arn, "VpcId", seed->vpc_id, "CidrBlock",
                         json_get_text(from, "cidr"), "AvailabilityZone", name, "AvailabilityZoneId", zone_id,
                         "State", "available", "OwnerId", owner(seed), "world_name", json_key(from), NULL);
        json_put_int(subnet, "AvailableIpAddressCount", json_int(json_get(from, "addresses"), 240));
        json_put_bool(subnet, "DefaultForAz", false);
        json_put_bool(subnet, "MapPublicIpOnLaunch", false);
        json_put(subnet, "Tags", seed_tags(NULL, json_key(from)));
        world_put(seed->world, "ec2.subnet", id, subnet);
    }
    return true;
}

/* --- security groups --- */

static struct json *everywhere(void)
{
    struct json *rule = json_of("IpProtocol", "-1", NULL), *ranges = json_array(), *rules = json_array();

    json_push(ranges, json_of("CidrIp", "0.0.0.0/0", NULL));
    json_put(rule, "IpRanges", ranges);
    json_put(rule, "UserIdGroupPairs", json_array());
    json_push(rules, rule);
    return rules;
}

/** One ingress rule; from names a group, "self" or addresses. */
static bool add_rule(const struct seed *seed, struct json *group, const struct json *from, struct error *err)
{
    const char *source = json_get_text(from, "from"), *name = json_get_text(group, "GroupName");
    int64_t port = json_int(json_get(from, "port"), 0);
    const struct json *other = strcmp(source, "self") == 0 ? group : seed_group(seed, source);
    struct json *rule, *ranges = json_array(), *pairs = json_array();
    bool known = other || strchr(source, '/');

    if (other)
        json_push(pairs, json_of("GroupId", json_get_text(other, "GroupId"), "UserId", owner(seed), NULL));
    else
        json_push(ranges, json_of("CidrIp", source, NULL));
    rule = json_of("IpProtocol", "tcp", NULL);
    json_put_int(rule, "FromPort", port);
    json_put_int(rule, "ToPort", port);
    json_put(rule, "IpRanges", ranges);
    json_put(rule, "UserIdGroupPairs", pairs);
    json_push(json_edit(group, "IpPermissions"), rule);
    if (!seed_keys(from, "network.security_groups", name, rule_keys, err))
        return false;
    return (known && port > 0 && port < 65536) ||
           seed_refuse(err, "network.security_groups", name,
                       "ingress needs a port and from: a group of this world, self, or addresses");
}

static bool seed_groups(struct seed *seed, const struct json *groups, struct error *err)
{
    for (const struct json *from = json_first(groups); from; from = json_next(from)) {
        char id[64];
        struct json *group;

        if (!seed_keys(from, "network.security_groups", json_key(from), group_keys, err))
            return false;
        sandbox_resource_id(seed->sandbox, "sg-", id);
        group =
            json_of("GroupId", id, "GroupName", json_key(from), "Description",
                    json_get_text(from, "description"), "VpcId", seed->vpc_id, "OwnerId", owner(seed), NULL);
        json_put(group, "IpPermissions", json_array());
        json_put(group, "IpPermissionsEgress", everywhere());
        json_put(group, "Tags", seed_tags(NULL, json_key(from)));
        world_put(seed->world, "ec2.security_group", id, group);
    }
    /* Rules after all groups are there: they name each other. */
    for (const struct json *from = json_first(groups); from; from = json_next(from)) {
        struct json *group = world_edit(seed->world, "ec2.security_group",
                                        json_get_text(seed_group(seed, json_key(from)), "GroupId"));

        for (const struct json *e = json_first(json_get(from, "ingress")); e; e = json_next(e))
            if (!add_rule(seed, group, e, err))
                return false;
    }
    return true;
}

bool seed_group_list(const struct seed *seed, const char *place, const struct json *from, struct json *groups,
                     struct error *err)
{
    for (const struct json *e = json_first(json_get(from, "security_groups")); e; e = json_next(e)) {
        const struct json *group = seed_group(seed, json_text(e));

        if (!group)
            return seed_refuse(err, place, json_key(from), "security_groups names one that this world lacks");
        json_push(groups,
                  json_of("GroupId", json_get_text(group, "GroupId"), "GroupName", json_text(e), NULL));
    }
    return true;
}

bool seed_network(struct seed *seed, struct error *err)
{
    const struct json *network = json_get(seed->document, "network");

    if (!seed_keys(network, "network", "", network_keys, err))
        return false;
    seed_vpc(seed, network);
    return seed_subnets(seed, json_get(network, "subnets"), err) &&
           seed_groups(seed, json_get(network, "security_groups"), err) && seed_routes(seed, network, err) &&
           seed_endpoints(seed, json_get(network, "endpoints"), err);
}

/* --- instances --- */

static void associate(struct seed *seed, const char *instance, const char *profile)
{
    char id[64];
    struct json *association;

    sandbox_resource_id(seed->sandbox, "iip-assoc-", id);
    association =
        json_of("AssociationId", id, "InstanceId", instance, "profile", profile, "State", "associated", NULL);
    json_put_int(association, "since_ms", 0);
    json_put_int(association, "Timestamp", seed->now_s);
    world_put(seed->world, "ec2.association", id, association);
}

static struct json *instance_entity(struct seed *seed, const struct json *from, const struct json *subnet,
                                    const char *id)
{
    char image[64], address[32], dns[96];
    const char *type = *json_get_text(from, "type") ? json_get_text(from, "type") : "t3.small";
    struct json *instance, *state = json_object(), *options;

    sandbox_resource_id(seed->sandbox, "ami-", image);
    (void)snprintf(address, sizeof address, "172.30.0.%u", seed->next_address % 250);
    (void)snprintf(dns, sizeof dns, "ip-172-30-0-%u.%.40s.compute.internal", seed->next_address % 250,
                   sandbox_region(seed->sandbox));
    seed->next_address++;
    instance = json_of("InstanceId", id, "ImageId", image, "InstanceType", type, "VpcId", seed->vpc_id,
                       "SubnetId", json_get_text(subnet, "SubnetId"), "PrivateIpAddress", address,
                       "PrivateDnsName", dns, "Architecture", "x86_64", NULL);
    json_put_int(state, "Code", 16);
    json_put_text(state, "Name", "running");
    json_put(instance, "State", state);
    json_put_int(instance, "LaunchTime", seed->now_s);
    json_put(instance, "Placement",
             json_of("AvailabilityZone", json_get_text(subnet, "AvailabilityZone"), NULL));
    options = json_of("State", "applied", "HttpTokens", "required", "HttpEndpoint", "enabled", NULL);
    json_put_int(options, "HttpPutResponseHopLimit", 1);
    json_put(instance, "MetadataOptions", options);
    json_put(instance, "Tags", seed_tags(json_get(from, "tags"), json_key(from)));
    json_put_bool(instance, "imds", json_bool(json_get(from, "imds"), false));
    return instance;
}

bool seed_instances(struct seed *seed, struct error *err)
{
    for (const struct json *from = json_first(json_get(seed->document, "instances")); from;
         from = json_next(from)) {
        const struct json *subnet = seed_subnet(seed, json_get_text(from, "subnet"));
        const char *profile = json_get_text(from, "instance_profile");
        struct json *instance;
        char id[64];

        if (!seed_keys(from, "instances", json_key(from), instance_keys, err))
            return false;
        if (!subnet)
            return seed_refuse(err, "instances", json_key(from), "subnet has to name one of this world");
        if (*profile && !world_get(seed->world, "iam.instance_profile", profile))
            return seed_refuse(err, "instances", json_key(from), "instance_profile has to be that of a role");
        sandbox_resource_id(seed->sandbox, "i-", id);
        instance = world_put(seed->world, "ec2.instance", id, instance_entity(seed, from, subnet, id));
        if (!seed_group_list(seed, "instances", from, json_put(instance, "SecurityGroups", json_array()),
                             err))
            return false;
        if (*profile)
            associate(seed, id, profile);
    }
    return true;
}
