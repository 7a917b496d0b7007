/* Ctrl-C and SIGTERM: the first one asks the run to end after the call in
 * hand, the second one ends the process at once. */
#ifndef CMD_LAB_STOP_H
#define CMD_LAB_STOP_H

#include "aws/common/error.h"

/** Installs the handlers; *fd becomes readable at the first signal. */
MUST_USE bool stop_install(int *fd, struct error *err);
/** Whether a signal came. */
bool stop_received(void);
/** 130 or 143, by the signal that came; 130 when none did. */
int stop_status(void);

#endif
