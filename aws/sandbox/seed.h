/* A world's JSON into entities, one file per subject. The form:
 *
 * account:   {alias: TEXT}
 * admin:     USER                       whose keys the administrator gets
 * users:     {NAME: {policies: [POLICY…], inline: {NAME: DOCUMENT}, tags: {}}}
 * roles:     {NAME: {trust: SERVICE, description: TEXT, policies: […], inline: {…}, tags: {},
 *                    instance_profile: NAME}}
 * network:   {name: TEXT, cidr: CIDR, dns_support: BOOL, dns_hostnames: BOOL,
 *             route: nat|transit|internet|gone|none    of the main route table, nat if left out
 *             subnets: {NAME: {zone: a, cidr: CIDR, addresses: N, route: as above}},
 *             security_groups: {NAME: {description: TEXT,
 *                               ingress: [{port: N, from: NAME|self|CIDR}]}},
 *             endpoints: {SERVICE: {subnets: [NAME…], security_groups: [NAME…],
 *                                   private_dns: BOOL, state: TEXT}}}
 * instances: {NAME: {type: TEXT, subnet: NAME, security_groups: [NAME…], instance_profile: NAME,
 *                    imds: BOOL, tags: {}}}
 * subnet_groups: {NAME: {description: TEXT, subnets: [NAME…]}}
 * clusters:  {NAME: {engine: TEXT, engine_version: TEXT, database: TEXT, subnet_group: NAME,
 *                    security_groups: [NAME…], members: {NAME: writer|reader},
 *                    admin_secret: NAME}}
 * functions: {NAME: {role: NAME, command: [ARGV…], timeout_s: N}}
 *
 * Every key but `admin` and `users` may be left out. A policy is named by its
 * name when AWS manages it. Unknown keys are refused with their place. */
#ifndef AWS_SANDBOX_SEED_H
#define AWS_SANDBOX_SEED_H

#include "aws/sandbox/core.h"

struct seed {
    struct sandbox *sandbox;
    struct world *world;
    const struct json *document;
    int64_t now_s;
    char vpc_id[64];
    unsigned next_address; /* last octet of the next private address */
};

/** ERR_USAGE "world: PLACE: …"; place and name are joined by a dot. */
bool seed_refuse(struct error *err, const char *place, const char *name, const char *why);
/** Ids of the security groups that member names, with their names, onto groups. */
MUST_USE bool seed_group_list(const struct seed *seed, const char *place, const struct json *from,
                              struct json *groups, struct error *err);
/** Refuses members of object that keys (NULL-terminated) does not list, and an
 * object that is none. NULL is an empty object. */
MUST_USE bool seed_keys(const struct json *object, const char *place, const char *name,
                        const char *const *keys, struct error *err);
/** {"k": "v"} as [{"Key","Value"}]; a Name first when name is not NULL. */
struct json *seed_tags(const struct json *tags, const char *name);

MUST_USE bool seed_identity(struct seed *seed, struct error *err); /* users, roles, managed policies */
MUST_USE bool seed_network(struct seed *seed, struct error *err);  /* VPC, subnets, groups */
MUST_USE bool seed_routes(struct seed *seed, const struct json *network, struct error *err);
MUST_USE bool seed_endpoints(struct seed *seed, const struct json *endpoints, struct error *err);
MUST_USE bool seed_instances(struct seed *seed, struct error *err); /* with their profiles */
MUST_USE bool seed_databases(struct seed *seed, struct error *err); /* subnet groups, clusters, secrets */
MUST_USE bool seed_functions(struct seed *seed, struct error *err);

/** Ids by the names of the world; NULL when there is no such thing. */
const struct json *seed_subnet(const struct seed *seed, const char *name);
const struct json *seed_group(const struct seed *seed, const char *name);

#endif
