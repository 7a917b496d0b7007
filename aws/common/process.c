#include "aws/common/process.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATUS_FD = 3, /* where the child reports that exec failed */
    EXEC_FAILED = 127,
};

/* Made before the fork: the child of a threaded process may call only what is
 * safe in a signal handler, and allocating is not. */
struct launch {
    const struct process_options *options;
    char *program;
    char *const *argv, *const *env;
    int fds[3];
    int status_fd;
    pid_t parent;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool executable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Empty entries of PATH, which mean the current directory, are passed over. */
static bool search_path(const char *name, struct str path, struct buf *out)
{
    struct str part;

    if (strchr(name, '/')) {
        buf_adds(out, name);
        return executable(name);
    }
    while (name[0] && str_split(&path, ':', &part)) {
        if (part.len == 0)
            continue;
        buf_reset(out);
        buf_add(out, part);
        buf_addc(out, '/');
        buf_adds(out, name);
        if (executable(buf_text(out)))
            return true;
    }
    buf_reset(out);
    return false;
}

bool process_find(const char *name, struct buf *path)
{
    const char *own = getenv("PATH");

    buf_reset(path);
    return search_path(name, str_of(own ? own : "/usr/bin:/bin"), path) ||
           search_path(name, STR("/usr/sbin"), path);
}

static struct str env_path(const char *const *env)
{
    for (; env && *env; env++)
        if (str_starts(str_of(*env), STR("PATH=")))
            return str_of(*env + 5);
    return STR("/usr/bin:/bin");
}

static int child_signals(void)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &normal, NULL); /* fails for KILL and STOP, and rightly so */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves the four descriptors out of the way first: one of them may stand
 * where another has to go. */
static int child_descriptors(struct launch *l)
{
    int high[3];

    l->status_fd = fcntl(l->status_fd, F_DUPFD_CLOEXEC, 16);
    if (l->status_fd < 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        int fd = l->fds[i] >= 0 ? l->fds[i] : open("/dev/null", O_RDWR);

        high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 16);
        if (high[i] < 0)
            return -1;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(high[i], i) < 0)
            return -1;
    if (dup3(l->status_fd, STATUS_FD, O_CLOEXEC) < 0)
        return -1;
    l->status_fd = STATUS_FD;
    return close_range(STATUS_FD + 1, ~0U, 0);
}

static int child_identity(const struct process_options *o)
{
    if (o->gid != 0 && (setgroups(0, NULL) < 0 || setresgid(o->gid, o->gid, o->gid) < 0))
        return -1;
    return o->uid != 0 ? setresuid(o->uid, o->uid, o->uid) : 0;
}

/* After the change of user, which clears it. The parent may have died before. */
static int child_dies_with_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -1;
    if (getppid() != parent)
        _exit(EXEC_FAILED);
    return 0;
}

static NORETURN void child_run(struct launch *l)
{
    const struct process_options *o = l->options;
    int failure;
    ssize_t written;

    if (child_descriptors(l) == 0 && child_signals() == 0 &&
        (!o->new_group || o->foreground || setpgid(0, 0) == 0) && child_identity(o) == 0 &&
        (!o->directory || chdir(o->directory) == 0) && child_dies_with_parent(l->parent) == 0)
        execve(l->program, l->argv, l->env);
    failure = errno;
    written = write(l->status_fd, &failure, sizeof(failure));
    (void)written;
    _exit(EXEC_FAILED);
}

