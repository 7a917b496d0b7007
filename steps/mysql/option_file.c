#include "steps/mysql/option_file.h"

#include "aws/common/buf.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT_BYTES = 64 * 1024, VALUE_LIMIT_BYTES = 4096 };

/* --- one value --- */

/* A comment begins at a "#" outside quotes, in the middle of a line too. */
static struct str without_comment(struct str value)
{
    char quote = '\0';
    bool escaped = false;

    for (size_t i = 0; i < value.len; i++) {
        char ch = value.data[i];
        if ((ch == '\'' || ch == '"') && !escaped)
            quote = quote == '\0' ? ch : quote == ch ? '\0' : quote;
        if (quote == '\0' && ch == '#')
            return str_slice(value, 0, i);
        escaped = quote != '\0' && ch == '\\' && !escaped;
    }
    return value;
}

static struct str without_quotes(struct str value)
{
    bool quoted = value.len > 1 && (value.data[0] == '\'' || value.data[0] == '"') &&
                  value.data[0] == value.data[value.len - 1];

    return quoted ? str_slice(value, 1, value.len - 2) : value;
}

/* What follows a backslash; another character keeps it. */
static void unescape(struct str value, struct buf *out)
{
    static const char from[] = "ntrbs\"'\\", to[] = "\n\t\r\b \"'\\";

    for (size_t i = 0; i < value.len; i++) {
        const char *at = value.data[i] == '\\' && i + 1 < value.len && value.data[i + 1]
                             ? strchr(from, value.data[i + 1])
                             : NULL;
        if (at)
            i++;
        buf_addc(out, at ? to[at - from] : value.data[i]);
    }
}

/* --- options --- */

struct reading {
    struct mysql_login *out;
    const char *path;
    size_t line;
};

static bool wrong(const struct reading *r, const char *what, struct error *err)
{
    return error_set(err, ERR_CONFIG, "%s:%zu: %s", r->path, r->line, what);
}

static bool take_text(const struct reading *r, struct str value, char *out, size_t size, struct error *err)
{
    if (str_empty(value) || value.len >= size || memchr(value.data, '\0', value.len))
        return wrong(r, "the value is empty or too long", err);
    memcpy(out, value.data, value.len);
    out[value.len] = '\0';
    return true;
}

static bool take_user(const struct reading *r, struct str value, struct error *err)
{
    return take_text(r, value, r->out->user, sizeof r->out->user, err);
}

static bool take_password(const struct reading *r, struct str value, struct error *err)
{
    if (str_empty(value) || value.len > VALUE_LIMIT_BYTES)
        return wrong(r, "the password is empty or too long", err);
    secret_set(&r->out->password, value);
    return true;
}

static bool take_host(const struct reading *r, struct str value, struct error *err)
{
    return take_text(r, value, r->out->host, sizeof r->out->host, err);
}

static bool take_port(const struct reading *r, struct str value, struct error *err)
{
    uint64_t port = 0;

    if (!str_to_u64(value, &port) || port == 0 || port > 65535)
        return wrong(r, "the port is none", err);
    r->out->port = (unsigned)port;
    return true;
}

static bool take_ca(const struct reading *r, struct str value, struct error *err)
{
    return take_text(r, value, r->out->ca_file, sizeof r->out->ca_file, err);
}

static const struct {
    const char *name;
    bool (*take)(const struct reading *r, struct str value, struct error *err);
} rows[] = {
    {"user", take_user}, {"password", take_password}, {"host", take_host},
    {"port", take_port}, {"ssl-ca", take_ca},
};

/* Dash and underscore are the same in a name. */
static bool is_named(struct str name, const char *option)
{
    size_t i = 0;

    while (i < name.len && option[i] && (name.data[i] == '_' ? '-' : name.data[i]) == option[i])
        i++;
    return i == name.len && option[i] == '\0';
}

static bool read_option(const struct reading *r, struct str line, struct error *err)
{
    size_t equals = str_find_char(line, '=');
    struct str name = str_trim(without_comment(str_slice(line, 0, equals)));
    CLEANUP(buf_release) struct buf value = {.limit_bytes = VALUE_LIMIT_BYTES + 1};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!is_named(name, rows[i].name))
            continue;
        if (equals == line.len)
            return wrong(r, "there is no value", err);
        unescape(without_quotes(str_trim(without_comment(str_slice(line, equals + 1, line.len)))), &value);
        return rows[i].take(r, buf_str(&value), err);
    }
    return true;
}

/* --- the file --- */

static bool read_lines(struct reading *r, struct str text, struct error *err)
{
    bool client = false;
    struct str line;

    while (str_split(&text, '\n', &line)) {
        r->line++;
        line = str_trim(line);
        if (str_empty(line) || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (line.data[0] == '!')
            return wrong(r, "other files are not included: put the options into this one", err);
        if (line.data[0] == '[') {
            size_t end = str_find_char(line, ']');
            if (end == line.len)
                return wrong(r, "a group has no \"]\"", err);
            client = str_is(str_trim(str_slice(line, 1, end - 1)), "client");
        } else if (client && !read_option(r, line, err)) {
            return false;
        }
    }
    return true;
}

static char *expand_home(const char *path)
{
    const char *home = getenv("HOME");

    return home && strncmp(path, "~/", 2) == 0 ? mem_printf("%s%s", home, path + 1) : mem_dup(path);
}

static bool is_complete(const struct mysql_login *l, const char *path, struct error *err)
{
    if (l->user[0] && l->password.len > 0)
        return true;
    return error_set(err, ERR_CONFIG, "%s: its [client] group has no %s", path,
                     l->user[0] ? "password" : "user");
}

bool mysql_option_file_parse(struct str text, const char *path, struct mysql_login *out, struct error *err)
{
    struct reading r = {.out = out, .path = path};

    *out = (struct mysql_login){0};
    if (read_lines(&r, text, err) && is_complete(out, path, err))
        return true;
    mysql_login_release(out);
    return false;
}

bool mysql_option_file_read(const char *path, struct mysql_login *out, struct error *err)
{
    CLEANUP(mem_freep) char *file = expand_home(path);
    CLEANUP(buf_release) struct buf text = {0};
    bool shared;

    *out = (struct mysql_login){0};
    if (!file_read_private(file, FILE_LIMIT_BYTES, &text, &shared, err))
        return error_wrap(err, "read the admin's option file");
    if (!mysql_option_file_parse(buf_str(&text), file, out, err))
        return false;
    if (!shared)
        return true;
    mysql_login_release(out);
    return error_set(err, ERR_CONFIG, "%s holds a password and others may read it: chmod 600 %s", file, file);
}
