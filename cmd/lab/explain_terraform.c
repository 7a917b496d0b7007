/* Steps as a configuration of Terraform: a call that makes something is a resource, one
 * that finds something a data source, a value nobody may write down a variable. What a
 * configuration cannot say stands there as a comment with the reason. */
#include "aws/common/mem.h"
#include "cmd/lab/explain.h"
#include "cmd/lab/explain_terraform_rows.h"
#include "cmd/lab/hcl.h"

#include <string.h>

struct configuration {
    const struct explanation *x; /* the step at hand */
    struct buf *out;
    struct json *written; /* "aws_iam_role.role", "data.…", "variable.…": {"step", "key"} */
    struct json *said;    /* reasons of this step */
    unsigned repeats;
};

/* --- marks --- */

/* Notes that it is written now; false: it was. */
static bool first_of(struct configuration *t, const char *kind, const char *name)
{
    CLEANUP(mem_freep) char *address = mem_printf("%s%s", kind, name);

    if (json_get(t->written, address))
        return false;
    json_put(t->written, address, json_of("step", t->x->step->id, NULL));
    return true;
}

static void add_variable(struct configuration *t, struct str mark, struct buf *out)
{
    CLEANUP(buf_release) struct buf name = {0};
    bool env = str_starts(mark, STR("env."));

    hcl_identifier(env ? str_slice(mark, 4, mark.len) : mark, &name);
    buf_printf(out, "var.%s", buf_text(&name));
    if (!first_of(t, "variable.", buf_text(&name)))
        return;
    buf_printf(t->out, "\n# Nothing secret is written here: TF_VAR_%s in the environment gives it.\n",
               buf_text(&name));
    buf_printf(t->out, "variable \"%s\" {\n  description = \"%s%.*s\"\n", buf_text(&name),
               env ? "What stands in the environment as " : "What the lab calls ",
               STR_ARG(env ? str_slice(mark, 4, mark.len) : mark));
    buf_adds(t->out, "  type        = string\n  sensitive   = true\n}\n");
}

static void add_region(struct configuration *t, struct buf *out)
{
    buf_adds(out, "data.aws_region.current.name");
    if (first_of(t, "data.", "aws_region.current"))
        buf_adds(t->out, "\ndata \"aws_region\" \"current\" {}\n");
}

static bool add_data(struct configuration *t, const struct terraform_source *source, const struct json *item,
                     const char *name, struct error *err);

/* An attribute of what the step made, if that is written here, else of a data source. */
static bool add_attribute(struct configuration *t, const struct terraform_source *source,
                          const struct terraform_attribute *a, const struct json *item, struct str mark,
                          struct buf *out, struct error *err)
{
    CLEANUP(buf_release) struct buf name = {0};
    CLEANUP(mem_freep) char *resource = NULL;

    hcl_identifier(str_slice(mark, 0, str_find_char(mark, '.')), &name);
    resource = mem_printf("%s.%s", source->type, buf_text(&name));
    bool made = json_get(t->written, resource) != NULL;
    buf_printf(out, a->list ? "join(\",\", %s%s.%s)" : "%s%s.%s", made ? "" : "data.", resource, a->name);
    return made || add_data(t, source, item, buf_text(&name), err);
}

static bool add_mark(void *self, struct str mark, struct buf *out, struct error *err)
{
    struct configuration *t = self;
    const struct json *item = item_giver(t->x->items, mark);
    const struct terraform_source *source = item ? terraform_find_source(item) : NULL;
    const struct terraform_attribute *a =
        source ? terraform_find_attribute(source, json_text(json_getn(json_get(item, "gives"), mark))) : NULL;

    if (a)
        return add_attribute(t, source, a, item, mark, out, err);
    if (str_is(mark, "env.AWS_REGION"))
        add_region(t, out);
    else
        add_variable(t, mark, out);
    return true;
}

/* --- arguments --- */

/* The lines of one block: arguments, then blocks inside. */
struct block {
    struct json *arguments;
    struct buf inner;
};

