/* The one table of exit statuses (DESIGN section 2). */
#ifndef CMD_LAB_EXIT_STATUS_H
#define CMD_LAB_EXIT_STATUS_H

#include "aws/common/error.h"

struct exit_row {
    int status;
    const char *meaning;
};

extern const struct exit_row exit_rows[]; /* ends with a NULL meaning */

/** The status for a failure. */
int exit_status_of(const struct error *err);

#endif
