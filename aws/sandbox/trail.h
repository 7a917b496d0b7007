/* The account's event history: a bounded ring of management events, newest
 * first, as CloudTrail keeps it. Texts that repeat are held once, so that a
 * million requests cost no more than the ring. Facts section 9. */
#ifndef AWS_SANDBOX_TRAIL_H
#define AWS_SANDBOX_TRAIL_H

#include "aws/common/buf.h"
#include "aws/sandbox/call.h"

struct trail;

struct trail *trail_new(size_t limit_events, size_t limit_text_bytes);
void trail_free(struct trail *t);

/** Takes up the history in the file and keeps it there from now on, as well as
 * it goes: what is recorded is written by trail_flush. ERR_IO. */
MUST_USE bool trail_keep(struct trail *t, const char *path, struct error *err);
void trail_flush(struct trail *t);

/** Records a call; err NULL on success. */
void trail_record(struct trail *t, const struct call *c, const struct error *err);

/* What LookupEvents asks. NULL and 0 are "no condition". */
struct trail_query {
    const char *attribute; /* "EventName", …; NULL none */
    const char *value;
    int64_t from_s, to_s; /* inclusive; to_s 0: no end */
    int64_t visible_ms;   /* events later than this are not seen yet */
    uint64_t before;      /* sequence number; 0: from the newest */
    size_t limit;
};

/** Adds Event objects to `events` (a JSON array), newest first. Returns the
 * sequence number to go on `before`, 0 at the end. */
uint64_t trail_lookup(const struct trail *t, const struct sandbox *s, const struct trail_query *query,
                      struct json *events);

size_t trail_count(const struct trail *t);

/** Adds j as JSON as far as shape knows it, without sensitive members; with
 * lower_first member names begin in lower case, as AWS prints parameters. */
void trail_show(const struct json *j, const struct model_shape *shape, bool lower_first, struct buf *out);

#endif
