/* The rows of a store and what makes damage visible: each row's hash covers
 * the row and the hash before it, and the head says which row is the last.
 * Inside steps/store only; the caller holds the store's lock. */
#ifndef STEPS_STORE_CHAIN_H
#define STEPS_STORE_CHAIN_H

#include "aws/common/db.h"
#include "aws/crypto/digest.h"

/* Texts are never NULL: "" stands for absence, so that a row has one form. */
struct chain_row {
    const char *kind; /* "intent", "outcome" or "step" */
    const char *account, *region, *lab, *learner, *step, *run;
    int64_t at_ms;
    int64_t ref; /* outcome: seq of its intent; else 0 */
    const char *operation, *target;
    const char *state; /* step: its state; outcome: "ok", "refused", "failed" */
    const char *body;  /* JSON */
};

/** Makes the tables in an empty file; of a file that has something in it,
 * checks that all of it is what a store of this version holds: format,
 * version, schema, structure, every hash. *empty: there is no table and none may
 * be made (read_only). ERR_STORE with a word on what to do. */
MUST_USE bool chain_prepare(struct db *db, bool read_only, bool *empty, struct error *err);

/** SQLite's own words for damage say nothing about what to do: adds it. Returns
 * false. */
bool chain_advise(struct error *err);

/** One transaction, synchronous on return. seq may be NULL. */
MUST_USE bool chain_append(struct db *db, const struct chain_row *row, int64_t *seq, struct error *err);

/** How many rows there are. */
MUST_USE bool chain_length(struct db *db, int64_t *seq, struct error *err);
/** ERR_STORE: a run had written `noted` rows. Returns false. */
bool chain_lost(int64_t seq, int64_t noted, struct error *err);

#endif
