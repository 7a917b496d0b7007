#include "aws/sandbox/keep.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    FORMAT = 1,
    CHECKSUM_DIGITS = 16,
    HEAD_LIMIT_BYTES = 64,
    DEPTH_LIMIT = 64,
    PART_BYTES = 1 << 20,  /* of a record of the whole world */
    GROWTH_BYTES = 4 << 20 /* written anew when it has grown so much, and twofold */
};

static const size_t file_limit_bytes = (size_t)1 << 30;

struct keep {
    char *path;
    struct json *meta;
    int fd;
    size_t base_bytes, added_bytes; /* the world, and what follows it */
    bool failed;
};

/* --- records --- */

static void add_record(struct buf *out, struct str payload)
{
    char sum[SHA256_HEX];

    sha256_hex(payload, sum);
    buf_printf(out, "%zu %.*s\n", payload.len, CHECKSUM_DIGITS, sum);
    buf_add(out, payload);
    buf_addc(out, '\n');
}

/* A record on its way: [kind, key, entity] each, [kind, key] for what is gone. */
struct draft {
    struct buf payload;
    struct buf *file; /* whole parts go there; NULL: keep them together */
};

static void draft_begin(struct draft *d)
{
    buf_reset(&d->payload);
    buf_adds(&d->payload, "{\"entities\":[");
}

static void draft_end(struct draft *d)
{
    buf_adds(&d->payload, "]}");
    if (d->file)
        add_record(d->file, buf_str(&d->payload));
}

static void draft_add(void *arg, const char *kind, const char *key, const struct json *entity)
{
    struct draft *d = arg;

    if (d->payload.data[d->payload.len - 1] != '[')
        buf_addc(&d->payload, ',');
    buf_addc(&d->payload, '[');
    json_write_string(str_of(kind), &d->payload);
    buf_addc(&d->payload, ',');
    json_write_string(str_of(key), &d->payload);
    if (entity) {
        buf_addc(&d->payload, ',');
        json_write(entity, &d->payload);
    }
    buf_addc(&d->payload, ']');
    if (d->file && d->payload.len >= PART_BYTES) {
        draft_end(d);
        draft_begin(d);
    }
}

/* --- reading --- */

static bool damaged(const char *path, size_t at, struct error *err)
{
    return error_set(err, ERR_STORE,
                     "%s is damaged at byte %zu: put back a copy, or begin with an empty directory", path,
                     at);
}

/** The record that the rest begins with. False: cut off, or none. */
static bool take_record(struct str rest, struct str *payload, size_t *taken)
{
    size_t line = str_find_char(str_slice(rest, 0, HEAD_LIMIT_BYTES), '\n');
    struct str head = str_slice(rest, 0, line), length, sum;
    size_t space = str_find_char(head, ' ');
    char found[SHA256_HEX];
    int64_t size;

    if (line == rest.len || line >= HEAD_LIMIT_BYTES || space == head.len)
        return false;
    length = str_slice(head, 0, space);
    sum = str_slice(head, space + 1, head.len);
    if (!str_to_i64(length, &size) || size < 0 || sum.len != CHECKSUM_DIGITS ||
        (size_t)size + 1 > rest.len - line - 1)
        return false;
    *payload = str_slice(rest, line + 1, (size_t)size);
    *taken = line + 1 + (size_t)size + 1;
    sha256_hex(*payload, found);
    return memcmp(found, sum.data, CHECKSUM_DIGITS) == 0 && rest.data[*taken - 1] == '\n';
}

static bool read_entities(struct world *world, const struct json *list)
{
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        const char *kind = json_text(json_at(e, 0)), *key = json_text(json_at(e, 1));
        const struct json *entity = json_at(e, 2);

        if (!*kind || !*key || (entity && !json_is_object(entity)))
            return false;
        if (entity)
            (void)world_put(world, kind, key, json_copy(entity));
        else
            world_remove(world, kind, key);
    }
    return true;
}

