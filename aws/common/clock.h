/* Time as a thing that is passed in, so that a test can hold it, and the text
 * forms of time that AWS uses. Nothing here waits: see clock_wait. */
#ifndef AWS_COMMON_CLOCK_H
#define AWS_COMMON_CLOCK_H

#include "aws/common/buf.h"

struct clock {
    int64_t (*wall_ms)(void *self);      /* since the Unix epoch, UTC */
    int64_t (*monotonic_ms)(void *self); /* never goes back */
    void *self;
};

/** The machine's clocks. */
extern const struct clock clock_system;

static inline int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c->self);
}
static inline int64_t clock_monotonic_ms(const struct clock *c)
{
    return c->monotonic_ms(c->self);
}

/** The one place that waits. Blocks until ms have passed or *stop_fd (an
 * eventfd or pipe, -1 for none) is readable; returns true when stopped. */
bool clock_wait(int64_t ms, int stop_fd);
/** Makes a non-blocking eventfd readable, for whoever waits for it. May be called
 * in a signal handler. */
void clock_wake(int event_fd);

/** "20150830T123600Z" */
void clock_format_basic(int64_t epoch_s, char out[17]);
/** "2015-08-30T12:36:00Z" */
void clock_format_iso(int64_t epoch_s, char out[21]);
/** "2015-08-30T12:36:00.123Z" */
void clock_format_iso_ms(int64_t epoch_ms, char out[25]);
/** "Sun, 30 Aug 2015 12:36:00 GMT" (RFC 7231) */
void clock_format_http(int64_t epoch_s, char out[30]);

/** ISO 8601 with or without separators, fraction, Z or +hh:mm. Milliseconds. */
MUST_USE bool clock_parse_iso(struct str text, int64_t *epoch_ms);
MUST_USE bool clock_parse_basic(struct str text, int64_t *epoch_s); /* exactly YYYYMMDDTHHMMSSZ */
MUST_USE bool clock_parse_http(struct str text, int64_t *epoch_s);

#endif
