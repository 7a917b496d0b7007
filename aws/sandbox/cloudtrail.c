/* LookupEvents: facts 9.1. */
#include "aws/sandbox/core.h"

#include "aws/crypto/digest.h"
#include "aws/sandbox/trail.h"

#include <stdio.h>

enum { PAGE_LIMIT = 50, LOOKUPS_PER_SECOND = 2 };

static const char *const attribute_keys[] = {"EventId",      "EventName",    "ReadOnly",    "Username",
                                             "ResourceType", "ResourceName", "EventSource", "AccessKeyId"};

static bool refuse(struct error *err, const char *code, const char *text)
{
    error_aws(err, code, text);
    err->http_status = 400;
    return false;
}

/** Two in any second: the times of the last ones are kept in the world's
 * sandbox, since the limit is the account's. */
static bool take_turn(struct sandbox *s, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms(&s->options.clock);

    if (s->lookups_ms[0] && now_ms - s->lookups_ms[0] < 1000) {
        refuse(err, "ThrottlingException", "Rate exceeded");
        err->throttle = true;
        return false;
    }
    for (size_t i = 0; i + 1 < LOOKUPS_PER_SECOND; i++)
        s->lookups_ms[i] = s->lookups_ms[i + 1];
    s->lookups_ms[LOOKUPS_PER_SECOND - 1] = now_ms ? now_ms : 1;
    return true;
}

/** A token goes with the parameters it was given out for. */
static void make_token(const struct json *in, uint64_t before, char out[40])
{
    CLEANUP(json_freep) struct json *others = json_copy(in);
    CLEANUP(buf_release) struct buf text = {0};
    char digest[SHA256_HEX];

    json_remove(others, "NextToken");
    json_write_sorted(others, &text);
    sha256_hex(buf_str(&text), digest);
    (void)snprintf(out, 40, "%016llx%.16s", (unsigned long long)before, digest);
}

static bool read_token(const struct json *in, uint64_t *before, struct error *err)
{
    const char *token = json_get_text(in, "NextToken");
    unsigned long long number = 0;
    char again[40];

    *before = 0;
    if (!*token)
        return true;
    if (strlen(token) == 32 && sscanf(token, "%16llx", &number) == 1) {
        make_token(in, number, again);
        *before = number;
        if (number && strcmp(again, token) == 0)
            return true;
    }
    return refuse(err, "InvalidNextTokenException", "Invalid token or token was previously used.");
}

static bool read_attribute(const struct json *in, struct trail_query *q, struct error *err)
{
    const struct json *list = json_get(in, "LookupAttributes"), *one = json_at(list, 0);

    if (json_count(list) > 1)
        return refuse(err, "InvalidLookupAttributesException",
                      "Multiple lookup attributes are currently not supported. Please specify only one "
                      "lookup attribute.");
    if (!one)
        return true;
    q->value = json_get_text(one, "AttributeValue");
    for (size_t i = 0; i < ARRAY_LEN(attribute_keys); i++)
        if (strcmp(json_get_text(one, "AttributeKey"), attribute_keys[i]) == 0)
            q->attribute = attribute_keys[i];
    if (!q->attribute || !*q->value || strlen(q->value) > 2000)
        return refuse(err, "InvalidLookupAttributesException", "The lookup attribute is not valid.");
    return true;
}

static bool lookup_events(struct call *c, struct error *err)
{
    struct sandbox *s = c->sandbox;
    int64_t limit = json_int(json_get(c->in, "MaxResults"), PAGE_LIMIT);
    struct trail_query q = {.from_s = json_int(json_get(c->in, "StartTime"), 0),
                            .to_s = json_int(json_get(c->in, "EndTime"), 0),
                            .visible_ms = c->now_ms - s->options.trail_delay_ms,
                            .limit = (size_t)limit};
    struct json *events;
    uint64_t next;
    char token[40];

    if (!take_turn(s, err))
        return false;
    if (limit < 1 || limit > PAGE_LIMIT)
        return refuse(err, "InvalidMaxResultsException",
                      "The value for maxResults must be between 1 and 50.");
    if (json_get(c->in, "EventCategory") && strcmp(json_get_text(c->in, "EventCategory"), "insight") != 0)
        return refuse(err, "InvalidEventCategoryException", "The event category is not valid.");
    if (q.to_s && q.from_s > q.to_s)
        return refuse(err, "InvalidTimeRangeException", "The start time must be before the end time.");
    if (!read_attribute(c->in, &q, err) || !read_token(c->in, &q.before, err))
        return false;
    c->out = json_object();
    events = json_put(c->out, "Events", json_array());
    /* Insights are not made here; the history of management events is. */
    if (*json_get_text(c->in, "EventCategory"))
        return true;
    next = trail_lookup(s->trail, s, &q, events);
    if (next) {
        make_token(c->in, next, token);
        json_put_text(c->out, "NextToken", token);
    }
    return true;
}

static const struct handler rows[] = {
    {.operation = "LookupEvents", .handle = lookup_events},
};

const struct handler_table cloudtrail_handlers = {"cloudtrail", rows, ARRAY_LEN(rows)};
