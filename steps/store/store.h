/* Checkpoints: what was intended and what came of it, in SQLite, append-only
 * and hash-chained, so that damage is seen. Rows are keyed by account, region,
 * lab, learner and step. Never holds a secret. Thread-safe: one lock inside.
 * SECURITY rules 1 to 4. */
#ifndef STEPS_STORE_STORE_H
#define STEPS_STORE_STORE_H

#include "aws/common/clock.h"
#include "aws/common/error.h"
#include "aws/common/json.h"

struct store;

struct store_scope {
    const char *account, *region, *lab, *learner;
};

/** Opens FILE and verifies the chain. command NULL: to read; a missing file
 * gives an empty store. Else for a run of that command, by itself: a kernel lock
 * beside the file, which ends with the process, is taken before anything else,
 * and what is missing is made (directory 0700, file 0600). ERR_TRY_AGAIN naming
 * the other run's command, pid, host and since when; ERR_STORE, with a word on
 * what to do: damaged, newer version, foreign owner, not writable. */
MUST_USE bool store_open(const char *path, const char *command, struct clock clock, struct store **out,
                         struct error *err);
void store_close(struct store *s);
void store_closep(struct store **s);

/** From here on rows are of this scope. Copied. */
void store_set_scope(struct store *s, const struct store_scope *scope);

/** Where step ids are of one run: "20261124T063716Z-3f9a". */
void store_set_run(struct store *s, const char *run_id);

struct store_intent {
    const char *step;
    const char *operation; /* "iam:CreateRole", "mysql:CREATE USER" */
    const char *target;    /* "role auroralab-…", "demouser@%" */
    const char *token;     /* idempotency token, "" when none */
    const char *digest;    /* SHA-256 of the input without secrets, "" when none */
};

/** Committed (synchronous FULL) on return. */
MUST_USE bool store_intend(struct store *s, const struct store_intent *intent, int64_t *id,
                           struct error *err);
/** outcome: {"ok":true,…} or {"ok":false,"acted":…,"code":…,"message":…}; acted
 * false says that the other side certainly did not act. */
MUST_USE bool store_settle(struct store *s, int64_t id, const struct json *outcome, struct error *err);

/** Calls each(…) for every open intent of a step (NULL: of all steps). */
MUST_USE bool store_open_intents(struct store *s, const char *step,
                                 void (*each)(void *self, const struct store_intent *intent, int64_t id),
                                 void *self, struct error *err);
/** Whether there is an intent with this operation and target in this scope that
 * was not certainly refused (acted false), and whose step was not recorded as
 * undone since: the store then says that the thing is ours. What bears the same
 * name after that is somebody else's. */
MUST_USE bool store_knows(struct store *s, const char *operation, const char *target, bool *known,
                          struct error *err);

enum store_state {
    STORE_NONE, /* nothing recorded */
    STORE_DONE,
    STORE_FAILED,
    STORE_RETIRED, /* done once, then undone by a scene */
    STORE_UNDONE
};
const char *store_state_name(enum store_state state);

struct store_step {
    enum store_state state;
    int64_t at_ms;
    struct json *outputs; /* as recorded last; NULL when none */
    struct json *memo;    /* what the kind wants to keep: originals, versions; NULL */
    char message[256];    /* of a failure */
};
void store_step_release(struct store_step *s);

/** state NONE when nothing is recorded. */
MUST_USE bool store_get_step(struct store *s, const char *step, struct store_step *out, struct error *err);
/** outputs and memo borrowed, NULL keeps none. STORE_NONE with a memo keeps what
 * a step wants to know again although it is not done. */
MUST_USE bool store_put_step(struct store *s, const char *step, enum store_state state,
                             const struct json *outputs, const struct json *memo, const char *message,
                             struct error *err);

/** Every step recorded in any scope, for `lab status`: array of
 * {account, region, lab, learner, step, state, at_ms, message, open_intents, took_ms};
 * took_ms 0: nothing was intended before. */
MUST_USE bool store_list(struct store *s, struct json **out, struct error *err);

#endif
