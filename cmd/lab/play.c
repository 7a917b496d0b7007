/* The commands that play a plan: up, down, run, undo, plan, check. */
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/guard.h"
#include "cmd/lab/prove.h"
#include "cmd/lab/session.h"
#include "steps/kinds/table.h"

/* What each of them needs. */
struct play {
    const char *command;
    enum engine_action action;
    bool locks;       /* changes checkpoints: one at a time */
    const char *verb; /* what it does to steps, for who is asked first; NULL: only reads */
};

/* Step ids to indexes. */
static bool pick_steps(const struct plan *plan, const char *const *words, size_t count, size_t *steps,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *near = NULL;
        const struct plan_step *step = plan_find(plan, str_of(words[i]), &near);
        if (!step && near)
            return error_set(err, ERR_USAGE, "the plan has no step \"%s\" (did you mean %s?)", words[i],
                             near);
        if (!step)
            return error_set(err, ERR_USAGE, "the plan has no step \"%s\"", words[i]);
        steps[i] = plan_index(plan, step);
    }
    return true;
}

static bool agreed(struct session *s, const struct play *play, const struct engine_request *request,
                   struct error *err)
{
    CLEANUP(buf_release) struct buf what = {0};

    if (!play->verb)
        return true;
    /* --until names where to stop, not what alone is made. */
    guard_describe(s, play->verb, request->steps, play->action == ENGINE_UP ? 0 : request->step_count, &what);
    return guard_agree(s, play->command, NULL, buf_text(&what), err);
}

static bool play_opened(struct session *s, const struct play *play, const struct engine_request *request,
                        int *status, struct error *err)
{
    struct engine_summary summary = {0};

    return session_connect(s, err) && agreed(s, play, request, err) &&
           session_open_store(s, play->locks ? play->command : NULL, err) &&
           session_run(s, play->command, step_kinds, request, &summary, status, err);
}

static bool play(const struct play *play, const struct options *o, const char *const *words, size_t count,
                 int *status, struct error *err)
{
    struct session s = {.stop_fd = -1,
                        .afterwards = play->action == ENGINE_DOWN && o->prove ? prove_nothing_left : NULL};
    CLEANUP(mem_freep) size_t *steps = mem_array(count + 1, sizeof *steps);
    struct engine_request request = {
        .action = play->action, .steps = steps, .step_count = count, .with_needs = o->with_needs};

    bool ok = session_load_plan(&s, o, err) && pick_steps(&s.plan, words, count, steps, err) &&
              play_opened(&s, play, &request, status, err);
    session_release(&s);
    return ok;
}

COMMAND(up)
{
    static const struct play p = {"up", ENGINE_UP, true, "make or change what is missing of"};
    (void)words;
    (void)count;
    return play(&p, o, &o->until, o->until ? 1 : 0, status, err);
}

COMMAND(down)
{
    static const struct play p = {"down", ENGINE_DOWN, true, "undo what is ours of"};
    return play(&p, o, words, count, status, err);
}

COMMAND(run)
{
    static const struct play p = {"run", ENGINE_RUN, true, "make or change"};
    return play(&p, o, words, count, status, err);
}

COMMAND(undo)
{
    static const struct play p = {"undo", ENGINE_UNDO, true, "undo what is ours of"};
    return play(&p, o, words, count, status, err);
}

COMMAND(plan)
{
    static const struct play p = {"plan", ENGINE_PLAN, false, NULL};
    return play(&p, o, words, count, status, err);
}

COMMAND(check)
{
    static const struct play p = {"check", ENGINE_CHECK, true, NULL};
    return play(&p, o, words, count, status, err);
}
