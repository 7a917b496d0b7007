/* Fields that are secret by their name, in the forms they are written in:
 * `Name: value`, `"Name": "value"` (also inside a JSON string), `Name=value`
 * and <Name>value</Name>. */
#include "aws/common/redact.h"
#include "aws/common/redact_match.h"

enum { NAME_BYTES = 64 };

/* Lower case, without '-' and '_'. */
static const struct {
    const char *name;
    bool as_ending;
} secret_names[] = {
    {"authorization", true}, /* and Proxy-Authorization */
    {"securitytoken", true}, /* X-Amz-Security-Token */
    {"secretstring", false},
    {"secretbinary", false},
    {"password", true}, /* MasterUserPassword, admin_password */
    {"passwd", true},
    {"passphrase", true},
    {"mysqlpwd", false},
    {"dbpass", false},
    {"secretaccesskey", true}, /* also aws_secret_access_key */
    {"secretkey", true},
    {"sessiontoken", true},
    {"xawsec2metadatatoken", false},
    {"accesstoken", true},
    {"refreshtoken", true},
    {"clientsecret", true},
    {"privatekey", true},
};

/* End like one, but name an operation: what follows is its outcome. */
static const char *const operations[] = {"getrandompassword", "changepassword"};

bool redact_field(struct str name)
{
    char plain[NAME_BYTES];
    size_t len = 0;
    struct str key;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (c == '-' || c == '_')
            continue;
        if (len == sizeof(plain))
            return false;
        plain[len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    key = (struct str){plain, len};
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        if (str_is(key, operations[i]))
            return false;
    for (size_t i = 0; i < ARRAY_LEN(secret_names); i++) {
        struct str known = str_of(secret_names[i].name);

        if (secret_names[i].as_ending ? str_ends(key, known) : str_equal(key, known))
            return true;
    }
    return false;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static char at(struct str text, size_t i)
{
    return i < text.len ? text.data[i] : '\0';
}

static size_t skip(struct str text, size_t i, char c)
{
    while (at(text, i) == c && i < text.len)
        i++;
    return i;
}

static size_t skip_blanks(struct str text, size_t i)
{
    while (at(text, i) == ' ' || at(text, i) == '\t')
        i++;
    return i;
}

/* Up to the first of the given bytes, or a line's end. */
static size_t until(struct str text, size_t i, const char *stops)
{
    while (i < text.len && text.data[i] != '\n' && text.data[i] != '\r' &&
           (text.data[i] == '\0' || !strchr(stops, text.data[i])))
        i++;
    return i;
}

/* The closing quote of a string that was opened behind `level` backslashes.
 * A quote inside it stands behind more of them: behind n closing levels of
 * escaping, each backslash of the value is 2(level+1) of them. */
static size_t closing_quote(struct str text, size_t i, char quote, size_t level)
{
    size_t run = 0;

    for (; i < text.len; i++) {
        if (text.data[i] == '\\') {
            run++;
            continue;
        }
        if (text.data[i] == quote && run >= level && (run - level) % (2 * (level + 1)) == 0)
            return i - level;
        run = 0;
    }
    return text.len;
}

/* Behind the name: a quote that closes it, blanks, a separator. The value of
 * what follows; empty when the name names nothing here. */
static struct span value_span(struct str text, size_t name_start, size_t name_end, bool in_string)
{
    size_t i = skip(text, name_end, '\\'), start, level;
    bool named_in_quotes = at(text, i) == '"' || at(text, i) == '\'';
    const struct span none = {name_end, name_end};
    char separator;

    if (name_start > 0 && text.data[name_start - 1] == '<' && at(text, name_end) == '>')
        return (struct span){name_end + 1,
                             name_end + 1 + str_find_char(str_slice(text, name_end + 1, text.len), '<')};
    i = skip_blanks(text, named_in_quotes ? i + 1 : name_end);
    separator = at(text, i);
    if (separator != ':' && separator != '=')
        return none;
    start = skip_blanks(text, i + 1);
    /* A Python bytes literal, as boto3's log shows header values. */
    if (at(text, start) == 'b' && at(text, start + 1) == '\'')
        start++;
    i = skip(text, start, '\\');
    level = i - start;
    if (at(text, i) == '"' || at(text, i) == '\'')
        return (struct span){i + 1, closing_quote(text, i + 1, text.data[i], level)};
    if (named_in_quotes)
        /* A structure is looked into instead: its own fields have names. */
        return at(text, start) == '{' || at(text, start) == '['
                   ? none
                   : (struct span){start, until(text, start, ",}] ")};
    if (separator == '=')
        return (struct span){start, until(text, start, "& \t\"';,<>")};
    return (struct span){start, until(text, start, in_string ? "\"" : "")};
}

/* "step old-password: refused" tells how a step of that name ended. */
static bool names_step(struct str text, size_t name_start)
{
    return str_ends(str_slice(text, 0, name_start), STR("step "));
}

struct span redact_next_field(struct str text, struct redact_fields *state)
{
    size_t i = state->at;

    while (i < text.len) {
        size_t start = i;
        struct span value;

        if (text.data[i] == '\n')
            state->in_string = false;
        else if (text.data[i] == '"' && (i == 0 || text.data[i - 1] != '\\'))
            state->in_string = !state->in_string;
        if (!name_char(text.data[i])) {
            i++;
            continue;
        }
        while (i < text.len && name_char(text.data[i]))
            i++;
        if (!redact_field(str_slice(text, start, i - start)) || names_step(text, start))
            continue;
        value = value_span(text, start, i, state->in_string);
        if (value.end <= value.start)
            continue;
        if (value.start > i && text.data[value.start - 1] == '"' && text.data[value.start - 2] != '\\')
            /* Inside the value's own quotes: the one behind it closes them. */
            state->in_string = true;
        state->at = value.end;
        return value;
    }
    state->at = i;
    return (struct span){text.len, text.len};
}
