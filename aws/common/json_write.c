/* Our own writer: cJSON's puts tabs, and 1e+15 for a whole number. */
#include "aws/common/json.h"

#include "aws/common/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct style {
    bool pretty;
    bool sorted;
};

void json_write_string(struct str text, struct buf *out)
{
    static const char short_forms[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                          {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    size_t from = 0;

    buf_addc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escape = 0;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, str_slice(text, from, i - from));
        from = i + 1;
        for (size_t k = 0; k < ARRAY_LEN(short_forms); k++)
            if (text.data[i] == short_forms[k][0])
                escape = short_forms[k][1];
        if (escape)
            buf_add(out, (struct str){(const char[]){'\\', escape}, 2});
        else
            buf_printf(out, "\\u%04x", c);
    }
    buf_add(out, str_slice(text, from, text.len));
    buf_addc(out, '"');
}

static void write_number(double n, struct buf *out)
{
    char text[40];

    if (!isfinite(n)) {
        buf_adds(out, "null");
        return;
    }
    /* Whole and up to 2^53. */
    if (n >= -9007199254740992.0 && n <= 9007199254740992.0 && !(n < trunc(n)) && !(n > trunc(n))) {
        snprintf(text, sizeof(text), "%lld", (long long)n);
    } else {
        double back;

        /* The shorter form where it gives the same number back. */
        snprintf(text, sizeof(text), "%.15g", n);
        back = strtod(text, NULL);
        if (back < n || back > n)
            snprintf(text, sizeof(text), "%.17g", n);
    }
    buf_adds(out, text);
}

static void write_break(const struct style *style, size_t depth, struct buf *out)
{
    if (!style->pretty)
        return;
    buf_addc(out, '\n');
    while (depth-- > 0)
        buf_adds(out, "  ");
}

static void write_value(const struct json *j, const struct style *style, size_t depth, struct buf *out);

static void write_member(const struct json *m, bool named, const struct style *style, size_t depth,
                         struct buf *out)
{
    write_break(style, depth, out);
    if (named) {
        json_write_string(str_of(json_key(m)), out);
        buf_adds(out, style->pretty ? ": " : ":");
    }
    write_value(m, style, depth, out);
}

static int compare_members(const void *a, const void *b)
{
    const struct json *const *left = a, *const *right = b;

    return strcmp(json_key(*left), json_key(*right));
}

static void write_sorted_members(const struct json *j, const struct style *style, size_t depth,
                                 struct buf *out)
{
    CLEANUP(mem_freep) const struct json **members = NULL;
    size_t count = json_count(j), i = 0;

    members = mem_array(count, sizeof(const struct json *));
    for (const struct json *m = json_first(j); m; m = json_next(m))
        members[i++] = m;
    qsort(members, count, sizeof(const struct json *), compare_members);
    for (i = 0; i < count; i++) {
        if (i > 0)
            buf_addc(out, ',');
        write_member(members[i], true, style, depth, out);
    }
}

static void write_members(const struct json *j, const struct style *style, size_t depth, struct buf *out)
{
    bool object = json_is_object(j);
    const struct json *first = json_first(j);

    buf_addc(out, object ? '{' : '[');
    if (object && style->sorted) {
        write_sorted_members(j, style, depth + 1, out);
    } else {
        for (const struct json *m = first; m; m = json_next(m)) {
            if (m != first)
                buf_addc(out, ',');
            write_member(m, object, style, depth + 1, out);
        }
    }
    if (first)
        write_break(style, depth, out);
    buf_addc(out, object ? '}' : ']');
}

static void write_value(const struct json *j, const struct style *style, size_t depth, struct buf *out)
{
    if (json_is_object(j) || json_is_array(j))
        write_members(j, style, depth, out);
    else if (json_is_string(j))
        json_write_string(json_str(j), out);
    else if (json_is_number(j))
        write_number(json_double(j, 0), out);
    else if (json_is_bool(j))
        buf_adds(out, json_bool(j, false) ? "true" : "false");
    else
        buf_adds(out, "null");
}

void json_write(const struct json *j, struct buf *out)
{
    write_value(j, &(struct style){0}, 0, out);
}

void json_write_pretty(const struct json *j, struct buf *out)
{
    write_value(j, &(struct style){.pretty = true}, 0, out);
}

void json_write_sorted(const struct json *j, struct buf *out)
{
    write_value(j, &(struct style){.pretty = true, .sorted = true}, 0, out);
}
