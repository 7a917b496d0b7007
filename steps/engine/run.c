#include "steps/engine/run.h"

#include "aws/common/mem.h"

#include <stdio.h>

int64_t run_now_ms(const struct run *run)
{
    return clock_monotonic_ms(&run->options->clock);
}

void run_fail(struct run *run, const struct error *why, const char *step_id)
{
    pthread_mutex_lock(&run->mutex);
    if (run->first.code == ERR_NONE) {
        run->first = *why;
        /* A reference that cannot be resolved names the step already. */
        if (step_id && !str_starts(str_of(why->message), STR("step ")))
            error_wrap(&run->first, "step %s", step_id);
    }
    pthread_mutex_unlock(&run->mutex);
}

/* --- what was before --- */

/* All that the undo step retires was done before it began. */
static bool all_played(const struct run *run, size_t undo)
{
    for (size_t i = 0; i < run->plan->step_count; i++) {
        enum store_state state = run->steps[i].recorded.state;

        if (graph_retires(run->plan, undo, i) && state != STORE_DONE && state != STORE_RETIRED)
            return false;
    }
    return true;
}

/* A scene is in effect from the undo step's own record on, until the step it
 * undid is undone for good. The rows of the others may be missing: the run
 * died while it wrote them. A scene in which a run died has begun: what it
 * undoes may be gone already, and is not made again only to go once more. */
static void find_scenes(struct run *run)
{
    const struct plan *plan = run->plan;

    for (size_t u = 0; u < plan->step_count; u++) {
        const struct plan_step *undo = &plan->steps[u];
        enum store_state state = run->steps[u].recorded.state;

        run->steps[u].in_effect = undo->undoes && (state == STORE_DONE || state == STORE_RETIRED) &&
                                  run->steps[plan_index(plan, undo->undoes)].recorded.state != STORE_UNDONE;
        for (size_t s = 0; s < plan->step_count && run->steps[u].in_effect; s++)
            if (graph_retires(run->plan, u, s))
                run->steps[s].retired = true;
        run->steps[u].begun = undo->undoes && state == STORE_NONE &&
                              json_bool(json_get(run->steps[u].recorded.memo, SCENE_BEGUN), false) &&
                              all_played(run, u);
    }
}

static bool load_records(struct run *run)
{
    struct error err;

    for (size_t i = 0; i < run->plan->step_count; i++) {
        if (!store_get_step(run->options->store, run->plan->steps[i].id, &run->steps[i].recorded, &err)) {
            run_fail(run, &err, NULL);
            return false;
        }
    }
    find_scenes(run);
    return true;
}

/* --- sets of steps --- */

static bool *new_set(const struct run *run)
{
    return mem_array(run->plan->step_count, sizeof(bool));
}

/* Those that were named; all when none was. */
static bool *named_steps(const struct run *run)
{
    bool *set = new_set(run);

    for (size_t i = 0; i < run->request->step_count; i++)
        set[run->request->steps[i]] = true;
    for (size_t i = 0; i < run->plan->step_count && run->request->step_count == 0; i++)
        set[i] = true;
    return set;
}

static enum kind_class class_of(const struct run *run, size_t step)
{
    return run->plan->steps[step].kind->class;
}

static bool is_undo(const struct run *run, size_t step)
{
    return run->plan->steps[step].undoes != NULL;
}

/* Looks at every step of the set that a look can tell something about. */
static bool look_at(struct run *run, const bool *set)
{
    struct pass pass;
    bool ok;

    pass_init(&pass, run);
    for (size_t i = 0; i < run->plan->step_count; i++)
        if (set[i] && class_of(run, i) != KIND_TEST)
            pass.tasks[i].mode = TASK_LOOK;
    ok = pass_run(&pass);
    pass_release(&pass);
    return ok;
}

/* --- up --- */

/* Skipped: retired, or of a scene that has begun and is played to its end. */
static bool is_over(const struct run *run, const bool *set, size_t step)
{
    if (run->steps[step].retired)
        return true;
    for (size_t u = 0; u < run->plan->step_count; u++)
        if (set[u] && run->steps[u].begun && graph_retires(run->plan, u, step))
            return true;
    return false;
}

