#include "cmd/lab/junit.h"

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"

#include <string.h>

struct junit {
    const char *command;
    int64_t began_ms;
    struct buf cases;
    size_t count, failures, skipped;
};

struct junit *junit_new(const char *command)
{
    struct junit *j = mem_alloc(sizeof *j);

    j->command = command;
    j->began_ms = clock_wall_ms(&clock_system);
    return j;
}

/* Redacted text by text: over the whole report, the end of an attribute could be taken
 * for a field's value. */
static void add_xml(struct buf *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    CLEANUP(buf_release) struct buf safe = {0};

    redact(str_of(text), &safe);
    for (text = buf_text(&safe); *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
            if (entities[i].c == *text)
                entity = entities[i].entity;
        }
        if (entity)
            buf_adds(out, entity);
        else
            buf_addc(out, (unsigned char)*text < ' ' && *text != '\n' ? ' ' : *text);
    }
}

/* failure: what is wrong, "" when nothing is; type: how a program may sort it. */
static void begin_case(struct junit *j, const char *name, int64_t ms, const char *failure, const char *type)
{
    buf_printf(&j->cases, "    <testcase classname=\"lab.%s\" name=\"", j->command);
    add_xml(&j->cases, name);
    buf_printf(&j->cases, "\" time=\"%lld.%03lld\">", (long long)(ms / 1000), (long long)(ms % 1000));
    j->count++;
    if (!*failure)
        return;
    j->failures++;
    buf_adds(&j->cases, "<failure message=\"");
    add_xml(&j->cases, failure);
    buf_adds(&j->cases, "\" type=\"");
    add_xml(&j->cases, type);
    buf_adds(&j->cases, "\">");
}

static void end_case(struct junit *j, const char *failure)
{
    buf_printf(&j->cases, "%s</testcase>\n", *failure ? "</failure>" : "");
}

/* The body of a failure: expected, why and the hints, line by line. */
static void add_reasons(struct junit *j, const struct json *event)
{
    static const char *const members[] = {"found", "expected", "why"};

    if (!json_get(event, "hints"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        buf_printf(&j->cases, "%s: ", members[i]);
        add_xml(&j->cases, json_get_text(event, members[i]));
        buf_addc(&j->cases, '\n');
    }
    for (const struct json *h = json_first(json_get(event, "hints")); h; h = json_next(h)) {
        buf_adds(&j->cases, "hint: ");
        add_xml(&j->cases, json_text(h));
        buf_addc(&j->cases, '\n');
    }
}

/* The last word on a step. */
static void add_step(struct junit *j, const struct json *event)
{
    static const char *const ends[] = {"done",   "unchanged", "skipped", "failed",
                                       "undone", "absent",    "kept",    "checked"};
    const char *state = json_get_text(event, "state"), *failure = "", *type = "check";
    bool last = false;

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        last = last || strcmp(state, ends[i]) == 0;
    if (!last)
        return;
    if (strcmp(state, "failed") == 0) {
        failure = json_text(json_path(event, "error.message"));
        type = json_text(json_path(event, "error.code"));
    }
    if (strcmp(json_get_text(event, "verdict"), "fail") == 0)
        failure = json_get_text(event, "found");
    begin_case(j, json_get_text(event, "step"), json_int(json_get(event, "ms"), 0), failure, type);
    if (*failure)
        add_reasons(j, event);
    if (strcmp(state, "skipped") == 0) {
        j->skipped++;
        buf_adds(&j->cases, "<skipped/>");
    }
    end_case(j, failure);
}

static void add_proof(struct junit *j, const struct json *event)
{
    const char *state = json_get_text(event, "state");
    const char *failure = strcmp(state, "left") == 0 || strcmp(state, "unknown") == 0 ? state : "";
    CLEANUP(mem_freep)
    char *name = mem_printf("%s %s", json_get_text(event, "what"), json_get_text(event, "name"));

    begin_case(j, name, 0, failure, "leftover");
    end_case(j, failure);
}

static void add_doctor(struct junit *j, const struct json *event)
{
    const char *failure =
        strcmp(json_get_text(event, "state"), "fail") == 0 ? json_get_text(event, "found") : "";

    begin_case(j, json_get_text(event, "check"), 0, failure, "doctor");
    end_case(j, failure);
}

void junit_event(struct junit *j, const struct json *event)
{
    static const struct {
        const char *type;
        void (*add)(struct junit *j, const struct json *event);
    } rows[] = {{"step", add_step}, {"proof", add_proof}, {"doctor", add_doctor}};

    for (size_t i = 0; j && i < ARRAY_LEN(rows); i++) {
        if (strcmp(json_get_text(event, "type"), rows[i].type) == 0)
            rows[i].add(j, event);
    }
}

/* The attributes that both elements have. */
static void add_counts(const struct junit *j, int64_t wall_ms, struct buf *out)
{
    buf_printf(
        out,
        " name=\"lab %s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%lld.%03lld\"",
        j->command, j->count, j->failures, j->skipped, (long long)(wall_ms / 1000),
        (long long)(wall_ms % 1000));
}

bool junit_write(struct junit *j, const char *file, int64_t wall_ms, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0}, safe = {0};
    char when[21];

    clock_format_iso(j->began_ms / 1000, when);
    buf_adds(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_counts(j, wall_ms, &text);
    buf_adds(&text, ">\n  <testsuite");
    add_counts(j, wall_ms, &text);
    /* The common schema knows no zone behind it: it is UTC. */
    buf_printf(&text, " timestamp=\"%.19s\">\n", when);
    buf_add(&text, buf_str(&j->cases));
    buf_adds(&text, "  </testsuite>\n</testsuites>\n");
    redact_values(buf_str(&text), &safe);
    return file_replace(file, buf_str(&safe), err) || error_wrap(err, "write the JUnit report");
}

void junit_free(struct junit *j)
{
    if (!j)
        return;
    buf_release(&j->cases);
    mem_free(j);
}
