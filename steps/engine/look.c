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

static void say_checked(struct step_context *c, const struct check_result *r)
{
    struct engine_summary *s = c->run->summary;

    c->result = RESULT_NONE;
    pthread_mutex_lock(&c->run->mutex);
    s->passed += r->verdict == VERDICT_PASS;
    s->not_passed += r->verdict == VERDICT_FAIL;
    s->cannot_tell += r->verdict == VERDICT_CANNOT_TELL;
    pthread_mutex_unlock(&c->run->mutex);
    event_step(c, "checked",
               json_of("verdict", verdict_names[r->verdict], "found", r->found, "hint", r->hint, NULL));
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
        (void)snprintf(r->hint, sizeof(r->hint), "lab run %s", c->shown->id);
        return;
    }
}

static void judge_seen(const struct step_context *c, struct check_result *r)
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
        (void)snprintf(r->hint, sizeof(r->hint), "lab run %s", c->shown->id);
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

enum step_status play_check(struct step_context *c, struct error *err)
{
    struct check_result r = {.verdict = VERDICT_CANNOT_TELL};
    bool seen;

    if (!activation_begin(c, true, err))
        return STEP_FAILED;
    if (activation_shown_run(c)->retired && !c->shown->undoes) {
        judge_retired(c, &r);
        say_checked(c, &r);
        return STEP_FINISHED;
    }
    if (c->kind->schema.class == KIND_TEST && !c->kind->check)
        return check_test(c, err);
    seen = !c->kind->observe || look(c, err);
    if (!seen && activation_try_later(c, err))
        return STEP_WAITING;
    if (!seen && (err->code == ERR_INTERRUPTED || err->code == ERR_BUG))
        return STEP_FAILED;
    if (seen && !c->shown->undoes && (c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS))
        activation_publish(c);
    if (!seen) {
        set_result(&r, verdict_of(err), err->message);
    } else if (c->shown->undoes) {
        judge_undo(c, &r);
    } else if (c->kind->check) {
        if (!c->kind->check(c, &r, err))
            return STEP_FAILED;
    } else {
        judge_seen(c, &r);
    }
    say_checked(c, &r);
    return STEP_FINISHED;
}
