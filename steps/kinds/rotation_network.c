#include "steps/kinds/rotation_network.h"

#include "aws/common/mem.h"
#include "steps/kinds/look.h"
#include "steps/kinds/network.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char groups_check[] = "security group";
static const char subnets_check[] = "subnets";
static const char dns_check[] = "VPC DNS";
static const char way_check[] = "secrets endpoint";

/* What one look has seen so far. */
struct sight {
    const struct rotation_network *n;
    const char *vpc;
    struct json *peers;          /* the function's groups as [{"GroupId"}] */
    struct json *endpoints;      /* reply; NULL: not told */
    const struct json *endpoint; /* the one that answers to the service's own name */
};

static void sight_release(struct sight *s)
{
    json_free(s->peers);
    json_free(s->endpoints);
    *s = (struct sight){0};
}

static void PRINTF_LIKE(5, 6) find(const struct sight *s, const char *check, enum network_state state,
                                   const char *remedy, const char *format, ...)
{
    struct network_finding f = {.check = check, .state = state, .remedy = remedy};
    va_list args;

    va_start(args, format);
    vsnprintf(f.found, sizeof f.found, format, args);
    va_end(args);
    s->n->find(s->n->self, &f);
}

/* in is taken over. *out NULL: may not be asked, which has been told. */
static bool ask(const struct sight *s, const char *check, const char *service, const char *operation,
                struct json *in, struct json **out, struct error *err)
{
    bool ok = s->n->ask(s->n->self, service, operation, in, out, err);

    json_free(in);
    if (ok)
        return true;
    *out = NULL;
    if (!is_refusal(err))
        return error_wrap(err, "look at the rotation function's network");
    find(s, check, NETWORK_CANNOT_TELL,
         "`lab policy`, run by somebody who may, prints a policy that grants it", "%s:%s is not allowed",
         service, operation);
    return true;
}

static struct json *add_filter(struct json *in, const char *name, const char *value, const char *other)
{
    struct json *filters = json_edit(in, "Filters");
    struct json *filter, *values;

    if (!filters)
        filters = json_put(in, "Filters", json_array());
    filter = json_push(filters, json_of("Name", name, NULL));
    values = json_put(filter, "Values", json_array());
    json_push(values, json_text_new(value));
    if (other)
        json_push(values, json_text_new(other));
    return in;
}

/* Ids behind commas. */
static void add_id(struct buf *out, const char *id)
{
    buf_printf(out, "%s%s", out->len ? ", " : "", id);
}

/* --- security groups --- */

static bool look_at_groups(struct sight *s, struct error *err)
{
    struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(buf_release) struct buf names = {0};

    for (const struct json *g = json_first(s->n->groups); g; g = json_next(g)) {
        json_push(s->peers, json_of("GroupId", json_text(g), NULL));
        add_id(&names, json_text(g));
    }
    json_put(in, "GroupIds", json_copy(s->n->groups));
    if (!ask(s, groups_check, "ec2", "DescribeSecurityGroups", in, &out, err))
        return false;
    if (!out)
        return true;
    const struct network_fault *fault = network_find_fault(json_get(out, "SecurityGroups"), s->n->port);
    find(s, groups_check, fault ? NETWORK_FAULT : NETWORK_PASS, fault ? fault->remedy : "", "%s %s",
         buf_text(&names),
         fault ? fault->found : "let the rotation function reach the database and Secrets Manager");
    return true;
}

/* --- subnets --- */

static const struct json *subnets_of(const struct sight *s)
{
    return json_get(s->n->subnet_group, "Subnets");
}

static bool is_good_subnet(const struct json *subnet)
{
    return strcmp(json_get_text(subnet, "State"), "available") == 0 &&
           json_int(json_get(subnet, "AvailableIpAddressCount"), 1) > 0;
}

