/* References in the texts of a plan, before anything runs. */
#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/near.h"
#include "steps/plan/reference.h"

#include <stdio.h>

void checked_text_release(struct checked_text *t)
{
    buf_release(&t->value);
}

struct place checked_place(const struct checker *c, const struct checked_text *t)
{
    return t->source.len > 0 ? place_within(&c->source, t->scalar, t->offset) : place_of(t->scalar);
}

static struct place place_at(const struct checker *c, const struct yaml_node *scalar,
                             const struct piece *piece)
{
    return place_within(&c->source, scalar, piece->offset);
}

static bool is_builtin(struct str name)
{
    for (size_t i = 0; reference_builtins[i]; i++)
        if (str_is(name, reference_builtins[i]))
            return true;
    return false;
}

static bool on_name(struct checker *c, const struct piece *piece, const struct yaml_node *scalar,
                    struct checked_text *out)
{
    const struct json *value = json_getn(c->plan->vars, piece->name);
    struct near near;

    if (value) {
        /* null: the var has no value, which has been said already. */
        out->known = out->known && !json_is_null(value);
        if (json_is_number(value))
            buf_printf(&out->value, "%lld", (long long)json_int(value, 0));
        else
            buf_adds(&out->value, json_text(value));
        return true;
    }
    out->known = false;
    if (is_builtin(piece->name))
        return true;
    near_init(&near, piece->name);
    for (const struct json *v = json_first(c->plan->vars); v; v = json_next(v))
        near_offer(&near, json_key(v));
    for (size_t i = 0; reference_builtins[i]; i++)
        near_offer(&near, reference_builtins[i]);
    if (!near.best && check_step_named(c, piece->name) != NO_STEP)
        check_field_problem(c, place_at(c, scalar, piece),
                            "there is no var \"%.*s\"; the step of that name is ${steps.%.*s}",
                            STR_ARG(piece->name), STR_ARG(piece->name));
    else
        check_field_problem(c, place_at(c, scalar, piece), "there is no var \"%.*s\"%s", STR_ARG(piece->name),
                            near_hint(&near));
    return false;
}

static bool on_environment(struct checker *c, const struct piece *piece, const struct yaml_node *scalar,
                           struct checked_text *out)
{
    CLEANUP(mem_freep) char *name = mem_copy(piece->name);
    const char *value = NULL;

    if (c->options->getenv)
        value = c->options->getenv(c->options->getenv_self, name);
    out->shown = false;
    if (!value) {
        out->known = false;
        check_field_problem(c, place_at(c, scalar, piece), "the environment variable %s is not set", name);
        return false;
    }
    if (!str_is_utf8(str_of(value))) {
        out->known = false;
        check_field_problem(c, place_at(c, scalar, piece), "the environment variable %s is not UTF-8", name);
        return false;
    }
    buf_adds(&out->value, value);
    json_put_text(c->plan->env, name, value);
    return true;
}

static bool has_output(struct checker *c, const struct kind_schema *kind, const struct piece *piece,
                       const struct yaml_node *scalar)
{
    struct near near;

    near_init(&near, piece->output);
    for (const struct output_field *o = kind->outputs; o && o->name; o++) {
        if (str_is(piece->output, o->name))
            return true;
        near_offer(&near, o->name);
    }
    check_field_problem(c, place_at(c, scalar, piece), "step \"%.*s\" (%s) has no output \"%.*s\"%s",
                        STR_ARG(piece->name), kind->name, STR_ARG(piece->output), near_hint(&near));
    return false;
}

static bool on_step(struct checker *c, const struct piece *piece, const struct yaml_node *scalar,
                    bool takes_step)
{
    int index = check_step_named(c, piece->name);
    const struct plan_step *step;

    if (index == NO_STEP) {
        check_no_step(c, place_at(c, scalar, piece), piece->name);
        return false;
    }
    step = &c->plan->steps[index];
    grid_set(&c->edges, c->step, (size_t)index);
    if (step->undoes || yaml_key(c->bodies[index], "undo")) {
        check_field_problem(
            c, place_at(c, scalar, piece),
            "step \"%s\" undoes another and has no outputs; to run after it, name it in needs", step->id);
        return false;
    }
    if (piece->kind == PIECE_STEP && !takes_step) {
        const char *output = step->kind && step->kind->outputs && step->kind->outputs[0].name
                                 ? step->kind->outputs[0].name
                                 : "OUTPUT";

        check_field_problem(c, place_at(c, scalar, piece),
                            "%.*s is a whole step; name one of its outputs, like ${steps.%s.%s}",
                            STR_ARG(piece->text), step->id, output);
        return false;
    }
    return piece->kind == PIECE_STEP || !step->kind || has_output(c, step->kind, piece, scalar);
}

static bool on_piece(struct checker *c, const struct piece *piece, const struct yaml_node *scalar,
                     bool takes_step, struct checked_text *out)
{
    switch (piece->kind) {
    case PIECE_LITERAL:
        buf_add(&out->value, piece->text);
        return true;
    case PIECE_NAME:
        return on_name(c, piece, scalar, out);
    case PIECE_ENV:
        return on_environment(c, piece, scalar, out);
    case PIECE_STEP:
    case PIECE_OUTPUT:
        out->known = false;
        return on_step(c, piece, scalar, takes_step);
    case PIECE_MALFORMED:
        check_field_problem(c, place_at(c, scalar, piece),
                            "\"%.*s\" is no reference; a literal ${ is written $${", STR_ARG(piece->text));
        return false;
    case PIECE_UNFINISHED:
        check_field_problem(c, place_at(c, scalar, piece),
                            "\"${\" without \"}\"; a literal ${ is written $${");
        return false;
    case PIECE_KINDS:
        break;
    }
    return false;
}

void check_text(struct checker *c, const struct yaml_node *scalar, bool takes_step, struct checked_text *out)
{
    struct piece piece;
    bool alone = reference_whole(scalar->text, &piece);
    size_t at = 0;

    *out = (struct checked_text){.good = true, .known = true, .shown = true, .scalar = scalar};
    while (reference_next(scalar->text, &at, &piece)) {
        if (piece.kind != PIECE_LITERAL && out->source.len == 0) {
            out->source = piece.text;
            out->offset = piece.offset;
        }
        if (problems_full(c->problems) || !on_piece(c, &piece, scalar, takes_step && alone, out))
            out->good = out->known = false;
    }
}