/* Blocks until exec has closed the pipe, or the child says why it could not. */
static int launch_failure(int fd)
{
    int failure = 0;
    ssize_t got;

    do
        got = read(fd, &failure, sizeof(failure));
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(failure) ? failure : 0;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* All signals wait while forking, so that no handler of ours runs in the child. */
static pid_t fork_blocked(struct launch *l)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* execve() takes char *const *, though it changes nothing. */
static char *const *exec_vector(const char *const *list)
{
    static char *const empty[] = {NULL};
    union {
        const char *const *in;
        char *const *out;
    } same = {.in = list};

    return list ? same.out : empty;
}

bool process_start(const struct process_options *options, struct process *out, struct error *err)
{
    CLEANUP(buf_release) struct buf program = {0};
    CLEANUP(close_fd) int reader = -1;
    CLEANUP(close_fd) int writer = -1;
    struct launch l = {.options = options,
                       .argv = exec_vector(options->argv),
                       .env = exec_vector(options->env),
                       .fds = {options->stdin_fd, options->stdout_fd, options->stderr_fd},
                       .parent = getpid()};
    int ends[2];
    pid_t pid;

    *out = (struct process){0};
    if (!search_path(options->argv[0], env_path(options->env), &program))
        return error_set(err, ERR_NO_INPUT, "no program %s", options->argv[0]);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, "start %s", options->argv[0]);
    reader = ends[0];
    writer = l.status_fd = ends[1];
    l.program = program.data;
    pid = fork_blocked(&l);
    if (pid < 0)
        return error_os(err, "start %s", options->argv[0]);
    close_fd(&writer);
    errno = launch_failure(reader);
    if (errno != 0) {
        error_os(err, "start %s", options->argv[0]);
        reap(pid);
        return false;
    }
    out->pid = pid;
    return true;
}

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* poll() that goes on after a signal. Ready descriptors, 0 at the deadline. */
static int poll_until(struct pollfd *fds, nfds_t count, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - clock_monotonic_ms(&clock_system);
        int ready = poll(fds, count, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);

        if (ready > 0 || (ready == 0 && left <= INT_MAX) || (ready < 0 && errno != EINTR))
            return ready;
    }
}

static int64_t deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : clock_monotonic_ms(&clock_system) + timeout_ms;
}

