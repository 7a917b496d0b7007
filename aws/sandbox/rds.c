/* Clusters, their endpoints, instances and subnet groups, to be read: facts
 * 2.6. Identifiers are kept in lower case and found in any. */
#include "aws/sandbox/call.h"
#include "aws/sandbox/context.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/shown.h"

#include <stdio.h>

enum { PAGE_LEAST = 20, PAGE_MOST = 100, ARN_COLONS = 6 };

struct filter {
    const char *name; /* "db-cluster-id" */
    const char *path; /* members of an item */
    bool id;          /* a name or an ARN, in any case */
};

/* What a Describe operation lists. */
struct listing {
    const char *operation;
    const char *kind;      /* of entity */
    const char *parameter; /* that names one: "DBClusterIdentifier" */
    const char *arn;       /* member with the entity's ARN */
    const char *type;      /* the ARN's word before the name: "cluster" */
    const char *out;       /* member of the reply */
    const char *missing;   /* code for one that is not there */
    const struct filter *filters;
    size_t filter_count;
};

static const struct filter cluster_filters[] = {
    {"clone-group-id", "CloneGroupId", false},
    {"db-cluster-id", "DBClusterIdentifier", true},
    {"db-cluster-resource-id", "DbClusterResourceId", false},
    {"domain", "DomainMemberships.Domain", false},
    {"engine", "Engine", false},
};

static const struct filter endpoint_filters[] = {
    {"db-cluster-endpoint-custom-type", "CustomEndpointType", true},
    {"db-cluster-endpoint-id", "DBClusterEndpointIdentifier", true},
    {"db-cluster-endpoint-status", "Status", false},
    {"db-cluster-endpoint-type", "EndpointType", true}, /* lower case here, upper in the reply */
};

static const struct filter instance_filters[] = {
    {"db-cluster-id", "DBClusterIdentifier", true},
    {"db-instance-id", "DBInstanceIdentifier", true},
    {"dbi-resource-id", "DbiResourceId", false},
    {"domain", "DomainMemberships.Domain", false},
    {"engine", "Engine", false},
};

/* Sorted as the handlers; endpoints are listed cluster by cluster. */
static const struct listing listings[] = {
    {"DescribeDBClusterEndpoints", "rds.cluster", "DBClusterIdentifier", "DBClusterArn", "cluster",
     "DBClusterEndpoints", "DBClusterNotFoundFault", endpoint_filters, ARRAY_LEN(endpoint_filters)},
    {"DescribeDBClusters", "rds.cluster", "DBClusterIdentifier", "DBClusterArn", "cluster", "DBClusters",
     "DBClusterNotFoundFault", cluster_filters, ARRAY_LEN(cluster_filters)},
    {"DescribeDBInstances", "rds.instance", "DBInstanceIdentifier", "DBInstanceArn", "db", "DBInstances",
     "DBInstanceNotFound", instance_filters, ARRAY_LEN(instance_filters)},
    {"DescribeDBSubnetGroups", "rds.subnet_group", "DBSubnetGroupName", "DBSubnetGroupArn", "subgrp",
     "DBSubnetGroups", "DBSubnetGroupNotFoundFault", NULL, 0},
};

static const struct listing *listing_of(const struct call *c)
{
    size_t i = 0;

    while (strcmp(listings[i].operation, c->op->name) != 0)
        i++;
    return &listings[i];
}

/* --- names --- */

/** The name of an ARN of this type; text itself when it is no ARN. */
static struct str bare_name(struct str text, const char *type)
{
    struct str rest = text, part;

    if (!str_starts(text, STR("arn:")))
        return text;
    for (int i = 1; i < ARN_COLONS; i++)
        if (!str_split(&rest, ':', &part))
            return text;
    return str_split(&rest, ':', &part) && str_is(part, type) ? rest : text;
}

/** By name or whole ARN; NULL when there is none. */
static const struct json *find(const struct world *w, const struct listing *l, struct str id)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(w, l->kind, i, &key)); i++)
        if (str_equal_ignore_case(id, str_of(key)) ||
            str_equal_ignore_case(id, json_str(json_get(e, l->arn))))
            return e;
    return NULL;
}

