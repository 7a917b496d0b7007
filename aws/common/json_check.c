/* The strict scanner in front of cJSON. Keeps no tree: one pass, one bit of
 * state for each open bracket. */
#include "aws/common/json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_DEPTH = 32,
    HIGHEST_DEPTH = 1024,
    NUMBER_BYTES = 63, /* cJSON copies a number into 64 bytes and cuts the rest */
};

struct scan {
    const unsigned char *text;
    size_t at, len;
    size_t depth;
    size_t highest_depth;
    bool for_parse;
    struct error *err;
};

static bool refuse(struct scan *s, const char *what)
{
    return error_set(s->err, ERR_SYNTAX, "JSON: %s at byte %zu", what, s->at);
}

static int peek(const struct scan *s)
{
    return s->at < s->len ? s->text[s->at] : -1;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->len && (s->text[s->at] == ' ' || s->text[s->at] == '\n' || s->text[s->at] == '\t' ||
                              s->text[s->at] == '\r'))
        s->at++;
}

static bool scan_hex4(struct scan *s, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int c = peek(s);

        if (c >= '0' && c <= '9')
            *unit = *unit << 4 | (unsigned)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            *unit = *unit << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return refuse(s, "a \\u escape wants four hex digits");
    }
    return true;
}

/* At the character behind a backslash. */
static bool scan_escape(struct scan *s)
{
    unsigned unit, low;
    int c = peek(s);

    if (c <= 0 || !strchr("\"\\/bfnrtu", c))
        return refuse(s, "unknown escape");
    s->at++;
    if (c != 'u')
        return true;
    if (!scan_hex4(s, &unit))
        return false;
    if (s->for_parse && unit == 0)
        return refuse(s, "\\u0000 in text");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return refuse(s, "half of a surrogate pair");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (s->len - s->at < 6 || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
        return refuse(s, "half of a surrogate pair");
    s->at += 2;
    if (!scan_hex4(s, &low))
        return false;
    return (low >= 0xdc00 && low <= 0xdfff) || refuse(s, "half of a surrogate pair");
}

/* Text up to a byte that means something or may not be there. */
static bool scan_plain(struct scan *s)
{
    while (s->at < s->len) {
        unsigned char c = s->text[s->at];
        size_t run = s->at;

        if (c < 0x20 || c == '"' || c == '\\')
            return true;
        if (c < 0x80) {
            s->at++;
            continue;
        }
        while (run < s->len && s->text[run] >= 0x80)
            run++;
        run -= s->at;
        if (str_utf8_prefix((struct str){(const char *)s->text + s->at, run}) != run)
            return refuse(s, "ill-formed UTF-8");
        s->at += run;
    }
    return true;
}

static bool scan_string(struct scan *s)
{
    s->at++;
    for (;;) {
        int c;

        if (!scan_plain(s))
            return false;
        c = peek(s);
        if (c < 0)
            return refuse(s, "unterminated string");
        if (c < 0x20)
            return refuse(s, "raw control character in a string");
        s->at++;
        if (c == '"')
            return true;
        if (!scan_escape(s))
            return false;
    }
}

static bool scan_digits(struct scan *s)
{
    size_t from = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > from || refuse(s, "digit expected");
}

static bool in_range(struct scan *s, size_t from)
{
    char copy[NUMBER_BYTES + 1] = {0};

    if (s->at - from > NUMBER_BYTES)
        return error_set(s->err, ERR_LIMIT, "JSON: number longer than %d characters at byte %zu",
                         NUMBER_BYTES, from);
    memcpy(copy, s->text + from, s->at - from);
    return isfinite(strtod(copy, NULL)) || refuse(s, "number out of range");
}

static bool scan_number(struct scan *s)
{
    size_t from = s->at;
    bool exponent;

    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (!scan_digits(s))
        return false;
    if (peek(s) == '.') {
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    exponent = peek(s) == 'e' || peek(s) == 'E';
    if (exponent) {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (s->for_parse && (exponent || s->at - from > NUMBER_BYTES))
        return in_range(s, from);
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
        return refuse(s, "value expected");
    s->at += len;
    return true;
}

static bool scan_scalar(struct scan *s)
{
    switch (peek(s)) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case -1:
        return refuse(s, "value expected, but the text ends");
    default:
        return scan_number(s);
    }
}

static bool scan_key(struct scan *s)
{
    skip_space(s);
    if (peek(s) != '"')
        return refuse(s, "name in quotes expected");
    if (!scan_string(s))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return refuse(s, "':' expected");
    s->at++;
    return true;
}

/* Opens a bracket. *empty when it closed at once. */
static bool open_bracket(struct scan *s, bool object, bool *empty)
{
    s->at++;
    skip_space(s);
    *empty = peek(s) == (object ? '}' : ']');
    if (s->depth >= s->highest_depth)
        return error_set(s->err, ERR_LIMIT, "JSON: nested deeper than %zu at byte %zu", s->highest_depth,
                         s->at - 1);
    if (*empty) {
        s->at++;
        return true;
    }
    s->depth++;
    return !object || scan_key(s);
}

/* After a value: commas and closing brackets, up to where the next value
 * starts or the outermost one has ended. */
static bool after_value(struct scan *s, const bool *objects)
{
    while (s->depth > 0) {
        bool object = objects[s->depth - 1];

        skip_space(s);
        if (peek(s) == ',') {
            s->at++;
            return !object || scan_key(s);
        }
        if (peek(s) != (object ? '}' : ']'))
            return refuse(s, object ? "',' or '}' expected" : "',' or ']' expected");
        s->at++;
        s->depth--;
    }
    return true;
}

bool json_scan(struct str text, const struct json_limits *limits, bool for_parse, struct error *err)
{
    bool objects[HIGHEST_DEPTH]; /* for each open bracket: is it an object */
    struct scan s = {
        .text = (const unsigned char *)text.data, .len = text.len, .for_parse = for_parse, .err = err};

    s.highest_depth = limits && limits->depth ? limits->depth : DEFAULT_DEPTH;
    if (s.highest_depth > HIGHEST_DEPTH)
        s.highest_depth = HIGHEST_DEPTH;
    do {
        int c;

        skip_space(&s);
        c = peek(&s);
        if (c == '{' || c == '[') {
            bool empty;

            if (s.depth < s.highest_depth)
                objects[s.depth] = c == '{';
            if (!open_bracket(&s, c == '{', &empty))
                return false;
            if (!empty)
                continue;
        } else if (!scan_scalar(&s)) {
            return false;
        }
        if (!after_value(&s, objects))
            return false;
    } while (s.depth > 0);
    skip_space(&s);
    return s.at == s.len || refuse(&s, "text after the value");
}
