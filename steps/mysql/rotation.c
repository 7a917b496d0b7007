#include "steps/mysql/rotation.h"

#include "aws/common/json.h"
#include "steps/mysql/account.h"

#include <stdio.h>

#define DEFAULT_PORT 3306
#define TIMEOUT_MS 5000 /* as the function's connect timeout (facts 8.3) */
#define SECRET_LIMIT 65536
#define PASSWORD_LIMIT 4096

void mysql_login_release(struct mysql_login *l)
{
    secret_release(&l->password);
    *l = (struct mysql_login){0};
}

/* Members go into fixed arrays: a longer one is refused, never cut. */
static bool take_text(const struct json *secret, const char *member, char *out, size_t size,
                      struct error *err)
{
    const struct json *value = json_get(secret, member);

    if (!value)
        return error_set(err, ERR_SYNTAX, "the secret has no member \"%s\"", member);
    if (!json_is_string(value) || json_str(value).len == 0)
        return error_set(err, ERR_SYNTAX, "\"%s\" of the secret is not a text", member);
    if (json_str(value).len >= size)
        return error_set(err, ERR_SYNTAX, "\"%s\" of the secret is over %zu bytes", member, size - 1);
    (void)snprintf(out, size, "%s", json_text(value));
    return true;
}

/* The function wants an engine. A cluster's own admin secret may hold only
 * user and password (facts 12), and then the caller knows the host. */
static bool check_engine(const struct json *secret, bool required, struct error *err)
{
    char engine[64];

    if (!required && !json_get(secret, "engine"))
        return true;
    if (!take_text(secret, "engine", engine, sizeof engine, err))
        return false;
    if (strcmp(engine, "mysql") != 0 && strcmp(engine, "aurora-mysql") != 0)
        return error_set(err, ERR_SYNTAX, "\"engine\" of the secret is %s, not mysql", engine);
    return true;
}

/* The console writes a number, other tools a text. */
static bool take_port(const struct json *port, unsigned *out, struct error *err)
{
    uint64_t n = 0;

    if (!port)
        n = DEFAULT_PORT;
    else if (json_is_number(port))
        n = (uint64_t)json_int(port, 0);
    else if (!str_to_u64(json_str(port), &n)) /* "" unless a text */
        n = 0;
    if (n == 0 || n > 65535)
        return error_set(err, ERR_SYNTAX, "\"port\" of the secret is not a port");
    *out = (unsigned)n;
    return true;
}

/* Absent, null and "" all say: no database. */
static bool no_text(const struct json *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && json_str(value).len == 0);
}

static bool read_members(const struct json *secret, const char *fallback_host, struct mysql_login *out,
                         struct error *err)
{
    const struct json *password = json_get(secret, "password");

    if (!json_is_object(secret))
        return error_set(err, ERR_SYNTAX, "the secret is not a JSON object");
    if (!check_engine(secret, !fallback_host, err))
        return false;
    if (fallback_host && !json_get(secret, "host")) {
        if (strlen(fallback_host) >= sizeof out->host)
            return error_set(err, ERR_USAGE, "the host is over %zu bytes", sizeof out->host - 1);
        (void)snprintf(out->host, sizeof out->host, "%s", fallback_host);
    } else if (!take_text(secret, "host", out->host, sizeof out->host, err)) {
        return false;
    }
    if (!take_text(secret, "username", out->user, sizeof out->user, err) ||
        !take_port(json_get(secret, "port"), &out->port, err))
        return false;
    if (!password)
        return error_set(err, ERR_SYNTAX, "the secret has no member \"password\"");
    if (!json_is_string(password) || json_str(password).len == 0 || json_str(password).len > PASSWORD_LIMIT)
        return error_set(err, ERR_SYNTAX, "\"password\" of the secret is not a text");
    secret_set(&out->password, json_str(password));
    return no_text(json_get(secret, "dbname")) ||
           take_text(secret, "dbname", out->database, sizeof out->database, err);
}

bool mysql_login_parse(struct str secret_string, const char *fallback_host, struct mysql_login *out,
                       struct error *err)
{
    const struct json_limits limits = {.unique_keys = true};
    CLEANUP(json_freep) struct json *secret = NULL;
    struct error reason = {0};

    *out = (struct mysql_login){0};
    if (secret_string.len > SECRET_LIMIT)
        return error_set(err, ERR_LIMIT, "the secret is over %d bytes", SECRET_LIMIT);
    /* Not the parser's words: they may quote the secret. */
    if (!json_parse(secret_string, &limits, &secret, &reason))
        return error_set(err, ERR_SYNTAX, "the secret is not JSON");
    if (read_members(secret, fallback_host, out, err))
        return true;
    mysql_login_release(out);
    return false;
}

/* Without the database: its grants are no part of a password's test, and the
 * function needs no privilege beyond USAGE. */
static bool login(const struct mysql_login *l, const char *ca_file, struct mysql_session **s,
                  struct error *err)
{
    const struct mysql_target target = {.host = l->host,
                                        .port = l->port,
                                        .user = l->user,
                                        .password = &l->password,
                                        .ca_file = ca_file,
                                        .timeout_ms = TIMEOUT_MS};

    return mysql_open(&target, s, err);
}

bool mysql_login_test(const struct mysql_login *l, const char *ca_file, struct error *err)
{
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};

    return login(l, ca_file, &s, err) && mysql_run(s, STR("SELECT NOW()"), &rows, err);
}

/* MySQL 8 has removed PASSWORD(); MySQL 5.7 and MariaDB want it: there a text
 * is taken for a hash. */
static bool takes_plain_text(const char *version)
{
    return !strstr(version, "MariaDB") && version[0] >= '8' && version[0] <= '9';
}

bool mysql_login_set_password(const struct mysql_login *l, const struct secret *new_password,
                              const char *ca_file, struct error *err)
{
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;
    CLEANUP(buf_release) struct buf sql = {0};
    bool plain;

    if (new_password->len == 0)
        return error_set(err, ERR_USAGE, "the new password is empty");
    if (!login(l, ca_file, &s, err))
        return false;
    plain = takes_plain_text(mysql_version(s));
    buf_adds(&sql, plain ? "SET PASSWORD = " : "SET PASSWORD = PASSWORD(");
    if (!mysql_quote_text(secret_str(new_password), mysql_no_backslash_escapes(s), &sql, err))
        return error_wrap(err, "new password");
    buf_adds(&sql, plain ? "" : ")");
    return mysql_run(s, buf_str(&sql), NULL, err) || error_wrap(err, "set the password");
}
