#include "cmd/lab/report_page.h"

#include "aws/common/clock.h"
#include "aws/common/redact.h"

#include <string.h>

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:\"><link rel=\"icon\" href=\"data:,\"><style>\n"
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--good:#116329;"
    "--bad:#a40e26;--warn:#7a4d00;--bar:#0969da}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9aa4af;--line:#30363d;"
    "--good:#56d364;--bad:#ff9492;--warn:#e3b341;--bar:#58a6ff}}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:60rem;margin:0 auto;padding:1rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}"
    "th{white-space:nowrap}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}"
    ".warn{color:var(--warn)}svg{width:100%;max-width:34rem;height:auto}"
    "svg text{fill:var(--fg);font:13px system-ui,sans-serif}"
    ".box{fill:none;stroke:var(--line)}.scene{stroke-dasharray:4 3}.edge{fill:none;stroke:var(--dim)}"
    ".bar{fill:var(--bar)}.took{white-space:nowrap}"
    "svg.share{display:block;width:5rem;height:.3rem}\n</style>";

static void add_text(struct buf *out, const char *text)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact(str_of(text), &safe);
    for (const char *c = buf_text(&safe); *c; c++) {
        if ((unsigned char)*c < ' ')
            buf_addc(out, ' ');
        else if (strchr("&<>\"'", *c))
            buf_printf(out, "&#%d;", *c);
        else
            buf_addc(out, *c);
    }
}

static void add_cell(struct buf *out, const char *class, const char *text)
{
    buf_printf(out, "<td class=\"%s\">", class);
    add_text(out, text);
    buf_adds(out, "</td>");
}

static void begin_table(struct buf *out, const char *title, const char *heads)
{
    struct str rest = str_of(heads), word;

    buf_printf(out,
               "<h2>%s</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>"
               "<thead><tr>",
               title, title);
    while (str_split(&rest, '|', &word))
        buf_printf(out, "<th scope=\"col\">%.*s</th>", STR_ARG(word));
    buf_adds(out, "</tr></thead><tbody>\n");
}

static void end_table(struct buf *out)
{
    buf_adds(out, "</tbody></table></div>\n");
}

/* The symbol stands for the class where colours cannot be told apart. */
static const struct mark {
    const char *word, *symbol, *class;
} marks[] = {
    {"done", "\xe2\x9c\x93", "good"},    {"pass", "\xe2\x9c\x93", "good"},
    {"allowed", "\xe2\x9c\x93", "good"}, {"failed", "\xe2\x9c\x97", "bad"},
    {"fail", "\xe2\x9c\x97", "bad"},     {"denied", "\xe2\x9c\x97", "warn"},
    {"retired", "\xe2\x86\xba", "dim"},  {"undone", "\xe2\x86\xba", "dim"},
    {"cannot-tell", "?", "warn"},        {"", "\xc2\xb7", "dim"},
};

static void add_mark(struct buf *out, const char *word)
{
    size_t i = 0;

    while (*marks[i].word && strcmp(marks[i].word, word) != 0)
        i++;
    buf_printf(out, "<td class=\"%s\">%s ", marks[i].class, marks[i].symbol);
    add_text(out, *word ? word : "not yet");
    buf_adds(out, "</td>");
}

static const struct json *checkpoint_of(const struct report *r, const char *step)
{
    const struct json *found = NULL;

    for (const struct json *c = json_first(r->checkpoints); c; c = json_next(c)) {
        if (strcmp(json_get_text(c, "lab"), r->plan->lab) == 0 && strcmp(json_get_text(c, "step"), step) == 0)
            found = c;
    }
    return found;
}

static void add_tasks(const struct report *r, struct buf *out)
{
    begin_table(out, "Tasks", "Task|Step|State|What");
    for (size_t i = 0; i < r->plan->step_count; i++) {
        const struct plan_step *s = &r->plan->steps[r->plan->order[i]];
        buf_adds(out, "<tr><td>");
        if (s->task > 0)
            buf_printf(out, "%d", s->task);
        buf_adds(out, "</td>");
        add_cell(out, "", s->id);
        add_mark(out, json_get_text(checkpoint_of(r, s->id), "state"));
        add_cell(out, "", s->title);
        buf_adds(out, "</tr>\n");
    }
    end_table(out);
}

/* What a stream says of the step last, as long as that is how it stands; else what the
 * checkpoints know. */
