#include "aws/common/file.h"

#include "aws/common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BYTES = 16 * 1024,
    HIGHEST_DEPTH = 128, /* of a tree that is removed */
    TEMPORARY_TRIES = 16,
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool read_all(int fd, const char *path, size_t limit_bytes, struct buf *out, struct error *err)
{
    char block[READ_BYTES];

    for (;;) {
        ssize_t got = read(fd, block, sizeof(block));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_os(err, "read %s", path);
            break;
        }
        if (got == 0) {
            mem_wipe(block, sizeof(block));
            return true;
        }
        if (out->len + (size_t)got > limit_bytes) {
            error_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, limit_bytes);
            break;
        }
        buf_add(out, (struct str){block, (size_t)got});
    }
    mem_wipe(block, sizeof(block));
    return false;
}

/* Not blocking: opening a FIFO would else wait for its writer. */
static int open_readable(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

bool file_read_private(const char *path, size_t limit_bytes, struct buf *out, bool *shared, struct error *err)
{
    CLEANUP(close_fd) int fd = open_readable(path);
    struct stat st;

    buf_reset(out);
    if (fd < 0) {
        error_os(err, "open %s", path);
        err->code = ERR_NO_INPUT;
        return false;
    }
    if (fstat(fd, &st) < 0)
        return error_os(err, "look at %s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_NO_INPUT, "%s is not a regular file", path);
    *shared = (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
    if (!read_all(fd, path, limit_bytes, out, err)) {
        buf_reset(out);
        return false;
    }
    return true;
}

bool file_read(const char *path, size_t limit_bytes, struct buf *out, struct error *err)
{
    bool shared;

    return file_read_private(path, limit_bytes, out, &shared, err);
}

/* Opens the directory a path lies in; *name is the last part of path. */
static int open_parent(const char *path, const char **name)
{
    CLEANUP(mem_freep) char *dir = NULL;
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    if (!slash)
        return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = mem_copy((struct str){path, slash == path ? 1 : (size_t)(slash - path)});
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool write_all(int fd, struct str data)
{
    while (data.len > 0) {
        ssize_t put = write(fd, data.data, data.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data = str_slice(data, (size_t)put, data.len);
    }
    return true;
}

/* A new name each try, so that neither a left-over nor a planted one is met. */
static int create_temporary(int dir, const char *name, char **temporary)
{
    int fd = -1;

    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        uint64_t salt = 0;

        if (getentropy(&salt, sizeof(salt)) < 0)
            return -1;
        *temporary = mem_printf(".%s.%016llx", name, (unsigned long long)salt);
        fd = openat(dir, *temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            break;
        mem_freep(temporary);
    }
    return fd;
}

bool file_replace(const char *path, struct str data, struct error *err)
{
    CLEANUP(mem_freep) char *temporary = NULL;
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int fd = -1;
    const char *name;

    dir = open_parent(path, &name);
    if (dir < 0)
        return error_os(err, "open the directory of %s", path);
    fd = create_temporary(dir, name, &temporary);
    if (fd < 0)
        return error_os(err, "make a temporary file beside %s", path);
    if (!write_all(fd, data) || fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0) {
        error_os(err, "replace %s", path);
        unlinkat(dir, temporary, 0);
        return false;
    }
    /* Without this the new name may be gone after a crash of the machine. */
    if (fsync(dir) < 0)
        return error_os(err, "replace %s", path);
    return true;
}

/* A link on the way may be ours or the system's; anybody else's could be
 * turned to another place between two looks. */
static bool link_trusted(int dir, const char *name, const char *path, struct error *err)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_os(err, "look at %s", path);
    if (S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(err, ERR_IO, "%s: leads over a symbolic link of another user", path);
    return true;
}

static bool dir_ours(int fd, const char *path, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_os(err, "look at %s", path);
    if (st.st_uid != geteuid())
        return error_set(err, ERR_IO, "%s belongs to another user", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return error_set(err, ERR_IO, "%s is open to writing by others", path);
    return true;
}

/* One level down from *dir, made when absent. O_PATH: whoever may pass through a
 * directory need not be allowed to list it. */
static bool enter(int *dir, const char *name, bool last, const char *path, struct error *err)
{
    int next;

    if (mkdirat(*dir, name, 0700) < 0 && errno != EEXIST)
        return error_os(err, "make directory %s", path);
    if (!last && !link_trusted(*dir, name, path, err))
        return false;
    next = openat(*dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC | (last ? O_NOFOLLOW : 0));
    if (next < 0)
        return error_os(err, "open directory %s", path);
    close(*dir);
    *dir = next;
    return true;
}

static int open_start(const char *path)
{
    return open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool file_make_dir(const char *path, struct error *err)
{
    CLEANUP(close_fd) int dir = open_start(path);
    struct str rest = str_of(path), part;

    if (str_empty(rest))
        return error_set(err, ERR_IO, "make directory: the path is empty");
    if (dir < 0)
        return error_os(err, "make directory %s", path);
    while (str_ends(rest, STR("/")))
        rest.len--;
    while (str_split(&rest, '/', &part)) {
        CLEANUP(mem_freep) char *name = mem_copy(part);

        if (part.len > 0 && !enter(&dir, name, !rest.data, path, err))
            return false;
    }
    return dir_ours(dir, path, err);
}

bool file_temp_dir(const char *prefix, char **path, struct error *err)
{
    const char *base = getenv("TMPDIR");
    char *made;

    *path = NULL;
    made = mem_printf("%s/%s.XXXXXX", base && base[0] == '/' ? base : "/tmp", prefix);
    if (!mkdtemp(made)) {
        error_os(err, "make a temporary directory %s", made);
        mem_free(made);
        return false;
    }
    *path = made;
    return true;
}

static bool remove_entries(int fd, const char *path, int depth, struct error *err);

static bool remove_entry(int dir, const char *name, const char *path, int depth, struct error *err)
{
    int fd;

    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return error_os(err, "remove %s in %s", name, path);
    if (depth == HIGHEST_DEPTH)
        return error_set(err, ERR_LIMIT, "remove %s: deeper than %d directories", path, HIGHEST_DEPTH);
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_os(err, "open %s in %s", name, path);
    if (!remove_entries(fd, path, depth + 1, err))
        return false;
    if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return error_os(err, "remove %s in %s", name, path);
    return true;
}

/* Takes fd over. */
static bool remove_entries(int fd, const char *path, int depth, struct error *err)
{
    DIR *stream = fdopendir(fd);
    struct dirent *entry;
    bool ok = true;

    if (!stream) {
        error_os(err, "list %s", path);
        close(fd);
        return false;
    }
    /* The stream is ours alone, which is all readdir() asks for. */
    /* cppcheck-suppress readdirCalled */
    while (ok && (errno = 0, entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = remove_entry(fd, entry->d_name, path, depth, err);
    if (ok && errno != 0)
        ok = error_os(err, "list %s", path);
    closedir(stream);
    return ok;
}

bool file_remove_tree(const char *path, struct error *err)
{
    CLEANUP(mem_freep) char *trimmed = NULL;
    CLEANUP(close_fd) int dir = -1;
    struct str text = str_of(path);
    const char *name;

    while (text.len > 1 && str_ends(text, STR("/")))
        text.len--;
    trimmed = mem_copy(text);
    dir = open_parent(trimmed, &name);
    if (dir < 0)
        return errno == ENOENT || error_os(err, "open the directory of %s", path);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERR_IO, "remove %s: not a name", path);
    return remove_entry(dir, name, path, 0, err);
}
