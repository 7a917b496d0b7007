/* The privilege words of MySQL 5.7, 8 and MariaDB that a plan may grant, the
 * scopes they are granted on, and the texts in which a server reports them.
 * Pure text: no connection. */
#ifndef STEPS_MYSQL_PRIVILEGE_H
#define STEPS_MYSQL_PRIVILEGE_H

#include "aws/common/json.h"

enum mysql_level { MYSQL_LEVEL_GLOBAL = 1, MYSQL_LEVEL_DATABASE = 2, MYSQL_LEVEL_TABLE = 4 };

/* Borrowed from the text it was read from. */
struct mysql_scope {
    enum mysql_level level;
    struct str database, table;
};

/** "*.*", "mylab.*" or "mylab.table" (then neither name holds a dot).
 * ERR_PLAN. */
MUST_USE bool mysql_scope_parse(struct str text, struct mysql_scope *out, struct error *err);

/** "CREATE, INSERT" in the order given, in upper case. ERR_PLAN for an unknown
 * word, one that does not exist at this level, a duplicate, ALL beside others
 * or an empty list. */
MUST_USE bool mysql_privileges_add(const struct json *privileges, enum mysql_level level, struct buf *out,
                                   struct error *err);

/** Whether the text of SHOW CREATE USER requires TLS: SSL, X509, or a
 * certificate's subject, issuer or cipher. Quoted parts are skipped. */
bool mysql_requires_ssl(struct str create_user, bool no_backslash_escapes);

/** Whether it says ACCOUNT LOCK, or PASSWORD EXPIRE without a term. */
bool mysql_is_locked(struct str create_user, bool no_backslash_escapes);

/** Whether a row of SHOW GRANTS gives what mysql_grant_read leaves out: a role,
 * PROXY, a routine. */
bool mysql_grant_is_other(struct str row, bool no_backslash_escapes);

/** Adds what one row of SHOW GRANTS gives to `grants`: {"mylab.*": ["CREATE"]},
 * a list sorted and without duplicates. USAGE, roles, PROXY and routines are
 * left out; column lists stay with their word: "SELECT (a, b)". WITH GRANT
 * OPTION is the word "GRANT OPTION". ERR_SYNTAX for anything else. */
MUST_USE bool mysql_grant_read(struct str row, bool no_backslash_escapes, struct json *grants,
                               struct error *err);

#endif
