/* Whether a hosted rotation function will reach the database and Secrets Manager from
 * where it is put: the cluster's security groups and subnets. Looked at before it is
 * made, and by `lab doctor`; only reads. */
#ifndef STEPS_KINDS_ROTATION_NETWORK_H
#define STEPS_KINDS_ROTATION_NETWORK_H

#include "aws/common/error.h"
#include "aws/common/json.h"

enum network_state { NETWORK_PASS, NETWORK_FAULT, NETWORK_CANNOT_TELL };

struct network_finding {
    const char *check; /* "VPC DNS" */
    enum network_state state;
    const char *remedy;
    char found[640];
};

struct rotation_network {
    const char *region;
    const struct json *groups;       /* ids of the cluster's security groups */
    const struct json *subnet_group; /* as DescribeDBSubnetGroups has it, with subnets */
    int64_t port;                    /* of the database */
    /* A reading call, all pages. */
    bool (*ask)(void *self, const char *service, const char *operation, const struct json *in,
                struct json **out, struct error *err);
    void (*find)(void *self, const struct network_finding *finding);
    void *self;
};

/** Tells what it finds, one finding a check. What may not be looked at cannot be
 * told; false for any other error of a call. */
MUST_USE bool rotation_network_look(const struct rotation_network *n, struct error *err);

#endif
