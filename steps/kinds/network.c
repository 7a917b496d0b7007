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

static bool covers_peer(const struct json *permission, const struct json *groups, bool among_them)
{
    static const char *const lists[] = {"IpRanges", "Ipv6Ranges", "PrefixListIds"};
    const struct json *pairs = json_get(permission, "UserIdGroupPairs");

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (json_count(json_get(permission, lists[i])) > 0)
            return true;
    }
    for (const struct json *p = json_first(pairs); p; p = json_next(p)) {
        if (!among_them || is_among(groups, json_get_text(p, "GroupId")))
            return true;
    }
    return false;
}

static bool lets_through(const struct json *groups, const struct rule *rule, int64_t port)
{
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        const struct json *permissions = json_get(g, rule->direction);
        for (const struct json *p = json_first(permissions); p; p = json_next(p)) {
            if (covers_port(p, port) && covers_peer(p, groups, rule->among_them))
                return true;
        }
    }
    return false;
}

const struct network_fault *network_find_fault(const struct json *groups, int64_t port)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (!lets_through(groups, &rules[i], rules[i].port ? rules[i].port : port))
            return &rules[i].fault;
    }
    return NULL;
}
