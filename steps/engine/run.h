/* What the files of the engine share: the state of one run, of one step in it
 * and of one activation. Inside steps/engine only.
 *
 * A run is a few passes over the plan (look at what is needed, then act). In a
 * pass each step has at most one task. A worker owns the context of the task
 * it runs; what a finished task left in struct step_run is read by the tasks
 * that wait for it, which the scheduler starts later under its mutex. */
#ifndef STEPS_ENGINE_RUN_H
#define STEPS_ENGINE_RUN_H

#include "steps/engine/engine.h"
#include "steps/engine/graph.h"
#include "steps/engine/heap.h"

#include <pthread.h>

struct run;

enum task_mode {
    TASK_NONE,
    TASK_APPLY,   /* make it so; lookups and tests: look, try */
    TASK_SCENE,   /* an undo step: undo the step it names */
    TASK_RETIRED, /* only say that it is skipped */
    TASK_UNDO,    /* unmake */
    TASK_FORGET,  /* an undo step when all is undone: there is no scene any more */
    TASK_LOOK,    /* observe without a word; an undo step: what it would undo */
    TASK_PLAN,    /* observe and say what up would do */
    TASK_CHECK,   /* verdict */
    TASK_MODE_COUNT
};

/* How a task ended, for the summary. */
enum task_result { RESULT_NONE, RESULT_DONE, RESULT_UNCHANGED, RESULT_SKIPPED, RESULT_FAILED, RESULT_COUNT };

/* One reason a step waits or waited for. */
struct wait_entry {
    char *reason;
    int64_t started_ms, next_delay_ms, said_ms, limit_ms;
    int64_t usual_ms;  /* the deadline outside of a check */
    int64_t waited_ms; /* sum */
};

struct wait_list {
    struct wait_entry *items;
    size_t count, cap;
};

struct worker {
    struct run *run;
    struct aws_client *client; /* made at the first call */
    pthread_t thread;
};

struct step_context {
    struct run *run;
    struct worker *worker;
    const struct plan_step *step;  /* whose kind, id, arguments and memo: an undo step's is the undone one */
    const struct plan_step *shown; /* the step that events name */
    const struct step_kind *kind;  /* set by activation_begin */
    enum task_mode mode;
    bool started;  /* a worker has had it */
    bool begun;    /* arguments are resolved */
    bool vague;    /* something it needs has no outputs yet: null in its arguments */
    bool applying; /* the look decided: from here on only apply */
    bool acting;   /* effects are allowed */
    bool forced;   /* a test that is run although it was passed */
    struct json *with, *recorded, *memo, *scratch, *outputs;
    struct observation seen;
    struct credential_provider *assumed; /* AS_ROLE; NULL before step_assume */
    int64_t started_ms, waiting_since_ms;
    uint64_t effects;
    size_t settled; /* intents of earlier runs that this one has closed */
    bool waited;
    struct wait_list waits;
    size_t waits_for;  /* index of the running wait in waits */
    bool wait_asked;   /* step_wait was called in this activation */
    bool wait_expired; /* its deadline is over */
    int troubles;      /* how often AWS had trouble of its own, see activation_try_later */
    enum task_result result;
};

enum task_state { TASK_BLOCKED, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_RESOLVED };

struct task {
    enum task_mode mode;
    enum task_state state;
    bool always; /* runs also after a failure: it puts back what the run changed */
    size_t open_needs;
    uint64_t requests, chain; /* own; own and of the longest chain before it */
    struct step_context context;
};

/* Memo of an undo step that has begun to undo. */
#define SCENE_BEGUN "begun"

/* One step in this run. */
struct step_run {
    struct store_step recorded;
    struct json *outputs; /* of this run; NULL: recorded ones hold */
    bool retired;         /* a scene that was played has retired it */
    bool in_effect;       /* undo step: its scene was played and nothing was changed since */
    bool begun;           /* undo step: a run died in its scene */
    bool changed;         /* made, changed, undone or tried in this run */
    bool looked;          /* seen holds */
    struct observation seen;
    bool look_failed; /* look_error holds */
    struct error look_error;
};

struct secret_entry {
    char *handle;
    struct secret value;
};

struct run {
    const struct engine_options *options;
    const struct engine_request *request;
    const struct plan *plan;
    struct engine_summary *summary;
    struct step_run *steps; /* plan->step_count */
    struct worker *workers;
    size_t worker_count;
    struct random random; /* options' one behind a lock */
    int64_t started_ms, started_wall_ms;
    uint64_t chain;               /* of the passes so far */
    struct wait_list waits_total; /* reason: "STEP\nREASON" */
    struct error first;           /* code ERR_NONE: none yet */