static bool collect(struct process *p, int *status, struct error *err)
{
    pid_t got;

    do
        got = waitpid(p->pid, status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_os(err, "wait for process %d", (int)p->pid);
    p->pid = 0;
    return true;
}

bool process_wait(struct process *p, int timeout_ms, bool *ended, int *status, struct error *err)
{
    CLEANUP(close_fd) int fd = -1;
    struct pollfd poll_fd = {.events = POLLIN};
    int ready;

    *ended = false;
    if (p->pid == 0)
        return error_set(err, ERR_BUG, "wait for a process that was not started");
    fd = poll_fd.fd = pidfd_of(p->pid);
    if (fd < 0)
        return error_os(err, "wait for process %d", (int)p->pid);
    ready = poll_until(&poll_fd, 1, deadline_of(timeout_ms));
    if (ready < 0)
        return error_os(err, "wait for process %d", (int)p->pid);
    if (ready == 0)
        return true;
    *ended = true;
    return collect(p, status, err);
}

/* The whole group when the child leads one. Not yet reaped, so the number is
 * still its own. */
static void signal_tree(pid_t pid, int signal_number)
{
    kill(getpgid(pid) == pid ? -pid : pid, signal_number);
}

void process_stop(struct process *p, int grace_ms)
{
    CLEANUP(close_fd) int fd = -1;
    struct pollfd poll_fd = {.events = POLLIN};

    if (p->pid == 0)
        return;
    fd = poll_fd.fd = pidfd_of(p->pid);
    signal_tree(p->pid, SIGTERM);
    if (fd >= 0)
        poll_until(&poll_fd, 1, deadline_of(grace_ms < 0 ? 0 : grace_ms));
    /* Also after it has ended: its group may hold others that have not. */
    signal_tree(p->pid, SIGKILL);
    reap(p->pid);
    p->pid = 0;
}

/* --- process_run --- */

struct exchange {
    struct str input;
    int in, pid_fd;
    int outs[2];
    struct buf *sinks[2];
    const int *cancel_fds;
    int64_t deadline_ms;
};

enum ending { ENDED, TIMED_OUT, CANCELLED };

enum { READ_BYTES = 16 * 1024, READS_A_TURN = 128 };

/* Reads what is there and closes *fd at the end of the stream. What is over the
 * limit is read and dropped, so that the child does not wait for us. At most so
 * much a call, or a child that never stops writing would outrun the deadline. */
static void drain(int *fd, struct buf *sink)
{
    char block[READ_BYTES];

    for (int i = 0; *fd >= 0 && i < READS_A_TURN; i++) {
        ssize_t got = read(*fd, block, sizeof(block));

        if (got < 0 && errno == EAGAIN)
            break;
        if (got > 0 && sink)
            buf_add(sink, (struct str){block, (size_t)got});
        if (got == 0 || (got < 0 && errno != EINTR))
            close_fd(fd);
    }
    mem_wipe(block, sizeof(block));
}

/* SIGPIPE is blocked around this: a child may close its stdin unread. */
static void feed(struct exchange *x)
{
    while (x->in >= 0 && x->input.len > 0) {
        ssize_t put = write(x->in, x->input.data, x->input.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return;
        if (put < 0)
            x->input.len = 0;
        else
            x->input = str_slice(x->input, (size_t)put, x->input.len);
    }
    close_fd(&x->in);
}

/* Ends when the child has ended: what it left running may hold the pipes. */
static enum ending converse(struct exchange *x)
{
    const int *cancel = x->cancel_fds;

    for (;;) {
        struct pollfd fds[] = {{.fd = x->pid_fd, .events = POLLIN},
                               {.fd = x->in, .events = POLLOUT},
                               {.fd = x->outs[0], .events = POLLIN},
                               {.fd = x->outs[1], .events = POLLIN},
                               {.fd = cancel[0] > 0 ? cancel[0] : -1, .events = POLLIN},
                               {.fd = cancel[1] > 0 ? cancel[1] : -1, .events = POLLIN}};

        if (poll_until(fds, ARRAY_LEN(fds), x->deadline_ms) <= 0)
            return TIMED_OUT;
        if (fds[1].revents)
            feed(x);
        drain(&x->outs[0], x->sinks[0]);
        drain(&x->outs[1], x->sinks[1]);
        if (fds[0].revents)
            return ENDED;
        if (fds[4].revents || fds[5].revents)
            return CANCELLED;
    }
}

static bool make_pipe(int *ours, int *theirs, bool we_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *ours = ends[we_write ? 1 : 0];
    *theirs = ends[we_write ? 0 : 1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

static enum ending converse_without_sigpipe(struct exchange *x)
{
    const struct timespec now = {0};
    sigset_t broken, before, pending;
    enum ending ending;
    bool was_pending;

    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    ending = converse(x);
    if (!was_pending)
        while (sigtimedwait(&broken, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ending;
}

bool process_run(const struct process_options *options, struct str input, int timeout_ms, struct buf *out,
                 struct buf *errors, int *status, struct error *err)
{
    CLEANUP(close_fd) int child_in = -1;
    CLEANUP(close_fd) int child_out = -1;
    CLEANUP(close_fd) int child_err = -1;
    struct exchange x = {.input = input,
                         .in = -1,
                         .pid_fd = -1,
                         .outs = {-1, -1},
                         .sinks = {out, errors},
                         .cancel_fds = options->cancel_fds};
    struct process_options own = *options;
    struct process p = {0};
    enum ending ending = TIMED_OUT;
    bool ok = false;

    if (!make_pipe(&x.in, &child_in, true) || !make_pipe(&x.outs[0], &child_out, false) ||
        !make_pipe(&x.outs[1], &child_err, false)) {
        error_os(err, "run %s", options->argv[0]);
        goto done;
    }
    own.stdin_fd = child_in;
    own.stdout_fd = child_out;
    own.stderr_fd = child_err;
    own.new_group = true;
    own.foreground = false;
    if (!process_start(&own, &p, err))
        goto done;
    close_fd(&child_in);
    close_fd(&child_out);
    close_fd(&child_err);
    x.deadline_ms = deadline_of(timeout_ms);
    x.pid_fd = pidfd_of(p.pid);
    if (x.pid_fd >= 0)
        ending = converse_without_sigpipe(&x);
    /* At the deadline all of it; after the end whatever it left behind. */
    signal_tree(p.pid, SIGKILL);
    if (ending != ENDED) {
        reap(p.pid);
        if (ending == CANCELLED)
            error_set(err, ERR_INTERRUPTED, "run %s: cancelled", options->argv[0]);
        else
            error_set(err, ERR_TRY_AGAIN, "run %s: not ended after %d ms", options->argv[0], timeout_ms);
        goto done;
    }
    ok = collect(&p, status, err);
done:
    close_fd(&x.in);
    close_fd(&x.outs[0]);
    close_fd(&x.outs[1]);
    close_fd(&x.pid_fd);
    return ok;
}
