/* SQL quoting: whatever is quoted is one token to a server, and reads back as
 * what it was. Input: a line of four letters (what to quote as), then the text. */
#include "steps/mysql/account.h"
#include "steps/mysql/privilege.h"
#include "tests/fuzz/fuzz.h"

/* One quoted token, read as the MySQL Reference Manual 9.1.1 and 9.2 has it: a
 * doubled quote is one, and in text, unless the mode says otherwise, a backslash
 * escapes. False unless the token ends exactly where the text ends. */
static bool unquote(struct str token, char quote, bool backslash, struct buf *out)
{
    static const char letters[] = "0'\"bnrtZ\\", bytes[] = "\0'\"\b\n\r\t\x1a\\";
    size_t i = 1;

    if (token.len < 2 || token.data[0] != quote)
        return false;
    while (i < token.len) {
        char c = token.data[i++];

        if (c == quote) {
            if (i == token.len)
                return true;
            if (token.data[i++] != quote)
                return false; /* it ended early */
        } else if (c == '\\' && backslash) {
            const char *known;

            if (i == token.len)
                return false;
            c = token.data[i++];
            known = c ? strchr(letters, c) : NULL;
            if (!known && (c == '%' || c == '_'))
                buf_addc(out, '\\');
            c = known ? bytes[known - letters] : c;
        }
        buf_addc(out, c);
    }
    return false;
}

static void quote_text(struct str text, bool no_backslash)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(buf_release) struct buf back = {0};
    struct error err;

    if (!mysql_quote_text(text, no_backslash, &quoted, &err)) {
        HOLDS(text.len > 65536 || memchr(text.data, '\0', text.len) || !str_is_utf8(text));
        return;
    }
    HOLDS(unquote(buf_str(&quoted), '\'', !no_backslash, &back));
    HOLDS(str_equal(buf_str(&back), text));
    HOLDS(str_is_utf8(buf_str(&quoted)));
}

static void quote_identifier(struct str text)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(buf_release) struct buf back = {0};
    struct error err;

    if (!mysql_quote_identifier(text, &quoted, &err))
        return;
    HOLDS(unquote(buf_str(&quoted), '`', false, &back));
    HOLDS(str_equal(buf_str(&back), text));
    HOLDS(text.len > 0 && text.len <= 192 && !memchr(text.data, '\0', text.len));
}

/* The server takes the name as a LIKE pattern: it has to match the name alone. */
static void quote_database(struct str text)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(buf_release) struct buf back = {0};
    CLEANUP(buf_release) struct buf plain = {0};
    struct error err;

    if (!mysql_quote_database(text, &quoted, &err))
        return;
    HOLDS(unquote(buf_str(&quoted), '`', false, &back));
    for (size_t i = 0; i < back.len; i++) {
        HOLDS(back.data[i] != '%' && back.data[i] != '_');
        if (back.data[i] == '\\')
            HOLDS(++i < back.len);
        buf_addc(&plain, back.data[i]);
    }
    HOLDS(str_equal(buf_str(&plain), text));
}

/* What a server would say of the grant reads back as that grant. */
static void grant_and_read(struct str scope, bool no_backslash)
{
    CLEANUP(mem_freep) char *name = mem_copy(scope);
    CLEANUP(json_freep) struct json *words = json_array(), *read = json_object();
    CLEANUP(buf_release) struct buf statement = {0};
    const struct mysql_account account = {"u'\\ser", "%"};
    struct mysql_scope parsed;
    struct error err;

    (void)json_push(words, json_string(STR("SELECT")));
    if (strlen(name) != scope.len || !mysql_scope_parse(scope, &parsed, &err) ||
        !mysql_sql_grant(&account, name, words, no_backslash, &statement, &err))
        return;
    HOLDS(mysql_grant_read(buf_str(&statement), no_backslash, read, &err));
    HOLDS(json_count(read) == 1 && strcmp(json_key(json_first(read)), name) == 0);
    HOLDS(strcmp(json_text(json_at(json_first(read), 0)), "SELECT") == 0 &&
          json_count(json_first(read)) == 1);
}

static void account(struct str text, bool no_backslash)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(buf_release) struct buf user = {0};
    struct str rest = text, first = fuzz_line(&rest);
    CLEANUP(mem_freep) char *name = mem_copy(first), *host = mem_copy(fuzz_rest(rest));
    const struct mysql_account a = {name, host};
    struct error err;
    bool found = false;

    if (!mysql_quote_account(&a, no_backslash, &quoted, &err))
        return;
    /* One '@' splits it into two tokens, each of which reads back. */
    for (size_t i = 0; i < quoted.len; i++) {
        struct str left = str_slice(buf_str(&quoted), 0, i),
                   right = str_slice(buf_str(&quoted), i + 1, quoted.len);
        CLEANUP(buf_release) struct buf at_host = {0};

        buf_reset(&user);
        if (quoted.data[i] != '@' || !unquote(left, '\'', !no_backslash, &user) ||
            !unquote(right, '\'', !no_backslash, &at_host))
            continue;
        HOLDS(!found && str_is(buf_str(&user), name) && str_is(buf_str(&at_host), host));
        found = true;
    }
    HOLDS(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_text(data, size);
    bool no_backslash = size > 0 && data[0] == 'n';
    CLEANUP(json_freep) struct json *grants = json_object();
    struct error err;

    text = str_slice(text, 1, text.len);
    quote_text(text, no_backslash);
    quote_identifier(text);
    quote_database(text);
    grant_and_read(text, no_backslash);
    account(text, no_backslash);
    (void)mysql_requires_ssl(text, no_backslash);
    if (!mysql_grant_read(text, no_backslash, grants, &err))
        HOLDS(err.code == ERR_SYNTAX);
    return 0;
}
