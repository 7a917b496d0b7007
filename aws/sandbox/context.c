#include "aws/sandbox/context.h"

#include "aws/sandbox/core.h"

#include <stdio.h>

static const char *const principal_types[] = {
    [PRINCIPAL_USER] = "User",
    [PRINCIPAL_ROOT] = "Account",
    [PRINCIPAL_SESSION] = "AssumedRole",
    [PRINCIPAL_SERVICE] = "Service",
};

void context_add_tags(struct json *context, const char *prefix, const struct json *tags)
{
    for (const struct json *e = json_first(tags); e; e = json_next(e)) {
        const char *key = json_is_array(tags) ? json_get_text(e, "Key") : json_key(e);
        const struct json *value = json_is_array(tags) ? json_get(e, "Value") : e;
        char name[400];

        (void)snprintf(name, sizeof name, "%s/%s", prefix, key);
        json_put_text(context, name, json_text(value));
    }
}

static void add_keys(struct json *keys, const struct json *tags)
{
    for (const struct json *e = json_first(tags); e; e = json_next(e)) {
        const char *key = json_is_string(e) && json_is_array(tags) ? json_text(e)
                          : json_is_array(tags)                    ? json_get_text(e, "Key")
                                                                   : json_key(e);
        json_push(keys, json_text_new(key));
    }
}

/** aws:RequestTag/… and aws:TagKeys, wherever the service has its tags. */
static void add_request_tags(const struct call *c)
{
    const struct json *tags = json_get(c->in, "Tags"), *untag = json_get(c->in, "TagKeys");
    const struct json *specifications = json_get(c->in, "TagSpecifications");
    struct json *keys;

    if (!tags && !untag && !specifications)
        return;
    keys = json_array();
    context_add_tags(c->context, "aws:RequestTag", tags);
    add_keys(keys, tags);
    add_keys(keys, untag);
    for (const struct json *e = json_first(specifications); e; e = json_next(e)) {
        context_add_tags(c->context, "aws:RequestTag", json_get(e, "Tags"));
        add_keys(keys, json_get(e, "Tags"));
    }
    json_put(c->context, "aws:TagKeys", keys);
}

static void add_session(const struct call *c)
{
    const struct json *session = c->principal.session;
    const char *instance = json_get_text(session, "instance_id");
    char text[2100];

    clock_format_iso(json_int(json_get(session, "created_s"), 0), text);
    json_put_text(c->context, "aws:TokenIssueTime", text);
    json_put_text(c->context, "aws:MultiFactorAuthPresent", "false");
    if (*instance) {
        sandbox_arn(c->sandbox, text, "ec2", sandbox_region(c->sandbox), "instance/%s", instance);
        json_put_text(c->context, "ec2:SourceInstanceARN", text);
    }
}

static void add_principal(const struct call *c)
{
    const struct principal *p = &c->principal;
    const struct json *entity = NULL;

    if (p->type == PRINCIPAL_USER) {
        entity = world_get(c->world, "iam.user", p->name);
        json_put_text(c->context, "aws:username", p->name);
    } else if (p->type == PRINCIPAL_SESSION) {
        entity = world_get(c->world, "iam.role", p->role_name);
    }
    json_put_text(c->context, "aws:PrincipalArn",
                  p->type == PRINCIPAL_SESSION && entity ? json_get_text(entity, "Arn") : p->arn);
    json_put_text(c->context, "aws:PrincipalAccount", sandbox_account(c->sandbox));
    json_put_text(c->context, "aws:PrincipalType", principal_types[p->type]);
    json_put_text(c->context, "aws:userid", p->user_id);
    context_add_tags(c->context, "aws:PrincipalTag", json_get(entity, "Tags"));
    /* Session tags beat those of the role. */
    context_add_tags(c->context, "aws:PrincipalTag", json_get(p->session, "Tags"));
    if (p->session)
        add_session(c);
}

void context_fill(struct call *c)
{
    char text[32];
    int64_t now_s = c->now_ms / 1000;

    if (!c->context)
        c->context = json_object();
    add_principal(c);
    if (*c->source_ip)
        json_put_text(c->context, "aws:SourceIp", c->source_ip);
    json_put_text(c->context, "aws:SecureTransport", "false");
    clock_format_iso(now_s, text);
    json_put_text(c->context, "aws:CurrentTime", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)now_s);
    json_put_text(c->context, "aws:EpochTime", text);
    if (*c->user_agent)
        json_put_text(c->context, "aws:UserAgent", c->user_agent);
    json_put_text(c->context, "aws:RequestedRegion",
                  c->service->global ? "us-east-1" : sandbox_region(c->sandbox));
    if (!json_get(c->context, "aws:ViaAWSService"))
        json_put_text(c->context, "aws:ViaAWSService", "false");
    if (!json_get(c->context, "aws:ResourceAccount"))
        json_put_text(c->context, "aws:ResourceAccount", sandbox_account(c->sandbox));
    add_request_tags(c);
}
