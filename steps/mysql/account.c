#include "steps/mysql/account.h"

#include "steps/mysql/privilege.h"

/* "VERB 'user'@'host'"; what follows is the caller's. */
static bool begin(const char *verb, const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                  struct error *err)
{
    buf_adds(out, verb);
    buf_addc(out, ' ');
    return mysql_quote_account(a, no_backslash_escapes, out, err);
}

static bool add_password(struct str password, bool no_backslash_escapes, struct buf *out, struct error *err)
{
    /* An account without a password is open to everybody. */
    if (password.len == 0)
        return error_set(err, ERR_USAGE, "the password is empty");
    buf_adds(out, " IDENTIFIED BY ");
    return mysql_quote_text(password, no_backslash_escapes, out, err) || error_wrap(err, "password");
}

bool mysql_sql_create_user(const struct mysql_account *a, struct str password, bool require_ssl,
                           bool no_backslash_escapes, struct buf *out, struct error *err)
{
    if (!begin("CREATE USER", a, no_backslash_escapes, out, err) ||
        !add_password(password, no_backslash_escapes, out, err))
        return false;
    if (require_ssl)
        buf_adds(out, " REQUIRE SSL");
    return true;
}

bool mysql_sql_set_password(const struct mysql_account *a, struct str password, bool no_backslash_escapes,
                            struct buf *out, struct error *err)
{
    return begin("ALTER USER", a, no_backslash_escapes, out, err) &&
           add_password(password, no_backslash_escapes, out, err);
}

bool mysql_sql_require_ssl(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                           struct error *err)
{
    if (!begin("ALTER USER", a, no_backslash_escapes, out, err))
        return false;
    buf_adds(out, " REQUIRE SSL");
    return true;
}

bool mysql_sql_drop_user(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                         struct error *err)
{
    return begin("DROP USER IF EXISTS", a, no_backslash_escapes, out, err);
}

static bool add_scope(const struct mysql_scope *scope, struct buf *out, struct error *err)
{
    switch (scope->level) {
    case MYSQL_LEVEL_GLOBAL:
        buf_adds(out, "*.*");
        return true;
    case MYSQL_LEVEL_DATABASE:
        if (!mysql_quote_database(scope->database, out, err))
            return error_wrap(err, "database");
        buf_adds(out, ".*");
        return true;
    case MYSQL_LEVEL_TABLE:
        /* Here _ and % are plain characters, and so would a backslash be. */
        if (!mysql_quote_identifier(scope->database, out, err))
            return error_wrap(err, "database");
        buf_addc(out, '.');
        return mysql_quote_identifier(scope->table, out, err) || error_wrap(err, "table");
    }
    return error_set(err, ERR_BUG, "no such level of grants");
}

static bool grant_or_revoke(bool grant, const struct mysql_account *a, const char *scope_text,
                            const struct json *privileges, bool no_backslash_escapes, struct buf *out,
                            struct error *err)
{
    struct mysql_scope scope;

    if (!mysql_scope_parse(str_of(scope_text), &scope, err))
        return false;
    buf_adds(out, grant ? "GRANT " : "REVOKE ");
    if (!mysql_privileges_add(privileges, scope.level, out, err))
        return error_wrap(err, "grants on %s", scope_text);
    buf_adds(out, " ON ");
    return add_scope(&scope, out, err) && begin(grant ? " TO" : " FROM", a, no_backslash_escapes, out, err);
}

bool mysql_sql_grant(const struct mysql_account *a, const char *scope, const struct json *privileges,
                     bool no_backslash_escapes, struct buf *out, struct error *err)
{
    return grant_or_revoke(true, a, scope, privileges, no_backslash_escapes, out, err);
}

bool mysql_sql_revoke(const struct mysql_account *a, const char *scope, const struct json *privileges,
                      bool no_backslash_escapes, struct buf *out, struct error *err)
{
    return grant_or_revoke(false, a, scope, privileges, no_backslash_escapes, out, err);
}
