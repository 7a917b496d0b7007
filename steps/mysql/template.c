#include "steps/mysql/template.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SQL_LIMIT (4u << 20)
#define BOOTSTRAP_TIMEOUT_MS 60000
#define TREE_DEPTH 4
/* Goes into the template's name: another number when the recipe changes. */
#define RECIPE 1

/* Where packages put the SQL of the system tables, and how they call it. */
static const struct sql_files {
    const char *tables, *data;
} sql_files[] = {
    {"/usr/share/mysql/mysql_system_tables.sql", "/usr/share/mysql/mysql_system_tables_data.sql"},
    {"/usr/share/mariadb/mariadb_system_tables.sql", "/usr/share/mariadb/mariadb_system_tables_data.sql"},
    {"/usr/share/mariadb/mysql_system_tables.sql", "/usr/share/mariadb/mysql_system_tables_data.sql"},
};

/* What a copied tree amounts to: a template that lost a piece is seen. */
struct tree_size {
    unsigned long files;
    unsigned long long bytes;
};

static void close_fd(int *fd)
{
    int before = errno; /* what failed is still to be told */

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = before;
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static bool read_sql(struct buf *sql, struct error *err)
{
    CLEANUP(buf_release) struct buf part = {0};

    for (size_t i = 0; i < ARRAY_LEN(sql_files); i++) {
        if (access(sql_files[i].tables, R_OK) != 0)
            continue;
        /* The reader of --bootstrap wants one statement to end each line. */
        buf_adds(sql, "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n");
        if (!file_read(sql_files[i].tables, SQL_LIMIT, &part, err))
            return false;
        buf_add(sql, buf_str(&part));
        buf_release(&part);
        if (!file_read(sql_files[i].data, SQL_LIMIT, &part, err))
            return false;
        buf_add(sql, buf_str(&part));
        /* The package's root accounts have no password. The locked account
         * that its views run as has to stay. */
        buf_adds(sql, "\nDELETE FROM global_priv WHERE User<>'mariadb.sys';\nDELETE FROM proxies_priv;\n");
        return true;
    }
    return error_set(err, ERR_NO_INPUT,
                     "the SQL files of MariaDB's system tables are missing: "
                     "install the package mariadb-server");
}

static bool bootstrap(const char *mariadbd, const char *data, struct error *err)
{
    CLEANUP(buf_release) struct buf sql = {0};
    CLEANUP(buf_release) struct buf out = {.limit_bytes = 65536};
    CLEANUP(buf_release) struct buf log = {.limit_bytes = 65536};
    CLEANUP(mem_freep) char *datadir = mem_printf("--datadir=%s", data);
    CLEANUP(mem_freep) char *tmpdir = mem_printf("--tmpdir=%s", data);
    const char *const argv[] = {mariadbd, "--no-defaults", "--bootstrap", datadir, tmpdir,
                                "--skip-networking", MYSQL_LAYOUT_FLAGS,
                                /* Refused to root unless asked for; last, so that it can be left out. */
                                geteuid() == 0 ? "--user=root" : NULL, NULL};
    const struct process_options options = {
        .argv = argv, .directory = data, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .new_group = true};
    int status = 0;

    if (!read_sql(&sql, err))
        return false;
    if (mkdir(data, 0700) != 0)
        return error_os(err, "make %s", data);
    if (!process_run(&options, buf_str(&sql), BOOTSTRAP_TIMEOUT_MS, &out, &log, &status, err))
        return error_wrap(err, "mariadbd --bootstrap");
    if (status != 0) {
        struct str all = buf_str(&log);
        struct str tail = str_slice(all, all.len > 600 ? all.len - 600 : 0, 600);

        return error_set(
            err, ERR_IO, "mariadbd --bootstrap failed (%s %d): %.*s", WIFSIGNALED(status) ? "signal" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), STR_ARG(str_trim(tail)));
    }
    return true;
}

