/* The live terminal: the list of steps drawn again and again in its place, what
 * runs, what waits and how long, what was throttled; at the end what exists now
 * and what to type next. It changes no mode of the terminal and hides nothing,
 * so that whatever ends the program leaves a sane one. */
#ifndef CMD_LAB_LIVE_H
#define CMD_LAB_LIVE_H

#include "aws/common/json.h"
#include "cmd/lab/options.h"
#include "steps/plan/plan.h"

struct live;

/** Whether standard output is a terminal that wants it. */
bool live_wanted(const struct options *o);

/** Begins to draw. plan is borrowed until live_free. */
struct live *live_new(const struct plan *plan, const char *command, bool color);
/** A "run" or "step" event. */
void live_event(struct live *l, const struct json *event);
/** A call waits before it is made again. Thread-safe, as live_event is. */
void live_slowed(struct live *l, const char *what, bool throttled);
/** The last picture: from here on lines are written below it. Once. */
void live_stop(struct live *l);
/** After it: what exists now and the next command. */
void live_tell(const struct live *l, int status);
void live_free(struct live *l);

#endif
