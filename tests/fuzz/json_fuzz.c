/* The strict JSON check against the grammar of RFC 8259 written down a second
 * time, and what is parsed against what is written again. Input: the text. */
#include "aws/common/json.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

enum { DEPTH = 32 };

/* Where a rule of the grammar ends, or NO. `hold` is what a plain recursive
 * reading cannot leave out: text and depth. */
#define NO SIZE_MAX

static char at(struct str s, size_t i)
{
    return i < s.len ? s.data[i] : '\0';
}

static size_t space(struct str s, size_t i)
{
    while (i < s.len && strchr(" \t\r\n", s.data[i]) && s.data[i])
        i++;
    return i;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(struct str s, size_t i)
{
    size_t from = i;

    while (is_digit(at(s, i)))
        i++;
    return i > from ? i : NO;
}

static size_t number(struct str s, size_t i)
{
    i += at(s, i) == '-' ? 1 : 0;
    i = at(s, i) == '0' ? i + 1 : digits(s, i);
    if (i != NO && at(s, i) == '.')
        i = digits(s, i + 1);
    if (i == NO || (at(s, i) | 0x20) != 'e')
        return i;
    i++;
    return digits(s, i + (at(s, i) == '+' || at(s, i) == '-' ? 1 : 0));
}

/* The code unit of \uXXXX at i, or -1. */
static long unit_at(struct str s, size_t i)
{
    char hex[5] = {0};

    if (s.len - i < 6 || i >= s.len || s.data[i] != '\\' || s.data[i + 1] != 'u')
        return -1;
    memcpy(hex, s.data + i + 2, 4);
    for (int k = 0; k < 4; k++)
        if (!isxdigit((unsigned char)hex[k]))
            return -1;
    return strtol(hex, NULL, 16);
}

static size_t string(struct str s, size_t i)
{
    size_t from = ++i;

    for (; i < s.len && s.data[i] != '"'; i++) {
        long unit;

        if ((unsigned char)s.data[i] < 0x20)
            return NO;
        if (s.data[i] != '\\')
            continue;
        if (at(s, i + 1) != 'u') {
            if (!at(s, i + 1) || !strchr("\"\\/bfnrt", at(s, i + 1)))
                return NO;
            i++;
            continue;
        }
        unit = unit_at(s, i);
        if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000))
            return NO;
        i += 5;
        if (unit < 0xd800 || unit >= 0xe000)
            continue;
        unit = unit_at(s, i + 1);
        if (unit < 0xdc00 || unit >= 0xe000)
            return NO;
        i += 6;
    }
    return i < s.len && str_is_utf8(str_slice(s, from, i - from)) ? i + 1 : NO;
}

static size_t value(struct str s, size_t i, size_t depth);

static size_t members(struct str s, size_t i, size_t depth)
{
    char close = at(s, i) == '{' ? '}' : ']';

    if (depth == DEPTH)
        return NO;
    i = space(s, i + 1);
    if (at(s, i) == close)
        return i + 1;
    for (;; i++) {
        if (close == '}') {
            i = space(s, i);
            i = at(s, i) == '"' ? string(s, i) : NO;
            i = i == NO ? NO : space(s, i);
            if (i == NO || at(s, i) != ':')
                return NO;
            i++;
        }
        i = value(s, i, depth + 1);
        if (i == NO || at(s, i) == close)
            return i == NO ? NO : i + 1;
        if (at(s, i) != ',')
            return NO;
    }
}

static size_t value(struct str s, size_t i, size_t depth)
{
    static const char *const words[] = {"true", "false", "null"};
    char c = at(s, i = space(s, i));
    size_t end = NO;

    for (size_t k = 0; k < ARRAY_LEN(words); k++)
        if (str_starts(str_slice(s, i, s.len), str_of(words[k])))
            end = i + strlen(words[k]);
    if (c == '{' || c == '[')
        end = members(s, i, depth);
    else if (c == '"')
        end = string(s, i);
    else if (c == '-' || is_digit(c))
        end = number(s, i);
    return end == NO ? NO : space(s, end);
}

/* What was read, written in every way, reads back as itself. */
static void write_again(const struct json *parsed)
{
    static void (*const writers[])(const struct json *, struct buf *) = {json_write, json_write_pretty,
                                                                         json_write_sorted};

    for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
        CLEANUP(buf_release) struct buf once = {0};
        CLEANUP(buf_release) struct buf twice = {0};
        CLEANUP(json_freep) struct json *again = NULL;
        struct error err;

        writers[i](parsed, &once);
        HOLDS(json_parse(buf_str(&once), NULL, &again, &err));
        writers[i](again, &twice);
        HOLDS(str_equal(buf_str(&once), buf_str(&twice)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_limits unique = {.unique_keys = true};
    CLEANUP(json_freep) struct json *parsed = NULL, *strict = NULL, *copy = NULL;
    struct str text = fuzz_text(data, size);
    struct error err;
    bool right = value(text, 0, 0) == text.len, parses;

    HOLDS(json_check(text, NULL, &err) == right);
    HOLDS(right || err.code == ERR_SYNTAX || err.code == ERR_LIMIT);
    parses = json_parse(text, NULL, &parsed, &err);
    HOLDS(right || !parses);
    HOLDS(parses == (parsed != NULL));
    if (json_parse(text, &unique, &strict, &err))
        HOLDS(parses && json_equal(parsed, strict));
    if (!parses)
        return 0;
    write_again(parsed);
    copy = json_copy(parsed);
    if (strict)
        HOLDS(json_equal(parsed, copy));
    return 0;
}
