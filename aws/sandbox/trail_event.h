/* How the event history holds an event. For trail.c and trail_keep.c alone. */
#ifndef AWS_SANDBOX_TRAIL_EVENT_H
#define AWS_SANDBOX_TRAIL_EVENT_H

#include "aws/common/buf.h"
#include "aws/sandbox/trail_text.h"

enum { UUID_BYTES = 16 };

/* What varies from event to event. Texts are shared, ids are held as bytes. */
enum event_text {
    TEXT_SOURCE,
    TEXT_NAME,
    TEXT_IDENTITY, /* JSON */
    TEXT_USERNAME,
    TEXT_ACCESS_KEY,
    TEXT_ADDRESS,
    TEXT_AGENT,
    TEXT_REQUEST,   /* JSON, "" for null */
    TEXT_RESPONSE,  /* JSON, "" for null */
    TEXT_EXTRA,     /* JSON, "" for none */
    TEXT_RESOURCES, /* JSON array of {ResourceType, ResourceName} */
    TEXT_ERROR_CODE,
    TEXT_ERROR_MESSAGE,
    TEXT_COUNT
};

struct event {
    int64_t at_s;
    int64_t at_ms;
    unsigned char id[UUID_BYTES], request_id[UUID_BYTES];
    struct trail_text *texts[TEXT_COUNT];
    bool reads;
    bool of_service; /* AwsServiceEvent */
};

struct trail {
    struct event *ring;
    size_t limit, text_limit_bytes;
    uint64_t first, next; /* sequence numbers, from 1 */
    struct trail_texts texts;
    struct buf unwritten; /* lines for the file, when there is one */
    int fd;               /* -1: the history is not kept */
};

/** By sequence number. */
struct event *trail_event_at(const struct trail *t, uint64_t sequence);
/** Room for the next event, emptied; trail_event_end makes it one. */
struct event *trail_event_begin(struct trail *t);
void trail_event_end(struct trail *t);

/* --- trail_keep.c --- */

/** Notes the event for the file; nothing when the history is not kept. */
void trail_keep_event(struct trail *t, const struct event *e);
void trail_keep_end(struct trail *t);

#endif
