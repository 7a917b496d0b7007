#include "aws/common/db.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *dir;
static char *path;

static int setup(void **state)
{
    struct error err;

    (void)state;
    if (!file_temp_dir("lab-db-test", &dir, &err))
        return -1;
    path = mem_printf("%s/state.db", dir);
    return 0;
}

static int teardown(void **state)
{
    struct error err;
    bool ok = file_remove_tree(dir, &err);

    (void)state;
    mem_freep(&dir);
    mem_freep(&path);
    return ok ? 0 : -1;
}

static struct db *opened(void)
{
    struct db *db;
    struct error err;

    if (!db_open(path, false, &db, &err))
        fail_msg("%s", err.message);
    return db;
}

static void assert_answer(struct db *db, const char *sql, const char *want)
{
    struct db_rows *rows;
    struct error err;
    bool row;

    if (!db_query(db, sql, NULL, 0, &rows, &err))
        fail_msg("%s", err.message);
    assert_true(db_next(rows, &row, &err));
    assert_true(row);
    assert_true(str_is(db_text(rows, 0), want));
    db_done(rows);
}

static void opened_as_promised(void **state)
{
    CLEANUP(db_closep) struct db *db = opened();
    struct error err;
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_answer(db, "PRAGMA journal_mode", "wal");
    assert_answer(db, "PRAGMA synchronous", "2");
    assert_answer(db, "PRAGMA foreign_keys", "1");
    assert_answer(db, "PRAGMA trusted_schema", "0");
    assert_answer(db, "PRAGMA busy_timeout", "5000");
    assert_false(db_script(db, "ATTACH ':memory:' AS other", &err));
    assert_true(db_check(db, &err));
}

static void values_come_back(void **state)
{
    CLEANUP(db_closep) struct db *db = opened();
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    const struct db_value args[] = {DB_INT(INT64_MIN), DB_TEXT(STR("x'; DROP TABLE t; --")),
                                    DB_TEXT(STR(""))};
    const struct db_value with_null[] = {DB_INT(1), {0}, {0}};
    struct error err;
    bool row;

    (void)state;
    assert_true(
        db_script(db, "CREATE TABLE t(a INTEGER, b TEXT, c TEXT) STRICT; CREATE INDEX i ON t(a)", &err));
    assert_true(db_run(db, "INSERT INTO t VALUES(?,?,?)", args, 3, &err));
    assert_true(db_run(db, "INSERT INTO t VALUES(?,?,?)", with_null, 3, &err));
    assert_true(db_query(db, "SELECT a,b,c FROM t WHERE a < ? ORDER BY a",
                         (const struct db_value[]){DB_INT(9)}, 1, &rows, &err));
    assert_true(db_next(rows, &row, &err));
    assert_true(row);
    assert_true(db_int(rows, 0) == INT64_MIN);
    assert_true(str_is(db_text(rows, 1), "x'; DROP TABLE t; --"));
    assert_non_null(db_text(rows, 2).data); /* empty is not NULL */
    assert_true(db_next(rows, &row, &err));
    assert_true(row);
    assert_null(db_text(rows, 1).data);
    assert_true(db_next(rows, &row, &err));
    assert_false(row);
}

static void failures_are_told(void **state)
{
    CLEANUP(db_closep) struct db *db = opened();
    const struct db_value one[] = {DB_INT(1)};
    struct error err;

    (void)state;
    assert_false(db_run(db, "INSERT INTO nope VALUES(?)", one, 1, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_string_equal(err.message, "prepare: no such table: nope");
    assert_true(db_script(db, "CREATE TABLE t(a INTEGER PRIMARY KEY) STRICT", &err));
    assert_true(db_run(db, "INSERT INTO t VALUES(?)", one, 1, &err));
    assert_false(db_run(db, "INSERT INTO t VALUES(?)", one, 1, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_string_equal(err.message, "read: UNIQUE constraint failed: t.a");
    assert_false(db_run(db, "INSERT INTO t VALUES(?)", NULL, 0, &err));
    assert_int_equal(err.code, ERR_BUG);
    assert_false(db_run(db, "SELECT 1; SELECT 2", NULL, 0, &err));
    assert_int_equal(err.code, ERR_BUG);
    assert_false(db_run(db, "", NULL, 0, &err));
}

static void reading_only(void **state)
{
    struct db *db;
    struct error err;

    (void)state;
    assert_false(db_open(path, true, &db, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(err.os_errno, ENOENT);
    assert_null(db);
    assert_int_equal(access(path, F_OK), -1); /* asking makes no file */
    db = opened();
    assert_true(db_script(db, "CREATE TABLE t(a INTEGER) STRICT", &err));
    db_close(db);
    assert_true(db_open(path, true, &db, &err));
    assert_answer(db, "SELECT count(*) FROM t", "0");
    assert_false(db_script(db, "INSERT INTO t VALUES(1)", &err));
    db_close(db);
    db_close(NULL);
}

static void untrusted_files_are_refused(void **state)
{
    CLEANUP(mem_freep) char *link_path = mem_printf("%s/link.db", dir);
    struct db *db = opened();
    struct error err;

    (void)state;
    db_close(db);
    assert_int_equal(symlink("state.db", link_path), 0);
    assert_false(db_open(link_path, false, &db, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(db_open(path, false, &db, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_non_null(strstr(err.message, "open to others (mode 640, wanted 600)"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_false(db_open(dir, false, &db, &err));
    assert_int_equal(err.code, ERR_STORE);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_false(db_open(path, false, &db, &err));
        assert_non_null(strstr(err.message, "belongs to another user"));
    }
}

static void damage_is_seen(void **state)
{
    static char junk[4096];
    struct db *db = opened();
    struct error err;
    bool ok;
    int fd;

    (void)state;
    assert_true(db_script(db, "CREATE TABLE t(a TEXT) STRICT; INSERT INTO t VALUES('x')", &err));
    db_close(db);
    memset(junk, 0x5a, sizeof(junk));
    /* The second page: the first row of the first table. */
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), (int)sizeof(junk));
    close(fd);
    ok = db_open(path, false, &db, &err);
    if (ok) {
        assert_false(db_check(db, &err));
        db_close(db);
    }
    assert_int_equal(err.code, ERR_STORE);
    /* No database at all. */
    assert_true(file_replace(path, (struct str){junk, sizeof(junk)}, &err));
    assert_false(db_open(path, false, &db, &err));
    assert_int_equal(err.code, ERR_STORE);
}

static void a_linked_parent_is_fine(void **state)
{
    CLEANUP(mem_freep) char *link_dir = mem_printf("%s/linked", dir);
    CLEANUP(mem_freep) char *through = mem_printf("%s/linked/state.db", dir);
    struct db *db;
    struct error err;

    (void)state;
    assert_int_equal(symlink(".", link_dir), 0);
    assert_true(db_open(through, false, &db, &err));
    db_close(db);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opened_as_promised, setup, teardown),
        cmocka_unit_test_setup_teardown(values_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_only, setup, teardown),
        cmocka_unit_test_setup_teardown(untrusted_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_linked_parent_is_fine, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
