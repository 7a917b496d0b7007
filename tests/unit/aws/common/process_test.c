/* The children here are a shell with a script in its argument: what is tested
 * is how they are started and ended, and a shell can show all of it. */
#include "aws/common/process.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const env[] = {"PATH=/usr/bin:/bin", "X=42", NULL};

struct outcome {
    struct buf out, errors;
    struct error err;
    int status;
    bool ok;
};

static void outcome_release(struct outcome *o)
{
    buf_release(&o->out);
    buf_release(&o->errors);
}

static struct process_options shell(const char *const argv[4])
{
    return (struct process_options){
        .argv = argv, .env = env, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
}

static struct outcome run(const char *script, struct str input, int timeout_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct process_options options = shell(argv);
    struct outcome o = {.out.limit_bytes = 4u << 20, .errors.limit_bytes = 4096};

    o.ok = process_run(&options, input, timeout_ms, &o.out, &o.errors, &o.status, &o.err);
    return o;
}

static void input_output_and_status(void **state)
{
    CLEANUP(outcome_release) struct outcome o = run("cat; echo $X >&2; exit 3", STR("hello"), 10000);

    (void)state;
    assert_true(o.ok);
    assert_string_equal(buf_text(&o.out), "hello");
    assert_string_equal(buf_text(&o.errors), "42\n");
    assert_true(WIFEXITED(o.status));
    assert_int_equal(WEXITSTATUS(o.status), 3);
}

static void the_environment_is_what_was_given(void **state)
{
    CLEANUP(outcome_release) struct outcome o = {0};

    (void)state;
    assert_int_equal(setenv("LAB_TEST_LEAK", "1", 1), 0);
    o = run("/usr/bin/env", (struct str){NULL, 0}, 10000);
    assert_true(o.ok);
    assert_false(str_contains(buf_str(&o.out), STR("LAB_TEST_LEAK")));
    assert_true(str_contains(buf_str(&o.out), STR("X=42\n")));
}

/* More than a pipe holds, both ways at once. */
static void much_goes_through(void **state)
{
    CLEANUP(outcome_release) struct outcome o = {0};
    CLEANUP(buf_release) struct buf input = {0};

    (void)state;
    while (input.len < 1000000)
        buf_adds(&input, "0123456789");
    o = run("cat", buf_str(&input), 20000);
    assert_true(o.ok);
    assert_true(str_equal(buf_str(&o.out), buf_str(&input)));
}

static void unread_input_is_no_failure(void **state)
{
    CLEANUP(outcome_release) struct outcome o = {0};
    CLEANUP(buf_release) struct buf input = {0};

    (void)state;
    while (input.len < 1000000)
        buf_adds(&input, "0123456789");
    o = run("exec <&-; echo done", buf_str(&input), 20000);
    assert_true(o.ok);
    assert_string_equal(buf_text(&o.out), "done\n");
}

static void the_deadline_ends_the_group(void **state)
{
    int64_t before = clock_monotonic_ms(&clock_system);
    CLEANUP(outcome_release)
    struct outcome o = run("echo $$; tail -f /dev/null & tail -f /dev/null", STR(""), 200);
    int64_t pid = 0;

    (void)state;
    assert_false(o.ok);
    assert_int_equal(o.err.code, ERR_TRY_AGAIN);
    assert_true(clock_monotonic_ms(&clock_system) - before < 10000);
    assert_true(str_to_i64(str_trim(buf_str(&o.out)), &pid));
    /* Killed children of a dead parent are reaped by init, soon. */
    for (int i = 0; i < 500 && kill((pid_t)-pid, 0) == 0; i++)
        (void)clock_wait(10, -1);
    assert_int_equal(kill((pid_t)-pid, 0), -1);
}

static void a_readable_descriptor_cancels(void **state)
{
    const char *const argv[] = {"tail", "-f", "/dev/null", NULL};
    int cancel = eventfd(1, EFD_CLOEXEC);

    (void)state;
    for (int place = 0; place < 2; place++) {
        struct process_options options = shell(argv);
        CLEANUP(outcome_release) struct outcome o = {0};

        options.cancel_fds[place] = cancel;
        assert_false(process_run(&options, STR(""), 60000, &o.out, &o.errors, &o.status, &o.err));
        assert_int_equal(o.err.code, ERR_INTERRUPTED);
    }
    close(cancel);
}

static void what_is_left_behind_does_not_hold_us(void **state)
{
    CLEANUP(outcome_release) struct outcome o = run("tail -f /dev/null & echo ok", STR(""), 20000);

    (void)state;
    assert_true(o.ok);
    assert_string_equal(buf_text(&o.out), "ok\n");
}

static void endless_output_meets_limit_and_deadline(void **state)
{
    CLEANUP(outcome_release)
    struct outcome o = run("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaa >&2; done", STR(""), 300);

    (void)state;
    assert_false(o.ok);
    assert_true(o.errors.overflow);
    assert_true(o.errors.len <= 4096);
}

static void what_cannot_start_says_why(void **state)
{
    const char *const absent[] = {"no-such-program", NULL, NULL, NULL};
    const char *const argv[] = {"sh", "-c", ":", NULL};
    struct process_options options = shell(absent);
    struct process p;
    struct error err;

    (void)state;
    assert_false(process_start(&options, &p, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    assert_int_equal(p.pid, 0);
    options = shell(argv);
    options.directory = "/nonexistent";
    assert_false(process_start(&options, &p, &err));
    assert_int_equal(err.os_errno, ENOENT);
    assert_int_equal(p.pid, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing left to reap */
    assert_int_equal(errno, ECHILD);
}

static void descriptors_and_signals_are_clean(void **state)
{
    int fd = open("/dev/null", O_RDONLY);
    int high = fcntl(fd, F_DUPFD, 50); /* without CLOEXEC */
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    CLEANUP(outcome_release) struct outcome o = {0};

    (void)state;
    assert_true(high >= 50);
    assert_int_equal(sigaction(SIGUSR1, &ignored, &before), 0);
    o = run("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status; grep SigBlk /proc/self/status", STR(""),
            10000);
    assert_true(o.ok);
    unsigned long long ignored_set = 0, blocked_set = 0;
    int descriptors = 0;
    assert_int_equal(
        sscanf(buf_text(&o.out), "%d SigIgn: %llx SigBlk: %llx", &descriptors, &ignored_set, &blocked_set),
        3);
    /* 0, 1, 2 and the one ls reads the directory with. */
    assert_int_equal(descriptors, 4);
    /* Signals 32 and 33 belong to the C library, which lets nobody reset them:
     * they may come in ignored from whatever started the tests. */
    assert_int_equal(ignored_set & 0x7fffffffULL, 0);
    assert_int_equal(blocked_set, 0);
    sigaction(SIGUSR1, &before, NULL);
    close(high);
    close(fd);
}

static void waiting_and_stopping(void **state)
{
    const char *const argv[] = {"sh", "-c", "trap '' TERM; echo; while :; do read x; done", NULL};
    struct process_options options = shell(argv);
    int ends[2], status = 0;
    struct process p = {0};
    struct error err;
    bool ended = true;
    char byte;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    options.stdout_fd = ends[1];
    options.new_group = true;
    assert_true(process_start(&options, &p, &err));
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1); /* the trap is set */
    assert_int_equal(getpgid(p.pid), p.pid);
    assert_true(process_wait(&p, 10, &ended, &status, &err));
    assert_false(ended);
    process_stop(&p, 20); /* TERM is ignored, KILL is not */
    assert_int_equal(p.pid, 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    process_stop(&p, 20);
    assert_false(process_wait(&p, 0, &ended, &status, &err));
}

static void waiting_for_the_end(void **state)
{
    const char *const argv[] = {"sh", "-c", "exit 7", NULL};
    struct process_options options = shell(argv);
    struct process p = {0};
    struct error err;
    bool ended = false;
    int status = 0;

    (void)state;
    assert_true(process_start(&options, &p, &err));
    assert_true(process_wait(&p, -1, &ended, &status, &err));
    assert_true(ended);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(p.pid, 0);
}

/* A parent in the middle is killed; the pipe its child holds then closes. */
static void children_die_with_their_parent(void **state)
{
    const char *const argv[] = {"sh", "-c", "echo; exec tail -f /dev/null", NULL};
    struct process_options options = shell(argv);
    int ends[2];
    char byte;
    pid_t middle;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    middle = fork();
    assert_true(middle >= 0);
    if (middle == 0) {
        struct process p;
        struct error err;

        options.stdout_fd = ends[1];
        if (!process_start(&options, &p, &err))
            _exit(1);
        close(ends[1]);
        (void)clock_wait(60000, -1);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    kill(middle, SIGKILL);
    assert_int_equal(waitpid(middle, NULL, 0), middle);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

static void programs_are_found(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_true(process_find("sh", &b));
    assert_true(str_ends(buf_str(&b), STR("/sh")));
    assert_false(process_find("no-such-program", &b));
    assert_int_equal(b.len, 0);
    assert_false(process_find("", &b));
    assert_false(process_find("/etc", &b)); /* a directory is executable too */
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_output_and_status),
        cmocka_unit_test(the_environment_is_what_was_given),
        cmocka_unit_test(much_goes_through),
        cmocka_unit_test(unread_input_is_no_failure),
        cmocka_unit_test(the_deadline_ends_the_group),
        cmocka_unit_test(a_readable_descriptor_cancels),
        cmocka_unit_test(what_is_left_behind_does_not_hold_us),
        cmocka_unit_test(endless_output_meets_limit_and_deadline),
        cmocka_unit_test(what_cannot_start_says_why),
        cmocka_unit_test(descriptors_and_signals_are_clean),
        cmocka_unit_test(waiting_and_stopping),
        cmocka_unit_test(waiting_for_the_end),
        cmocka_unit_test(children_die_with_their_parent),
        cmocka_unit_test(programs_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