static void act_up(struct run *run)
{
    CLEANUP(mem_freep) bool *set = named_steps(run);
    struct pass pass;

    graph_add_needs(run->plan, set);
    pass_init(&pass, run);
    pass.stop_on_failure = true;
    for (size_t i = 0; i < run->plan->step_count; i++) {
        if (!set[i])
            continue;
        pass.tasks[i].mode = is_undo(run, i) ? TASK_SCENE : TASK_APPLY;
        if (is_over(run, set, i))
            pass.tasks[i].mode = TASK_RETIRED;
    }
    /* A failure is in run->first, and so is an interruption. */
    (void)!pass_run(&pass);
    pass_release(&pass);
}

/* --- run --- */

/* Whether the world, as it was looked at, lacks a needed step. What a student
 * made by hand is not lacking. An undo step is lacking while what it undoes is
 * there. A test leaves nothing behind, so it cannot be missing. */
static bool is_missing(const struct run *run, size_t step)
{
    const struct step_run *s = &run->steps[step];

    if (!s->looked)
        return false;
    if (!is_undo(run, step))
        return s->seen.state == OBSERVED_ABSENT;
    return s->seen.state == OBSERVED_PRESENT || s->seen.state == OBSERVED_DIFFERS;
}

static bool judge_needs(struct run *run, const bool *needed, bool *missing)
{
    CLEANUP(buf_release) struct buf names = {0};
    size_t count = 0;
    struct error err;

    for (size_t i = 0; i < run->plan->step_count; i++) {
        size_t at = run->plan->order[i];

        missing[at] = false;
        if (!needed[at])
            continue;
        if (run->steps[at].look_failed) {
            run_fail(run, &run->steps[at].look_error, run->plan->steps[at].id);
            return false;
        }
        missing[at] = is_missing(run, at);
        if (missing[at])
            buf_printf(&names, "%s%s", count++ > 0 ? ", " : "", run->plan->steps[at].id);
    }
    if (count == 0 || run->request->with_needs)
        return true;
    error_set(&err, ERR_FAILED, "needed first: %s; run %s, or add --with-needs", buf_text(&names),
              count == 1 ? "it" : "them");
    run_fail(run, &err, NULL);
    return false;
}

/* Undo steps to be played again at the end: they had retired something that is
 * run again. Taken back in the store first, so that a run that dies in between
 * leaves a scene that the next one plays to its end. */
static bool reopen_scenes(struct run *run, const bool *targets, const bool *included, bool *again)
{
    const struct plan *plan = run->plan;
    struct error err;

    for (size_t u = 0; u < plan->step_count; u++) {
        struct step_run *s = &run->steps[u];

        again[u] = false;
        if (!s->in_effect || targets[u])
            continue;
        for (size_t i = 0; i < plan->step_count && !again[u]; i++)
            again[u] = included[i] && !is_undo(run, i) && graph_retires(run->plan, u, i);
        if (!again[u])
            continue;
        if (!store_put_step(run->options->store, plan->steps[u].id, STORE_UNDONE, NULL, NULL, NULL, &err)) {
            run_fail(run, &err, plan->steps[u].id);
            return false;
        }
        s->recorded.state = STORE_UNDONE;
        s->in_effect = false;
    }
    return true;
}

/* Tests among the needs are tried again when what they try is made again. */
static void add_tests(const struct run *run, const bool *needed, bool *included)
{
    for (size_t i = 0; i < run->plan->step_count; i++) {
        size_t at = run->plan->order[i];

        if (!needed[at] || is_undo(run, at) || class_of(run, at) != KIND_TEST)
            continue;
        for (size_t n = 0; n < run->plan->step_count && !included[at]; n++)
            included[at] = included[n] && graph_needs(run->plan, at, n);
    }
}

