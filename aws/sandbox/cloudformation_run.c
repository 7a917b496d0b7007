/* A stack's way through its states: one step after the other, each at its time.
 *
 * The stack's member `run` is {id, mode, index, started_ms, caller}: a timer that
 * finds another id belongs to an operation that was given up. */
#include "aws/sandbox/cloudformation.h"

#include "aws/common/mem.h"

#include <stdio.h>

struct row {
    bool (*run)(struct stack_step *x, struct error *err);
    bool for_nested;     /* only for a schedule with a hosted function */
    bool in_nested;      /* its resource lies in the nested stack */
    const char *logical; /* of the resource in the nested stack */
};

/* For each schedule in the template's order, and back in the reverse order. */
static const struct row create_rows[] = {
    {resource_nested_begin, true, false, NULL},
    {resource_role_create, true, true, "SecretsManagerRDSMySQLRotationSingleUserRole"},
    {resource_function_create, true, true, "SecretsManagerRDSMySQLRotationSingleUser"},
    {resource_permission_create, true, true, "LambdaPermission"},
    {resource_nested_end, true, false, NULL},
    {resource_schedule_create, false, false, NULL},
};

static const struct row delete_rows[] = {
    {resource_schedule_delete, false, false, NULL},
    {resource_nested_delete_begin, true, false, NULL},
    {resource_permission_delete, true, true, "LambdaPermission"},
    {resource_function_delete, true, true, "SecretsManagerRDSMySQLRotationSingleUser"},
    {resource_role_delete, true, true, "SecretsManagerRDSMySQLRotationSingleUserRole"},
    {resource_nested_delete_end, true, false, NULL},
};

/* A schedule with other properties is told so; its function stays. */
static const struct row update_row = {resource_schedule_update, false, false, NULL};

_Static_assert(ARRAY_LEN(create_rows) == ARRAY_LEN(delete_rows), "a step that makes, a step that removes");
#define ROWS ((int64_t)ARRAY_LEN(create_rows))

struct errand {
    char *stack_id;
    int64_t run_id;
};

static void errand_free(void *arg)
{
    struct errand *e = arg;

    mem_free(e->stack_id);
    mem_free(e);
}

static void step_due(struct sandbox *s, void *arg);

static bool mode_is(const struct json *stack, const char *mode)
{
    return strcmp(json_get_text(json_get(stack, "run"), "mode"), mode) == 0;
}

/* Undoing an update begins with the schedule that failed. */
static int64_t schedule_total(const struct json *stack)
{
    if (mode_is(stack, "undo"))
        return json_int(json_get(stack, "failed"), -1) + 1;
    return (int64_t)json_count(json_get(stack, "schedules"));
}

static int64_t step_total(const struct json *stack)
{
    return schedule_total(stack) * ROWS;
}

static void set_timer_at(struct sandbox *s, const struct json *stack, int64_t at_ms)
{
    struct errand *e = mem_alloc(sizeof(*e));

    e->stack_id = mem_dup(json_get_text(stack, "StackId"));
    e->run_id = json_int(json_get(json_get(stack, "run"), "id"), 0);
    sandbox_at(s, at_ms, step_due, e, errand_free);
}

/* Steps are spread evenly; the end comes at stack_ms. */
static void set_timer(struct sandbox *s, const struct json *stack)
{
    const struct json *run = json_get(stack, "run");
    int64_t index = json_int(json_get(run, "index"), 0), total = step_total(stack);

    set_timer_at(s, stack,
                 json_int(json_get(run, "started_ms"), 0) +
                     sandbox_settings(s)->stack_ms * (index + 1) / (total + 1));
}

static void start(struct sandbox *s, struct json *stack, const char *mode)
{
    int64_t id = json_int(json_get(json_get(stack, "run"), "id"), 0) + 1;
    struct json *run = json_of("mode", mode, NULL);

    json_put_int(run, "id", id);
    json_put_int(run, "index", 0);
    json_put_int(run, "started_ms", sandbox_now_ms(s));
    json_put(stack, "run", run);
    set_timer(s, stack);
}

void stack_create_start(struct sandbox *s, struct json *stack)
{
    stack_status(s, stack, "CREATE_IN_PROGRESS", "User Initiated");
    start(s, stack, "create");
}

void stack_update_start(struct sandbox *s, struct json *stack)
{
    stack_status(s, stack, "UPDATE_IN_PROGRESS", "User Initiated");
    start(s, stack, "update");
}

void stack_delete_start(struct sandbox *s, struct json *stack, const struct json *keep)
{
    if (json_count(keep) > 0)
        json_put(stack, "keep", json_copy(keep));
    stack_status(s, stack, "DELETE_IN_PROGRESS", "User Initiated");
    start(s, stack, "delete");
}

void stacks_resume(struct sandbox *s)
{
    const struct json *stack;

    /* A nested stack has no run of its own. */
    for (size_t i = 0; (stack = world_at(sandbox_world(s), STACK_KIND, i, NULL)); i++)
        if (stack_in_progress(stack) && json_get(stack, "run"))
            set_timer(s, stack);
}

