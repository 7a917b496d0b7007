#include "steps/engine/run.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"

#include <stdio.h>
#include <string.h>

/* --- looking without a word --- */

/* A thing whose inputs are not there yet cannot be there itself; a kind that
 * stumbles over the missing ones says no more than that. */
static bool look(struct step_context *c, struct error *err)
{
    if (activation_observe(c, err))
        return true;
    if (!c->vague || c->step->kind->class == KIND_LOOKUP || err->code == ERR_INTERRUPTED)
        return false;
    c->seen = (struct observation){.state = OBSERVED_ABSENT};
    (void)snprintf(c->seen.detail, sizeof(c->seen.detail), "what it needs is not there yet");
    return true;
}

/* What the look before an undo has found out may be gone with the next undo:
 * a kind that put it into its memo finds it there, also after a kill. */
static bool keep_memo(struct step_context *c, struct error *err)
{
    enum engine_action action = c->run->request->action;

    if (c->shown->undoes || (action != ENGINE_DOWN && action != ENGINE_UNDO))
        return true;
    return activation_keep_memo(c, err);
}

/* An undo step is seen through the step it undoes, whose outputs stay. */
enum step_status play_look(struct step_context *c, struct error *err)
{
    struct step_run *s = activation_shown_run(c);

    c->result = RESULT_NONE;
    if (!activation_begin(c, true, err))
        return STEP_FAILED;
    s->looked = true;
    s->look_failed = !look(c, err);
    if (s->look_failed && activation_try_later(c, err))
        return STEP_WAITING;
    if (s->look_failed) {
        s->look_error = *err;
        return err->code == ERR_INTERRUPTED ? STEP_FAILED : STEP_FINISHED;
    }
    s->seen = c->seen;
    if (!keep_memo(c, err))
        return STEP_FAILED;
    if (!c->shown->undoes && (c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS))
        activation_publish(c);
    return STEP_FINISHED;
}

/* --- what up would do --- */

static void say_planned(struct step_context *c, const char *symbol, const char *detail)
{
    c->result = RESULT_NONE;
    if (strcmp(symbol, "=") != 0) {
        activation_shown_run(c)->changed = true;
        pthread_mutex_lock(&c->run->mutex);
        c->run->summary->changes++;
        pthread_mutex_unlock(&c->run->mutex);
    }
    event_step(c, "planned", json_of("symbol", symbol, "detail", detail, NULL));
}

static bool any_need_changes(const struct step_context *c)
{
    const struct run *run = c->run;
    size_t me = plan_index(run->plan, c->shown);

    for (size_t i = 0; i < run->plan->step_count; i++)
        if (graph_needs(run->plan, me, i) && run->steps[i].changed)
            return true;
    return false;
}

static void plan_test(struct step_context *c)
{
    if (activation_run(c)->recorded.state == STORE_DONE && !any_need_changes(c))
        say_planned(c, "=", "passed");
    else
        say_planned(c, "+", "will be tried");
}

static void plan_resource(struct step_context *c)
{
    const struct observation *o = &c->seen;
    bool recorded = activation_run(c)->recorded.state == STORE_DONE;

    switch (o->state) {
    case OBSERVED_ABSENT:
        say_planned(c, recorded ? "!" : "+", recorded ? "recorded as done, but not there" : o->detail);
        return;
    case OBSERVED_CANNOT_TELL:
        say_planned(c, "?", o->detail);
        return;
    case OBSERVED_PRESENT:
    case OBSERVED_DIFFERS:
        break;
    }
    if (!o->ours)
        say_planned(c, ">", step_adopts(c) ? "is taken over" : "exists and is not ours: only with --adopt");
    else if (o->state == OBSERVED_PRESENT)
        say_planned(c, "=", o->detail);
    else
        say_planned(c, recorded ? "!" : "~", o->detail);
}

enum step_status play_plan(struct step_context *c, struct error *err)
{
    const struct step_run *s = activation_shown_run(c);
    CLEANUP(mem_freep) char *detail = NULL;

