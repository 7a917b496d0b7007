#include "tests/unit/steps/mysql/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A place of its own for each test: cache, and where fixtures put themselves. */
static int set_places(void **state)
{
    char *base = NULL;
    struct error err = {0};

    assert_ok(file_temp_dir("lab-cache", &base, &err));
    assert_int_equal(setenv("XDG_CACHE_HOME", base, 1), 0);
    *state = base;
    return 0;
}

static int remove_places(void **state)
{
    struct error err = {0};

    assert_ok(file_remove_tree(*state, &err));
    mem_free(*state);
    return 0;
}

/* Entries of the cache whose names end so. */
static int count_entries(const char *base, const char *end)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/lab", base);
    DIR *dir = opendir(path);
    const struct dirent *e;
    int count = 0;

    if (!dir)
        return 0;
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' && str_ends(str_of(e->d_name), str_of(end)))
            count++;
    closedir(dir);
    return count;
}

static bool answers(const struct fixture *f, struct error *err)
{
    const struct mysql_target target = fixture_target(f, "admin", &f->password);
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;

    return mysql_open(&target, &s, err) && mysql_run(s, STR("USE mylab"), NULL, err);
}

static void start_and_ask(void)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    struct error err = {0};

    assert_ok(fixture_prepare(&f, &err));
    assert_ok(fixture_start(&f, &err));
    assert_ok(answers(&f, &err));
}

static void need_mariadbd(void)
{
    if (!fixture_possible())
        skip();
}

static void test_start(void **state)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    CLEANUP(mem_freep) char *init = NULL;
    CLEANUP(mem_freep) char *data = NULL;
    struct error err = {0};
    struct stat st;
    pid_t pid;

    (void)state;
    need_mariadbd();
    assert_ok(fixture_prepare(&f, &err));
    assert_true(mysql_server_address_free(f.address, f.port));
    assert_ok(fixture_start(&f, &err));
    assert_false(mysql_server_address_free(f.address, f.port));
    assert_ok(answers(&f, &err));

    /* The password was in this file. */
    init = mem_printf("%s/init.sql", f.dir);
    assert_int_equal(stat(init, &st), -1);
    data = mem_printf("%s/data", f.dir);
    assert_int_equal(stat(data, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);

    pid = mysql_server_pid(f.server);
    assert_true(pid > 0);
    mysql_server_stop(f.server);
    f.server = NULL;
    assert_int_equal(kill(pid, 0), -1); /* gone and reaped */
    assert_true(mysql_server_address_free(f.address, f.port));
    mysql_server_stop(NULL);
}

/* Who may log in: the administrator, over TLS or not, and nobody else. */
static void test_accounts(void **state)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    struct error err = {0};

    (void)state;
    need_mariadbd();
    assert_ok(fixture_prepare(&f, &err));
    assert_ok(fixture_start(&f, &err));
    s = fixture_admin(&f);
    assert_ok(mysql_run(
        s, STR("SELECT User FROM mysql.global_priv WHERE JSON_VALUE(Priv, '$.account_locked') IS NULL"),
        &rows, &err));
    assert_int_equal(rows.count, 1);
    assert_true(str_is(rows.cells[0], "admin"));
    mysql_rows_release(&rows);
    /* Aurora 2 and 3 allow plain text unless told otherwise; statements with
     * passwords go into no log. */
    assert_ok(mysql_run(s,
                        STR("SELECT @@require_secure_transport, @@general_log, @@slow_query_log, @@log_bin"),
                        &rows, &err));
    for (size_t i = 0; i < rows.columns; i++)
        assert_true(str_is(rows.cells[i], "0"));
}

/* --data: what was made stays, and the new run's password is the one that counts. */
static void test_kept_data(void **state)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    struct error err = {0};

    (void)state;
    need_mariadbd();
    assert_ok(fixture_prepare(&f, &err));
    assert_ok(fixture_start(&f, &err));
    {
        CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(&f);

        assert_ok(mysql_run(s, STR("CREATE TABLE mylab.t AS SELECT 42 AS n"), NULL, &err));
    }
    mysql_server_stop(f.server);
    f.server = NULL;
    secret_set(&f.password, STR("another'one\\\n"));
    assert_ok(fixture_start(&f, &err));
    {
        CLEANUP(mysql_endp) struct mysql_session *s = fixture_admin(&f);
        CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};

        assert_ok(mysql_run(s, STR("SELECT n FROM mylab.t"), &rows, &err));
        assert_true(rows.count == 1 && str_is(rows.cells[0], "42"));
    }
}

