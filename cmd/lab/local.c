/* The commands that touch nothing outside: status, validate, version. */
#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/exit_status.h"
#include "cmd/lab/session.h"

#include <stdio.h>

COMMAND(version)
{
    (void)words;
    (void)count;
    *status = 0;
    if (!o->json) {
        printf("lab %s\n", LAB_VERSION);
        return true;
    }
    /* The stream's first event says it. */
    struct render *render = render_new(o, "version");
    bool ok = render_end(render, NULL, 0, err);
    render_free(render);
    return ok;
}

static void say_valid(const struct session *s)
{
    CLEANUP(json_freep) struct json *event = json_of("type", "plan", "file", s->plan.file, NULL);

    json_put_int(event, "steps", (int64_t)s->plan.step_count);
    render_event(s->render, event);
    if (!s->options->json && !s->options->quiet)
        printf("%s: %zu step%s, no mistake\n", s->plan.file, s->plan.step_count,
               s->plan.step_count == 1 ? "" : "s");
}

COMMAND(validate)
{
    struct session s = {.stop_fd = -1};
    struct options named = *o;
    struct error report;

    if (count > 0)
        named.plan = words[0];
    s.render = render_new(o, "validate");
    bool ok = session_load_plan(&s, &named, err);
    if (ok)
        say_valid(&s);
    *status = ok ? 0 : exit_status_of(err);
    if (!render_end(s.render, NULL, *status, &report) && ok) {
        *err = report;
        ok = false;
    }
    render_free(s.render);
    session_release(&s);
    return ok;
}

static void print_row(const struct json *row)
{
    char when[21] = "-";
    int64_t open = json_int(json_get(row, "open_intents"), 0);
    int64_t at_ms = json_int(json_get(row, "at_ms"), 0);

    if (at_ms > 0)
        clock_format_iso(at_ms / 1000, when);
    printf("%-16s %-9s %-20s  %s/%s", json_get_text(row, "step"), json_get_text(row, "state"), when,
           json_get_text(row, "account"), json_get_text(row, "region"));
    if (open > 0)
        printf("  %lld open intent%s", (long long)open, open == 1 ? "" : "s");
    if (*json_get_text(row, "message"))
        printf("  %s", json_get_text(row, "message"));
    putchar('\n');
}

static bool stream_rows(const struct options *o, const struct json *rows, struct error *err)
{
    struct render *render = render_new(o, "status");

    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        CLEANUP(json_freep) struct json *event = json_of("type", "checkpoint", NULL);
        for (const struct json *m = json_first(row); m; m = json_next(m))
            json_put(event, json_key(m), json_copy(m));
        render_event(render, event);
    }
    bool ok = render_end(render, NULL, 0, err);
    render_free(render);
    return ok;
}

COMMAND(status)
{
    CLEANUP(store_closep) struct store *store = NULL;
    CLEANUP(json_freep) struct json *rows = NULL;

    (void)words;
    (void)count;
    if (!store_open(session_state_file(o), NULL, clock_system, &store, err) || !store_list(store, &rows, err))
        return false;
    *status = 0;
    if (o->json)
        return stream_rows(o, rows, err);
    if (json_count(rows) == 0) {
        puts("no checkpoints yet");
    } else {
        const char *lab = "", *learner = "";
        for (const struct json *row = json_first(rows); row; row = json_next(row)) {
            if (!str_is(str_of(lab), json_get_text(row, "lab")) ||
                !str_is(str_of(learner), json_get_text(row, "learner"))) {
                lab = json_get_text(row, "lab");
                learner = json_get_text(row, "learner");
                printf("%s (%s)\n", lab, learner);
            }
            print_row(row);
        }
    }
    return true;
}
