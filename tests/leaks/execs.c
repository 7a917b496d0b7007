/* Runs a command and writes down the words and the environment of every program
 * that is started in it, however briefly it lives: traced, not sampled.
 *
 *   execs DIR COMMAND…   DIR/argv and DIR/environ: a line for each start, its
 *                        words parted by NUL
 *                        DIR/deaths: "PID SIGNAL core|no-core" for each process
 *                        that a signal ended
 *
 * What `lab sandbox` gives to the command it runs is random, worthless elsewhere
 * and the one exception to SECURITY rule 7: it is left out of DIR/environ. Ends
 * with the command's status and everything that was started in it; 77 where
 * tracing is not allowed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_BYTES = 4 << 20, MAY_NOT = 77, BROKEN = 70 };

static const char whose[] = "LAB_SANDBOX=";
static const char *const excepted[] = {"AWS_SECRET_ACCESS_KEY=", "DBPASS="};

static char words[WORDS_BYTES];
static int argv_fd, environ_fd, deaths_fd;

static int fail(const char *what)
{
    perror(what);
    return BROKEN;
}

static int open_log(const char *dir, const char *name)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* All of a file of /proc/PID into words; nothing when the process is gone. */
static size_t read_words(pid_t pid, const char *name)
{
    char path[64];
    size_t len = 0;
    ssize_t got;
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    while (len < sizeof words && (got = read(fd, words + len, sizeof words - len)) > 0)
        len += (size_t)got;
    close(fd);
    return len;
}

static bool begins(const char *word, size_t len, const char *with)
{
    return len >= strlen(with) && memcmp(word, with, strlen(with)) == 0;
}

/* Where the word at `from` ends, behind its NUL. */
static size_t end_of_word(size_t from, size_t len)
{
    const char *nul = memchr(words + from, '\0', len - from);

    return nul ? (size_t)(nul - words) + 1 : len;
}

static bool holds(size_t len, const char *with)
{
    for (size_t at = 0; at < len; at = end_of_word(at, len))
        if (begins(words + at, len - at, with))
            return true;
    return false;
}

static size_t leave_out_excepted(size_t len)
{
    size_t kept = 0, next;

    for (size_t at = 0; at < len; at = next) {
        bool out = false;

        next = end_of_word(at, len);
        for (size_t i = 0; i < sizeof excepted / sizeof *excepted; i++)
            out = out || begins(words + at, next - at, excepted[i]);
        if (!out) {
            memmove(words + kept, words + at, next - at);
            kept += next - at;
        }
    }
    return kept;
}

static void write_line(int fd, size_t len)
{
    if (len == sizeof words)
        len--;
    words[len] = '\n';
    if (write(fd, words, len + 1) != (ssize_t)len + 1)
        _exit(fail("execs: write"));
}

static void note_start(pid_t pid)
{
    size_t len = read_words(pid, "cmdline");

    write_line(argv_fd, len);
    len = read_words(pid, "environ");
    if (holds(len, whose))
        len = leave_out_excepted(len);
    write_line(environ_fd, len);
}

static void note_death(pid_t pid, int status)
{
    dprintf(deaths_fd, "%d %d %s\n", (int)pid, WTERMSIG(status), WCOREDUMP(status) ? "core" : "no-core");
}

static bool stops_its_group(int signal_number)
{
    return signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN ||
           signal_number == SIGTTOU;
}

/* Lets a stopped process go on as it would have alone. Failing means that it was
 * killed meanwhile, which the next wait tells. */
static void go_on(pid_t pid, int status)
{
    int event = status >> 16, signal_number = WSTOPSIG(status);

    if (event == PTRACE_EVENT_EXEC)
        note_start(pid);
    if (event == PTRACE_EVENT_STOP && stops_its_group(signal_number))
        (void)ptrace(PTRACE_LISTEN, pid, NULL, NULL);
    else
        (void)ptrace(PTRACE_CONT, pid, NULL, event ? 0L : (long)signal_number);
}

/* Until the command itself has ended. */
static int follow(pid_t root)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);

        if (pid < 0 && errno != EINTR)
            return fail("execs: wait");
        if (pid < 0)
            continue;
        if (WIFSTOPPED(status)) {
            go_on(pid, status);
            continue;
        }
        if (WIFSIGNALED(status))
            note_death(pid, status);
        if (pid == root)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

/* Waits to be traced first. */
static pid_t start(char **command, int ready[2])
{
    pid_t pid = fork();
    char byte;

    if (pid != 0)
        return pid;
    close(ready[1]);
    if (read(ready[0], &byte, 1) == 1)
        execvp(command[0], command);
    _exit(127);
}

int main(int argc, char **argv)
{
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                         PTRACE_O_EXITKILL;
    int ready[2];
    pid_t root;

    if (argc < 3) {
        fputs("usage: execs DIR COMMAND…\n", stderr);
        return 64;
    }
    argv_fd = open_log(argv[1], "argv");
    environ_fd = open_log(argv[1], "environ");
    deaths_fd = open_log(argv[1], "deaths");
    if (argv_fd < 0 || environ_fd < 0 || deaths_fd < 0 || pipe2(ready, O_CLOEXEC) < 0)
        return fail("execs");
    root = start(argv + 2, ready);
    if (root < 0)
        return fail("execs: fork");
    if (ptrace(PTRACE_SEIZE, root, NULL, options) < 0) {
        perror("execs: tracing");
        kill(root, SIGKILL);
        return MAY_NOT;
    }
    if (write(ready[1], "", 1) != 1)
        return fail("execs: start");
    return follow(root);
}
