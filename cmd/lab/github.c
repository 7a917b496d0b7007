#include "cmd/lab/github.h"

#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct github {
    const char *command;
    FILE *out;
    const struct plan *plan;
    struct buf rows; /* of the summary's table */
};

/* Process-wide, as the job's log is. */
static bool told;

static bool wanted(void)
{
    const char *actions = getenv("GITHUB_ACTIONS");

    return actions && strcmp(actions, "true") == 0;
}

/* Which events are worth an annotation, and the member that says why. */
static const struct {
    const char *type, *member, *value, *why, *level, *subject;
} annotated[] = {
    {"step", "state", "failed", "error.message", "error", "step"},
    {"step", "state", "kept", "reason", "warning", "step"},
    {"step", "verdict", "fail", "found", "error", "step"},
    {"step", "verdict", "cannot-tell", "found", "warning", "step"},
    {"mistake", NULL, NULL, "message", "error", "file"},
    {"proof", "state", "left", "name", "error", "what"},
    {"proof", "state", "unknown", "name", "warning", "what"},
    {"doctor", "state", "fail", "found", "error", "check"},
};

/* The escapes of workflow commands; a property may hold no ':' and ',' either. */
static void add_escaped(struct buf *out, const char *text, bool property)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact(str_of(text), &safe);
    for (const char *c = buf_text(&safe); *c; c++) {
        if (*c == '%' || *c == '\r' || *c == '\n' || (property && (*c == ':' || *c == ',')))
            buf_printf(out, "%%%02X", (unsigned char)*c);
        else
            buf_addc(out, *c);
    }
}

static void annotate(FILE *to, const char *level, const char *file, int64_t line, const char *title,
                     const char *why)
{
    CLEANUP(buf_release) struct buf out = {0};

    buf_printf(&out, "::%s ", level);
    if (*file) {
        buf_adds(&out, "file=");
        add_escaped(&out, file, true);
        buf_addc(&out, ',');
    }
    if (*file && line > 0)
        buf_printf(&out, "line=%lld,", (long long)line);
    buf_adds(&out, "title=");
    add_escaped(&out, title, true);
    buf_adds(&out, "::");
    add_escaped(&out, why, false);
    buf_addc(&out, '\n');
    fwrite(out.data, 1, out.len, to);
    fflush(to);
    told = told || strcmp(level, "error") == 0;
}

/* A cell of a Markdown table: no markup, no HTML, one line. */
static void add_cell(struct buf *out, const char *text)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact(str_of(text), &safe);
    for (const char *c = buf_text(&safe); *c; c++) {
        if ((unsigned char)*c < ' ')
            buf_addc(out, ' ');
        else if (strchr("|<>&`*_[]\\!#~@", *c))
            buf_printf(out, "&#%d;", *c);
        else
            buf_addc(out, *c);
    }
    buf_adds(out, " | ");
}

static bool ends(const char *state)
{
    static const char *const on_the_way[] = {"started", "waiting", "note"};

    for (size_t i = 0; i < ARRAY_LEN(on_the_way); i++) {
        if (strcmp(state, on_the_way[i]) == 0)
            return false;
    }
    return true;
}

static void add_row(struct github *g, const struct json *event)
{
    static const char *const details[] = {"found", "reason", "detail", "title"};
    const char *verdict = json_get_text(event, "verdict");
    const char *detail = json_text(json_path(event, "error.message"));

    if (!ends(json_get_text(event, "state")))
        return;
    for (size_t i = 0; i < ARRAY_LEN(details) && !*detail; i++)
        detail = json_get_text(event, details[i]);
    buf_adds(&g->rows, "| ");
    add_cell(&g->rows, json_get_text(event, "step"));
    add_cell(&g->rows, *verdict ? verdict : json_get_text(event, "state"));
    buf_printf(&g->rows, "%.1f s | ", (double)json_int(json_get(event, "ms"), 0) / 1000.0);
    add_cell(&g->rows, detail);
    buf_addc(&g->rows, '\n');
}

struct github *github_new(const char *command, FILE *out)
{
    if (!wanted())
        return NULL;
    struct github *g = mem_alloc(sizeof *g);
    *g = (struct github){.command = command, .out = out};
    return g;
}

void github_plan(struct github *g, const struct plan *plan)
{
    if (g)
        g->plan = plan;
}

void github_event(struct github *g, const struct json *event)
{
    const char *type = json_get_text(event, "type");
    const struct plan_step *step = NULL;

    if (!g)
        return;
    if (g->plan && strcmp(type, "step") == 0)
        step = plan_find(g->plan, str_of(json_get_text(event, "step")), NULL);
    for (size_t i = 0; i < ARRAY_LEN(annotated); i++) {
        if (strcmp(type, annotated[i].type) != 0 ||
            (annotated[i].member &&
             strcmp(json_get_text(event, annotated[i].member), annotated[i].value) != 0))
            continue;
        CLEANUP(mem_freep)
        char *title = mem_printf("lab %s: %s", g->command, json_get_text(event, annotated[i].subject));
        annotate(g->out, annotated[i].level, step ? g->plan->file : json_get_text(event, "file"),
                 step ? step->line : json_int(json_get(event, "line"), 0), title,
                 json_text(json_path(event, annotated[i].why)));
    }
    if (strcmp(type, "step") == 0)
        add_row(g, event);
}

static bool append(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    while (fd >= 0 && text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        text = str_slice(text, (size_t)n, text.len);
    }
    return fd >= 0 && close(fd) == 0 && text.len == 0;
}

void github_end(struct github *g, int status)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    CLEANUP(buf_release) struct buf text = {0};

    if (!g || !path || !*path || g->rows.len == 0)
        return;
    buf_printf(&text, "### lab %s: %s\n\n", g->command, status == 0 ? "done" : "not done");
    if (status != 0)
        buf_printf(&text, "Exit status %d\n\n", status);
    buf_adds(&text, "| step | result | time | |\n| --- | --- | ---: | --- |\n");
    buf_add(&text, buf_str(&g->rows));
    buf_addc(&text, '\n');
    if (!append(path, buf_str(&text)))
        log_warn("the step summary cannot be written to %s", path);
}

void github_free(struct github *g)
{
    if (!g)
        return;
    buf_release(&g->rows);
    mem_free(g);
}

void github_error(FILE *out, const char *message)
{
    if (wanted() && !told)
        annotate(out, "error", "", 0, "lab", message);
}
