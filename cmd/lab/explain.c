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
    explain_renderer *render;
} forms[] = {
    {"cli", explain_cli},
    {"sql", explain_sql_form},
    {"boto3", explain_boto3},
    {"curl", explain_curl},
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

static bool find_items(struct session *s, const struct plan_step *step, struct json **items,
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
    return explain_step(&options, step, items, err);
}

static bool show(const struct session *s, const struct plan_step *step, const char *as, struct str text,
                 struct error *err)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact_values(text, &safe);
    if (!s->options->json) {
        fputs(buf_text(&safe), stdout);
        return true;
    }
    CLEANUP(json_freep)
    struct json *event =
        json_of("type", "explanation", "step", step->id, "as", as, "text", buf_text(&safe), NULL);
    struct render *render = render_new(s->options, "explain");
    render_source(render, event);
    bool ok = render_end(render, NULL, 0, err);
    render_free(render);
    return ok;
}

static bool explain(struct session *s, const char *id, size_t form, struct error *err)
{
    const char *near = NULL;
    const struct plan_step *step = plan_find(&s->plan, str_of(id), &near);
    CLEANUP(json_freep) struct json *items = NULL;
    CLEANUP(buf_release) struct buf text = {0};

    if (!step)
        return error_set(err, ERR_USAGE, "there is no step %s%s%s", id, near ? ": did you mean " : "",
                         near ? near : "");
    if (!find_items(s, step, &items, err))
        return false;
    const struct explanation x = {&s->plan, step, items};
    return forms[form].render(&x, &text, err) && show(s, step, forms[form].name, buf_str(&text), err);
}

COMMAND(explain)
{
    const char *as = o->as ? o->as : forms[0].name;
    struct session s = {.stop_fd = -1};
    size_t form = 0;

    (void)count;
    *status = 0;
    while (form < ARRAY_LEN(forms) && strcmp(forms[form].name, as) != 0)
        form++;
    /* In the environment LAB_AS may be meant for the sandbox. */
    if (form == ARRAY_LEN(forms) && !option_given(o, "as"))
        form = 0;
    if (form == ARRAY_LEN(forms))
        return error_set(err, ERR_USAGE, "--as is cli, sql, boto3 or curl, not \"%s\"", as);
    bool ok = session_load_plan(&s, o, err) && explain(&s, words[0], form, err);
    session_release(&s);
    return ok;
}
