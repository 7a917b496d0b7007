#include "cmd/lab/sandbox_stop.h"

#include "aws/common/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READY_LIMIT_BYTES = 64 * 1024 };
#define END_TIMEOUT_MS 15000

static bool find_pid(struct str text, int64_t *pid)
{
    const struct str name = STR("export LAB_SANDBOX_PID='");
    struct str line;

    while (str_split(&text, '\n', &line)) {
        if (!str_starts(line, name))
            continue;
        line = str_slice(line, name.len, line.len);
        return str_to_i64(str_slice(line, 0, str_find_char(line, '\'')), pid) && *pid > 1;
    }
    return false;
}

/* A pid may have been given to a stranger since: only a process with our name
 * is ended. */
static bool is_lab(int64_t pid)
{
    char path[64];
    struct error ignored;
    CLEANUP(buf_release) struct buf name = {0};

    snprintf(path, sizeof path, "/proc/%lld/comm", (long long)pid);
    return file_read(path, 64, &name, &ignored) && str_is(str_trim(buf_str(&name)), "lab");
}

bool sandbox_stop_running(const char *ready_file, int *status, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    int64_t pid = 0;

    *status = 0;
    if (!ready_file)
        return error_set(err, ERR_USAGE, "lab sandbox stop wants --ready-file FILE");
    if (!file_read(ready_file, READY_LIMIT_BYTES, &text, err))
        return error_wrap(err, "read the ready file");
    if (!find_pid(buf_str(&text), &pid))
        return error_set(err, ERR_SYNTAX, "%s is not a ready file: it has no LAB_SANDBOX_PID", ready_file);
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0 || !is_lab(pid)) {
        if (fd >= 0)
            close(fd);
        return error_set(err, ERR_FAILED, "no sandbox runs as process %lld", (long long)pid);
    }
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    bool ok = syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) == 0;
    int n = 0;
    while (ok && (n = poll(&ended, 1, END_TIMEOUT_MS)) < 0 && errno == EINTR) {
    }
    close(fd);
    if (!ok)
        return error_os(err, "end process %lld", (long long)pid);
    if (n == 0)
        return error_set(err, ERR_TRY_AGAIN, "process %lld did not end in %d s", (long long)pid,
                         END_TIMEOUT_MS / 1000);
    return true;
}
