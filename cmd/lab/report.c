/* lab report: one page from the plan, the checkpoints and streams of --json. */
#include "cmd/lab/report_page.h"

#include "aws/common/file.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/session.h"

#include <stdio.h>

enum { STREAM_LIMIT_BYTES = 8 * 1024 * 1024 };

static bool read_stream(const char *file, struct json *events, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest, line;

    if (!file_read(file, STREAM_LIMIT_BYTES, &text, err))
        return error_wrap(err, "read the stream");
    rest = buf_str(&text);
    while (str_split(&rest, '\n', &line)) {
        struct json *event = NULL;
        if (str_empty(str_trim(line)))
            continue;
        if (!json_parse(line, NULL, &event, err))
            return error_wrap(err, "%s is no stream of lab --json", file);
        json_push(events, event);
    }
    return true;
}

static bool write_page(const struct report *r, const struct options *o, struct error *err)
{
    const char *file = o->out ? o->out : "lab-report.html";
    CLEANUP(buf_release) struct buf page = {0};

    report_page(r, &page);
    if (!file_replace(file, buf_str(&page), err))
        return error_wrap(err, "write the report");
    if (o->json) {
        CLEANUP(json_freep) struct json *event = json_of("type", "report", "file", file, NULL);
        struct render *render = render_new(o, "report");
        json_put_int(event, "bytes", (int64_t)page.len);
        render_event(render, event);
        bool ok = render_end(render, NULL, 0, err);
        render_free(render);
        return ok;
    }
    if (!o->quiet)
        printf("%s\n", file);
    return true;
}

static bool gather(struct session *s, const struct options *o, const char *const *words, size_t count,
                   struct error *err)
{
    CLEANUP(json_freep) struct json *events = json_array();
    CLEANUP(json_freep) struct json *rows = NULL;
    const char *state = session_state_file(o);

    for (size_t i = 0; i < count; i++) {
        if (!read_stream(words[i], events, err))
            return false;
    }
    if (!store_open(state, NULL, clock_system, &s->store, err) || !store_list(s->store, &rows, err))
        return false;
    const struct report report = {&s->plan, rows, events};
    return write_page(&report, o, err);
}

COMMAND(report)
{
    struct session s = {.stop_fd = -1};

    *status = 0;
    bool ok = session_load_plan(&s, o, err) && gather(&s, o, words, count, err);
    session_release(&s);
    return ok;
}
