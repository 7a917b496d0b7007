#include "cmd/lab/render.h"

#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "cmd/lab/github.h"
#include "cmd/lab/junit.h"
#include "cmd/lab/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct render {
    const struct options *options;
    const char *command;
    bool color;
    struct live *live;     /* NULL: lines */
    struct github *github; /* NULL outside of GitHub Actions */
    struct junit *junit;   /* NULL: no report is wanted */
};

/* How each state of a step is shown. */
static const struct state_row {
    const char *state;
    const char *word;  /* in the state column */
    const char *color; /* SGR */
    bool quiet;        /* shown with -q too */
    bool ends;         /* the last word on this step: a JUnit test case */
} states[] = {
    {"started", "start", "2", false, false},  {"waiting", "wait", "33", false, false},
    {"note", "", "2", false, false},          {"done", "done", "32", false, true},
    {"unchanged", "same", "32", false, true}, {"skipped", "skip", "2", false, true},
    {"failed", "FAILED", "31", true, true},   {"undone", "undone", "32", false, true},
    {"absent", "absent", "2", false, true},   {"kept", "kept", "33", true, true},
    {"planned", "", "0", true, false},        {"checked", "", "0", true, true},
};

static const struct state_row *find_state(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (str_is(str_of(name), states[i].state))
            return &states[i];
    }
    return NULL;
}

static bool wants_color(const struct options *o)
{
    if (o->color != COLOR_AUTO)
        return o->color == COLOR_ALWAYS;
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return !o->plain && !(no && *no) && !(term && str_is(str_of(term), "dumb")) && isatty(STDOUT_FILENO);
}

/* Everything goes out through here: redacted, one line at a time. The columns
 * in front apart from the text: "old-password  =  kept" is no secret field. */
static void put_columns(struct str columns, struct str text)
{
    CLEANUP(buf_release) struct buf shown = {0};
    redact(columns, &shown);
    redact(text, &shown);
    buf_addc(&shown, '\n');
    fwrite(shown.data, 1, shown.len, stdout);
    fflush(stdout);
}

static void put_line(struct str line)
{
    put_columns(STR(""), line);
}

/* Text by text: over the whole line, what looks like the end of a field could be the
 * quote that ends a text. */
static void redact_texts(const struct json *value, struct json *into, const char *key)
{
    CLEANUP(buf_release) struct buf safe = {0};
    struct json *copy;

    if (json_is_string(value)) {
        redact(json_str(value), &safe);
        copy =
            redact_field(str_of(key ? key : "")) ? json_text_new("[redacted]") : json_string(buf_str(&safe));
    } else {
        copy = json_is_object(value) ? json_object() : json_is_array(value) ? json_array() : json_copy(value);
        for (const struct json *m = json_first(value); m; m = json_next(m))
            redact_texts(m, copy, json_is_object(value) ? json_key(m) : NULL);
    }
    if (key)
        json_put(into, key, copy);
    else
        json_push(into, copy);
}

static void put_json(const struct json *event)
{
    CLEANUP(json_freep) struct json *safe = json_array();
    CLEANUP(buf_release) struct buf line = {0}, shown = {0};

    redact_texts(event, safe, NULL);
    json_write(json_at(safe, 0), &line);
    redact_values(buf_str(&line), &shown);
    buf_addc(&shown, '\n');
    fwrite(shown.data, 1, shown.len, stdout);
    fflush(stdout);
}

/* Process-wide, as standard output is. */
static bool begun;

bool render_begun(void)
{
    return begun;
}

struct render *render_new(const struct options *o, const char *command)
{
    struct render *r = mem_alloc(sizeof *r);

    r->options = o;
    r->command = command;
    r->color = wants_color(o);
    r->junit = o->junit ? junit_new(command) : NULL;
    /* A stream of JSON stays one. */
    r->github = github_new(command, o->json ? stderr : stdout);
    if (o->json) {
        CLEANUP(json_freep) struct json *version = json_of("type", "version", "lab", LAB_VERSION, NULL);
        json_put_int(version, "stream", 1);
        put_json(version);
        begun = true;
    }
    return r;
}

