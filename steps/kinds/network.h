/* What stands between a hosted rotation function and the database, and between it and
 * Secrets Manager: it gets the cluster's own security groups and subnets. Judges
 * replies of EC2; asks nothing and changes nothing. */
#ifndef STEPS_KINDS_NETWORK_H
#define STEPS_KINDS_NETWORK_H

#include "aws/common/json.h"

struct network_fault {
    const char *found; /* the groups are named in front of it */
    const char *remedy;
};

/**
 * The first thing wrong, NULL when there is none.
 *
 * groups  SecurityGroups, all that cluster and function are in
 * port    of the database
 *
 * A rule for addresses or a prefix list counts as letting through: whose
 * addresses they are is not in the reply.
 */
const struct network_fault *network_find_fault(const struct json *groups, int64_t port);

/** Whether groups (SecurityGroups, an interface endpoint's) let HTTPS in from one of
 * peers ([{"GroupId"}]). Addresses count as above. */
bool network_lets_in(const struct json *groups, const struct json *peers);

/* Where a subnet's route to addresses anywhere leads; the later the better. */
enum network_route { ROUTE_NONE, ROUTE_BLACKHOLE, ROUTE_INTERNET_GATEWAY, ROUTE_OUT };

/**
 * tables   RouteTables, all of the VPC
 * through  id of what it leads to, "" for none; borrowed from tables
 */
enum network_route network_route_of(const struct json *tables, const char *subnet, const char **through);

#endif