static int64_t took_ms(const struct report *r, const struct json *checkpoint)
{
    int64_t ms = json_int(json_get(checkpoint, "took_ms"), 0);

    for (const struct json *e = json_first(r->events); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "step"), json_get_text(checkpoint, "step")) == 0 &&
            strcmp(json_get_text(e, "state"), json_get_text(checkpoint, "state")) == 0)
            ms = json_int(json_get(e, "ms"), ms);
    }
    return ms;
}

static void add_time(struct buf *out, int64_t ms)
{
    if (ms < 1000)
        buf_printf(out, "%lld ms", (long long)ms);
    else
        buf_printf(out, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

/* Beside the time a bar as wide as its share of the longest. */
static void add_duration(struct buf *out, int64_t ms, int64_t longest_ms)
{
    int64_t percent = ms > 0 ? 1 + ms * 99 / longest_ms : 0;

    if (ms <= 0) {
        add_cell(out, "", "");
        return;
    }
    buf_adds(out, "<td class=\"took\">");
    add_time(out, ms);
    buf_printf(out,
               "<svg class=\"share\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
               "<rect class=\"bar\" width=\"%lld\" height=\"6\"/></svg></td>",
               (long long)percent);
}

static int64_t longest_ms(const struct report *r)
{
    int64_t longest = 1; /* it is divided by */

    for (const struct json *c = json_first(r->checkpoints); c; c = json_next(c)) {
        int64_t ms = strcmp(json_get_text(c, "lab"), r->plan->lab) == 0 ? took_ms(r, c) : 0;
        if (ms > longest)
            longest = ms;
    }
    return longest;
}

/* How long each task took: of its steps' times the sum, for they may overlap. */
static void add_task_times(const struct report *r, struct buf *out)
{
    bool any = false;

    for (int task = 1; task < 10; task++) {
        int64_t ms = 0;
        for (size_t i = 0; i < r->plan->step_count; i++) {
            const struct plan_step *s = &r->plan->steps[i];
            ms += s->task == task ? took_ms(r, checkpoint_of(r, s->id)) : 0;
        }
        if (ms <= 0)
            continue;
        buf_printf(out, "%stask %d ", any ? ", " : "<p class=\"dim\">Time at work: ", task);
        add_time(out, ms);
        any = true;
    }
    buf_adds(out, any ? "</p>\n" : "");
}

/* When each step's state was recorded last, in the order of time. */
static void add_timeline(const struct report *r, struct buf *out)
{
    int64_t last = -1;
    size_t left = json_count(r->checkpoints);

    int64_t longest = longest_ms(r);

    begin_table(out, "Timeline", "When (UTC)|Step|State|Took|Message");
    while (left > 0) {
        int64_t next = INT64_MAX;
        for (const struct json *c = json_first(r->checkpoints); c; c = json_next(c)) {
            int64_t at = json_int(json_get(c, "at_ms"), 0);
            if (at > last && at < next)
                next = at;
        }
        if (next == INT64_MAX)
            break;
        for (const struct json *c = json_first(r->checkpoints); c; c = json_next(c)) {
            char when[25];
            if (json_int(json_get(c, "at_ms"), 0) != next)
                continue;
            left--;
            if (next == 0 || strcmp(json_get_text(c, "lab"), r->plan->lab) != 0)
                continue;
            clock_format_iso_ms(next, when);
            buf_adds(out, "<tr>");
            add_cell(out, "", when);
            add_cell(out, "", json_get_text(c, "step"));
            add_mark(out, json_get_text(c, "state"));
            add_duration(out, took_ms(r, c), longest);
            add_cell(out, "", json_get_text(c, "message"));
            buf_adds(out, "</tr>\n");
        }
        last = next;
    }
    end_table(out);
    add_task_times(r, out);
}

static void add_verdicts(const struct report *r, struct buf *out)
{
    bool any = false;

    begin_table(out, "Verdicts", "Step|Verdict|Found|Hint");
    for (const struct json *e = json_first(r->events); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "state"), "checked") != 0)
            continue;
        any = true;
        buf_adds(out, "<tr>");
        add_cell(out, "", json_get_text(e, "step"));
        add_mark(out, json_get_text(e, "verdict"));
        add_cell(out, "", json_get_text(e, "found"));
        add_cell(out, "", json_get_text(e, "hint"));
        buf_adds(out, "</tr>\n");
    }
    end_table(out);
    if (!any)
        buf_adds(out,
                 "<p class=\"dim\">None given: lab check --json &gt;check.json; lab report check.json</p>\n");
}

static bool is_read(const struct json *e)
{
    return strcmp(json_get_text(e, "type"), "read") == 0;
}