static void add_seconds(struct buf *line, int64_t ms)
{
    if (ms >= 60000)
        buf_printf(line, "%lld min %lld s", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    else
        buf_printf(line, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

/* Under what was found: what should have been, why, and hints up to a level. */
static void add_reasons(const struct json *event, int64_t level, struct buf *line)
{
    static const struct {
        const char *member, *word;
    } rows[] = {{"expected", "expected: "}, {"why", "why: "}};
    const struct json *hints = json_get(event, "hints");
    int64_t left = level;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (*json_get_text(event, rows[i].member))
            buf_printf(line, "\n%30s%s", rows[i].word, json_get_text(event, rows[i].member));
    }
    for (const struct json *h = json_first(hints); h && left > 0; h = json_next(h), left--)
        buf_printf(line, "\n%30s%s", "hint: ", json_text(h));
    if (level == 0 && json_count(hints) > 0)
        buf_printf(line, "\n%30slab check %s --hint 1", "hint: ", json_get_text(event, "step"));
    else if (!hints && *json_get_text(event, "hint"))
        buf_printf(line, "\n%30s%s", "hint: ", json_get_text(event, "hint"));
    if (json_get(event, "wait_ms")) {
        buf_printf(line, "\n%30sagain in at most ", "wait: ");
        add_seconds(line, json_int(json_get(event, "wait_ms"), 0));
    }
}

/* What stands behind the state: why, how long, what was found. */
static void add_detail(const struct json *event, int64_t hint, struct buf *line)
{
    const char *state = json_get_text(event, "state");

    if (str_is(str_of(state), "waiting")) {
        buf_printf(line, "%s (", json_get_text(event, "reason"));
        add_seconds(line, json_int(json_get(event, "ms"), 0));
        buf_adds(line, " so far, at most ");
        add_seconds(line, json_int(json_get(event, "deadline_ms"), 0));
        buf_addc(line, ')');
        return;
    }
    if (str_is(str_of(state), "failed")) {
        buf_adds(line, json_text(json_path(event, "error.message")));
        return;
    }
    if (str_is(str_of(state), "checked")) {
        buf_printf(line, "%s", json_get_text(event, "found"));
        add_reasons(event, hint, line);
        return;
    }
    static const char *const members[] = {"text", "reason", "detail", "title"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = json_get_text(event, members[i]);
        if (*text) {
            buf_adds(line, text);
            break;
        }
    }
    if (json_int(json_get(event, "ms"), 0) >= 100 && !str_is(str_of(state), "note")) {
        buf_adds(line, " (");
        add_seconds(line, json_int(json_get(event, "ms"), 0));
        buf_addc(line, ')');
    }
}

static const char *word_of(const struct state_row *row, const struct json *event)
{
    static const struct {
        const char *verdict, *word;
    } verdicts[] = {{"pass", "pass"}, {"fail", "FAIL"}, {"cannot-tell", "?"}};

    if (str_is(str_of(row->state), "planned"))
        return json_get_text(event, "symbol");
    if (str_is(str_of(row->state), "checked")) {
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
            if (str_is(str_of(json_get_text(event, "verdict")), verdicts[i].verdict))
                return verdicts[i].word;
        }
    }
    return row->word;
}

static void put_step(struct render *r, const struct json *event)
{
    const struct state_row *row = find_state(json_get_text(event, "state"));
    CLEANUP(buf_release) struct buf columns = {0};
    CLEANUP(buf_release) struct buf text = {0};
    int task = (int)json_int(json_get(event, "task"), 0);

    if (!row || (r->options->quiet && !row->quiet) ||
        (str_is(str_of(row->state), "started") && !r->options->verbose))
        return;
    if (task > 0)
        buf_printf(&columns, "[%d] ", task);
    else
        buf_adds(&columns, "    ");
    buf_printf(&columns, "%-14s ", json_get_text(event, "step"));
    if (r->color)
        buf_printf(&columns, "\033[%sm%-7s\033[0m ", row->color, word_of(row, event));
    else
        buf_printf(&columns, "%-7s ", word_of(row, event));
    add_detail(event, r->options->hint, &text);
    put_columns(buf_str(&columns), buf_str(&text));
}

/* One thing that was looked for after a down, or found by a sweep. */
static void put_proof(const struct render *r, const struct json *event)
{
    static const struct {
        const char *state, *word, *color;
        bool quiet;
    } rows[] = {{"orphan", "orphan", "33", true},
                {"absent", "absent", "32", false},
                {"scheduled", "scheduled", "33", false},
                {"left", "LEFT", "31", true},
                {"unknown", "?", "33", true}};
    CLEANUP(buf_release) struct buf line = {0};
    const char *detail = json_get_text(event, "detail");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!str_is(str_of(json_get_text(event, "state")), rows[i].state) ||
            (r->options->quiet && !rows[i].quiet))
            continue;
        buf_printf(&line, "    %-18s ", json_get_text(event, "what"));
        if (r->color)
            buf_printf(&line, "\033[%sm%-9s\033[0m ", rows[i].color, rows[i].word);
        else
            buf_printf(&line, "%-9s ", rows[i].word);
        buf_printf(&line, "%s%s%s", json_get_text(event, "name"), *detail ? ": " : "", detail);
        put_line(buf_str(&line));
    }
}

