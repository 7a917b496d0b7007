#include "aws/sandbox/trail.h"

#include "aws/common/mem.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/trail_event.h"

#include <stdio.h>

enum { PARAMETERS_LIMIT_BYTES = 8192 };

/* Which parameters name a resource. */
static const struct {
    const char *member, *type;
} resource_members[] = {
    {"SecretId", "AWS::SecretsManager::Secret"},
    {"RoleName", "AWS::IAM::Role"},
    {"RoleArn", "AWS::IAM::Role"},
    {"PolicyArn", "AWS::IAM::Policy"},
    {"PolicyName", "AWS::IAM::Policy"},
    {"InstanceProfileName", "AWS::IAM::InstanceProfile"},
    {"UserName", "AWS::IAM::User"},
    {"GroupName", "AWS::IAM::Group"},
    {"StackName", "AWS::CloudFormation::Stack"},
    {"FunctionName", "AWS::Lambda::Function"},
    {"InstanceId", "AWS::EC2::Instance"},
    {"DBClusterIdentifier", "AWS::RDS::DBCluster"},
    {"DBInstanceIdentifier", "AWS::RDS::DBInstance"},
};

struct trail *trail_new(size_t limit_events, size_t limit_text_bytes)
{
    struct trail *t = mem_alloc(sizeof *t);

    t->ring = mem_array(limit_events, sizeof *t->ring);
    t->limit = limit_events;
    t->text_limit_bytes = limit_text_bytes;
    t->first = t->next = 1;
    t->fd = -1;
    trail_texts_init(&t->texts);
    return t;
}

void trail_free(struct trail *t)
{
    if (!t)
        return;
    trail_keep_end(t);
    trail_texts_release(&t->texts);
    mem_free(t->ring);
    mem_free(t);
}

size_t trail_count(const struct trail *t)
{
    return (size_t)(t->next - t->first);
}

struct event *trail_event_at(const struct trail *t, uint64_t sequence)
{
    return &t->ring[sequence % t->limit];
}

static void drop_oldest(struct trail *t)
{
    struct event *e = trail_event_at(t, t->first++);

    for (size_t i = 0; i < TEXT_COUNT; i++)
        trail_text_drop(&t->texts, e->texts[i]);
    *e = (struct event){0};
}

struct event *trail_event_begin(struct trail *t)
{
    struct event *e;

    if (trail_count(t) == t->limit)
        drop_oldest(t);
    e = trail_event_at(t, t->next);
    *e = (struct event){0};
    return e;
}

void trail_event_end(struct trail *t)
{
    t->next++;
    while (t->texts.bytes > t->text_limit_bytes && trail_count(t) > 1)
        drop_oldest(t);
}

static struct event *event_begin(struct trail *t, const struct random *random, int64_t now_ms)
{
    struct event *e = trail_event_begin(t);

    e->at_ms = now_ms;
    e->at_s = now_ms / 1000;
    random->fill(random->self, e->id, UUID_BYTES);
    return e;
}

static void event_end(struct trail *t)
{
    trail_keep_event(t, trail_event_at(t, t->next));
    trail_event_end(t);
}

static void set(struct trail *t, struct event *e, enum event_text which, struct str text)
{
    e->texts[which] = trail_text_hold(&t->texts, text);
}

/* --- showing parameters --- */

static void show_name(const char *name, bool lower_first, struct buf *out)
{
    char first = name[0];

    if (lower_first && first >= 'A' && first <= 'Z')
        first = (char)(first - 'A' + 'a');
    buf_addc(out, '"');
    buf_addc(out, first);
    buf_adds(out, name + 1);
    buf_adds(out, "\":");
}

static void show_structure(const struct json *j, const struct model_shape *shape, bool lower_first,
                           struct buf *out)
{
    const char *comma = "";

