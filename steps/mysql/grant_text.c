#include "steps/mysql/privilege.h"

/* Index behind the quoted run that starts at i. A doubled quote stays inside;
 * a backslash escapes in text quotes unless the mode says otherwise. */
static size_t skip_quoted(struct str s, size_t i, bool no_backslash_escapes)
{
    char quote = s.data[i++];

    for (; i < s.len; i++) {
        bool doubled = s.data[i] == quote && i + 1 < s.len && s.data[i + 1] == quote;
        bool escaped = s.data[i] == '\\' && quote != '`' && !no_backslash_escapes;

        if (doubled || escaped)
            i++;
        else if (s.data[i] == quote)
            return i + 1;
    }
    return s.len;
}

/* Index of `part` outside quotes and parentheses, or s.len. */
static size_t find_bare(struct str s, struct str part, bool no_backslash_escapes)
{
    size_t depth = 0, i = 0;

    while (i < s.len) {
        if (s.data[i] == '`' || s.data[i] == '\'' || s.data[i] == '"') {
            i = skip_quoted(s, i, no_backslash_escapes);
            continue;
        }
        if (depth == 0 && str_starts(str_slice(s, i, s.len), part))
            return i;
        if (s.data[i] == '(')
            depth++;
        else if (s.data[i] == ')' && depth > 0)
            depth--;
        i++;
    }
    return s.len;
}

bool mysql_requires_ssl(struct str create_user, bool no_backslash_escapes)
{
    static const char *const words[] = {"SSL", "X509", "SUBJECT", "ISSUER", "CIPHER"};
    const struct str require = STR(" REQUIRE ");
    size_t at = find_bare(create_user, require, no_backslash_escapes);
    struct str rest = str_slice(create_user, at + require.len, create_user.len);
    struct str word = str_slice(rest, 0, str_find_char(rest, ' '));

    for (size_t i = 0; at < create_user.len && i < ARRAY_LEN(words); i++)
        if (str_is(word, words[i]))
            return true;
    return false;
}

bool mysql_is_locked(struct str create_user, bool no_backslash_escapes)
{
    /* DEFAULT, NEVER or INTERVAL behind it is a term, not the end. */
    static const char *const terms[] = {" DEFAULT", " NEVER", " INTERVAL"};
    const struct str expire = STR(" PASSWORD EXPIRE");
    size_t at = find_bare(create_user, expire, no_backslash_escapes);
    struct str rest = str_slice(create_user, at + expire.len, create_user.len);
    bool expired = at < create_user.len;

    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        expired = expired && !str_starts(rest, str_of(terms[i]));
    return expired || find_bare(create_user, STR(" ACCOUNT LOCK"), no_backslash_escapes) < create_user.len;
}

/* One name in quotes (or bare up to a dot), taken off the front of *s. With
 * wildcards, a backslash is the escape that a database's name carries. */
static bool take_name(struct str *s, struct buf *name)
{
    size_t end;
    char quote;

    if (s->len == 0)
        return false;
    quote = s->data[0];
    if (quote != '`' && quote != '"') {
        end = str_find_char(*s, '.');
        buf_add(name, str_slice(*s, 0, end));
        *s = str_slice(*s, end, s->len);
        return end > 0;
    }
    end = skip_quoted(*s, 0, true);
    if (end < 2 || s->data[end - 1] != quote)
        return false;
    for (size_t i = 1; i + 1 < end; i++) {
        buf_addc(name, s->data[i]);
        if (s->data[i] == quote)
            i++;
    }
    *s = str_slice(*s, end, s->len);
    return true;
}

static void add_unescaped(struct str name, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '\\' && i + 1 < name.len)
            i++;
        buf_addc(out, name.data[i]);
    }
}

/* "*.*", "`db`.*" or "`db`.`table`" as the plan writes it. */
static bool read_object(struct str object, struct buf *key)
{
    CLEANUP(buf_release) struct buf database = {0};
    CLEANUP(buf_release) struct buf table = {0};

    if (!take_name(&object, &database) || !str_starts(object, STR(".")))
        return false;
    object = str_slice(object, 1, object.len);
    if (str_is(object, "*")) {
        add_unescaped(buf_str(&database), key);
        buf_adds(key, ".*");
        return true;
    }
    if (!take_name(&object, &table) || object.len > 0)
        return false;
    buf_printf(key, "%s.%s", buf_text(&database), buf_text(&table));
    return true;
}

