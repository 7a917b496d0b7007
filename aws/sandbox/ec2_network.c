/* The network as it is seen: VPCs, subnets, route tables, endpoints. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/refuse.h"
#include "aws/sandbox/shown.h"

/** All entities of a kind, as the operation shows them. */
static struct json *all_shown(const struct call *c, const char *kind, const char *member)
{
    struct json *items = json_array();
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, kind, i, NULL)); i++)
        json_push(items, shown(shown_element(c->op, member), e));
    return items;
}

/* --- VPCs --- */

static const struct ec2_filter vpc_filters[] = {
    {.name = "cidr", .path = "CidrBlock"},
    {.name = "cidr-block-association.association-id", .path = "CidrBlockAssociationSet.AssociationId"},
    {.name = "cidr-block-association.cidr-block", .path = "CidrBlockAssociationSet.CidrBlock"},
    {.name = "cidr-block-association.state", .path = "CidrBlockAssociationSet.CidrBlockState.State"},
    {.name = "dhcp-options-id", .path = "DhcpOptionsId"},
    {.name = "instance-tenancy", .path = "InstanceTenancy"},
    {.name = "is-default", .path = "IsDefault"},
    {.name = "isDefault", .path = "IsDefault"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "state", .path = "State"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing vpcs = {
    .out = "Vpcs",
    .ids = "VpcIds",
    .id = "VpcId",
    .tags = "Tags",
    .missing = "InvalidVpcID.NotFound",
    .noun = "vpc ID",
    .filters = vpc_filters,
    .filter_count = ARRAY_LEN(vpc_filters),
};

bool ec2_describe_vpcs(struct call *c, struct error *err)
{
    struct json *items = all_shown(c, "ec2.vpc", "Vpcs");

    for (size_t i = 0; i < json_count(items); i++) {
        struct json *vpc = json_edit_at(items, i), *set = json_array(), *item;
        char id[64];

        ec2_derived_id("vpc-cidr-assoc-", json_get_text(vpc, "VpcId"), id);
        item =
            json_push(set, json_of("AssociationId", id, "CidrBlock", json_get_text(vpc, "CidrBlock"), NULL));
        json_put(item, "CidrBlockState", json_of("State", "associated", NULL));
        json_put(vpc, "CidrBlockAssociationSet", set);
    }
    return ec2_list(c, &vpcs, items, err);
}

bool ec2_describe_vpc_attribute(struct call *c, struct error *err)
{
    static const struct {
        const char *attribute, *out, *member;
    } attributes[] = {
        {"enableDnsSupport", "EnableDnsSupport", "enable_dns_support"},
        {"enableDnsHostnames", "EnableDnsHostnames", "enable_dns_hostnames"},
        {"enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", "enable_usage_metrics"},
    };
    const char *id = json_get_text(c->in, "VpcId"), *attribute = json_get_text(c->in, "Attribute");
    const struct json *vpc = world_get(c->world, "ec2.vpc", id);

    if (!vpc)
        return refuse(err, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id);
    c->out = json_of("VpcId", id, NULL);
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if (strcmp(attribute, attributes[i].attribute) == 0)
            json_put_bool(json_put(c->out, attributes[i].out, json_object()), "Value",
                          json_bool(json_get(vpc, attributes[i].member), false));
    return true;
}

/* --- subnets --- */

static const struct ec2_filter subnet_filters[] = {
    {.name = "availability-zone", .path = "AvailabilityZone"},
    {.name = "availability-zone-id", .path = "AvailabilityZoneId"},
    {.name = "availabilityZone", .path = "AvailabilityZone"},
    {.name = "available-ip-address-count", .path = "AvailableIpAddressCount"},
    {.name = "cidr", .path = "CidrBlock"},
    {.name = "cidr-block", .path = "CidrBlock"},
    {.name = "cidrBlock", .path = "CidrBlock"},
    {.name = "default-for-az", .path = "DefaultForAz"},
    {.name = "defaultForAz", .path = "DefaultForAz"},
    {.name = "map-public-ip-on-launch", .path = "MapPublicIpOnLaunch"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "state", .path = "State"},
    {.name = "subnet-arn", .path = "SubnetArn"},
    {.name = "subnet-id", .path = "SubnetId"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing subnets = {
    .out = "Subnets",
    .ids = "SubnetIds",
    .id = "SubnetId",
    .tags = "Tags",
    .missing = "InvalidSubnetID.NotFound",
    .noun = "subnet ID",
    .filters = subnet_filters,
    .filter_count = ARRAY_LEN(subnet_filters),
};

bool ec2_describe_subnets(struct call *c, struct error *err)
{
    return ec2_list(c, &subnets, all_shown(c, "ec2.subnet", "Subnets"), err);
}

/* --- route tables --- */

static const struct ec2_filter table_filters[] = {
    {.name = "association.main", .path = "Associations.Main"},
    {.name = "association.route-table-association-id", .path = "Associations.RouteTableAssociationId"},
    {.name = "association.route-table-id", .path = "Associations.RouteTableId"},
    {.name = "association.subnet-id", .path = "Associations.SubnetId"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "route-table-id", .path = "RouteTableId"},
    {.name = "route.destination-cidr-block", .path = "Routes.DestinationCidrBlock"},
    {.name = "route.gateway-id", .path = "Routes.GatewayId"},
    {.name = "route.nat-gateway-id", .path = "Routes.NatGatewayId"},
    {.name = "route.origin", .path = "Routes.Origin"},
    {.name = "route.state", .path = "Routes.State"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing tables = {
    .out = "RouteTables",
    .ids = "RouteTableIds",
    .id = "RouteTableId",
    .tags = "Tags",
    .prefix = "rtb-",
    .malformed = "InvalidRouteTableId.Malformed",
    .missing = "InvalidRouteTableID.NotFound",
    .noun = "routeTable ID",
    .filters = table_filters,
    .filter_count = ARRAY_LEN(table_filters),
};

bool ec2_describe_route_tables(struct call *c, struct error *err)
{
    return ec2_list(c, &tables, all_shown(c, "ec2.route_table", "RouteTables"), err);
}

/* --- endpoints --- */

static const struct ec2_filter endpoint_filters[] = {
    {.name = "ip-address-type", .path = "IpAddressType"},
    {.name = "service-name", .path = "ServiceName"},
    {.name = "service-region", .path = "ServiceRegion"},
    {.name = "vpc-endpoint-id", .path = "VpcEndpointId"},
    {.name = "vpc-endpoint-state", .path = "State"},
    {.name = "vpc-endpoint-type", .path = "VpcEndpointType"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing endpoints = {
    .out = "VpcEndpoints",
    .ids = "VpcEndpointIds",
    .id = "VpcEndpointId",
    .tags = "Tags",
    .prefix = "vpce-",
    .malformed = "InvalidVpcEndpointId.Malformed",
    .missing = "InvalidVpcEndpointId.NotFound",
    .noun = "Vpc Endpoint Id",
    .filters = endpoint_filters,
    .filter_count = ARRAY_LEN(endpoint_filters),
};

bool ec2_describe_endpoints(struct call *c, struct error *err)
{
    struct json *items = all_shown(c, "ec2.vpc_endpoint", "VpcEndpoints");

    for (size_t i = 0; i < json_count(items); i++)
        json_remove(json_edit_at(items, i), "ClientToken");
    return ec2_list(c, &endpoints, items, err);
}