    buf_addc(out, '{');
    for (const struct json *e = json_first(j); e; e = json_next(e)) {
        const struct model_member *member = model_member(shape, json_key(e));

        if (!member || member->sensitive || member->shape->sensitive)
            continue;
        buf_adds(out, comma);
        show_name(json_key(e), lower_first, out);
        trail_show(e, member->shape, lower_first, out);
        comma = ",";
    }
    buf_addc(out, '}');
}

static void show_list(const struct json *j, const struct model_shape *element, bool lower_first,
                      struct buf *out)
{
    const char *comma = "";

    buf_addc(out, '[');
    for (const struct json *e = json_first(j); e; e = json_next(e)) {
        buf_adds(out, comma);
        trail_show(e, element, lower_first, out);
        comma = ",";
    }
    buf_addc(out, ']');
}

static void show_map(const struct json *j, const struct model_shape *value, bool lower_first, struct buf *out)
{
    const char *comma = "";

    buf_addc(out, '{');
    for (const struct json *e = json_first(j); e; e = json_next(e)) {
        buf_adds(out, comma);
        json_write_string(str_of(json_key(e)), out);
        buf_addc(out, ':');
        trail_show(e, value, lower_first, out);
        comma = ",";
    }
    buf_addc(out, '}');
}

void trail_show(const struct json *j, const struct model_shape *shape, bool lower_first, struct buf *out)
{
    if (!shape || shape->sensitive)
        buf_adds(out, "null");
    else if (shape->type == SHAPE_STRUCTURE && json_is_object(j))
        show_structure(j, shape, lower_first, out);
    else if (shape->type == SHAPE_LIST && json_is_array(j))
        show_list(j, shape->members[0].shape, lower_first, out);
    else if (shape->type == SHAPE_MAP && json_is_object(j))
        show_map(j, shape->members[1].shape, lower_first, out);
    else
        json_write(j, out);
}

/* --- recording --- */

static void add_member(struct buf *out, const char *name, const char *value)
{
    if (out->len && out->data[out->len - 1] != '{')
        buf_addc(out, ',');
    buf_printf(out, "\"%s\":", name);
    json_write_string(str_of(value), out);
}

static void add_session(const struct call *c, struct buf *out)
{
    const struct json *session = c->principal.session;
    const struct json *role = world_get(c->world, "iam.role", c->principal.role_name);
    char created[21];

    buf_adds(out, ",\"sessionContext\":{");
    if (*c->principal.role_name) {
        buf_adds(out, "\"sessionIssuer\":{");
        add_member(out, "type", "Role");
        add_member(out, "principalId", json_get_text(session, "RoleId"));
        add_member(out, "arn", json_get_text(role, "Arn"));
        add_member(out, "accountId", sandbox_account(c->sandbox));
        add_member(out, "userName", c->principal.role_name);
        buf_adds(out, "},");
    }
    clock_format_iso(json_int(json_get(session, "created_s"), 0), created);
    buf_adds(out, "\"attributes\":{");
    add_member(out, "creationDate", created);
    add_member(out, "mfaAuthenticated", "false");
    buf_addc(out, '}');
    if (strcmp(json_get_text(session, "source"), "ec2") == 0)
        add_member(out, "ec2RoleDelivery", "2.0");
    buf_addc(out, '}');
}

static void write_identity(const struct call *c, struct buf *out)
{
    static const char *const types[] = {[PRINCIPAL_USER] = "IAMUser",
                                        [PRINCIPAL_ROOT] = "Root",
                                        [PRINCIPAL_SESSION] = "AssumedRole",
                                        [PRINCIPAL_SERVICE] = "AWSService",
                                        [PRINCIPAL_UNKNOWN] = "Unknown"};
    const struct principal *p = &c->principal;

    buf_addc(out, '{');
    add_member(out, "type", types[p->type]);
    if (p->type == PRINCIPAL_UNKNOWN) {
        buf_addc(out, '}');
        return;
    }
    add_member(out, "principalId", p->user_id);
    add_member(out, "arn", p->arn);
    add_member(out, "accountId", sandbox_account(c->sandbox));
    add_member(out, "accessKeyId", p->access_key_id);
    if (p->type == PRINCIPAL_USER)
        add_member(out, "userName", p->name);
    if (p->session)
        add_session(c, out);
    buf_addc(out, '}');
}