static void block_release(struct block *b)
{
    json_free(b->arguments);
    buf_release(&b->inner);
}

/* [{KEY, VALUE}] as a map. */
static struct json *map_of(const struct json *list, const char *key, const char *value)
{
    struct json *map = json_object();

    for (const struct json *e = json_first(list); e; e = json_next(e))
        json_put_text(map, json_get_text(e, key), json_get_text(e, value));
    return map;
}

/* A filter may have an argument of its own. */
static bool add_filters(const struct hcl_marks *marks, const struct terraform_argument *a,
                        const struct json *filters, struct block *b, struct error *err)
{
    for (const struct json *f = json_first(filters); f; f = json_next(f)) {
        CLEANUP(buf_release) struct buf values = {0};
        const char *name = json_get_text(f, "Name");

        if (!hcl_value(marks, json_get(f, "Values"), 2, &values, err))
            return false;
        if (strcmp(name, a->of) == 0)
            json_put_str(b->arguments, a->name, buf_str(&values));
        else
            buf_printf(&b->inner, "\n  filter {\n    name   = \"%s\"\n    values = %s\n  }\n", name,
                       buf_text(&values));
    }
    return true;
}

/* Whether a resource's name is meant by a text: itself, or an ARN that ends with it. */
static bool means(struct str text, const char *name)
{
    CLEANUP(mem_freep) char *end = mem_printf("/%s", name);

    return *name && (str_is(text, name) || str_ends(text, str_of(end)));
}

/* The value is the name or ARN of something that is made here: refers to it. */
static bool add_reference(const struct configuration *t, const struct terraform_argument *a,
                          const struct json *value, struct buf *out)
{
    CLEANUP(mem_freep) char *type = mem_printf("%s.", a->of ? a->of : "");

    for (const struct json *w = a->of ? json_first(t->written) : NULL; w; w = json_next(w)) {
        if (!str_starts(str_of(json_key(w)), str_of(type)) ||
            !means(json_str(value), json_get_text(w, "key")))
            continue;
        buf_printf(out, "%s.%s", json_key(w), a->attribute);
        return true;
    }
    return false;
}

static bool add_argument(struct configuration *t, const struct terraform_argument *a,
                         const struct json *value, struct block *b, struct error *err)
{
    const struct hcl_marks marks = {add_mark, t};
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(json_freep) struct json *map = NULL;
    bool ok = true;

    switch (a->form) {
    case ARGUMENT_NONE:
        return true;
    case ARGUMENT_VALUE:
        ok = add_reference(t, a, value, &text) || hcl_value(&marks, value, 1, &text, err);
        break;
    case ARGUMENT_DOCUMENT:
        ok = hcl_document(&marks, json_str(value), 1, &text, err);
        break;
    case ARGUMENT_TAGS:
        map = map_of(value, "Key", "Value");
        ok = hcl_value(&marks, map, 1, &text, err);
        break;
    case ARGUMENT_FILTERS:
        return add_filters(&marks, a, value, b, err);
    }
    if (ok)
        json_put_str(b->arguments, a->name, buf_str(&text));
    return ok;
}

/* Every member has a row: a new one is not lost in silence. */
static bool add_arguments(struct configuration *t, const struct terraform_argument *rows,
                          const struct json *item, struct block *b, struct error *err)
{
    for (const struct json *m = json_first(json_get(item, "input")); m; m = json_next(m)) {
        const struct terraform_argument *a = rows;

        while (a->member && strcmp(a->member, json_key(m)) != 0)
            a++;
        if (!a->member)
            return error_set(err, ERR_BUG, "no terraform argument is known for %s of %s", json_key(m),
                             json_get_text(item, "operation"));
        if (!add_argument(t, a, m, b, err))
            return false;
    }
    return true;
}

