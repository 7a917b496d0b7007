/* What stands between a hosted rotation function and the database: it gets the
 * cluster's own security groups. Judges a reply of DescribeSecurityGroups; asks
 * nothing and changes nothing. */
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

#endif
