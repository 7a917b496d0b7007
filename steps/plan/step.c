/* The steps of a plan: their keys, kinds, and what they need. */
#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/near.h"
#include "steps/plan/reference.h"

#include <stdio.h>

static const struct schema_field expect_fields[] = {
    {.name = "error", .type = FIELD_TEXT, .required = true, .help = "AWS error code or SQLSTATE"}, {0}};

typedef void (*key_reader)(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                           const struct yaml_node *value);

static void read_with(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                      const struct yaml_node *value)
{
    if (value->type != YAML_MAPPING && !check_is_missing(value)) {
        check_field_problem(c, place_of(value), "has to be a mapping");
        return;
    }
    if (value->type != YAML_MAPPING)
        value = NULL;
    json_free(step->with);
    /* Of an unknown kind the references can still be looked at. */
    if (step->kind)
        step->with = check_fields(c, step->kind->with, value, place_of(key));
    else
        step->with = value ? check_data(c, value) : json_object();
}

/* A step id as it stands in needs and undo. */
static int read_id(struct checker *c, const struct yaml_node *node)
{
    struct piece piece;
    int index;

    if (node->type != YAML_SCALAR || check_is_missing(node)) {
        check_field_problem(c, place_of(node), "has to be the id of a step");
        return NO_STEP;
    }
    if (reference_whole(node->text, &piece) && (piece.kind == PIECE_STEP || piece.kind == PIECE_OUTPUT)) {
        check_field_problem(c, place_of(node), "takes the id of a step, not a reference: write \"%.*s\"",
                            STR_ARG(piece.name));
        return NO_STEP;
    }
    index = check_step_named(c, node->text);
    if (index == NO_STEP)
        check_no_step(c, place_of(node), node->text);
    return index;
}

static void read_needs(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                       const struct yaml_node *value)
{
    CLEANUP(json_freep) struct json *seen = json_object();

    (void)step;
    (void)key;
    if (value->type != YAML_SEQUENCE) {
        check_field_problem(c, place_of(value), "has to be a list of step ids, like [a, b]");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        int index = read_id(c, value->items[i]);

        if (index == NO_STEP)
            continue;
        if (json_getn(seen, value->items[i]->text))
            check_field_problem(c, place_of(value->items[i]), "\"%.*s\" stands twice",
                                STR_ARG(value->items[i]->text));
        json_put_bool(seen, value->items[i]->text.data, true);
        grid_set(&c->edges, c->step, (size_t)index);
    }
}

static void read_expect(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                        const struct yaml_node *value)
{
    const struct yaml_node *error = yaml_get(value, "error");

    if (step->kind && !step->kind->can_expect) {
        check_problem(c, place_of(key), "%s takes no \"expect\"", step->kind->name);
        return;
    }
    if (value->type != YAML_MAPPING) {
        check_field_problem(c, place_of(value), "has to be a mapping, like {error: AccessDeniedException}");
        return;
    }
    if (error && error->type == YAML_SCALAR && reference_any(error->text)) {
        check_field_problem(c, place_of(error), "takes no reference");
        return;
    }
    step->expect = check_fields(c, expect_fields, value, place_of(key));
}

static void read_integer(struct checker *c, const struct yaml_node *value, int64_t most, int64_t *out)
{
    if (value->type != YAML_SCALAR || !check_integer(value->text, out) || *out < 1 || *out > most) {
        *out = 0;
        check_field_problem(c, place_of(value), "has to be a whole number from 1 to %lld", (long long)most);
    }
}

static void read_task(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                      const struct yaml_node *value)
{
    int64_t task;

    (void)key;
    read_integer(c, value, CHECK_MOST_TASKS, &task);
    step->task = (int)task;
}

static void read_timeout(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                         const struct yaml_node *value)
{
    int64_t seconds;

    (void)key;
    read_integer(c, value, CHECK_LONGEST_TIMEOUT_S, &seconds);
    step->timeout_ms = seconds * 1000;
}

static void read_title(struct checker *c, struct plan_step *step, const struct yaml_node *key,
                       const struct yaml_node *value)
{
    (void)key;
    if (value->type != YAML_SCALAR || value->text.len == 0) {
        check_field_problem(c, place_of(value), "has to be text");
        return;
    }
    mem_free(step->title);
    step->title = mem_copy(value->text);
}

static const struct step_key {
    const char *name;
    key_reader read;  /* NULL: read before the others */
    bool not_in_undo; /* an undo step takes what the undone step had */
} step_keys[] = {
    {"uses", NULL, false},         {"undo", NULL, false},
    {"with", read_with, true},     {"needs", read_needs, false},
    {"expect", read_expect, true}, {"task", read_task, false},
    {"title", read_title, false},  {"timeout", read_timeout, false},
};

/* Unknown keys; true when one of them stands for uses or undo. */
static bool check_step_keys(struct checker *c, const struct yaml_node *body)
{
    bool misspelt = false;

    for (size_t i = 0; i < body->count; i++) {
        struct near near;
        bool known = false;

        near_init(&near, body->keys[i]->text);
        for (size_t k = 0; k < ARRAY_LEN(step_keys); k++) {
            known = known || str_is(body->keys[i]->text, step_keys[k].name);
            near_offer(&near, step_keys[k].name);
        }
        if (known)
            continue;
        check_problem(c, place_of(body->keys[i]), "unknown key \"%.*s\"%s", STR_ARG(body->keys[i]->text),
                      near_hint(&near));
        misspelt =
            misspelt || (near.best && (strcmp(near.best, "uses") == 0 || strcmp(near.best, "undo") == 0));
    }
    return misspelt;
}

