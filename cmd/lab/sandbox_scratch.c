#include "cmd/lab/sandbox_scratch.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "lock"

/* Between making the file and locking it another sandbox must not take the
 * directory for left behind. */
enum { YOUNG_S = 10 };

/* The lock goes with its holder, however that ends. */
static bool left_behind(const char *directory)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s/" LOCK_NAME, directory);
    struct stat st;
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool left = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                time(NULL) - st.st_mtime >= YOUNG_S && flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return left;
}

static bool is_own_directory(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static void remove_left(const char *base, const char *prefix)
{
    DIR *list = opendir(base);
    const struct dirent *entry;
    struct error ignored;

    while (list && (entry = readdir(list))) {
        struct str name = str_of(entry->d_name);
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s", base, entry->d_name);

        if (str_starts(name, str_of(prefix)) && name.len > strlen(prefix) &&
            name.data[strlen(prefix)] == '.' && is_own_directory(path) && left_behind(path))
            (void)!file_remove_tree(path, &ignored);
    }
    if (list)
        closedir(list);
}

/* The descriptor stays open on purpose: the lock says that we live. */
static bool hold(const char *directory, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s/" LOCK_NAME, directory);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    return (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) || error_os(err, "lock %s", name);
}

bool sandbox_scratch_make(const char *prefix, char **path, struct error *err)
{
    const char *base = getenv("TMPDIR");

    /* As file_temp_dir chooses it. */
    remove_left(base && base[0] == '/' ? base : "/tmp", prefix);
    return file_temp_dir(prefix, path, err) && hold(*path, err);
}
