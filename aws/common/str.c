#include "aws/common/str.h"

#include <limits.h>

enum { DISTANCE_BYTES = 64 };

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
    return str_equal(a, str_of(text));
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_equal_ignore_case(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_slice(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_equal(str_slice(s, s.len - suffix.len, suffix.len), suffix);
}

bool str_contains(struct str s, struct str part)
{
    if (part.len == 0)
        return true;
    return s.len >= part.len && memmem(s.data, s.len, part.data, part.len) != NULL;
}

size_t str_find_char(struct str s, char c)
{
    const char *at = s.len ? memchr(s.data, c, s.len) : NULL;

    return at ? (size_t)(at - s.data) : s.len;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

struct str str_slice(struct str s, size_t offset, size_t len)
{
    if (!s.data)
        return (struct str){NULL, 0};
    if (offset > s.len)
        offset = s.len;
    if (len > s.len - offset)
        len = s.len - offset;
    return (struct str){s.data + offset, len};
}

bool str_split(struct str *rest, char sep, struct str *part)
{
    size_t end;

    if (!rest->data) {
        *part = (struct str){NULL, 0};
        return false;
    }
    end = str_find_char(*rest, sep);
    *part = str_slice(*rest, 0, end);
    if (end == rest->len)
        *rest = (struct str){NULL, 0};
    else
        *rest = str_slice(*rest, end + 1, rest->len);
    return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(s.data[i] - '0');

        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    uint64_t value;

    if (!str_to_u64(negative ? str_slice(s, 1, s.len) : s, &value))
        return false;
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), 0 for none. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last;          /* lead byte */
        unsigned char second_lo, second_hi; /* the one byte with its own range */
        unsigned char len;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, /* no surrogates */
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}, /* up to U+10FFFF */
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last)
            continue;
        if (left < forms[i].len || p[1] < forms[i].second_lo || p[1] > forms[i].second_hi)
            return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}

size_t str_utf8_prefix(struct str s)
{
    const unsigned char *bytes = (const unsigned char *)s.data;
    size_t at = 0;

    while (at < s.len) {
        size_t len = bytes[at] < 0x80 ? 1 : utf8_sequence(bytes + at, s.len - at);

        if (len == 0)
            break;
        at += len;
    }
    return at;
}

bool str_is_utf8(struct str s)
{
    return str_utf8_prefix(s) == s.len;
}

bool str_glob(struct str pattern, struct str s)
{
    size_t p = 0, i = 0;
    size_t star = SIZE_MAX, retry = 0; /* where the last * stood and what it has eaten */

    while (i < s.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            retry = i;
        } else if (p < pattern.len && (pattern.data[p] == '?' || pattern.data[p] == s.data[i])) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insert, delete, replace, and swap of neighbours, one each. */
size_t str_distance(struct str a, struct str b)
{
    size_t rows[3][DISTANCE_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    if (a.len > DISTANCE_BYTES || b.len > DISTANCE_BYTES)
        return a.len > b.len ? a.len : b.len;
    for (size_t k = 0; k <= b.len; k++)
        above[k] = before[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            bool same = a.data[i - 1] == b.data[k - 1];

            row[k] = least(least(above[k] + 1, row[k - 1] + 1), above[k - 1] + (same ? 0 : 1));
            if (i > 1 && k > 1 && a.data[i - 1] == b.data[k - 2] && a.data[i - 2] == b.data[k - 1])
                row[k] = least(row[k], before[k - 2] + 1);
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b.len];
}