static bool refuse_missing(const struct listing *l, struct str id, struct error *err)
{
    struct str shown_id = str_slice(id, 0, 255);

    if (strcmp(l->type, "subgrp") == 0)
        refuse(err, l->missing, "DB subnet group '%.*s' does not exist.", STR_ARG(shown_id));
    else
        refuse(err, l->missing, "%s %.*s not found.", strcmp(l->type, "db") == 0 ? "DBInstance" : "DBCluster",
               STR_ARG(shown_id));
    err->http_status = 404;
    return false;
}

/* --- filters --- */

static bool value_matches(const struct filter *f, const struct json *value, struct str text)
{
    struct str wanted = json_str(value);

    if (!f->id)
        return str_equal(wanted, text);
    if (strcmp(f->name, "db-cluster-id") == 0)
        wanted = bare_name(wanted, "cluster");
    else if (strcmp(f->name, "db-instance-id") == 0)
        wanted = bare_name(wanted, "db");
    return str_equal_ignore_case(wanted, text);
}

static bool filter_matches(const struct filter *f, const struct json *values, const struct json *item)
{
    for (const struct json *e = json_first(values); e; e = json_next(e))
        if (json_is_string(json_path(item, f->path)) &&
            value_matches(f, e, json_str(json_path(item, f->path))))
            return true;
    return false;
}

static const struct filter *find_filter(const struct listing *l, const char *name)
{
    for (size_t i = 0; i < l->filter_count; i++)
        if (strcmp(l->filters[i].name, name) == 0)
            return &l->filters[i];
    return NULL;
}

static bool check_filters(const struct call *c, const struct listing *l, struct error *err)
{
    for (const struct json *f = json_first(json_get(c->in, "Filters")); f; f = json_next(f)) {
        const char *name = json_get_text(f, "Name");

        if (!l->filter_count)
            return refuse(err, "InvalidParameterValue", "This parameter isn't currently supported: Filters");
        if (!find_filter(l, name))
            return refuse(err, "InvalidParameterValue", "Unrecognized filter name: %s", name);
        if (!json_count(json_get(f, "Values")))
            return refuse(err, "InvalidParameterValue", "The filter %s has no values", name);
    }
    return true;
}

static bool filters_match(const struct call *c, const struct listing *l, const struct json *item)
{
    for (const struct json *f = json_first(json_get(c->in, "Filters")); f; f = json_next(f))
        if (!filter_matches(find_filter(l, json_get_text(f, "Name")), json_get(f, "Values"), item))
            return false;
    return true;
}

/* --- pages --- */

static bool read_page(const struct call *c, uint64_t *from, uint64_t *size, struct error *err)
{
    struct str marker = json_str(json_get(c->in, "Marker")), rest, name;
    int64_t records = json_int(json_get(c->in, "MaxRecords"), PAGE_MOST);
    CLEANUP(buf_release) struct buf plain = {0};

    *from = 0;
    if (records < PAGE_LEAST || records > PAGE_MOST)
        return refuse(err, "InvalidParameterValue",
                      "Invalid value %lld for MaxRecords. Must be between %d and %d", (long long)records,
                      PAGE_LEAST, PAGE_MOST);
    *size = (uint64_t)records;
    if (marker.len == 0)
        return true;
    if (buf_add_unbase64(&plain, marker)) {
        rest = buf_str(&plain);
        if (str_split(&rest, ' ', &name) && str_is(name, c->op->name) && str_to_u64(rest, from))
            return true;
    }
    return refuse(err, "InvalidParameterValue", "Invalid Marker");
}

static void put_marker(struct call *c, uint64_t from)
{
    CLEANUP(buf_release) struct buf plain = {0}, marker = {0};

    buf_printf(&plain, "%s %llu", c->op->name, (unsigned long long)from);
    buf_add_base64(&marker, plain.data, plain.len);
    json_put_str(c->out, "Marker", buf_str(&marker));
}

static bool answer(struct call *c, const struct listing *l, const struct json *items, struct error *err)
{
    uint64_t from = 0, size = 0, place = 0;
    struct json *page;

    if (!read_page(c, &from, &size, err) || !check_filters(c, l, err))
        return false;
    c->out = json_object();
    page = json_put(c->out, l->out, json_array());
    for (const struct json *e = json_first(items); e; e = json_next(e)) {
        if (!filters_match(c, l, e) || place++ < from)
            continue;
        if (json_count(page) == size) {
            put_marker(c, from + size);
            break;
        }
        json_push(page, shown(shown_element(c->op, l->out), e));
    }
    return true;
}

/* --- the operations --- */