static void write_request(const struct call *c, struct buf *out)
{
    if (c->trail_request)
        json_write(c->trail_request, out);
    else if (json_count(c->in))
        trail_show(c->in, c->op->input, true, out);
    if (out->len > PARAMETERS_LIMIT_BYTES) {
        size_t size = out->len;

        buf_reset(out);
        buf_printf(out, "{\"omitted\":true,\"originalSize\":%zu,\"reason\":\"requestParameters too large\"}",
                   size);
    }
}

static void write_resources(const struct call *c, struct buf *out)
{
    buf_addc(out, '[');
    for (size_t i = 0; i < ARRAY_LEN(resource_members); i++) {
        const char *name = json_get_text(c->in, resource_members[i].member);

        if (!*name)
            continue;
        buf_adds(out, out->len > 1 ? ",{" : "{");
        add_member(out, "ResourceType", resource_members[i].type);
        add_member(out, "ResourceName", name);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

/** The code as the trail spells it: facts 9.2. */
static void write_error_code(const struct call *c, const struct error *err, struct buf *out)
{
    const struct model_error *known = model_error_find(c->op, err->remote_code);

    if (c->service->protocol == AWS_EC2)
        buf_printf(out, "Client.%s", err->remote_code);
    else if (strcmp(err->remote_code, c->service->denied_code) == 0)
        buf_adds(out, "AccessDenied");
    else
        buf_adds(out, known && known->shape ? known->shape : err->remote_code);
}

static void parse_uuid(const char *text, unsigned char out[UUID_BYTES])
{
    size_t digits = 0;

    for (; *text && digits / 2 < UUID_BYTES; text++) {
        static const char hex[] = "0123456789abcdef";
        const char *digit = strchr(hex, *text);

        if (!digit)
            continue;
        out[digits / 2] = (unsigned char)(out[digits / 2] << 4 | (digit - hex));
        digits++;
    }
}

void trail_record(struct trail *t, const struct call *c, const struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct event *e = event_begin(t, sandbox_random(c->sandbox), c->now_ms);

    e->reads = c->op->reads;
    parse_uuid(c->request_id, e->request_id);
    set(t, e, TEXT_SOURCE, str_of(c->service->event_source));
    set(t, e, TEXT_NAME, str_of(c->op->name));
    set(t, e, TEXT_USERNAME, str_of(c->principal.name));
    set(t, e, TEXT_ACCESS_KEY, str_of(c->principal.access_key_id));
    set(t, e, TEXT_ADDRESS, str_of(c->source_ip));
    set(t, e, TEXT_AGENT, str_of(c->user_agent));
    write_identity(c, &text);
    set(t, e, TEXT_IDENTITY, buf_str(&text));
    buf_reset(&text);
    write_request(c, &text);
    set(t, e, TEXT_REQUEST, buf_str(&text));
    buf_reset(&text);
    write_resources(c, &text);
    set(t, e, TEXT_RESOURCES, buf_str(&text));
    if (c->trail_response && !err) {
        buf_reset(&text);
        json_write(c->trail_response, &text);
        set(t, e, TEXT_RESPONSE, buf_str(&text));
    }
    if (c->trail_extra) {
        buf_reset(&text);
        json_write(c->trail_extra, &text);
        set(t, e, TEXT_EXTRA, buf_str(&text));
    }
    if (err) {
        buf_reset(&text);
        write_error_code(c, err, &text);
        set(t, e, TEXT_ERROR_CODE, buf_str(&text));
        set(t, e, TEXT_ERROR_MESSAGE, error_text(err));
    }
    event_end(t);
}

void trail_service_event(struct sandbox *s, const char *event_source, const char *event_name,
                         struct json *additional_event_data)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct trail *t = s->trail;
    struct event *e = event_begin(t, &s->random, sandbox_now_ms(s));

    e->of_service = true;
    set(t, e, TEXT_SOURCE, str_of(event_source));
    set(t, e, TEXT_NAME, str_of(event_name));
    set(t, e, TEXT_ADDRESS, str_of(event_source));
    set(t, e, TEXT_AGENT, str_of(event_source));
    buf_addc(&text, '{');
    add_member(&text, "type", "AWSService");
    add_member(&text, "accountId", s->account);
    add_member(&text, "invokedBy", event_source);
    buf_addc(&text, '}');
    set(t, e, TEXT_IDENTITY, buf_str(&text));
    if (additional_event_data) {
        buf_reset(&text);
        json_write(additional_event_data, &text);
        set(t, e, TEXT_EXTRA, buf_str(&text));
        json_free(additional_event_data);
    }
    event_end(t);
}

/* --- looking up --- */

static const char *text_of(const struct event *e, enum event_text which)
{
    return trail_text_get(e->texts[which]);
}

/** A random UUID's text, version 4. */
static void format_uuid(const unsigned char bytes[UUID_BYTES], bool make_version, char out[37])
{
    unsigned char b[UUID_BYTES];
    size_t at = 0;

    memcpy(b, bytes, UUID_BYTES);
    if (make_version) {
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    }
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        (void)snprintf(out + at, 3, "%02x", b[i]);
        at += 2;
    }
}