    pthread_mutex_t mutex;      /* summary, waits_total, first, statements */
    pthread_mutex_t emit_mutex; /* events one at a time */
    pthread_mutex_t random_mutex;
    pthread_mutex_t secrets_mutex; /* recursive: a reissue may need another secret */
    struct secret_entry *secrets;
    size_t secret_count, secret_cap;
};

/* --- pass.c: the scheduler --- */

struct pass {
    struct run *run;
    struct task *tasks;    /* plan->step_count; mode NONE: not in this pass */
    bool reverse;          /* needs are started after those who need them */
    bool stop_on_failure;  /* no new step starts */
    bool block_dependents; /* those that wait for the failed one are left out */

    /* The rest is the scheduler's. */
    pthread_mutex_t mutex;
    pthread_cond_t ready;
    struct timer_heap timers;
    size_t unresolved, running;
    bool stopping; /* interrupted: nothing new */
    bool over;     /* workers end */
    int wake_fd;   /* eventfd: a worker has changed something */
    int epoll_fd;  /* wake_fd and the run's stop_fd in one */
};

void pass_init(struct pass *p, struct run *run);
void pass_release(struct pass *p);
/** Runs every task whose mode is set. False when it was interrupted or cannot
 * start; failures of steps are in run->first alone. */
MUST_USE bool pass_run(struct pass *p);

/* --- activities: one activation each, on a worker --- */
enum step_status play_apply(struct step_context *c, struct error *err);   /* apply.c */
enum step_status play_retired(struct step_context *c, struct error *err); /* apply.c */
enum step_status play_scene(struct step_context *c, struct error *err);   /* undo.c */
enum step_status play_undo(struct step_context *c, struct error *err);    /* undo.c */
enum step_status play_forget(struct step_context *c, struct error *err);  /* undo.c */
enum step_status play_look(struct step_context *c, struct error *err);    /* look.c */
enum step_status play_plan(struct step_context *c, struct error *err);    /* look.c */
enum step_status play_check(struct step_context *c, struct error *err);   /* look.c */
/** Of a step that acts: records the failure and says it. */
void play_failed(struct step_context *c, const struct error *why); /* apply.c */

/* --- activation.c --- */
struct step_run *activation_run(const struct step_context *c);       /* of the step it acts on */
struct step_run *activation_shown_run(const struct step_context *c); /* of the step events name */
/** Resolves the arguments. lenient: what is missing is null and vague is set. */
MUST_USE bool activation_begin(struct step_context *c, bool lenient, struct error *err);
void activation_release(struct step_context *c);
/** Observes with outputs gathered. A lookup that is absent, differs or cannot
 * be told fails. */
MUST_USE bool activation_observe(struct step_context *c, struct error *err);
/** Adds the handles of the kind's secret outputs. */
void activation_add_handles(struct step_context *c);
/** Makes the outputs those of the step in this run. */
void activation_publish(struct step_context *c);
/** Stores state, outputs and memo when they are not stored like that already
 * (always: in any case). */
MUST_USE bool activation_record(struct step_context *c, enum store_state state, bool always,
                                struct error *err);
/** Settles what is still open of the step: how is "adopted", "redone", "undone". */
MUST_USE bool activation_settle(struct step_context *c, const char *how, struct error *err);
/** step_save_memo outside of an effect. */
MUST_USE bool activation_keep_memo(struct step_context *c, struct error *err);
struct aws_client *activation_client(struct step_context *c, struct error *err); /* NULL: err is set */
/** After such a failure: asks to come again. The step then looks before it
 * acts, so that what was done without our hearing of it is met and not done
 * twice. False when err is of another sort or it was often enough. */
bool activation_try_later(struct step_context *c, const struct error *err);
/** Finds the entry of a reason, or adds one. */
size_t wait_list_at(struct wait_list *w, const char *reason);
void wait_list_release(struct wait_list *w);

/* --- run.c --- */
int64_t run_now_ms(const struct run *run);                                    /* monotonic */
void run_fail(struct run *run, const struct error *why, const char *step_id); /* keeps the first */

/* --- secret.c --- */
void secrets_release(struct run *run);
void secrets_put(struct run *run, const char *handle, struct str value);

/* --- event.c --- */
/** A step event; more's members are added. more is taken over, may be NULL. */
void event_step(const struct step_context *c, const char *state, struct json *more);
void event_failed(const struct step_context *c, const struct error *why);
void event_summary(struct run *run);

#endif
