/* Accounts and grants as SQL text, through one quoting function, and what the
 * server says about them. Facts 11.2: statements valid on 5.7, 8.0, 8.4 and
 * MariaDB. */
#ifndef STEPS_MYSQL_ACCOUNT_H
#define STEPS_MYSQL_ACCOUNT_H

#include "aws/common/json.h"
#include "steps/mysql/session.h"

struct mysql_account {
    const char *user; /* 1 to 32 characters */
    const char *host; /* "%", at most 60 */
};

/** `name` in backticks, doubled inside; ERR_USAGE over 64 characters or NUL. */
MUST_USE bool mysql_quote_identifier(struct str name, struct buf *out, struct error *err);
/** The same for GRANT … ON `name`.*, where the server takes _ and % as wildcards
 * and a backslash as their escape: all three are escaped. */
MUST_USE bool mysql_quote_database(struct str name, struct buf *out, struct error *err);
/** 'text' with escapes valid for the mode; ERR_USAGE for NUL or bad UTF-8. */
MUST_USE bool mysql_quote_text(struct str text, bool no_backslash_escapes, struct buf *out,
                               struct error *err);
/** 'user'@'host' */
MUST_USE bool mysql_quote_account(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                                  struct error *err);

/* The statements of mysql.user, each appended as one statement. The buffers of
 * those with a password hold a secret: release them soon. After a failure a
 * buffer may hold a piece of a statement. An empty password is ERR_USAGE. */
MUST_USE bool mysql_sql_create_user(const struct mysql_account *a, struct str password, bool require_ssl,
                                    bool no_backslash_escapes, struct buf *out, struct error *err);
MUST_USE bool mysql_sql_set_password(const struct mysql_account *a, struct str password,
                                     bool no_backslash_escapes, struct buf *out,
                                     struct error *err); /* ALTER USER … IDENTIFIED BY */
MUST_USE bool mysql_sql_require_ssl(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                                    struct error *err); /* ALTER USER … REQUIRE SSL */
MUST_USE bool mysql_sql_drop_user(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                                  struct error *err); /* DROP USER IF EXISTS */
/** GRANT p1, p2 ON `db`.* TO …; wildcards in the database name escaped.
 * scope is "mylab.*", "mylab.table" or "*.*"; privileges a JSON array of the
 * words MySQL knows (table inside; ERR_PLAN for another). */
MUST_USE bool mysql_sql_grant(const struct mysql_account *a, const char *scope, const struct json *privileges,
                              bool no_backslash_escapes, struct buf *out, struct error *err);
MUST_USE bool mysql_sql_revoke(const struct mysql_account *a, const char *scope,
                               const struct json *privileges, bool no_backslash_escapes, struct buf *out,
                               struct error *err);

/* What the server knows of an account. */
struct mysql_account_state {
    bool exists;
    bool requires_ssl;   /* SSL or stronger */
    bool locked;         /* or its password has expired */
    size_t other_grants; /* roles, PROXY and routines */
    struct json *grants; /* {"mylab.*": ["CREATE", …sorted]}, USAGE left out */
};
void mysql_account_state_release(struct mysql_account_state *s);
/** From SHOW CREATE USER and SHOW GRANTS, so that no rights on the mysql
 * schema are needed beyond those; absence is an answer. */
MUST_USE bool mysql_account_look(struct mysql_session *s, const struct mysql_account *a,
                                 struct mysql_account_state *out, struct error *err);

/** Sessions of this account are ended (KILL), for a clean drop. */
MUST_USE bool mysql_account_disconnect(struct mysql_session *s, const struct mysql_account *a,
                                       struct error *err);

#endif
