#include "steps/store/chain.h"

#include "aws/common/buf.h"

#include <stdio.h>

enum {
    APPLICATION_ID = 0x4c414231, /* "LAB1" */
    SCHEMA_VERSION = 1
};

/* As SQLite keeps them in sqlite_schema: the check compares text with text. A
 * changed index or trigger could otherwise make a true row invisible. */
static const struct {
    const char *name, *sql;
} schema[] = {
    {"entry", "CREATE TABLE entry(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, "
              "region TEXT NOT NULL, lab TEXT NOT NULL, learner TEXT NOT NULL, step TEXT NOT NULL, "
              "run TEXT NOT NULL, at_ms INTEGER NOT NULL, ref INTEGER NOT NULL, operation TEXT NOT NULL, "
              "target TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT"},
    {"head", "CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL, "
             "hash TEXT NOT NULL) STRICT"},
    {"entry_step", "CREATE INDEX entry_step ON entry(account, region, lab, learner, step, kind, seq)"},
    {"entry_target", "CREATE INDEX entry_target ON entry(operation, target)"},
    {"entry_ref", "CREATE INDEX entry_ref ON entry(ref)"},
    {"entry_no_update", "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN "
                        "SELECT RAISE(ABORT, 'append-only'); END"},
    {"entry_no_delete", "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN "
                        "SELECT RAISE(ABORT, 'append-only'); END"},
};

static const char advice[] = "move it away and run again: what exists is found by its tags";

static bool damaged(struct error *err, const char *what)
{
    return error_set(err, ERR_STORE, "damaged (%s); %s", what, advice);
}

bool chain_advise(struct error *err)
{
    if (strstr(err->message, "malformed") || strstr(err->message, "not a database"))
        return error_wrap(err, "damaged; %s", advice);
    return false;
}

/* --- hashing --- */

static void add_text(struct buf *b, struct str s)
{
    buf_printf(b, "%zu:", s.len);
    buf_add(b, s);
}

static void add_number(struct buf *b, int64_t n)
{
    buf_printf(b, "%lld;", (long long)n);
}

/* Each text behind its length, so that no two rows share one form. */
static void row_hash(struct str previous, int64_t seq, const struct chain_row *row, char out[SHA256_HEX])
{
    CLEANUP(buf_release) struct buf b = {0};

    add_text(&b, previous);
    add_number(&b, seq);
    add_text(&b, str_of(row->kind));
    add_text(&b, str_of(row->account));
    add_text(&b, str_of(row->region));
    add_text(&b, str_of(row->lab));
    add_text(&b, str_of(row->learner));
    add_text(&b, str_of(row->step));
    add_text(&b, str_of(row->run));
    add_number(&b, row->at_ms);
    add_number(&b, row->ref);
    add_text(&b, str_of(row->operation));
    add_text(&b, str_of(row->target));
    add_text(&b, str_of(row->state));
    add_text(&b, str_of(row->body));
    sha256_hex(buf_str(&b), out);
}

/* --- reading --- */

/* One number from a statement that gives one row. */
static bool get_number(struct db *db, const char *sql, int64_t *out, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row;

    *out = 0;
    if (!db_query(db, sql, NULL, 0, &rows, err) || !db_next(rows, &row, err))
        return false;
    if (!row)
        return error_set(err, ERR_STORE, "no answer to %s", sql);
    *out = db_int(rows, 0);
    return true;
}

struct head {
    int64_t seq;
    char hash[SHA256_HEX];
};

static bool get_head(struct db *db, struct head *out, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row;

    *out = (struct head){.seq = 0};
    if (!db_query(db, "SELECT seq, hash FROM head WHERE one = 1", NULL, 0, &rows, err) ||
        !db_next(rows, &row, err))
        return false;
    if (!row || db_text(rows, 1).len >= sizeof(out->hash))
        return damaged(err, "its head is missing");
    out->seq = db_int(rows, 0);
    (void)snprintf(out->hash, sizeof(out->hash), "%.*s", STR_ARG(db_text(rows, 1)));
    return strlen(out->hash) == db_text(rows, 1).len || damaged(err, "its head was changed");
}