static void test_refusals(void **state)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    CLEANUP(fixture_release) struct fixture second = {0};
    struct error err = {0};

    (void)state;
    need_mariadbd();
    assert_ok(fixture_prepare(&f, &err));
    assert_ok(fixture_prepare(&second, &err));
    assert_ok(fixture_start(&f, &err));
    (void)memcpy(second.address, f.address, sizeof second.address);
    assert_false(fixture_start(&second, &err)); /* address taken: its own log says so */
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.message, "in use"));
    assert_null(second.server);
    assert_int_equal(unlink(second.key), 0);
    assert_false(fixture_start(&second, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    assert_non_null(strstr(err.message, "key.pem"));

    assert_false(mysql_server_address_free("not-an-address", 3306));
    assert_false(mysql_server_address_free("127.0.0.1", 65536));
}

/* --- the template --- */

/* Runs fn in a child that is this test but for what it does; its status. */
static pid_t in_child(void (*fn)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        fn();
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

static int status_of(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void child_starts(void)
{
    CLEANUP(fixture_release) struct fixture f = {0};
    struct error err = {0};

    if (!fixture_prepare(&f, &err) || !fixture_start(&f, &err) || !answers(&f, &err)) {
        print_error("%s\n", err.message);
        _exit(1);
    }
}

static void test_two_at_once_on_an_empty_cache(void **state)
{
    pid_t one, two;

    need_mariadbd();
    one = in_child(child_starts);
    two = in_child(child_starts);
    assert_int_equal(status_of(one), 0);
    assert_int_equal(status_of(two), 0);
    assert_int_equal(count_entries(*state, ".lock"), 1);
    assert_int_equal(count_entries(*state, ".new"), 0);
    assert_int_equal(count_entries(*state, ""), 2); /* the template and its lock */
}

/* The cache's one template, to be freed. */
static char *template_path(const char *base)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/lab", base);
    DIR *dir = opendir(path);
    const struct dirent *e;
    char *found = NULL;

    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL)
        if (!found && e->d_name[0] != '.' && !str_ends(str_of(e->d_name), STR(".lock")))
            found = mem_printf("%s/%s", path, e->d_name);
    closedir(dir);
    assert_non_null(found);
    return found;
}

/* Half a template is as good as none. */
static void test_damaged_template(void **state)
{
    CLEANUP(mem_freep) char *template = NULL;
    CLEANUP(mem_freep) char *file = NULL;
    struct stat st;

    need_mariadbd();
    start_and_ask();
    template = template_path(*state);
    file = mem_printf("%s/data/ibdata1", template);
    assert_int_equal(truncate(file, 4096), 0);
    start_and_ask();
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_size > 4096); /* built anew */
}

/* A cache that others may write to is not used, and not touched. */
static void test_foreign_cache(void **state)
{
    CLEANUP(mem_freep) char *cache = mem_printf("%s/lab", (const char *)*state);

    need_mariadbd();
    assert_int_equal(mkdir(cache, 0700), 0);
    assert_int_equal(chmod(cache, 0777), 0);
    start_and_ask();
    assert_int_equal(count_entries(*state, ""), 0);
}

static void test_no_cache_at_all(void **state)
{
    CLEANUP(mem_freep) char *home = mem_dup(getenv("HOME"));

    need_mariadbd();
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    start_and_ask();
    if (home)
        setenv("HOME", home, 1);
    (void)state;
}

/* --- who it belongs to --- */

static int pid_pipe[2];

static void child_leaves_server(void)
{
    struct fixture f = {0};
    struct error err = {0};
    int pid;

    if (!fixture_prepare(&f, &err) || !fixture_start(&f, &err))
        _exit(1);
    pid = mysql_server_pid(f.server);
    if (write(pid_pipe[1], &pid, sizeof pid) != (ssize_t)sizeof pid)
        _exit(1);
    /* Waits to be killed, as a session that crashes would be. */
    for (;;)
        pause();
}

static void test_dies_with_parent(void **state)
{
    struct pollfd fds = {.fd = -1, .events = POLLIN};
    pid_t child;
    int pid = 0;

    need_mariadbd();
    /* The orphan comes to us: not every init of a container reaps. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(setenv("TMPDIR", *state, 1), 0); /* nobody is left to tidy up */
    assert_int_equal(pipe2(pid_pipe, O_CLOEXEC), 0);
    child = in_child(child_leaves_server);
    close(pid_pipe[1]);
    assert_int_equal(read(pid_pipe[0], &pid, sizeof pid), (int)sizeof pid);
    close(pid_pipe[0]);
    fds.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_true(fds.fd >= 0);
    assert_int_equal(poll(&fds, 1, 0), 0); /* alive */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_true(WIFSIGNALED(status_of(child)));
    assert_int_equal(poll(&fds, 1, 10000), 1);
    assert_true(WIFSIGNALED(status_of(pid)));
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    close(fds.fd);
    unsetenv("TMPDIR");
}

static void child_as_nobody(void)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
        _exit(2);
    child_starts();
}

/* mariadbd treats root and others differently; both have to work. */
static void test_as_ordinary_user(void **state)
{
    need_mariadbd();
    if (geteuid() != 0)
        skip(); /* every other test has run as one already */
    assert_int_equal(chown(*state, 65534, 65534), 0);
    assert_int_equal(setenv("TMPDIR", *state, 1), 0);
    assert_int_equal(status_of(in_child(child_as_nobody)), 0);
    unsetenv("TMPDIR");
}

/* A Unix socket's path would have to stay under 108 bytes. */
static void test_long_path(void **state)
{
    CLEANUP(mem_freep) char *deep = mem_printf("%s/%0150d", (const char *)*state, 0);

    need_mariadbd();
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_int_equal(setenv("TMPDIR", deep, 1), 0);
    start_and_ask();
    unsetenv("TMPDIR");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_places, remove_places)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start),
        TEST(test_accounts),
        TEST(test_kept_data),
        TEST(test_refusals),
        TEST(test_two_at_once_on_an_empty_cache),
        TEST(test_damaged_template),
        TEST(test_foreign_cache),
        TEST(test_no_cache_at_all),
        TEST(test_dies_with_parent),
        TEST(test_as_ordinary_user),
        TEST(test_long_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
