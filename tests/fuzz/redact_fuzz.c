/* The redactor: a registered secret is gone from what it puts out, however it
 * was escaped and whatever stands around it. Input: a line of letters, one for
 * each round of escaping; a line with a secret; a line with what stands before
 * it; the rest stands behind. */
#include "aws/common/json.h"
#include "aws/common/redact.h"
#include "aws/http/uri.h"
#include "aws/protocol/wire.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

enum { ROUNDS = 3, LONGEST_SECRET = 200, SHORTEST_SECRET = 6 };

/* --- escapings, each as some program writes it --- */

static void as_it_is(struct str s, struct buf *out)
{
    buf_add(out, s);
}

static void as_url(struct str s, struct buf *out)
{
    uri_encode(s, out);
}

/* %c3 and +, as forms have it. */
static void as_form(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        if (c == ' ')
            buf_addc(out, '+');
        else if (isalnum(c))
            buf_addc(out, s.data[i]);
        else
            buf_printf(out, "%%%02x", c);
    }
}

static void without_quotes(struct buf *quoted, struct buf *out)
{
    buf_add(out, str_slice(buf_str(quoted), 1, quoted->len - 2));
}

static void as_json(struct str s, struct buf *out)
{
    CLEANUP(buf_release) struct buf quoted = {0};

    json_write_string(s, &quoted);
    without_quotes(&quoted, out);
}

/* As Python's json.dumps: nothing but ASCII, and < > & as Go has them. */
static void as_ascii_json(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len;) {
        unsigned long point = utf8_next(s, &i);

        if (point > 0xffff)
            buf_printf(out, "\\u%04lx\\u%04lx", 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff));
        else if (point < 0x20 || point > 0x7e || strchr("<>&'", (int)point))
            buf_printf(out, "\\u%04lx", point);
        else if (point == '"' || point == '\\')
            buf_printf(out, "\\%c", (int)point);
        else
            buf_addc(out, (char)point);
    }
}

static void as_xml(struct str s, struct buf *out)
{
    xml_escape(s, out);
}

/* What means something in HTML by its number, as some escape attributes. */
static void as_numbers(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        if (c && strchr("&<>\"'+=/", c))
            buf_printf(out, i % 2 ? "&#%u;" : "&#x%x;", c);
        else
            buf_addc(out, s.data[i]);
    }
}

static void as_base64(struct str s, struct buf *out)
{
    buf_add_base64(out, s.data, s.len);
}

static void as_hex(struct str s, struct buf *out)
{
    buf_add_hex(out, s.data, s.len);
}

static void (*const escapings[])(struct str, struct buf *) = {
    as_it_is, as_url, as_form, as_json, as_ascii_json, as_xml, as_numbers,
};

/* XML has no way to write controls and non-characters: they are replaced. */
static bool can_be_written(struct str letters, struct str secret)
{
    bool xml = false;

    for (size_t i = 0; i < letters.len && i < ROUNDS; i++)
        xml = xml || escapings[(unsigned char)letters.data[i] % ARRAY_LEN(escapings)] == as_xml;
    for (size_t i = 0; i < secret.len && xml; i++)
        if ((unsigned char)secret.data[i] < 0x20 || (unsigned char)secret.data[i] == 0xef)
            return false;
    return true;
}

/* The innermost may also be a form that hides every byte. */
static void escape(struct str letters, struct str secret, struct buf *out)
{
    CLEANUP(buf_release) struct buf now = {0};

    if (letters.len > 0 && letters.data[0] == 'B')
        as_base64(secret, &now);
    else if (letters.len > 0 && letters.data[0] == 'H')
        as_hex(secret, &now);
    else
        buf_add(&now, secret);
    for (size_t i = 0; i < letters.len && i < ROUNDS; i++) {
        CLEANUP(buf_release) struct buf next = {0};

        escapings[(unsigned char)letters.data[i] % ARRAY_LEN(escapings)](buf_str(&now), &next);
        buf_take(&now, &next);
    }
    buf_add(out, buf_str(&now));
}

/* --- what has to hold --- */

/* The gap's own text may hold a secret ("[redac"); then nothing can be said. */
static bool speaks_of_gap(struct str secret)
{
    return str_contains(STR("[redacted][redacted]"), secret) || str_contains(secret, STR("[redacted]")) ||
           str_contains(secret, STR("]")) || str_contains(secret, STR("["));
}

static void look_for(struct str written, struct str text, struct str out)
{
    HOLDS(str_contains(text, written));
    HOLDS(!str_contains(out, written));
}

static void redact_all(struct str letters, struct str secret, struct str before, struct str behind)
{
    CLEANUP(buf_release) struct buf written = {0};
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(buf_release) struct buf out = {0};

    escape(letters, secret, &written);
    buf_add(&text, before);
    buf_add(&text, buf_str(&written));
    buf_add(&text, behind);
    redact_add(secret);
    redact(buf_str(&text), &out);
    redact_remove(secret);
    look_for(buf_str(&written), buf_str(&text), buf_str(&out));
}

/* Two at once, overlapping: neither may show. */
static void redact_two(struct str secret, struct str before, struct str behind)
{
    struct str half = str_slice(secret, secret.len / 2, secret.len);
    CLEANUP(buf_release) struct buf other = {0};
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(buf_release) struct buf out = {0};

    buf_add(&other, half);
    buf_add(&other, str_slice(behind, 0, SHORTEST_SECRET));
    if (other.len < SHORTEST_SECRET || speaks_of_gap(buf_str(&other)))
        return;
    buf_add(&text, before);
    buf_add(&text, secret);
    buf_add(&text, behind);
    redact_add(secret);
    redact_add(buf_str(&other));
    redact(buf_str(&text), &out);
    redact_remove(secret);
    redact_remove(buf_str(&other));
    HOLDS(!str_contains(buf_str(&out), secret));
    HOLDS(!str_contains(buf_str(&out), buf_str(&other)));
}

/* Without a secret there is nothing but fields to blank, and blanking what is
 * blanked already changes nothing more that shows. */
static void redact_none(struct str text)
{
    CLEANUP(buf_release) struct buf once = {0};

    redact(text, &once);
    HOLDS(text.len == 0 || once.len > 0);
    if (!str_contains(buf_str(&once), STR("[redacted]")))
        HOLDS(str_equal(buf_str(&once), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_text(data, size), letters = fuzz_line(&rest), secret = fuzz_line(&rest),
               before = fuzz_line(&rest), behind = fuzz_rest(rest);

    redact_none(fuzz_text(data, size));
    if (secret.len < SHORTEST_SECRET || secret.len > LONGEST_SECRET || speaks_of_gap(secret) ||
        !str_is_utf8(secret))
        return 0;
    if (can_be_written(letters, secret))
        redact_all(letters, secret, before, behind);
    redact_two(secret, before, behind);
    return 0;
}
