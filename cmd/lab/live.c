#include "cmd/lab/live.h"

#include "aws/common/clock.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "cmd/lab/live_step.h"
#include "cmd/lab/live_text.h"
#include "cmd/lab/stop.h"

#include <langinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    TICK_MS = 200,   /* how often times are drawn anew */
    LINES_MAX = 256, /* of one picture */
    STOP_SAID = 2,   /* lines the signal's message takes */
    ROWS_ELSE = 24,  /* of a terminal that does not say */
    COLUMNS_ELSE = 80,
};

struct live {
    pthread_mutex_t mutex;
    pthread_t ticker;
    bool ticking, stopped;
    int end_fd;
    const char *command;
    bool color, utf8, stop_shown;
    struct buf title;
    struct live_step *steps;
    size_t step_count;
    size_t throttles, slowed;
    char slowed_what[96];
    size_t widths[LINES_MAX]; /* columns of each line that stands there */
    size_t line_count;
    size_t rows;   /* of the terminal, when it was last drawn */
    bool scrolled; /* part of a picture has left the screen by its upper edge */
};

bool live_wanted(const struct options *o)
{
    const char *term = getenv("TERM");

    return !o->json && !o->plain && !o->quiet && !o->verbose && isatty(STDOUT_FILENO) && term && *term &&
           !str_is(str_of(term), "dumb");
}

static void size_of(size_t *rows, size_t *columns)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    *rows = size.ws_row ? size.ws_row : ROWS_ELSE;
    *columns = size.ws_col ? size.ws_col : COLUMNS_ELSE;
}

/* --- the picture --- */

static void end_line(struct live *l, size_t width, struct buf *out)
{
    if (l->line_count < LINES_MAX)
        l->widths[l->line_count++] = width;
    buf_adds(out, "\033[K\n");
}

static size_t count_where(const struct live *l, bool runs)
{
    size_t n = 0;

    for (size_t i = 0; i < l->step_count; i++)
        n += l->steps[i].state && l->steps[i].state->runs == runs;
    return n;
}

static void draw_status(struct live *l, size_t columns, struct buf *out)
{
    CLEANUP(buf_release) struct buf line = {0};

    buf_printf(&line, "%zu of %zu steps ended, %zu under way", count_where(l, false), l->step_count,
               count_where(l, true));
    if (l->throttles > 0)
        buf_printf(&line, ", throttled %zu time%s", l->throttles, l->throttles == 1 ? "" : "s");
    if (l->slowed > 0)
        buf_printf(&line, " (last: %s)", l->slowed_what);
    end_line(l, live_text_add(buf_str(&line), columns, l->utf8, out), out);
    if (!l->stop_shown)
        return;
    end_line(l,
             live_text_add(STR("interrupted: finishing the call in hand; Ctrl-C leaves at once"), columns,
                           l->utf8, out),
             out);
}

/* Which steps are left out when not all of them fit: first those at their end,
 * then those whose turn has not come. */
static bool shown(const struct live *l, const struct live_step *s, size_t *over)
{
    bool ended = s->state && !s->state->runs && !str_is(str_of(s->state->state), "failed");
    bool later = !s->state;
    size_t ended_count = count_where(l, false);

    if (*over == 0 || !(ended || (later && *over > ended_count)))
        return true;
    (*over)--;
    return false;
}

static void draw(struct live *l, size_t rows, size_t columns, bool all, struct buf *out)
{
    int64_t now_ms = clock_monotonic_ms(&clock_system);
    size_t room = rows > 5 ? rows - 5 : 1;
    size_t over = all || l->step_count <= room ? 0 : l->step_count - room;
    size_t width = columns > 1 ? columns - 1 : 1; /* the last column would wrap */

    l->line_count = 0;
    end_line(l, live_text_add(buf_str(&l->title), width, l->utf8, out), out);
    for (size_t i = 0; i < l->step_count; i++) {
        /* At the end, what was not asked for is no part of the picture. */
        if (all && !l->steps[i].state)
            continue;
        if (!shown(l, &l->steps[i], &over))
            continue;
        end_line(l, live_step_draw(&l->steps[i], width, l->utf8, l->color, now_ms, out), out);
    }
    draw_status(l, width, out);
}

/* Rows that the last picture takes now: a terminal made narrower has broken its
 * lines in two. */
static size_t rows_taken(const struct live *l, size_t columns)
{
    size_t rows = 0;

    for (size_t i = 0; i < l->line_count; i++)
        rows += l->widths[i] > columns ? (l->widths[i] + columns - 1) / columns : 1;
    return rows;
}

/* What came from outside was redacted piece by piece: a whole picture holds
 * "old-password  waits", which is no secret field. */
static void write_out(const struct buf *text)
{
    fwrite(text->data, 1, text->len, stdout);
    fflush(stdout);
}

/* To where the picture begins. A terminal that grows brings back what had scrolled away,
 * among it lines of a picture that was too high: then the screen begins anew. */
static void go_to_start(struct live *l, size_t rows, size_t up, struct buf *out)
{
    if (l->scrolled && rows > l->rows) {
        l->scrolled = false;
        buf_adds(out, "\033[H");
    } else if (up > rows - 1) {
        l->scrolled = true;
        up = rows - 1;
    }
    l->rows = rows;
    if (up > 0)
        buf_printf(out, "\r\033[%zuA", up);
    buf_addc(out, '\r');
}

