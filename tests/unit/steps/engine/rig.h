/* What the engine's tests share: a plan built from rows, kinds whose behaviour
 * a test chooses by step, a store in a directory of its own, and short ways to
 * run it and to ask what came of it. */
#ifndef TESTS_UNIT_STEPS_ENGINE_RIG_H
#define TESTS_UNIT_STEPS_ENGINE_RIG_H

#include "tests/unit/steps/engine/world.h"

enum { MAX_STEPS = 128, MAX_KINDS = 8 };

/* --- the kinds --- */

/* What a test wants of a step, by id. */
struct wish {
    const char *step;
    int waits;     /* apply and undo ask to wait as many times */
    bool fail;     /* apply and undo fail */
    int troubles;  /* the reply to apply's own call is lost so many times */
    int sql_error; /* it is a statement, and this is the database's error number */
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
    const struct step_kind *kinds[MAX_KINDS + 1];
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

/* The call acted, but nobody heard of it. */
static bool lose_reply(struct step_context *c, struct error *err)
{
    int64_t lost = json_int(json_get(step_scratch(c), "lost"), 0);

    if (lost >= wish_of(c)->troubles)
        return false;
    json_put_int(step_scratch(c), "lost", lost + 1);
    if (wish_of(c)->sql_error) {
        error_set(err, ERR_SQL, "the database is in trouble");
        err->os_errno = wish_of(c)->sql_error;
        return true;
    }
    error_set(err, ERR_UNREACHABLE, "connection closed without a reply");
    err->lost = true;
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
        if (lose_reply(c, err))
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

static const struct schema_field some_fields[] = {{.name = "name"}, {.name = "from"}, {.name = NULL}};

static const struct step_kind kind_thing = {
    .schema = {.name = "thing", .class = KIND_RESOURCE, .with = some_fields, .outputs = thing_outputs},
    .observe = thing_observe,
    .apply = thing_apply,
    .undo = thing_undo,
    .reissue = thing_reissue};
static const struct step_kind kind_find = {
    .schema = {.name = "find", .class = KIND_LOOKUP, .with = some_fields, .outputs = find_outputs},
    .observe = find_observe};
static const struct step_kind kind_try = {
    .schema = {.name = "try", .class = KIND_TEST, .with = some_fields, .outputs = no_outputs},
    .apply = try_apply};
static const struct step_kind *own_kind; /* one more, of a single test program */

/* --- plans from rows --- */

struct row {
    const char *id;
    const struct step_kind *kind; /* NULL: undoes `undoes` */
    const char *undoes, *needs;   /* ids with a space between */
    const char *name;             /* with: {name: …}, NULL none */
    const char *from;             /* with: {from: …}, a reference */
};

static size_t index_of(const char *id)
{
    const struct plan_step *s = plan_find(&rig->plan, str_of(id), NULL);

    if (!s)
        fail_msg("no step %s", id);
    return plan_index(&rig->plan, s);
}

static void write_row(struct buf *yaml, const struct row *row)
{
    struct str rest = str_of(row->needs), part;
    const char *comma = "";

    buf_printf(yaml, "  %s:\n    %s: %s\n    needs: [", row->id, row->kind ? "uses" : "undo",
               row->kind ? row->kind->schema.name : row->undoes);
    while (str_split(&rest, ' ', &part)) {
        buf_printf(yaml, "%s%.*s", comma, STR_ARG(part));
        comma = ", ";
    }
    buf_adds(yaml, "]\n");
    if (!row->name && !row->from)
        return;
    buf_adds(yaml, "    with:\n");
    if (row->name)
        buf_printf(yaml, "      name: %s\n", row->name);
    if (row->from)
        buf_printf(yaml, "      from: %s\n", row->from);
}

static const char *no_variable(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static void make_plan(struct rig *r, const struct row *rows, size_t count)
{
    const struct kind_schema *schemas[MAX_KINDS + 1] = {NULL};
    struct plan_options options = {.file = "rows", .kinds = schemas, .getenv = no_variable};
    struct plan_problems problems = {0};
    CLEANUP(buf_release) struct buf yaml = {0};

    for (size_t i = 0; r->kinds[i]; i++)
        schemas[i] = &r->kinds[i]->schema;
    buf_adds(&yaml, "lab: lab\ntitle: rows\nsteps:\n");
    for (size_t i = 0; i < count; i++)
        write_row(&yaml, &rows[i]);
    if (!plan_parse(buf_str(&yaml), &options, &r->plan, &problems))
        fail_msg("%d: %s\n%s", problems.items[0].line, problems.items[0].message, buf_text(&yaml));
    plan_problems_release(&problems);
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

    if (!store_open(r->path, "up", clock_system, &r->store, &err))
        fail_msg("%s", err.message);
    store_set_scope(r->store, &(struct store_scope){"1", "eu-west-1", "lab", "me"});
}

static struct credential_provider nobody;

static void rig_start(struct rig *r, const struct row *rows, size_t count)
{
    struct error err;
    pthread_mutexattr_t shared;

    *r = (struct rig){.stop_fd = eventfd(0, EFD_CLOEXEC),
                      .kinds = {&kind_thing, &kind_find, &kind_try, own_kind}};
    rig = r;
    /* cppcheck-suppress invalidFunctionArg ; no file: mmap(2) wants -1 then */
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world, MAP_FAILED);
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->mutex, &shared);
    pthread_mutexattr_destroy(&shared);
    make_plan(r, rows, count);
    assert_true(file_temp_dir("lab-engine", &r->dir, &err));
    r->path = mem_printf("%s/.lab/state.db", r->dir);
    open_rig_store(r);
    random_seeded_init(&r->seeded, 7);
    r->options = (struct engine_options){.plan = &r->plan,
                                         .kinds = r->kinds,
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
    plan_release(&r->plan);
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

/* --- plans that more than one program plays --- */

/* The shape of the workshop: attach and instance-role are undone by scenes. */
static const struct row scene[] = {
    {"role", &kind_thing, NULL, NULL, NULL, NULL},
    {"attach", &kind_thing, NULL, "role", NULL, NULL},
    {"swap", &kind_thing, NULL, "role", NULL, NULL},
    {"identity", &kind_try, NULL, "swap", NULL, NULL},
    {"allowed", &kind_try, NULL, "identity attach", NULL, NULL},
    {"detach", NULL, "attach", "allowed", NULL, NULL},
    {"denied", &kind_try, NULL, "detach", NULL, NULL},
    {"restore", NULL, "swap", "denied", NULL, NULL},
    {"rotation", &kind_thing, NULL, "restore", NULL, NULL},
};

#endif
