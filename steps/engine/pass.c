#include "steps/engine/run.h"

#include "aws/common/mem.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    IDLE_WAIT_MS = 60 * 60 * 1000, /* nothing waits: only a worker or a stop ends it */
    JITTER_PERCENT = 10
};

typedef enum step_status activity(struct step_context *c, struct error *err);

static activity *const activities[TASK_MODE_COUNT] = {
    [TASK_APPLY] = play_apply, [TASK_SCENE] = play_scene,   [TASK_RETIRED] = play_retired,
    [TASK_UNDO] = play_undo,   [TASK_FORGET] = play_forget, [TASK_LOOK] = play_look,
    [TASK_PLAN] = play_plan,   [TASK_CHECK] = play_check,
};

/* --- one activation, without the scheduler's mutex --- */

static enum step_status check_wait(struct step_context *c, struct error *err)
{
    const struct wait_entry *w;

    if (!c->wait_asked) {
        error_set(err, ERR_BUG, "kind %s waits without saying for what", c->step->kind->name);
        return STEP_FAILED;
    }
    w = &c->waits.items[c->waits_for];
    if (!c->wait_expired)
        return STEP_WAITING;
    error_set(err, ERR_TRY_AGAIN, "timed out after %lld s waiting for %s", (long long)(w->limit_ms / 1000),
              w->reason);
    return STEP_FAILED;
}

static void say_failure(struct step_context *c, const struct error *why)
{
    if (why->code == ERR_INTERRUPTED) {
        /* Not a failure of the step: it stays as it is and is taken up again. */
        if (c->mode == TASK_APPLY || c->mode == TASK_UNDO || c->mode == TASK_SCENE)
            event_step(c, "note", json_of("text", "interrupted; the next run goes on from here", NULL));
        return;
    }
    switch (c->mode) {
    case TASK_APPLY:
    case TASK_SCENE:
    case TASK_UNDO:
    case TASK_FORGET:
        play_failed(c, why);
        return;
    case TASK_CHECK:
        event_failed(c, why);
        return;
    case TASK_NONE:
    case TASK_RETIRED:
    case TASK_LOOK: /* kept, for whoever asked */
    case TASK_PLAN: /* said as a line of the plan */
    case TASK_MODE_COUNT:
        return;
    }
}

static enum step_status activate(struct worker *w, struct task *t, struct error *err)
{
    struct step_context *c = &t->context;
    uint64_t before = w->client ? aws_client_requests(w->client) : 0;
    enum step_status status;

    c->worker = w;
    c->wait_asked = c->wait_expired = false;
    status = activities[t->mode](c, err);
    if (status == STEP_FAILED && activation_try_later(c, err))
        status = STEP_WAITING;
    if (status == STEP_WAITING)
        status = check_wait(c, err);
    if (status == STEP_FAILED)
        say_failure(c, err);
    if (w->client)
        t->requests += aws_client_requests(w->client) - before;
    return status;
}

/* --- tasks and what they wait for; the mutex is held from here on --- */

static size_t task_index(const struct pass *p, const struct task *t)
{
    return (size_t)(t - p->tasks);
}

/* Whether a starts only after b has ended. */
static bool waits_for(const struct pass *p, size_t a, size_t b)
{
    return p->reverse ? graph_needs(p->run->plan, b, a) : graph_needs(p->run->plan, a, b);
}

static void resolve(struct pass *p, struct task *t)
{
    size_t me = task_index(p, t);

    t->state = TASK_RESOLVED;
    t->chain += t->requests;
    p->unresolved--;
    for (size_t i = 0; i < p->run->plan->step_count; i++) {
        struct task *other = &p->tasks[i];

        if (other->mode == TASK_NONE || other->state != TASK_BLOCKED || !waits_for(p, i, me))
            continue;
        if (other->chain < t->chain)
            other->chain = t->chain;
        if (--other->open_needs == 0)
            other->state = TASK_READY;
    }
}

static bool not_begun(const struct task *t)
{
    return t->mode != TASK_NONE && (t->state == TASK_BLOCKED || t->state == TASK_READY) &&
           !t->context.started;
}

/* What a failure keeps from starting. */
static void leave_out(struct pass *p, const struct task *failed)
{
    size_t me = task_index(p, failed);

    for (size_t i = 0; i < p->run->plan->step_count; i++) {
        struct task *t = &p->tasks[i];

        if (!not_begun(t) || t->always)
            continue;
        if (p->block_dependents && waits_for(p, i, me)) {
            CLEANUP(mem_freep) char *why = mem_printf("%s still needs it", failed->context.shown->id);

            if (t->mode == TASK_UNDO && t->context.step->kind->class == KIND_RESOURCE) {
                t->context.result = RESULT_SKIPPED;
                event_step(&t->context, "skipped", json_of("reason", why, NULL));
            }
        } else if (!p->stop_on_failure) {
            continue;
        }
        resolve(p, t);
    }
}

