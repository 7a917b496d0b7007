/* lab sandbox stop: ends a running sandbox by its ready file. */
#ifndef CMD_LAB_SANDBOX_STOP_H
#define CMD_LAB_SANDBOX_STOP_H

#include "aws/common/error.h"

/** Reads LAB_SANDBOX_PID from the ready file, makes sure that the process is a
 * lab of ours, sends SIGTERM and waits up to 15 s for its end. */
MUST_USE bool sandbox_stop_running(const char *ready_file, int *status, struct error *err);

#endif
