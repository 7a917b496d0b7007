/* Runs a checked plan: which step when, on which worker, with waits on a timer
 * heap, effects with intent, and events as its only output. Knows no kind by
 * name. DESIGN section 5. */
#ifndef STEPS_ENGINE_ENGINE_H
#define STEPS_ENGINE_ENGINE_H

#include "steps/engine/kind.h"
#include "steps/plan/plan.h"
#include "steps/store/store.h"

struct engine_options {
    const struct plan *plan;
    const struct step_kind *const *kinds; /* NULL-terminated */
    struct store *store;
    struct aws_shared *shared;
    /* A client of the caller's identity for one worker. */
    struct aws_client *(*new_client)(void *self, struct error *err);
    void *new_client_self;
    struct credential_provider *caller, *instance; /* instance NULL: no metadata service */
    /* Asked from workers. machine: id of the instance lab runs on, "" when it is
     * none. assume: keys of a role the caller assumes; borrowed, the same one for
     * the same role. Either may be NULL: no instance, no roles. */
    const char *(*machine)(void *self);
    struct credential_provider *(*assume)(void *self, const char *role_arn);
    void *who_self;
    struct str workstation_script; /* step_workstation_script; may be empty */
    const char *account, *region, *partition, *learner, *run_id, *ca_file;
    struct clock clock;
    struct random random;
    unsigned jobs;      /* workers, 1 to 64 */
    int64_t timeout_ms; /* --timeout per wait, 0: the wait's own */
    bool adopt, purge;
    int stop_fd;              /* readable: no new step, finish the call in hand */
    uint64_t requests_before; /* made before the engine (GetCallerIdentity), part of the chain */
    /* Events, one JSON object each, in order, from one thread at a time. */
    void (*emit)(void *self, const struct json *event);
    void *emit_self;
};

/* Events. Every step event: {"type":"step","step":ID,"state":S,"task":N,
 * "title":T,"ms":elapsed} with
 *   started; waiting (+reason, next_ms, deadline_ms); note (+text);
 *   done (+outputs without secrets, effects: mutating calls and statements);
 *   unchanged (+detail); skipped (+reason: "retired", "not needed");
 *   failed (+error {code, message, remote_code, request_id});
 *   undone; absent (undo found nothing); kept (+reason: not ours)
 *   planned (+symbol, detail); checked (+verdict, found, hint; a fail with its
 *   reasons: expected, why, hints; a cannot-tell: wait_ms when it is known)
 * and at the end {"type":"summary",…} as in DESIGN section 2, without exit:
 * cmd/lab adds it. */

enum engine_action {
    ENGINE_UP,   /* steps (all when none are named) with what they need */
    ENGINE_RUN,  /* just these; ERR_FAILED naming missing needs unless with_needs */
    ENGINE_DOWN, /* undo all, in reverse */
    ENGINE_UNDO, /* just these */
    ENGINE_PLAN, /* observe and say what up would do */
    ENGINE_CHECK /* verdicts */
};

struct engine_request {
    enum engine_action action;
    const size_t *steps; /* indexes; count 0: all. UP: with --until only that one */
    size_t step_count;
    bool with_needs;
};

struct engine_summary {
    uint64_t requests, mutating, bytes_sent, bytes_received, chain_requests;
    int64_t wall_ms;
    size_t done, unchanged, skipped, failed, changes; /* changes: PLAN's non-"=" lines */
    size_t passed, not_passed, cannot_tell;           /* CHECK */
    uint64_t statements;                              /* SQL effects */
};

/** False when a step failed or was interrupted: err is the first failure,
 * wrapped with "step ID". Checkpoints are kept in every case. Sets the store's
 * scope and run. CHECK is true whatever the verdicts are: they are in summary. */
MUST_USE bool engine_run(const struct engine_options *options, const struct engine_request *request,
                         struct engine_summary *summary, struct error *err);

#endif