static bool names_resource(const struct event *e, const char *member, const char *value)
{
    CLEANUP(json_freep) struct json *list = NULL;
    struct error ignored;

    if (!json_parse(str_of(text_of(e, TEXT_RESOURCES)), NULL, &list, &ignored))
        return false;
    for (const struct json *r = json_first(list); r; r = json_next(r))
        if (strcmp(json_get_text(r, member), value) == 0)
            return true;
    return false;
}

static bool matches(const struct event *e, const struct trail_query *q)
{
    static const struct {
        const char *attribute;
        enum event_text text;
    } direct[] = {
        {"EventName", TEXT_NAME},
        {"EventSource", TEXT_SOURCE},
        {"Username", TEXT_USERNAME},
        {"AccessKeyId", TEXT_ACCESS_KEY},
    };
    char id[37];

    if (e->at_ms > q->visible_ms || e->at_s < q->from_s || (q->to_s && e->at_s > q->to_s))
        return false;
    if (!q->attribute)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(direct); i++)
        if (strcmp(q->attribute, direct[i].attribute) == 0)
            return strcmp(text_of(e, direct[i].text), q->value) == 0;
    if (strcmp(q->attribute, "ReadOnly") == 0)
        return strcmp(e->reads ? "true" : "false", q->value) == 0;
    if (strcmp(q->attribute, "EventId") == 0) {
        format_uuid(e->id, true, id);
        return strcmp(id, q->value) == 0;
    }
    return names_resource(e, q->attribute, q->value);
}

static void add_raw(struct buf *out, const char *name, const char *json)
{
    buf_printf(out, ",\"%s\":%s", name, *json ? json : "null");
}

/* The service a record is of; NULL for a source that takes no calls. */
static const struct aws_service *source_service(const char *event_source)
{
    for (size_t i = 0; aws_services[i]; i++) {
        if (strcmp(aws_services[i]->event_source, event_source) == 0)
            return aws_services[i];
    }
    return NULL;
}

/* As AWS writes it, where nothing is served without TLS. */
static void add_tls(struct buf *out, const struct aws_service *service, const struct sandbox *s)
{
    const char *region = s->options.region;
    const char *suffix = str_starts(str_of(region), STR("cn-")) ? "amazonaws.com.cn" : "amazonaws.com";
    CLEANUP(buf_release) struct buf host = {0};

    buf_printf(&host, "%s.", service->endpoint_prefix);
    if (!service->global)
        buf_printf(&host, "%s.", region);
    buf_adds(&host, suffix);
    buf_adds(out, ",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\"");
    add_member(out, "clientProvidedHostHeader", buf_text(&host));
    buf_addc(out, '}');
}

