#include "steps/engine/run.h"

#include "aws/common/mem.h"

/* One activation of the kind's undo; nothing to do for a kind without one. */
static enum step_status undo_once(struct step_context *c, struct error *err)
{
    enum step_status status;

    if (!activation_begin(c, true, err))
        return STEP_FAILED;
    if (!c->kind->undo)
        return STEP_FINISHED;
    c->acting = true;
    status = c->kind->undo(c, err);
    c->acting = false;
    return status;
}

static void say_undone(struct step_context *c)
{
    struct json *more = json_object();

    /* A wait too says that there was something: an earlier run had asked for
     * its end, this one has seen it come. */
    bool undone = c->effects > 0 || c->waited;

    json_put_int(more, "effects", (int64_t)c->effects);
    c->result = undone ? RESULT_DONE : RESULT_UNCHANGED;
    event_step(c, undone ? "undone" : "absent", more);
}

/* --- all undone --- */

/* Left alone by name; the rest of ours goes on being undone. */
static enum step_status kept(struct step_context *c, const struct error *why)
{
    c->result = RESULT_SKIPPED;
    event_step(c, "kept", json_of("reason", why->message, NULL));
    return STEP_FINISHED;
}

enum step_status play_undo(struct step_context *c, struct error *err)
{
    const struct store_step *r = &activation_run(c)->recorded;
    bool silent = c->step->kind->class != KIND_RESOURCE; /* nothing of it stays */
    enum step_status status;

    if (!c->begun && !silent)
        event_step(c, "started", NULL);
    status = undo_once(c, err);
    if (status == STEP_FAILED && err->code == ERR_NOT_OURS && c->run->request->action == ENGINE_DOWN)
        return kept(c, err);
    if (status != STEP_FINISHED)
        return status;
    if (!activation_settle(c, "undone", err))
        return STEP_FAILED;
    /* Also when all that was known of it was an intent: from here on the store
     * no longer says that what has this name is ours. */
    if ((r->state != STORE_NONE || r->memo || c->effects + c->settled > 0) &&
        !activation_record(c, STORE_UNDONE, false, err))
        return STEP_FAILED;
    activation_run(c)->changed = true;
    if (!silent)
        say_undone(c);
    return STEP_FINISHED;
}

enum step_status play_forget(struct step_context *c, struct error *err)
{
    struct step_run *s = activation_shown_run(c);

    if ((s->recorded.state == STORE_NONE && !s->recorded.memo) || s->recorded.state == STORE_UNDONE)
        return STEP_FINISHED;
    if (!store_put_step(c->run->options->store, c->shown->id, STORE_UNDONE, NULL, NULL, NULL, err))
        return STEP_FAILED;
    s->recorded.state = STORE_UNDONE;
    return STEP_FINISHED;
}

/* --- scenes --- */

static bool put_state(struct step_context *c, size_t at, enum store_state state, struct error *err)
{
    struct store_step *r = &c->run->steps[at].recorded;

    if (r->state == state)
        return true;
    if (!store_put_step(c->run->options->store, c->run->plan->steps[at].id, state, r->outputs, r->memo, NULL,
                        err))
        return false;
    r->state = state;
    r->at_ms = step_now_ms(c);
    return true;
}

/* Before anything is undone: a run that dies in the scene is followed by one
 * that only ends it. */
static bool begin_scene(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *memo = json_object();

    if (activation_shown_run(c)->begun)
        return true;
    json_put_bool(memo, SCENE_BEGUN, true);
    return store_put_step(c->run->options->store, c->shown->id, STORE_NONE, NULL, memo, NULL, err);
}

/* The undo step first: with it the scene counts as played, and a run that dies
 * before the rest is written finds them retired all the same. */
static bool retire(struct step_context *c, struct error *err)
{
    const struct plan *plan = c->run->plan;
    size_t me = plan_index(plan, c->shown);
    bool ok;

    pthread_mutex_lock(&c->run->mutex);
    json_free(c->run->steps[me].recorded.memo);
    c->run->steps[me].recorded.memo = NULL;
    ok = put_state(c, me, STORE_DONE, err);
    for (size_t i = 0; ok && i < plan->step_count; i++) {
        if (!graph_retires(plan, me, i))
            continue;
        ok = put_state(c, i, STORE_RETIRED, err);
        c->run->steps[i].retired = true;
    }
    pthread_mutex_unlock(&c->run->mutex);
    return ok;
}

enum step_status play_scene(struct step_context *c, struct error *err)
{
    struct step_run *s = activation_shown_run(c);
    enum step_status status;

    if (s->in_effect) {
        if (!retire(c, err)) /* what a dying run left unwritten */
            return STEP_FAILED;
        c->result = RESULT_UNCHANGED;
        event_step(c, "unchanged", json_of("detail", "already undone", NULL));
        return STEP_FINISHED;
    }
    if (!c->begun) {
        event_step(c, "started", NULL);
        if (!begin_scene(c, err))
            return STEP_FAILED;
    }
    status = undo_once(c, err);
    if (status != STEP_FINISHED)
        return status;
    /* What the undone step keeps of itself may have changed with the undo. */
    if (!activation_keep_memo(c, err) || !activation_settle(c, "undone", err) || !retire(c, err))
        return STEP_FAILED;
    s->in_effect = true;
    s->changed = true;
    c->result = RESULT_DONE;
    struct json *more = json_object();

    json_put_int(more, "effects", (int64_t)c->effects);
    event_step(c, "done", more);
    return STEP_FINISHED;
}
