/* lab explain: one step in another language, from the model and the plan. */
#include "cmd/lab/explain.h"

#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/labs.h"
#include "cmd/lab/session.h"
#include "steps/kinds/table.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    explain_renderer *render;             /* of one step */
    explain_steps_renderer *render_steps; /* or of one or all */
} forms[] = {
    {"cli", explain_cli, NULL},   {"sql", explain_sql_form, NULL},        {"boto3", explain_boto3, NULL},
    {"curl", explain_curl, NULL}, {"terraform", NULL, explain_terraform}, {"console", NULL, explain_console},
};

bool item_is(const struct json *item, const char *type)
{
    return strcmp(json_get_text(item, "type"), type) == 0;
}

const struct aws_operation *item_operation(const struct json *item)
{
    const struct aws_service *service = model_service(json_get_text(item, "service"));

    return service ? model_operation(service, json_get_text(item, "operation")) : NULL;
}

const struct json *item_giver(const struct json *items, struct str mark)
{
    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        if (json_getn(json_get(item, "gives"), mark))
            return item;
    }
    return NULL;
}

bool items_have(const struct json *items, const char *type)
{
    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        if (item_is(item, type))
            return true;
    }
    return false;
}

void explain_indent(unsigned depth, struct buf *out)
{
    buf_printf(out, "%*s", (int)(4 * depth), "");
}

void explain_comment(const char *lead, unsigned depth, const char *words, struct buf *out)
{
    if (!*words)
        return;
    explain_indent(depth, out);
    buf_printf(out, "%s %s\n", lead, words);
}

void explain_heading(const struct explanation *x, const char *lead, struct buf *out)
{
    buf_printf(out, "%s %s\n", lead, x->step->title);
    buf_printf(out, "%s step %s of %s: %s%s\n", lead, x->step->id, x->plan->lab,
               x->step->undoes ? "undo " : x->step->kind->name, x->step->undoes ? x->step->undoes->id : "");
}

/* A plan may have the value of a variable from the environment in its texts: the name
 * is printed instead. */
static void hide_environment(struct plan *plan)
{
    struct json *marks = json_object();

    for (const struct json *m = json_first(plan->env); m; m = json_next(m)) {
        CLEANUP(mem_freep) char *name = mem_printf("env.%s", json_key(m));
        CLEANUP(mem_freep) char *mark = explain_mark(name);
        json_put_text(marks, json_key(m), mark);
    }
    json_free(plan->env);
    plan->env = marks;
}

static bool show(const struct session *s, const char *id, const char *as, struct str text, struct error *err)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact_values(text, &safe);
    if (!s->options->json) {
        fputs(buf_text(&safe), stdout);
        return true;
    }
    CLEANUP(json_freep)
    struct json *event = json_of("type", "explanation", "as", as, "text", buf_text(&safe), NULL);
    if (id)
        json_put_text(event, "step", id);
    struct render *render = render_new(s->options, "explain");
    render_source(render, event);
    bool ok = render_end(render, NULL, 0, err);
    render_free(render);
    return ok;
}

struct explanations {
    struct explanation *all;
    struct json **items;
    size_t count;
};

static void explanations_release(struct explanations *e)
{
    for (size_t i = 0; i < e->count; i++)
        json_free(e->items[i]);
    mem_free(e->items);
    mem_free(e->all);
}

/* What one step asks, or without one every step of the plan. */
static bool find_explanations(struct session *s, const struct plan_step *only, struct explanations *e,
                              struct error *err)
{
    CLEANUP(mem_freep) char *account = explain_mark("account");
    CLEANUP(mem_freep) char *region = explain_mark("env.AWS_REGION");
    const struct engine_options options = {
        .plan = &s->plan,
        .kinds = step_kinds,
        .workstation_script = builtin_lab_find(STR(BUILTIN_LAB))->access,
        .account = account,
        .region = region,
        .partition = "aws",
        .learner = s->options->learner,
        .run_id = "by-hand",
    };

    hide_environment(&s->plan);
    e->all = mem_array(s->plan.step_count, sizeof *e->all);
    e->items = mem_array(s->plan.step_count, sizeof(struct json *));
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const struct plan_step *step = &s->plan.steps[s->plan.order[i]];

        if (only && step != only)
            continue;
        if (!explain_step(&options, step, &e->items[e->count], err))
            return false;
        e->all[e->count] = (struct explanation){&s->plan, step, e->items[e->count]};
        e->count++;
    }
    return true;
}

static bool find_step(const struct session *s, const char *id, const struct plan_step **step,
                      struct error *err)
{
    const char *near = NULL;

    *step = id ? plan_find(&s->plan, str_of(id), &near) : NULL;
    if (id && !*step)
        return error_set(err, ERR_USAGE, "there is no step %s%s%s", id, near ? ": did you mean " : "",
                         near ? near : "");
    return true;
}

static bool explain(struct session *s, const char *id, size_t form, struct error *err)
{
    CLEANUP(explanations_release) struct explanations e = {0};
    CLEANUP(buf_release) struct buf text = {0};
    const struct plan_step *step;

    if (!find_step(s, id, &step, err) || !find_explanations(s, step, &e, err))
        return false;
    if (!(forms[form].render ? forms[form].render(e.all, &text, err)
                             : forms[form].render_steps(e.all, e.count, &text, err)))
        return false;
    return show(s, id, forms[form].name, buf_str(&text), err);
}

COMMAND(explain)
{
    const char *as = o->as ? o->as : forms[0].name;
    struct session s = {.stop_fd = -1};
    size_t form = 0;

    *status = 0;
    while (form < ARRAY_LEN(forms) && strcmp(forms[form].name, as) != 0)
        form++;
    /* In the environment LAB_AS may be meant for the sandbox. */
    if (form == ARRAY_LEN(forms) && !option_given(o, "as"))
        form = 0;
    if (form == ARRAY_LEN(forms))
        return error_set(err, ERR_USAGE, "--as is cli, sql, boto3, curl, terraform or console, not \"%s\"",
                         as);
    if (count == 0 && forms[form].render)
        return error_set(err, ERR_USAGE, "--as %s wants a step; terraform and console tell the whole plan",
                         forms[form].name);
    bool ok = session_load_plan(&s, o, err) && explain(&s, count > 0 ? words[0] : NULL, form, err);
    session_release(&s);
    return ok;
}
