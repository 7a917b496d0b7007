/* The question for an MFA code, at a terminal of the test's own. */
#include "aws/provider/source.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define SERIAL "arn:aws:iam::123456789012:mfa/me"

/* In the child: 0 and the code as text behind "=", or the error's code. */
static NORETURN void answer(void)
{
    struct buf code = {0};
    struct error err = {0};
    int status = 0;

    if (!prompt_mfa_code(SERIAL, -1, &code, &err))
        status = (int)err.code;
    printf("=%s=", buf_text(&code));
    fflush(stdout);
    _exit(status);
}

static int exit_status(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* All that the terminal shows until `until`. */
static void read_until(int fd, const char *until, struct buf *seen)
{
    char c;

    while (!strstr(buf_text(seen), until) && read(fd, &c, 1) == 1)
        buf_addc(seen, c);
}

static void reads_the_code_without_echo(void **state)
{
    static const struct {
        const char *why, *typed, *shown;
        int status;
    } table[] = {
        {"six digits", "123456\n", "=123456=", 0},
        {"written in two parts", "123 456\n", "=123456=", 0},
        {"too few", "123\n", "=123=", ERR_CONFIG},
        {"nothing", "\n", "==", ERR_CONFIG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_release) struct buf seen = {0};
        struct termios mode;
        int terminal;
        pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

        assert_true(pid >= 0);
        if (pid == 0)
            answer();
        read_until(terminal, SERIAL ": ", &seen);
        assert_int_equal(tcgetattr(terminal, &mode), 0);
        assert_false(mode.c_lflag & ECHO);
        assert_int_equal(write(terminal, table[i].typed, strlen(table[i].typed)),
                         (ssize_t)strlen(table[i].typed));
        read_until(terminal, table[i].shown, &seen);
        if (exit_status(pid) != table[i].status)
            fail_msg("%s", table[i].why);
        assert_non_null(strstr(buf_text(&seen), table[i].shown));
        assert_int_equal(tcgetattr(terminal, &mode), 0);
        assert_true(mode.c_lflag & ECHO);
        close(terminal);
    }
}

static void asks_nobody_without_a_terminal(void **state)
{
    struct buf code = {0};
    struct error err = {0};
    pid_t pid;

    (void)state;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setsid();
        _exit(!prompt_mfa_code(SERIAL, -1, &code, &err) && err.code == ERR_CONFIG &&
                      strstr(err.message, SERIAL)
                  ? 0
                  : 1);
    }
    assert_int_equal(exit_status(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_code_without_echo),
        cmocka_unit_test(asks_nobody_without_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
