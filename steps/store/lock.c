#include "steps/store/lock.h"

#include "aws/common/clock.h"
#include "aws/common/json.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The holder's line, and behind it the note, at a place of its own. */
enum { HOLDER_LIMIT_BYTES = 1024, NOTE_BYTES = 20 };

/* A run holds the first byte. Taking it and writing the line go on behind a
 * door, so that who finds it held also finds who holds it. */
enum { RUN_BYTE = 0, DOOR_BYTE = 1 };

/* Open file description locks: unlike POSIX record locks they are not dropped
 * when some other descriptor of the file is closed in this process. how:
 * F_OFD_SETLK or, to wait, F_OFD_SETLKW. */
static bool set(int fd, int how, short type, off_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(fd, how, &lock) == 0;
}

/* A holder that could not write its line is not named. */
static bool held(int fd, const char *path, struct error *err)
{
    char text[HOLDER_LIMIT_BYTES];
    ssize_t got = pread(fd, text, sizeof(text), 0);
    struct str whole = {text, got > 0 ? (size_t)got : 0};
    struct str line = str_slice(whole, 0, str_find_char(whole, '\n'));
    CLEANUP(json_freep) struct json *holder = NULL;
    struct error ignored;

    if (!json_parse(line, NULL, &holder, &ignored))
        return error_set(err, ERR_TRY_AGAIN, "another lab holds %s; try again when it has ended", path);
    return error_set(err, ERR_TRY_AGAIN,
                     "another lab holds %s: `lab %s`, pid %lld on %s, since %s; try again when it has ended",
                     path, json_get_text(holder, "command"), (long long)json_int(json_get(holder, "pid"), 0),
                     json_get_text(holder, "host"), json_get_text(holder, "since"));
}

static bool failed(struct error *err, const char *what)
{
    error_os(err, "%s the lock", what);
    err->code = ERR_STORE;
    return false;
}

/* As long as the place for it, so that nothing of an earlier line is left; the
 * note behind it stays. */
static bool sign(int fd, const char *command, int64_t now_ms, struct error *err)
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
    while (text.len < HOLDER_LIMIT_BYTES)
        buf_addc(&text, '\n');
    return pwrite(fd, text.data, text.len, 0) == HOLDER_LIMIT_BYTES || failed(err, "write");
}

bool lock_note(int fd, int64_t rows, struct error *err)
{
    char text[NOTE_BYTES + 1];

    (void)snprintf(text, sizeof(text), "%0*lld", NOTE_BYTES, (long long)rows);
    return pwrite(fd, text, NOTE_BYTES, HOLDER_LIMIT_BYTES) == NOTE_BYTES || failed(err, "write");
}

static int64_t read_note(int fd)
{
    char text[NOTE_BYTES];
    int64_t rows;

    if (pread(fd, text, sizeof(text), HOLDER_LIMIT_BYTES) != NOTE_BYTES ||
        !str_to_i64((struct str){text, NOTE_BYTES}, &rows) || rows < 0)
        return 0;
    return rows;
}

static bool enter(int fd, const char *path, const char *command, int64_t now_ms, struct error *err)
{
    if (!set(fd, F_OFD_SETLKW, F_WRLCK, DOOR_BYTE))
        return failed(err, "wait for");
    bool ok = set(fd, F_OFD_SETLK, F_WRLCK, RUN_BYTE);
    if (ok)
        ok = sign(fd, command, now_ms, err);
    else if (errno == EAGAIN || errno == EACCES)
        held(fd, path, err);
    else
        failed(err, "take");
    return set(fd, F_OFD_SETLK, F_UNLCK, DOOR_BYTE) ? ok : failed(err, "leave");
}

bool lock_take(const char *path, const char *command, int64_t now_ms, int *out, int64_t *noted,
               struct error *err)
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
    if (!enter(fd, path, command, now_ms, err))
        goto failed;
    *noted = read_note(fd);
    *out = fd;
    return true;
failed:
    if (fd >= 0)
        close(fd);
    return false;
}

void lock_leave(int fd)
{
    if (fd >= 0)
        close(fd);
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
