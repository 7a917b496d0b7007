/* Steps as what to click in AWS's console, page by page. A call without a row is typed
 * into the console's own shell. */
#include "aws/common/mem.h"
#include "cmd/lab/cli_form.h"
#include "cmd/lab/explain.h"
#include "cmd/lab/explain_console_rows.h"

#include <string.h>

struct guide {
    const struct explanation *x;
    struct buf *out;
    const char *page; /* where the reader is */
    int number;
    unsigned repeats;
    struct error *err;
};

/* --- words --- */

/* A mark is what was noted before, under the name that the cli form gives it. */
static void add_text(struct str text, struct buf *out)
{
    struct str before, name, after;

    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        buf_add(out, before);
        buf_adds(out, "${");
        mark_variable(name, out);
        buf_addc(out, '}');
    }
    buf_add(out, text);
}

/* A list by commas; two members are a name and its value: {Key, Value}, {Name, Values}. */
static void add_words(const struct json *value, struct buf *out)
{
    const char *between = json_is_object(value) ? " = " : ", ";

    if (json_is_string(value)) {
        add_text(json_str(value), out);
    } else if (!json_is_array(value) && !json_is_object(value)) {
        json_write(value, out);
    } else {
        for (const struct json *m = json_first(value); m; m = json_next(m)) {
            buf_adds(out, m == json_first(value) ? "" : between);
            add_words(m, out);
        }
    }
}

/* --- lines --- */

static void go_to(struct guide *g, const char *page)
{
    if (g->page && strcmp(g->page, page) == 0)
        return;
    g->page = page;
    buf_printf(g->out, "\n%s\n", page);
}

static void begin_line(struct guide *g)
{
    buf_printf(g->out, "%*s%2d. ", (int)(2 + 4 * g->repeats), "", ++g->number);
}

static void add_line(struct guide *g, const char *words)
{
    begin_line(g);
    buf_printf(g->out, "%s\n", words);
}

/* Text of its own lines under the line at hand. */
static void add_block(const struct guide *g, struct str text)
{
    struct str line;

    while (str_split(&text, '\n', &line))
        buf_printf(g->out, "%*s%.*s\n", line.len ? (int)(10 + 4 * g->repeats) : 0, "", STR_ARG(line));
}

/* JSON in a text, laid out. */
static bool add_document(const struct guide *g, struct str text)
{
    CLEANUP(buf_release) struct buf quoted = {0}, pretty = {0}, plain = {0}, words = {0};
    CLEANUP(json_freep) struct json *document = NULL;

    explain_quote_numbers(text, &quoted);
    if (!json_parse(buf_str(&quoted), NULL, &document, g->err))
        return error_wrap(g->err, "read a document as JSON");
    json_write_pretty(document, &pretty);
    explain_unquote_numbers(buf_str(&pretty), &plain);
    add_text(buf_str(&plain), &words);
    add_block(g, buf_str(&words));
    return true;
}

/* "{Member}" in words, "{Member:json}" and "{Member:lines}" below the line. */
static bool add_member(const struct guide *g, const struct json *value, struct str form, struct buf *line)
{
    CLEANUP(buf_release) struct buf words = {0};

    add_words(value, &words);
    if (form.len == 0) {
        buf_add(line, buf_str(&words));
        return true;
    }
    buf_printf(g->out, "%s\n", buf_text(line));
    buf_reset(line);
    if (str_is(form, "json"))
        return add_document(g, json_str(value));
    add_block(g, buf_str(&words));
    return true;
}

static const struct json *member_of(const struct json *input, struct str word, struct str *form)
{
    CLEANUP(mem_freep) char *path = NULL;
    struct str name;

    *form = word;
    if (!str_split(form, ':', &name))
        return NULL;
    path = mem_copy(name);
    return json_path(input, path);
}

/* The next "{…}" of a line. */
static bool next_member(struct str *rest, struct str *before, struct str *word)
{
    size_t begin = str_find_char(*rest, '{'), end = str_find_char(*rest, '}');

    *before = str_slice(*rest, 0, begin);
    if (begin == rest->len)
        return false;
    *word = str_slice(*rest, begin + 1, end - begin - 1);
    *rest = str_slice(*rest, end + 1, rest->len);
    return true;
}

static bool has_all(const struct json *input, struct str line)
{
    struct str before, word, form;

    while (next_member(&line, &before, &word)) {
        if (!member_of(input, word, &form))
            return false;
    }
    return true;
}

/* A line that says a member is left out where the call does not have it. */
static bool add_row_line(struct guide *g, const struct json *input, const char *row)
{
    CLEANUP(buf_release) struct buf line = {0};
    struct str rest = str_of(row), before, word, form;

    if (!has_all(input, rest))
        return true;
    begin_line(g);
    while (next_member(&rest, &before, &word)) {
        const struct json *value = member_of(input, word, &form);
        buf_add(&line, before);
        if (!add_member(g, value, form, &line))
            return false;
    }
    buf_add(&line, rest);
    if (line.len > 0)
        buf_printf(g->out, "%s\n", buf_text(&line));
    return true;
}

/* --- items --- */

/* Whether a row's lines say the member, or need not. */
static bool is_said(const struct console_page *p, const char *member)
{
    CLEANUP(mem_freep) char *begin = mem_printf("{%s", member);
    size_t len = strlen(begin);

    for (size_t i = 0; i < CONSOLE_LINES && p->lines[i]; i++) {
        const char *at = strstr(p->lines[i], begin);
        if (at && strchr("}.:", at[len]))
            return true;
    }
    return p->unsaid && strcmp(p->unsaid, member) == 0;
}

