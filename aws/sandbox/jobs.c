/* Blocking work beside the loop: few threads, made when needed. The world
 * belongs to the loop, so threads hand over what touches it and wait. */
#include "aws/sandbox/core.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREAD_LIMIT = 8 };

struct job {
    struct job *next;
    void (*work)(struct sandbox *s, void *arg);
    void (*done)(struct sandbox *s, void *arg);
    void *arg;
};

/* A call from a job thread, on that thread's stack until it is answered. */
struct inside_call {
    struct inside_call *next;
    const char *key, *user_agent, *service, *operation;
    const struct json *in;
    struct json *out;
    struct error *err;
    bool ok, answered;
};

struct jobs {
    struct sandbox *sandbox;
    pthread_mutex_t lock;
    pthread_cond_t wanted;                /* a job waits, or stopping */
    pthread_cond_t answered;              /* an inside call has its answer */
    struct job *first, *last;             /* waiting for a thread */
    struct job *finished, *finished_last; /* waiting for the loop */
    struct inside_call *calls, *calls_last;
    pthread_t threads[THREAD_LIMIT];
    size_t thread_count, idle, outstanding;
    bool stopping;
    int event;
    int ending; /* eventfd, written once when stopping, never read */
};

static void signal_loop(struct jobs *j)
{
    clock_wake(j->event);
}

struct jobs *jobs_new(struct sandbox *s)
{
    struct jobs *j = mem_alloc(sizeof *j);

    j->sandbox = s;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wanted, NULL);
    pthread_cond_init(&j->answered, NULL);
    j->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    j->ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return j;
}

int jobs_fd(const struct jobs *j)
{
    return j->event;
}