static void end_block(struct configuration *t, const char *word, const char *type, const char *name,
                      const struct block *b, const char *tail)
{
    buf_printf(t->out, "\n%s \"%s\" \"%s\" {", word, type, name);
    if (json_count(b->arguments) > 0 || b->inner.len > 0)
        buf_addc(t->out, '\n');
    hcl_arguments(b->arguments, 1, t->out);
    /* The first inner block begins with an empty line, which only arguments need. */
    buf_adds(t->out, buf_text(&b->inner) + (json_count(b->arguments) == 0 && b->inner.len > 0 ? 1 : 0));
    buf_printf(t->out, "%s}\n", tail);
}

static bool add_data(struct configuration *t, const struct terraform_source *source, const struct json *item,
                     const char *name, struct error *err)
{
    CLEANUP(mem_freep) char *address = mem_printf("%s.%s", source->type, name);
    CLEANUP(block_release) struct block b = {json_object(), {0}};

    if (!first_of(t, "data.", address))
        return true;
    if (!add_arguments(t, source->arguments, item, &b, err))
        return false;
    end_block(t, "data", source->type, name, &b, "");
    return true;
}

/* --- resources --- */

/* A step's second of a type has a number. */
static char *address_of(const struct configuration *t, const struct terraform_resource *r, struct buf *name)
{
    char *address;

    hcl_identifier(str_of(t->x->step->id), name);
    address = mem_printf("%s.%s", r->type, buf_text(name));
    for (int number = 2; json_get(t->written, address); number++) {
        mem_free(address);
        buf_reset(name);
        hcl_identifier(str_of(t->x->step->id), name);
        buf_printf(name, "_%d", number);
        address = mem_printf("%s.%s", r->type, buf_text(name));
    }
    return address;
}

static bool needed(const struct configuration *t, const char *step_id)
{
    const struct plan_step *step = t->x->step;

    for (size_t i = 0; i < step->need_count; i++) {
        if (strcmp(t->x->plan->steps[step->needs[i]].id, step_id) == 0)
            return true;
    }
    return false;
}

static bool mentions(const struct json *arguments, const char *address)
{
    CLEANUP(mem_freep) char *start = mem_printf("%s.", address);

    for (const struct json *a = json_first(arguments); a; a = json_next(a)) {
        if (str_contains(json_str(a), str_of(start)))
            return true;
    }
    return false;
}

/* Of what the steps before it made, that which nothing in the block refers to. */
static void add_order(const struct configuration *t, struct block *b)
{
    CLEANUP(buf_release) struct buf list = {0};

    for (const struct json *w = json_first(t->written); w; w = json_next(w)) {
        if (!json_get(w, "key") || !needed(t, json_get_text(w, "step")) ||
            mentions(b->arguments, json_key(w)))
            continue;
        buf_printf(&list, "%s%s", list.len ? ", " : "", json_key(w));
    }
    if (list.len > 0)
        buf_printf(&b->inner, "\n  depends_on = [%s]\n", buf_text(&list));
}

static void add_parent(const struct terraform_resource *r, const struct buf *name, struct block *b)
{
    CLEANUP(mem_freep) char *value = NULL;

    if (!r->parent)
        return;
    value = mem_printf("%s.%s.id", r->parent->type, buf_text(name));
    json_put_text(b->arguments, r->parent->argument, value);
}

/* Some calls fill what the one before them made: their arguments join its block. */
static bool add_joined(struct configuration *t, const struct terraform_resource *r, const struct json *item,
                       struct block *b, struct error *err)
{
    for (item = json_next(item); r->joined && item; item = json_next(item)) {
        if (strcmp(json_get_text(item, "operation"), r->joined) == 0 &&
            !add_arguments(t, r->joined_arguments, item, b, err))
            return false;
    }
    return true;
}

static bool add_resource(struct configuration *t, const struct terraform_resource *r, const struct json *item,
                         struct error *err)
{
    CLEANUP(buf_release) struct buf name = {0};
    CLEANUP(block_release) struct block b = {json_object(), {0}};
    CLEANUP(mem_freep) char *address = address_of(t, r, &name);

