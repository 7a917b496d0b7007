/* Rules of security groups. A group keeps its permissions as replies show
 * them; a rule is one source of one permission, and its id is made from what
 * it says, so that it stays the same without being stored. */
#include "aws/sandbox/ec2.h"

#include "aws/crypto/digest.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/shown.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { RULE_LIMIT = 60, PORT_MOST = 65535 };

/* Where a permission keeps each kind of source. */
static const struct {
    const char *list, *member, *rule;
} sources[] = {
    {"IpRanges", "CidrIp", "CidrIpv4"},
    {"Ipv6Ranges", "CidrIpv6", "CidrIpv6"},
    {"PrefixListIds", "PrefixListId", "PrefixListId"},
    {"UserIdGroupPairs", "GroupId", "ReferencedGroupInfo"},
};

enum { GROUP_SOURCE = 3 };

static void rule_id(const char *group, bool egress, const struct json *permission, const char *source,
                    char out[64])
{
    CLEANUP(buf_release) struct buf text = {0};
    char hex[SHA256_HEX];

    buf_printf(&text, "%s|%d|%s|%lld|%lld|%s", group, egress, json_get_text(permission, "IpProtocol"),
               (long long)json_int(json_get(permission, "FromPort"), -1),
               (long long)json_int(json_get(permission, "ToPort"), -1), source);
    sha256_hex(buf_str(&text), hex);
    (void)snprintf(out, 64, "sgr-%.17s", hex);
}

/* --- permissions as rules --- */

static void add_rule(const struct call *c, const struct json *group, bool egress,
                     const struct json *permission, size_t kind, const struct json *source,
                     struct json *rules)
{
    const char *group_id = json_get_text(group, "GroupId"),
               *text = json_get_text(source, sources[kind].member);
    const struct json *tags;
    char id[64], arn[2100];
    struct json *rule;

    rule_id(group_id, egress, permission, text, id);
    sandbox_arn(c->sandbox, arn, "ec2", sandbox_region(c->sandbox), "security-group-rule/%s", id);
    rule =
        json_push(rules, json_of("SecurityGroupRuleId", id, "GroupId", group_id, "GroupOwnerId",
                                 sandbox_account(c->sandbox), "IpProtocol",
                                 json_get_text(permission, "IpProtocol"), "SecurityGroupRuleArn", arn, NULL));
    json_put_bool(rule, "IsEgress", egress);
    json_put_int(rule, "FromPort", json_int(json_get(permission, "FromPort"), -1));
    json_put_int(rule, "ToPort", json_int(json_get(permission, "ToPort"), -1));
    if (kind == GROUP_SOURCE)
        json_put(rule, sources[kind].rule,
                 json_of("GroupId", text, "UserId", json_get_text(source, "UserId"), NULL));
    else
        json_put_text(rule, sources[kind].rule, text);
    if (json_get(source, "Description"))
        json_put_text(rule, "Description", json_get_text(source, "Description"));
    tags = json_get(json_get(group, "rule_tags"), id);
    json_put(rule, "Tags", tags ? json_copy(tags) : json_array());
}

static void add_rules(const struct call *c, const struct json *group, bool egress,
                      const struct json *permissions, struct json *rules)
{
    for (const struct json *p = json_first(permissions); p; p = json_next(p))
        for (size_t kind = 0; kind < ARRAY_LEN(sources); kind++)
            for (const struct json *e = json_first(json_get(p, sources[kind].list)); e; e = json_next(e))
                add_rule(c, group, egress, p, kind, e, rules);
}

struct json *ec2_rules(const struct call *c)
{
    struct json *rules = json_array();
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "ec2.security_group", i, NULL)); i++) {
        add_rules(c, e, false, json_get(e, "IpPermissions"), rules);
        add_rules(c, e, true, json_get(e, "IpPermissionsEgress"), rules);
    }
    return rules;
}

static const struct ec2_filter rule_filters[] = {
    {.name = "group-id", .path = "GroupId"},
    {.name = "security-group-rule-id", .path = "SecurityGroupRuleId"},
};

static const struct ec2_listing rule_listing = {
    .out = "SecurityGroupRules",
    .ids = "SecurityGroupRuleIds",
    .id = "SecurityGroupRuleId",
    .tags = "Tags",
    .prefix = "sgr-",
    .malformed = "InvalidSecurityGroupRuleId.Malformed",
    .missing = "InvalidSecurityGroupRuleId.NotFound",
    .noun = "security group rule ID",
    .filters = rule_filters,
    .filter_count = ARRAY_LEN(rule_filters),
};

bool ec2_describe_rules(struct call *c, struct error *err)
{
    return ec2_list(c, &rule_listing, ec2_rules(c), err);
}