/* --- making and checking --- */

static bool make_tables(struct db *db, struct error *err)
{
    char pragmas[96];

    for (size_t i = 0; i < ARRAY_LEN(schema); i++)
        if (!db_run(db, schema[i].sql, NULL, 0, err))
            return false;
    if (!db_run(db, "INSERT INTO head VALUES(1, 0, '')", NULL, 0, err))
        return false;
    (void)snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   APPLICATION_ID, SCHEMA_VERSION);
    return db_script(db, pragmas, err);
}

static bool check_schema(struct db *db, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    size_t known = 0;
    bool row;

    if (!db_query(db, "SELECT name, sql FROM sqlite_schema", NULL, 0, &rows, err))
        return false;
    while (db_next(rows, &row, err)) {
        if (!row)
            return known == ARRAY_LEN(schema) || damaged(err, "a table or index is missing");
        bool same = false;
        for (size_t i = 0; i < ARRAY_LEN(schema) && !same; i++)
            same = str_is(db_text(rows, 0), schema[i].name) && str_is(db_text(rows, 1), schema[i].sql);
        if (!same)
            return damaged(err, "its tables are not those of a store");
        known++;
    }
    return false;
}

/* integrity_check, not quick_check: an index that does not match its table
 * would hide rows from the queries that decide what is ours. */
static bool check_structure(struct db *db, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row;

    if (!db_query(db, "PRAGMA integrity_check(1)", NULL, 0, &rows, err) || !db_next(rows, &row, err))
        return false;
    return (row && str_is(db_text(rows, 0), "ok")) || damaged(err, "its structure is broken");
}

/* Borrowed: the row is hashed before the next db_next. False for a text with a
 * NUL inside: it cannot be ours, and C would hash no more than its beginning. */
static bool read_row(struct db_rows *rows, struct chain_row *out)
{
    const char **const texts[] = {
        &out->kind, &out->account, &out->region,    &out->lab,    &out->learner, &out->step, &out->run,
        NULL,       NULL,          &out->operation, &out->target, &out->state,   &out->body,
    };

    *out = (struct chain_row){.at_ms = db_int(rows, 8), .ref = db_int(rows, 9)};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str s = texts[i] ? db_text(rows, (int)i + 1) : STR("");

        if (!s.data || strlen(s.data) != s.len)
            return false;
        if (texts[i])
            *texts[i] = s.data;
    }
    return true;
}

static bool check_hashes(struct db *db, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    struct head head, seen = {0, ""};
    bool row;

    if (!get_head(db, &head, err))
        return false;
    if (!db_query(
            db,
            "SELECT seq, kind, account, region, lab, learner, step, run, at_ms, ref, operation, target, "
            "state, body, hash FROM entry ORDER BY seq",
            NULL, 0, &rows, err))
        return false;
    while (db_next(rows, &row, err)) {
        if (!row)
            return (seen.seq == head.seq && strcmp(seen.hash, head.hash) == 0) ||
                   damaged(err, "its last rows are missing");
        struct chain_row r;
        char hash[SHA256_HEX];

        if (!read_row(rows, &r))
            return damaged(err, "a row was changed");
        row_hash(str_of(seen.hash), seen.seq + 1, &r, hash);
        if (db_int(rows, 0) != seen.seq + 1 || !str_is(db_text(rows, 14), hash))
            return damaged(err, "a row was changed or removed");
        seen.seq++;
        memcpy(seen.hash, hash, sizeof(hash));
    }
    return false;
}

