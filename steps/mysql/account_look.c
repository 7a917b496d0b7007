#include "steps/mysql/account.h"
#include "steps/mysql/privilege.h"

#define ER_KILL_DENIED 1095
#define ER_NO_SUCH_THREAD 1094
#define ER_PRIVILEGE_MISSING 1227

/* What servers answer about an account that is not there: MariaDB to SHOW
 * CREATE USER, MySQL to it, both to SHOW GRANTS. */
static const int absent_errors[] = {1133, 1396, 1141};

void mysql_account_state_release(struct mysql_account_state *s)
{
    json_free(s->grants);
    *s = (struct mysql_account_state){0};
}

static bool is_absent(const struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(absent_errors); i++)
        if (err->code == ERR_SQL && err->os_errno == absent_errors[i])
            return true;
    return false;
}

/* Runs "VERB 'user'@'host'"; *absent instead of an error. */
static bool ask(struct mysql_session *s, const char *verb, const struct mysql_account *a,
                struct mysql_rows *rows, bool *absent, struct error *err)
{
    CLEANUP(buf_release) struct buf sql = {0};

    *absent = false;
    buf_adds(&sql, verb);
    if (!mysql_quote_account(a, mysql_no_backslash_escapes(s), &sql, err))
        return false;
    if (mysql_run(s, buf_str(&sql), rows, err))
        return true;
    *absent = is_absent(err);
    return *absent || error_wrap(err, "%s", verb);
}

bool mysql_account_look(struct mysql_session *s, const struct mysql_account *a,
                        struct mysql_account_state *out, struct error *err)
{
    CLEANUP(mysql_rows_release) struct mysql_rows create = {0};
    CLEANUP(mysql_rows_release) struct mysql_rows grants = {0};
    CLEANUP(json_freep) struct json *list = json_object();
    bool mode = mysql_no_backslash_escapes(s);
    bool absent;

    *out = (struct mysql_account_state){0};
    if (!ask(s, "SHOW CREATE USER ", a, &create, &absent, err))
        return false;
    /* It may be dropped between the two. */
    if (!absent && !ask(s, "SHOW GRANTS FOR ", a, &grants, &absent, err))
        return false;
    if (absent)
        return true;
    if (create.count != 1 || create.columns != 1)
        return error_set(err, ERR_SYNTAX, "SHOW CREATE USER did not answer with one text");
    for (size_t i = 0; i < grants.count; i++)
        if (!mysql_grant_read(grants.cells[i * grants.columns], mode, list, err))
            return false;
    for (size_t i = 0; i < grants.count; i++)
        out->other_grants += mysql_grant_is_other(grants.cells[i * grants.columns], mode);
    out->exists = true;
    out->locked = mysql_is_locked(create.cells[0], mode);
    out->requires_ssl = mysql_requires_ssl(create.cells[0], mode);
    out->grants = list;
    list = NULL;
    return true;
}

static bool end_session(struct mysql_session *s, uint64_t id, struct error *err)
{
    CLEANUP(buf_release) struct buf sql = {0};

    buf_printf(&sql, "KILL %llu", (unsigned long long)id);
    if (mysql_run(s, buf_str(&sql), NULL, err))
        return true;
    if (err->os_errno == ER_KILL_DENIED || err->os_errno == ER_PRIVILEGE_MISSING) {
        /* RDS and Aurora keep KILL to themselves and offer this instead. */
        buf_reset(&sql);
        buf_printf(&sql, "CALL mysql.rds_kill(%llu)", (unsigned long long)id);
        if (mysql_run(s, buf_str(&sql), NULL, err))
            return true;
    }
    return err->os_errno == ER_NO_SUCH_THREAD; /* gone is gone */
}

/* The sessions of the account. Its host is a LIKE pattern; the server lists
 * "address" or "address:port". */
static bool list_sessions(const struct mysql_account *a, bool no_backslash_escapes, struct buf *sql,
                          struct error *err)
{
    CLEANUP(buf_release) struct buf host = {0};

    buf_adds(sql, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = ");
    if (!mysql_quote_text(str_of(a->user), no_backslash_escapes, sql, err) ||
        !mysql_quote_text(str_of(a->host), no_backslash_escapes, &host, err))
        return false;
    buf_printf(sql, " AND (HOST LIKE %s OR HOST LIKE CONCAT(%s, ':%%'))", buf_text(&host), buf_text(&host));
    return true;
}

bool mysql_account_disconnect(struct mysql_session *s, const struct mysql_account *a, struct error *err)
{
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    CLEANUP(buf_release) struct buf sql = {0};
    CLEANUP(buf_release) struct buf checked = {0};
    bool mode = mysql_no_backslash_escapes(s);

    if (!mysql_quote_account(a, mode, &checked, err) || !list_sessions(a, mode, &sql, err))
        return false;
    if (!mysql_run(s, buf_str(&sql), &rows, err))
        return error_wrap(err, "list the sessions of %s", a->user);
    for (size_t i = 0; i < rows.count; i++) {
        uint64_t id;

        if (!str_to_u64(rows.cells[i * rows.columns], &id))
            return error_set(err, ERR_SYNTAX, "a session's id is not a number");
        if (!end_session(s, id, err))
            return error_wrap(err, "end session %llu of %s", (unsigned long long)id, a->user);
    }
    return true;
}