    if (c->shown->undoes) {
        detail = mem_printf("undoes %s", c->step->id);
        say_planned(c, s->in_effect ? "=" : "-", detail);
        return STEP_FINISHED;
    }
    if (s->retired) {
        say_planned(c, "=", "retired");
        return STEP_FINISHED;
    }
    if (!activation_begin(c, true, err))
        return STEP_FAILED;
    if (c->step->kind->class == KIND_TEST) {
        plan_test(c);
        return STEP_FINISHED;
    }
    if (!look(c, err)) {
        if (activation_try_later(c, err))
            return STEP_WAITING;
        say_planned(c, "?", err->message);
        return STEP_FAILED;
    }
    if (c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS)
        activation_publish(c);
    if (c->step->kind->class == KIND_LOOKUP)
        say_planned(c, "=", c->seen.detail);
    else
        plan_resource(c);
    return STEP_FINISHED;
}

/* --- verdicts --- */

static const char *const verdict_names[] = {
    [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_CANNOT_TELL] = "cannot-tell"};

/* Hints come in levels: a nudge first, the command last. */
static void add_reasons(struct json *event, const struct check_result *r)
{
    struct json *hints;

    if (r->verdict == VERDICT_CANNOT_TELL && r->wait_ms > 0)
        json_put_int(event, "wait_ms", r->wait_ms);
    if (!r->hints[0][0])
        return;
    json_put_text(event, "expected", r->expected);
    json_put_text(event, "why", r->why);
    hints = json_put(event, "hints", json_array());
    for (size_t i = 0; i < ARRAY_LEN(r->hints); i++)
        if (r->hints[i][0])
            json_push(hints, json_text_new(r->hints[i]));
}

/* Of a fail that has no reasons of its own. */
static const char *const plain_hints[][HINT_LEVELS] = {
    [KIND_LOOKUP] = {"the lab does not make it: it has to be there",
                     "does its name in the plan (--var) fit this account and region?", "lab doctor"},
    [KIND_RESOURCE] = {"read the task again, and compare what it asks for",
                       "`lab plan` shows what is missing or differs", NULL},
    [KIND_TEST] = {"its needs are tested one by one, and come first",
                   "`lab check` without a step shows the first that fails", NULL},
};

static void set_plain_reasons(const struct step_context *c, const char *run, struct check_result *r)
{
    const char *const *hints = plain_hints[c->shown->undoes ? KIND_RESOURCE : c->kind->schema.class];

    (void)snprintf(r->expected, sizeof(r->expected), "%.250s",
                   c->shown->title ? c->shown->title : c->shown->id);
    (void)snprintf(r->why, sizeof(r->why), "what comes after it in the lab leans on it");
    for (size_t i = 0; i < HINT_LEVELS; i++)
        (void)snprintf(r->hints[i], sizeof(r->hints[i]), "%s", hints[i] ? hints[i] : run);
}

static void say_checked(struct step_context *c, struct check_result *r)
{
    struct engine_summary *s = c->run->summary;
    CLEANUP(mem_freep) char *run = mem_printf("lab run %s", c->shown->id);
    bool run_helps = r->verdict == VERDICT_FAIL && c->kind->schema.class == KIND_RESOURCE;
    struct json *event;

    c->result = RESULT_NONE;
    pthread_mutex_lock(&c->run->mutex);
    s->passed += r->verdict == VERDICT_PASS;
    s->not_passed += r->verdict == VERDICT_FAIL;
    s->cannot_tell += r->verdict == VERDICT_CANNOT_TELL;
    pthread_mutex_unlock(&c->run->mutex);
    if (r->verdict == VERDICT_FAIL && !r->hints[0][0])
        set_plain_reasons(c, run, r);
    event =
        json_of("verdict", verdict_names[r->verdict], "found", r->found, "hint", run_helps ? run : "", NULL);
    add_reasons(event, r);
    event_step(c, "checked", event);
}

static void set_result(struct check_result *r, enum verdict verdict, const char *found)
{
    struct str text = str_of(found);

    text.len = str_utf8_prefix(str_slice(text, 0, sizeof(r->found) - 1));
    r->verdict = verdict;
    (void)snprintf(r->found, sizeof(r->found), "%.*s", STR_ARG(text));
}

/* The reverse of what its step says. */
static void judge_undo(const struct step_context *c, struct check_result *r)
{
    switch (c->seen.state) {
    case OBSERVED_ABSENT:
        set_result(r, VERDICT_PASS, "undone");
        return;
    case OBSERVED_CANNOT_TELL:
        set_result(r, VERDICT_CANNOT_TELL, c->seen.detail);
        return;
    case OBSERVED_PRESENT:
    case OBSERVED_DIFFERS:
        set_result(r, VERDICT_FAIL, "still there");
        return;
    }
}