/** The record of facts 9.2. */
static void write_record(const struct event *e, const struct sandbox *s, struct buf *out)
{
    const struct aws_service *service = source_service(text_of(e, TEXT_SOURCE));
    char at[21], id[37], request_id[37];

    clock_format_iso(e->at_s, at);
    format_uuid(e->id, true, id);
    format_uuid(e->request_id, false, request_id);
    buf_addc(out, '{');
    add_member(out, "eventVersion", "1.11");
    add_raw(out, "userIdentity", text_of(e, TEXT_IDENTITY));
    add_member(out, "eventTime", at);
    add_member(out, "eventSource", text_of(e, TEXT_SOURCE));
    add_member(out, "eventName", text_of(e, TEXT_NAME));
    add_member(out, "awsRegion", service && service->global ? "us-east-1" : s->options.region);
    add_member(out, "sourceIPAddress", text_of(e, TEXT_ADDRESS));
    add_member(out, "userAgent", text_of(e, TEXT_AGENT));
    if (*text_of(e, TEXT_ERROR_CODE)) {
        add_member(out, "errorCode", text_of(e, TEXT_ERROR_CODE));
        add_member(out, "errorMessage", text_of(e, TEXT_ERROR_MESSAGE));
    }
    add_raw(out, "requestParameters", text_of(e, TEXT_REQUEST));
    add_raw(out, "responseElements", text_of(e, TEXT_RESPONSE));
    if (*text_of(e, TEXT_EXTRA))
        add_raw(out, "additionalEventData", text_of(e, TEXT_EXTRA));
    if (!e->of_service)
        add_member(out, "requestID", request_id);
    add_member(out, "eventID", id);
    add_raw(out, "readOnly", e->reads ? "true" : "false");
    add_member(out, "eventType", e->of_service ? "AwsServiceEvent" : "AwsApiCall");
    add_raw(out, "managementEvent", "true");
    add_member(out, "recipientAccountId", s->account);
    add_member(out, "eventCategory", "Management");
    if (service && !e->of_service)
        add_tls(out, service, s);
    buf_addc(out, '}');
}

static struct json *event_item(const struct event *e, const struct sandbox *s)
{
    CLEANUP(buf_release) struct buf record = {0};
    struct json *item = json_object(), *resources = NULL;
    struct error ignored;
    char id[37];

    format_uuid(e->id, true, id);
    json_put_text(item, "EventId", id);
    json_put_text(item, "EventName", text_of(e, TEXT_NAME));
    json_put_text(item, "ReadOnly", e->reads ? "true" : "false");
    if (*text_of(e, TEXT_ACCESS_KEY))
        json_put_text(item, "AccessKeyId", text_of(e, TEXT_ACCESS_KEY));
    json_put_int(item, "EventTime", e->at_s);
    json_put_text(item, "EventSource", text_of(e, TEXT_SOURCE));
    if (*text_of(e, TEXT_USERNAME))
        json_put_text(item, "Username", text_of(e, TEXT_USERNAME));
    if (*text_of(e, TEXT_RESOURCES) &&
        json_parse(str_of(text_of(e, TEXT_RESOURCES)), NULL, &resources, &ignored))
        json_put(item, "Resources", resources);
    else
        json_put(item, "Resources", json_array());
    write_record(e, s, &record);
    json_put_str(item, "CloudTrailEvent", buf_str(&record));
    return item;
}

uint64_t trail_lookup(const struct trail *t, const struct sandbox *s, const struct trail_query *query,
                      struct json *events)
{
    uint64_t before = query->before && query->before < t->next ? query->before : t->next;

    for (uint64_t at = before; at > t->first; at--) {
        const struct event *e = trail_event_at(t, at - 1);

        if (!matches(e, query))
            continue;
        if (json_count(events) == query->limit)
            return at;
        json_push(events, event_item(e, s));
    }
    return 0;
}
