#include "cmd/lab/cli_form.h"

#include "steps/engine/explain.h"

#include <ctype.h>
#include <string.h>

static bool upper(struct str s, size_t i)
{
    return i < s.len && isupper((unsigned char)s.data[i]);
}

static bool lower(struct str s, size_t i)
{
    return i < s.len && islower((unsigned char)s.data[i]);
}

/** Whether a word begins at i: "aB" does at B, "DBCluster" at the C. */
static bool begins(struct str s, size_t i)
{
    if (i == 0 || !upper(s, i))
        return false;
    /* A plural of capitals stays whole: "ARNs", "DescribeVPCs". */
    if (i + 2 == s.len && s.data[i + 1] == 's' && upper(s, i - 1))
        return false;
    return !upper(s, i - 1) || lower(s, i + 1);
}

void cli_word(struct str name, char separator, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++) {
        if (begins(name, i))
            buf_addc(out, separator);
        buf_addc(out, (char)tolower((unsigned char)name.data[i]));
    }
}

static bool only_of(struct str text, const char *others)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.data[i]) && !strchr(others, text.data[i]))
            return false;
    return true;
}

void mark_variable(struct str name, struct buf *out)
{
    struct str rest = name, env;

    if (str_split(&rest, '.', &env) && str_is(env, "env")) {
        buf_add(out, rest);
        return;
    }
    for (size_t i = 0; i < name.len && name.data[i] != '#'; i++)
        buf_addc(out, isalnum((unsigned char)name.data[i]) ? name.data[i] : '_');
}

static void single_quoted(struct str text, struct buf *out)
{
    buf_addc(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, text.data[i]);
    }
    buf_addc(out, '\'');
}

static void variable(struct str name, struct buf *out)
{
    buf_adds(out, "${");
    mark_variable(name, out);
    buf_addc(out, '}');
}

/* "text ${variable} text": nothing in the text means anything there. */
static bool double_quoted(struct str text, struct buf *out)
{
    static const char harmless[] = "-_./:@%+=,;?&#*~^()[]{}<>| '\n";
    CLEANUP(buf_release) struct buf all = {0};
    struct str before, name, after;

    buf_addc(&all, '"');
    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        if (!only_of(before, harmless))
            return false;
        buf_add(&all, before);
        variable(name, &all);
    }
    if (!only_of(text, harmless))
        return false;
    buf_add(&all, text);
    buf_addc(&all, '"');
    buf_add(out, buf_str(&all));
    return true;
}

void shell_word(struct str text, struct buf *out)
{
    struct str before, name, after;

    if (!explain_next_mark(text, &before, &name, &after)) {
        if (text.len > 0 && only_of(text, "-_./:@%+=,"))
            buf_add(out, text);
        else if (!str_contains(text, STR("'")) || !double_quoted(text, out))
            single_quoted(text, out);
        return;
    }
    if (double_quoted(text, out))
        return;
    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        if (before.len > 0)
            single_quoted(before, out);
        buf_addc(out, '"');
        variable(name, out);
        buf_addc(out, '"');
    }
    if (text.len > 0)
        single_quoted(text, out);
}

static bool is_text_list(const struct json *value)
{
    for (const struct json *e = json_first(value); e; e = json_next(e))
        if (!json_is_string(e))
            return false;
    return json_is_array(value) && json_count(value) > 0;
}

static void add_value(const struct json *value, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (json_is_string(value)) {
        shell_word(json_str(value), out);
        return;
    }
    json_write(value, &text);
    shell_word(buf_str(&text), out);
}

static bool is_sensitive(const struct aws_operation *operation, const char *name)
{
    const struct model_member *m =
        operation && operation->input ? model_member(operation->input, name) : NULL;

    return m && (m->sensitive || m->shape->sensitive);
}

bool input_is_sensitive(const struct aws_operation *operation, const struct json *input)
{
    for (const struct json *m = json_first(input); m; m = json_next(m))
        if (is_sensitive(operation, json_key(m)))
            return true;
    return false;
}

static void add_member(const struct aws_operation *operation, const struct json *m, struct buf *out)
{
    buf_adds(out, json_is_bool(m) && !json_bool(m, false) ? "--no-" : "--");
    cli_word(str_of(json_key(m)), '-', out);
    if (json_is_bool(m))
        return;
    if (is_sensitive(operation, json_key(m))) {
        buf_adds(out, " file://<(printf %s ");
        add_value(m, out);
        buf_addc(out, ')');
        return;
    }
    for (const struct json *e = is_text_list(m) ? json_first(m) : m; e;
         e = is_text_list(m) ? json_next(e) : NULL) {
        buf_addc(out, ' ');
        add_value(e, out);
    }
}

void cli_command(const char *service, const char *operation, const struct json *input, const char *separator,
                 struct buf *out)
{
    const struct aws_service *s = model_service(service);
    const struct aws_operation *op = s ? model_operation(s, operation) : NULL;

    buf_printf(out, "aws %s ", service);
    cli_word(str_of(operation), '-', out);
    for (const struct json *m = json_first(input); m; m = json_next(m)) {
        buf_adds(out, separator);
        add_member(op, m, out);
    }
}
