/* The managed instance: the workstation, whose agent reports for as long as its
 * role lets it. Another instance is a name in the world: nothing runs there. */
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/ec2.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/ssm.h"

#include "aws/common/mem.h"

#include <stdio.h>

#define AGENT_VERSION "3.3.1345.0"
/* The agent reports every five minutes; shown times are those of a report. */
#define REPORT_MS 300000

static const struct json *workstation(const struct world *w)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, "ec2.instance", i, NULL)); i++)
        if (json_bool(json_get(e, "imds"), false))
            return e;
    return NULL;
}

/* What AmazonSSMManagedInstanceCore gives: the heartbeat, and a way for
 * commands to come, by the message gateway or by the older delivery. */
static bool role_reaches(struct sandbox *s, const char *role, const char *instance_id)
{
    char arn[2100];

    sandbox_arn(s, arn, "ec2", sandbox_region(s), "instance/%s", instance_id);
    if (!session_trusts_service(s, role, "ec2.amazonaws.com") ||
        !authorize_role(s, role, "ssm:UpdateInstanceInformation", arn))
        return false;
    return authorize_role(s, role, "ec2messages:GetMessages", "*") ||
           (authorize_role(s, role, "ssmmessages:CreateControlChannel", "*") &&
            authorize_role(s, role, "ssmmessages:OpenControlChannel", "*"));
}

static bool agent_reaches(struct sandbox *s, const struct json *instance)
{
    const char *id = json_get_text(instance, "InstanceId");
    const struct json *association = ec2_association_of(sandbox_world(s), id);
    const struct json *profile =
        world_get(sandbox_world(s), "iam.instance_profile", json_get_text(association, "profile"));

    return strcmp(json_text(json_path(instance, "State.Name")), "running") == 0 &&
           strcmp(json_get_text(association, "State"), "associated") == 0 &&
           role_reaches(s, json_get_text(profile, "role"), id);
}

void ssm_agent_report(struct sandbox *s)
{
    const struct json *instance = workstation(sandbox_world(s));
    const char *id = json_get_text(instance, "InstanceId");
    struct json *managed = world_edit(sandbox_world(s), SSM_INSTANCE, id);

    if (!instance)
        return;
    if (agent_reaches(s, instance)) {
        if (!managed)
            managed = world_put(sandbox_world(s), SSM_INSTANCE, id, json_of("InstanceId", id, NULL));
        json_remove(managed, "lost_ms");
    } else if (managed && !json_get(managed, "lost_ms")) {
        json_put_int(managed, "lost_ms", sandbox_now_ms(s));
    }
}

const struct json *ssm_instance(struct sandbox *s)
{
    ssm_agent_report(s);
    return world_at(sandbox_world(s), SSM_INSTANCE, 0, NULL);
}

bool ssm_online(const struct json *instance)
{
    return instance && !json_get(instance, "lost_ms");
}

static struct json *shown(struct call *c, const struct json *managed)
{
    const char *id = json_get_text(managed, "InstanceId");
    const struct json *instance = world_get(c->world, "ec2.instance", id);
    const char *address = json_get_text(instance, "PrivateIpAddress");
    int64_t seen_ms = json_int(json_get(managed, "lost_ms"), c->now_ms) / REPORT_MS * REPORT_MS;
    CLEANUP(mem_freep)
    char *name = mem_printf("ip-%s.%s.compute.internal", address, sandbox_region(c->sandbox));
    struct json *out =
        json_of("InstanceId", id, "PingStatus", ssm_online(managed) ? "Online" : "ConnectionLost",
                "AgentVersion", AGENT_VERSION, "PlatformType", "Linux", "PlatformName", "Amazon Linux",
                "PlatformVersion", "2023", "ResourceType", "EC2Instance", "IPAddress", address, "SourceId",
                id, "SourceType", "AWS::EC2::Instance", NULL);

    for (size_t i = 0; i < strlen("ip-") + strlen(address); i++) /* "ip-172-30-0-10" */
        if (name[i] == '.')
            name[i] = '-';
    json_put_text(out, "ComputerName", name);
    json_put_bool(out, "IsLatestVersion", false);
    json_put_int(out, "LastPingDateTime", seen_ms / 1000);
    return out;
}

/* --- filters --- */

static const struct {
    const char *key;    /* as the caller writes it */
    const char *member; /* of what is shown; NULL: no instance here has one */
} filters[] = {
    {"ActivationIds", NULL},          {"AgentVersion", "AgentVersion"},
    {"AssociationStatus", NULL},      {"IamRole", NULL},
    {"InstanceIds", "InstanceId"},    {"PingStatus", "PingStatus"},
    {"PlatformType", "PlatformType"}, {"PlatformTypes", "PlatformType"},
    {"ResourceType", "ResourceType"}, {"SourceIds", "SourceId"},
    {"SourceTypes", "SourceType"},
};

static bool has_value(const struct json *values, const char *text)
{
    for (const struct json *v = json_first(values); v; v = json_next(v))
        if (strcmp(json_text(v), text) == 0)
            return true;
    return false;
}

static bool tag_matches(const struct call *c, const struct json *managed, const char *key,
                        const struct json *values)
{
    const struct json *instance = world_get(c->world, "ec2.instance", json_get_text(managed, "InstanceId"));

    for (const struct json *t = json_first(json_get(instance, "Tags")); t; t = json_next(t))
        if (strcmp(json_get_text(t, "Key"), key) == 0)
            return has_value(values, json_get_text(t, "Value"));
    return false;
}

/* *matches stays true only when this filter lets the instance through. */
static bool apply_filter(const struct call *c, const struct json *item, const char *key,
                         const struct json *values, bool *matches, struct error *err)
{
    if (str_starts(str_of(key), STR("tag:"))) {
        *matches = *matches && tag_matches(c, item, key + strlen("tag:"), values);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (strcmp(filters[i].key, key) != 0)
            continue;
        *matches = *matches && filters[i].member && has_value(values, json_get_text(item, filters[i].member));
        return true;
    }
    return refuse(err, "InvalidFilterKey", "The specified filter key (%s) is not valid.", key);
}

bool ssm_describe_instances(struct call *c, struct error *err)
{
    const struct json *managed = ssm_instance(c->sandbox);
    CLEANUP(json_freep) struct json *item = managed ? shown(c, managed) : json_object();
    struct json *items;
    bool matches = managed != NULL;
    const struct json *f;

    for (f = json_first(json_get(c->in, "Filters")); f; f = json_next(f))
        if (!apply_filter(c, item, json_get_text(f, "Key"), json_get(f, "Values"), &matches, err))
            return false;
    for (f = json_first(json_get(c->in, "InstanceInformationFilterList")); f; f = json_next(f))
        if (!apply_filter(c, item, json_get_text(f, "key"), json_get(f, "valueSet"), &matches, err))
            return false;
    items = json_array();
    if (matches)
        json_push(items, json_copy(item));
    return ssm_page(c, "InstanceInformationList", items, err);
}
