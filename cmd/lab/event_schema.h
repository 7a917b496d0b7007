/* The JSON Schema of the stream that --json writes, from one table. */
#ifndef CMD_LAB_EVENT_SCHEMA_H
#define CMD_LAB_EVENT_SCHEMA_H

#include "aws/common/buf.h"

/** JSON Schema (draft 2020-12) of one line of the stream. */
void event_json_schema(struct buf *out);

#endif
