/* What functions write into CloudWatch Logs. Loop only. */
#ifndef AWS_SANDBOX_LOGS_H
#define AWS_SANDBOX_LOGS_H

#include "aws/sandbox/call.h"

/** Appends an event; makes the group and the stream when they are not there. */
void logs_append(struct sandbox *s, const char *group, const char *stream, int64_t timestamp_ms,
                 struct str message);

#endif
