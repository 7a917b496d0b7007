/* Subnet groups, clusters, their instances and the admin user's secret. */
#include "aws/sandbox/seed.h"

#include <stdio.h>

static const char *const group_keys[] = {"description", "subnets", NULL};
static const char *const cluster_keys[] = {
    "engine",          "engine_version", "database",     "subnet_group",
    "security_groups", "members",        "admin_secret", NULL};

static const char upper_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char letters_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static const char *text_or(const struct json *from, const char *key, const char *otherwise)
{
    return *json_get_text(from, key) ? json_get_text(from, key) : otherwise;
}

/** PREFIX and 26 letters and digits, as RDS makes them. */
static void rds_id(struct sandbox *s, const char *prefix, char out[64])
{
    char tail[27];

    random_text(&s->random, upper_and_digits, tail, 26);
    (void)snprintf(out, 64, "%.20s%s", prefix, tail);
}

/* --- subnet groups --- */

static bool seed_subnet_group(struct seed *seed, const struct json *from, struct error *err)
{
    struct json *group, *subnets = json_array();
    char arn[2100];

    sandbox_arn(seed->sandbox, arn, "rds", sandbox_region(seed->sandbox), "subgrp:%s", json_key(from));
    group = json_of("DBSubnetGroupName", json_key(from), "DBSubnetGroupDescription",
                    text_or(from, "description", json_key(from)), "VpcId", seed->vpc_id, "SubnetGroupStatus",
                    "Complete", "DBSubnetGroupArn", arn, NULL);
    json_put(group, "Subnets", subnets);
    world_put(seed->world, "rds.subnet_group", json_key(from), group);
    if (!seed_keys(from, "subnet_groups", json_key(from), group_keys, err))
        return false;
    for (const struct json *e = json_first(json_get(from, "subnets")); e; e = json_next(e)) {
        const struct json *subnet = seed_subnet(seed, json_text(e));
        struct json *item;

        if (!subnet)
            return seed_refuse(err, "subnet_groups", json_key(from),
                               "subnets names one that this world lacks");
        item = json_of("SubnetIdentifier", json_get_text(subnet, "SubnetId"), "SubnetStatus", "Active", NULL);
        json_put(item, "SubnetAvailabilityZone",
                 json_of("Name", json_get_text(subnet, "AvailabilityZone"), NULL));
        json_push(subnets, item);
    }
    return true;
}

/* --- the admin user's secret --- */

static void seed_secret(struct seed *seed, const char *name)
{
    struct sandbox *s = seed->sandbox;
    CLEANUP(buf_release) struct buf text = {0};
    struct json *secret, *version, *versions = json_object(), *stages = json_array();
    char suffix[7], arn[2100], id[37];

    random_text(&s->random, letters_and_digits, suffix, 6);
    random_uuid(&s->random, id);
    sandbox_arn(s, arn, "secretsmanager", sandbox_region(s), "secret:%s-%s", name, suffix);
    /* As the workshop's template makes it: no host, no engine. */
    buf_adds(&text, "{\"username\":");
    json_write_string(str_of(s->options.admin_user), &text);
    buf_adds(&text, ",\"password\":");
    json_write_string(s->options.admin_password, &text);
    buf_addc(&text, '}');
    json_push(stages, json_text_new("AWSCURRENT"));
    version = json_of("VersionId", id, NULL);
    json_put(version, "VersionStages", stages);
    json_put_int(version, "CreatedDate", seed->now_s);
    json_put_str(version, "secret_string", buf_str(&text));
    json_put(versions, id, version);
    secret = json_of("ARN", arn, "Name", name, NULL);
    json_put(secret, "Tags", json_array());
    json_put_int(secret, "CreatedDate", seed->now_s);
    json_put_int(secret, "LastChangedDate", seed->now_s);
    json_put(secret, "versions", versions);
    world_put(seed->world, "secretsmanager.secret", arn, secret);
}

/* --- clusters --- */

struct cluster {
    const struct json *from, *subnet_group;
    const char *name, *engine, *version;
    struct json *groups; /* VpcSecurityGroups, owned until it is copied */
};

static bool cluster_groups(const struct seed *seed, struct cluster *c, struct error *err)
{
    for (const struct json *e = json_first(json_get(c->from, "security_groups")); e; e = json_next(e)) {
        const struct json *group = seed_group(seed, json_text(e));

        if (!group)
            return seed_refuse(err, "clusters", c->name, "security_groups names one that this world lacks");
        json_push(c->groups,
                  json_of("VpcSecurityGroupId", json_get_text(group, "GroupId"), "Status", "active", NULL));
    }
    return true;
}

static void seed_instance(struct seed *seed, const struct cluster *c, const char *name, unsigned index)
{
    struct sandbox *s = seed->sandbox;
    const struct json *subnets = json_get(c->subnet_group, "Subnets");
    const struct json *subnet = json_at(subnets, json_count(subnets) ? index % json_count(subnets) : 0);
    struct json *instance, *endpoint;
    char arn[2100], id[64];

    sandbox_arn(s, arn, "rds", sandbox_region(s), "db:%s", name);
    rds_id(s, "db-", id);
    instance =
        json_of("DBInstanceIdentifier", name, "DBInstanceArn", arn, "DbiResourceId", id, "DBInstanceClass",
                "db.r6g.large", "Engine", c->engine, "EngineVersion", c->version, "DBInstanceStatus",
                "available", "DBClusterIdentifier", c->name, "MasterUsername", s->options.admin_user,
                "AvailabilityZone", json_get_text(json_get(subnet, "SubnetAvailabilityZone"), "Name"),
                "CACertificateIdentifier", "rds-ca-rsa2048-g1", "StorageType", "aurora", NULL);
    endpoint = json_of("Address", s->options.database_address, NULL);
    json_put_int(endpoint, "Port", s->options.database_port);
    json_put(instance, "Endpoint", endpoint);
    json_put(instance, "DBSubnetGroup", json_copy(c->subnet_group));
    json_put(instance, "VpcSecurityGroups", json_copy(c->groups));
    json_put_bool(instance, "PubliclyAccessible", false);
    json_put_bool(instance, "StorageEncrypted", true);
    json_put_int(instance, "PromotionTier", 1);
    json_put_int(instance, "AllocatedStorage", 1);
    json_put_int(instance, "InstanceCreateTime", seed->now_s);
    json_put(instance, "TagList", json_array());
    world_put(seed->world, "rds.instance", name, instance);
}

