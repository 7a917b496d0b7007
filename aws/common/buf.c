#include "aws/common/buf.h"

#include "aws/common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

/* Room for more bytes and the NUL. NULL when the limit says no. */
static char *reserve(struct buf *b, size_t more)
{
    size_t wanted;

    if (b->overflow)
        return NULL;
    if (__builtin_add_overflow(b->len, more, &wanted) || wanted >= SIZE_MAX / 4 ||
        (b->limit_bytes > 0 && wanted > b->limit_bytes)) {
        b->overflow = true;
        return NULL;
    }
    if (wanted >= b->cap) {
        size_t cap = b->cap ? b->cap : FIRST_CAPACITY;

        while (cap <= wanted)
            cap *= 2;
        b->data = mem_resize(b->data, b->len, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

static void grew(struct buf *b, size_t more)
{
    b->len += more;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, struct str s)
{
    /* Text may be a part of the buffer itself, which reserve() can move. */
    bool own = b->data && s.data >= b->data && s.data <= b->data + b->len;
    size_t offset = own ? (size_t)(s.data - b->data) : 0;
    char *to;

    if (s.len == 0 || !(to = reserve(b, s.len)))
        return;
    memcpy(to, own ? b->data + offset : s.data, s.len);
    grew(b, s.len);
}

void buf_adds(struct buf *b, const char *text)
{
    buf_add(b, str_of(text));
}

void buf_addc(struct buf *b, char c)
{
    char *to = reserve(b, 1);

    if (!to)
        return;
    *to = c;
    grew(b, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    char *to;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len <= 0 || !(to = reserve(b, (size_t)len)))
        return;
    va_start(args, format);
    vsnprintf(to, (size_t)len + 1, format, args);
    va_end(args);
    grew(b, (size_t)len);
}

void buf_reset(struct buf *b)
{
    if (b->data) {
        mem_wipe(b->data, b->len);
        b->data[0] = '\0';
    }
    b->len = 0;
    b->overflow = false;
}

void buf_release(struct buf *b)
{
    mem_free(b->data);
    *b = (struct buf){.limit_bytes = b->limit_bytes};
}

void buf_take(struct buf *to, struct buf *from)
{
    size_t limit_bytes = to->limit_bytes;

    if (to == from)
        return;
    buf_release(to);
    *to = *from;
    to->limit_bytes = limit_bytes;
    *from = (struct buf){.limit_bytes = from->limit_bytes};
}

char *buf_detach(struct buf *b)
{
    char *text = b->data ? b->data : mem_alloc(1);

    *b = (struct buf){.limit_bytes = b->limit_bytes};
    return text;
}

void buf_add_hex(struct buf *b, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;
    char *to = reserve(b, len <= SIZE_MAX / 2 ? len * 2 : SIZE_MAX);

    if (!to)
        return;
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = digits[in[i] >> 4];
        to[2 * i + 1] = digits[in[i] & 15];
    }
    grew(b, len * 2);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_add_base64(struct buf *b, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    size_t groups = len / 3 + (len % 3 ? 1 : 0);
    char *to = reserve(b, groups <= SIZE_MAX / 4 ? groups * 4 : SIZE_MAX);

    if (!to)
        return;
    for (size_t i = 0; i < len; i += 3, to += 4) {
        size_t left = len - i;
        uint32_t word = (uint32_t)in[i] << 16;

        word |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        word |= left > 2 ? in[i + 2] : 0;
        to[0] = base64_digits[word >> 18];
        to[1] = base64_digits[word >> 12 & 63];
        to[2] = left > 1 ? base64_digits[word >> 6 & 63] : '=';
        to[3] = left > 2 ? base64_digits[word & 63] : '=';
    }
    grew(b, groups * 4);
}

/* 0 to 63, or -1. */
static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool buf_add_unbase64(struct buf *b, struct str text)
{
    size_t padding = str_ends(text, STR("==")) ? 2 : str_ends(text, STR("=")) ? 1 : 0;
    size_t digits = text.len - padding;
    uint32_t word = 0;
    char *to;

    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < digits; i++)
        if (base64_value(text.data[i]) < 0)
            return false;
    /* The bits behind the last byte have to be zero: one text per value. */
    if (padding > 0 && (base64_value(text.data[digits - 1]) & (padding == 2 ? 15 : 3)) != 0)
        return false;
    if (text.len == 0)
        return true;
    if (!(to = reserve(b, text.len / 4 * 3 - padding)))
        return false;
    for (size_t i = 0; i < digits; i++) {
        word = word << 6 | (uint32_t)base64_value(text.data[i]);
        if (i % 4 != 0)
            *to++ = (char)(word >> (6 - 2 * (i % 4)) & 0xff);
    }
    grew(b, text.len / 4 * 3 - padding);
    return true;
}
