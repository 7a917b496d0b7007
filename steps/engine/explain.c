#include "steps/engine/explain.h"

#include "aws/common/mem.h"
#include "steps/engine/run.h"

#include <string.h>

/* --- marks --- */

char *explain_mark(const char *name)
{
    return mem_printf(MARK_BEGIN "%s" MARK_END, name);
}

/* The first place of a part in text, or text.len. */
static size_t find(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (str_starts(str_slice(text, i, text.len), part))
            return i;
    }
    return text.len;
}

bool explain_next_mark(struct str text, struct str *before, struct str *name, struct str *after)
{
    size_t at = find(text, STR(MARK_BEGIN));
    struct str rest = str_slice(text, at + strlen(MARK_BEGIN), text.len);
    size_t end = find(rest, STR(MARK_END));

    if (at == text.len || end == rest.len)
        return false;
    *before = str_slice(text, 0, at);
    *name = str_slice(rest, 0, end);
    *after = str_slice(rest, end + strlen(MARK_END), rest.len);
    return true;
}

char *explain_own(const struct step_context *c, const char *output)
{
    return mem_printf(MARK_BEGIN "%s.%s" MARK_END, c->step->id, output);
}

/* --- items --- */

void explain_quote_numbers(struct str text, struct buf *out)
{
    struct str before, name, after;

    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        const char *quote = str_ends(name, STR("#")) ? "\"" : "";

        buf_add(out, before);
        buf_printf(out, "%s" MARK_BEGIN "%.*s" MARK_END "%s", quote, STR_ARG(name), quote);
    }
    buf_add(out, text);
}

void explain_unquote_numbers(struct str text, struct buf *out)
{
    struct str before, name, after;

    while (explain_next_mark(text, &before, &name, &after)) {
        bool number = str_ends(name, STR("#")) && str_ends(before, STR("\"")) && str_starts(after, STR("\""));

        buf_add(out, number ? str_slice(before, 0, before.len - 1) : before);
        buf_printf(out, MARK_BEGIN "%.*s" MARK_END, STR_ARG(name));
        text = number ? str_slice(after, 1, after.len) : after;
    }
    buf_add(out, text);
}

struct json *explain_call(struct json *items, const char *service, const char *operation, struct json *input)
{
    struct json *item =
        json_push(items, json_of("type", "call", "service", service, "operation", operation, NULL));

    for (const struct json *m = json_first(input); m; m = json_next(m)) {
        CLEANUP(mem_freep) char *key = mem_dup(json_key(m));
        CLEANUP(buf_release) struct buf text = {0};

        if (!str_contains(json_str(m), STR("#" MARK_END)))
            continue;
        explain_unquote_numbers(json_str(m), &text);
        json_put_str(input, key, buf_str(&text));
        m = json_get(input, key);
    }
    json_put(item, "input", input);
    return item;
}

void explain_gives(const struct step_context *c, struct json *call, const char *output, const char *path)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s.%s", c->step->id, output);
    struct json *gives = json_edit(call, "gives");

    json_put_text(gives ? gives : json_put(call, "gives", json_object()), name, path);
}

struct json *explain_sql(struct json *items, struct json *login, struct json *statements)
{
    struct json *item = json_push(items, json_of("type", "sql", NULL));

    json_put(item, "login", login);
    json_put(item, "statements", statements);
    return item;
}

void explain_repeat(struct json *items, const char *why)
{
    json_push(items, json_of("type", "repeat", "why", why, NULL));
}

static struct json *until(const struct step_context *c, struct json *items, const char *output)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s.%s", c->step->id, output);

    return json_push(items, json_of("type", "until", "mark", name, NULL));
}

struct json *explain_until(const struct step_context *c, struct json *items, const char *output,
                           const char *const *words)
{
    struct json *item = until(c, items, output);
    struct json *is = json_put(item, "is", json_array());

    for (; *words; words++)
        json_push(is, json_text_new(*words));
    return item;
}

