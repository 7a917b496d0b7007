/* What the engine's tests share: a plan built from rows, a world in memory that
 * survives the death of a child process, a client that acts on that world, and
 * kinds whose behaviour a test chooses by step. One test program includes it. */
#ifndef TESTS_UNIT_STEPS_ENGINE_RIG_H
#define TESTS_UNIT_STEPS_ENGINE_RIG_H

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "steps/engine/engine.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_THINGS = 128, MAX_STEPS = 128 };

/* --- the world --- */

struct thing {
    char name[32], step[32]; /* step "": not ours */
    bool present;
};

/* In shared memory: a child may be killed at any point and leave it so. */
struct world {
    pthread_mutex_t mutex;
    struct thing things[MAX_THINGS];
    size_t count;
    int creates, deletes, reads, doubles; /* doubles: created although present */
    int crash_at;                         /* the process dies at this point; 0 never */
    int point;
    int lose_reply_of; /* this create acts, but its reply is lost */
    bool refuse_deletes;
    bool lose_secret_calls; /* every call to secretsmanager goes unanswered */
};

static struct world *world;

static void crash_point(void)
{
    if (world->crash_at > 0 && ++world->point == world->crash_at)
        kill(getpid(), SIGKILL);
}

static struct thing *world_find(const char *name)
{
    for (size_t i = 0; i < world->count; i++)
        if (strcmp(world->things[i].name, name) == 0)
            return &world->things[i];
    struct thing *t = &world->things[world->count++];
    assert_true(world->count < MAX_THINGS);
    (void)snprintf(t->name, sizeof(t->name), "%s", name);
    return t;
}

static bool present(const char *name)
{
    return world_find(name)->present;
}

static void plant(const char *name, const char *step)
{
    struct thing *t = world_find(name);

    t->present = true;
    (void)snprintf(t->step, sizeof(t->step), "%s", step);
}

/* --- the client, in place of aws/client: these are all it has of use here --- */

struct aws_client {
    uint64_t requests;
    struct credential_provider *provider;
};

uint64_t aws_client_requests(const struct aws_client *c)
{
    return c->requests;
}

void aws_client_set_provider(struct aws_client *c, struct credential_provider *provider)
{
    c->provider = provider;
}

void aws_client_free(struct aws_client *c)
{
    mem_free(c);
}

struct aws_totals aws_shared_totals(const struct aws_shared *s)
{
    (void)s;
    return (struct aws_totals){0};
}

static struct aws_client *new_client(void *self, struct error *err)
{
    (void)self;
    (void)err;
    return mem_alloc(sizeof(struct aws_client));
}

static bool reply_error(struct error *err, const char *code, int status)
{
    error_aws(err, code, "of the rig");
    err->http_status = status;
    return false;
}

static bool act(const char *operation, struct thing *t, const struct json *in, struct error *err)
{
    if (strcmp(operation, "CreateRole") == 0) {
        if (t->present) {
            world->doubles++;
            return reply_error(err, "EntityAlreadyExists", 409);
        }
        plant(t->name, json_get_text(in, "Description"));
        world->creates++;
        crash_point();
        return world->creates != world->lose_reply_of ||
               error_set(err, ERR_UNREACHABLE, "CreateRole: the reply was lost");
    }
    if (world->refuse_deletes)
        return reply_error(err, "DeleteConflict", 409);
    if (!t->present)
        return reply_error(err, "NoSuchEntity", 404);
    t->present = false;
    world->deletes++;
    crash_point();
    return true;
}

bool aws_call(struct aws_client *c, const char *service, const char *operation, const struct json *in,
              struct json **out, struct error *err)
{
    struct thing *t;
    bool ok;