/* "SELECT" or "SELECT (`a`, `b`)", without the backticks. */
static bool read_word(struct str text, struct buf *word)
{
    size_t paren = str_find_char(text, '(');

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (i < paren && !(c >= 'A' && c <= 'Z') && c != '_' && c != ' ')
            return false;
        if (c != '`')
            buf_addc(word, c);
    }
    return word->len > 0;
}

/* Into its place in the sorted list of the scope. */
static void insert_word(struct json *grants, const char *key, struct str word)
{
    struct json *sorted = json_array();
    bool placed = false;

    for (const struct json *e = json_first(json_get(grants, key)); e; e = json_next(e)) {
        int order = str_compare(word, json_str(e));

        if (!placed && order <= 0) {
            (void)json_push(sorted, json_string(word));
            placed = true;
        }
        if (order != 0)
            (void)json_push(sorted, json_copy(e));
    }
    if (!placed)
        (void)json_push(sorted, json_string(word));
    (void)json_put(grants, key, sorted);
}

static bool read_list(struct str list, const char *key, struct json *grants)
{
    for (;;) {
        CLEANUP(buf_release) struct buf word = {0};
        size_t end = find_bare(list, STR(","), true);

        if (!read_word(str_trim(str_slice(list, 0, end)), &word))
            return false;
        if (!str_is(buf_str(&word), "USAGE")) /* "no privileges" */
            insert_word(grants, key, buf_str(&word));
        if (end == list.len)
            return true;
        list = str_slice(list, end + 1, list.len);
    }
}

bool mysql_grant_read(struct str row, bool no_backslash_escapes, struct json *grants, struct error *err)
{
    CLEANUP(buf_release) struct buf key = {0};
    struct str rest, list, object, tail;
    size_t on, to;

    /* What takes away from a global grant (partial revokes) or names a role
     * says nothing about a scope of a plan. */
    if (str_starts(row, STR("REVOKE ")) || str_starts(row, STR("SET DEFAULT ROLE ")))
        return true;
    if (!str_starts(row, STR("GRANT ")))
        return error_set(err, ERR_SYNTAX, "a row of SHOW GRANTS does not start with GRANT");
    rest = str_slice(row, strlen("GRANT "), row.len);
    on = find_bare(rest, STR(" ON "), no_backslash_escapes);
    to = find_bare(rest, STR(" TO "), no_backslash_escapes);
    if (to == rest.len)
        return error_set(err, ERR_SYNTAX, "a row of SHOW GRANTS names no account");
    if (on > to)
        return true; /* GRANT role TO account */
    list = str_slice(rest, 0, on);
    object = str_slice(rest, on + 4, to - on - 4);
    tail = str_slice(rest, to, rest.len);
    if (str_is(list, "PROXY") || str_starts(object, STR("PROCEDURE ")) ||
        str_starts(object, STR("FUNCTION ")) || str_starts(object, STR("PACKAGE ")))
        return true;
    if (!read_object(object, &key) || !read_list(list, buf_text(&key), grants))
        return error_set(err, ERR_SYNTAX, "a row of SHOW GRANTS cannot be understood");
    if (find_bare(tail, STR(" WITH GRANT OPTION"), no_backslash_escapes) < tail.len)
        insert_word(grants, buf_text(&key), STR("GRANT OPTION"));
    return true;
}

bool mysql_grant_is_other(struct str row, bool no_backslash_escapes)
{
    static const char *const objects[] = {"PROCEDURE ", "FUNCTION ", "PACKAGE "};
    struct str rest = str_slice(row, strlen("GRANT "), row.len);
    size_t on = find_bare(rest, STR(" ON "), no_backslash_escapes);
    size_t to = find_bare(rest, STR(" TO "), no_backslash_escapes);

    if (!str_starts(row, STR("GRANT ")))
        return false;
    if (on > to || str_is(str_slice(rest, 0, on), "PROXY"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        if (str_starts(str_slice(rest, on + strlen(" ON "), to), str_of(objects[i])))
            return true;
    return false;
}
