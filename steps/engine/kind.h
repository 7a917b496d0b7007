/* What a step kind is, and what it may use while it runs. A kind changes
 * nothing by itself: effect_call and effect_sql put the intent on disk first.
 * DESIGN section 5. */
#ifndef STEPS_ENGINE_KIND_H
#define STEPS_ENGINE_KIND_H

#include "aws/client/client.h"
#include "aws/common/secret.h"
#include "steps/mysql/session.h"
#include "steps/plan/schema.h"

/* One activation of one step. Opaque; valid during the call. */
struct step_context;
struct explain_find;

enum step_status {
    STEP_FINISHED,
    STEP_FAILED, /* err is set */
    STEP_WAITING /* step_wait was the last call: come again later */
};

enum observed { OBSERVED_ABSENT, OBSERVED_PRESENT, OBSERVED_DIFFERS, OBSERVED_CANNOT_TELL };

struct observation {
    enum observed state;
    bool ours;        /* by tag or by the store; lookups: true */
    char detail[256]; /* what differs, or why it cannot be told; no secret */
};

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_CANNOT_TELL };

/* What a check saw. All texts are for people and without secrets; "" where
 * there is nothing to say. */
enum { HINT_LEVELS = 3 }; /* a nudge, where to look, the command */

struct check_result {
    enum verdict verdict;
    char found[512];    /* what was seen */
    char expected[256]; /* of a fail: what should have been */
    char why[256];      /* and why it matters */
    char hints[HINT_LEVELS][512];
    int64_t wait_ms; /* cannot tell: after so long it can be told, 0 not known */
};

/* All functions are called from a worker thread, and again from the start
 * after a wait: they look at the world first and do the next thing that is
 * missing. Half-done work of an earlier run is met and ended. */
struct step_kind {
    struct kind_schema schema;
    /* Reads only. Sets outputs (step_output) when PRESENT or DIFFERS. */
    bool (*observe)(struct step_context *c, struct observation *out, struct error *err);
    /* Makes it so; or runs the test. Sets outputs. NULL for a lookup: observe
     * has to say PRESENT. */
    enum step_status (*apply)(struct step_context *c, struct error *err);
    /* Unmakes what is ours and ends when it is gone; absence is fine; a
     * stranger is left alone (ERR_NOT_OURS). NULL when nothing stays. */
    enum step_status (*undo)(struct step_context *c, struct error *err);
    /* Tests the effect; NULL: judged by observe (a test kind: by apply). */
    bool (*check)(struct step_context *c, struct check_result *out, struct error *err);
    /* A fresh value for a secret output (ALTER USER). */
    bool (*reissue)(struct step_context *c, const char *output, struct secret *value, struct error *err);
    /* What apply, undo and reissue would ask in a world where nothing of it is done
     * yet, as items (steps/engine/explain.h); nothing is asked. NULL: not explained, a
     * lookup: the call of its first find. */
    bool (*explain)(struct step_context *c, struct json *items, struct error *err);
    bool (*explain_undo)(struct step_context *c, struct json *items, struct error *err);
    bool (*explain_reissue)(struct step_context *c, struct json *items, struct error *err);
    const struct explain_find *finds; /* of outputs that are no arguments; NULL none */
};

/* --- what a kind reads --- */
const struct json *step_with(const struct step_context *c); /* resolved arguments */
/** The arguments as the plan means them, whether or not what they name is there:
 * a step in them has its own arguments, and beside them the outputs it gave. For
 * checks, which find things under other names. Owned. */
MUST_USE bool step_planned(struct step_context *c, struct json **out, struct error *err);
/** The verdict of a kind without a check, by what observe saw: for a check that meets
 * arguments it cannot try. */
void step_judge_seen(const struct step_context *c, struct check_result *out);
/** How long a wait may take that takes deadline_ms if nobody says otherwise. */
int64_t step_deadline_ms(const struct step_context *c, int64_t deadline_ms);
const struct json *step_expect(const struct step_context *c); /* NULL when none */
const char *step_id(const struct step_context *c);
const char *step_lab(const struct step_context *c);
const char *step_account(const struct step_context *c);
const char *step_region(const struct step_context *c);
const char *step_partition(const struct step_context *c);
const char *step_learner(const struct step_context *c);
const char *step_ca_file(const struct step_context *c); /* for the database; NULL: none found */
bool step_adopts(const struct step_context *c);         /* --adopt */
bool step_purges(const struct step_context *c);         /* --purge */
bool step_scene(const struct step_context *c);          /* undo played by a plan's `undo:` step */
bool step_checks(const struct step_context *c);         /* `lab check`: the world stays as it is */
const struct random *step_random(const struct step_context *c);
int64_t step_now_ms(const struct step_context *c); /* wall clock */
int64_t step_run_started_ms(const struct step_context *c);