/* Inside one transaction: a run that writes meanwhile is not seen half. */
static bool check_all(struct db *db, bool read_only, bool *empty, struct error *err)
{
    int64_t objects, application, version;

    if (!get_number(db, "SELECT count(*) FROM sqlite_schema", &objects, err) ||
        !get_number(db, "PRAGMA application_id", &application, err) ||
        !get_number(db, "PRAGMA user_version", &version, err))
        return false;
    if (objects == 0 && application == 0 && version == 0) {
        *empty = read_only;
        return read_only || make_tables(db, err);
    }
    if (application != APPLICATION_ID)
        return error_set(err, ERR_STORE, "not a state store of lab, or damaged; name another with --state");
    if (version > SCHEMA_VERSION)
        return error_set(err, ERR_STORE,
                         "written by a newer lab (format %lld, this one knows %d); use that one",
                         (long long)version, SCHEMA_VERSION);
    if (version != SCHEMA_VERSION)
        return error_set(
            err, ERR_STORE,
            "written by an older lab (format %lld, this one knows %d), or damaged; end with that "
            "one, or %s",
            (long long)version, SCHEMA_VERSION, advice);
    return check_schema(db, err) && check_structure(db, err) && check_hashes(db, err);
}

/* Ends a transaction that failed; what made it fail is already in the error. */
static void roll_back(struct db *db)
{
    struct error ignored;

    if (!db_script(db, "ROLLBACK", &ignored))
        return;
}

bool chain_prepare(struct db *db, bool read_only, bool *empty, struct error *err)
{
    *empty = false;
    if (!db_script(db, read_only ? "BEGIN" : "BEGIN IMMEDIATE", err))
        return chain_advise(err);
    if (!check_all(db, read_only, empty, err) || !db_script(db, "COMMIT", err)) {
        roll_back(db);
        return chain_advise(err);
    }
    return true;
}

static bool append(struct db *db, const struct chain_row *row, int64_t *seq, struct error *err)
{
    struct head head;
    char hash[SHA256_HEX];

    if (!get_head(db, &head, err))
        return false;
    head.seq++;
    row_hash(str_of(head.hash), head.seq, row, hash);
    const struct db_value entry[] = {DB_INT(head.seq),
                                     DB_TEXT(str_of(row->kind)),
                                     DB_TEXT(str_of(row->account)),
                                     DB_TEXT(str_of(row->region)),
                                     DB_TEXT(str_of(row->lab)),
                                     DB_TEXT(str_of(row->learner)),
                                     DB_TEXT(str_of(row->step)),
                                     DB_TEXT(str_of(row->run)),
                                     DB_INT(row->at_ms),
                                     DB_INT(row->ref),
                                     DB_TEXT(str_of(row->operation)),
                                     DB_TEXT(str_of(row->target)),
                                     DB_TEXT(str_of(row->state)),
                                     DB_TEXT(str_of(row->body)),
                                     DB_TEXT(str_of(hash))};
    const struct db_value last[] = {DB_INT(head.seq), DB_TEXT(str_of(hash))};

    if (!db_run(db, "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", entry, ARRAY_LEN(entry),
                err) ||
        !db_run(db, "UPDATE head SET seq = ?, hash = ? WHERE one = 1", last, ARRAY_LEN(last), err))
        return false;
    if (seq)
        *seq = head.seq;
    return true;
}

bool chain_append(struct db *db, const struct chain_row *row, int64_t *seq, struct error *err)
{
    if (!db_script(db, "BEGIN IMMEDIATE", err))
        return false;
    if (!append(db, row, seq, err) || !db_script(db, "COMMIT", err)) {
        roll_back(db);
        return false;
    }
    return true;
}

bool chain_length(struct db *db, int64_t *seq, struct error *err)
{
    struct head head;

    if (!get_head(db, &head, err))
        return chain_advise(err);
    *seq = head.seq;
    return true;
}

bool chain_lost(int64_t seq, int64_t noted, struct error *err)
{
    CLEANUP(buf_release) struct buf what = {0};

    buf_printf(&what, "its last rows are missing: %lld of %lld are there", (long long)seq, (long long)noted);
    return damaged(err, buf_text(&what));
}
