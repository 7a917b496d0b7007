/* rds.cluster: finds an Aurora MySQL cluster by its identifier. */
#include "steps/engine/explain.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"

#include <string.h>

static const struct schema_field with[] = {
    {.name = "identifier", .type = FIELD_TEXT, .required = true, .help = "DB cluster identifier"},
    {0},
};

static const struct output_field outputs[] = {{"identifier", false, "DB cluster identifier"},
                                              {"arn", false, "ARN of the cluster"},
                                              {"endpoint", false, "writer endpoint of the cluster"},
                                              {"port", false, "port"},
                                              {"engine", false, "aurora-mysql or aurora"},
                                              {"subnet_group", false, "DB subnet group"},
                                              {"security_groups", false, "ids of its security groups"},
                                              {0}};

/* The secret of a MySQL user is of no use on another engine. */
static const char *const engines[] = {"aurora-mysql", "aurora", "mysql", "mariadb"};

static bool engine_known(const char *engine)
{
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (strcmp(engines[i], engine) == 0)
            return true;
    }
    return false;
}

static struct json *look_input(const struct step_context *c)
{
    return json_of("DBClusterIdentifier", json_get_text(step_with(c), "identifier"), NULL);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    static const struct {
        const char *output, *member;
    } given[] = {{"identifier", "DBClusterIdentifier"},
                 {"arn", "DBClusterArn"},
                 {"endpoint", "Endpoint"},
                 {"port", "Port"},
                 {"engine", "Engine"},
                 {"subnet_group", "DBSubnetGroup"}};
    const char *id = json_get_text(step_with(c), "identifier");
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(c, "rds", "DescribeDBClusters", look_input(c), "DBClusterNotFoundFault", &out, err))
        return false;
    const struct json *cluster = json_path(out, "DBClusters.0");
    o->ours = true;
    if (!cluster) {
        o->state = OBSERVED_ABSENT;
        set_detail(o, "there is no DB cluster %s in %s", id, step_region(c));
        return true;
    }
    if (!engine_known(json_get_text(cluster, "Engine"))) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, "cluster %s runs %s, not MySQL", id, json_get_text(cluster, "Engine"));
        return true;
    }
    if (strcmp(json_get_text(cluster, "Status"), "available") != 0) {
        o->state = OBSERVED_CANNOT_TELL;
        set_detail(o, "cluster %s is %s, not available", id, json_get_text(cluster, "Status"));
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        if (json_get(cluster, given[i].member))
            step_output(c, given[i].output, json_copy(json_get(cluster, given[i].member)));
    }
    struct json *groups = json_array();
    const struct json *list = json_get(cluster, "VpcSecurityGroups");
    for (const struct json *g = json_first(list); g; g = json_next(g))
        json_push(groups, json_text_new(json_get_text(g, "VpcSecurityGroupId")));
    step_output(c, "security_groups", groups);
    o->state = OBSERVED_PRESENT;
    return true;
}

#define FIND(output, path)                                                                                   \
    {                                                                                                        \
        output, NULL, "rds", "DescribeDBClusters", look_input, "DBClusters.0." path, false                   \
    }
static const struct explain_find finds[] = {
    FIND("arn", "DBClusterArn"),
    FIND("endpoint", "Endpoint"),
    {"port", NULL, "rds", "DescribeDBClusters", look_input, "DBClusters.0.Port", true},
    FIND("engine", "Engine"),
    FIND("subnet_group", "DBSubnetGroup"),
    FIND("security_groups", "VpcSecurityGroups.*.VpcSecurityGroupId"),
    {0},
};

const struct step_kind kind_rds_cluster = {
    .schema = {"rds.cluster", "finds a DB cluster", KIND_LOOKUP, false, with, outputs},
    .observe = observe,
    .finds = finds,
};