    add_parent(r, &name, &b);
    if (!add_arguments(t, r->arguments, item, &b, err) || !add_joined(t, r, item, &b, err))
        return false;
    add_order(t, &b);
    end_block(t, "resource", r->type, buf_text(&name), &b, r->tail ? r->tail : "");
    struct json *written = json_put(t->written, address, json_of("step", t->x->step->id, NULL));
    json_put_text(written, "key", json_get_text(json_get(item, "input"), r->key));
    return true;
}

/* --- items --- */

static void say(struct configuration *t, const char *reason)
{
    if (json_get(t->said, reason))
        return;
    json_put_bool(t->said, reason, true);
    buf_printf(t->out, "\n# %s\n", reason);
}

/* The step's own look-up: nothing else uses its reply. */
static bool add_own_data(struct configuration *t, const struct json *item, struct error *err)
{
    const struct terraform_source *source = terraform_find_source(item);
    CLEANUP(buf_release) struct buf name = {0};

    if (json_get(item, "gives") || t->repeats > 0)
        return true;
    if (!source)
        return error_set(err, ERR_BUG, "no terraform form is known for %s", json_get_text(item, "operation"));
    hcl_identifier(str_of(t->x->step->id), &name);
    return add_data(t, source, item, buf_text(&name), err);
}

static bool add_call(struct configuration *t, const struct json *item, struct error *err)
{
    const char *reason = terraform_find_reason(item);
    const struct terraform_resource *r = terraform_resources;
    bool made = false;

    for (; r->type; r++) {
        if (!terraform_row_is(r->service, r->operation, item))
            continue;
        made = true;
        if (!add_resource(t, r, item, err))
            return false;
    }
    if (made || terraform_is_joined(item))
        return true;
    if (reason && (!json_get(item, "gives") || t->repeats > 0))
        say(t, reason);
    if (reason)
        return true;
    if (item_operation(item)->mutates)
        return error_set(err, ERR_BUG, "no terraform form is known for %s", json_get_text(item, "operation"));
    return add_own_data(t, item, err);
}

static bool add_item(struct configuration *t, const struct json *item, struct error *err)
{
    if (item_is(item, "repeat") && t->repeats++ == 0) {
        CLEANUP(mem_freep)
        char *reason = mem_printf("Nothing is written for a wait: %s.", json_get_text(item, "why"));
        say(t, reason);
    }
    if (item_is(item, "until"))
        t->repeats--;
    if (item_is(item, "sql")) {
        CLEANUP(mem_freep)
        char *reason =
            mem_printf("Not here: the SQL of this step. The AWS provider does not log in to a database: "
                       "`lab explain %s --as cli` does.",
                       t->x->step->id);
        say(t, reason);
    }
    return !item_is(item, "call") || add_call(t, item, err);
}

/* No block for the provider: it is one with defaults, and a module may have none. */
static const char header[] = "\n"
                             "# Keys, region and endpoint come from the environment, as for the AWS CLI.\n"
                             "terraform {\n"
                             "  required_version = \">= 1.5\"\n"
                             "  required_providers {\n"
                             "    aws = {\n"
                             "      source  = \"hashicorp/aws\"\n"
                             "      version = \"~> 5.0\"\n"
                             "    }\n"
                             "  }\n"
                             "}\n";

bool explain_terraform(const struct explanation *steps, size_t count, struct buf *out, struct error *err)
{
    struct configuration t = {.out = out, .written = json_object()};
    bool ok = true;

    for (size_t i = 0; i < count && ok; i++) {
        t.x = &steps[i];
        t.said = json_object();
        buf_adds(out, i ? "\n" : "");
        explain_heading(t.x, "#", out);
        buf_adds(out, i ? "" : header);
        for (const struct json *item = json_first(t.x->items); item && ok; item = json_next(item))
            ok = add_item(&t, item, err);
        json_free(t.said);
    }
    json_free(t.written);
    return ok;
}