static bool copy_bytes(int from, int to, unsigned long long *bytes)
{
    char chunk[65536];
    ssize_t n;

    /* In the kernel where it can; elsewhere by hand from where it stopped. */
    while ((n = copy_file_range(from, NULL, to, NULL, 1u << 30, 0)) > 0)
        *bytes += (unsigned long long)n;
    if (n == 0)
        return true;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
        return false;
    while ((n = read(from, chunk, sizeof chunk)) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t wrote = write(to, chunk + done, (size_t)(n - done));

            if (wrote < 0)
                return false;
            done += wrote;
        }
        *bytes += (unsigned long long)n;
    }
    return n == 0;
}

static bool copy_file(int from_dir, int to_dir, const char *name, struct tree_size *size, struct error *err)
{
    CLEANUP(close_fd) int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(close_fd) int to = -1;
    unsigned long long bytes = 0;
    struct stat st;

    if (from < 0 || fstat(from, &st) != 0)
        return error_os(err, "open %s", name);
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0 || !copy_bytes(from, to, &bytes))
        return error_os(err, "copy %s", name);
    /* Some file systems end copy_file_range() early and without an error. */
    if (bytes != (unsigned long long)st.st_size)
        return error_set(err, ERR_IO, "copy %s: %llu bytes of %lld", name, bytes, (long long)st.st_size);
    size->bytes += bytes;
    size->files++;
    return true;
}

static bool copy_tree(int from, int to, int depth, struct tree_size *size, struct error *err);

static int open_dir_at(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool copy_dir(int from_dir, int to_dir, const char *from_name, const char *to_name, int depth,
                     struct tree_size *size, struct error *err)
{
    CLEANUP(close_fd) int from = open_dir_at(from_dir, from_name);
    CLEANUP(close_fd) int to = mkdirat(to_dir, to_name, 0700) == 0 ? open_dir_at(to_dir, to_name) : -1;

    if (from < 0 || to < 0)
        return error_os(err, "copy directory %s", from_name);
    return copy_tree(from, to, depth - 1, size, err) || error_wrap(err, "%s", from_name);
}

static bool copy_entry(int from, int to, const char *name, int depth, struct tree_size *size,
                       struct error *err)
{
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return error_os(err, "look at %s", name);
    if (S_ISDIR(st.st_mode))
        return copy_dir(from, to, name, name, depth, size, err);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_IO, "%s in the template is no plain file", name);
    return copy_file(from, to, name, size, err);
}

static bool copy_tree(int from, int to, int depth, struct tree_size *size, struct error *err)
{
    CLEANUP(close_dir) DIR *dir = NULL;
    const struct dirent *e;
    int list_fd;

    if (depth == 0)
        return error_set(err, ERR_LIMIT, "the template is nested too deeply");
    list_fd = open_dir_at(from, "."); /* closedir() takes its descriptor along */
    dir = list_fd >= 0 ? fdopendir(list_fd) : NULL;
    if (!dir) {
        close_fd(&list_fd);
        return error_os(err, "list a directory of the template");
    }
    for (errno = 0; (e = readdir(dir)) != NULL; errno = 0)
        if (!copy_entry(from, to, e->d_name, depth, size, err))
            return false;
    return errno == 0 || error_os(err, "list a directory of the template");
}

static bool copy_into(const char *from, const char *to, struct tree_size *size, struct error *err)
{
    return copy_dir(AT_FDCWD, AT_FDCWD, from, to, TREE_DEPTH + 1, size, err);
}

/* "files N bytes M" beside the template's data. */
static char *size_line(const struct tree_size *size)
{
    return mem_printf("files %lu bytes %llu\n", size->files, size->bytes);
}

static char *size_file(const char *template)
{
    return mem_printf("%s/size", template);
}

/* The copy a template was made from may be older than the crash that ate half
 * of it: what was copied has to be what was built. */