static void find_kind(struct checker *c, struct plan_step *step, const struct yaml_node *uses)
{
    struct near near;

    if (uses->type != YAML_SCALAR || check_is_missing(uses)) {
        check_problem(c, place_of(uses), "uses has to be the name of a step kind");
        return;
    }
    near_init(&near, uses->text);
    for (size_t i = 0; c->options->kinds[i]; i++) {
        if (str_is(uses->text, c->options->kinds[i]->name)) {
            step->kind = c->options->kinds[i];
            return;
        }
        near_offer(&near, c->options->kinds[i]->name);
    }
    check_problem(c, place_of(uses), "unknown step kind \"%.*s\"%s", STR_ARG(uses->text), near_hint(&near));
}

static void read_kind(struct checker *c, size_t index)
{
    const struct yaml_node *body = c->bodies[index], *uses, *undo;
    bool misspelt;

    c->step = index;
    if (body->type != YAML_MAPPING) {
        check_problem(c, check_is_missing(body) ? place_of(c->keys[index]) : place_of(body),
                      "has to be a mapping with \"uses\" or \"undo\"");
        return;
    }
    uses = yaml_get(body, "uses");
    undo = yaml_key(body, "undo");
    misspelt = check_step_keys(c, body);
    if (uses && undo)
        check_problem(c, place_of(undo), "only one of \"uses\" and \"undo\" may be given");
    else if (!uses && !undo && !misspelt)
        check_problem(c, place_of(c->keys[index]), "\"uses\" or \"undo\" is missing");
    if (uses)
        find_kind(c, &c->plan->steps[index], uses);
}

static void find_undone(struct checker *c, size_t index)
{
    const struct yaml_node *undo = yaml_get(c->bodies[index], "undo");
    struct plan_step *step = &c->plan->steps[index], *undone;
    size_t path;
    int target;

    if (!undo || yaml_get(c->bodies[index], "uses"))
        return;
    c->step = index;
    path = check_enter(c, "", STR("undo"));
    target = read_id(c, undo);
    if (target != NO_STEP) {
        undone = &c->plan->steps[target];
        if (yaml_get(c->bodies[target], "undo"))
            check_field_problem(c, place_of(undo), "step \"%s\" is an undo step itself", undone->id);
        else if (undone->kind && undone->kind->class != KIND_RESOURCE)
            check_field_problem(c, place_of(undo), "step \"%s\" is %s, which leaves nothing to undo",
                                undone->id, undone->kind->name);
        for (size_t i = 0; i < index; i++)
            if (c->plan->steps[i].undoes == undone)
                check_field_problem(c, place_of(undo), "step \"%s\" is already undone by \"%s\"", undone->id,
                                    c->plan->steps[i].id);
        step->undoes = undone;
        step->kind = undone->kind;
        grid_set(&c->edges, index, (size_t)target);
    }
    check_leave(c, path);
}

static void read_body(struct checker *c, size_t index)
{
    const struct yaml_node *body = c->bodies[index];
    struct plan_step *step = &c->plan->steps[index];
    bool undo = yaml_key(body, "undo") && !yaml_key(body, "uses");
    size_t path;

    c->step = index;
    if (body->type != YAML_MAPPING)
        return;
    for (size_t i = 0; i < body->count; i++)
        for (size_t k = 0; k < ARRAY_LEN(step_keys); k++) {
            if (!step_keys[k].read || !str_is(body->keys[i]->text, step_keys[k].name))
                continue;
            if (undo && step_keys[k].not_in_undo) {
                check_problem(c, place_of(body->keys[i]), "an undo step takes no \"%s\"", step_keys[k].name);
                continue;
            }
            path = check_enter(c, "", body->keys[i]->text);
            step_keys[k].read(c, step, body->keys[i], body->items[i]);
            check_leave(c, path);
        }
    if (!undo && step->kind && !yaml_key(body, "with")) {
        path = check_enter(c, "", STR("with"));
        json_free(step->with);
        step->with = check_fields(c, step->kind->with, NULL, place_of(c->keys[index]));
        check_leave(c, path);
    }
}

static void start_steps(struct checker *c, const struct yaml_node *steps)
{
    size_t count = steps->count < CHECK_MOST_STEPS ? steps->count : CHECK_MOST_STEPS;

    if (steps->count > CHECK_MOST_STEPS)
        problem_add(c->problems, &c->source, place_of(steps->keys[CHECK_MOST_STEPS]), "more than %d steps",
                    CHECK_MOST_STEPS);
    c->keys = (const struct yaml_node *const *)steps->keys;
    c->bodies = (const struct yaml_node *const *)steps->items;
    c->plan->steps = mem_array(count, sizeof(*c->plan->steps));
    c->plan->step_count = count;
    grid_init(&c->edges, count);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *key = steps->keys[i];
        struct plan_step *step = &c->plan->steps[i];

        step->id = mem_copy(key->text);
        step->title = mem_copy(key->text);
        step->line = key->line;
        step->column = key->column;
        step->with = json_object();
        if (!reference_is_id(key->text))
            problem_add(c->problems, &c->source, place_of(key),
                        "\"%s\" is no step id: a letter, then letters, digits, \"-\" and \"_\", at most 64",
                        step->id);
    }
}

void check_steps(struct checker *c, const struct yaml_node *steps)
{
    start_steps(c, steps);
    /* All kinds first: what a reference may name depends on them. */
    for (size_t i = 0; i < c->plan->step_count; i++)
        read_kind(c, i);
    for (size_t i = 0; i < c->plan->step_count; i++)
        find_undone(c, i);
    for (size_t i = 0; i < c->plan->step_count; i++)
        read_body(c, i);
}
