#include "cmd/lab/live_step.h"

#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "cmd/lab/live_text.h"

const struct live_state live_state_none = {"", "\xc2\xb7", ".", "", "2", false};

static const struct live_state states[] = {
    {"started", "\xe2\x96\xb6", ">", "runs", "36", true},
    {"note", "\xe2\x96\xb6", ">", "runs", "36", true},
    {"waiting", "\xe2\x97\xb7", "~", "waits", "33", true},
    {"done", "\xe2\x9c\x93", "+", "done", "32", false},
    {"unchanged", "=", "=", "same", "32", false},
    {"skipped", "-", "-", "skip", "2", false},
    {"failed", "\xe2\x9c\x97", "X", "FAILED", "31", false},
    {"undone", "\xe2\x9c\x93", "+", "undone", "32", false},
    {"absent", "-", "-", "absent", "2", false},
    {"kept", "!", "!", "kept", "33", false},
};

/* A check's verdicts are states of their own. */
static const struct live_state verdicts[] = {
    {"pass", "\xe2\x9c\x93", "+", "pass", "32", false},
    {"fail", "\xe2\x9c\x97", "X", "FAIL", "31", false},
    {"cannot-tell", "?", "?", "?", "33", false},
};

static const struct live_state *find(const struct live_state *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(str_of(name), rows[i].state))
            return &rows[i];
    }
    return NULL;
}

static char *redacted(const char *text)
{
    CLEANUP(buf_release) struct buf safe = {0};

    redact(str_of(text), &safe);
    return mem_dup(buf_text(&safe));
}

/* The first of the outputs that names the thing. */
static char *made_by(const struct json *outputs)
{
    static const char *const names[] = {"arn", "function_arn", "stack_id", "association", "id", "name"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (*json_get_text(outputs, names[i]))
            return redacted(json_get_text(outputs, names[i]));
    }
    return mem_dup("");
}

static const char *detail_of(const struct json *event)
{
    static const char *const members[] = {"text", "reason", "detail", "found"};

    if (json_get(event, "error"))
        return json_text(json_path(event, "error.message"));
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (*json_get_text(event, members[i]))
            return json_get_text(event, members[i]);
    }
    return "";
}

void live_step_take(struct live_step *s, const struct json *event, int64_t now_ms)
{
    const char *name = json_get_text(event, "state");
    const struct live_state *state = find(states, ARRAY_LEN(states), name);

    if (str_is(str_of(name), "checked"))
        state = find(verdicts, ARRAY_LEN(verdicts), json_get_text(event, "verdict"));
    if (!state)
        return;
    s->since_ms = now_ms - json_int(json_get(event, "ms"), 0);
    s->deadline_ms = json_int(json_get(event, "deadline_ms"), 0);
    /* A note on a step that waits does not end the wait. */
    if (!(str_is(str_of(name), "note") && s->state && !s->state->runs))
        s->state = state;
    mem_free(s->detail);
    s->detail = redacted(detail_of(event));
    if (json_get(event, "outputs")) {
        mem_free(s->made);
        s->made = made_by(json_get(event, "outputs"));
    }
}

static void add_time(int64_t ms, struct buf *out)
{
    if (ms >= 60000)
        buf_printf(out, "%lld:%02lld", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    else
        buf_printf(out, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

/* "waits 3.2 s of 5:00  for what" */
static void add_rest(const struct live_step *s, int64_t now_ms, struct buf *out)
{
    const struct live_state *state = s->state ? s->state : &live_state_none;

    buf_adds(out, state->word);
    if (state->runs) {
        buf_addc(out, ' ');
        add_time(now_ms - s->since_ms, out);
    }
    if (state->runs && s->deadline_ms > 0) {
        buf_adds(out, " of ");
        add_time(s->deadline_ms, out);
    }
    buf_adds(out, *state->word ? "  " : "");
    buf_adds(out, s->detail && *s->detail ? s->detail : s->title);
}

size_t live_step_draw(const struct live_step *s, size_t columns, bool utf8, bool color, int64_t now_ms,
                      struct buf *out)
{
    const struct live_state *state = s->state ? s->state : &live_state_none;
    size_t id_columns = columns >= 60 ? 16 : 13;
    CLEANUP(buf_release) struct buf rest = {0};

    if (columns < 8)
        return 0;
    if (s->task > 0)
        buf_printf(out, "%d ", s->task % 10);
    else
        buf_adds(out, "  ");
    if (color)
        buf_printf(out, "\033[%sm", state->color);
    buf_adds(out, utf8 ? state->symbol : state->ascii);
    if (color)
        buf_adds(out, "\033[0m");
    buf_addc(out, ' ');
    if (id_columns > columns - 4)
        id_columns = columns - 4;
    live_text_pad(str_of(s->id), id_columns, utf8, out);
    if (columns <= id_columns + 5)
        return id_columns + 4;
    buf_addc(out, ' ');
    add_rest(s, now_ms, &rest);
    return id_columns + 5 + live_text_add(buf_str(&rest), columns - id_columns - 5, utf8, out);
}

void live_step_release(struct live_step *s)
{
    mem_free(s->detail);
    mem_free(s->made);
    *s = (struct live_step){0};
}
