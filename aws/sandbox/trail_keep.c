/* The event history on disk, a line of JSON an event. It follows the calls it
 * tells of: a sandbox that is killed may lose the last ones, and no reply
 * waits for it. */
#include "aws/sandbox/trail.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/sandbox/trail_event.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const size_t file_limit_bytes = (size_t)1 << 30;

static void write_line(const struct event *e, struct buf *out)
{
    buf_printf(out, "[%lld,%d,%d,\"", (long long)e->at_ms, e->reads, e->of_service);
    buf_add_hex(out, e->id, UUID_BYTES);
    buf_add_hex(out, e->request_id, UUID_BYTES);
    buf_addc(out, '"');
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        buf_addc(out, ',');
        json_write_string(str_of(trail_text_get(e->texts[i])), out);
    }
    buf_adds(out, "]\n");
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct str hex, unsigned char *out, size_t count)
{
    if (hex.len != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = digit(hex.data[2 * i]), low = digit(hex.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* A line that does not parse is the one that was cut off. */
static void read_line(struct trail *t, struct str line)
{
    CLEANUP(json_freep) struct json *list = NULL;
    unsigned char ids[2 * UUID_BYTES];
    struct error ignored;
    struct event *e;

    if (!json_parse(line, NULL, &list, &ignored) || json_count(list) != 4 + TEXT_COUNT ||
        !read_hex(json_str(json_at(list, 3)), ids, sizeof ids))
        return;
    e = trail_event_begin(t);
    e->at_ms = json_int(json_at(list, 0), 0);
    e->at_s = e->at_ms / 1000;
    e->reads = json_int(json_at(list, 1), 0) != 0;
    e->of_service = json_int(json_at(list, 2), 0) != 0;
    memcpy(e->id, ids, UUID_BYTES);
    memcpy(e->request_id, ids + UUID_BYTES, UUID_BYTES);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        e->texts[i] = trail_text_hold(&t->texts, json_str(json_at(list, 4 + i)));
    trail_event_end(t);
}

static bool read_file(struct trail *t, const char *path, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest, line;

    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!file_read(path, file_limit_bytes, &text, err))
        return false;
    rest = buf_str(&text);
    while (str_split(&rest, '\n', &line))
        if (line.len > 0)
            read_line(t, line);
    return true;
}

bool trail_keep(struct trail *t, const char *path, struct error *err)
{
    CLEANUP(buf_release) struct buf all = {0};

    if (!read_file(t, path, err))
        return error_wrap(err, "read the event history");
    /* Anew, without what the history no longer holds. */
    for (uint64_t n = t->first; n < t->next; n++)
        write_line(trail_event_at(t, n), &all);
    if (!file_replace(path, buf_str(&all), err))
        return false;
    t->fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    return t->fd >= 0 || error_os(err, "open %s", path);
}

void trail_keep_event(struct trail *t, const struct event *e)
{
    if (t->fd >= 0)
        write_line(e, &t->unwritten);
}

void trail_flush(struct trail *t)
{
    struct str rest = buf_str(&t->unwritten);

    while (t->fd >= 0 && rest.len > 0) {
        ssize_t written = write(t->fd, rest.data, rest.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            log_warn("the event history cannot be written; it is no longer kept");
            close(t->fd);
            t->fd = -1;
            break;
        }
        rest = str_slice(rest, (size_t)written, rest.len);
    }
    buf_reset(&t->unwritten);
}

void trail_keep_end(struct trail *t)
{
    trail_flush(t);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    buf_release(&t->unwritten);
}