static void play(struct run *run, const bool *targets, const bool *included, const bool *again)
{
    struct pass pass;

    pass_init(&pass, run);
    pass.stop_on_failure = true;
    for (size_t i = 0; i < run->plan->step_count; i++) {
        struct task *t = &pass.tasks[i];

        if (!included[i] && !again[i])
            continue;
        t->mode = is_undo(run, i) ? TASK_SCENE : TASK_APPLY;
        t->always = again[i];
        t->context.forced = targets[i];
        if (is_undo(run, i))
            run->steps[i].in_effect = false;
    }
    (void)!pass_run(&pass);
    pass_release(&pass);
}

/* Retired needs are of the scene that the target plays in: they are not
 * missing but made again, and unmade at the end. */
static void act_run(struct run *run)
{
    size_t count = run->plan->step_count;
    CLEANUP(mem_freep) bool *targets = named_steps(run);
    CLEANUP(mem_freep) bool *needed = new_set(run);
    CLEANUP(mem_freep) bool *look = new_set(run);
    CLEANUP(mem_freep) bool *included = new_set(run);
    CLEANUP(mem_freep) bool *again = new_set(run);

    graph_needed(run->plan, targets, needed);
    for (size_t i = 0; i < count; i++)
        look[i] = needed[i] && !run->steps[i].retired && !run->steps[i].in_effect;
    if (!look_at(run, look) || !judge_needs(run, needed, included))
        return;
    for (size_t i = 0; i < count; i++)
        included[i] =
            included[i] || targets[i] ||
            (needed[i] && run->steps[i].retired && !is_undo(run, i) && class_of(run, i) != KIND_TEST);
    add_tests(run, needed, included);
    if (reopen_scenes(run, targets, included, again))
        play(run, targets, included, again);
}

/* --- down and undo --- */

/* The outputs of needs come from the store, else from a look: so the undo
 * works without any checkpoint. What cannot be seen stays unknown. */
static bool look_for_outputs(struct run *run, const bool *targets)
{
    CLEANUP(mem_freep) bool *look = new_set(run);

    memcpy(look, targets, run->plan->step_count * sizeof(*look));
    graph_add_needs(run->plan, look);
    for (size_t i = 0; i < run->plan->step_count; i++)
        look[i] = look[i] && !is_undo(run, i) && !run->steps[i].recorded.outputs;
    return look_at(run, look);
}

static void act_undo(struct run *run)
{
    CLEANUP(mem_freep) bool *targets = named_steps(run);
    struct pass pass;
    struct error err;

    for (size_t i = 0; i < run->plan->step_count && run->request->action == ENGINE_UNDO; i++) {
        if (targets[i] && is_undo(run, i)) {
            error_set(&err, ERR_USAGE, "%s is itself an undo; to have %s again, run it",
                      run->plan->steps[i].id, run->plan->steps[i].undoes->id);
            run_fail(run, &err, NULL);
            return;
        }
    }
    if (!look_for_outputs(run, targets))
        return;
    pass_init(&pass, run);
    pass.reverse = true;
    pass.block_dependents = true;
    for (size_t i = 0; i < run->plan->step_count; i++)
        if (targets[i])
            pass.tasks[i].mode = is_undo(run, i) ? TASK_FORGET : TASK_UNDO;
    (void)!pass_run(&pass);
    pass_release(&pass);
}

/* --- plan and check --- */

static void act_plan(struct run *run)
{
    CLEANUP(mem_freep) bool *set = named_steps(run);
    struct pass pass;

    graph_add_needs(run->plan, set);
    pass_init(&pass, run);
    for (size_t i = 0; i < run->plan->step_count; i++)
        if (set[i])
            pass.tasks[i].mode = TASK_PLAN;
    (void)!pass_run(&pass);
    pass_release(&pass);
}