    assert_non_null(c->provider);
    c->requests++;
    if (world->lose_secret_calls && strcmp(service, "secretsmanager") == 0)
        return error_set(err, ERR_UNREACHABLE, "no answer");
    pthread_mutex_lock(&world->mutex);
    t = world_find(json_get_text(in, "RoleName"));
    if (strcmp(operation, "GetRole") == 0) {
        world->reads++;
        ok = t->present || reply_error(err, "NoSuchEntity", 404);
        if (ok && out)
            *out = json_of("Description", t->step, NULL);
    } else {
        crash_point();
        ok = act(operation, t, in, err);
        if (ok && out)
            *out = json_object();
    }
    pthread_mutex_unlock(&world->mutex);
    return ok;
}

bool aws_call_all(struct aws_client *c, const char *service, const char *operation, const struct json *in,
                  struct json **out, struct error *err)
{
    return aws_call(c, service, operation, in, out, err);
}

/* Fails with the SQLSTATE and number in the statement, "28000 1045"; else works. */
bool mysql_run(struct mysql_session *s, struct str statement, struct mysql_rows *rows, struct error *err)
{
    int64_t number = 0;

    (void)s;
    (void)rows;
    if (statement.len != 10 || !str_to_i64(str_slice(statement, 6, 4), &number))
        return true;
    error_set(err, ERR_SQL, "refused");
    err->os_errno = (int)number;
    return false;
}

/* --- the kinds --- */

/* What a test wants of a step, by id. */
struct wish {
    const char *step;
    int waits; /* apply and undo ask to wait as many times */
    bool fail; /* apply and undo fail */
    bool fail_observe;
    bool stop;          /* asks for the stop while it runs */
    bool keep_original; /* saves a memo before it acts */
    pthread_barrier_t *meet;
    atomic_int *together; /* waits until this has counted to `all` */
    int all;
    const char *secret; /* apply asks for this handle */
};

struct rig {
    struct plan plan;
    struct plan_step steps[MAX_STEPS];
    size_t needs[MAX_STEPS][MAX_STEPS];
    size_t order[MAX_STEPS];
    const struct wish *wishes;
    size_t wish_count;
    char *dir, *path;
    struct store *store;
    struct engine_options options;
    struct engine_summary summary;
    struct error err;
    int stop_fd;
    struct random_seeded seeded;
    struct buf events; /* "STEP STATE; " of each step event */
    struct buf detail; /* events as JSON, a line each */
    atomic_int reissues;
    char got_secret[32];
};

static struct rig *rig; /* the kinds know no other way to it */

static const struct wish *wish_of(const struct step_context *c)
{
    static const struct wish none;

    for (size_t i = 0; i < rig->wish_count; i++)
        if (strcmp(rig->wishes[i].step, step_id(c)) == 0)
            return &rig->wishes[i];
    return &none;
}

static const char *name_of(const struct step_context *c)
{
    const char *name = json_get_text(step_with(c), "name");

    return name[0] ? name : step_id(c);
}

static bool thing_observe(struct step_context *c, struct observation *out, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("RoleName", name_of(c), NULL);
    CLEANUP(json_freep) struct json *reply = NULL;

    if (wish_of(c)->fail_observe)
        return error_set(err, ERR_DENIED, "observe refused");
    if (!step_call(c, AS_CALLER, "iam", "GetRole", in, &reply, err)) {
        if (!error_is(err, "NoSuchEntity"))
            return false;
        out->state = OBSERVED_ABSENT;
        return true;
    }
    out->state = OBSERVED_PRESENT;
    out->ours = strcmp(json_get_text(reply, "Description"), step_id(c)) == 0;
    step_output_text(c, "arn", name_of(c));
    return true;
}

/* What a step does besides acting. False: *status is to be returned. */
static bool obey(struct step_context *c, enum step_status *status, struct error *err)
{
    const struct wish *w = wish_of(c);
    int64_t seen = json_int(json_get(step_scratch(c), "waits"), 0);
    uint64_t one = 1;

    if (w->meet)
        pthread_barrier_wait(w->meet);
    if (w->stop)
        assert_int_equal(write(rig->stop_fd, &one, sizeof(one)), sizeof(one));
    if (w->together && seen == 0)
        atomic_fetch_add(w->together, 1);
    json_put_int(step_scratch(c), "waits", seen + 1);
    *status = STEP_WAITING;
    if (seen < w->waits || (w->together && atomic_load(w->together) < w->all)) {
        step_wait(c, &(struct step_wait){"its turn", 1, 4, 5000});
        return false;
    }
    *status = STEP_FAILED;
    if (w->fail) {
        error_set(err, ERR_DENIED, "was told to fail");
        return false;
    }
    return true;
}