static int64_t next_delay_ms(const struct pass *p, const struct step_context *c, int64_t now_ms)
{
    const struct wait_entry *w = &c->waits.items[c->waits_for];
    double factor = 1.0 + (2.0 * random_unit(&p->run->random) - 1.0) * JITTER_PERCENT / 100.0;
    int64_t delay_ms = (int64_t)((double)w->next_delay_ms * factor);
    int64_t left_ms = w->started_ms + w->limit_ms - now_ms;

    /* The last look is at the deadline, not one delay before it. */
    return delay_ms < left_ms ? delay_ms : left_ms;
}

static void put_to_wait(struct pass *p, struct task *t)
{
    int64_t now_ms = run_now_ms(p->run);

    t->state = TASK_WAITING;
    t->context.waiting_since_ms = now_ms;
    timer_heap_push(&p->timers,
                    (struct timer){now_ms + next_delay_ms(p, &t->context, now_ms), task_index(p, t)});
}

static void count_result(struct run *run, enum task_result result)
{
    size_t *const counts[RESULT_COUNT] = {
        [RESULT_DONE] = &run->summary->done,
        [RESULT_UNCHANGED] = &run->summary->unchanged,
        [RESULT_SKIPPED] = &run->summary->skipped,
        [RESULT_FAILED] = &run->summary->failed,
    };

    pthread_mutex_lock(&run->mutex);
    if (counts[result])
        ++*counts[result];
    pthread_mutex_unlock(&run->mutex);
}

static void take_result(struct pass *p, struct task *t, enum step_status status, const struct error *why)
{
    switch (status) {
    case STEP_WAITING:
        put_to_wait(p, t);
        return;
    case STEP_FINISHED:
        resolve(p, t);
        break;
    case STEP_FAILED:
        if (why->code == ERR_INTERRUPTED) {
            p->stopping = true;
            t->state = TASK_WAITING; /* unresolved: the next run takes it up */
            return;
        }
        run_fail(p->run, why, t->context.shown->id);
        leave_out(p, t);
        resolve(p, t);
        break;
    }
    count_result(p->run, t->context.result);
}

/* In the order of the plan, so that a single worker plays it as it is written. */
static struct task *pick(struct pass *p)
{
    size_t count = p->run->plan->step_count;

    if (p->stopping)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct task *t = &p->tasks[p->run->plan->order[p->reverse ? count - 1 - i : i]];

        if (t->mode != TASK_NONE && t->state == TASK_READY)
            return t;
    }
    return NULL;
}

struct worker_start {
    struct pass *pass;
    struct worker *worker;
};

static void *work(void *argument)
{
    struct worker_start *start = argument;
    struct pass *p = start->pass;

    pthread_mutex_lock(&p->mutex);
    while (!p->over) {
        struct task *t = pick(p);
        struct error err = {0};
        enum step_status status;

        if (!t) {
            pthread_cond_wait(&p->ready, &p->mutex);
            continue;
        }
        t->state = TASK_RUNNING;
        if (!t->context.started) {
            t->context.started = true;
            t->context.started_ms = run_now_ms(p->run);
        }
        p->running++;
        pthread_mutex_unlock(&p->mutex);
        status = activate(start->worker, t, &err);
        pthread_mutex_lock(&p->mutex);
        p->running--;
        take_result(p, t, status, &err);
        pthread_cond_broadcast(&p->ready);
        clock_wake(p->wake_fd);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* --- the scheduling thread --- */

static void end_wait(struct pass *p, struct task *t)
{
    struct step_context *c = &t->context;

    c->waits.items[c->waits_for].waited_ms += run_now_ms(p->run) - c->waiting_since_ms;
    t->state = TASK_READY;
}

static void wake_due(struct pass *p, int64_t now_ms)
{
    struct timer due;
    bool any = false;

    while (timer_heap_pop_due(&p->timers, now_ms, &due)) {
        end_wait(p, &p->tasks[due.task]);
        any = true;
    }
    if (any)
        pthread_cond_broadcast(&p->ready);
}

static bool finished(const struct pass *p)
{
    return p->running == 0 && (p->unresolved == 0 || p->stopping);
}

/* Says whether the stop is asked for; a stop is heard once. */
static bool heard_stop(struct pass *p)
{
    struct epoll_event events[2];
    int count = epoll_wait(p->epoll_fd, events, 2, 0);
    bool stop = false;
    uint64_t drained;

    for (int i = 0; i < count; i++) {
        if (events[i].data.fd != p->wake_fd)
            stop = true;
        else if (read(p->wake_fd, &drained, sizeof(drained)) < 0)
            continue; /* non-blocking: somebody was faster */
    }
    if (stop)
        (void)epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, p->run->options->stop_fd, NULL);
    return stop;
}

static void schedule(struct pass *p)
{
    bool stop = false;

    pthread_mutex_lock(&p->mutex);
    for (;;) {
        struct timer next = {.due_ms = 0};
        int64_t now_ms = run_now_ms(p->run), wait_ms = IDLE_WAIT_MS;
        bool timer;

        p->stopping = p->stopping || stop;
        if (!p->stopping)
            wake_due(p, now_ms);
        if (finished(p))
            break;
        timer = !p->stopping && timer_heap_top(&p->timers, &next);
        if (timer)
            wait_ms = next.due_ms - now_ms;
        pthread_mutex_unlock(&p->mutex);
        bool woken = clock_wait(wait_ms, p->epoll_fd);

        stop = woken && heard_stop(p);
        pthread_mutex_lock(&p->mutex);
        /* The time was waited for, whatever a held clock shows. */
        if (timer && !woken && !p->stopping)
            wake_due(p, next.due_ms);
    }
    p->over = true;
    pthread_cond_broadcast(&p->ready);
    pthread_mutex_unlock(&p->mutex);
}

/* Signals are the main thread's: a worker is never the one to be interrupted. */
static bool start_workers(struct pass *p, struct worker_start *starts, size_t *started, struct error *err)
{
    sigset_t all, old;
    int failed = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (*started = 0; *started < p->run->worker_count && !failed; *started += !failed) {
        starts[*started] = (struct worker_start){p, &p->run->workers[*started]};
        failed = pthread_create(&starts[*started].worker->thread, NULL, work, &starts[*started]);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return *started > 0 || error_set(err, ERR_IO, "start a worker: error %d", failed);
}

static bool open_wake(struct pass *p, struct error *err)
{
    int stop_fd = p->run->options->stop_fd;
    struct epoll_event event = {.events = EPOLLIN};

    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->wake_fd < 0 || p->epoll_fd < 0)
        return error_os(err, "prepare to wait");
    event.data.fd = p->wake_fd;
    if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->wake_fd, &event) < 0)
        return error_os(err, "prepare to wait");
    event.data.fd = stop_fd;
    if (stop_fd >= 0 && epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, stop_fd, &event) < 0)
        return error_os(err, "prepare to be stopped");
    return true;
}

