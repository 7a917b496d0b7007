#include "steps/store/lock.h"

#include "aws/common/clock.h"
#include "aws/common/json.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLDER_LIMIT_BYTES = 1024 };

/* An open file description lock: unlike a POSIX record lock it is not dropped
 * when some other descriptor of the file is closed in this process. */
static bool take(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* The holder may be between taking the lock and writing the line: then there
 * is nothing to name, and that is all right. */
static bool held(int fd, const char *path, struct error *err)
{
    char text[HOLDER_LIMIT_BYTES];
    ssize_t got = pread(fd, text, sizeof(text), 0);
    struct str line = {text, got > 0 ? (size_t)got : 0};
    CLEANUP(json_freep) struct json *holder = NULL;
    struct error ignored;

    if (!json_parse(line, NULL, &holder, &ignored))
        return error_set(err, ERR_TRY_AGAIN, "another lab holds %s; try again when it has ended", path);
    return error_set(err, ERR_TRY_AGAIN,
                     "another lab holds %s: `lab %s`, pid %lld on %s, since %s; try again when it has ended",
                     path, json_get_text(holder, "command"), (long long)json_int(json_get(holder, "pid"), 0),
                     json_get_text(holder, "host"), json_get_text(holder, "since"));
}

static bool write_holder(int fd, const char *command, int64_t now_ms)
{
    CLEANUP(json_freep) struct json *holder = json_object();
    CLEANUP(buf_release) struct buf text = {0};
    char host[65] = "", since[21];

    (void)gethostname(host, sizeof(host) - 1);
    clock_format_iso(now_ms / 1000, since);
    json_put_int(holder, "pid", getpid());
    json_put_text(holder, "host", host);
    json_put_text(holder, "since", since);
    json_put_text(holder, "command", command);
    json_write(holder, &text);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text.data, text.len, 0) == (ssize_t)text.len;
}

bool lock_take(const char *path, const char *command, int64_t now_ms, int *out, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        error_os(err, "open %s", name);
        err->code = ERR_STORE;
        goto failed;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        error_set(err, ERR_STORE, "%s is not a file of yours", name);
        goto failed;
    }
    if (!take(fd)) {
        if (errno == EAGAIN || errno == EACCES) {
            held(fd, path, err);
        } else {
            error_os(err, "lock %s", name);
            err->code = ERR_STORE;
        }
        goto failed;
    }
    if (!write_holder(fd, command, now_ms)) {
        error_os(err, "write %s", name);
        err->code = ERR_STORE;
        goto failed;
    }
    *out = fd;
    return true;
failed:
    if (fd >= 0)
        close(fd);
    return false;
}

/* The file stays: removing it would let two runs lock two different files. */
void lock_release(int fd)
{
    if (fd < 0)
        return;
    if (ftruncate(fd, 0) < 0)
        errno = 0; /* the line is for people; the lock ends with the descriptor */
    close(fd);
}