/* above: a line that stays, over the picture; NULL none. */
static void paint(struct live *l, const char *above, bool all)
{
    CLEANUP(buf_release) struct buf out = {0};
    size_t rows, columns;

    size_of(&rows, &columns);
    size_t up = rows_taken(l, columns);
    if (stop_received() && !l->stop_shown) {
        l->stop_shown = true;
        up += isatty(STDERR_FILENO) ? STOP_SAID : 0;
    }
    go_to_start(l, rows, up, &out);
    if (above) {
        live_text_add(str_of(above), 4096, l->utf8, &out);
        buf_adds(&out, "\033[K\n");
    }
    draw(l, rows, columns, all, &out);
    /* Line by line over the old picture, and only then what is left of it: a
     * screen that is cleared as a whole goes into the scrollback each time. */
    buf_adds(&out, "\033[J");
    write_out(&out);
}

static void *tick(void *self)
{
    struct live *l = self;

    while (!clock_wait(TICK_MS, l->end_fd)) {
        pthread_mutex_lock(&l->mutex);
        paint(l, NULL, false);
        pthread_mutex_unlock(&l->mutex);
    }
    return NULL;
}

/* What would be written to stderr in the middle of the picture. */
static void log_above(void *self, enum log_level level, const char *line)
{
    struct live *l = self;

    (void)level;
    pthread_mutex_lock(&l->mutex);
    paint(l, line, false);
    pthread_mutex_unlock(&l->mutex);
}

/* --- life --- */

struct live *live_new(const struct plan *plan, const char *command, bool color)
{
    struct live *l = mem_alloc(sizeof *l);

    *l = (struct live){.command = command, .color = color, .end_fd = eventfd(0, EFD_CLOEXEC)};
    pthread_mutex_init(&l->mutex, NULL);
    l->utf8 = str_is(str_of(nl_langinfo(CODESET)), "UTF-8");
    l->step_count = plan->step_count;
    l->steps = mem_array(l->step_count + 1, sizeof *l->steps);
    for (size_t i = 0; i < l->step_count; i++) {
        const struct plan_step *step = &plan->steps[plan->order[i]];
        l->steps[i] = (struct live_step){.id = step->id, .title = step->title, .task = step->task};
    }
    log_set_sink(log_above, l);
    l->ticking = l->end_fd >= 0 && pthread_create(&l->ticker, NULL, tick, l) == 0;
    return l;
}

static void take_title(struct live *l, const struct json *event)
{
    CLEANUP(buf_release) struct buf text = {0};

    buf_printf(&text, "%s: %s (account %s, %s)", json_get_text(event, "lab"), json_get_text(event, "title"),
               json_get_text(event, "account"), json_get_text(event, "region"));
    buf_reset(&l->title);
    redact(buf_str(&text), &l->title);
}

void live_event(struct live *l, const struct json *event)
{
    pthread_mutex_lock(&l->mutex);
    if (str_is(str_of(json_get_text(event, "type")), "run"))
        take_title(l, event);
    for (size_t i = 0; i < l->step_count; i++) {
        if (str_is(str_of(json_get_text(event, "step")), l->steps[i].id))
            live_step_take(&l->steps[i], event, clock_monotonic_ms(&clock_system));
    }
    paint(l, NULL, false);
    pthread_mutex_unlock(&l->mutex);
}

void live_slowed(struct live *l, const char *what, bool throttled)
{
    pthread_mutex_lock(&l->mutex);
    l->throttles += throttled;
    l->slowed++;
    snprintf(l->slowed_what, sizeof l->slowed_what, "%s", what);
    pthread_mutex_unlock(&l->mutex);
}

static void add_table(const struct live *l, size_t columns, struct buf *out)
{
    bool any = false;

    for (size_t i = 0; i < l->step_count; i++) {
        const struct live_step *s = &l->steps[i];
        if (!s->made || !*s->made || !s->state || s->state->runs)
            continue;
        if (!any)
            buf_adds(out, "\nExists now:\n");
        any = true;
        buf_adds(out, "  ");
        live_text_pad(str_of(s->id), 15, l->utf8, out);
        buf_addc(out, ' ');
        live_text_add(str_of(s->made), columns > 30 ? columns - 19 : 11, l->utf8, out);
        buf_addc(out, '\n');
    }
}

/* What to type next, by what was done and how it ended. */
static const char *next_command(const char *command, int status)
{
    static const struct {
        const char *command, *fine, *else_;
    } rows[] = {
        {"up", "lab check", "lab up"},        {"run", "lab check", "lab run"},
        {"check", "lab report", "lab check"}, {"down", "lab down --prove", "lab down"},
        {"undo", "lab status", "lab undo"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_is(str_of(command), rows[i].command))
            return status == 0 ? rows[i].fine : rows[i].else_;
    }
    return "lab status";
}

void live_stop(struct live *l)
{
    if (l->stopped)
        return;
    if (l->ticking) {
        clock_wake(l->end_fd);
        pthread_join(l->ticker, NULL);
    }
    l->stopped = true;
    log_set_sink(NULL, NULL);
    paint(l, NULL, true);
}

void live_tell(const struct live *l, int status)
{
    CLEANUP(buf_release) struct buf out = {0};
    size_t rows, columns;

    size_of(&rows, &columns);
    if (!str_is(str_of(l->command), "down"))
        add_table(l, columns, &out);
    buf_printf(&out, "\nNext: %s\n", next_command(l->command, status));
    write_out(&out);
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->step_count; i++)
        live_step_release(&l->steps[i]);
    if (l->end_fd >= 0)
        close(l->end_fd);
    pthread_mutex_destroy(&l->mutex);
    buf_release(&l->title);
    mem_free(l->steps);
    mem_free(l);
}
