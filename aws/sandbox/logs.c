/* CloudWatch Logs: groups, streams and events, as far as functions write them
 * and people look at them. A group's member `streams` is {name: {logStreamName,
 * arn, creationTime, …, events[{timestamp, ingestionTime, message}]}}. */
#include "aws/sandbox/logs.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUP_KIND "logs.group"
#define PAGE_GROUPS 50
#define PAGE_EVENTS 10000
/* Kept per stream; older events fall out, so that a busy function's log ends. */
#define STREAM_MAX_EVENTS 2000

static struct json *group_new(struct sandbox *s, const char *name, int64_t now_ms)
{
    struct json *group = json_of("logGroupName", name, NULL);
    char arn[2100];

    sandbox_arn(s, arn, "logs", sandbox_region(s), "log-group:%s:*", name);
    json_put_text(group, "arn", arn);
    json_put_int(group, "creationTime", now_ms);
    json_put_int(group, "metricFilterCount", 0);
    json_put_int(group, "storedBytes", 0);
    json_put_text(group, "logGroupClass", "STANDARD");
    json_put(group, "streams", json_object());
    return world_put(sandbox_world(s), GROUP_KIND, name, group);
}

static struct json *stream_new(struct sandbox *s, struct json *group, const char *name, int64_t now_ms)
{
    struct json *stream = json_of("logStreamName", name, NULL);
    char arn[2100], token[57];

    sandbox_arn(s, arn, "logs", sandbox_region(s), "log-group:%s:log-stream:%s",
                json_get_text(group, "logGroupName"), name);
    random_text(sandbox_random(s), "0123456789", token, 56);
    json_put_text(stream, "arn", arn);
    json_put_int(stream, "creationTime", now_ms);
    json_put_text(stream, "uploadSequenceToken", token);
    json_put_int(stream, "storedBytes", 0);
    json_put(stream, "events", json_array());
    return json_put(json_edit(group, "streams"), name, stream);
}

static void stream_add(struct json *stream, int64_t timestamp_ms, int64_t now_ms, struct str message)
{
    struct json *events = json_edit(stream, "events"), *event = json_object();

    if (json_count(events) >= STREAM_MAX_EVENTS)
        json_free(json_detach_at(events, 0));
    json_put_int(event, "timestamp", timestamp_ms);
    json_put_str(event, "message", message);
    json_put_int(event, "ingestionTime", now_ms);
    json_push(events, event);
    if (!json_get(stream, "firstEventTimestamp"))
        json_put_int(stream, "firstEventTimestamp", timestamp_ms);
    json_put_int(stream, "lastEventTimestamp", timestamp_ms);
    json_put_int(stream, "lastIngestionTime", now_ms);
}

void logs_append(struct sandbox *s, const char *group_name, const char *stream_name, int64_t timestamp_ms,
                 struct str message)
{
    int64_t now_ms = sandbox_now_ms(s);
    struct json *group = world_edit(sandbox_world(s), GROUP_KIND, group_name), *stream;

    if (!group)
        group = group_new(s, group_name, now_ms);
    stream = json_edit(json_edit(group, "streams"), stream_name);
    if (!stream)
        stream = stream_new(s, group, stream_name, now_ms);
    stream_add(stream, timestamp_ms, now_ms, message);
}

/* --- finding --- */

/* By name or by ARN. */
static const struct json *group_named(struct call *c, struct str id)
{
    static const char marker[] = "log-group:";
    CLEANUP(mem_freep) char *name = NULL;

    for (size_t i = 0; str_starts(id, STR("arn:")) && i + sizeof(marker) - 1 <= id.len; i++) {
        if (memcmp(id.data + i, marker, sizeof(marker) - 1) == 0) {
            id = str_slice(id, i + sizeof(marker) - 1, id.len);
            id = str_slice(id, 0, str_find_char(id, ':'));
        }
    }
    name = mem_copy(id);
    return world_get(c->world, GROUP_KIND, name);
}

static const struct json *group_get(struct call *c, struct error *err)
{
    const struct json *name = json_get(c->in, "logGroupName");
    const struct json *group = group_named(c, json_str(name ? name : json_get(c->in, "logGroupIdentifier")));

    if (!group)
        error_aws(err, "ResourceNotFoundException", "The specified log group does not exist.");
    return group;
}

static struct json *group_edit(struct call *c, struct error *err)
{
    const struct json *group = group_get(c, err);

    return group ? world_edit(c->world, GROUP_KIND, json_get_text(group, "logGroupName")) : NULL;
}

