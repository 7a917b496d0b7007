/* The record file: one JSON line per AWS request, by the model without its
 * sensitive members, and through the redactor besides. */
#include "aws/sandbox/core.h"

#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "aws/sandbox/trail.h"

#include <fcntl.h>
#include <unistd.h>

struct record {
    int fd;
    bool failed; /* said once */
};

bool record_open(const char *path, struct record **out, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_os(err, "open record file %s", path);
    *out = mem_alloc(sizeof **out);
    (*out)->fd = fd;
    return true;
}

static void add_text(struct buf *line, const char *name, const char *value)
{
    buf_printf(line, ",\"%s\":", name);
    json_write_string(str_of(value), line);
}

static void write_line(struct record *r, struct str line)
{
    while (line.len) {
        ssize_t written = write(r->fd, line.data, line.len);

        if (written < 0) {
            if (!r->failed)
                log_warn("the record file cannot be written; recording goes on when it can");
            r->failed = true;
            return;
        }
        line = str_slice(line, (size_t)written, line.len);
    }
}

void record_write(struct record *r, const struct work *w)
{
    CLEANUP(buf_release) struct buf line = {0};
    CLEANUP(buf_release) struct buf clean = {0};
    const struct call *c = &w->call;

    buf_printf(&line, "{\"time_ms\":%lld", (long long)c->now_ms);
    add_text(&line, "request_id", c->request_id);
    add_text(&line, "service", c->service ? c->service->id : "");
    add_text(&line, "operation", c->op ? c->op->name : "");
    add_text(&line, "principal", c->principal.arn);
    add_text(&line, "source", w->request ? "http" : "inside");
    if (w->request)
        buf_printf(&line, ",\"status\":%d", w->response.status);
    if (!w->ok) {
        add_text(&line, "error", w->err.remote_code);
        add_text(&line, "message", w->err.message);
    }
    if (c->in) {
        buf_adds(&line, ",\"request\":");
        trail_show(c->in, c->op->input, false, &line);
    }
    if (w->ok && c->out) {
        buf_adds(&line, ",\"reply\":");
        trail_show(c->out, c->op->output, false, &line);
    }
    buf_adds(&line, "}\n");
    redact(buf_str(&line), &clean);
    write_line(r, buf_str(&clean));
}

void record_free(struct record *r)
{
    if (!r)
        return;
    close(r->fd);
    mem_free(r);
}