/* --- what a request means --- */

static const char *protocol_name(const char *given)
{
    static const struct {
        const char *number, *name;
    } protocols[] = {{"6", "tcp"}, {"17", "udp"}, {"1", "icmp"}, {"58", "icmpv6"}, {"all", "-1"}};

    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if (strcmp(given, protocols[i].number) == 0)
            return protocols[i].name;
    return given;
}

static bool check_protocol(const char *name, struct error *err)
{
    static const char *const known[] = {"tcp", "udp", "icmp", "icmpv6", "-1"};
    int64_t number;

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    if (str_to_i64(str_of(name), &number) && number >= 0 && number <= 255)
        return true;
    return refuse(err, "InvalidParameterValue", "Invalid value '%.100s' for IP protocol. Unknown protocol.",
                  name);
}

static bool check_ports(const struct json *permission, const char *protocol, struct error *err)
{
    const struct json *from = json_get(permission, "FromPort"), *to = json_get(permission, "ToPort");
    int64_t low = json_int(from, -1), high = json_int(to, -1);

    if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)
        return true;
    if (!from || !to)
        return refuse(err, "InvalidParameterValue",
                      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
    if (low < 0 || low > PORT_MOST || high < 0 || high > PORT_MOST)
        return refuse(err, "InvalidParameterValue", "TCP/UDP port (%lld) out of range",
                      (long long)(low < 0 || low > PORT_MOST ? low : high));
    return low <= high || refuse(err, "InvalidParameterValue", "Invalid TCP/UDP port range (%lld:%lld)",
                                 (long long)low, (long long)high);
}

/** The block with its host bits cleared, as EC2 keeps it. */
static bool canonical_block(const char *text, bool v6, char out[64], struct error *err)
{
    const char *slash = strchr(text, '/');
    unsigned char bytes[16] = {0};
    char address[INET6_ADDRSTRLEN] = "";
    size_t bits = v6 ? 128 : 32;
    uint64_t length = 0;

    if (slash && (size_t)(slash - text) < sizeof address)
        memcpy(address, text, (size_t)(slash - text));
    if (!slash || !str_to_u64(str_of(slash + 1), &length) || length > bits ||
        inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
        return refuse(err, "InvalidParameterValue", "CIDR block %.100s is malformed", text);
    for (size_t i = length; i < bits; i++)
        bytes[i / 8] &= (unsigned char)~(0x80u >> (i % 8));
    (void)inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, address, sizeof address);
    (void)snprintf(out, 64, "%s/%u", address, (unsigned)length);
    return true;
}

static bool read_source(const struct call *c, size_t kind, struct json *source, struct error *err)
{
    const char *text = json_get_text(source, sources[kind].member);
    char block[64];

    if (kind == GROUP_SOURCE) {
        if (!json_get(source, "GroupId"))
            return refuse(err, "VPCIdNotSpecified", "No default VPC for this user");
        if (!world_get(c->world, "ec2.security_group", text))
            return refuse(err, "InvalidGroup.NotFound", "The security group '%.100s' does not exist", text);
        json_put_text(source, "UserId", sandbox_account(c->sandbox));
        return true;
    }
    if (strcmp(sources[kind].member, "PrefixListId") == 0)
        return refuse(err, "InvalidPrefixListID.NotFound", "The prefix list ID '%.100s' does not exist",
                      text);
    if (!canonical_block(text, strcmp(sources[kind].member, "CidrIpv6") == 0, block, err))
        return false;
    json_put_text(source, sources[kind].member, block);
    return true;
}

static bool read_permission(const struct call *c, struct json *permission, struct error *err)
{
    const char *protocol = protocol_name(json_get_text(permission, "IpProtocol"));
    size_t count = 0;

    if (!check_protocol(protocol, err) || !check_ports(permission, protocol, err))
        return false;
    json_put_text(permission, "IpProtocol", protocol);
    if (strcmp(json_get_text(permission, "IpProtocol"), "-1") == 0) {
        json_remove(permission, "FromPort");
        json_remove(permission, "ToPort");
    }
    for (size_t kind = 0; kind < ARRAY_LEN(sources); kind++) {
        struct json *list = json_edit(permission, sources[kind].list);

        for (size_t i = 0; i < json_count(list); i++, count++)
            if (!read_source(c, kind, json_edit_at(list, i), err))
                return false;
    }
    return count > 0 || refuse(err, "MissingParameter", "The request must contain the parameter ipRanges");
}

