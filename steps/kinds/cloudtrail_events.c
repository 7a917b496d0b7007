/* cloudtrail.events: the audit of the secret's readers. CloudTrail shows an
 * event minutes after it happened and promises nothing: absence is "not yet". */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/trail.h"

#include <string.h>

static const char *const secret_kinds[] = {"secretsmanager.secret", NULL};
static const char *const shows_words[] = {"instance", "function", "you", "other", "denied", NULL};

static const struct schema_field shows_element[] = {{.name = "", .type = FIELD_TEXT, .choices = shows_words}};

static const struct schema_field with[] = {
    {.name = "event", .type = FIELD_TEXT, .otherwise = "GetSecretValue", .help = "name of the event"},
    {.name = "secret",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = secret_kinds,
     .help = "the secret"},
    {.name = "shows", .type = FIELD_LIST, .element = shows_element, .help = "whose events are waited for"},
    {0},
};

static const struct output_field outputs[] = {{"instance", false, "reads by the workstation"},
                                              {"function", false, "reads by the rotation function"},
                                              {"you", false, "reads by the caller"},
                                              {"other", false, "reads by others"},
                                              {"denied", false, "denied reads"},
                                              {0}};

enum { TRAIL_DEADLINE_MS = 20 * 60 * 1000 };

static size_t count(const struct json *events, const char *what)
{
    bool denied = strcmp(what, "denied") == 0;
    size_t n = 0;

    for (const struct json *e = json_first(events); e; e = json_next(e)) {
        const char *result = json_get_text(e, "result");
        n += denied ? strcmp(result, "denied") == 0
                    : strcmp(result, "allowed") == 0 && strcmp(json_get_text(e, "who"), what) == 0;
    }
    return n;
}

/* The first reader that is waited for and not seen yet; NULL when all are. */
static const char *find_missing(const struct step_context *c, const struct json *events)
{
    const struct json *shows = json_get(step_with(c), "shows");

    for (const struct json *s = json_first(shows); s; s = json_next(s)) {
        if (count(events, json_text(s)) == 0)
            return json_text(s);
    }
    return NULL;
}

/* Who asks is needed to tell "you" from others; it does not change in a run. */
static bool learn_caller(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *who = NULL;

    if (json_get(step_scratch(c), "caller"))
        return true;
    if (!step_call(c, AS_CALLER, "sts", "GetCallerIdentity", in, &who, err))
        return false;
    json_put_text(step_scratch(c), "caller", json_get_text(who, "Arn"));
    return true;
}

/* One page an activation: what was read so far is kept in the scratch, so that
 * a throttled page is asked for again and not the first. *more: another page,
 * or the same one later. */
static bool read_page(struct step_context *c, const struct json **events, bool *more, struct error *err)
{
    const struct json *args = step_with(c);
    struct json *scratch = step_scratch(c);
    struct json *list = json_edit(scratch, "events");
    const struct trail_question question = {
        .event_name = json_get_text(args, "event"),
        .secret_name = json_text(json_path(args, "secret.name")),
        .secret_arn = json_text(json_path(args, "secret.arn")),
        .people = {json_get_text(scratch, "caller"), NULL},
    };
    CLEANUP(json_freep) struct json *in = trail_request(&question, json_get_text(scratch, "token"));
    CLEANUP(json_freep) struct json *out = NULL;

    if (!list)
        list = json_put(scratch, "events", json_array());
    *events = list;
    *more = true;
    if (!step_call(c, AS_CALLER, "cloudtrail", "LookupEvents", in, &out, err))
        return err->throttle;
    const char *token = trail_add_page(&question, out, list);
    json_put_text(scratch, "token", token);
    *more = *token != '\0';
    return true;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait shown = {"CloudTrail to show the reads (it lags by some minutes)", 1000,
                                           30000, TRAIL_DEADLINE_MS};
    static const struct step_wait paced = {"CloudTrail's next page (it takes two questions a second)",
                                           TRAIL_PAGE_MS, 2000, TRAIL_DEADLINE_MS};
    const struct json *events;
    bool more;

    if (!learn_caller(c, err) || !read_page(c, &events, &more, err))
        return STEP_FAILED;
    if (more)
        return step_wait(c, &paced);
    if (find_missing(c, events)) {
        json_remove(step_scratch(c), "events");
        return step_wait(c, &shown);
    }
    for (size_t i = 0; outputs[i].name; i++)
        step_output(c, outputs[i].name, json_integer((int64_t)count(events, outputs[i].name)));
    step_note(c, "reads: %zu by the workstation, %zu by the rotation function, %zu by you; %zu denied",
              count(events, "instance"), count(events, "function"), count(events, "you"),
              count(events, "denied"));
    return STEP_FINISHED;
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    const struct json *args = step_with(c);
    const struct trail_question question = {
        .event_name = json_get_text(args, "event"),
        .secret_name = json_text(json_path(args, "secret.name")),
        .secret_arn = json_text(json_path(args, "secret.arn")),
    };

    (void)err;
    explain_repeat(items, "until the trail shows a read: it lags by some minutes");
    explain_gives(c, explain_call(items, "cloudtrail", "LookupEvents", trail_request(&question, "")),
                  "events", "Events.*.CloudTrailEvent");
    explain_until_seen(c, items, "events", question.secret_name);
    return true;
}

const struct step_kind kind_cloudtrail_events = {
    .schema = {"cloudtrail.events", "who read the secret", KIND_TEST, false, with, outputs},
    .observe = observe_test,
    .apply = apply,
    .explain = explain,
};
