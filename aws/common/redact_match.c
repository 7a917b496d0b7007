#include "aws/common/redact_match.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %2b, and %252b as it looks after a second round. */
static size_t match_url(char wanted, struct str text)
{
    size_t i = 1;

    if (text.data[0] == '+')
        return wanted == ' ' ? 1 : 0;
    if (text.data[0] != '%')
        return 0;
    while (text.len - i >= 4 && text.data[i] == '2' && text.data[i + 1] == '5')
        i += 2;
    if (text.len - i < 2 || hex_digit(text.data[i]) < 0 || hex_digit(text.data[i + 1]) < 0 ||
        hex_digit(text.data[i]) * 16 + hex_digit(text.data[i + 1]) != (unsigned char)wanted)
        return 0;
    return i + 2;
}

/* &lt; &#60; &#x3c;, and &amp;lt; as it looks after a second round. */
static size_t match_xml(char wanted, struct str text)
{
    static const struct {
        char byte;
        struct str name;
    } entities[] = {
        {'&', {"amp;", 4}}, {'<', {"lt;", 3}}, {'>', {"gt;", 3}}, {'"', {"quot;", 5}}, {'\'', {"apos;", 5}}};
    struct str rest;
    unsigned value = 0;
    size_t i = 0;
    bool hex;

    if (text.data[0] != '&')
        return 0;
    rest = str_slice(text, 1, text.len);
    while (str_starts(rest, STR("amp;")) && rest.len > 4 &&
           (wanted != '&' || str_starts(str_slice(rest, 4, rest.len), STR("amp;"))))
        rest = str_slice(rest, 4, rest.len);
    for (size_t k = 0; k < ARRAY_LEN(entities); k++)
        if (entities[k].byte == wanted && str_starts(rest, entities[k].name))
            return text.len - rest.len + entities[k].name.len;
    if (rest.len < 3 || rest.data[0] != '#')
        return 0;
    hex = (rest.data[1] | 0x20) == 'x';
    for (i = hex ? 2 : 1; i < rest.len && i < 8 && rest.data[i] != ';'; i++) {
        int digit = hex_digit(rest.data[i]);

        if (digit < 0 || (!hex && digit > 9))
            return 0;
        value = value * (hex ? 16 : 10) + (unsigned)digit;
    }
    return i < rest.len && rest.data[i] == ';' && value == (unsigned char)wanted ? text.len - rest.len + i + 1
                                                                                 : 0;
}

static bool read_unit(struct str text, unsigned *unit)
{
    *unit = 0;
    if (text.len < 5 || text.data[0] != 'u')
        return false;
    for (size_t i = 1; i < 5; i++) {
        int digit = hex_digit(text.data[i]);

        if (digit < 0)
            return false;
        *unit = *unit << 4 | (unsigned)digit;
    }
    return true;
}

static size_t put_utf8(unsigned c, char out[4])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(len == 1 ? c : (lead[len] | c));
    return len;
}

/* Behind the backslashes: u0041, or a surrogate pair. *eaten bytes of secret. */
static size_t match_unicode(struct str secret, struct str text, size_t *eaten)
{
    unsigned unit, low;
    size_t used = 5;
    char bytes[4];

    if (!read_unit(text, &unit))
        return 0;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        struct str rest = str_slice(text, 5, text.len);

        while (rest.len > 0 && rest.data[0] == '\\')
            rest = str_slice(rest, 1, rest.len);
        if (!read_unit(rest, &low) || low < 0xdc00 || low > 0xdfff)
            return 0;
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        used = text.len - rest.len + 5;
    }
    *eaten = put_utf8(unit, bytes);
    return str_starts(secret, (struct str){bytes, *eaten}) ? used : 0;
}

/* Any number of backslashes, then what they stand for. The number is not
 * looked at: each round of escaping about doubles it. */
static size_t match_json(struct str secret, struct str text, size_t *eaten)
{
    static const char letters[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\b', 'b'}, {'\f', 'f'}};
    size_t run = 0, used, own = 0;
    char next;

    while (run < text.len && text.data[run] == '\\')
        run++;
    if (run == 0)
        return 0;
    used = match_unicode(secret, str_slice(text, run, text.len), eaten);
    if (used > 0)
        return run + used;
    while (own < secret.len && secret.data[own] == '\\')
        own++;
    *eaten = own;
    if (own > 0)
        return run >= own ? run : 0;
    *eaten = 1;
    if (run == text.len)
        return 0;
    next = text.data[run];
    if (next == secret.data[0] && (next == '"' || next == '/' || next == '\''))
        return run + 1;
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (secret.data[0] == letters[i][0] && next == letters[i][1])
            return run + 1;
    return 0;
}

size_t redact_match(struct str secret, struct str text)
{
    size_t at = 0;

    if (str_starts(text, secret))
        return secret.len;
    while (secret.len > 0) {
        struct str rest = str_slice(text, at, text.len);
        size_t eaten = 1, used;

        if (rest.len == 0)
            return 0;
        /* Escaped first: a raw '%' or '&' of the secret can also stand escaped. */
        used = match_json(secret, rest, &eaten);
        if (used == 0) {
            eaten = 1;
            used = match_url(secret.data[0], rest);
        }
        if (used == 0)
            used = match_xml(secret.data[0], rest);
        if (used == 0 && rest.data[0] == secret.data[0])
            used = 1;
        if (used == 0)
            return 0;
        at += used;
        secret = str_slice(secret, eaten, secret.len);
    }
    return at;
}