/* The function takes an address in each. */
static bool look_at_subnets(const struct sight *s, struct error *err)
{
    struct json *in = json_object();
    struct json *ids = json_put(in, "SubnetIds", json_array());
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(buf_release) struct buf bad = {0};
    size_t count = 0;

    for (const struct json *e = json_first(subnets_of(s)); e; e = json_next(e))
        json_push(ids, json_text_new(json_get_text(e, "SubnetIdentifier")));
    if (!ask(s, subnets_check, "ec2", "DescribeSubnets", in, &out, err))
        return false;
    if (!out)
        return true;
    const struct json *list = json_get(out, "Subnets");
    for (const struct json *e = json_first(list); e; e = json_next(e), count++) {
        if (!is_good_subnet(e))
            add_id(&bad, json_get_text(e, "SubnetId"));
    }
    if (bad.len > 0)
        find(s, subnets_check, NETWORK_FAULT,
             "free addresses there, or take the subnet out of the cluster's subnet group",
             "%s of %s have no address for the rotation function", buf_text(&bad), s->vpc);
    else
        find(s, subnets_check, NETWORK_PASS, "", "%zu in %s have addresses for the rotation function", count,
             s->vpc);
    return true;
}

/* --- endpoint --- */

/* "available" on the wire, "Available" in the model. */
static bool is_available(const struct json *endpoint)
{
    return str_equal_ignore_case(json_str(json_get(endpoint, "State")), STR("available"));
}

/* In China services are named in both ways. */
static bool look_for_endpoint(struct sight *s, struct error *err)
{
    CLEANUP(mem_freep) char *service = mem_printf("com.amazonaws.%s.secretsmanager", s->n->region);
    CLEANUP(mem_freep) char *in_china = mem_printf("cn.%s", service);
    struct json *in = add_filter(json_object(), "vpc-id", s->vpc, NULL);

    add_filter(in, "service-name", service, in_china);
    if (!ask(s, way_check, "ec2", "DescribeVpcEndpoints", in, &s->endpoints, err))
        return false;
    const struct json *list = json_get(s->endpoints, "VpcEndpoints");
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        if (json_bool(json_get(e, "PrivateDnsEnabled"), false) && is_available(e))
            s->endpoint = e;
    }
    return true;
}

/* Whoever asks for Secrets Manager in this VPC is sent to the endpoint, whatever way
 * out there is. */
static bool judge_endpoint(const struct sight *s, struct error *err)
{
    const struct json *groups = json_get(s->endpoint, "Groups");
    const char *id = json_get_text(s->endpoint, "VpcEndpointId");
    struct json *in = json_object();
    struct json *ids = json_put(in, "GroupIds", json_array());
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(buf_release) struct buf names = {0};

    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        json_push(ids, json_text_new(json_get_text(g, "GroupId")));
        add_id(&names, json_get_text(g, "GroupId"));
    }
    if (!ask(s, way_check, "ec2", "DescribeSecurityGroups", in, &out, err))
        return false;
    if (!out)
        return true;
    if (network_lets_in(json_get(out, "SecurityGroups"), s->peers))
        find(s, way_check, NETWORK_PASS, "", "the interface endpoint %s is in %s", id, s->vpc);
    else
        find(
            s, way_check, NETWORK_FAULT,
            "add an inbound rule for TCP port 443 to it whose source is the cluster's security group",
            "the interface endpoint %s answers for Secrets Manager in %s, and its security group %s does not "
            "let the rotation function in",
            id, s->vpc, buf_text(&names));
    return true;
}

/* --- DNS --- */

static bool ask_attribute(const struct sight *s, const char *attribute, const char *member, bool *known,
                          bool *on, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(mem_freep) char *path = mem_printf("%s.Value", member);

    *known = false;
    if (!ask(s, dns_check, "ec2", "DescribeVpcAttribute",
             json_of("VpcId", s->vpc, "Attribute", attribute, NULL), &out, err))
        return false;
    *known = out != NULL;
    *on = json_bool(json_path(out, path), false);
    return true;
}

/* The function finds the database and Secrets Manager by their names; an endpoint's
 * private name holds with both attributes on only (facts 12, row 30). */