static void *thread_main(void *arg)
{
    struct jobs *j = arg;

    pthread_mutex_lock(&j->lock);
    while (true) {
        struct job *job;

        while (!j->first && !j->stopping) {
            j->idle++;
            pthread_cond_wait(&j->wanted, &j->lock);
            j->idle--;
        }
        job = j->first;
        if (!job)
            break;
        j->first = job->next;
        if (!j->first)
            j->last = NULL;
        pthread_mutex_unlock(&j->lock);
        job->work(j->sandbox, job->arg);
        pthread_mutex_lock(&j->lock);
        job->next = NULL;
        if (j->finished_last)
            j->finished_last->next = job;
        else
            j->finished = job;
        j->finished_last = job;
        signal_loop(j);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

void sandbox_job(struct sandbox *s, void (*work)(struct sandbox *s, void *arg),
                 void (*done)(struct sandbox *s, void *arg), void *arg)
{
    struct jobs *j = s->jobs;
    struct job *job = mem_alloc(sizeof *job);

    *job = (struct job){NULL, work, done, arg};
    pthread_mutex_lock(&j->lock);
    if (j->last)
        j->last->next = job;
    else
        j->first = job;
    j->last = job;
    j->outstanding++;
    if (!j->stopping && j->idle == 0 && j->thread_count < THREAD_LIMIT &&
        pthread_create(&j->threads[j->thread_count], NULL, thread_main, j) == 0)
        j->thread_count++;
    pthread_cond_signal(&j->wanted);
    pthread_mutex_unlock(&j->lock);
}

/** The one way into the world: in the loop. */
static void answer(struct jobs *j, struct inside_call *call)
{
    bool ok = sandbox_internal_call(j->sandbox, call->key, call->user_agent, call->service, call->operation,
                                    call->in, &call->out, call->err);

    /* The thread may act on the answer where it cannot be taken back (a new
     * password in the database): first it has to be kept. */
    if (!sandbox_keep(j->sandbox) && ok)
        ok = error_set(call->err, ERR_IO, "the sandbox cannot keep its world");
    pthread_mutex_lock(&j->lock);
    call->ok = ok;
    call->answered = true;
    pthread_cond_broadcast(&j->answered);
    pthread_mutex_unlock(&j->lock);
}

static bool ask_loop(struct jobs *j, struct inside_call *call)
{
    pthread_mutex_lock(&j->lock);
    if (j->stopping) {
        pthread_mutex_unlock(&j->lock);
        return error_set(call->err, ERR_INTERRUPTED, "the sandbox is ending");
    }
    if (j->calls_last)
        j->calls_last->next = call;
    else
        j->calls = call;
    j->calls_last = call;
    signal_loop(j);
    while (!call->answered)
        pthread_cond_wait(&j->answered, &j->lock);
    pthread_mutex_unlock(&j->lock);
    return call->ok;
}

struct inside_result {
    struct json *out;
    struct error *err;
    bool ok, ended;
};

static void inside_done(struct work *w)
{
    struct inside_result *result = w->arg;

    result->ended = true;
    result->ok = w->ok;
    if (w->ok) {
        result->out = w->call.out;
        w->call.out = NULL;
    } else {
        *result->err = w->err;
    }
}

bool sandbox_internal_call(struct sandbox *s, const char *session_access_key_id, const char *user_agent,
                           const char *service, const char *operation, const struct json *in,
                           struct json **out, struct error *err)
{
    struct inside_result result = {.err = err};
    struct work *w;

    if (out)
        *out = NULL;
    if (!sandbox_in_loop(s)) {
        struct inside_call call = {.key = session_access_key_id,
                                   .user_agent = user_agent,
                                   .service = service,
                                   .operation = operation,
                                   .in = in,
                                   .err = err};
        bool ok = ask_loop(s->jobs, &call);

        if (ok && out)
            *out = call.out;
        else
            json_free(call.out);
        return ok;
    }
    w = work_new(s, NULL, inside_done, &result);
    (void)snprintf(w->call.user_agent, sizeof w->call.user_agent, "%s", user_agent ? user_agent : "");
    dispatch_inside(w, session_access_key_id, service, operation, in ? json_copy(in) : json_object());
    if (!result.ended) {
        /* The answer would come by this very loop. */
        w->done = work_free;
        return error_set(err, ERR_BUG, "%s: a call that ends later cannot be made from the loop", operation);
    }
    work_free(w);
    if (result.ok && out)
        *out = result.out;
    else
        json_free(result.out);
    return result.ok;
}

static struct inside_call *next_call(struct jobs *j)
{
    struct inside_call *call;

    pthread_mutex_lock(&j->lock);
    call = j->calls;
    if (call) {
        j->calls = call->next;
        if (!j->calls)
            j->calls_last = NULL;
    }
    pthread_mutex_unlock(&j->lock);
    return call;
}

static struct job *next_finished(struct jobs *j)
{
    struct job *job;

    pthread_mutex_lock(&j->lock);
    job = j->finished;
    if (job) {
        j->finished = job->next;
        if (!j->finished)
            j->finished_last = NULL;
    }
    pthread_mutex_unlock(&j->lock);
    return job;
}

void jobs_collect(struct jobs *j)
{
    struct inside_call *call;
    struct job *job;
    uint64_t count;

    if (read(j->event, &count, sizeof count) < 0)
        count = 0; /* nothing signalled: collecting is harmless */
    while ((call = next_call(j)))
        answer(j, call);
    while ((job = next_finished(j))) {
        if (job->done)
            job->done(j->sandbox, job->arg);
        mem_free(job);
        /* Counted down after `done`, which may have started the next one. */
        pthread_mutex_lock(&j->lock);
        j->outstanding--;
        pthread_mutex_unlock(&j->lock);
    }
}

bool jobs_busy(struct jobs *j)
{
    bool busy;

    pthread_mutex_lock(&j->lock);
    busy = j->outstanding > 0;
    pthread_mutex_unlock(&j->lock);
    return busy;
}

bool sandbox_stopping(struct sandbox *s)
{
    bool stopping;

    pthread_mutex_lock(&s->jobs->lock);
    stopping = s->jobs->stopping;
    pthread_mutex_unlock(&s->jobs->lock);
    return stopping;
}

int sandbox_stopping_fd(const struct sandbox *s)
{
    return s->jobs->ending;
}

void jobs_stop(struct jobs *j)
{
    struct inside_call *call;

    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    clock_wake(j->ending);
    while ((call = j->calls)) {
        j->calls = call->next;
        error_set(call->err, ERR_INTERRUPTED, "the sandbox is ending");
        call->answered = true;
    }
    j->calls_last = NULL;
    pthread_cond_broadcast(&j->answered);
    pthread_cond_broadcast(&j->wanted);
    pthread_mutex_unlock(&j->lock);
    /* Jobs that no thread has begun still run: their owners free what they
     * hold in `done`, and find the calls they make refused. */
    for (size_t i = 0; i < j->thread_count; i++)
        pthread_join(j->threads[i], NULL);
    j->thread_count = 0;
    jobs_collect(j);
}

void jobs_free(struct jobs *j)
{
    struct job *job;

    if (!j)
        return;
    while ((job = j->first)) { /* queued by the last `done` calls: no thread is left */
        j->first = job->next;
        if (job->done)
            job->done(j->sandbox, job->arg);
        mem_free(job);
    }
    close(j->event);
    close(j->ending);
    pthread_cond_destroy(&j->wanted);
    pthread_cond_destroy(&j->answered);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}