static bool use_secret(struct step_context *c, const char *handle, struct error *err)
{
    struct secret value = {0};

    if (!step_secret(c, str_of(handle), &value, err))
        return false;
    (void)snprintf(rig->got_secret, sizeof(rig->got_secret), "%s", secret_text(&value));
    secret_release(&value);
    return true;
}

static enum step_status thing_apply(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep)
    struct json *in = json_of("RoleName", name_of(c), "Description", step_id(c), NULL);
    CLEANUP(json_freep) struct json *reply = NULL;
    const struct wish *w = wish_of(c);
    enum step_status status;

    if (!obey(c, &status, err))
        return status;
    if (w->keep_original) {
        json_put_text(step_memo(c), "original", "arn:original");
        if (!step_save_memo(c, err))
            return STEP_FAILED;
    }
    if (w->secret && !use_secret(c, w->secret, err))
        return STEP_FAILED;
    if (!step_call(c, AS_CALLER, "iam", "GetRole", in, &reply, err)) {
        if (!error_is(err, "NoSuchEntity") || !effect_call(c, name_of(c), "iam", "CreateRole", in, NULL, err))
            return STEP_FAILED;
    } else if (step_adopts(c)) {
        plant(name_of(c), step_id(c));
    }
    step_output_text(c, "arn", name_of(c));
    crash_point();
    return STEP_FINISHED;
}

static enum step_status thing_undo(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("RoleName", name_of(c), NULL);
    CLEANUP(json_freep) struct json *reply = NULL;
    enum step_status status;

    if (!obey(c, &status, err))
        return status;
    if (!step_call(c, AS_CALLER, "iam", "GetRole", in, &reply, err))
        return error_is(err, "NoSuchEntity") ? STEP_FINISHED : STEP_FAILED;
    if (strcmp(json_get_text(reply, "Description"), step_id(c)) != 0) {
        error_set(err, ERR_NOT_OURS, "role %s is not ours", name_of(c));
        return STEP_FAILED;
    }
    if (!effect_call(c, name_of(c), "iam", "DeleteRole", in, NULL, err))
        return STEP_FAILED;
    crash_point();
    return STEP_FINISHED;
}

static bool thing_reissue(struct step_context *c, const char *output, struct secret *value, struct error *err)
{
    (void)c;
    (void)err;
    assert_string_equal(output, "password");
    atomic_fetch_add(&rig->reissues, 1);
    secret_set(value, STR("fresh-one"));
    return true;
}

static bool find_observe(struct step_context *c, struct observation *out, struct error *err)
{
    (void)err;
    pthread_mutex_lock(&world->mutex);
    out->state = present(name_of(c)) ? OBSERVED_PRESENT : OBSERVED_ABSENT;
    pthread_mutex_unlock(&world->mutex);
    out->ours = true;
    if (out->state == OBSERVED_PRESENT)
        step_output_text(c, "arn", name_of(c));
    else
        (void)snprintf(out->detail, sizeof(out->detail), "no %s here", name_of(c));
    return true;
}

static enum step_status try_apply(struct step_context *c, struct error *err)
{
    enum step_status status;

    return obey(c, &status, err) ? STEP_FINISHED : status;
}

static const struct output_field thing_outputs[] = {
    {"arn", false, ""}, {"password", true, ""}, {NULL, false, NULL}};
static const struct output_field find_outputs[] = {{"arn", false, ""}, {NULL, false, NULL}};
static const struct output_field no_outputs[] = {{NULL, false, NULL}};

static const struct step_kind kind_thing = {
    .schema = {.name = "thing", .class = KIND_RESOURCE, .outputs = thing_outputs},
    .observe = thing_observe,
    .apply = thing_apply,
    .undo = thing_undo,
    .reissue = thing_reissue};