/** The older form: one permission in the request's own members. */
static struct json *flat_permission(const struct call *c)
{
    static const char *const members[] = {"IpProtocol", "FromPort", "ToPort"};
    struct json *permission = json_object(), *ranges = json_array();

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_get(c->in, members[i]))
            json_put(permission, members[i], json_copy(json_get(c->in, members[i])));
    if (json_get(c->in, "CidrIp"))
        json_push(ranges, json_of("CidrIp", json_get_text(c->in, "CidrIp"), NULL));
    json_put(permission, "IpRanges", ranges);
    return permission;
}

/** *out is owned: permissions as the group would keep them. */
static bool read_permissions(const struct call *c, struct json **out, struct error *err)
{
    const struct json *given = json_get(c->in, "IpPermissions");

    if (json_get(c->in, "SourceSecurityGroupName"))
        return refuse(err, "VPCIdNotSpecified", "No default VPC for this user");
    if (!json_count(given) && !json_get(c->in, "IpProtocol"))
        return refuse(err, "MissingParameter", "The request must contain the parameter ipPermissions");
    *out = given && json_count(given) ? json_copy(given) : json_array();
    if (!json_count(given))
        json_push(*out, flat_permission(c));
    for (size_t i = 0; i < json_count(*out); i++)
        if (!read_permission(c, json_edit_at(*out, i), err))
            return false;
    return true;
}

/* --- AuthorizeSecurityGroupIngress --- */

static const struct json *find_rule(const struct json *rules, const char *id)
{
    for (const struct json *e = json_first(rules); e; e = json_next(e))
        if (strcmp(json_get_text(e, "SecurityGroupRuleId"), id) == 0)
            return e;
    return NULL;
}

static const char *peer_of(const struct json *rule)
{
    for (size_t kind = 0; kind < GROUP_SOURCE; kind++)
        if (json_get(rule, sources[kind].rule))
            return json_get_text(rule, sources[kind].rule);
    return json_text(json_path(rule, "ReferencedGroupInfo.GroupId"));
}

static bool refuse_duplicate(const struct json *rule, struct error *err)
{
    const char *protocol = json_get_text(rule, "IpProtocol");
    char upper[16] = "";

    if (strcmp(protocol, "-1") == 0)
        return refuse(err, "InvalidPermission.Duplicate",
                      "the specified rule \"peer: %s, ALL, ALLOW\" already exists", peer_of(rule));
    for (size_t i = 0; i < sizeof upper - 1 && protocol[i]; i++)
        upper[i] = (char)(protocol[i] >= 'a' && protocol[i] <= 'z' ? protocol[i] - 'a' + 'A' : protocol[i]);
    return refuse(err, "InvalidPermission.Duplicate",
                  "the specified rule \"peer: %s, %s, from port: %lld, to port: %lld, ALLOW\" already exists",
                  peer_of(rule), upper, (long long)json_int(json_get(rule, "FromPort"), -1),
                  (long long)json_int(json_get(rule, "ToPort"), -1));
}

/** Whether the new rules go with those that are there and with each other. */
static bool check_new(const struct json *rules, const struct json *added, struct error *err)
{
    for (const struct json *e = json_first(added); e; e = json_next(e)) {
        const char *id = json_get_text(e, "SecurityGroupRuleId");

        if (find_rule(rules, id) || find_rule(added, id) != e)
            return refuse_duplicate(e, err);
    }
    return json_count(rules) + json_count(added) <= RULE_LIMIT ||
           refuse(err, "RulesPerSecurityGroupLimitExceeded",
                  "The maximum number of rules per security group has been reached.");
}

static bool same_ports(const struct json *a, const struct json *b)
{
    return strcmp(json_get_text(a, "IpProtocol"), json_get_text(b, "IpProtocol")) == 0 &&
           json_int(json_get(a, "FromPort"), -1) == json_int(json_get(b, "FromPort"), -1) &&
           json_int(json_get(a, "ToPort"), -1) == json_int(json_get(b, "ToPort"), -1);
}

/** Adds the sources to the permission for the same ports, or the whole. */
static void merge(struct json *permissions, const struct json *added)
{
    struct json *into = NULL;

    for (size_t i = 0; i < json_count(permissions) && !into; i++)
        if (same_ports(json_at(permissions, i), added))
            into = json_edit_at(permissions, i);
    if (!into) {
        json_push(permissions, json_copy(added));
        return;
    }
    for (size_t kind = 0; kind < ARRAY_LEN(sources); kind++)
        for (const struct json *e = json_first(json_get(added, sources[kind].list)); e; e = json_next(e)) {
            if (!json_get(into, sources[kind].list))
                json_put(into, sources[kind].list, json_array());
            json_push(json_edit(into, sources[kind].list), json_copy(e));
        }
}

