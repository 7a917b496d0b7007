#include "steps/kinds/network.h"

#include <string.h>

enum { HTTPS_PORT = 443 };

static const struct rule {
    const char *direction;
    int64_t port;    /* 0: the database's */
    bool among_them; /* the other side is in the groups too, else it may be in any */
    struct network_fault fault;
} rules[] = {
    {"IpPermissions",
     0,
     true,
     {"do not let the rotation function in at the database's port",
      "add an inbound rule for that port whose source is the security group itself"}},
    {"IpPermissionsEgress",
     0,
     true,
     {"do not let the rotation function out to the database's port",
      "add an outbound rule for that port whose destination is the security group itself"}},
    {"IpPermissionsEgress",
     HTTPS_PORT,
     false,
     {"do not let the rotation function out to Secrets Manager", "add an outbound rule for TCP port 443"}},
};

static bool is_among(const struct json *groups, const char *id)
{
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        if (strcmp(json_get_text(g, "GroupId"), id) == 0)
            return true;
    }
    return false;
}

static bool covers_port(const struct json *permission, int64_t port)
{
    const char *protocol = json_get_text(permission, "IpProtocol");

    if (strcmp(protocol, "-1") == 0)
        return true;
    return (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "6") == 0) &&
           json_int(json_get(permission, "FromPort"), -1) <= port &&
           port <= json_int(json_get(permission, "ToPort"), -1);
}

static bool covers_peer(const struct json *permission, const struct json *peers, bool among_them)
{
    static const char *const lists[] = {"IpRanges", "Ipv6Ranges", "PrefixListIds"};
    const struct json *pairs = json_get(permission, "UserIdGroupPairs");

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (json_count(json_get(permission, lists[i])) > 0)
            return true;
    }
    for (const struct json *p = json_first(pairs); p; p = json_next(p)) {
        if (!among_them || is_among(peers, json_get_text(p, "GroupId")))
            return true;
    }
    return false;
}

static bool lets_through(const struct json *groups, const struct rule *rule, const struct json *peers,
                         int64_t port)
{
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        const struct json *permissions = json_get(g, rule->direction);
        for (const struct json *p = json_first(permissions); p; p = json_next(p)) {
            if (covers_port(p, port) && covers_peer(p, peers, rule->among_them))
                return true;
        }
    }
    return false;
}

const struct network_fault *network_find_fault(const struct json *groups, int64_t port)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (!lets_through(groups, &rules[i], groups, rules[i].port ? rules[i].port : port))
            return &rules[i].fault;
    }
    return NULL;
}

bool network_lets_in(const struct json *groups, const struct json *peers)
{
    static const struct rule in = {"IpPermissions", HTTPS_PORT, true, {NULL, NULL}};

    return lets_through(groups, &in, peers, in.port);
}

/* --- routes --- */

/* A function has no public address, so an internet gateway is no way out for it:
 * Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon
 * VPC". What lies behind the others is not in the reply. */
static const struct {
    const char *member, *prefix;
    enum network_route route;
} targets[] = {
    {"NatGatewayId", "", ROUTE_OUT},
    {"TransitGatewayId", "", ROUTE_OUT},
    {"CoreNetworkArn", "", ROUTE_OUT},
    {"NetworkInterfaceId", "", ROUTE_OUT}, /* a NAT instance, a firewall */
    {"InstanceId", "", ROUTE_OUT},
    {"LocalGatewayId", "", ROUTE_OUT},
    {"GatewayId", "vgw-", ROUTE_OUT},
    {"GatewayId", "vpce-", ROUTE_OUT}, /* a gateway load balancer's */
    {"GatewayId", "igw-", ROUTE_INTERNET_GATEWAY},
};

/* A prefix list may be that of Secrets Manager's addresses; one that leads to an
 * endpoint is that of S3 or DynamoDB. */
static bool leads_far(const struct json *route)
{
    return strcmp(json_get_text(route, "DestinationCidrBlock"), "0.0.0.0/0") == 0 ||
           (*json_get_text(route, "DestinationPrefixListId") &&
            !str_starts(json_str(json_get(route, "GatewayId")), STR("vpce-")));
}

static enum network_route judge_route(const struct json *route, const char **through)
{
    if (!leads_far(route))
        return ROUTE_NONE;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        const char *target = json_get_text(route, targets[i].member);
        if (!*target || !str_starts(str_of(target), str_of(targets[i].prefix)))
            continue;
        *through = target;
        return strcmp(json_get_text(route, "State"), "blackhole") == 0 ? ROUTE_BLACKHOLE : targets[i].route;
    }
    return ROUTE_NONE;
}

/* The subnet's own table, else the main one. */
static const struct json *table_of(const struct json *tables, const char *subnet)
{
    const struct json *main = NULL;

    for (const struct json *t = json_first(tables); t; t = json_next(t)) {
        const struct json *associations = json_get(t, "Associations");
        for (const struct json *a = json_first(associations); a; a = json_next(a)) {
            if (strcmp(json_get_text(a, "SubnetId"), subnet) == 0)
                return t;
            if (json_bool(json_get(a, "Main"), false))
                main = t;
        }
    }
    return main;
}

enum network_route network_route_of(const struct json *tables, const char *subnet, const char **through)
{
    const struct json *routes = json_get(table_of(tables, subnet), "Routes");
    enum network_route best = ROUTE_NONE;

    *through = "";
    for (const struct json *r = json_first(routes); r; r = json_next(r)) {
        const char *target = "";
        enum network_route route = judge_route(r, &target);
        if (route > best) {
            best = route;
            *through = target;
        }
    }
    return best;
}
