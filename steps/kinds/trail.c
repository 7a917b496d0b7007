#include "steps/kinds/trail.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"

#include <string.h>

#define EVENTS_MAX 1000

/* SECRET as the caller wrote it: name, ARN, or ARN without its suffix. */
static bool concerns(const struct json *record, const char *name, const char *arn)
{
    const char *id = json_text(json_path(record, "requestParameters.secretId"));
    size_t n = strlen(id);

    if (strcmp(id, name) == 0 || (*arn && strcmp(id, arn) == 0))
        return true;
    /* "-AbCdEf" at the end of the ARN may be missing. */
    return *arn && n > 7 && strncmp(arn, id, n) == 0 && strlen(arn) == n + 7;
}

/* A denied call may carry no request parameters: its sentence names what was
 * asked for. */
static bool denial_concerns(const struct json *record, const char *name, const char *arn)
{
    const char *message = json_get_text(record, "errorMessage");

    return *message && (strstr(message, name) || (*arn && strstr(message, arn)));
}

/* Who it was, by the shapes of facts 9.2. */
static const char *classify(const struct json *record, const struct trail_people *people)
{
    const struct json *who = json_get(record, "userIdentity");
    const char *arn = json_get_text(who, "arn");
    const char *session = strrchr(arn, '/');

    session = session ? session + 1 : "";
    if (people->caller_arn && *arn && strcmp(arn, people->caller_arn) == 0)
        return "you";
    if (strcmp(json_get_text(who, "type"), "AssumedRole") == 0) {
        /* On EC2 the session is named after the instance. */
        if (strncmp(session, "i-", 2) == 0)
            return "instance";
        if (people->function && strcmp(session, people->function) == 0)
            return "function";
        if (strstr(json_get_text(record, "userAgent"), "AWS_Lambda"))
            return "function";
    }
    return "other";
}

static struct json *read_event(const struct json *event, const struct json *record,
                               const struct trail_people *people)
{
    struct json *out = json_object();
    const char *code = json_get_text(record, "errorCode");

    json_put_int(out, "time", json_int(json_get(event, "EventTime"), 0));
    json_put_text(out, "who", classify(record, people));
    json_put_text(out, "name", json_get_text(event, "Username"));
    json_put_text(out, "arn", json_text(json_path(record, "userIdentity.arn")));
    json_put_text(out, "result",
                  !*code                                   ? "allowed"
                  : strncmp(code, "AccessDenied", 12) == 0 ? "denied"
                                                           : "failed");
    json_put_text(out, "error", code);
    json_put_text(out, "source_ip", json_get_text(record, "sourceIPAddress"));
    json_put_text(out, "event_id", json_get_text(event, "EventId"));
    return out;
}

struct json *trail_request(const struct trail_question *q, const char *token)
{
    struct json *in = json_object();

    /* At most one attribute may be given; the secret is matched here. */
    json_push(json_put(in, "LookupAttributes", json_array()),
              json_of("AttributeKey", "EventName", "AttributeValue", q->event_name, NULL));
    if (*token)
        json_put_text(in, "NextToken", token);
    return in;
}

const char *trail_add_page(const struct trail_question *q, const struct json *reply, struct json *events)
{
    const struct json *list = json_get(reply, "Events");

    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        CLEANUP(json_freep) struct json *record = NULL;
        struct error ignored;
        if (!json_parse(json_str(json_get(e, "CloudTrailEvent")), NULL, &record, &ignored))
            continue;
        if (concerns(record, q->secret_name, q->secret_arn) ||
            denial_concerns(record, q->secret_name, q->secret_arn))
            json_push(events, read_event(e, record, &q->people));
    }
    /* A page may be short or empty and still have a next one. */
    return json_count(events) < EVENTS_MAX ? json_get_text(reply, "NextToken") : "";
}
