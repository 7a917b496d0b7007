/* SQLite, as far as the checkpoint store needs it. */
#ifndef AWS_COMMON_DB_H
#define AWS_COMMON_DB_H

#include "aws/common/error.h"
#include "aws/common/str.h"

struct db;      /* one connection; one thread at a time */
struct db_rows; /* a running statement */

struct db_value {
    bool is_int; /* else text; text with data NULL is NULL */
    int64_t number;
    struct str text;
};
#define DB_INT(n) ((struct db_value){.is_int = true, .number = (n)})
#define DB_TEXT(s) ((struct db_value){.text = (s)})

/** Opens or makes the file (0600, WAL, synchronous FULL, foreign keys on,
 * defensive, trusted_schema off, 5 s busy timeout). ERR_STORE. */
MUST_USE bool db_open(const char *path, bool read_only, struct db **out, struct error *err);
void db_close(struct db *db);
void db_closep(struct db **db);

/** One statement without a result. `?` are bound in order. */
MUST_USE bool db_run(struct db *db, const char *sql, const struct db_value *args, size_t count,
                     struct error *err);
/** Several statements without arguments. */
MUST_USE bool db_script(struct db *db, const char *sql, struct error *err);

MUST_USE bool db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
                       struct db_rows **rows, struct error *err);
/** *row false at the end. */
MUST_USE bool db_next(struct db_rows *rows, bool *row, struct error *err);
struct str db_text(struct db_rows *rows, int column); /* until the next db_next */
int64_t db_int(struct db_rows *rows, int column);
void db_done(struct db_rows *rows);
void db_donep(struct db_rows **rows);

/** PRAGMA quick_check: ERR_STORE when the file is damaged. */
MUST_USE bool db_check(struct db *db, struct error *err);

#endif
