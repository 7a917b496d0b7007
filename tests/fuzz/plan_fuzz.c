/* Plans: any text is either a plan in order or has mistakes with a place each,
 * and what is told of them can be shown on any terminal. Input: the text. */
#include "aws/common/yaml.h"
#include "steps/kinds/table.h"
#include "steps/plan/plan.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_BYTES = 262144, MOST_DEPTH = 32, MOST_PROBLEMS = 100 };

static const char *no_variables(void *self, const char *name)
{
    (void)self;
    return strcmp(name, "SET") == 0 ? "seven" : NULL;
}

static const struct json *no_outputs(void *self, const char *step_id)
{
    (void)self;
    (void)step_id;
    return NULL;
}

/* Text that a terminal shows and does not obey. */
static bool is_tame(const char *text, bool tabs)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c < 0x20 && !(tabs && *c == '\t')) || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            return false;
    return str_is_utf8(str_of(text));
}

/* --- YAML --- */

static void walk(const struct yaml_node *node, size_t depth)
{
    HOLDS(depth <= MOST_DEPTH && node->line >= 1 && node->column >= 1);
    HOLDS(node->type != YAML_SCALAR || (node->count == 0 && strlen(node->text.data) == node->text.len));
    for (size_t i = 0; i < node->count; i++) {
        walk(node->items[i], depth + (node->items[i]->type != YAML_SCALAR));
        if (node->type != YAML_MAPPING)
            continue;
        HOLDS(node->keys[i]->type == YAML_SCALAR &&
              yaml_get(node, node->keys[i]->text.data) == node->items[i]);
    }
}

static void read_yaml(struct str text)
{
    CLEANUP(yaml_release) struct yaml_document doc = {0};
    CLEANUP(json_freep) struct json *data = NULL, *again = NULL;
    CLEANUP(buf_release) struct buf written = {0};
    struct yaml_problem problem;
    struct error err;

    if (!yaml_parse(text, &doc, &problem)) {
        HOLDS(problem.line >= 1 && problem.column >= 1 && problem.message[0]);
        HOLDS(doc.root == NULL);
        return;
    }
    HOLDS(text.len <= MOST_BYTES && str_is_utf8(text));
    if (doc.root)
        walk(doc.root, doc.root->type != YAML_SCALAR);
    data = yaml_to_json(doc.root);
    json_write(data, &written);
    HOLDS(json_parse(buf_str(&written), &(struct json_limits){.unique_keys = true}, &again, &err));
    HOLDS(json_equal(data, again));
}

/* --- plans --- */

static size_t lines_of(struct str text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n' || text.data[i] == '\r' || (unsigned char)text.data[i] >= 0x80;
    return lines + 1;
}

static void look_at_problems(struct str text, const struct plan_problems *problems)
{
    CLEANUP(buf_release) struct buf shown = {0};

    HOLDS(problems->count > 0 && problems->count <= MOST_PROBLEMS);
    for (size_t i = 0; i < problems->count; i++) {
        const struct plan_problem *p = &problems->items[i], *before = i ? p - 1 : p;

        HOLDS(p->message[0] && is_tame(p->message, false) && is_tame(p->source, true));
        HOLDS(p->line >= 0 && (size_t)p->line <= lines_of(text) && (p->line == 0) == (p->column == 0));
        HOLDS(before->line < p->line || (before->line == p->line && before->column <= p->column));
    }
    plan_problems_print(problems, "lab.yaml", &shown);
    HOLDS(str_is_utf8(buf_str(&shown)));
}

static void look_at_order(const struct plan *plan)
{
    CLEANUP(mem_freep) bool *done = mem_array(plan->step_count + 1, sizeof *done);

    for (size_t i = 0; i < plan->step_count; i++) {
        size_t at = plan->order[i];
        const struct plan_step *step = &plan->steps[at];

        HOLDS(at < plan->step_count && !done[at]);
        for (size_t k = 0; k < step->need_count; k++) {
            const struct plan_step *need = &plan->steps[step->needs[k]];

            HOLDS(done[step->needs[k]] && (k == 0 || step->needs[k - 1] < step->needs[k]));
            HOLDS(plan_needs(plan, step, need) && !plan_needs(plan, need, step));
        }
        HOLDS(plan_find(plan, str_of(step->id), NULL) == step && step->kind && json_is_object(step->with));
        done[at] = true;
    }
}

static void resolve_all(const struct plan *plan)
{
    const struct plan_scope scope = {no_outputs, NULL, "111122223333", "eu-west-1", "aws", "me"};

    for (size_t i = 0; i < plan->step_count; i++) {
        CLEANUP(json_freep) struct json *lenient = NULL, *strict = NULL;
        struct error err;

        HOLDS(plan_resolve(plan, &plan->steps[i], &scope, true, &lenient, &err) && json_is_object(lenient));
        if (plan_resolve(plan, &plan->steps[i], &scope, false, &strict, &err))
            HOLDS(json_equal(lenient, strict));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct kind_schema *kinds[KINDS_MAX + 1] = {0};
    const struct plan_options options = {.file = "lab.yaml", .kinds = kinds, .getenv = no_variables};
    struct str text = fuzz_text(data, size);
    struct plan_problems problems = {0};
    struct plan plan = {0};

    for (size_t i = 0; step_kinds[i]; i++)
        kinds[i] = &step_kinds[i]->schema;
    read_yaml(text);
    if (plan_parse(text, &options, &plan, &problems)) {
        HOLDS(problems.count == 0);
        look_at_order(&plan);
        resolve_all(&plan);
    } else {
        look_at_problems(text, &problems);
        HOLDS(plan.step_count == 0);
    }
    plan_problems_release(&problems);
    plan_release(&plan);
    return 0;
}
