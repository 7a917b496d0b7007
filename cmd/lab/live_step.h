/* How one step looks on the live terminal. Inside cmd/lab/live*.c only. */
#ifndef CMD_LAB_LIVE_STEP_H
#define CMD_LAB_LIVE_STEP_H

#include "aws/common/json.h"

struct live_step {
    const char *id, *title; /* of the plan */
    int task;
    const struct live_state *state; /* NULL: its turn has not come */
    int64_t since_ms, deadline_ms;  /* of the present state, monotonic; 0: none */
    char *detail;                   /* reason of a wait, note, error */
    char *made;                     /* what exists by it, "" when nothing */
};

/* The symbol tells states apart without colour; the word says it in full. */
struct live_state {
    const char *state, *symbol, *ascii, *word, *color;
    bool runs; /* not at its end */
};

/** A step whose turn has not come. */
extern const struct live_state live_state_none;

/** Takes a step event in; anything else leaves it as it is. */
void live_step_take(struct live_step *s, const struct json *event, int64_t now_ms);
/** One line of at most `columns`, without newline; returns the columns it took. */
size_t live_step_draw(const struct live_step *s, size_t columns, bool utf8, bool color, int64_t now_ms,
                      struct buf *out);
void live_step_release(struct live_step *s);

#endif
