#include "cmd/lab/live_text.h"

#include <wchar.h>

/* Takes one character off *rest. What is no UTF-8, or a control, is '?'. */
static unsigned take(struct str *rest)
{
    static const unsigned masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = 1;
    unsigned c = (unsigned char)rest->data[0];

    if (c >= 0xc2)
        len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (len > rest->len || !str_is_utf8(str_slice(*rest, 0, len)))
        len = 1;
    c &= len == 1 ? 0xffu : masks[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)rest->data[i] & 0x3fu);
    *rest = str_slice(*rest, len, rest->len);
    /* C1 controls move the cursor too; lone bytes stand for nothing. */
    return c < ' ' || (c >= 0x7f && c < 0xa0) || (len == 1 && c >= 0x80) ? '?' : c;
}

/* -1 for what the terminal's own tables do not know. */
static size_t width_of(unsigned c, bool utf8)
{
    int width = c < 0x80 || !utf8 ? 1 : wcwidth((wchar_t)c);

    return width < 0 ? 1 : (size_t)width;
}

static size_t measure(struct str text, bool utf8)
{
    size_t columns = 0;

    while (text.len > 0)
        columns += width_of(take(&text), utf8);
    return columns;
}

size_t live_text_add(struct str text, size_t columns, bool utf8, struct buf *out)
{
    bool cut = measure(text, utf8) > columns;
    size_t used = 0;

    if (columns == 0)
        return 0;
    while (text.len > 0) {
        struct str at = text;
        unsigned c = take(&text);
        size_t width = width_of(c, utf8);

        if (used + width > columns - cut)
            break;
        used += width;
        if (c == '?' || (c >= 0x80 && (!utf8 || wcwidth((wchar_t)c) < 0)))
            buf_addc(out, '?');
        else
            buf_add(out, str_slice(at, 0, at.len - text.len));
    }
    if (!cut)
        return used;
    buf_adds(out, utf8 ? "\xe2\x80\xa6" : "~");
    return used + 1;
}

void live_text_pad(struct str text, size_t columns, bool utf8, struct buf *out)
{
    for (size_t used = live_text_add(text, columns, utf8, out); used < columns; used++)
        buf_addc(out, ' ');
}
