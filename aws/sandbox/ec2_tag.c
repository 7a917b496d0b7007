/* Tags of whatever EC2 has. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/refuse.h"

enum { TAG_LIMIT = 50, KEY_LIMIT = 128, VALUE_LIMIT = 256 };

/* What can be tagged, by the prefix of its id. */
static const struct taggable {
    const char *prefix, *kind, *type, *missing, *noun;
} taggables[] = {
    {"i-", "ec2.instance", "instance", "InvalidInstanceID.NotFound", "instance ID"},
    {"vpc-", "ec2.vpc", "vpc", "InvalidVpcID.NotFound", "vpc ID"},
    {"subnet-", "ec2.subnet", "subnet", "InvalidSubnetID.NotFound", "subnet ID"},
    {"sg-", "ec2.security_group", "security-group", "InvalidGroup.NotFound", "security group"},
    {"sgr-", NULL, "security-group-rule", "InvalidSecurityGroupRuleId.NotFound", "security group rule ID"},
    {"eni-", "ec2.network_interface", "network-interface", "InvalidNetworkInterfaceID.NotFound",
     "networkInterface ID"},
    {"rtb-", "ec2.route_table", "route-table", "InvalidRouteTableID.NotFound", "routeTable ID"},
    {"vpce-", "ec2.vpc_endpoint", "vpc-endpoint", "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"},
};

static const struct taggable *type_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(taggables); i++)
        if (strncmp(id, taggables[i].prefix, strlen(taggables[i].prefix)) == 0)
            return &taggables[i];
    return NULL;
}

/* --- where tags are kept --- */

static struct json *member_array(struct json *object, const char *member)
{
    struct json *array = json_edit(object, member);

    return array ? array : json_put(object, member, json_array());
}

/** Rules are not stored: their group keeps their tags. */
static struct json *rule_tags(const struct call *c, const char *id)
{
    CLEANUP(json_freep) struct json *rules = ec2_rules(c);

    for (const struct json *e = json_first(rules); e; e = json_next(e))
        if (strcmp(json_get_text(e, "SecurityGroupRuleId"), id) == 0) {
            struct json *group = world_edit(c->world, "ec2.security_group", json_get_text(e, "GroupId"));

            if (!json_get(group, "rule_tags"))
                json_put(group, "rule_tags", json_object());
            return member_array(json_edit(group, "rule_tags"), id);
        }
    return NULL;
}

/** An instance's own interface is not stored either. */
static struct json *interface_tags(const struct call *c, const char *id)
{
    const char *key;
    char eni[64];

    for (size_t i = 0; world_at(c->world, "ec2.instance", i, &key); i++) {
        ec2_derived_id("eni-", key, eni);
        if (strcmp(eni, id) == 0)
            return member_array(world_edit(c->world, "ec2.instance", key), "interface_tags");
    }
    return NULL;
}

/** The array that holds a resource's tags; NULL when there is no such thing. */
static struct json *tags_of(const struct call *c, const char *id)
{
    const struct taggable *t = type_of(id);
    struct json *entity;

    if (!t)
        return NULL;
    if (!t->kind)
        return rule_tags(c, id);
    entity = world_edit(c->world, t->kind, id);
    if (entity)
        return member_array(entity, "Tags");
    return strcmp(t->prefix, "eni-") == 0 ? interface_tags(c, id) : NULL;
}

/** Takes places for tags away that tags_of made and nobody used, so that a
 * world looks as before once its tags are as before. */
static void tidy(const struct call *c, const char *id)
{
    const char *key;

    for (size_t i = 0; world_at(c->world, "ec2.instance", i, &key); i++) {
        struct json *instance = world_edit(c->world, "ec2.instance", key);

        if (json_get(instance, "interface_tags") && !json_count(json_get(instance, "interface_tags")))
            json_remove(instance, "interface_tags");
    }
    for (size_t i = 0; world_at(c->world, "ec2.security_group", i, &key); i++)
        ec2_drop_rule_tags(world_edit(c->world, "ec2.security_group", key), id, false);
}

