/* What a step asks of AWS and of the database, as data that `lab explain` prints in
 * the language asked for. A kind builds it with the functions that build its real
 * requests; what only the world knows stands in the texts as a mark, and before the
 * step's own items stand the calls that find it. Nothing is asked.
 *
 * The items, an array of
 *   {"type":"call","service","operation","input":{…},"gives":{MARK: PATH},
 *    "fails": CODE, "again": true}
 *   {"type":"sql","login":{"host","port","user","password","database"},
 *    "statements":[…],"fails": SQLSTATE}
 *   {"type":"repeat"} … {"type":"until","mark": MARK, "is":[…] | "contains": TEXT,
 *    "unless": TEXT, "show": true}
 * each with "why", a line for people, where there is something to say. "fails" is the
 * refusal that is wanted; "again" says that the call may be refused at first. */
#ifndef STEPS_ENGINE_EXPLAIN_H
#define STEPS_ENGINE_EXPLAIN_H

#include "steps/engine/engine.h"

/* Around a mark's name; no such characters are in a plan that people write. A name is
 * "STEP.OUTPUT", "account" or "env.NAME"; a "#" at its end says that it is a number. */
#define MARK_BEGIN "\xEE\x80\x80"
#define MARK_END "\xEE\x80\x81"

/** A mark as text, to be freed with mem_free. */
char *explain_mark(const char *name);
/** The first mark in text: what stands before it, its name, what is behind it. False
 * when there is none. */
bool explain_next_mark(struct str text, struct str *before, struct str *name, struct str *after);

/** In a text that holds JSON a number's mark stands without quotes; with them the text
 * can be parsed. And back. */
void explain_quote_numbers(struct str text, struct buf *out);
void explain_unquote_numbers(struct str text, struct buf *out);

/* A path: members joined by dots as in json_path, "*" every element (the values joined
 * by commas), "Tags[KEY]" the value of a tag, "A/b" the member b of the JSON text A. */

/* How an output of a step is found in a world where the step was done. */
struct explain_find {
    const char *output; /* NULL ends */
    /* Either known from the arguments alone… */
    char *(*text)(const struct step_context *c);
    /* …or read. */
    const char *service, *operation;
    struct json *(*input)(const struct step_context *c);
    const char *path;
    bool number;
};

/* --- what a kind calls --- */

/** Adds a call; input is taken over. Returns the item. */
struct json *explain_call(struct json *items, const char *service, const char *operation, struct json *input);
/** Names what the reply of a call holds: the mark STEP.OUTPUT. */
void explain_gives(const struct step_context *c, struct json *call, const char *output, const char *path);
/** The mark STEP.OUTPUT as text, freed with mem_free. */
char *explain_own(const struct step_context *c, const char *output);
/** Adds SQL to be run with a login; both are taken over. Returns the item. */
struct json *explain_sql(struct json *items, struct json *login, struct json *statements);
void explain_repeat(struct json *items, const char *why);
/** Ends a repeat when STEP.OUTPUT is one of these words. Returns the item. */
struct json *explain_until(const struct step_context *c, struct json *items, const char *output,
                           const char *const *words);
/** And in failure once it contains text: what is waited for does not come any more. */
void explain_unless(struct json *until, const char *text);
/** The same when it contains text; then it is shown. */
void explain_until_seen(const struct step_context *c, struct json *items, const char *output,
                        const char *text);

/* --- what lab explain calls --- */

/** The items of a step. options: plan, kinds, region, partition, learner and script;
 * nothing else is looked at. ERR_FAILED when the step cannot be explained. */
MUST_USE bool explain_step(const struct engine_options *options, const struct plan_step *step,
                           struct json **items, struct error *err);

#endif