/* One line of the doctor. */
static void put_doctor(const struct render *r, const struct json *event)
{
    static const struct {
        const char *state, *word, *color;
        bool quiet;
    } rows[] = {
        {"pass", "pass", "32", false}, {"fail", "fail", "31", true}, {"cannot-tell", "?", "33", true}};
    CLEANUP(buf_release) struct buf line = {0};
    const char *remedy = json_get_text(event, "remedy");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!str_is(str_of(json_get_text(event, "state")), rows[i].state) ||
            (r->options->quiet && !rows[i].quiet))
            continue;
        if (r->color)
            buf_printf(&line, "\033[%sm%-5s\033[0m", rows[i].color, rows[i].word);
        else
            buf_printf(&line, "%-5s", rows[i].word);
        buf_printf(&line, "%-17s%s", json_get_text(event, "check"), json_get_text(event, "found"));
        if (*remedy)
            buf_printf(&line, "\n%22sdo: %s", "", remedy);
        put_line(buf_str(&line));
    }
}

static void put_run(const struct render *r, const struct json *event)
{
    CLEANUP(buf_release) struct buf line = {0};

    if (r->options->quiet)
        return;
    buf_printf(&line, "%s: %s (account %s, %s)", json_get_text(event, "lab"), json_get_text(event, "title"),
               json_get_text(event, "account"), json_get_text(event, "region"));
    put_line(buf_str(&line));
}

void render_plan(struct render *r, const struct plan *plan, bool live)
{
    github_plan(r->github, plan);
    if (live && !r->github && !r->live && live_wanted(r->options))
        r->live = live_new(plan, r->command, r->color);
}

bool render_slowed(struct render *r, const char *what, bool throttled)
{
    if (!r->live)
        return false;
    live_slowed(r->live, what, throttled);
    return true;
}

void render_event(void *render, const struct json *event)
{
    struct render *r = render;
    const char *type = json_get_text(event, "type");

    junit_event(r->junit, event);
    github_event(r->github, event);
    if (r->live && (str_is(str_of(type), "run") || str_is(str_of(type), "step"))) {
        live_event(r->live, event);
        return;
    }
    if (r->live)
        live_stop(r->live);
    if (r->options->json)
        put_json(event);
    else if (str_is(str_of(type), "doctor"))
        put_doctor(r, event);
    else if (str_is(str_of(type), "run"))
        put_run(r, event);
    else if (str_is(str_of(type), "step"))
        put_step(r, event);
    else if (str_is(str_of(type), "proof"))
        put_proof(r, event);
}

void render_source(struct render *render, const struct json *event)
{
    CLEANUP(buf_release) struct buf line = {0};

    if (!render->options->json)
        return;
    json_write(event, &line);
    puts(buf_text(&line));
    fflush(stdout);
}

static void put_summary(const struct render *r, const struct json *summary)
{
    CLEANUP(buf_release) struct buf line = {0};
    int64_t mutating = json_int(json_get(summary, "mutating"), 0);
    int64_t statements = json_int(json_get(summary, "statements"), 0);

    if (r->options->quiet || !summary)
        return;
    buf_printf(&line, "%lld requests, ", (long long)json_int(json_get(summary, "requests"), 0));
    if (mutating == 0)
        buf_adds(&line, "none of them changed anything");
    else
        buf_printf(&line, "%lld of them changed something", (long long)mutating);
    if (statements > 0)
        buf_printf(&line, ", %lld SQL statement%s", (long long)statements, statements == 1 ? "" : "s");
    buf_adds(&line, ", ");
    add_seconds(&line, json_int(json_get(summary, "wall_ms"), 0));
    put_line(buf_str(&line));
}

/* The contract's members (DESIGN section 2), whoever ends the stream. */
static void put_json_summary(const struct json *summary, int status)
{
    static const char *const numbers[] = {"requests",       "mutating",       "bytes_sent",
                                          "bytes_received", "chain_requests", "wall_ms"};
    CLEANUP(json_freep)
    struct json *event = summary ? json_copy(summary) : json_of("type", "summary", NULL);

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (!json_get(event, numbers[i]))
            json_put_int(event, numbers[i], 0);
    }
    if (!json_get(event, "waits"))
        json_put(event, "waits", json_array());
    json_put_int(event, "exit", status);
    put_json(event);
}

bool render_end(struct render *r, const struct json *summary, int status, struct error *err)
{
    if (r->options->json) {
        put_json_summary(summary, status);
    } else {
        if (r->live)
            live_stop(r->live);
        put_summary(r, summary);
        if (r->live)
            live_tell(r->live, status);
    }
    github_end(r->github, status);
    return !r->junit ||
           junit_write(r->junit, r->options->junit, json_int(json_get(summary, "wall_ms"), 0), err);
}

void render_free(struct render *r)
{
    if (!r)
        return;
    live_free(r->live);
    github_free(r->github);
    junit_free(r->junit);
    mem_free(r);
}