static bool check_resources(const struct call *c, struct error *err)
{
    for (const struct json *e = json_first(json_get(c->in, "Resources")); e; e = json_next(e)) {
        const struct taggable *t = type_of(json_text(e));

        if (!t)
            return refuse(err, "InvalidID", "The ID '%.100s' is not valid", json_text(e));
        if (!tags_of(c, json_text(e)))
            return refuse(err, t->missing, "The %s '%.100s' does not exist", t->noun, json_text(e));
        tidy(c, json_text(e));
    }
    return true;
}

/* --- rules about tags --- */

static bool is_reserved(const char *key)
{
    return str_equal_ignore_case(str_slice(str_of(key), 0, 4), STR("aws:"));
}

static bool check_tags(const struct json *tags, struct error *err)
{
    for (const struct json *e = json_first(tags); e; e = json_next(e)) {
        const char *key = json_get_text(e, "Key");

        if (!*key)
            return refuse(err, "InvalidParameterValue", "Tag key cannot be empty");
        if (is_reserved(key))
            return refuse(err, "InvalidParameterValue",
                          "Tag keys starting with 'aws:' are reserved for internal use");
        if (strlen(key) > KEY_LIMIT)
            return refuse(err, "InvalidParameterValue", "Tag key exceeds the maximum length of %d characters",
                          KEY_LIMIT);
        if (strlen(json_get_text(e, "Value")) > VALUE_LIMIT)
            return refuse(err, "InvalidParameterValue",
                          "Tag value exceeds the maximum length of %d characters", VALUE_LIMIT);
    }
    return json_count(tags) <= TAG_LIMIT ||
           refuse(err, "TagLimitExceeded", "More than %d tags are not allowed", TAG_LIMIT);
}

bool ec2_check_new_tags(const struct call *c, struct error *err)
{
    for (const struct json *e = json_first(json_get(c->in, "TagSpecifications")); e; e = json_next(e))
        if (!check_tags(json_get(e, "Tags"), err))
            return false;
    return true;
}

/* --- changing them --- */

static size_t find_key(const struct json *tags, const char *key)
{
    size_t i = 0;

    while (i < json_count(tags) && strcmp(json_get_text(json_at(tags, i), "Key"), key) != 0)
        i++;
    return i;
}

static void put_tag(struct json *tags, const struct json *tag)
{
    size_t at = find_key(tags, json_get_text(tag, "Key"));

    if (at < json_count(tags))
        json_put_text(json_edit_at(tags, at), "Value", json_get_text(tag, "Value"));
    else
        json_push(tags,
                  json_of("Key", json_get_text(tag, "Key"), "Value", json_get_text(tag, "Value"), NULL));
}

static bool check_room(const struct call *c, struct error *err)
{
    const struct json *added = json_get(c->in, "Tags");

    for (const struct json *e = json_first(json_get(c->in, "Resources")); e; e = json_next(e)) {
        const struct json *tags = tags_of(c, json_text(e));
        size_t count = json_count(tags);

        for (const struct json *t = json_first(added); t; t = json_next(t))
            count += find_key(tags, json_get_text(t, "Key")) == json_count(tags);
        tidy(c, json_text(e));
        if (count > TAG_LIMIT)
            return refuse(err, "TagLimitExceeded", "More than %d tags are not allowed", TAG_LIMIT);
    }
    return true;
}

static void record_return(struct call *c)
{
    c->trail_response = json_of("requestId", c->request_id, NULL);
    json_put_bool(c->trail_response, "_return", true);
}

void ec2_done(struct call *c)
{
    c->out = json_object();
    json_put_bool(c->out, "Return", true);
    record_return(c);
}

