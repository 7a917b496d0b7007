#include "steps/engine/run.h"

#include "aws/common/mem.h"

#include <stdio.h>

/* --- what is said at the end of a step --- */

static bool is_secret(const struct step_context *c, const char *name)
{
    for (const struct output_field *f = c->step->kind->outputs; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f->secret;
    return false;
}

static void say_done(struct step_context *c)
{
    struct json *more = json_object();
    struct json *outputs = json_put(more, "outputs", json_object());

    for (const struct json *o = json_first(c->outputs); o; o = json_next(o))
        if (!is_secret(c, json_key(o)))
            json_put(outputs, json_key(o), json_copy(o));
    json_put_int(more, "effects", (int64_t)c->effects);
    c->result = RESULT_DONE;
    event_step(c, "done", more);
}

static void say_unchanged(struct step_context *c, const char *detail)
{
    c->result = RESULT_UNCHANGED;
    event_step(c, "unchanged", json_of("detail", detail, NULL));
}

static void say_since(struct step_context *c, const char *word, int64_t at_ms)
{
    char when[21], detail[64];

    clock_format_iso(at_ms / 1000, when);
    (void)snprintf(detail, sizeof(detail), "%s %s", word, when);
    say_unchanged(c, detail);
}

void play_failed(struct step_context *c, const struct error *why)
{
    struct step_run *s = activation_run(c);
    struct store_step *r = &s->recorded;
    const struct json *memo = json_count(c->memo) > 0 ? c->memo : r->memo;
    struct error ignored;

    c->result = RESULT_FAILED;
    /* What fails before it does anything leaves the checkpoints as they were, and
     * so does an undo. */
    if (c->mode == TASK_APPLY && c->applying && why->code != ERR_STORE &&
        !store_put_step(c->run->options->store, c->step->id, STORE_FAILED, r->outputs, memo, why->message,
                        &ignored))
        event_step(c, "note", json_of("text", ignored.message, NULL));
    event_failed(c, why);
}

/* --- applying --- */

/* It is already so. Whatever an earlier run intended has come about. */
static bool finish_unchanged(struct step_context *c, struct error *err)
{
    activation_publish(c);
    if (!activation_settle(c, "adopted", err) || !activation_record(c, STORE_DONE, false, err))
        return false;
    say_unchanged(c, c->seen.detail);
    return true;
}

/* An apply that found nothing to do has changed nothing; a test was tried. */
static bool finish(struct step_context *c, struct error *err)
{
    bool test = c->step->kind->class == KIND_TEST;

    activation_add_handles(c);
    if (!test && c->effects == 0 && !c->waited)
        return finish_unchanged(c, err);
    activation_publish(c);
    activation_run(c)->changed = true;
    if (!activation_settle(c, "redone", err) || !activation_record(c, STORE_DONE, test, err))
        return false;
    say_done(c);
    return true;
}

static bool finish_lookup(struct step_context *c, struct error *err)
{
    const struct store_step *r = &activation_run(c)->recorded;
    bool known = r->state == STORE_DONE && json_equal(r->outputs, c->outputs);

    activation_run(c)->changed = r->outputs && !known;
    activation_publish(c);
    if (!activation_record(c, STORE_DONE, false, err))
        return false;
    if (known)
        say_unchanged(c, c->seen.detail);
    else
        say_done(c);
    return true;
}

static bool needs_changed(const struct step_context *c)
{
    const struct run *run = c->run;
    size_t me = plan_index(run->plan, c->step);

    for (size_t i = 0; i < run->plan->step_count; i++)
        if (graph_needs(run->plan, me, i) && run->steps[i].changed)
            return true;
    return false;
}

static enum step_status passed_before(struct step_context *c)
{
    const struct store_step *r = &activation_run(c)->recorded;

    json_free(c->outputs);
    c->outputs = r->outputs ? json_copy(r->outputs) : json_object();
    activation_publish(c);
    say_since(c, "passed", r->at_ms);
    return STEP_FINISHED;
}

static bool not_ours(const struct step_context *c, struct error *err)
{
    return error_set(err, ERR_NOT_OURS, "exists and is not ours%s%s; --adopt takes it over",
                     c->seen.detail[0] ? ": " : "", c->seen.detail);
}

/* Looks first. *apply says that there is something to do. */
static bool decide(struct step_context *c, bool *apply, struct error *err)
{
    const struct step_kind *kind = c->kind;

    *apply = false;
    if (kind->schema.class == KIND_TEST) {
        *apply = c->forced || activation_run(c)->recorded.state != STORE_DONE || needs_changed(c);
        return true;
    }
    if (!activation_observe(c, err))
        return false;
    if (kind->schema.class == KIND_LOOKUP)
        return true;
    if ((c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS) && !c->seen.ours &&
        !step_adopts(c))
        return not_ours(c, err);
    *apply = c->seen.state != OBSERVED_PRESENT || !c->seen.ours;
    return true;
}

static enum step_status nothing_to_do(struct step_context *c, struct error *err)
{
    switch (c->step->kind->class) {
    case KIND_TEST:
        return passed_before(c);
    case KIND_LOOKUP:
        return finish_lookup(c, err) ? STEP_FINISHED : STEP_FAILED;
    case KIND_RESOURCE:
        break;
    }
    return finish_unchanged(c, err) ? STEP_FINISHED : STEP_FAILED;
}

enum step_status play_apply(struct step_context *c, struct error *err)
{
    enum step_status status;

    if (!c->begun) {
        event_step(c, "started", NULL);
        if (!activation_begin(c, false, err))
            return STEP_FAILED;
    }
    if (!c->applying) {
        if (!decide(c, &c->applying, err))
            return STEP_FAILED;
        if (!c->applying)
            return nothing_to_do(c, err);
        if (!c->kind->apply) {
            error_set(err, ERR_BUG, "kind %s cannot apply", c->kind->schema.name);
            return STEP_FAILED;
        }
    }
    c->acting = true;
    status = c->kind->apply(c, err);
    c->acting = false;
    if (status != STEP_FINISHED)
        return status;
    return finish(c, err) ? STEP_FINISHED : STEP_FAILED;
}

/* --- skipped --- */

/* What it gave is still recorded, for others that refer to it. */
enum step_status play_retired(struct step_context *c, struct error *err)
{
    (void)err;
    c->result = RESULT_SKIPPED;
    event_step(c, "skipped", json_of("reason", "retired", NULL));
    return STEP_FINISHED;
}
