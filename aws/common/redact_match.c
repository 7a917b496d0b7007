#include "aws/common/redact_match.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a place in the text can stand for: itself, or what it is the escaped form
 * of, in as many rounds as there are. */
enum { MEANINGS = 32, NESTED = 2 };

struct meaning {
    char bytes[4]; /* a character of UTF-8, or one byte of any sort */
    size_t len;
    size_t end; /* behind it in the text */
};

struct meanings {
    struct meaning items[MEANINGS];
    size_t count;
};

static void add_bytes(struct meanings *m, const char *bytes, size_t len, size_t end)
{
    struct meaning *item = &m->items[m->count];

    for (size_t i = 0; i < m->count; i++)
        if (m->items[i].end == end && m->items[i].len == len && memcmp(m->items[i].bytes, bytes, len) == 0)
            return;
    if (m->count == MEANINGS)
        return;
    memcpy(item->bytes, bytes, len);
    item->len = len;
    item->end = end;
    m->count++;
}

static void add_byte(struct meanings *m, char c, size_t end)
{
    add_bytes(m, &c, 1, end);
}

static void read_meanings(struct str text, size_t at, int nested, struct meanings *out);

static bool is_escape_start(char c)
{
    return c != '\0' && strchr(REDACT_ESCAPE_STARTS, c);
}

/* One character that is itself, or escaped by a further round that came later:
 * the ';' of "&lt%3B", the '"' of "\&quot;". */
static void read_one(struct str text, size_t at, int nested, struct meanings *out)
{
    out->count = 0;
    if (at >= text.len)
        return;
    if (nested > 0 && text.data[at] != '\\' && is_escape_start(text.data[at]))
        read_meanings(text, at, nested - 1, out);
    else
        add_byte(out, text.data[at], at + 1);
}

/* Behind a '%': 2b. */
static void read_url(struct str text, size_t at, struct meanings *out)
{
    if (text.len - at >= 2 && hex_digit(text.data[at]) >= 0 && hex_digit(text.data[at + 1]) >= 0)
        add_byte(out, (char)(hex_digit(text.data[at]) * 16 + hex_digit(text.data[at + 1])), at + 2);
}

/* The number of a reference, at *at, which moves behind it; a byte, or 256. */
static unsigned read_number(struct str text, size_t *at)
{
    bool hex = *at < text.len && (text.data[*at] | 0x20) == 'x';
    size_t from = *at += hex ? 1 : 0;
    unsigned value = 0;

    for (; *at < text.len && *at - from < 8; ++*at) {
        int digit = hex_digit(text.data[*at]);

        if (digit < 0 || (!hex && digit > 9))
            break;
        value = value * (hex ? 16 : 10) + (unsigned)digit;
    }
    return *at > from && value < 256 ? value : 256;
}

static void end_reference(char c, struct str text, size_t at, int nested, struct meanings *out)
{
    struct meanings ends;

    read_one(text, at, nested, &ends);
    for (size_t i = 0; i < ends.count; i++)
        if (ends.items[i].len == 1 && ends.items[i].bytes[0] == ';')
            add_byte(out, c, ends.items[i].end);
}