bool ec2_create_tags(struct call *c, struct error *err)
{
    const struct json *tags = json_get(c->in, "Tags");

    if (!check_resources(c, err) || !check_tags(tags, err) || !check_room(c, err))
        return false;
    for (const struct json *e = json_first(json_get(c->in, "Resources")); e; e = json_next(e))
        for (const struct json *t = json_first(tags); t; t = json_next(t))
            put_tag(tags_of(c, json_text(e)), t);
    record_return(c);
    return true;
}

/** Whether the request means this tag: a Value that is given has to be the
 * tag's, and without Tags all of the customer's are meant. */
static bool means(const struct call *c, const struct json *tag)
{
    const struct json *tags = json_get(c->in, "Tags");
    const char *key = json_get_text(tag, "Key");

    if (!json_count(tags))
        return !is_reserved(key);
    for (const struct json *t = json_first(tags); t; t = json_next(t))
        if (strcmp(json_get_text(t, "Key"), key) == 0 &&
            (!json_get(t, "Value") || strcmp(json_get_text(t, "Value"), json_get_text(tag, "Value")) == 0))
            return true;
    return false;
}

bool ec2_delete_tags(struct call *c, struct error *err)
{
    if (!check_resources(c, err) || !check_tags(json_get(c->in, "Tags"), err))
        return false;
    for (const struct json *e = json_first(json_get(c->in, "Resources")); e; e = json_next(e)) {
        struct json *tags = tags_of(c, json_text(e));

        for (size_t i = json_count(tags); i-- > 0;)
            if (means(c, json_at(tags, i)))
                json_free(json_detach_at(tags, i));
        tidy(c, json_text(e));
    }
    record_return(c);
    return true;
}

void ec2_tags_target(struct call *c)
{
    const struct json *ids = json_get(c->in, "Resources");
    const char *id = json_text(json_at(ids, 0));
    const struct taggable *t = type_of(id);

    /* Conditions on the resource's tags need one resource to speak of. */
    if (json_count(ids) == 1 && t && t->kind)
        ec2_tag_context(c, world_get(c->world, t->kind, id));
}

/* --- DescribeTags --- */

static const struct ec2_filter tag_filters[] = {
    {.name = "key", .path = "Key"},
    {.name = "resource-id", .path = "ResourceId"},
    {.name = "resource-type", .path = "ResourceType"},
    {.name = "value", .path = "Value"},
};

static const struct ec2_listing tag_listing = {
    .out = "Tags",
    .tags = "", /* the item is the tag */
    .filters = tag_filters,
    .filter_count = ARRAY_LEN(tag_filters),
};

static void add_tags(const char *id, const char *type, const struct json *tags, struct json *items)
{
    for (const struct json *e = json_first(tags); e; e = json_next(e))
        json_push(items, json_of("ResourceId", id, "ResourceType", type, "Key", json_get_text(e, "Key"),
                                 "Value", json_get_text(e, "Value"), NULL));
}

static void add_kind(const struct call *c, const struct taggable *t, struct json *items)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(c->world, t->kind, i, &key)); i++)
        add_tags(key, t->type, json_get(e, "Tags"), items);
}

bool ec2_describe_tags(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *rules = ec2_rules(c), *interfaces = ec2_interfaces(c);
    struct json *items = json_array();

    for (size_t i = 0; i < ARRAY_LEN(taggables); i++)
        if (taggables[i].kind && strcmp(taggables[i].prefix, "eni-") != 0)
            add_kind(c, &taggables[i], items);
    for (const struct json *e = json_first(interfaces); e; e = json_next(e))
        add_tags(json_get_text(e, "NetworkInterfaceId"), "network-interface", json_get(e, "TagSet"), items);
    for (const struct json *e = json_first(rules); e; e = json_next(e))
        add_tags(json_get_text(e, "SecurityGroupRuleId"), "security-group-rule", json_get(e, "Tags"), items);
    return ec2_list(c, &tag_listing, items, err);
}
