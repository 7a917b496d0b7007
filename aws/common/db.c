#include "aws/common/db.h"

#include "aws/common/buf.h"
#include "aws/common/mem.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

struct db {
    sqlite3 *handle;
};

struct db_rows {
    struct db *db;
    sqlite3_stmt *statement;
};

static bool failed(struct db *db, const char *what, struct error *err)
{
    int os_errno = sqlite3_system_errno(db->handle);

    error_set(err, ERR_STORE, "%s: %s", what, sqlite3_errmsg(db->handle));
    err->os_errno = os_errno;
    return false;
}

static bool store_os(struct error *err, const char *what, const char *path)
{
    error_os(err, "%s %s", what, path);
    err->code = ERR_STORE;
    return false;
}

/* Links on the way to the directory are resolved here, since NOFOLLOW makes
 * SQLite refuse every link, also the system's own. The file itself is none. */
static bool real_path(const char *path, char **out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(mem_freep)
    char *dir = slash ? mem_copy((struct str){path, (size_t)(slash - path) + 1}) : mem_dup(".");
    char resolved[PATH_MAX];

    if (!realpath(dir, resolved))
        return store_os(err, "open", path);
    *out = mem_printf("%s/%s", resolved, slash ? slash + 1 : path);
    return true;
}

/* Looked at by name: closing a second descriptor of a file drops the locks
 * SQLite holds on it in this process. */
static bool trusted(const char *path, struct error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return store_os(err, "open", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_STORE, "%s is not a regular file", path);
    if (st.st_uid != geteuid())
        return error_set(err, ERR_STORE, "%s belongs to another user", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(err, ERR_STORE, "%s is open to others (mode %03o, wanted 600)", path,
                         (unsigned)(st.st_mode & 0777));
    return true;
}

static bool make_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST || store_os(err, "make", path);
    close(fd);
    return true;
}

static bool configure(struct db *db, bool read_only, struct error *err)
{
    if (sqlite3_busy_timeout(db->handle, BUSY_MS) != SQLITE_OK ||
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) != SQLITE_OK)
        return failed(db, "configure", err);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    if (read_only)
        return db_script(db, "PRAGMA query_only=ON", err);
    return db_script(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", err);
}

/* In a directory that nobody may write to, such as a read-only file system,
 * SQLite cannot make the files beside the store that a log needs. Without a
 * log, and with nobody who could write one, the file alone is the store. */
static bool is_immutable(const char *path)
{
    CLEANUP(mem_freep) char *log = mem_printf("%s-wal", path);
    CLEANUP(mem_freep) char *dir = mem_copy((struct str){path, (size_t)(strrchr(path, '/') - path) + 1});
    struct stat st;

    return access(dir, W_OK) < 0 && (lstat(log, &st) < 0 ? errno == ENOENT : st.st_size == 0);
}

/* "file:PATH?immutable=1", with what means something in a URI escaped. */
static char *immutable_uri(const char *path)
{
    CLEANUP(buf_release) struct buf uri = {0};

    buf_adds(&uri, "file:");
    for (; *path; path++) {
        if (strchr("?#%", *path))
            buf_printf(&uri, "%%%02x", (unsigned)(unsigned char)*path);
        else
            buf_addc(&uri, *path);
    }
    buf_adds(&uri, "?immutable=1");
    return buf_detach(&uri);
}

bool db_open(const char *path, bool read_only, struct db **out, struct error *err)
{
    CLEANUP(mem_freep) char *real = NULL;
    CLEANUP(db_closep) struct db *db = NULL;
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    *out = NULL;
    if (!real_path(path, &real, err) || (!read_only && !make_file(real, err)) || !trusted(real, err))
        return false;
    db = mem_alloc(sizeof(*db));
    if (read_only && is_immutable(real)) {
        char *uri = immutable_uri(real);
        mem_free(real);
        real = uri;
        flags |= SQLITE_OPEN_URI;
    }
    if (sqlite3_open_v2(real, &db->handle, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        if (!db->handle)
            return error_set(err, ERR_STORE, "open %s: out of memory", path);
        return failed(db, path, err);
    }
    if (!configure(db, read_only, err))
        return error_wrap(err, "open %s", path);
    *out = db;
    db = NULL;
    return true;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    sqlite3_close_v2(db->handle);
    mem_free(db);
}

void db_closep(struct db **db)
{
    db_close(*db);
    *db = NULL;
}

static bool bind(struct db *db, sqlite3_stmt *statement, const struct db_value *args, size_t count,
                 struct error *err)
{
    if ((size_t)sqlite3_bind_parameter_count(statement) != count)
        return error_set(err, ERR_BUG, "statement wants %d values, got %zu",
                         sqlite3_bind_parameter_count(statement), count);
    for (size_t i = 0; i < count; i++) {
        int at = (int)i + 1, result;

        if (args[i].is_int)
            result = sqlite3_bind_int64(statement, at, args[i].number);
        else if (args[i].text.data)
            result = sqlite3_bind_text64(statement, at, args[i].text.data, args[i].text.len, SQLITE_TRANSIENT,
                                         SQLITE_UTF8);
        else
            result = sqlite3_bind_null(statement, at);
        if (result != SQLITE_OK)
            return failed(db, "bind", err);
    }
    return true;
}

bool db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
              struct db_rows **rows, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *made = mem_alloc(sizeof(*made));
    const char *tail = NULL;

    *rows = NULL;
    made->db = db;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &made->statement, &tail) != SQLITE_OK)
        return failed(db, "prepare", err);
    if (!made->statement || !str_empty(str_trim(str_of(tail))))
        return error_set(err, ERR_BUG, "one statement a call is wanted");
    if (!bind(db, made->statement, args, count, err))
        return false;
    *rows = made;
    made = NULL;
    return true;
}

bool db_next(struct db_rows *rows, bool *row, struct error *err)
{
    int result;

    *row = false;
    if (!rows)
        return error_set(err, ERR_BUG, "read from a statement that does not run");
    result = sqlite3_step(rows->statement);
    *row = result == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE || failed(rows->db, "read", err);
}

bool db_run(struct db *db, const char *sql, const struct db_value *args, size_t count, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row = true;

    if (!db_query(db, sql, args, count, &rows, err))
        return false;
    /* To the end: a pragma answers with a row. */
    while (row)
        if (!db_next(rows, &row, err))
            return false;
    return true;
}

bool db_script(struct db *db, const char *sql, struct error *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || failed(db, "write", err);
}

struct str db_text(struct db_rows *rows, int column)
{
    const unsigned char *text = rows ? sqlite3_column_text(rows->statement, column) : NULL;

    /* The length is asked for after the text: the other order may convert. */
    return (struct str){(const char *)text, text ? (size_t)sqlite3_column_bytes(rows->statement, column) : 0};
}

int64_t db_int(struct db_rows *rows, int column)
{
    return rows ? sqlite3_column_int64(rows->statement, column) : 0;
}

void db_done(struct db_rows *rows)
{
    if (!rows)
        return;
    sqlite3_finalize(rows->statement);
    mem_free(rows);
}

void db_donep(struct db_rows **rows)
{
    db_done(*rows);
    *rows = NULL;
}

bool db_check(struct db *db, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row;

    if (!db_query(db, "PRAGMA quick_check(1)", NULL, 0, &rows, err) || !db_next(rows, &row, err))
        return error_wrap(err, "check the store");
    if (!row || !str_is(db_text(rows, 0), "ok"))
        return error_set(err, ERR_STORE, "the store is damaged: %.*s", STR_ARG(db_text(rows, 0)));
    return true;
}