static bool read_record(struct world *world, struct str payload, bool first, struct json **meta)
{
    const struct json_limits limits = {.depth = DEPTH_LIMIT};
    CLEANUP(json_freep) struct json *record = NULL;
    struct error ignored;

    if (!json_parse(payload, &limits, &record, &ignored))
        return false;
    if (!first)
        return read_entities(world, json_get(record, "entities"));
    *meta = json_detach(record, "meta");
    return json_int(json_get(record, "format"), 0) == FORMAT && json_is_object(*meta);
}

/** Whether a valid record begins anywhere behind the first byte (the line break
 * before it may be what is damaged): then this is not the end of a write that
 * was cut off. */
static bool record_follows(struct str rest)
{
    struct str payload;
    size_t taken;

    for (size_t i = 1; i < rest.len; i++)
        if (take_record(str_slice(rest, i, rest.len), &payload, &taken))
            return true;
    return false;
}

bool keep_read(const char *path, struct world *world, struct json **meta, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest, payload;
    size_t taken;

    *meta = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!file_read(path, file_limit_bytes, &text, err))
        return error_wrap(err, "read what was kept");
    rest = buf_str(&text);
    while (take_record(rest, &payload, &taken)) {
        if (!read_record(world, payload, rest.data == text.data, meta))
            return damaged(path, (size_t)(rest.data - text.data), err);
        rest = str_slice(rest, taken, rest.len);
    }
    /* The file appears whole, with its first record: none is damage too. */
    if (!*meta || record_follows(rest))
        return damaged(path, (size_t)(rest.data - text.data), err);
    return true;
}

/* --- writing --- */

static void add_world(const struct world *world, const struct json *meta, struct buf *out)
{
    CLEANUP(buf_release) struct buf head = {0};
    struct draft draft = {.file = out};

    buf_printf(&head, "{\"format\":%d,\"meta\":", FORMAT);
    json_write(meta, &head);
    buf_addc(&head, '}');
    add_record(out, buf_str(&head));
    draft_begin(&draft);
    world_each(world, draft_add, &draft);
    draft_end(&draft);
    buf_release(&draft.payload);
}

static bool replace(struct keep *k, struct world *world, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};

    add_world(world, k->meta, &text);
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
    if (!file_replace(k->path, buf_str(&text), err))
        return false;
    k->fd = open(k->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (k->fd < 0)
        return error_os(err, "open %s", k->path);
    k->base_bytes = text.len;
    k->added_bytes = 0;
    world_settle(world);
    return true;
}

bool keep_write(const char *path, struct world *world, const struct json *meta, struct keep **out,
                struct error *err)
{
    struct keep *k = mem_alloc(sizeof *k);

    *k = (struct keep){.path = mem_dup(path), .meta = json_copy(meta), .fd = -1};
    world_track(world);
    if (!replace(k, world, err)) {
        keep_free(k);
        return false;
    }
    *out = k;
    return true;
}

static bool append(struct keep *k, struct str text, struct error *err)
{
    while (text.len) {
        ssize_t written = write(k->fd, text.data, text.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_os(err, "write %s", k->path);
        text = str_slice(text, (size_t)written, text.len);
    }
    return fdatasync(k->fd) == 0 || error_os(err, "write %s", k->path);
}

bool keep_commit(struct keep *k, struct world *world, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct draft draft = {0};

    if (k->failed)
        return error_set(err, ERR_IO, "%s could not be written before", k->path);
    if (!world_changed(world))
        return true;
    draft_begin(&draft);
    world_each_change(world, draft_add, &draft);
    draft_end(&draft);
    add_record(&text, buf_str(&draft.payload));
    buf_release(&draft.payload);
    k->failed = !append(k, buf_str(&text), err);
    if (k->failed)
        return false;
    k->added_bytes += text.len;
    world_settle(world);
    if (k->added_bytes > GROWTH_BYTES && k->added_bytes > 2 * k->base_bytes)
        k->failed = !replace(k, world, err);
    return !k->failed;
}

void keep_free(struct keep *k)
{
    if (!k)
        return;
    if (k->fd >= 0)
        close(k->fd);
    json_free(k->meta);
    mem_free(k->path);
    mem_free(k);
}
