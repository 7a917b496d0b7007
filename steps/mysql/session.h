/* A connection to a MySQL or MariaDB server. SECURITY rule 12: certificate and
 * CA verified, TLS 1.2+ enforced, restricted plugins, no local infile, no
 * default files, utf8mb4. One thread at a time. */
#ifndef STEPS_MYSQL_SESSION_H
#define STEPS_MYSQL_SESSION_H

#include "aws/common/error.h"
#include "aws/common/secret.h"

struct mysql_session;

struct mysql_target {
    const char *host;
    unsigned port; /* 3306 */
    const char *user;
    const struct secret *password; /* borrowed for the call */
    const char *database;          /* NULL: none */
    const char *ca_file;           /* PEM; required: without a CA nothing is sent */
    int timeout_ms;                /* connect, read and write; 0: 5000 */
};

/** Errors: ERR_UNREACHABLE (no answer, no TLS, wrong CA or name), ERR_DENIED
 * with remote_code "28000" (wrong user or password; also SSL required),
 * ERR_SQL with the SQLSTATE; os_errno holds the server's or client's error
 * number. Messages name host:port and user, never the password. */
MUST_USE bool mysql_open(const struct mysql_target *target, struct mysql_session **out, struct error *err);
void mysql_end(struct mysql_session *s);
void mysql_endp(struct mysql_session **s);

/* The rows of a small result, all as text. */
struct mysql_rows {
    size_t columns, count;
    struct str *cells; /* count * columns, row by row; data NULL is SQL NULL */
    char *bytes;       /* owns the cells' text */
};
void mysql_rows_release(struct mysql_rows *rows);

/** One statement. rows may be NULL when no result is expected. At most 10,000
 * rows and 4 MiB (ERR_LIMIT, and the session is good for mysql_end only). The
 * statement's text never enters an error, nor does a server's message that
 * might quote it. A missing privilege is ERR_SQL (SQLSTATE 42000). */
MUST_USE bool mysql_run(struct mysql_session *s, struct str statement, struct mysql_rows *rows,
                        struct error *err);

/** "8.0.39", "10.11.6-MariaDB" as the server says. */
const char *mysql_version(const struct mysql_session *s);
/** Negotiated cipher, never empty on an open session. */
const char *mysql_cipher(const struct mysql_session *s);
/** @@sql_mode holds NO_BACKSLASH_ESCAPES. */
bool mysql_no_backslash_escapes(const struct mysql_session *s);

#endif