/** The entity that the parameter names, NULL for all. */
static bool find_named(const struct call *c, const struct listing *l, const struct json **one,
                       struct error *err)
{
    struct str id = json_str(json_get(c->in, l->parameter));

    *one = NULL;
    if (id.len == 0)
        return true;
    *one = find(c->world, l, id);
    return *one || refuse_missing(l, id, err);
}

static void add_endpoints(const struct json *cluster, struct json *items)
{
    static const struct {
        const char *member, *type;
    } endpoints[] = {{"Endpoint", "WRITER"}, {"ReaderEndpoint", "READER"}};

    /* The built-in two have no identifier and no ARN of their own. */
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++)
        json_push(items, json_of("DBClusterIdentifier", json_get_text(cluster, "DBClusterIdentifier"),
                                 "Endpoint", json_get_text(cluster, endpoints[i].member), "Status",
                                 json_get_text(cluster, "Status"), "EndpointType", endpoints[i].type, NULL));
    for (const struct json *e = json_first(json_get(cluster, "endpoints")); e; e = json_next(e))
        json_push(items, json_copy(e));
}

static void add_item(const struct listing *l, const struct json *entity, struct json *items)
{
    struct json *item;

    if (strcmp(l->out, "DBClusterEndpoints") == 0) {
        add_endpoints(entity, items);
        return;
    }
    item = json_push(items, json_copy(entity));
    if (json_get(item, "CACertificateIdentifier") && !json_get(item, "CertificateDetails"))
        json_put(item, "CertificateDetails",
                 json_of("CAIdentifier", json_get_text(item, "CACertificateIdentifier"), NULL));
}

static bool describe(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *items = json_array();
    const struct listing *l = listing_of(c);
    const struct json *one, *e;

    if (!find_named(c, l, &one, err))
        return false;
    for (size_t i = 0; (e = world_at(c->world, l->kind, i, NULL)); i++)
        if (!one || e == one)
            add_item(l, e, items);
    return answer(c, l, items, err);
}

static void describe_target(struct call *c)
{
    const struct listing *l = listing_of(c);
    struct str id = json_str(json_get(c->in, l->parameter));
    const struct json *one = id.len ? find(c->world, l, id) : NULL;

    if (id.len == 0)
        sandbox_arn(c->sandbox, c->resource, "rds", sandbox_region(c->sandbox), "%s:*", l->type);
    else if (one)
        (void)snprintf(c->resource, sizeof c->resource, "%s", json_get_text(one, l->arn));
    else if (str_starts(id, STR("arn:")))
        (void)snprintf(c->resource, sizeof c->resource, "%.*s", STR_ARG(id));
    else
        sandbox_arn(c->sandbox, c->resource, "rds", sandbox_region(c->sandbox), "%s:%.*s", l->type,
                    STR_ARG(id));
    if (one) {
        c->context = json_object();
        context_add_tags(c->context, "aws:ResourceTag", json_get(one, "TagList"));
    }
}

static bool list_tags(struct call *c, struct error *err)
{
    struct str arn = json_str(json_get(c->in, "ResourceName"));

    for (size_t i = 0; i < ARRAY_LEN(listings); i++) {
        const struct listing *l = &listings[i];
        struct str name = bare_name(arn, l->type);
        const struct json *e = find(c->world, l, arn), *tags = json_get(e, "TagList");

        if (!str_starts(arn, STR("arn:")) || name.len == arn.len)
            continue;
        if (!e || !str_equal_ignore_case(arn, json_str(json_get(e, l->arn))))
            return refuse_missing(l, name, err);
        c->out = json_object();
        json_put(c->out, "TagList", tags ? json_copy(tags) : json_array());
        return true;
    }
    return refuse(err, "InvalidParameterValue", "Invalid resource name: %.*s",
                  STR_ARG(str_slice(arn, 0, 300)));
}

static const struct handler rows[] = {
    {.operation = "DescribeDBClusterEndpoints", .handle = describe, .target = describe_target},
    {.operation = "DescribeDBClusters", .handle = describe, .target = describe_target},
    {.operation = "DescribeDBInstances", .handle = describe, .target = describe_target},
    {.operation = "DescribeDBSubnetGroups", .handle = describe, .target = describe_target},
    {.operation = "ListTagsForResource", .handle = list_tags},
};

const struct handler_table rds_handlers = {"rds", rows, ARRAY_LEN(rows)};