/* --- ends --- */

static void resolve_outputs(struct json *stack)
{
    CLEANUP(json_freep) struct json *document = NULL, *resources = json_object();
    const struct json *e;
    struct json *list = json_array();
    struct error ignored;

    for (e = json_first(json_get(stack, "resources")); e; e = json_next(e))
        json_put_text(resources, json_get_text(e, "LogicalResourceId"),
                      json_get_text(e, "PhysicalResourceId"));
    const struct template_scope scope = {json_get(stack, "values"), resources};
    if (!template_read(json_str(json_get(stack, "template")), &document, &ignored)) {
        json_free(list);
        return;
    }
    for (e = json_first(json_get(document, "Outputs")); e; e = json_next(e)) {
        struct json *value = NULL, *output;

        if (!template_resolve(json_get(e, "Value"), &scope, &value, &ignored))
            continue;
        output = json_push(list, json_of("OutputKey", json_key(e), NULL));
        json_put(output, "OutputValue", value);
        if (json_get(e, "Description"))
            json_put(output, "Description", json_copy(json_get(e, "Description")));
    }
    json_remove(stack, "Outputs");
    if (json_count(list) > 0)
        json_put(stack, "Outputs", list);
    else
        json_free(list);
}

/* Drops the schedules that are gone, and with them what the update was. */
static void settle_schedules(struct json *stack, const char *gone)
{
    struct json *list = json_edit(stack, "schedules");

    for (size_t i = json_count(list); i-- > 0;) {
        struct json *one = json_edit_at(list, i);

        if (strcmp(json_get_text(one, "change"), gone) == 0) {
            json_free(json_detach_at(list, i));
            continue;
        }
        json_remove(one, "change");
        json_remove(one, "before");
    }
    json_remove(stack, "failed");
}