static const struct step_kind kind_find = {
    .schema = {.name = "find", .class = KIND_LOOKUP, .outputs = find_outputs}, .observe = find_observe};
static const struct step_kind kind_try = {
    .schema = {.name = "try", .class = KIND_TEST, .outputs = no_outputs}, .apply = try_apply};
static const struct step_kind *const kinds[] = {&kind_thing, &kind_find, &kind_try, NULL};

/* --- the plan's questions, answered from the rows alone: no reference to resolve --- */

const struct plan_step *plan_find(const struct plan *p, struct str id, const char **near)
{
    if (near)
        *near = NULL;
    for (size_t i = 0; i < p->step_count; i++)
        if (str_is(id, p->steps[i].id))
            return &p->steps[i];
    return NULL;
}

size_t plan_index(const struct plan *p, const struct plan_step *step)
{
    return (size_t)(step - p->steps);
}

bool plan_needs(const struct plan *p, const struct plan_step *step, const struct plan_step *need)
{
    for (size_t i = 0; i < step->need_count; i++)
        if (&p->steps[step->needs[i]] == need || plan_needs(p, &p->steps[step->needs[i]], need))
            return true;
    return false;
}

bool plan_retires(const struct plan *p, const struct plan_step *undo, const struct plan_step *step)
{
    return step == undo->undoes || (plan_needs(p, step, undo->undoes) && plan_needs(p, undo, step));
}

bool plan_resolve(const struct plan *p, const struct plan_step *step, const struct plan_scope *scope,
                  bool lenient, struct json **with, struct error *err)
{
    const struct json *from = json_get(step->with, "from");

    (void)p;
    *with = json_copy(step->with);
    if (!from || scope->outputs(scope->self, json_text(from)))
        return true;
    json_put(*with, "from", json_null());
    if (lenient)
        return true;
    json_free(*with);
    *with = NULL;
    return error_set(err, ERR_FAILED, "${steps.%s} has no outputs", json_text(from));
}

/* --- plans from rows --- */

struct row {
    const char *id;
    const struct step_kind *kind; /* NULL: undoes `undoes` */
    const char *undoes, *needs;   /* ids with a space between */
    const char *name;             /* with: {name: …}, NULL none */
    const char *from;             /* with: {from: …}, refers to a step's outputs */
};

static size_t index_of(const char *id)
{
    const struct plan_step *s = plan_find(&rig->plan, str_of(id), NULL);

    if (!s)
        fail_msg("no step %s", id);
    return plan_index(&rig->plan, s);
}

/* Rows stand in an order that is topological already. */
static void add_row(struct rig *r, const struct row *row)
{
    size_t at = r->plan.step_count++;
    struct plan_step *s = &r->steps[at];
    struct str rest = str_of(row->needs), part;

    r->order[at] = at;
    s->id = mem_dup(row->id);
    s->title = mem_dup(row->id);
    s->needs = r->needs[at];
    s->with = json_object();
    if (row->name)
        json_put_text(s->with, "name", row->name);
    if (row->from)
        json_put_text(s->with, "from", row->from);
    if (!row->kind) {
        s->undoes = &r->steps[index_of(row->undoes)];
        s->kind = s->undoes->kind;
        s->needs[s->need_count++] = index_of(row->undoes);
    } else {
        s->kind = &row->kind->schema;
    }
    while (str_split(&rest, ' ', &part)) {
        CLEANUP(mem_freep) char *id = mem_copy(part);

        s->needs[s->need_count++] = index_of(id);
    }
}

static void take_event(void *self, const struct json *event)
{
    struct rig *r = self;

    crash_point();
    if (strcmp(json_get_text(event, "type"), "step") == 0 &&
        strcmp(json_get_text(event, "state"), "started") != 0)
        buf_printf(&r->events, "%s %s; ", json_get_text(event, "step"), json_get_text(event, "state"));
    json_write(event, &r->detail);
    buf_addc(&r->detail, '\n');
}

