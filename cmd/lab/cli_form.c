#include "cmd/lab/cli_form.h"

#include <ctype.h>

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

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.data[i]) && !strchr("-_./:@%+=,", text.data[i]))
            return false;
    return text.len > 0;
}

void shell_word(struct str text, struct buf *out)
{
    if (is_plain(text)) {
        buf_add(out, text);
        return;
    }
    buf_addc(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, text.data[i]);
    }
    buf_addc(out, '\'');
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

void cli_command(const char *service, const char *operation, const struct json *input, struct buf *out)
{
    buf_printf(out, "aws %s ", service);
    cli_word(str_of(operation), '-', out);
    for (const struct json *m = json_first(input); m; m = json_next(m)) {
        buf_adds(out, json_is_bool(m) && !json_bool(m, false) ? " --no-" : " --");
        cli_word(str_of(json_key(m)), '-', out);
        if (json_is_bool(m))
            continue;
        for (const struct json *e = is_text_list(m) ? json_first(m) : m; e;
             e = is_text_list(m) ? json_next(e) : NULL) {
            buf_addc(out, ' ');
            add_value(e, out);
        }
    }
}
