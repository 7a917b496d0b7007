#include "steps/plan/plan.h"

#include "aws/common/mem.h"
#include "aws/common/yaml.h"
#include "steps/plan/check.h"
#include "steps/plan/near.h"
#include "steps/plan/reference.h"

enum { ACCOUNT_DIGITS = 12 };

static const char *const plan_keys[] = {"lab", "title", "allowed_accounts", "vars", "steps"};

static void check_plan_keys(struct checker *c, const struct yaml_node *root)
{
    for (size_t i = 0; i < root->count; i++) {
        struct near near;
        bool known = false;

        near_init(&near, root->keys[i]->text);
        for (size_t k = 0; k < ARRAY_LEN(plan_keys); k++) {
            known = known || str_is(root->keys[i]->text, plan_keys[k]);
            near_offer(&near, plan_keys[k]);
        }
        if (!known)
            problem_add(c->problems, &c->source, place_of(root->keys[i]), "unknown key \"%.*s\"%s",
                        STR_ARG(root->keys[i]->text), near_hint(&near));
    }
}

/* The name is part of tags and of the keys of the store. */
static void read_lab(struct checker *c, const struct yaml_node *root)
{
    const struct yaml_node *lab = yaml_get(root, "lab");

    if (!lab)
        problem_add(c->problems, &c->source, place_of(root), "\"lab\" is missing: the name of the lab");
    else if (lab->type != YAML_SCALAR || !reference_is_id(lab->text))
        problem_add(c->problems, &c->source, place_of(lab),
                    "lab has to be a name: a letter, then letters, digits, \"-\" and \"_\", at most 64");
    else
        c->plan->lab = mem_copy(lab->text);
}

static void read_title(struct checker *c, const struct yaml_node *root)
{
    const struct yaml_node *title = yaml_get(root, "title");

    if (title && (title->type != YAML_SCALAR || title->text.len == 0))
        problem_add(c->problems, &c->source, place_of(title), "title has to be text");
    else
        c->plan->title = title ? mem_copy(title->text) : mem_dup(c->plan->lab);
}

static bool is_account(const struct yaml_node *node)
{
    size_t digits = 0;

    if (node->type != YAML_SCALAR)
        return false;
    while (digits < node->text.len && node->text.data[digits] >= '0' && node->text.data[digits] <= '9')
        digits++;
    return digits == ACCOUNT_DIGITS && digits == node->text.len;
}

/* A guard rail that is misspelt must not be taken for none. */
static void read_accounts(struct checker *c, const struct yaml_node *root)
{
    const struct yaml_node *accounts = yaml_get(root, "allowed_accounts");

    if (!accounts)
        return;
    if (accounts->type != YAML_SEQUENCE || accounts->count == 0) {
        problem_add(c->problems, &c->source, place_of(accounts),
                    "allowed_accounts has to be a list of account ids, at least one");
        return;
    }
    c->plan->allowed_accounts = json_array();
    for (size_t i = 0; i < accounts->count; i++) {
        if (is_account(accounts->items[i]))
            json_push(c->plan->allowed_accounts, json_string(accounts->items[i]->text));
        else
            problem_add(c->problems, &c->source, place_of(accounts->items[i]), "an account id has 12 digits");
    }
}

static void check_root(struct checker *c, const struct yaml_node *root)
{
    const struct yaml_node *steps = yaml_get(root, "steps");

    if (!root) {
        problem_add(c->problems, &c->source, (struct place){1, 1}, "the plan is empty");
        return;
    }
    if (root->type != YAML_MAPPING) {
        problem_add(c->problems, &c->source, place_of(root),
                    "a plan is a mapping with lab, title, allowed_accounts, vars, steps");
        return;
    }
    check_plan_keys(c, root);
    read_lab(c, root);
    read_title(c, root);
    read_accounts(c, root);
    check_vars(c, yaml_get(root, "vars"));
    if (!steps) {
        problem_add(c->problems, &c->source, place_of(root), "\"steps\" is missing");
    } else if (steps->type != YAML_MAPPING || steps->count == 0) {
        problem_add(c->problems, &c->source,
                    place_of(check_is_missing(steps) ? yaml_key(root, "steps") : steps),
                    "steps has to be a mapping with at least one step");
    } else {
        check_steps(c, steps);
        check_graph(c);
    }
}

bool plan_parse(struct str text, const struct plan_options *options, struct plan *out,
                struct plan_problems *problems)
{
    struct checker c = {.options = options, .plan = out, .problems = problems};
    struct yaml_document document;
    struct yaml_problem mistake;
    bool ok;

    *problems = (struct plan_problems){0};
    *out = (struct plan){.file = mem_dup(options->file),
                         .vars = json_object(),
                         .vars_help = json_object(),
                         .env = json_object()};
    source_init(&c.source, text);
    if (yaml_parse(text, &document, &mistake)) {
        check_root(&c, document.root);
        yaml_release(&document);
    } else {
        problem_add(problems, &c.source, (struct place){mistake.line, mistake.column}, "%s", mistake.message);
    }
    grid_release(&c.edges);
    source_release(&c.source);
    ok = problems->count == 0;
    if (!ok) {
        problems_sort(problems);
        plan_release(out);
    }
    return ok;
}

static void step_release(struct plan_step *step)
{
    mem_free(step->id);
    mem_free(step->title);
    mem_free(step->needs);
    json_free(step->with);
    json_free(step->expect);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < p->step_count; i++)
        step_release(&p->steps[i]);
    mem_free(p->steps);
    mem_free(p->order);
    mem_free(p->reach);
    mem_free(p->lab);
    mem_free(p->title);
    mem_free(p->file);
    json_free(p->allowed_accounts);
    json_free(p->vars);
    json_free(p->vars_help);
    json_free(p->env);
    *p = (struct plan){0};
}

const struct plan_step *plan_find(const struct plan *p, struct str id, const char **near)
{
    struct near closest;

    if (near)
        *near = NULL;
    for (size_t i = 0; i < p->step_count; i++)
        if (str_is(id, p->steps[i].id))
            return &p->steps[i];
    near_init(&closest, id);
    for (size_t i = 0; near && i < p->step_count; i++)
        near_offer(&closest, p->steps[i].id);
    if (near)
        *near = closest.best;
    return NULL;
}

size_t plan_index(const struct plan *p, const struct plan_step *step)
{
    return (size_t)(step - p->steps);
}