static void open_rig_store(struct rig *r)
{
    struct error err;

    if (!store_open(r->path, false, clock_system, &r->store, &err))
        fail_msg("%s", err.message);
    store_set_scope(r->store, &(struct store_scope){"1", "eu-west-1", "lab", "me"});
}

static struct credential_provider nobody;

static void rig_start(struct rig *r, const struct row *rows, size_t count)
{
    struct error err;
    pthread_mutexattr_t shared;

    *r = (struct rig){.stop_fd = eventfd(0, EFD_CLOEXEC)};
    rig = r;
    /* cppcheck-suppress invalidFunctionArg ; no file: mmap(2) wants -1 then */
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world, MAP_FAILED);
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->mutex, &shared);
    pthread_mutexattr_destroy(&shared);
    r->plan = (struct plan){.lab = mem_dup("lab"), .steps = r->steps, .order = r->order};
    for (size_t i = 0; i < count; i++)
        add_row(r, &rows[i]);
    assert_true(file_temp_dir("lab-engine", &r->dir, &err));
    r->path = mem_printf("%s/.lab/state.db", r->dir);
    open_rig_store(r);
    random_seeded_init(&r->seeded, 7);
    r->options = (struct engine_options){.plan = &r->plan,
                                         .kinds = kinds,
                                         .store = r->store,
                                         .new_client = new_client,
                                         .caller = &nobody,
                                         .account = "1",
                                         .region = "eu-west-1",
                                         .partition = "aws",
                                         .learner = "me",
                                         .run_id = "run-1",
                                         .clock = clock_system,
                                         .random = random_seeded_source(&r->seeded),
                                         .jobs = 4,
                                         .stop_fd = r->stop_fd,
                                         .emit = take_event,
                                         .emit_self = r};
}

static void rig_stop(struct rig *r)
{
    struct error err;

    store_close(r->store);
    assert_true(file_remove_tree(r->dir, &err));
    for (size_t i = 0; i < r->plan.step_count; i++) {
        mem_free(r->steps[i].id);
        mem_free(r->steps[i].title);
        json_free(r->steps[i].with);
    }
    mem_free(r->plan.lab);
    mem_free(r->dir);
    mem_free(r->path);
    buf_release(&r->events);
    buf_release(&r->detail);
    close(r->stop_fd);
    munmap(world, sizeof(*world));
    rig = NULL;
}

/* steps: ids with a space between, NULL for all. */
static bool go(enum engine_action action, const char *steps, bool with_needs)
{
    size_t indexes[MAX_STEPS];
    struct engine_request request = {.action = action, .steps = indexes, .with_needs = with_needs};
    struct str rest = str_of(steps), part;

    while (str_split(&rest, ' ', &part)) {
        CLEANUP(mem_freep) char *id = mem_copy(part);

        indexes[request.step_count++] = index_of(id);
    }
    buf_reset(&rig->events);
    buf_reset(&rig->detail);
    rig->err = (struct error){0};
    return engine_run(&rig->options, &request, &rig->summary, &rig->err);
}

static void go_well(enum engine_action action, const char *steps)
{
    if (!go(action, steps, false))
        fail_msg("%s", rig->err.message);
}

static enum store_state state_of(const char *step)
{
    struct store_step s;
    struct error err;
    enum store_state state;

    assert_true(store_get_step(rig->store, step, &s, &err));
    state = s.state;
    store_step_release(&s);
    return state;
}

static void count_one(void *self, const struct store_intent *intent, int64_t id)
{
    (void)intent;
    (void)id;
    ++*(int *)self;
}

static int open_intents(const char *step)
{
    struct error err;
    int count = 0;

    assert_true(store_open_intents(rig->store, step, count_one, &count, &err));
    return count;
}

static bool said(const char *text)
{
    return strstr(buf_text(&rig->events), text) != NULL;
}

static bool said_in_full(const char *text)
{
    return strstr(buf_text(&rig->detail), text) != NULL;
}

#endif