static void keep_rule_tags(const struct call *c, struct json *group, struct json *added)
{
    CLEANUP(json_freep) struct json *tags = ec2_new_tags(c, "security-group-rule");

    if (!json_count(tags))
        return;
    if (!json_get(group, "rule_tags"))
        json_put(group, "rule_tags", json_object());
    for (size_t i = 0; i < json_count(added); i++) {
        struct json *rule = json_edit_at(added, i);

        json_put(json_edit(group, "rule_tags"), json_get_text(rule, "SecurityGroupRuleId"), json_copy(tags));
        json_put(rule, "Tags", json_copy(tags));
    }
}

bool ec2_authorize_ingress(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *permissions = NULL, *rules = json_array(), *added = json_array();
    struct json *group;

    if (!ec2_find_group(c, &group, err) || !read_permissions(c, &permissions, err) ||
        !ec2_check_new_tags(c, err))
        return false;
    add_rules(c, group, false, json_get(group, "IpPermissions"), rules);
    add_rules(c, group, false, permissions, added);
    if (!check_new(rules, added, err))
        return false;
    for (const struct json *e = json_first(permissions); e; e = json_next(e))
        merge(json_edit(group, "IpPermissions"), e);
    keep_rule_tags(c, group, added);
    ec2_done(c);
    json_put(c->out, "SecurityGroupRules", added);
    added = NULL;
    return true;
}

/* --- RevokeSecurityGroupIngress --- */

void ec2_drop_rule_tags(struct json *group, const char *id, bool all)
{
    struct json *tags = json_edit(group, "rule_tags");

    if (all || !json_count(json_get(tags, id)))
        json_remove(tags, id);
    if (tags && !json_count(tags))
        json_remove(group, "rule_tags");
}

static void revoke(struct json *group, const char *id)
{
    struct json *permissions = json_edit(group, "IpPermissions");

    for (size_t p = json_count(permissions); p-- > 0;) {
        struct json *permission = json_edit_at(permissions, p);
        size_t left = 0;

        for (size_t kind = 0; kind < ARRAY_LEN(sources); kind++) {
            struct json *list = json_edit(permission, sources[kind].list);

            for (size_t i = json_count(list); i-- > 0;) {
                char found[64];

                rule_id(json_get_text(group, "GroupId"), false, permission,
                        json_get_text(json_at(list, i), sources[kind].member), found);
                if (strcmp(found, id) == 0)
                    json_free(json_detach_at(list, i));
            }
            left += json_count(list);
        }
        if (left == 0)
            json_free(json_detach_at(permissions, p));
    }
    ec2_drop_rule_tags(group, id, true);
}

/** The rules of the group that the request names, by id or by what they say. */
static bool choose_rules(const struct call *c, const struct json *group, const struct json *rules,
                         struct json *chosen, struct error *err)
{
    CLEANUP(json_freep) struct json *permissions = NULL, *meant = json_array();
    const struct json *ids = json_get(c->in, "SecurityGroupRuleIds"), *rule;

    for (const struct json *e = json_first(ids); e; e = json_next(e)) {
        rule = find_rule(rules, json_text(e));
        if (!rule)
            return refuse(err, "InvalidSecurityGroupRuleId.NotFound",
                          "The security group rule ID '%.100s' does not exist", json_text(e));
        json_push(chosen, json_copy(rule));
    }
    if (json_count(ids))
        return true;
    if (!read_permissions(c, &permissions, err))
        return false;
    add_rules(c, group, false, permissions, meant);
    for (const struct json *e = json_first(meant); e; e = json_next(e)) {
        rule = find_rule(rules, json_get_text(e, "SecurityGroupRuleId"));
        if (!rule)
            return refuse(err, "InvalidPermission.NotFound",
                          "The specified rule does not exist in this security group.");
        json_push(chosen, json_copy(rule));
    }
    return true;
}

bool ec2_revoke_ingress(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *rules = json_array(), *chosen = json_array();
    struct json *group, *revoked;

    if (!ec2_find_group(c, &group, err))
        return false;
    add_rules(c, group, false, json_get(group, "IpPermissions"), rules);
    if (!choose_rules(c, group, rules, chosen, err))
        return false;
    ec2_done(c);
    revoked = json_put(c->out, "RevokedSecurityGroupRules", json_array());
    for (size_t i = 0; i < json_count(chosen); i++) {
        struct json *rule = json_edit_at(chosen, i);
        const struct json *other = json_path(rule, "ReferencedGroupInfo.GroupId");

        revoke(group, json_get_text(rule, "SecurityGroupRuleId"));
        if (other)
            json_put(rule, "ReferencedGroupId", json_copy(other));
        json_push(revoked, shown(shown_element(c->op, "RevokedSecurityGroupRules"), rule));
    }
    return true;
}
