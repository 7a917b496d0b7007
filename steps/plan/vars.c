/* The vars of a plan: defaults, overrides and what is missing. */
#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/near.h"
#include "steps/plan/reference.h"

static void var_problem(struct checker *c, struct place at, const struct yaml_node *name, const char *message)
{
    problem_add(c->problems, &c->source, at, "var \"%.*s\": %s", STR_ARG(name->text), message);
}

static bool name_is_free(struct checker *c, const struct yaml_node *name)
{
    if (!reference_is_id(name->text)) {
        problem_add(
            c->problems, &c->source, place_of(name),
            "\"%.*s\" is no name for a var: a letter, then letters, digits, \"-\" and \"_\", at most 64",
            STR_ARG(name->text));
        return false;
    }
    for (size_t i = 0; reference_builtins[i]; i++)
        if (str_is(name->text, reference_builtins[i])) {
            var_problem(c, place_of(name), name, "this name always exists; take another");
            return false;
        }
    return true;
}

/* Unquoted whole numbers are numbers, all else is text as it is written. */
static struct json *default_value(struct checker *c, const struct yaml_node *name,
                                  const struct yaml_node *node)
{
    int64_t number;

    if (node->type != YAML_SCALAR) {
        var_problem(c, place_of(node), name, "default has to be text");
        return json_null();
    }
    if (check_is_missing(node)) {
        var_problem(c, place_of(node), name, "default has no value; an empty text is written \"\"");
        return json_null();
    }
    if (!node->quoted && check_integer(node->text, &number))
        return json_integer(number);
    return json_string(node->text);
}

static void read_help(struct checker *c, const struct yaml_node *name, const struct yaml_node *node)
{
    if (node->type == YAML_SCALAR && !check_is_missing(node))
        json_put_str(c->plan->vars_help, name->text.data, node->text);
    else
        var_problem(c, place_of(node), name, "help has to be text");
}

static void read_var(struct checker *c, const struct yaml_node *name, const struct yaml_node *body)
{
    const struct json *override = json_getn(c->options->var_overrides, name->text);
    struct json *value = NULL;
    bool has_default = false;

    if (!check_is_missing(body) && body->type != YAML_MAPPING) {
        var_problem(c, place_of(body), name, "has to be a mapping, like {default: VALUE, help: TEXT}");
        has_default = true;
    }
    for (size_t i = 0; body->type == YAML_MAPPING && i < body->count; i++) {
        if (str_is(body->keys[i]->text, "default")) {
            value = default_value(c, name, body->items[i]);
            has_default = true;
        } else if (str_is(body->keys[i]->text, "help")) {
            read_help(c, name, body->items[i]);
        } else {
            struct near near;

            near_init(&near, body->keys[i]->text);
            near_offer(&near, "default");
            near_offer(&near, "help");
            problem_add(c->problems, &c->source, place_of(body->keys[i]),
                        "var \"%.*s\": unknown key \"%.*s\"%s", STR_ARG(name->text),
                        STR_ARG(body->keys[i]->text), near_hint(&near));
            /* A misspelt default is one mistake, not two. */
            has_default = has_default || (near.best && strcmp(near.best, "default") == 0);
        }
    }
    if (!has_default && !override)
        problem_add(c->problems, &c->source, place_of(name),
                    "var \"%.*s\" has no default and no value; give one with --var %.*s=VALUE",
                    STR_ARG(name->text), STR_ARG(name->text));
    if (override) {
        json_free(value);
        value = json_copy(override);
    }
    json_put(c->plan->vars, name->text.data, value ? value : json_null());
}

static void check_overrides(struct checker *c)
{
    for (const struct json *o = json_first(c->options->var_overrides); o; o = json_next(o)) {
        struct near near;

        if (json_get(c->plan->vars, json_key(o)))
            continue;
        near_init(&near, str_of(json_key(o)));
        for (const struct json *v = json_first(c->plan->vars); v; v = json_next(v))
            near_offer(&near, json_key(v));
        problem_add(c->problems, &c->source, (struct place){0}, "the plan has no var \"%s\"%s", json_key(o),
                    near_hint(&near));
    }
}

void check_vars(struct checker *c, const struct yaml_node *vars)
{
    if (vars && vars->type != YAML_MAPPING && !check_is_missing(vars)) {
        problem_add(c->problems, &c->source, place_of(vars), "vars has to be a mapping of names");
        return;
    }
    if (vars && vars->count > CHECK_MOST_KEYS) {
        problem_add(c->problems, &c->source, place_of(vars->keys[CHECK_MOST_KEYS]), "more than %d vars",
                    CHECK_MOST_KEYS);
        return;
    }
    for (size_t i = 0; vars && i < vars->count; i++)
        if (name_is_free(c, vars->keys[i]))
            read_var(c, vars->keys[i], vars->items[i]);
    check_overrides(c);
}
