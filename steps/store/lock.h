/* One run at a time: a kernel lock on a file beside the store, which ends with
 * the process, and a line in it for people. Inside steps/store only. */
#ifndef STEPS_STORE_LOCK_H
#define STEPS_STORE_LOCK_H

#include "aws/common/error.h"

#include <stdint.h>

/** Takes the lock on PATH.lock and writes the line for people. ERR_TRY_AGAIN
 * naming the holder; ERR_STORE. *fd is to be given to lock_release. *noted: the
 * rows that a run which died had noted, 0 when none. */
MUST_USE bool lock_take(const char *path, const char *command, int64_t now_ms, int *fd, int64_t *noted,
                        struct error *err);
/** Notes how many rows are committed. Not synchronous: it has to outlive the
 * process only, and is never ahead of what is committed. */
MUST_USE bool lock_note(int fd, int64_t rows, struct error *err);
/** Gives the lock back and leaves the file as it is. -1 does nothing. */
void lock_leave(int fd);
/** -1 does nothing. What was noted goes with it. */
void lock_release(int fd);

#endif
