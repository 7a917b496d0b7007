/* The report as one HTML page: no script, nothing fetched, light and dark, and
 * readable on a phone. All text is escaped and redacted here. */
#ifndef CMD_LAB_REPORT_PAGE_H
#define CMD_LAB_REPORT_PAGE_H

#include "aws/common/json.h"
#include "steps/plan/plan.h"

struct report {
    const struct plan *plan;
    const struct json *checkpoints; /* as store_list gives them */
    const struct json *events;      /* array: step and read events of streams, in order */
};

void report_page(const struct report *r, struct buf *out);

#endif
