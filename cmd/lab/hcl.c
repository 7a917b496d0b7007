#include "cmd/lab/hcl.h"

#include "steps/engine/explain.h"

#include <ctype.h>
#include <string.h>

void hcl_indent(unsigned depth, struct buf *out)
{
    buf_printf(out, "%*s", (int)(2 * depth), "");
}

void hcl_identifier(struct str name, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++)
        buf_addc(out, isalnum((unsigned char)name.data[i]) ? name.data[i] : '_');
}

/* Inside quotes: a sequence that begins a template is doubled. */
static void add_literal(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '"' || c == '\\')
            buf_addc(out, '\\');
        if ((c == '$' || c == '%') && i + 1 < text.len && text.data[i + 1] == '{')
            buf_addc(out, c);
        if (c == '\n' || c == '\t' || c == '\r')
            buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else
            buf_addc(out, c);
    }
}

/* One mark alone is an expression, without quotes. */
static bool add_text(const struct hcl_marks *marks, struct str text, struct buf *out, struct error *err)
{
    struct str before, name, after;

    if (explain_next_mark(text, &before, &name, &after) && before.len == 0 && after.len == 0)
        return marks->write(marks->self, name, out, err);
    buf_addc(out, '"');
    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        add_literal(before, out);
        buf_adds(out, "${");
        if (!marks->write(marks->self, name, out, err))
            return false;
        buf_addc(out, '}');
    }
    add_literal(text, out);
    buf_addc(out, '"');
    return true;
}

static bool is_identifier(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (!isalpha((unsigned char)*p) && *p != '_' && (p == name || !isdigit((unsigned char)*p)))
            return false;
    }
    return *name;
}

static bool add_object(const struct hcl_marks *marks, const struct json *value, unsigned depth,
                       struct buf *out, struct error *err)
{
    CLEANUP(json_freep) struct json *arguments = json_object();

    for (const struct json *m = json_first(value); m; m = json_next(m)) {
        CLEANUP(buf_release) struct buf key = {0}, text = {0};

        if (is_identifier(json_key(m))) {
            buf_adds(&key, json_key(m));
        } else {
            buf_addc(&key, '"');
            add_literal(str_of(json_key(m)), &key);
            buf_addc(&key, '"');
        }
        if (!hcl_value(marks, m, depth + 1, &text, err))
            return false;
        json_put_str(arguments, buf_text(&key), buf_str(&text));
    }
    buf_adds(out, "{\n");
    hcl_arguments(arguments, depth + 1, out);
    hcl_indent(depth, out);
    buf_addc(out, '}');
    return true;
}

/* Several objects stand below each other, all else in one line. */
static bool add_list(const struct hcl_marks *marks, const struct json *value, unsigned depth, struct buf *out,
                     struct error *err)
{
    bool below = json_count(value) > 1 && json_is_object(json_first(value));

    buf_addc(out, '[');
    for (const struct json *m = json_first(value); m; m = json_next(m)) {
        if (m != json_first(value))
            buf_adds(out, below ? "," : ", ");
        if (below) {
            buf_addc(out, '\n');
            hcl_indent(depth + 1, out);
        }
        if (!hcl_value(marks, m, below ? depth + 1 : depth, out, err))
            return false;
    }
    if (below) {
        buf_addc(out, '\n');
        hcl_indent(depth, out);
    }
    buf_addc(out, ']');
    return true;
}

bool hcl_value(const struct hcl_marks *marks, const struct json *value, unsigned depth, struct buf *out,
               struct error *err)
{
    if (json_is_string(value))
        return add_text(marks, json_str(value), out, err);
    if (json_is_array(value))
        return add_list(marks, value, depth, out, err);
    if (json_is_object(value) && json_count(value) > 0)
        return add_object(marks, value, depth, out, err);
    json_write(value, out);
    return true;
}

bool hcl_document(const struct hcl_marks *marks, struct str text, unsigned depth, struct buf *out,
                  struct error *err)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(json_freep) struct json *document = NULL;

    explain_quote_numbers(text, &quoted);
    if (!json_parse(buf_str(&quoted), NULL, &document, err))
        return error_wrap(err, "read a document as JSON");
    buf_adds(out, "jsonencode(");
    if (!hcl_value(marks, document, depth, out, err))
        return false;
    buf_addc(out, ')');
    return true;
}

static bool spans_lines(const struct json *argument)
{
    return str_contains(json_str(argument), STR("\n"));
}

/* The longest name from here on to the next value that spans lines. */
static int width_of(const struct json *argument)
{
    size_t width = 0;

    for (; argument && !spans_lines(argument); argument = json_next(argument)) {
        if (strlen(json_key(argument)) > width)
            width = strlen(json_key(argument));
    }
    return (int)width;
}

void hcl_arguments(const struct json *arguments, unsigned depth, struct buf *out)
{
    bool alone = true;
    int width = 0;

    for (const struct json *a = json_first(arguments); a; a = json_next(a)) {
        if (alone && !spans_lines(a))
            width = width_of(a);
        alone = spans_lines(a);
        hcl_indent(depth, out);
        buf_printf(out, "%-*s = %s\n", alone ? 0 : width, json_key(a), json_text(a));
    }
}
