/* One run at a time: a kernel lock on a file beside the store, which ends with
 * the process, and a line in it for people. Inside steps/store only. */
#ifndef STEPS_STORE_LOCK_H
#define STEPS_STORE_LOCK_H

#include "aws/common/error.h"

#include <stdint.h>

/** Takes the lock on PATH.lock. ERR_TRY_AGAIN naming the holder; ERR_STORE.
 * *fd is to be given to lock_release. */
MUST_USE bool lock_take(const char *path, const char *command, int64_t now_ms, int *fd, struct error *err);
/** -1 does nothing. */
void lock_release(int fd);

#endif
