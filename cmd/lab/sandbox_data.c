#include "cmd/lab/sandbox_data.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { BOX_LIMIT_BYTES = 65536 };

static bool lock(struct sandbox_data *d, struct error *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/lock", d->directory);

    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0)
        return error_os(err, "open %s", path);
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return error_set(err, ERR_TRY_AGAIN, "%s is in use by another sandbox", d->directory);
    return error_os(err, "lock %s", path);
}

static char *box_path(const struct sandbox_data *d)
{
    return mem_printf("%s/box.json", d->directory);
}

static bool read_box(struct sandbox_data *d, struct error *err)
{
    CLEANUP(mem_freep) char *path = box_path(d);
    CLEANUP(buf_release) struct buf text = {0};

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        d->box = json_object();
        return true;
    }
    if (!file_read(path, BOX_LIMIT_BYTES, &text, err))
        return false;
    if (json_parse(buf_str(&text), NULL, &d->box, err) && json_is_object(d->box))
        return true;
    return error_set(err, ERR_STORE, "%s is damaged", path);
}

bool sandbox_data_open(const char *directory, struct sandbox_data *out, struct error *err)
{

    *out = (struct sandbox_data){.lock_fd = -1};
    if (!file_make_dir(directory, err))
        return error_wrap(err, "--data");
    out->directory = realpath(directory, NULL);
    if (!out->directory)
        return error_os(err, "--data %s", directory);
    out->world_file = mem_printf("%s/world", out->directory);
    return lock(out, err) && read_box(out, err);
}

bool sandbox_data_save(const struct sandbox_data *d, struct error *err)
{
    CLEANUP(mem_freep) char *path = box_path(d);
    CLEANUP(buf_release) struct buf text = {0};

    json_write_pretty(d->box, &text);
    return file_replace(path, buf_str(&text), err);
}

void sandbox_data_release(struct sandbox_data *d)
{
    json_free(d->box);
    mem_free(d->directory);
    mem_free(d->world_file);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    *d = (struct sandbox_data){.lock_fd = -1};
}