static void act_check(struct run *run)
{
    CLEANUP(mem_freep) bool *targets = named_steps(run);
    CLEANUP(mem_freep) bool *needed = new_set(run);
    bool all = run->request->step_count == 0;
    struct pass pass;

    graph_needed(run->plan, targets, needed);
    for (size_t i = 0; i < run->plan->step_count; i++)
        needed[i] = needed[i] && !run->steps[i].retired && !is_undo(run, i);
    if (!look_at(run, needed))
        return;
    pass_init(&pass, run);
    for (size_t i = 0; i < run->plan->step_count; i++) {
        if (!targets[i])
            continue;
        pass.tasks[i].mode = all && run->steps[i].retired ? TASK_RETIRED : TASK_CHECK;
    }
    (void)!pass_run(&pass);
    pass_release(&pass);
}

/* --- the run --- */

static void locked_fill(void *self, void *out, size_t len)
{
    struct run *run = self;

    pthread_mutex_lock(&run->random_mutex);
    run->options->random.fill(run->options->random.self, out, len);
    pthread_mutex_unlock(&run->random_mutex);
}

static void run_init(struct run *run, const struct engine_options *options,
                     const struct engine_request *request, struct engine_summary *summary)
{
    pthread_mutexattr_t recursive;

    *run = (struct run){.options = options, .request = request, .plan = options->plan, .summary = summary};
    *summary = (struct engine_summary){0};
    run->random = (struct random){locked_fill, run};
    run->steps = mem_array(run->plan->step_count, sizeof(*run->steps));
    run->worker_count = options->jobs < 1 ? 1 : options->jobs > 64 ? 64 : options->jobs;
    if (run->worker_count > run->plan->step_count && run->plan->step_count > 0)
        run->worker_count = run->plan->step_count;
    run->workers = mem_array(run->worker_count, sizeof(*run->workers));
    for (size_t i = 0; i < run->worker_count; i++)
        run->workers[i].run = run;
    pthread_mutex_init(&run->mutex, NULL);
    pthread_mutex_init(&run->emit_mutex, NULL);
    pthread_mutex_init(&run->random_mutex, NULL);
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&run->secrets_mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    run->started_ms = run_now_ms(run);
    run->started_wall_ms = clock_wall_ms(&options->clock);
    run->chain = options->requests_before;
    store_set_scope(options->store, &(struct store_scope){options->account, options->region, run->plan->lab,
                                                          options->learner});
    store_set_run(options->store, options->run_id);
}

static void run_release(struct run *run)
{
    for (size_t i = 0; i < run->plan->step_count; i++) {
        store_step_release(&run->steps[i].recorded);
        json_free(run->steps[i].outputs);
    }
    for (size_t i = 0; i < run->worker_count; i++)
        aws_client_free(run->workers[i].client);
    secrets_release(run);
    wait_list_release(&run->waits_total);
    mem_free(run->workers);
    mem_free(run->steps);
    pthread_mutex_destroy(&run->secrets_mutex);
    pthread_mutex_destroy(&run->random_mutex);
    pthread_mutex_destroy(&run->emit_mutex);
    pthread_mutex_destroy(&run->mutex);
}

static void sum_up(struct run *run)
{
    struct engine_summary *s = run->summary;

    if (run->options->shared) {
        struct aws_totals t = aws_shared_totals(run->options->shared);

        s->requests = t.requests;
        s->mutating = t.mutating;
        s->bytes_sent = t.bytes_sent;
        s->bytes_received = t.bytes_received;
    }
    s->chain_requests = run->chain;
    s->wall_ms = run_now_ms(run) - run->started_ms;
    event_summary(run);
}

bool engine_run(const struct engine_options *options, const struct engine_request *request,
                struct engine_summary *summary, struct error *err)
{
    static void (*const acts[])(struct run * run) = {
        [ENGINE_UP] = act_up,     [ENGINE_RUN] = act_run,   [ENGINE_DOWN] = act_undo,
        [ENGINE_UNDO] = act_undo, [ENGINE_PLAN] = act_plan, [ENGINE_CHECK] = act_check,
    };
    struct run run;
    bool ok;

    run_init(&run, options, request, summary);
    if (load_records(&run))
        acts[request->action](&run);
    sum_up(&run);
    ok = run.first.code == ERR_NONE;
    if (!ok)
        *err = run.first;
    run_release(&run);
    return ok;
}