static const struct json *stream_get(struct call *c, const struct json *group, struct error *err)
{
    const struct json *stream = json_get(json_get(group, "streams"), json_get_text(c->in, "logStreamName"));

    if (!stream)
        error_aws(err, "ResourceNotFoundException", "The specified log stream does not exist.");
    return stream;
}

/* --- groups and streams --- */

static bool create_group(struct call *c, struct error *err)
{
    const char *name = json_get_text(c->in, "logGroupName");

    if (world_get(c->world, GROUP_KIND, name))
        return error_aws(err, "ResourceAlreadyExistsException", "The specified log group already exists");
    struct json *group = group_new(c->sandbox, name, c->now_ms);
    if (json_count(json_get(c->in, "tags")) > 0)
        json_put(group, "tags", json_copy(json_get(c->in, "tags")));
    return true;
}

static bool delete_group(struct call *c, struct error *err)
{
    const struct json *group = group_get(c, err);

    if (!group)
        return false;
    CLEANUP(mem_freep) char *name = mem_dup(json_get_text(group, "logGroupName"));
    world_remove(c->world, GROUP_KIND, name);
    return true;
}

static bool create_stream(struct call *c, struct error *err)
{
    const char *name = json_get_text(c->in, "logStreamName");
    struct json *group = group_edit(c, err);

    if (!group)
        return false;
    if (json_get(json_get(group, "streams"), name))
        return error_aws(err, "ResourceAlreadyExistsException", "The specified log stream already exists");
    stream_new(c->sandbox, group, name, c->now_ms);
    return true;
}

static const int retention_days[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                     365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

static bool put_retention(struct call *c, struct error *err)
{
    int64_t days = json_int(json_get(c->in, "retentionInDays"), 0);
    struct json *group = group_edit(c, err);

    if (!group)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(retention_days); i++) {
        if (retention_days[i] == days) {
            json_put_int(group, "retentionInDays", days);
            return true;
        }
    }
    return error_aws(err, "InvalidParameterException",
                     "The specified retentionInDays isn't a value allowed.");
}

static struct json *without(const struct json *j, const char *member)
{
    struct json *out = json_copy(j);

    json_remove(out, member);
    return out;
}

static bool describe_groups(struct call *c, struct error *err)
{
    struct str prefix = json_str(json_get(c->in, "logGroupNamePrefix"));
    struct str pattern = json_str(json_get(c->in, "logGroupNamePattern"));
    struct str token = json_str(json_get(c->in, "nextToken"));
    size_t limit = (size_t)json_int(json_get(c->in, "limit"), PAGE_GROUPS);
    const struct json *group;
    const char *key, *last = "";

    (void)err;
    c->out = json_object();
    struct json *list = json_put(c->out, "logGroups", json_array());
    for (size_t i = 0; (group = world_at(c->world, GROUP_KIND, i, &key)); i++) {
        struct str name = str_of(key);

        if (!str_starts(name, prefix) || !str_contains(name, pattern) ||
            (token.len > 0 && str_compare(name, token) <= 0))
            continue;
        if (json_count(list) == limit) {
            json_put_text(c->out, "nextToken", last);
            break;
        }
        struct json *entry = json_push(list, without(group, "streams"));
        CLEANUP(mem_freep) char *arn = mem_dup(json_get_text(group, "arn"));
        arn[strlen(arn) - 2] = '\0'; /* the newer member has no ":*" */
        json_put_text(entry, "logGroupArn", arn);
        json_remove(entry, "tags");
        last = key;
    }
    return true;
}

static bool describe_streams(struct call *c, struct error *err)
{
    struct str prefix = json_str(json_get(c->in, "logStreamNamePrefix"));
    size_t limit = (size_t)json_int(json_get(c->in, "limit"), PAGE_GROUPS), index = 0;
    struct str token = json_str(json_get(c->in, "nextToken"));
    const struct json *group = group_get(c, err), *stream;
    uint64_t start = 0;

    if (!group)
        return false;
    if (token.len > 0 && !str_to_u64(token, &start))
        return error_aws(err, "InvalidParameterException", "The specified nextToken is invalid.");
    c->out = json_object();
    struct json *list = json_put(c->out, "logStreams", json_array());
    for (stream = json_first(json_get(group, "streams")); stream; stream = json_next(stream)) {
        if (!str_starts(str_of(json_key(stream)), prefix) || index++ < start)
            continue;
        if (json_count(list) == limit) {
            CLEANUP(mem_freep) char *next = mem_printf("%zu", index - 1);

            json_put_text(c->out, "nextToken", next);
            break;
        }
        json_push(list, without(stream, "events"));
    }
    return true;
}