void pass_init(struct pass *p, struct run *run)
{
    *p = (struct pass){.run = run, .wake_fd = -1, .epoll_fd = -1};
    p->tasks = mem_array(run->plan->step_count, sizeof(*p->tasks));
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->ready, NULL);
}

static void prepare_tasks(struct pass *p)
{
    const struct plan *plan = p->run->plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        struct task *t = &p->tasks[i];
        const struct plan_step *step = &plan->steps[i];

        if (t->mode == TASK_NONE)
            continue;
        p->unresolved++;
        for (size_t n = 0; n < plan->step_count; n++)
            t->open_needs += p->tasks[n].mode != TASK_NONE && waits_for(p, i, n);
        t->state = t->open_needs == 0 ? TASK_READY : TASK_BLOCKED;
        t->context.run = p->run;
        t->context.mode = t->mode;
        t->context.shown = step;
        t->context.step = step->undoes ? step->undoes : step;
        t->context.started_ms = run_now_ms(p->run);
    }
}

/* Chains and waits become the run's. */
static void add_up(struct pass *p)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < p->run->plan->step_count; i++) {
        const struct task *t = &p->tasks[i];

        if (t->chain > longest)
            longest = t->chain;
        for (size_t w = 0; w < t->context.waits.count; w++) {
            const struct wait_entry *e = &t->context.waits.items[w];
            CLEANUP(mem_freep) char *key = mem_printf("%s\n%s", t->context.shown->id, e->reason);
            size_t at = wait_list_at(&p->run->waits_total, key);

            p->run->waits_total.items[at].waited_ms += e->waited_ms;
        }
    }
    p->run->chain += longest;
}

bool pass_run(struct pass *p)
{
    CLEANUP(mem_freep) struct worker_start *starts = mem_array(p->run->worker_count, sizeof(*starts));
    struct error err = {0};
    size_t started = 0;
    bool complete;

    prepare_tasks(p);
    if (p->unresolved == 0)
        return true;
    if (!open_wake(p, &err)) {
        run_fail(p->run, &err, NULL);
        return false;
    }
    p->stopping = heard_stop(p); /* asked for before the first step */
    if (!start_workers(p, starts, &started, &err)) {
        run_fail(p->run, &err, NULL);
        return false;
    }
    schedule(p);
    for (size_t i = 0; i < started; i++)
        pthread_join(starts[i].worker->thread, NULL);
    complete = p->unresolved == 0;
    add_up(p);
    if (!complete) {
        error_set(&err, ERR_INTERRUPTED,
                  "interrupted; what is done is kept, the same command goes on from here");
        run_fail(p->run, &err, NULL);
    }
    return complete;
}

void pass_release(struct pass *p)
{
    if (!p->tasks)
        return;
    for (size_t i = 0; i < p->run->plan->step_count; i++)
        activation_release(&p->tasks[i].context);
    mem_free(p->tasks);
    timer_heap_release(&p->timers);
    if (p->wake_fd >= 0)
        close(p->wake_fd);
    if (p->epoll_fd >= 0)
        close(p->epoll_fd);
    pthread_cond_destroy(&p->ready);
    pthread_mutex_destroy(&p->mutex);
    *p = (struct pass){.wake_fd = -1, .epoll_fd = -1};
}
