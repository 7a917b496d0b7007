/* Endpoints of services inside a VPC: made, and seen. Nothing here routes
 * through one; a rotation function is told apart by its network, not by it. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/refuse.h"

#include <stdio.h>

#define KIND "ec2.vpc_endpoint"

enum { ENDPOINT_LIMIT = 50 };

/* --- what may be refused --- */

static const struct {
    const char *member, *kind, *code, *noun;
} named[] = {
    {"SubnetIds", "ec2.subnet", "InvalidSubnetID.NotFound", "subnet ID"},
    {"SecurityGroupIds", "ec2.security_group", "InvalidGroup.NotFound", "security group"},
    {"RouteTableIds", "ec2.route_table", "InvalidRouteTableID.NotFound", "routeTable ID"},
};

/** All that the request names is there, and in this VPC. */
static bool check_named(const struct call *c, const char *vpc, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        for (const struct json *e = json_first(json_get(c->in, named[i].member)); e; e = json_next(e)) {
            const struct json *thing = world_get(c->world, named[i].kind, json_text(e));

            if (!thing)
                return refuse(err, named[i].code, "The %s '%.100s' does not exist", named[i].noun,
                              json_text(e));
            if (strcmp(json_get_text(thing, "VpcId"), vpc) != 0)
                return refuse(err, "InvalidParameter", "The %s '%.100s' does not belong to VPC %.100s",
                              named[i].noun, json_text(e), vpc);
        }
    }
    return true;
}

static bool check_service(const struct call *c, struct error *err)
{
    const char *service = json_get_text(c->in, "ServiceName");
    char prefix[128];

    (void)snprintf(prefix, sizeof prefix, "com.amazonaws.%s.", sandbox_region(c->sandbox));
    return (strncmp(service, prefix, strlen(prefix)) == 0 && service[strlen(prefix)]) ||
           refuse(err, "InvalidServiceName", "The Vpc Endpoint Service '%.200s' does not exist", service);
}

static bool is_private(const struct json *endpoint)
{
    return json_bool(json_get(endpoint, "PrivateDnsEnabled"), false);
}

/** Two endpoints cannot both answer to the service's own name. */
static bool check_private_name(const struct call *c, bool wanted, const char *vpc, struct error *err)
{
    const char *service = json_get_text(c->in, "ServiceName");
    const struct json *e;

    for (size_t i = 0; wanted && (e = world_at(c->world, KIND, i, NULL)); i++) {
        if (is_private(e) && strcmp(json_get_text(e, "VpcId"), vpc) == 0 &&
            strcmp(json_get_text(e, "ServiceName"), service) == 0)
            return refuse(err, "InvalidParameter",
                          "private-dns-enabled cannot be set because there is already a conflicting DNS "
                          "domain for %.200s in the VPC %.100s",
                          service, vpc);
    }
    return true;
}

/* --- making one --- */

static const struct json *made_by_token(const struct call *c)
{
    const struct json *token = json_get(c->in, "ClientToken"), *e;

    for (size_t i = 0; token && (e = world_at(c->world, KIND, i, NULL)); i++) {
        if (json_equal(token, json_get(e, "ClientToken")))
            return e;
    }
    return NULL;
}

static struct json *list_of(const struct call *c, const char *member)
{
    const struct json *given = json_get(c->in, member);

    return given ? json_copy(given) : json_array();
}

static struct json *new_endpoint(const struct call *c, const char *id, const char *type, bool private_name)
{
    struct json *e =
        json_of("VpcEndpointId", id, "VpcEndpointType", type, "VpcId", json_get_text(c->in, "VpcId"),
                "ServiceName", json_get_text(c->in, "ServiceName"), "State", "available", "OwnerId",
                sandbox_account(c->sandbox), "IpAddressType", "ipv4", NULL);
    struct json *groups = json_put(e, "Groups", json_array());
    const struct json *g;

    json_put_str(e, "PolicyDocument",
                 json_get(c->in, "PolicyDocument")
                     ? json_str(json_get(c->in, "PolicyDocument"))
                     : STR("{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\","
                           "\"Resource\":\"*\"}]}"));
    json_put(e, "RouteTableIds", list_of(c, "RouteTableIds"));
    json_put(e, "SubnetIds", list_of(c, "SubnetIds"));
    for (g = json_first(json_get(c->in, "SecurityGroupIds")); g; g = json_next(g)) {
        const struct json *group = world_get(c->world, "ec2.security_group", json_text(g));

        json_push(groups,
                  json_of("GroupId", json_text(g), "GroupName", json_get_text(group, "GroupName"), NULL));
    }
    json_put_bool(e, "PrivateDnsEnabled", private_name);
    json_put_bool(e, "RequesterManaged", false);
    json_put(e, "NetworkInterfaceIds", json_array());
    json_put(e, "DnsEntries", json_array());
    json_put(e, "CreationTimestamp", json_number((double)c->now_ms / 1000.0));
    json_put(e, "Tags", ec2_new_tags(c, "vpc-endpoint"));
    if (json_get(c->in, "ClientToken"))
        json_put(e, "ClientToken", json_copy(json_get(c->in, "ClientToken")));
    return e;
}

static void answer(struct call *c, const struct json *endpoint)
{
    struct json *shown;

    c->out = json_object();
    shown = json_put(c->out, "VpcEndpoint", json_copy(endpoint));
    json_remove(shown, "ClientToken");
    if (json_get(endpoint, "ClientToken"))
        json_put(c->out, "ClientToken", json_copy(json_get(endpoint, "ClientToken")));
}

bool ec2_create_endpoint(struct call *c, struct error *err)
{
    const char *vpc = json_get_text(c->in, "VpcId"), *type = json_get_text(c->in, "VpcEndpointType");
    bool interface = strcmp(type, "Interface") == 0;
    bool private_name = json_bool(json_get(c->in, "PrivateDnsEnabled"), interface);
    const struct json *before = made_by_token(c);
    char id[64];

    if (before) {
        answer(c, before);
        return true;
    }
    if (!world_get(c->world, "ec2.vpc", vpc))
        return refuse(err, "InvalidVpcId.NotFound", "The Vpc Id %.100s does not exist", vpc);
    if (!check_service(c, err) || !check_named(c, vpc, err) ||
        !check_private_name(c, private_name, vpc, err) || !ec2_check_new_tags(c, err))
        return false;
    if (world_count(c->world, KIND) >= ENDPOINT_LIMIT)
        return refuse(err, "VpcEndpointLimitExceeded",
                      "The maximum number of VPC endpoints has been reached.");
    sandbox_resource_id(c->sandbox, "vpce-", id);
    answer(c, world_put(c->world, KIND, id, new_endpoint(c, id, *type ? type : "Gateway", private_name)));
    return true;
}