/** What the store has from before: {"state": "done", "at_ms": …, "outputs":
 * {…}, "memo": {…}}, the last two only when there are any; NULL when nothing is
 * recorded. */
const struct json *step_recorded(const struct step_context *c);
/** Kept in the store with the step: originals, version ids. Editable. */
struct json *step_memo(struct step_context *c);
/** Commits the memo now, before an effect that replaces what it describes. */
MUST_USE bool step_save_memo(struct step_context *c, struct error *err);
/** Lives from the first activation to the end of the step in this run. */
struct json *step_scratch(struct step_context *c);

/* --- what a kind gives --- */
void step_output(struct step_context *c, const char *name, struct json *value /* taken over */);
void step_output_text(struct step_context *c, const char *name, const char *value);
/** Registers a secret output under its handle. */
void step_output_secret(struct step_context *c, const char *name, struct str value);
/** A line for the screen, without secrets: a stack event, a sample. */
void step_note(struct step_context *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* One wait: reason is shown and keys the deadline; the delay grows by half
 * from first_ms to most_ms at each return with the same reason. Past
 * deadline_ms (or --timeout, or the plan's timeout) the step fails with
 * ERR_TRY_AGAIN and the reason. Always returns STEP_WAITING. */
struct step_wait {
    const char *reason;
    int64_t first_ms, most_ms, deadline_ms;
};
enum step_status step_wait(struct step_context *c, const struct step_wait *wait);

/** Whether the run is to end: for work of a kind's own that takes long. It then
 * fails with ERR_INTERRUPTED. */
bool step_interrupted(const struct step_context *c);

/** Whether err is trouble that passes: of AWS's own (too many calls, a server error,
 * a reply that did not come) or of the database (mysql_trouble). A step that fails
 * with it is called again after a while. */
bool step_may_pass(const struct error *err);

/* --- who acts --- */
enum step_identity {
    AS_CALLER,   /* whoever runs lab */
    AS_INSTANCE, /* the role of the machine that lab runs on, from its metadata service */
    AS_ROLE      /* a role that the caller assumes: step_assume says which */
};

/** The instance lab runs on, by its metadata service; "" when none answers. */
const char *step_machine(const struct step_context *c);
/** Whom AS_ROLE stands for in this activation. */
void step_assume(struct step_context *c, const char *role_arn);
/** What the lab carries for steps that act on the workstation from elsewhere:
 * a script for its shell. Empty when it carries none. */
struct str step_workstation_script(const struct step_context *c);

/** A call that only reads (the model says so; ERR_BUG otherwise). */
MUST_USE bool step_call(struct step_context *c, enum step_identity who, const char *service,
                        const char *operation, const struct json *in, struct json **out, struct error *err);
/** The same, all pages joined (aws_call_all). */
MUST_USE bool step_call_all(struct step_context *c, enum step_identity who, const char *service,
                            const char *operation, const struct json *in, struct json **out,
                            struct error *err);
/** Forgets the identity's cached credentials: they are asked for again. */
void step_refresh(struct step_context *c, enum step_identity who);

/** A call that changes something: intent committed, one call, result
 * committed. target names the thing for people: "role auroralab-…". */
MUST_USE bool effect_call(struct step_context *c, const char *target, const char *service,
                          const char *operation, const struct json *in, struct json **out, struct error *err);
/** One SQL statement that changes something; the statement itself is never
 * stored. operation: "CREATE USER". */
MUST_USE bool effect_sql(struct step_context *c, struct mysql_session *s, const char *operation,
                         const char *target, struct str statement, struct error *err);
/** Whether the store has an intent or result of ours for it that was not
 * certainly refused, and the step was not undone since. operation:
 * "iam:CreateRole"; SQL as in effect_sql. */
MUST_USE bool step_made(struct step_context *c, const char *operation, const char *target, bool *made,
                        struct error *err);

/** The value behind a handle "secret:STEP/OUTPUT": from memory, else by the
 * producing kind's reissue. A consumer that can get it from a stored secret
 * tries that first. */
MUST_USE bool step_secret(struct step_context *c, struct str handle, struct secret *out, struct error *err);

/* --- tags --- */
/** [{"Key":"lab:name","Value":…}, lab:run, lab:step, lab:learner], owned. */
struct json *step_tags(const struct step_context *c);
/** Whether tags ([{Key,Value}] or [{key,value}]) say that this step of this
 * lab and learner made it. */
bool step_tags_ours(const struct step_context *c, const struct json *tags);

#endif