static bool look_at_dns(const struct sight *s, struct error *err)
{
    bool known, on;

    if (!ask_attribute(s, "enableDnsSupport", "EnableDnsSupport", &known, &on, err))
        return false;
    if (!known)
        return true;
    if (!on) {
        find(s, dns_check, NETWORK_FAULT, "turn DNS resolution of the VPC on (enableDnsSupport)",
             "%s resolves no names: the rotation function would find neither database nor Secrets Manager",
             s->vpc);
        return true;
    }
    if (!ask_attribute(s, "enableDnsHostnames", "EnableDnsHostnames", &known, &on, err))
        return false;
    if (!known)
        return true;
    if (!on && s->endpoint)
        find(s, dns_check, NETWORK_FAULT, "turn DNS hostnames of the VPC on (enableDnsHostnames)",
             "%s has no DNS hostnames: the private name of %s does not hold", s->vpc,
             json_get_text(s->endpoint, "VpcEndpointId"));
    else
        find(s, dns_check, NETWORK_PASS, "", "%s resolves names%s", s->vpc,
             on ? "" : "; its DNS hostnames are off, which only an interface endpoint would need");
    return true;
}

/* --- routes --- */

static const char *why_not(enum network_route route)
{
    return route == ROUTE_INTERNET_GATEWAY
               ? "goes to an internet gateway, and a function has no public address"
           : route == ROUTE_BLACKHOLE ? "leads to something that is gone"
                                      : "has no way out";
}

/* An endpoint that is there and does not help is named. */
static const char *other_endpoint(const struct sight *s)
{
    const struct json *endpoint = json_path(s->endpoints, "VpcEndpoints.0");

    return !endpoint                ? ""
           : is_available(endpoint) ? " (an endpoint there has no private DNS: nobody is sent to it)"
                                    : " (an endpoint there is not available)";
}

static bool look_at_routes(const struct sight *s, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(buf_release) struct buf bad = {0};
    const char *through = "", *target;

    if (!ask(s, way_check, "ec2", "DescribeRouteTables", add_filter(json_object(), "vpc-id", s->vpc, NULL),
             &out, err))
        return false;
    if (!out)
        return true;
    for (const struct json *e = json_first(subnets_of(s)); e; e = json_next(e)) {
        const char *id = json_get_text(e, "SubnetIdentifier");
        enum network_route route = network_route_of(json_get(out, "RouteTables"), id, &target);
        if (route == ROUTE_OUT)
            through = target;
        else
            buf_printf(&bad, "%s%s %s", bad.len ? ", " : "", id, why_not(route));
    }
    if (bad.len > 0)
        find(s, way_check, NETWORK_FAULT,
             "make an interface endpoint for Secrets Manager with private DNS in the VPC (lab makes none, "
             "since "
             "it is charged by the hour), or route these subnets to a NAT gateway",
             "none in %s%s, and the rotation function could not reach Secrets Manager: %s", s->vpc,
             other_endpoint(s), buf_text(&bad));
    else
        find(s, way_check, NETWORK_PASS, "",
             "none in %s%s: the rotation function goes out through %s; an interface endpoint keeps these "
             "calls "
             "inside the VPC; lab makes none, since it is charged by the hour",
             s->vpc, other_endpoint(s), through);
    return true;
}

/* --- all --- */

static bool look_at_all(struct sight *s, struct error *err)
{
    if (!look_at_groups(s, err) || !look_at_subnets(s, err) || !look_for_endpoint(s, err) ||
        !look_at_dns(s, err))
        return false;
    if (s->endpoint)
        return judge_endpoint(s, err);
    return !s->endpoints || look_at_routes(s, err);
}

bool rotation_network_look(const struct rotation_network *n, struct error *err)
{
    CLEANUP(sight_release)
    struct sight s = {.n = n, .vpc = json_get_text(n->subnet_group, "VpcId"), .peers = json_array()};

    return look_at_all(&s, err);
}