void explain_unless(struct json *until, const char *text)
{
    json_put_text(until, "unless", text);
}

void explain_until_seen(const struct step_context *c, struct json *items, const char *output,
                        const char *text)
{
    struct json *item = until(c, items, output);

    json_put_text(item, "contains", text);
    json_put_bool(item, "show", true);
}

/* --- one step --- */

struct explainer {
    struct run run;
    struct json *outputs; /* step id: its outputs, as texts or marks */
    struct json *given;   /* marks that a call before gives */
};

static const struct json *outputs_of(void *self, const char *step_id)
{
    const struct explainer *e = self;

    return json_get(e->outputs, step_id);
}

static bool begin(struct explainer *e, const struct plan_step *step, struct step_context *c,
                  struct error *err)
{
    const struct engine_options *o = e->run.options;
    const struct plan_scope scope = {outputs_of, e, o->account, o->region, o->partition, o->learner};
    const struct step_kind *const *kind = o->kinds;

    *c = (struct step_context){.run = &e->run, .shown = step, .step = step->undoes ? step->undoes : step};
    while (*kind && &(*kind)->schema != c->step->kind)
        kind++;
    c->kind = *kind;
    return plan_resolve(e->run.plan, c->step, &scope, false, &c->with, err);
}

static const struct explain_find *find_row(const struct step_kind *kind, struct str output)
{
    const struct explain_find *row = kind->finds;

    while (row && row->output && !str_is(output, row->output))
        row++;
    return row && row->output ? row : NULL;
}

/* Computed, found later, or an argument of the same name. NULL: it cannot be known. */
static char *output_text(const struct step_context *c, const struct output_field *field)
{
    const struct explain_find *row = find_row(c->kind, str_of(field->name));
    const char *argument = json_get_text(c->with, field->name);

    if (row && row->text)
        return row->text(c);
    if (row || field->secret)
        return mem_printf(MARK_BEGIN "%s.%s%s" MARK_END, c->step->id, field->name,
                          row && row->number ? "#" : "");
    return *argument ? mem_dup(argument) : NULL;
}

/* In an order in which what a step needs is there. */
static bool gather_outputs(struct explainer *e, struct error *err)
{
    const struct plan *plan = e->run.plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[plan->order[i]];
        CLEANUP(activation_release) struct step_context c = {0};

        if (step->undoes)
            continue;
        if (!begin(e, step, &c, err))
            return false;
        struct json *outputs = json_put(e->outputs, step->id, json_object());
        for (const struct output_field *f = step->kind->outputs; f && f->name; f++) {
            CLEANUP(mem_freep) char *text = output_text(&c, f);
            if (text)
                json_put_text(outputs, f->name, text);
        }
    }
    return true;
}

/* --- what stands before --- */

static bool need_all(struct explainer *e, const struct json *value, struct json *items, struct error *err);

/* The same call for another output of the step, if it stands there already. */
static struct json *same_call(struct json *items, const char *operation, const struct json *input)
{
    for (size_t i = 0; i < json_count(items); i++) {
        struct json *item = json_edit_at(items, i);
        if (strcmp(json_get_text(item, "operation"), operation) == 0 &&
            json_equal(json_get(item, "input"), input))
            return item;
    }
    return NULL;
}

static bool need_call(struct explainer *e, const char *name, const char *service, const char *operation,
                      struct json *input, const char *path, struct json *items, struct error *err)
{
    struct json *call = same_call(items, operation, input);

    if (call) {
        json_free(input);
    } else {
        if (!need_all(e, input, items, err)) {
            json_free(input);
            return false;
        }
        call = explain_call(items, service, operation, input);
        json_put(call, "gives", json_object());
    }
    json_put_text(json_edit(call, "gives"), name, path);
    return true;
}

