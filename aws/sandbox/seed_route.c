/* The ways out of the network: route tables and endpoints of services. */
#include "aws/sandbox/seed.h"

#include <stdio.h>

static const char *const endpoint_keys[] = {"subnets", "security_groups", "private_dns", "state", NULL};

/* --- route tables --- */

/* Where 0.0.0.0/0 goes, by the word in the world. */
static const struct {
    const char *word, *member, *prefix, *state;
} ways[] = {
    {"nat", "NatGatewayId", "nat-", "active"},
    {"transit", "TransitGatewayId", "tgw-", "active"},
    {"internet", "GatewayId", "igw-", "active"},
    {"gone", "NatGatewayId", "nat-", "blackhole"}, /* what it led to was deleted */
    {"none", NULL, NULL, NULL},
};

static bool add_way(struct seed *seed, const char *place, const char *name, const char *word,
                    struct json *routes, struct error *err)
{
    char id[64];

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (strcmp(word, ways[i].word) != 0)
            continue;
        if (!ways[i].member)
            return true;
        sandbox_resource_id(seed->sandbox, ways[i].prefix, id);
        json_push(routes, json_of("DestinationCidrBlock", "0.0.0.0/0", ways[i].member, id, "Origin",
                                  "CreateRoute", "State", ways[i].state, NULL));
        return true;
    }
    return seed_refuse(err, place, name, "route has to be nat, transit, internet, gone or none");
}

/** The table with its way out; subnet NULL: the main one. */
static bool add_table(struct seed *seed, const struct json *subnet, const char *word, struct error *err)
{
    const struct json *vpc = world_get(seed->world, "ec2.vpc", seed->vpc_id);
    struct json *table, *associations, *association, *routes;
    char table_id[64], id[64];

    sandbox_resource_id(seed->sandbox, "rtb-", table_id);
    sandbox_resource_id(seed->sandbox, "rtbassoc-", id);
    table = json_of("RouteTableId", table_id, "VpcId", seed->vpc_id, "OwnerId",
                    sandbox_account(seed->sandbox), NULL);
    associations = json_put(table, "Associations", json_array());
    association =
        json_push(associations, json_of("RouteTableAssociationId", id, "RouteTableId", table_id, NULL));
    json_put_bool(association, "Main", !subnet);
    if (subnet)
        json_put_text(association, "SubnetId", json_get_text(subnet, "SubnetId"));
    json_put(association, "AssociationState", json_of("State", "associated", NULL));
    routes = json_put(table, "Routes", json_array());
    json_push(routes, json_of("DestinationCidrBlock", json_get_text(vpc, "CidrBlock"), "GatewayId", "local",
                              "Origin", "CreateRouteTable", "State", "active", NULL));
    json_put(table, "PropagatingVgws", json_array());
    json_put(table, "Tags", json_array());
    world_put(seed->world, "ec2.route_table", table_id, table);
    return add_way(seed, subnet ? "network.subnets" : "network", json_get_text(subnet, "world_name"), word,
                   routes, err);
}

bool seed_routes(struct seed *seed, const struct json *network, struct error *err)
{
    const struct json *subnets = json_get(network, "subnets");
    const char *main = json_get_text(network, "route");

    if (!add_table(seed, NULL, *main ? main : "nat", err))
        return false;
    for (const struct json *from = json_first(subnets); from; from = json_next(from)) {
        const struct json *route = json_get(from, "route");
        if (route && !add_table(seed, seed_subnet(seed, json_key(from)), json_text(route), err))
            return false;
    }
    return true;
}

/* --- endpoints --- */

static bool add_subnets(const struct seed *seed, const struct json *from, struct json *ids, struct error *err)
{
    const struct json *names = json_get(from, "subnets");

    for (const struct json *e = json_first(names); e; e = json_next(e)) {
        const struct json *subnet = seed_subnet(seed, json_text(e));

        if (!subnet)
            return seed_refuse(err, "network.endpoints", json_key(from),
                               "subnets names one that this world lacks");
        json_push(ids, json_text_new(json_get_text(subnet, "SubnetId")));
    }
    return true;
}

static bool add_endpoint(struct seed *seed, const struct json *from, struct error *err)
{
    const char *state = *json_get_text(from, "state") ? json_get_text(from, "state") : "available";
    char id[64], service[128];
    struct json *e;

    if (!seed_keys(from, "network.endpoints", json_key(from), endpoint_keys, err))
        return false;
    sandbox_resource_id(seed->sandbox, "vpce-", id);
    (void)snprintf(service, sizeof service, "com.amazonaws.%.40s.%.60s", sandbox_region(seed->sandbox),
                   json_key(from));
    e = json_of("VpcEndpointId", id, "VpcEndpointType", "Interface", "VpcId", seed->vpc_id, "ServiceName",
                service, "State", state, "OwnerId", sandbox_account(seed->sandbox), "IpAddressType", "ipv4",
                "PolicyDocument",
                "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\","
                "\"Resource\":\"*\"}]}",
                NULL);
    json_put_bool(e, "PrivateDnsEnabled", json_bool(json_get(from, "private_dns"), true));
    json_put_bool(e, "RequesterManaged", false);
    json_put(e, "RouteTableIds", json_array());
    json_put(e, "NetworkInterfaceIds", json_array());
    json_put(e, "DnsEntries", json_array());
    json_put_int(e, "CreationTimestamp", seed->now_s);
    json_put(e, "Tags", json_array());
    world_put(seed->world, "ec2.vpc_endpoint", id, e);
    return add_subnets(seed, from, json_put(e, "SubnetIds", json_array()), err) &&
           seed_group_list(seed, "network.endpoints", from, json_put(e, "Groups", json_array()), err);
}

bool seed_endpoints(struct seed *seed, const struct json *endpoints, struct error *err)
{
    for (const struct json *from = json_first(endpoints); from; from = json_next(from)) {
        if (!add_endpoint(seed, from, err))
            return false;
    }
    return true;
}