static void update_finished(struct sandbox *s, struct json *stack)
{
    settle_schedules(stack, "delete");
    json_remove(stack, "previous");
    resolve_outputs(stack);
    stack_status(s, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", NULL);
    stack_status(s, stack, "UPDATE_COMPLETE", NULL);
}

static void undo_finished(struct sandbox *s, struct json *stack)
{
    CLEANUP(json_freep) struct json *previous = json_detach(stack, "previous");

    settle_schedules(stack, "create");
    for (const struct json *e = json_first(previous); e; e = json_next(e))
        json_put(stack, json_key(e), json_copy(e));
    stack_status(s, stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", NULL);
    stack_status(s, stack, "UPDATE_ROLLBACK_COMPLETE", NULL);
}

static void finished(struct sandbox *s, struct json *stack)
{
    if (mode_is(stack, "create")) {
        resolve_outputs(stack);
        stack_status(s, stack, "CREATE_COMPLETE", NULL);
    } else if (mode_is(stack, "update")) {
        update_finished(s, stack);
    } else if (mode_is(stack, "undo")) {
        undo_finished(s, stack);
    } else if (mode_is(stack, "rollback")) {
        stack_status(s, stack, "ROLLBACK_COMPLETE", NULL);
    } else {
        stack_status(s, stack, "DELETE_COMPLETE", NULL);
    }
}

static void create_failed(struct sandbox *s, struct json *stack, const char *logical)
{
    const char *then = json_get_text(stack, "on_failure");
    CLEANUP(mem_freep)
    char *reason = mem_printf("The following resource(s) failed to create: [%s]. ", logical);
    CLEANUP(mem_freep) char *rollback = mem_printf("%sRollback requested by user.", reason);
    CLEANUP(mem_freep) char *gone = mem_printf("%sDelete requested by user.", reason);

    if (strcmp(then, "DO_NOTHING") == 0) {
        stack_status(s, stack, "CREATE_FAILED", reason);
    } else if (strcmp(then, "DELETE") == 0) {
        stack_status(s, stack, "DELETE_IN_PROGRESS", gone);
        start(s, stack, "delete");
    } else {
        stack_status(s, stack, "ROLLBACK_IN_PROGRESS", rollback);
        start(s, stack, "rollback");
    }
}

/* The nested stack fails with its resource, and the parent with it. */
static void nested_failed(struct stack_step *x, const char *logical, bool creating)
{
    const char *id = json_get_text(x->nested, "StackId");
    CLEANUP(mem_freep)
    char *inner =
        mem_printf("The following resource(s) failed to %s: [%s]. ", creating ? "create" : "delete", logical);
    CLEANUP(mem_freep)
    char *outer = mem_printf("Embedded stack %s was not successfully %s: %s", id,
                             creating ? "created" : "deleted", inner);

    stack_status(x->sandbox, x->nested, creating ? "CREATE_FAILED" : "DELETE_FAILED", inner);
    stack_resource(x->sandbox, x->stack, json_get_text(x->schedule, "nested_logical"), STACK_TYPE, id,
                   creating ? "CREATE_FAILED" : "DELETE_FAILED", outer);
}

static void update_failed(struct sandbox *s, struct json *stack, const char *logical)
{
    CLEANUP(mem_freep)
    char *reason = mem_printf("The following resource(s) failed to update: [%s]. ", logical);

    if (json_bool(json_get(stack, "DisableRollback"), false)) {
        stack_status(s, stack, "UPDATE_FAILED", reason);
        return;
    }
    json_put_int(stack, "failed", json_int(json_get(json_get(stack, "run"), "index"), 0) / ROWS);
    stack_status(s, stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason);
    start(s, stack, "undo");
}

static void step_failed(struct stack_step *x, const struct row *row, bool making)
{
    static const char *const ends[][2] = {
        {"rollback", "ROLLBACK_FAILED"}, {"undo", "UPDATE_ROLLBACK_FAILED"}, {"delete", "DELETE_FAILED"}};
    CLEANUP(mem_freep)
    char *logical = mem_dup(json_get_text(x->schedule, row->for_nested ? "nested_logical" : "logical"));
    CLEANUP(mem_freep)
    char *reason = mem_printf("The following resource(s) failed to delete: [%s]. ", logical);

    if (row->in_nested && x->nested)
        nested_failed(x, row->logical, making);
    /* Each of these starts another mode: what is looked at is the mode that failed. */
    if (mode_is(x->stack, "create")) {
        create_failed(x->sandbox, x->stack, logical);
        return;
    }
    if (mode_is(x->stack, "update")) {
        update_failed(x->sandbox, x->stack, logical);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (mode_is(x->stack, ends[i][0]))
            stack_status(x->sandbox, x->stack, ends[i][1], reason);
    }
}

/* --- one step --- */

static bool kept(const struct json *stack, const char *logical)
{
    const struct json *e;

    for (e = json_first(json_get(stack, "keep")); e; e = json_next(e)) {
        if (strcmp(json_text(e), logical) == 0)
            return true;
    }
    return false;
}

/* What happens to a schedule in the stack's present mode: 'c'reated, 'd'eleted,
 * 'u'pdated or 'k'ept. */
static char deed(const struct json *stack, const struct json *schedule)
{
    const char *change = json_get_text(schedule, "change");

    if (mode_is(stack, "create"))
        return 'c';
    if (mode_is(stack, "update"))
        return change[0];
    if (mode_is(stack, "undo"))
        return change[0] == 'c' ? 'd' : change[0] == 'd' ? 'c' : change[0];
    return 'd';
}

/* The row of a schedule's deed at a place; NULL when nothing is done there. */
static const struct row *row_at(char what, int64_t place)
{
    if (what == 'c')
        return &create_rows[place];
    if (what == 'd')
        return &delete_rows[place];
    return what == 'u' && place == 0 ? &update_row : NULL;
}

static void swap_properties(struct json *schedule)
{
    struct json *before = json_detach(schedule, "before");

    json_put(schedule, "before", json_detach(schedule, "properties"));
    json_put(schedule, "properties", before);
}

static bool run_row(struct sandbox *s, struct json *stack, int64_t index, int64_t *hold_ms)
{
    int64_t count = schedule_total(stack), at = index / ROWS;
    bool forward = mode_is(stack, "create") || mode_is(stack, "update");
    CLEANUP(mem_freep) char *caller = mem_dup(json_get_text(stack, "caller"));
    struct stack_step x = {.sandbox = s, .stack = stack, .caller = caller};
    struct error err;

    x.schedule = json_edit_at(json_edit(stack, "schedules"), (size_t)(forward ? at : count - 1 - at));
    char what = deed(stack, x.schedule);
    const struct row *row = row_at(what, index % ROWS);
    if (!row || (row->for_nested && !json_get(x.schedule, "nested_logical")))
        return true;
    if (what == 'd' && kept(stack, json_get_text(x.schedule, row->for_nested ? "nested_logical" : "logical")))
        return true;
    if (json_get(x.schedule, "nested_id"))
        x.nested = stack_edit(s, json_get_text(x.schedule, "nested_id"));
    if (row->in_nested && !x.nested)
        return true;
    if (what == 'u' && mode_is(stack, "undo"))
        swap_properties(x.schedule);
    bool ok = row->run(&x, &err);
    *hold_ms = x.hold_ms;
    if (ok)
        return true;
    step_failed(&x, row, what != 'd');
    return false;
}

static void step_due(struct sandbox *s, void *arg)
{
    struct errand *e = arg;
    struct json *stack = stack_edit(s, e->stack_id);
    struct json *run = json_edit(stack, "run");
    int64_t index = json_int(json_get(run, "index"), 0), hold_ms = 0;

    if (stack && json_int(json_get(run, "id"), 0) == e->run_id) {
        if (index == step_total(stack)) {
            finished(s, stack);
        } else if (run_row(s, stack, index, &hold_ms)) {
            if (hold_ms > 0) {
                set_timer_at(s, stack, hold_ms);
            } else {
                json_put_int(json_edit(stack, "run"), "index", index + 1);
                set_timer(s, stack);
            }
        }
    }
    errand_free(e);
}
