/* lab graph: the plan as a picture's source, DOT or Mermaid. Nodes and edges in
 * the order of the file, so that two prints of one plan are the same. */
#include "cmd/lab/commands.h"
#include "cmd/lab/session.h"

#include <stdio.h>
#include <string.h>

struct notation {
    const char *name, *begin, *end;
    void (*add_text)(struct buf *out, const char *text);
    const char *node_begin, *node_middle, *node_end; /* s1 BEGIN title MIDDLE what END */
    const char *scene;                               /* behind a node that undoes another */
    const char *edge, *edge_end;
};

static void add_dot(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_addc(out, '\\');
        buf_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

/* Mermaid reads markup and HTML in labels: all that is not plain text becomes a
 * numbered entity. */
static void add_mermaid(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ')
            buf_addc(out, ' ');
        else if (strchr("\"#&;<>`\\|{}[]*_~$%@", *text))
            buf_printf(out, "#%d;", *text);
        else
            buf_addc(out, *text);
    }
}

static const struct notation notations[] = {
    {"dot", "digraph lab {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", "}\n", add_dot,
     " [label=\"", "\\n", "\"", ", style=\"rounded,dashed\"", " -> ", ";\n"},
    {"mermaid", "flowchart LR\n", "  classDef scene stroke-dasharray: 4 3\n", add_mermaid, "[\"", "<br/>",
     "\"]", ":::scene", " --> ", "\n"},
};

/* Whether another need already stands behind this one: the picture then says
 * the same without the edge. */
static bool implied(const struct plan *p, const struct plan_step *step, size_t need)
{
    for (size_t i = 0; i < step->need_count; i++) {
        if (step->needs[i] != need && plan_needs(p, &p->steps[step->needs[i]], &p->steps[need]))
            return true;
    }
    return false;
}

static void add_node(const struct notation *n, const struct plan *p, size_t i, struct buf *out)
{
    const struct plan_step *step = &p->steps[i];
    bool dot = n->add_text == add_dot;

    buf_printf(out, "  s%zu%s", i + 1, n->node_begin);
    n->add_text(out, step->title);
    buf_adds(out, n->node_middle);
    n->add_text(out, step->id);
    /* No colon: "old-password: …" would be a secret field to the redactor. */
    buf_adds(out, " (");
    n->add_text(out, step->undoes ? "undo " : step->kind->name);
    if (step->undoes)
        n->add_text(out, step->undoes->id);
    buf_addc(out, ')');
    buf_adds(out, n->node_end);
    if (step->undoes)
        buf_adds(out, n->scene);
    buf_adds(out, dot ? "];\n" : "\n");
}

static void draw(const struct notation *n, const struct plan *p, struct buf *out)
{
    buf_adds(out, n->begin);
    for (size_t i = 0; i < p->step_count; i++)
        add_node(n, p, i, out);
    for (size_t i = 0; i < p->step_count; i++) {
        const struct plan_step *step = &p->steps[i];
        for (size_t k = 0; k < step->need_count; k++) {
            if (!implied(p, step, step->needs[k]))
                buf_printf(out, "  s%zu%ss%zu%s", step->needs[k] + 1, n->edge, i + 1, n->edge_end);
        }
    }
    buf_adds(out, n->end);
}

static bool show(const struct session *s, const struct notation *n, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};

    draw(n, &s->plan, &text);
    if (!s->options->json) {
        fputs(buf_text(&text), stdout);
        return true;
    }
    CLEANUP(json_freep)
    struct json *event = json_of("type", "graph", "as", n->name, "text", buf_text(&text), NULL);
    struct render *render = render_new(s->options, "graph");
    render_event(render, event);
    bool ok = render_end(render, NULL, 0, err);
    render_free(render);
    return ok;
}

COMMAND(graph)
{
    const char *as = o->as ? o->as : notations[0].name;
    const struct notation *notation = NULL;
    struct session s = {.stop_fd = -1};

    (void)words;
    (void)count;
    *status = 0;
    for (size_t i = 0; i < ARRAY_LEN(notations); i++) {
        if (strcmp(notations[i].name, as) == 0)
            notation = &notations[i];
    }
    /* In the environment LAB_AS may be meant for the sandbox. */
    if (!notation && !option_given(o, "as"))
        notation = &notations[0];
    if (!notation)
        return error_set(err, ERR_USAGE, "--as is dot or mermaid, not \"%s\"", as);
    bool ok = session_load_plan(&s, o, err) && show(&s, notation, err);
    session_release(&s);
    return ok;
}
