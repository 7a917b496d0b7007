/* lab audit: who read the secret, from CloudTrail. */
#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/session.h"
#include "steps/kinds/trail.h"

#include <stdio.h>
#include <string.h>

/* What is counted at the end. */
static const struct {
    const char *who; /* NULL: whoever */
    const char *result;
    const char *words;
} counted[] = {
    {"instance", "allowed", "by the workstation"},
    {"function", "allowed", "by the rotation function"},
    {"you", "allowed", "by you"},
    {"other", "allowed", "by others"},
    {NULL, "denied", "denied"},
};

static void print_counts(const struct json *events)
{
    for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
        size_t n = 0;
        for (const struct json *e = json_first(events); e; e = json_next(e))
            n += strcmp(json_get_text(e, "result"), counted[i].result) == 0 &&
                 (!counted[i].who || strcmp(json_get_text(e, "who"), counted[i].who) == 0);
        printf("%s%zu %s", i ? ", " : "Reads: ", n, counted[i].words);
    }
    putchar('\n');
}

static void print_event(const struct json *e)
{
    const char *result = json_get_text(e, "result");
    bool denied = strcmp(result, "denied") == 0;
    char when[21];

    clock_format_iso(json_int(json_get(e, "time"), 0), when);
    printf("%s  %-8s  %-24s  %s", when, json_get_text(e, "who"), json_get_text(e, "name"),
           denied ? "DENIED" : result);
    if (strcmp(result, "failed") == 0)
        printf(" (%s)", json_get_text(e, "error"));
    putchar('\n');
}

/* Oldest first: a story is told from its beginning. */
static void print_events(const char *secret, const struct json *events)
{
    printf("Who read %s\n", secret);
    for (size_t i = json_count(events); i-- > 0;)
        print_event(json_at(events, i));
    if (json_count(events) == 0)
        puts("nobody that CloudTrail knows of yet; events take some minutes to appear");
    else
        print_counts(events);
}

static bool stream_events(const struct session *s, const struct json *events, struct error *err)
{
    CLEANUP(json_freep) struct json *summary = session_summary(s);
    struct render *render = render_new(s->options, "audit");

    for (size_t i = json_count(events); i-- > 0;) {
        CLEANUP(json_freep) struct json *event = json_of("type", "read", NULL);
        for (const struct json *m = json_first(json_at(events, i)); m; m = json_next(m))
            json_put(event, json_key(m), json_copy(m));
        render_event(render, event);
    }
    bool ok = render_end(render, summary, 0, err);
    render_free(render);
    return ok;
}

/* A name gives its ARN where the secret still exists: callers write both. */
static char *arn_of(struct aws_client *client, const char *secret)
{
    CLEANUP(json_freep) struct json *in = json_of("SecretId", secret, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error ignored;

    if (!aws_call(client, "secretsmanager", "DescribeSecret", in, &out, &ignored))
        return mem_dup("");
    return mem_dup(json_get_text(out, "ARN"));
}

enum { THROTTLES_MAX = 20 };

/* Every page, within CloudTrail's limit. */
static bool read_trail(struct session *s, struct aws_client *client, const struct trail_question *q,
                       struct json *events, struct error *err)
{
    CLEANUP(mem_freep) char *token = mem_dup("");

    /* The limit is the account's: others who ask at the same time count too, so
     * a page that was throttled is asked for again, a bounded number of times. */
    for (int throttled = 0;;) {
        CLEANUP(json_freep) struct json *in = trail_request(q, token);
        CLEANUP(json_freep) struct json *out = NULL;
        if (aws_call(client, "cloudtrail", "LookupEvents", in, &out, err)) {
            char *next = mem_dup(trail_add_page(q, out, events));
            mem_free(token);
            token = next;
            if (!*token)
                return true;
        } else if (!err->throttle || ++throttled > THROTTLES_MAX) {
            return false;
        }
        if (!s->options->quiet)
            fprintf(stderr, "lab: waiting for CloudTrail's next page (it takes two questions a second)\n");
        if (clock_wait(TRAIL_PAGE_MS, s->stop_fd))
            return error_set(err, ERR_INTERRUPTED, "interrupted while reading the trail");
    }
}

static bool audit(struct session *s, const struct options *o, struct error *err)
{
    CLEANUP(json_freep) struct json *events = json_array();
    CLEANUP(mem_freep)
    char *secret = o->secret ? mem_dup(o->secret) : session_argument(s, "secretsmanager.secret", "name");
    CLEANUP(mem_freep) char *function = session_argument(s, "secretsmanager.rotation", "function");

    if (!*secret)
        return error_set(err, ERR_USAGE, "the plan makes no secret: name one with -s SECRET");
    CLEANUP(aws_client_freep) struct aws_client *client = session_client(s, err);
    if (!client)
        return false;
    CLEANUP(mem_freep) char *arn = arn_of(client, secret);
    const struct trail_question question = {.event_name = "GetSecretValue",
                                            .secret_name = secret,
                                            .secret_arn = arn,
                                            .people = {s->arn, *function ? function : NULL}};
    if (!read_trail(s, client, &question, events, err))
        return false;
    if (o->json)
        return stream_events(s, events, err);
    print_events(secret, events);
    return true;
}

COMMAND(audit)
{
    struct session s = {.stop_fd = -1};

    (void)words;
    (void)count;
    *status = 0;
    bool ok = session_load_plan(&s, o, err) && session_connect(&s, err) && audit(&s, o, err);
    session_release(&s);
    return ok;
}