static struct json *group_of_arn(struct call *c, struct error *err)
{
    const struct json *group = group_named(c, json_str(json_get(c->in, "resourceArn")));

    if (!group)
        error_aws(err, "ResourceNotFoundException", "The specified resource does not exist.");
    return group ? world_edit(c->world, GROUP_KIND, json_get_text(group, "logGroupName")) : NULL;
}

static bool list_tags(struct call *c, struct error *err)
{
    const struct json *group = group_of_arn(c, err), *tags = json_get(group, "tags");

    if (!group)
        return false;
    c->out = json_object();
    json_put(c->out, "tags", tags ? json_copy(tags) : json_object());
    return true;
}

static bool tag_group(struct call *c, struct error *err)
{
    struct json *group = group_of_arn(c, err);
    const struct json *e;

    if (!group)
        return false;
    if (!json_get(group, "tags"))
        json_put(group, "tags", json_object());
    for (e = json_first(json_get(c->in, "tags")); e; e = json_next(e))
        json_put(json_edit(group, "tags"), json_key(e), json_copy(e));
    return true;
}

/* --- events --- */

static bool put_events(struct call *c, struct error *err)
{
    struct json *group = group_edit(c, err);
    const struct json *found = group ? stream_get(c, group, err) : NULL, *e;

    if (!found)
        return false;
    struct json *stream = json_edit(json_edit(group, "streams"), json_get_text(found, "logStreamName"));
    for (e = json_first(json_get(c->in, "logEvents")); e; e = json_next(e))
        stream_add(stream, json_int(json_get(e, "timestamp"), 0), c->now_ms,
                   json_str(json_get(e, "message")));
    c->out = json_of("nextSequenceToken", json_get_text(stream, "uploadSequenceToken"), NULL);
    return true;
}

static bool in_time(const struct json *event, const struct json *in, bool end_included)
{
    int64_t at = json_int(json_get(event, "timestamp"), 0);
    int64_t end = json_int(json_get(in, "endTime"), INT64_MAX);

    return at >= json_int(json_get(in, "startTime"), 0) && (at < end || (end_included && at == end));
}

/* Plain words and "quoted phrases", all of which have to occur; `-word` must
 * not, `?word` are alternatives. */
static bool pattern_matches(struct str pattern, struct str message)
{
    struct str rest = str_trim(pattern);
    bool any = false, any_wanted = false;

    while (rest.len > 0) {
        char sign = rest.data[0] == '-' || rest.data[0] == '?' ? rest.data[0] : '+';
        struct str term;

        rest = str_slice(rest, sign != '+', rest.len);
        bool quoted = rest.len > 0 && rest.data[0] == '"';
        rest = str_slice(rest, quoted, rest.len);
        size_t end = str_find_char(rest, quoted ? '"' : ' ');
        term = str_slice(rest, 0, end);
        rest = str_trim(str_slice(rest, end + 1, rest.len));
        bool found = str_contains(message, term);
        if ((sign == '+' && !found) || (sign == '-' && found))
            return false;
        any_wanted |= sign == '?';
        any |= sign == '?' && found;
    }
    return any || !any_wanted;
}

static bool stream_wanted(const struct json *in, const char *name)
{
    const struct json *names = json_get(in, "logStreamNames"), *e;

    for (e = json_first(names); e; e = json_next(e)) {
        if (strcmp(json_text(e), name) == 0)
            return true;
    }
    return !names && str_starts(str_of(name), json_str(json_get(in, "logStreamNamePrefix")));
}

struct hit {
    const struct json *event;
    const char *stream;
    size_t index;
};

