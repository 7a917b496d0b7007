/* The commands that touch nothing outside: status, validate, version. */
#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/session.h"

#include <stdio.h>

COMMAND(version)
{
    (void)err;
    (void)words;
    (void)count;
    if (o->json)
        printf("{\"lab\":\"%s\"}\n", LAB_VERSION);
    else
        printf("lab %s\n", LAB_VERSION);
    *status = 0;
    return true;
}

COMMAND(validate)
{
    struct session s = {.stop_fd = -1};
    struct options named = *o;

    if (count > 0)
        named.plan = words[0];
    bool ok = session_load_plan(&s, &named, err);
    if (ok && !o->quiet)
        printf("%s: %zu steps, no mistake\n", s.plan.file, s.plan.step_count);
    session_release(&s);
    *status = 0;
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

COMMAND(status)
{
    CLEANUP(store_closep) struct store *store = NULL;
    CLEANUP(json_freep) struct json *rows = NULL;

    (void)words;
    (void)count;
    if (!store_open(session_state_file(o), true, clock_system, &store, err) || !store_list(store, &rows, err))
        return false;
    if (o->json) {
        CLEANUP(buf_release) struct buf text = {0};
        json_write(rows, &text);
        puts(buf_text(&text));
    } else if (json_count(rows) == 0) {
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
    *status = 0;
    return true;
}