/* Behind an '&': lt; #60; #x3c; */
static void read_xml(struct str text, size_t at, int nested, struct meanings *out)
{
    static const struct {
        char byte;
        const char *name;
    } entities[] = {{'&', "amp"}, {'<', "lt"}, {'>', "gt"}, {'"', "quot"}, {'\'', "apos"}};
    struct str rest = str_slice(text, at, text.len);
    struct meanings hashes;

    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (str_starts(rest, str_of(entities[i].name)))
            end_reference(entities[i].byte, text, at + strlen(entities[i].name), nested, out);
    read_one(text, at, nested, &hashes);
    for (size_t i = 0; i < hashes.count; i++) {
        size_t behind = hashes.items[i].end;
        unsigned value = hashes.items[i].bytes[0] == '#' ? read_number(text, &behind) : 256;

        if (value < 256)
            end_reference((char)value, text, behind, nested, out);
    }
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

/* Behind a backslash: u0041, or a surrogate pair. */
static void read_unicode(struct str text, size_t at, int nested, struct meanings *out)
{
    unsigned unit, low;
    char bytes[4];

    if (!read_unit(str_slice(text, at, text.len), &unit))
        return;
    at += 5;
    if (unit < 0xd800 || unit > 0xdbff) {
        add_bytes(out, bytes, put_utf8(unit, bytes), at);
        return;
    }
    /* Each round about doubles the backslashes; their number is not looked at. */
    for (size_t i = 0; i < MEANINGS; i++) {
        struct meanings slash;

        read_one(text, at, nested, &slash);
        for (size_t k = 0; k < slash.count; k++)
            if (slash.items[k].len == 1 && slash.items[k].bytes[0] == '\\')
                at = slash.items[k].end;
        if (read_unit(str_slice(text, at, text.len), &low)) {
            if (low < 0xdc00 || low > 0xdfff)
                return;
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            add_bytes(out, bytes, put_utf8(unit, bytes), at + 5);
            return;
        }
    }
}

/* Behind a backslash: what it stands before. */
static void read_json(struct str text, size_t at, int nested, struct meanings *out)
{
    static const char letters[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\b', 'b'}, {'\f', 'f'}};
    struct meanings next;

    for (size_t i = 0; i < ARRAY_LEN(letters) && at < text.len; i++)
        if (text.data[at] == letters[i][1])
            add_byte(out, letters[i][0], at + 1);
    read_one(text, at, nested, &next);
    for (size_t i = 0; i < next.count; i++)
        if (next.items[i].len == 1 && next.items[i].bytes[0] != '\0' &&
            strchr("\"\\/'", next.items[i].bytes[0]))
            add_byte(out, next.items[i].bytes[0], next.items[i].end);
    read_unicode(text, at, nested, out);
}

/* Grows while it is read: what came out of one round may start the next. */
static void read_meanings(struct str text, size_t at, int nested, struct meanings *out)
{
    out->count = 0;
    add_byte(out, text.data[at], at + 1);
    for (size_t i = 0; i < out->count; i++) {
        const struct meaning m = out->items[i];

        if (m.len == 1 && m.bytes[0] == '+')
            add_byte(out, ' ', m.end);
        else if (m.len == 1 && m.bytes[0] == '%')
            read_url(text, m.end, out);
        else if (m.len == 1 && m.bytes[0] == '&')
            read_xml(text, m.end, nested, out);
        else if (m.len == 1 && m.bytes[0] == '\\')
            read_json(text, m.end, nested, out);
    }
}

/* Up to where in the text a beginning of the secret is spelt. A run of backslashes
 * can be cut in many ways, but what escapes a secret writes each of them alike. */
struct place {
    size_t at;
    struct str backslash; /* how the first is written; empty before it */
};

/* Those of the same beginning. */
struct places {
    struct place items[MEANINGS];
    size_t count;
};

static void add_place(struct places *p, size_t at, struct str backslash)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].at == at && str_equal(p->items[i].backslash, backslash))
            return;
    if (p->count < MEANINGS)
        p->items[p->count++] = (struct place){at, backslash};
}

/* Every way to go on from a place where `secret` is left. */
static void go_on(struct str secret, struct str text, const struct place *from, struct places *by_len[5])
{
    struct str rest = str_slice(text, from->at, text.len), backslash = from->backslash;
    struct meanings m;

    if (rest.len == 0)
        return;
    if (secret.data[0] == '\\' && backslash.len > 0) {
        if (str_starts(rest, backslash))
            add_place(by_len[1], from->at + backslash.len, backslash);
        return;
    }
    if (!is_escape_start(rest.data[0])) {
        if (rest.data[0] == secret.data[0])
            add_place(by_len[1], from->at + 1, backslash);
        return;
    }
    read_meanings(text, from->at, NESTED, &m);
    for (size_t i = 0; i < m.count; i++) {
        const struct meaning *item = &m.items[i];

        if (!str_starts(secret, (struct str){item->bytes, item->len}))
            continue;
        if (secret.data[0] == '\\')
            backslash = str_slice(text, from->at, item->end - from->at);
        add_place(by_len[item->len], item->end, backslash);
    }
}

size_t redact_match(struct str secret, struct str text)
{
    struct places ring[5] = {{.count = 1}}; /* of i to i + 4 bytes of the secret */
    size_t longest = 0, alive = 0;          /* the longest beginning that is spelt at all */

    if (str_starts(text, secret))
        longest = secret.len;
    for (size_t i = 0; i < secret.len && i <= alive; i++) {
        struct places *here = &ring[i % 5], *by_len[5];

        for (size_t k = 0; k < 5; k++)
            by_len[k] = &ring[(i + k) % 5];
        for (size_t k = 0; k < here->count; k++)
            go_on(str_slice(secret, i, secret.len), text, &here->items[k], by_len);
        here->count = 0;
        for (size_t k = 1; k < 5; k++)
            if (by_len[k]->count > 0)
                alive = i + k;
    }
    for (size_t i = 0; i < ring[secret.len % 5].count; i++)
        longest = ring[secret.len % 5].items[i].at > longest ? ring[secret.len % 5].items[i].at : longest;
    return longest;
}