/* A secret nobody has kept is made anew by the step that made it. */
static bool need_secret(struct explainer *e, struct step_context *c, struct json *items, struct error *err)
{
    CLEANUP(json_freep) struct json *own = json_array();

    if (!c->kind->explain_reissue)
        return error_set(err, ERR_FAILED, "step %s does not say how its secret is made anew", c->step->id);
    if (!c->kind->explain_reissue(c, own, err))
        return false;
    for (const struct json *item = json_first(own); item; item = json_next(item)) {
        if (!need_all(e, item, items, err))
            return false;
        json_push(items, json_copy(item));
    }
    return true;
}

static bool need_output(struct explainer *e, const char *name, struct json *items, struct error *err)
{
    struct str rest = str_of(name), id;
    const struct plan_step *step = str_split(&rest, '.', &id) ? plan_find(e->run.plan, id, NULL) : NULL;
    CLEANUP(activation_release) struct step_context c = {0};
    const struct explain_find *row;

    if (str_is(id, "env"))
        return true;
    if (!step)
        return error_set(err, ERR_BUG, "nothing gives %s", name);
    if (!begin(e, step, &c, err))
        return false;
    row = find_row(c.kind, str_slice(rest, 0, str_find_char(rest, '#')));
    return row ? need_call(e, name, row->service, row->operation, row->input(&c), row->path, items, err)
               : need_secret(e, &c, items, err);
}

static bool need(struct explainer *e, struct str mark, struct json *items, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_copy(mark);

    if (json_get(e->given, name))
        return true;
    json_put_bool(e->given, name, true);
    if (strcmp(name, "account") == 0)
        return need_call(e, name, "sts", "GetCallerIdentity", json_object(), "Account", items, err);
    return need_output(e, name, items, err);
}

/* Every mark in a value's texts. */
static bool need_all(struct explainer *e, const struct json *value, struct json *items, struct error *err)
{
    struct str text = json_str(value), before, name, after;

    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        if (!need(e, name, items, err))
            return false;
    }
    for (const struct json *m = json_get(value, "gives") ? json_first(json_get(value, "gives")) : NULL; m;
         m = json_next(m))
        json_put_bool(e->given, json_key(m), true);
    for (const struct json *m = json_first(value); m; m = json_next(m)) {
        if (!need_all(e, m, items, err))
            return false;
    }
    return true;
}

static bool own_items(struct step_context *c, struct json *items, struct error *err)
{
    const struct step_kind *kind = c->kind;
    const struct explain_find *row = kind->finds;
    bool undo = c->shown->undoes != NULL;

    if (undo ? kind->explain_undo != NULL : kind->explain != NULL)
        return (undo ? kind->explain_undo : kind->explain)(c, items, err);
    if (undo || kind->schema.class != KIND_LOOKUP || !row)
        return error_set(err, ERR_FAILED, "%s %s cannot be explained", undo ? "the undo of" : "kind",
                         kind->schema.name);
    explain_call(items, row->service, row->operation, row->input(c));
    return true;
}

static bool explain(struct explainer *e, const struct plan_step *step, struct json *items, struct error *err)
{
    CLEANUP(activation_release) struct step_context c = {0};
    CLEANUP(json_freep) struct json *own = json_array();

    if (!gather_outputs(e, err) || !begin(e, step, &c, err) || !own_items(&c, own, err) ||
        !need_all(e, own, items, err))
        return false;
    for (const struct json *item = json_first(own); item; item = json_next(item))
        json_push(items, json_copy(item));
    return true;
}

bool explain_step(const struct engine_options *options, const struct plan_step *step, struct json **items,
                  struct error *err)
{
    struct explainer e = {
        .run = {.options = options, .plan = options->plan}, .outputs = json_object(), .given = json_object()};

    *items = json_array();
    bool ok = explain(&e, step, *items, err);
    json_free(e.outputs);
    json_free(e.given);
    if (ok)
        return true;
    json_freep(items);
    return error_wrap(err, "step %s", step->id);
}
