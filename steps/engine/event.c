#include "steps/engine/run.h"

#include <stdio.h>

/* The words of "code" in a failure. */
static const char *const code_names[ERR_CODE_COUNT] = {
    [ERR_NONE] = "none",
    [ERR_FAILED] = "failed",
    [ERR_NOT_OURS] = "not-ours",
    [ERR_USAGE] = "usage",
    [ERR_PLAN] = "plan",
    [ERR_NO_INPUT] = "no-input",
    [ERR_UNREACHABLE] = "unreachable",
    [ERR_BUG] = "bug",
    [ERR_IO] = "io",
    [ERR_STORE] = "store",
    [ERR_TRY_AGAIN] = "try-again",
    [ERR_DENIED] = "denied",
    [ERR_CONFIG] = "config",
    [ERR_INTERRUPTED] = "interrupted",
    [ERR_LIMIT] = "limit",
    [ERR_SYNTAX] = "syntax",
    [ERR_AWS] = "aws",
    [ERR_SQL] = "sql",
};

static void emit(struct run *run, const struct json *event)
{
    if (!run->options->emit)
        return;
    pthread_mutex_lock(&run->emit_mutex);
    run->options->emit(run->options->emit_self, event);
    pthread_mutex_unlock(&run->emit_mutex);
}

void event_step(const struct step_context *c, const char *state, struct json *more)
{
    CLEANUP(json_freep)
    struct json *event = json_of("type", "step", "step", c->shown->id, "state", state, NULL);
    CLEANUP(json_freep) struct json *rest = more;

    json_put_int(event, "task", c->shown->task);
    json_put_text(event, "title", c->shown->title);
    json_put_int(event, "ms", run_now_ms(c->run) - c->started_ms);
    for (const struct json *m = json_first(rest); m; m = json_next(m))
        json_put(event, json_key(m), json_copy(m));
    emit(c->run, event);
}

void event_failed(const struct step_context *c, const struct error *why)
{
    struct json *more = json_object();
    struct json *e =
        json_put(more, "error", json_of("code", code_names[why->code], "message", why->message, NULL));

    json_put_text(e, "remote_code", why->remote_code);
    json_put_text(e, "request_id", why->request_id);
    event_step(c, "failed", more);
}

/* The run's waits are kept under "STEP\nREASON". */
static struct json *waits_json(const struct run *run)
{
    struct json *out = json_array();

    for (size_t i = 0; i < run->waits_total.count; i++) {
        const struct wait_entry *w = &run->waits_total.items[i];
        struct str rest = str_of(w->reason), step;
        struct json *one = json_push(out, json_object());

        (void)str_split(&rest, '\n', &step);
        json_put_str(one, "step", step);
        json_put_str(one, "reason", rest);
        json_put_int(one, "ms", w->waited_ms);
    }
    return out;
}

void event_summary(struct run *run)
{
    const struct engine_summary *s = run->summary;
    CLEANUP(json_freep) struct json *event = json_of("type", "summary", NULL);

    json_put_int(event, "requests", (int64_t)s->requests);
    json_put_int(event, "mutating", (int64_t)s->mutating);
    json_put_int(event, "statements", (int64_t)s->statements);
    json_put_int(event, "bytes_sent", (int64_t)s->bytes_sent);
    json_put_int(event, "bytes_received", (int64_t)s->bytes_received);
    json_put_int(event, "chain_requests", (int64_t)s->chain_requests);
    json_put(event, "waits", waits_json(run));
    json_put_int(event, "wall_ms", s->wall_ms);
    emit(run, event);
}