void step_judge_seen(const struct step_context *c, struct check_result *r)
{
    switch (c->seen.state) {
    case OBSERVED_PRESENT:
        set_result(r, VERDICT_PASS, c->seen.detail[0] ? c->seen.detail : "as it should be");
        return;
    case OBSERVED_CANNOT_TELL:
        set_result(r, VERDICT_CANNOT_TELL, c->seen.detail);
        return;
    case OBSERVED_ABSENT:
    case OBSERVED_DIFFERS:
        set_result(r, VERDICT_FAIL, c->seen.detail[0] ? c->seen.detail : "not there");
        return;
    }
}

static enum verdict verdict_of(const struct error *why)
{
    return why->code == ERR_TRY_AGAIN || step_may_pass(why) ? VERDICT_CANNOT_TELL : VERDICT_FAIL;
}

/* A test of a scene that is over cannot be repeated without playing it again. */
static void judge_retired(struct step_context *c, struct check_result *r)
{
    const struct step_run *s = activation_shown_run(c);
    char when[21];

    clock_format_iso(s->recorded.at_ms / 1000, when);
    set_result(r, VERDICT_PASS, "passed, its scene is over since ");
    (void)snprintf(r->found + strlen(r->found), sizeof(r->found) - strlen(r->found), "%s", when);
}

/* By trying it. A test waits for effects to spread, a check only a moment: what
 * is not there by then is "not yet". */
static enum step_status check_test(struct step_context *c, struct error *err)
{
    struct check_result r = {.verdict = VERDICT_PASS, .found = "works"};
    enum step_status status;

    if (c->vague) {
        set_result(&r, VERDICT_CANNOT_TELL, "what it needs is not there yet");
        say_checked(c, &r);
        return STEP_FINISHED;
    }
    c->acting = true;
    status = c->kind->apply(c, err);
    c->acting = false;
    if (status == STEP_WAITING && !c->wait_expired)
        return status;
    if (status == STEP_WAITING) {
        CLEANUP(mem_freep)
        char *found = mem_printf("not yet: waiting for %s", c->waits.items[c->waits_for].reason);
        set_result(&r, VERDICT_CANNOT_TELL, found);
        r.wait_ms = step_deadline_ms(c, c->waits.items[c->waits_for].usual_ms);
    } else if (status == STEP_FAILED) {
        if (activation_try_later(c, err))
            return STEP_WAITING;
        if (err->code == ERR_INTERRUPTED || err->code == ERR_BUG)
            return status;
        set_result(&r, verdict_of(err), err->message);
    }
    say_checked(c, &r);
    return STEP_FINISHED;
}

/* By observing it; or by the kind's own test, which may also find what the look
 * does not: a thing under another name. */
static bool judge(struct step_context *c, struct check_result *r, struct error *err)
{
    if (c->kind->observe && !look(c, err))
        return false;
    if (!c->shown->undoes && (c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS))
        activation_publish(c);
    if (!c->shown->undoes && c->kind->check)
        return c->kind->check(c, r, err);
    (c->shown->undoes ? judge_undo : step_judge_seen)(c, r);
    return true;
}

enum step_status play_check(struct step_context *c, struct error *err)
{
    struct check_result r = {.verdict = VERDICT_CANNOT_TELL};

    if (!activation_begin(c, true, err))
        return STEP_FAILED;
    if (activation_shown_run(c)->retired && !c->shown->undoes) {
        judge_retired(c, &r);
        say_checked(c, &r);
        return STEP_FINISHED;
    }
    if (c->kind->schema.class == KIND_TEST && !c->kind->check)
        return check_test(c, err);
    if (!judge(c, &r, err)) {
        if (activation_try_later(c, err))
            return STEP_WAITING;
        if (err->code == ERR_INTERRUPTED || err->code == ERR_BUG)
            return STEP_FAILED;
        r = (struct check_result){0};
        set_result(&r, verdict_of(err), err->message);
    }
    say_checked(c, &r);
    return STEP_FINISHED;
}