static bool cluster_members(struct seed *seed, const struct cluster *c, struct json *members,
                            struct error *err)
{
    unsigned index = 0, writers = 0;

    for (const struct json *e = json_first(json_get(c->from, "members")); e; e = json_next(e)) {
        bool writer = strcmp(json_text(e), "writer") == 0;
        struct json *member =
            json_of("DBInstanceIdentifier", json_key(e), "DBClusterParameterGroupStatus", "in-sync", NULL);

        json_put_bool(member, "IsClusterWriter", writer);
        json_put_int(member, "PromotionTier", 1);
        json_push(members, member);
        if (!writer && strcmp(json_text(e), "reader") != 0)
            return seed_refuse(err, "clusters", c->name, "a member is a writer or a reader");
        writers += writer;
        seed_instance(seed, c, json_key(e), index++);
    }
    return writers == 1 || seed_refuse(err, "clusters", c->name, "members needs exactly one writer");
}

static struct json *cluster_entity(struct seed *seed, const struct cluster *c)
{
    struct sandbox *s = seed->sandbox;
    char arn[2100], id[64];
    struct json *cluster, *zones = json_array();

    sandbox_arn(s, arn, "rds", sandbox_region(s), "cluster:%s", c->name);
    rds_id(s, "cluster-", id);
    cluster =
        json_of("DBClusterIdentifier", c->name, "DBClusterArn", arn, "DbClusterResourceId", id, "Endpoint",
                s->options.database_address, "ReaderEndpoint", s->options.database_address, "Engine",
                c->engine, "EngineVersion", c->version, "EngineMode", "provisioned", "DatabaseName",
                text_or(c->from, "database", "mylab"), "MasterUsername", s->options.admin_user, "Status",
                "available", "DBSubnetGroup", json_get_text(c->subnet_group, "DBSubnetGroupName"),
                "DBClusterParameterGroup", "default.aurora-mysql8.0", "HostedZoneId", "Z29XKXDKYMONMX", NULL);
    json_put_int(cluster, "Port", s->options.database_port);
    json_put_int(cluster, "AllocatedStorage", 1);
    json_put_int(cluster, "BackupRetentionPeriod", 1);
    json_put_int(cluster, "ClusterCreateTime", seed->now_s);
    json_put_bool(cluster, "MultiAZ", json_count(json_get(c->from, "members")) > 1);
    json_put_bool(cluster, "StorageEncrypted", true);
    json_put_bool(cluster, "IAMDatabaseAuthenticationEnabled", false);
    json_put_bool(cluster, "DeletionProtection", false);
    for (const struct json *e = json_first(json_get(c->subnet_group, "Subnets")); e; e = json_next(e))
        json_push(zones, json_text_new(json_get_text(json_get(e, "SubnetAvailabilityZone"), "Name")));
    json_put(cluster, "AvailabilityZones", zones);
    json_put(cluster, "VpcSecurityGroups", json_copy(c->groups));
    json_put(cluster, "DBClusterMembers", json_array());
    json_put(cluster, "AssociatedRoles", json_array());
    json_put(cluster, "TagList", json_array());
    return world_put(seed->world, "rds.cluster", c->name, cluster);
}

static bool seed_cluster(struct seed *seed, const struct json *from, struct error *err)
{
    CLEANUP(json_freep) struct json *groups = json_array();
    struct cluster c = {.from = from,
                        .subnet_group =
                            world_get(seed->world, "rds.subnet_group", json_get_text(from, "subnet_group")),
                        .name = json_key(from),
                        .engine = text_or(from, "engine", "aurora-mysql"),
                        .version = text_or(from, "engine_version", "8.0.mysql_aurora.3.08.0"),
                        .groups = groups};

    if (!seed_keys(from, "clusters", c.name, cluster_keys, err) || !cluster_groups(seed, &c, err))
        return false;
    if (!c.subnet_group)
        return seed_refuse(err, "clusters", c.name, "subnet_group has to name one of this world");
    if (!cluster_members(seed, &c, json_edit(cluster_entity(seed, &c), "DBClusterMembers"), err))
        return false;
    if (*json_get_text(from, "admin_secret"))
        seed_secret(seed, json_get_text(from, "admin_secret"));
    return true;
}

bool seed_databases(struct seed *seed, struct error *err)
{
    for (const struct json *e = json_first(json_get(seed->document, "subnet_groups")); e; e = json_next(e))
        if (!seed_subnet_group(seed, e, err))
            return false;
    for (const struct json *e = json_first(json_get(seed->document, "clusters")); e; e = json_next(e))
        if (!seed_cluster(seed, e, err))
            return false;
    return true;
}
