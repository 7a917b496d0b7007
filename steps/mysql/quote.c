#include "steps/mysql/account.h"

#define IDENTIFIER_CHARS 64
#define USER_CHARS 32
#define HOST_CHARS 60
#define TEXT_BYTES 65536

/* Characters of well-formed UTF-8. */
static size_t count_chars(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.data[i] & 0xc0) != 0x80)
            count++;
    return count;
}

/* Characters above U+FFFF start with a byte from 0xf0 on. */
static bool has_supplementary(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] >= 0xf0)
            return true;
    return false;
}

/* The rules that names of all sorts share. The text itself is not repeated:
 * whoever reads the error knows what he gave, and it may be a slip of a
 * password into the wrong field. */
static bool check_name(struct str name, const char *what, size_t limit_chars, struct error *err)
{
    if (name.len == 0)
        return error_set(err, ERR_USAGE, "%s is empty", what);
    if (memchr(name.data, '\0', name.len))
        return error_set(err, ERR_USAGE, "%s holds a NUL character", what);
    if (!str_is_utf8(name))
        return error_set(err, ERR_USAGE, "%s is not valid UTF-8", what);
    /* The server's names are utf8mb3. */
    if (has_supplementary(name))
        return error_set(err, ERR_USAGE, "%s holds a character above U+FFFF", what);
    if (count_chars(name) > limit_chars)
        return error_set(err, ERR_USAGE, "%s is over %zu characters", what, limit_chars);
    return true;
}

static bool check_identifier(struct str name, struct error *err)
{
    if (!check_name(name, "identifier", IDENTIFIER_CHARS, err))
        return false;
    /* "Database, table, and column names cannot end with space characters"
     * (MySQL Reference Manual, 9.2). */
    return name.data[name.len - 1] != ' ' || error_set(err, ERR_USAGE, "identifier ends in a space");
}

static void add_identifier(struct str name, const char *escaped, struct buf *out)
{
    buf_addc(out, '`');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '`')
            buf_addc(out, '`');
        else if (strchr(escaped, name.data[i]))
            buf_addc(out, '\\');
        buf_addc(out, name.data[i]);
    }
    buf_addc(out, '`');
}

bool mysql_quote_identifier(struct str name, struct buf *out, struct error *err)
{
    if (!check_identifier(name, err))
        return false;
    add_identifier(name, "", out);
    return true;
}

bool mysql_quote_database(struct str name, struct buf *out, struct error *err)
{
    if (!check_identifier(name, err))
        return false;
    add_identifier(name, "_%\\", out);
    return true;
}

/* What a byte becomes behind a backslash; 0 when it stands for itself. */
static char escape_of(char c)
{
    static const struct {
        char byte, letter;
    } escapes[] = {{'\\', '\\'}, {'\'', '\''}, {'\n', 'n'}, {'\r', 'r'}, {'\x1a', 'Z'}};

    for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
        if (escapes[i].byte == c)
            return escapes[i].letter;
    return '\0';
}

bool mysql_quote_text(struct str text, bool no_backslash_escapes, struct buf *out, struct error *err)
{
    if (text.len > TEXT_BYTES)
        return error_set(err, ERR_USAGE, "text is over %d bytes", TEXT_BYTES);
    if (text.len > 0 && memchr(text.data, '\0', text.len))
        return error_set(err, ERR_USAGE, "text holds a NUL character");
    if (!str_is_utf8(text))
        return error_set(err, ERR_USAGE, "text is not valid UTF-8");
    buf_addc(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        char letter = no_backslash_escapes ? '\0' : escape_of(text.data[i]);

        if (letter != '\0') {
            buf_addc(out, '\\');
            buf_addc(out, letter);
            continue;
        }
        if (text.data[i] == '\'')
            buf_addc(out, '\'');
        buf_addc(out, text.data[i]);
    }
    buf_addc(out, '\'');
    return true;
}

bool mysql_quote_account(const struct mysql_account *a, bool no_backslash_escapes, struct buf *out,
                         struct error *err)
{
    struct str user = str_of(a->user), host = str_of(a->host);

    if (!check_name(user, "user name", USER_CHARS, err) ||
        !check_name(host, "host of the user", HOST_CHARS, err) ||
        !mysql_quote_text(user, no_backslash_escapes, out, err))
        return false;
    buf_addc(out, '@');
    return mysql_quote_text(host, no_backslash_escapes, out, err);
}