static bool copy_checked(const char *template, const char *data, struct error *err)
{
    CLEANUP(mem_freep) char *from = mem_printf("%s/data", template);
    CLEANUP(mem_freep) char *path = size_file(template);
    CLEANUP(mem_freep) char *got = NULL;
    CLEANUP(buf_release) struct buf want = {0};
    struct tree_size size = {0};

    if (!file_read(path, 256, &want, err) || !copy_into(from, data, &size, err))
        return false;
    got = size_line(&size);
    if (strcmp(got, buf_text(&want)) != 0)
        return error_set(err, ERR_IO, "the template %s is damaged", template);
    return true;
}

/* Builds NAME.new, measures it by copying it to `data`, then renames: a
 * template is whole or not there. Called under the lock. */
static bool build_and_copy(const char *mariadbd, const char *template, const char *data, struct error *err)
{
    CLEANUP(mem_freep) char *fresh = mem_printf("%s.new", template);
    CLEANUP(mem_freep) char *fresh_data = mem_printf("%s/data", fresh);
    CLEANUP(mem_freep) char *path = size_file(fresh);
    CLEANUP(mem_freep) char *line = NULL;
    CLEANUP(close_fd) int fd = -1;
    struct tree_size size = {0};

    if (!file_remove_tree(fresh, err) || !file_remove_tree(template, err))
        return false;
    if (mkdir(fresh, 0700) != 0)
        return error_os(err, "make %s", fresh);
    if (!bootstrap(mariadbd, fresh_data, err) || !copy_into(fresh_data, data, &size, err))
        return false;
    line = size_line(&size);
    if (!file_replace(path, str_of(line), err))
        return false;
    fd = open(fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* The server skips every fsync; the template has to outlive a power cut. */
    if (fd < 0 || syncfs(fd) != 0 || rename(fresh, template) != 0)
        return error_os(err, "put the template in place as %s", template);
    return true;
}

/* Absolute path of our cache, or NULL when the environment names none. */
static char *cache_path(void)
{
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (xdg && xdg[0] == '/')
        return mem_printf("%s/lab", xdg);
    return home && home[0] == '/' ? mem_printf("%s/.cache/lab", home) : NULL;
}

/* Waits for the lock; -1 with errno. */
static int open_locked(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0 && flock(fd, LOCK_EX) != 0)
        close_fd(&fd);
    return fd;
}

static bool build_locked(const char *mariadbd, const char *template, const char *data, struct error *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s.lock", template);
    CLEANUP(close_fd) int lock = open_locked(path);

    if (lock < 0)
        return error_os(err, "lock %s", path);
    /* Another may have built it while we waited for the lock. */
    return (file_remove_tree(data, err) && copy_checked(template, data, err)) ||
           (file_remove_tree(data, err) && build_and_copy(mariadbd, template, data, err));
}

static bool from_cache(const char *mariadbd, const char *data, struct error *err)
{
    CLEANUP(mem_freep) char *cache = cache_path();
    CLEANUP(mem_freep) char *template = NULL;
    struct stat st;

    if (!cache)
        return error_set(err, ERR_IO, "no cache directory");
    if (!file_make_dir(cache, err))
        return false;
    /* A package gives each build its own size and date; asking the program
     * for its version would cost more than copying the template. */
    if (stat(mariadbd, &st) != 0)
        return error_os(err, "look at %s", mariadbd);
    template = mem_printf("%s/mariadb-%d-%llx-%llx", cache, RECIPE, (unsigned long long)st.st_size,
                          (unsigned long long)st.st_mtim.tv_sec);
    return copy_checked(template, data, err) || build_locked(mariadbd, template, data, err);
}

bool mysql_template_make(const char *mariadbd, const char *data, struct error *err)
{
    struct error reason = {0};

    if (from_cache(mariadbd, data, &reason))
        return true;
    /* A cache is a comfort: without one that is ours, build in place. */
    log_debug("no template from the cache: %s", reason.message);
    return file_remove_tree(data, err) && bootstrap(mariadbd, data, err);
}
