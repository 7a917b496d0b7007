#include "cmd/lab/session.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "cmd/lab/ca.h"
#include "cmd/lab/exit_status.h"
#include "cmd/lab/guard.h"
#include "cmd/lab/labs.h"
#include "cmd/lab/render.h"
#include "cmd/lab/stop.h"
#include "steps/kinds/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PLAN_LIMIT_BYTES = 256 * 1024,
    ASK_AGAIN_MOST_MS = 8000, /* the longest wait between two questions who we are */
};

static const char *environment_get(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static void tell_problems(struct session *s, const struct plan_problems *problems, const char *file)
{
    CLEANUP(buf_release) struct buf text = {0};

    plan_problems_print(problems, file, &text);
    fputs(buf_text(&text), stderr);
    for (size_t i = 0; s->render && i < problems->count; i++) {
        const struct plan_problem *p = &problems->items[i];
        CLEANUP(json_freep)
        struct json *event = json_of("type", "mistake", "file", file, "message", p->message, NULL);
        json_put_int(event, "line", p->line);
        json_put_int(event, "column", p->column);
        render_event(s->render, event);
    }
}

static bool parse_plan(struct session *s, const char *file, const struct step_kind *const *kinds,
                       const struct json *vars, struct error *err)
{
    const struct kind_schema *schemas[KINDS_MAX + 1] = {0};
    struct plan_problems problems = {0};

    for (size_t i = 0; kinds[i]; i++)
        schemas[i] = &kinds[i]->schema;
    const struct plan_options options = {
        .file = file, .kinds = schemas, .var_overrides = vars, .getenv = environment_get};
    s->has_plan = plan_parse(buf_str(&s->plan_text), &options, &s->plan, &problems);
    if (!s->has_plan) {
        tell_problems(s, &problems, file);
        error_set(err, ERR_PLAN, "%s: %zu mistake%s", file, problems.count, problems.count == 1 ? "" : "s");
    }
    plan_problems_release(&problems);
    return s->has_plan;
}

bool session_load_plan(struct session *s, const struct options *o, struct error *err)
{
    const char *file = o->plan ? o->plan : "lab.yaml";

    s->options = o;
    if (o->plan || access(file, F_OK) == 0) {
        if (!file_read(file, PLAN_LIMIT_BYTES, &s->plan_text, err)) {
            /* It can be read; it is no plan. */
            if (err->code == ERR_LIMIT)
                err->code = ERR_PLAN;
            return error_wrap(err, "read the plan");
        }
        return parse_plan(s, file, step_kinds, o->vars, err);
    }
    const struct builtin_lab *lab = builtin_lab_find(STR(BUILTIN_LAB));
    buf_add(&s->plan_text, lab->plan);
    return parse_plan(s, "labs/" BUILTIN_LAB "/plan.yaml", step_kinds, o->vars, err);
}

bool session_make_plan(struct session *s, const struct options *o, const struct step_kind *const *kinds,
                       const char *lab, const struct json *steps, struct error *err)
{
    s->options = o;
    if (s->has_plan)
        plan_release(&s->plan);
    s->has_plan = false;
    buf_reset(&s->plan_text);
    /* JSON is YAML: a plan made here goes through the same checker. */
    CLEANUP(json_freep) struct json *plan = json_of("lab", lab, "title", lab, NULL);
    json_put(plan, "steps", json_copy(steps));
    json_write_pretty(plan, &s->plan_text);
    /* It has no vars: those in the environment are meant for another plan. */
    return parse_plan(s, lab, kinds, NULL, err);
}

bool session_transport(const struct session *s, struct http_transport **out, struct error *err)
{
    const struct http_curl_options options = {
        .ca_bundle = s->settings.ca_bundle,
        .proxy = getenv("HTTPS_PROXY") ? getenv("HTTPS_PROXY") : getenv("https_proxy"),
        .no_proxy = getenv("NO_PROXY") ? getenv("NO_PROXY") : getenv("no_proxy"),
        .user_agent = "lab/" LAB_VERSION,
    };
    return http_curl_new(&options, out, err);
}

static struct aws_client *make_client(void *self, struct error *err)
{
    struct session *s = self;
    struct http_transport *transport = NULL;

    if (!session_transport(s, &transport, err))
        return NULL;
    return aws_client_new(s->shared, s->caller, transport);
}

struct aws_client *session_client(struct session *s, struct error *err)
{
    return make_client(s, err);
}

/* The first question comes before the engine, which waits out trouble of AWS's
 * own for every later one. */
static bool ask_who(struct session *s, struct aws_client *client, struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();

    for (int64_t wait_ms = 1000;; wait_ms *= 2) {
        if (aws_call(client, "sts", "GetCallerIdentity", in, out, err))
            return true;
        bool may_pass = err->lost || (err->code == ERR_AWS && (err->throttle || err->http_status >= 500));
        if (!may_pass || wait_ms > ASK_AGAIN_MOST_MS)
            return false;
        log_warn("%s; asking again in %lld s", err->message, (long long)(wait_ms / 1000));
        if (clock_wait(wait_ms, s->stop_fd))
            return error_set(err, ERR_INTERRUPTED, "interrupted");
    }
}

bool session_identify(struct session *s, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(aws_client_freep) struct aws_client *client = make_client(s, err);

    if (!client || !ask_who(s, client, &out, err))
        return error_wrap(err, "find out who we are");
    s->requests_before = aws_client_requests(client);
    struct str arn = json_str(json_get(out, "Arn"));
    struct str rest = arn;
    struct str scheme, part;
    if (!str_split(&rest, ':', &scheme) || !str_split(&rest, ':', &part) || part.len >= sizeof s->partition ||
        str_empty(part))
        return error_set(err, ERR_SYNTAX, "GetCallerIdentity answered without an ARN");
    snprintf(s->partition, sizeof s->partition, "%.*s", STR_ARG(part));
    snprintf(s->arn, sizeof s->arn, "%.*s", STR_ARG(arn));
    snprintf(s->account, sizeof s->account, "%s", json_get_text(out, "Account"));
    return true;
}

/* A wait inside a call is a wait too: it says for what. */
static void say_waiting(void *self, const struct aws_operation *op, int attempt, int64_t wait_ms,
                        const struct error *err)
{
    const struct session *s = self;
    const char *why = !err            ? "sending slower, as the service asked"
                      : err->throttle ? "throttled"
                                      : err->message;

    (void)attempt;
    if (s->shows && render_slowed(s->shows, op->name, !err || err->throttle))
        return;
    if (!s->options->quiet && wait_ms >= 500)
        log_warn("%s %s: %s; asking again in %lld.%lld s", op->service->id, op->name, why,
                 (long long)(wait_ms / 1000), (long long)(wait_ms % 1000 / 100));
}

/* Facts 5: on an instance its metadata service knows. */
static void ask_region(struct aws_settings *settings)
{
    CLEANUP(buf_release) struct buf region = {0};
    struct error ignored;
    bool found;

    if (imds_get(settings, "/latest/meta-data/placement/region", &region, &found, &ignored) && found &&
        aws_region_well_formed(buf_text(&region)))
        snprintf(settings->region, sizeof settings->region, "%s", buf_text(&region));
}

bool session_prepare(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    const struct aws_settings_options settings = {.profile = o->profile,
                                                  .region = o->region,
                                                  .endpoint_url = o->endpoint_url,
                                                  .env = environment_process};

    if (!stop_install(&s->stop_fd, err) || !aws_settings_load(&settings, &s->settings, err))
        return false;
    if (!s->settings.region[0])
        ask_region(&s->settings);
    if (!s->settings.region[0])
        return error_set(err, ERR_CONFIG,
                         "no region: use --region, AWS_REGION or the profile's region; no metadata service "
                         "of an instance names one");
    if (!guard_keys(s, err))
        return false;
    const struct aws_shared_options shared = {
        .settings = &s->settings,
        .clock = clock_system,
        .random = random_system,
        .observer = {.self = s, .waiting = say_waiting},
        .stop_fd = s->stop_fd,
    };
    const struct provider_options provider = {
        .settings = &s->settings, .clock = clock_system, .random = random_system, .stop_fd = s->stop_fd};
    s->shared = aws_shared_new(&shared);
    s->caller = provider_chain_new_with(&provider);
    s->instance = provider_imds_new(&s->settings, clock_system);
    s->who = who_new(&s->settings, s->shared, s->caller);
    s->ca_file = ca_find(o, s->settings.region);
    return true;
}

bool session_connect(struct session *s, struct error *err)
{
    return session_prepare(s, err) && session_identify(s, err);
}

const char *session_state_file(const struct options *o)
{
    return o->state ? o->state : ".lab/state.db";
}

void session_set_scope(struct session *s)
{
    const struct store_scope scope = {s->account, s->settings.region, s->plan.lab, s->options->learner};

    store_set_scope(s->store, &scope);
}

bool session_open_store(struct session *s, const char *command, struct error *err)
{
    char now[17];
    unsigned char tail[2];

    if (!store_open(session_state_file(s->options), command, clock_system, &s->store, err))
        return false;
    session_set_scope(s);
    clock_format_basic(clock_wall_ms(&clock_system) / 1000, now);
    random_system.fill(random_system.self, tail, sizeof tail);
    snprintf(s->run_id, sizeof s->run_id, "%s-%02x%02x", now, tail[0], tail[1]);
    store_set_run(s->store, s->run_id);
    return true;
}

/* What a run that went well tells the shell. */
static int status_of(const struct options *o, const struct engine_request *request,
                     const struct engine_summary *summary)
{
    if (request->action == ENGINE_PLAN)
        return o->detailed_exitcode && summary->changes > 0 ? 2 : 0;
    if (request->action == ENGINE_CHECK)
        return summary->not_passed > 0 ? 1 : summary->cannot_tell > 0 ? 75 : 0;
    return 0;
}

/* Hands the engine's events on, but keeps its summary back: the exit status
 * has to be in it, and only the command knows that. */
struct relay {
    struct render *render;
    struct json *summary;
};

static void relay_event(void *self, const struct json *event)
{
    struct relay *r = self;

    if (str_is(str_of(json_get_text(event, "type")), "summary")) {
        json_free(r->summary);
        r->summary = json_copy(event);
        return;
    }
    render_event(r->render, event);
}

/* What the look afterwards asked for belongs to the run. */
static void count_more(const struct session *s, const struct aws_totals *before, struct json *summary)
{
    struct aws_totals now = aws_shared_totals(s->shared);
    const struct {
        const char *member;
        uint64_t more;
    } rows[] = {
        {"requests", now.requests - before->requests},
        {"chain_requests", now.requests - before->requests},
        {"bytes_sent", now.bytes_sent - before->bytes_sent},
        {"bytes_received", now.bytes_received - before->bytes_received},
    };

    for (size_t i = 0; summary && i < ARRAY_LEN(rows); i++)
        json_put_int(summary, rows[i].member,
                     json_int(json_get(summary, rows[i].member), 0) + (int64_t)rows[i].more);
}

/* A first failure keeps its word; else what is found afterwards is the run's. */
static bool look_afterwards(struct session *s, struct relay *relay, bool ok, struct error *err)
{
    struct aws_totals before = aws_shared_totals(s->shared);
    struct error found;

    if (!s->afterwards || (!ok && (err->code == ERR_INTERRUPTED || err->code == ERR_STORE)))
        return ok;
    bool fine = s->afterwards(s, relay->render, &found);
    count_more(s, &before, relay->summary);
    if (ok && !fine)
        *err = found;
    return ok && fine;
}

/* err NULL: the run has failed already, and its word counts. */
static bool end_stream(struct render *render, const struct json *summary, int status, struct error *err)
{
    struct error report;
    bool ok = render_end(render, summary, status, &report);

    if (!ok && err)
        *err = report;
    render_free(render);
    return ok;
}

/* Numbers are summed up, lists joined; the chains ran one after the other. */
static void add_up(struct json **sum, const struct json *summary)
{
    if (!*sum) {
        *sum = json_copy(summary);
        return;
    }
    for (const struct json *m = json_first(summary); m; m = json_next(m)) {
        if (json_is_number(m))
            json_put_int(*sum, json_key(m), json_int(m, 0) + json_int(json_get(*sum, json_key(m)), 0));
        for (const struct json *e = json_is_array(m) ? json_first(m) : NULL; e; e = json_next(e))
            json_push(json_edit(*sum, json_key(m)), json_copy(e));
    }
}

bool session_run(struct session *s, const char *command, const struct step_kind *const *kinds,
                 const struct engine_request *request, struct engine_summary *summary, int *status,
                 struct error *err)
{
    struct relay relay = {.render = s->render ? s->render : render_new(s->options, command)};
    const struct engine_options options = {
        .plan = &s->plan,
        .kinds = kinds,
        .store = s->store,
        .shared = s->shared,
        .new_client = make_client,
        .new_client_self = s,
        .caller = s->caller,
        .instance = s->instance,
        .machine = who_machine,
        .assume = who_role,
        .who_self = s->who,
        .workstation_script = builtin_lab_find(STR(BUILTIN_LAB))->access,
        .account = s->account,
        .region = s->settings.region,
        .partition = s->partition,
        .learner = s->options->learner,
        .run_id = s->run_id,
        .ca_file = s->ca_file,
        .clock = clock_system,
        .random = random_system,
        .jobs = (unsigned)s->options->jobs,
        .timeout_ms = s->options->timeout_s * 1000,
        .adopt = s->options->adopt,
        .purge = s->options->purge,
        .stop_fd = s->stop_fd,
        .requests_before = s->requests_before,
        .emit = relay_event,
        .emit_self = &relay,
    };
    CLEANUP(json_freep)
    struct json *start =
        json_of("type", "run", "command", command, "lab", s->plan.lab, "title", s->plan.title, "account",
                s->account, "region", s->settings.region, "principal", s->arn, "run", s->run_id, NULL);
    render_plan(relay.render, &s->plan, !s->render && request->action != ENGINE_PLAN);
    s->shows = relay.render;
    render_event(relay.render, start);
    bool ok = look_afterwards(s, &relay, engine_run(&options, request, summary, err), err);
    *status = ok                             ? status_of(s->options, request, summary)
              : err->code == ERR_INTERRUPTED ? stop_status()
                                             : exit_status_of(err);
    s->shows = NULL;
    if (s->render)
        add_up(&s->summary, relay.summary);
    else if (!end_stream(relay.render, relay.summary, *status, ok ? err : NULL))
        ok = false;
    json_free(relay.summary);
    return ok;
}

struct json *session_summary(const struct session *s)
{
    struct aws_totals totals = aws_shared_totals(s->shared);
    struct json *summary = json_of("type", "summary", NULL);

    json_put_int(summary, "requests", (int64_t)totals.requests);
    json_put_int(summary, "chain_requests", (int64_t)totals.requests);
    json_put_int(summary, "bytes_sent", (int64_t)totals.bytes_sent);
    json_put_int(summary, "bytes_received", (int64_t)totals.bytes_received);
    return summary;
}

static const struct json *no_outputs(void *self, const char *step_id)
{
    (void)self;
    (void)step_id;
    return NULL;
}

char *session_argument(const struct session *s, const char *kind, const char *member)
{
    const struct plan_scope scope = {.outputs = no_outputs,
                                     .account = s->account,
                                     .region = s->settings.region,
                                     .partition = s->partition,
                                     .learner = s->options->learner};

    for (size_t i = 0; i < s->plan.step_count; i++) {
        const struct plan_step *step = &s->plan.steps[i];
        CLEANUP(json_freep) struct json *with = NULL;
        struct error ignored;

        if (strcmp(step->kind->name, kind) != 0 || step->undoes)
            continue;
        if (plan_resolve(&s->plan, step, &scope, true, &with, &ignored))
            return mem_dup(json_get_text(with, member));
    }
    return mem_dup("");
}

void session_release(struct session *s)
{
    store_closep(&s->store);
    who_free(s->who); /* before what the roles are assumed with */
    aws_shared_free(s->shared);
    credential_provider_freep(&s->caller);
    credential_provider_freep(&s->instance);
    aws_settings_release(&s->settings);
    if (s->has_plan)
        plan_release(&s->plan);
    buf_release(&s->plan_text);
    mem_free(s->ca_file);
    json_free(s->summary);
    *s = (struct session){.stop_fd = -1};
}