static void add_chart(const struct report *r, struct buf *out)
{
    static const struct {
        const char *who, *result, *label;
    } bars[] = {{"instance", "allowed", "workstation, allowed"},
                {"function", "allowed", "function, allowed"},
                {"you", "allowed", "you, allowed"},
                {"other", "allowed", "others, allowed"},
                {NULL, "denied", "denied"},
                {NULL, "failed", "failed"}};

    buf_adds(out, "<svg viewBox=\"0 0 360 156\" role=\"img\" aria-label=\"Reads of the secret, by whom\">");
    for (size_t i = 0; i < ARRAY_LEN(bars); i++) {
        size_t n = 0;
        for (const struct json *e = json_first(r->events); e; e = json_next(e))
            n += is_read(e) && strcmp(json_get_text(e, "result"), bars[i].result) == 0 &&
                 (!bars[i].who || strcmp(json_get_text(e, "who"), bars[i].who) == 0);
        size_t wide = n < 17 ? n * 10 : 170;
        buf_printf(out,
                   "<text x=\"0\" y=\"%zu\">%s</text><rect class=\"bar\" x=\"150\" y=\"%zu\" width=\"%zu\" "
                   "height=\"16\"/><text x=\"%zu\" y=\"%zu\">%zu</text>",
                   i * 26 + 17, bars[i].label, i * 26 + 4, wide, 156 + wide, i * 26 + 17, n);
    }
    buf_adds(out, "</svg>\n");
}

static void add_audit(const struct report *r, struct buf *out)
{
    bool any = false;

    for (const struct json *e = json_first(r->events); e && !any; e = json_next(e))
        any = is_read(e);
    begin_table(out, "Audit", "When (UTC)|Who|Name|Result");
    for (const struct json *e = json_first(r->events); e; e = json_next(e)) {
        char when[21];
        if (!is_read(e))
            continue;
        clock_format_iso(json_int(json_get(e, "time"), 0), when);
        buf_adds(out, "<tr>");
        add_cell(out, "", when);
        add_cell(out, "", json_get_text(e, "who"));
        add_cell(out, "", json_get_text(e, "name"));
        add_mark(out, json_get_text(e, "result"));
        buf_adds(out, "</tr>\n");
    }
    end_table(out);
    if (any)
        add_chart(r, out);
    else
        buf_adds(out,
                 "<p class=\"dim\">None given: lab audit --json &gt;audit.json; lab report audit.json</p>\n");
}

/* One step a row in the order of work, needs as arcs on the left: narrow enough
 * for a phone whatever the plan. */
static void add_picture(const struct report *r, struct buf *out)
{
    const struct plan *p = r->plan;

    buf_printf(out,
               "<h2>The lab</h2><svg viewBox=\"0 0 400 %zu\" role=\"img\" aria-label=\"The steps and what "
               "each needs\">",
               p->step_count * 34 + 8);
    for (size_t i = 0; i < p->step_count; i++) {
        const struct plan_step *s = &p->steps[p->order[i]];
        size_t y = i * 34 + 4;
        buf_printf(out,
                   "<rect class=\"box%s\" x=\"100\" y=\"%zu\" width=\"296\" height=\"26\" rx=\"5\"/>"
                   "<text x=\"108\" y=\"%zu\">",
                   s->undoes ? " scene" : "", y, y + 18);
        add_text(out, s->id);
        buf_adds(out, ": ");
        add_text(out, s->undoes ? "undo" : s->kind->name);
        buf_adds(out, "</text>");
        for (size_t k = 0; k < i; k++) {
            bool needed = false;
            for (size_t n = 0; n < s->need_count; n++)
                needed = needed || s->needs[n] == p->order[k];
            if (!needed)
                continue;
            size_t bulge = (i - k) * 14 < 95 ? (i - k) * 14 : 95;
            buf_printf(out, "<path class=\"edge\" d=\"M100 %zuC%zu %zu %zu %zu 100 %zu\"/>", k * 34 + 21,
                       100 - bulge, k * 34 + 21, 100 - bulge, y + 9, y + 9);
        }
    }
    buf_adds(out, "</svg>\n");
}

void report_page(const struct report *r, struct buf *out)
{
    buf_adds(out, head);
    buf_adds(out, "<title>");
    add_text(out, r->plan->title);
    buf_adds(out, "</title></head><body><main><h1>");
    add_text(out, r->plan->title);
    buf_adds(out, "</h1>\n");
    add_tasks(r, out);
    add_timeline(r, out);
    add_verdicts(r, out);
    add_audit(r, out);
    add_picture(r, out);
    buf_adds(out, "</main></body></html>\n");
}