static int hit_compare(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    int64_t tx = json_int(json_get(x->event, "timestamp"), 0),
            ty = json_int(json_get(y->event, "timestamp"), 0);

    if (tx != ty)
        return tx < ty ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static size_t collect_hits(const struct json *group, const struct json *in, struct hit **hits)
{
    struct str pattern = json_str(json_get(in, "filterPattern"));
    const struct json *stream, *e;
    size_t count = 0, cap = 0;

    for (stream = json_first(json_get(group, "streams")); stream; stream = json_next(stream)) {
        if (!stream_wanted(in, json_key(stream)))
            continue;
        for (e = json_first(json_get(stream, "events")); e; e = json_next(e)) {
            if (!in_time(e, in, true) || !pattern_matches(pattern, json_str(json_get(e, "message"))))
                continue;
            mem_grow(hits, &cap, count, sizeof(**hits));
            (*hits)[count] = (struct hit){e, json_key(stream), count};
            count++;
        }
    }
    if (count > 1)
        qsort(*hits, count, sizeof(**hits), hit_compare);
    return count;
}

static bool filter_events(struct call *c, struct error *err)
{
    size_t limit = (size_t)json_int(json_get(c->in, "limit"), PAGE_EVENTS);
    struct str token = json_str(json_get(c->in, "nextToken"));
    const struct json *group = group_get(c, err);
    CLEANUP(mem_freep) struct hit *hits = NULL;
    uint64_t start = 0;
    size_t count;

    if (!group)
        return false;
    if (token.len > 0 && !str_to_u64(token, &start))
        return error_aws(err, "InvalidParameterException", "The specified nextToken is invalid.");
    count = collect_hits(group, c->in, &hits);
    c->out = json_object();
    struct json *list = json_put(c->out, "events", json_array());
    for (size_t i = (size_t)start; i < count; i++) {
        if (json_count(list) == limit) {
            CLEANUP(mem_freep) char *next = mem_printf("%zu", i);

            json_put_text(c->out, "nextToken", next);
            break;
        }
        struct json *event = json_push(list, json_copy(hits[i].event));
        CLEANUP(mem_freep)
        char *id = mem_printf("%020lld%036zu", (long long)json_int(json_get(event, "timestamp"), 0), i);
        json_put_text(event, "logStreamName", hits[i].stream);
        json_put_text(event, "eventId", id);
    }
    json_put(c->out, "searchedLogStreams", json_array());
    return true;
}

/* Tokens "f/N" and "b/N" as AWS: a reader that reached an end gets the token it
 * sent back. Without a token the newest page comes, unless startFromHead. */
static bool get_events(struct call *c, struct error *err)
{
    size_t limit = (size_t)json_int(json_get(c->in, "limit"), PAGE_EVENTS), count = 0, from, to;
    struct str token = json_str(json_get(c->in, "nextToken"));
    const struct json *group = group_get(c, err), *stream = group ? stream_get(c, group, err) : NULL, *e;
    uint64_t at = 0;
    size_t index = 0;

    if (!stream)
        return false;
    if (token.len > 0 && ((!str_starts(token, STR("f/")) && !str_starts(token, STR("b/"))) ||
                          !str_to_u64(str_slice(token, 2, token.len), &at)))
        return error_aws(err, "InvalidParameterException", "The specified nextToken is invalid.");
    for (e = json_first(json_get(stream, "events")); e; e = json_next(e))
        count += in_time(e, c->in, false);
    if (at > count)
        at = count;
    if (token.len > 0 ? token.data[0] == 'f' : json_bool(json_get(c->in, "startFromHead"), false)) {
        from = (size_t)at;
        to = count - from > limit ? from + limit : count;
    } else {
        to = token.len > 0 ? (size_t)at : count;
        from = to > limit ? to - limit : 0;
    }
    c->out = json_object();
    struct json *list = json_put(c->out, "events", json_array());
    for (e = json_first(json_get(stream, "events")); e; e = json_next(e)) {
        if (!in_time(e, c->in, false))
            continue;
        if (index >= from && index < to)
            json_push(list, json_copy(e));
        index++;
    }
    CLEANUP(mem_freep) char *forward = mem_printf("f/%zu", to);
    CLEANUP(mem_freep) char *backward = mem_printf("b/%zu", from);
    json_put_text(c->out, "nextForwardToken", forward);
    json_put_text(c->out, "nextBackwardToken", backward);
    return true;
}

static const struct handler rows[] = {
    {"CreateLogGroup", create_group, NULL, NULL},
    {"CreateLogStream", create_stream, NULL, NULL},
    {"DeleteLogGroup", delete_group, NULL, NULL},
    {"DescribeLogGroups", describe_groups, NULL, NULL},
    {"DescribeLogStreams", describe_streams, NULL, NULL},
    {"FilterLogEvents", filter_events, NULL, NULL},
    {"GetLogEvents", get_events, NULL, NULL},
    {"ListTagsForResource", list_tags, NULL, NULL},
    {"PutLogEvents", put_events, NULL, NULL},
    {"PutRetentionPolicy", put_retention, NULL, NULL},
    {"TagResource", tag_group, NULL, NULL},
};

const struct handler_table logs_handlers = {"logs", rows, ARRAY_LEN(rows)};
