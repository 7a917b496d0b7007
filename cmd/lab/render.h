/* Events to the screen: plain lines or JSON lines, and a JUnit file. Reads
 * events only; knows no step kind. */
#ifndef CMD_LAB_RENDER_H
#define CMD_LAB_RENDER_H

#include "aws/common/json.h"
#include "cmd/lab/options.h"
#include "steps/plan/plan.h"

struct render;

struct render *render_new(const struct options *o, const char *command);
/** The plan whose steps the events will be about; borrowed until render_free.
 * live: on a terminal, draw its steps in place. */
void render_plan(struct render *r, const struct plan *plan, bool live);
/** A call waits before it is made again: false where there is no live terminal
 * that shows it. Thread-safe. */
MUST_USE bool render_slowed(struct render *r, const char *what, bool throttled);
void render_event(void *render, const struct json *event);
/** One that holds a program's source, for --json: what its variables are called is no
 * secret field. Its text has to be redacted. */
void render_source(struct render *render, const struct json *event);
/** Whether a stream of JSON lines has begun: standard output carries one. */
bool render_begun(void);
/** The last event, with the exit status added and what it lacks as 0; writes the
 * JUnit file. summary is borrowed and may be NULL. */
MUST_USE bool render_end(struct render *r, const struct json *summary, int status, struct error *err);
void render_free(struct render *r);

#endif