static bool add_page(struct guide *g, const struct console_page *p, const struct json *input)
{
    for (const struct json *m = json_first(input); m; m = json_next(m)) {
        if (!is_said(p, json_key(m)))
            return error_set(g->err, ERR_BUG, "the console's %s says nothing of %s", p->operation,
                             json_key(m));
    }
    go_to(g, p->page);
    for (size_t i = 0; i < CONSOLE_LINES && p->lines[i]; i++) {
        if (!add_row_line(g, input, p->lines[i]))
            return false;
    }
    return true;
}

static void add_typed(struct guide *g, const struct json *item)
{
    CLEANUP(buf_release) struct buf command = {0};

    go_to(g, "CloudShell (its icon is at the top of every page), for the console has no page for this");
    add_line(g, "Type:");
    cli_command(json_get_text(item, "service"), json_get_text(item, "operation"), json_get(item, "input"),
                " \\\n    ", &command);
    add_block(g, buf_str(&command));
}

/* What a later line needs, under its last name in the reply. */
static void add_notes(struct guide *g, const struct json *gives)
{
    for (const struct json *give = json_first(gives); give; give = json_next(give)) {
        CLEANUP(buf_release) struct buf name = {0};
        struct str rest = json_str(give), word, last = {0};

        while (str_split(&rest, '.', &word)) {
            if (!str_is(word, "0") && !str_is(word, "*"))
                last = word;
        }
        size_t slash = str_find_char(last, '/');
        mark_variable(str_of(json_key(give)), &name);
        begin_line(g);
        buf_printf(g->out, "Note %.*s as ${%s}.\n",
                   STR_ARG(slash < last.len ? str_slice(last, slash + 1, last.len) : last), buf_text(&name));
    }
}

static void add_sql(struct guide *g, const struct json *item)
{
    static const char *const members[] = {"host", "port", "user", "database"};
    CLEANUP(buf_release) struct buf command = {0}, statements = {0};
    const struct json *login = json_get(item, "login");

    go_to(g, "A terminal of the workstation (EC2 > Instances > Connect > Session Manager)");
    buf_adds(&command, "mysql --ssl-ca=global-bundle.pem");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!json_get(login, members[i]))
            continue;
        buf_printf(&command, " --%s=", members[i]);
        add_text(json_str(json_get(login, members[i])), &command);
    }
    buf_adds(&command, " --password");
    add_line(g, "Log in; the client asks for the password:");
    add_block(g, buf_str(&command));
    begin_line(g);
    add_text(json_str(json_get(login, "password")), g->out);
    buf_adds(g->out, " is the password. Then type:\n");
    for (const struct json *e = json_first(json_get(item, "statements")); e; e = json_next(e)) {
        add_text(json_str(e), &statements);
        buf_adds(&statements, ";\n");
    }
    add_block(g, str_trim(buf_str(&statements)));
}

static void add_outcome(struct guide *g, const struct json *item)
{
    const char *fails = json_get_text(item, "fails");

    if (*fails) {
        begin_line(g);
        buf_printf(g->out, "That has to be refused, with %s.\n", fails);
    }
    if (json_get(item, "again"))
        add_line(g, "If it is refused at first, wait some seconds and do it again.");
}

static void begin_repeat(struct guide *g, const struct json *item)
{
    begin_line(g);
    buf_printf(g->out, "Do this again and again, %s:\n", json_get_text(item, "why"));
    g->repeats++;
    g->page = NULL;
}

static void end_repeat(struct guide *g, const struct json *item)
{
    CLEANUP(buf_release) struct buf name = {0}, words = {0};
    const struct json *is = json_get(item, "is");

    mark_variable(json_str(json_get(item, "mark")), &name);
    for (const struct json *w = json_first(is); w; w = json_next(w))
        buf_printf(&words, "%s%s", words.len ? " or " : "is ", json_text(w));
    if (!is) {
        buf_adds(&words, "has \"");
        add_text(json_str(json_get(item, "contains")), &words);
        buf_adds(&words, "\" in it");
    }
    g->repeats--;
    begin_line(g);
    buf_printf(g->out, "Go on when ${%s} %s.", buf_text(&name), buf_text(&words));
    if (*json_get_text(item, "unless"))
        buf_printf(g->out, " With \"%s\" in it, it has failed.", json_get_text(item, "unless"));
    buf_addc(g->out, '\n');
    g->page = NULL;
}

static bool add_item(struct guide *g, const struct json *item)
{
    const struct console_page *page = console_find_page(item);
    const char *why = json_get_text(item, "why");

    if (item_is(item, "repeat")) {
        begin_repeat(g, item);
        return true;
    }
    if (item_is(item, "until")) {
        end_repeat(g, item);
        return true;
    }
    if (*why)
        buf_printf(g->out, "\n  (%s)\n", why);
    if (item_is(item, "sql"))
        add_sql(g, item);
    else if (!page)
        add_typed(g, item);
    else if (!add_page(g, page, json_get(item, "input")))
        return false;
    add_notes(g, json_get(item, "gives"));
    add_outcome(g, item);
    return true;
}

bool explain_console(const struct explanation *steps, size_t count, struct buf *out, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct guide g = {.x = &steps[i], .out = out, .err = err};

        buf_adds(out, i ? "\n" : "");
        explain_heading(g.x, "#", out);
        for (const struct json *item = json_first(g.x->items); item; item = json_next(item)) {
            if (!add_item(&g, item))
                return false;
        }
    }
    return true;
}
