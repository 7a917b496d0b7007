/* Children through one function (SECURITY rule 11): no shell, explicit
 * environment, closed descriptors, and they die with their parent. */
#ifndef AWS_COMMON_PROCESS_H
#define AWS_COMMON_PROCESS_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

#include <sys/types.h>

struct process_options {
    const char *const *argv;            /* NULL-terminated; argv[0] is looked up in PATH of env */
    const char *const *env;             /* NULL-terminated "K=V"; NULL gives an empty environment */
    const char *directory;              /* NULL: stay */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null; others borrowed */
    uid_t uid;                          /* 0: stay (as is) */
    gid_t gid;
    bool new_group;    /* own process group, so that it can be ended whole */
    bool foreground;   /* keeps the terminal: shares the parent's group */
    int cancel_fds[2]; /* process_run ends when one of these is readable; 0: none */
    /* The child dies when the thread that called process_start ends, so start
     * long-lived children from the main thread. */
};

struct process {
    pid_t pid; /* 0: none */
};

MUST_USE bool process_start(const struct process_options *options, struct process *out, struct error *err);
/** Waits; *status as from waitpid. timeout_ms < 0: for ever. *ended false on timeout. */
MUST_USE bool process_wait(struct process *p, int timeout_ms, bool *ended, int *status, struct error *err);
/** SIGTERM, grace_ms, SIGKILL, reaped. A zeroed process does nothing. */
void process_stop(struct process *p, int grace_ms);

/** Runs to the end with input on stdin, collects stdout and stderr up to
 * their limits (set limit_bytes), kills its group at the deadline
 * (ERR_TRY_AGAIN) or when it is cancelled (ERR_INTERRUPTED). What was written
 * until then is in out and errors all the same. */
MUST_USE bool process_run(const struct process_options *options, struct str input, int timeout_ms,
                          struct buf *out, struct buf *errors, int *status, struct error *err);

/** Full path of a program in this process' PATH or /usr/sbin; false when none. */
MUST_USE bool process_find(const char *name, struct buf *path);

#endif
