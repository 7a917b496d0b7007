#include "steps/plan/problem.h"

#include "aws/common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEPT = 100,        /* shown to a person */
    COLLECTED = 200,   /* found before sorting: parts of the check come later than their lines */
    LONG_COLUMN = 160, /* from here on the source is shown from its middle */
    BEFORE_COLUMN = 80 /* characters shown in front of the place then */
};

/* Bytes of the line break at p, 0 for none: those of YAML 1.1, which libyaml
 * counts (NEL, LS and PS among them). */
static size_t break_at(struct str text, size_t at)
{
    static const struct {
        const char *bytes;
        size_t len;
    } breaks[] = {{"\r\n", 2},     {"\n", 1},           {"\r", 1},
                  {"\xc2\x85", 2}, {"\xe2\x80\xa8", 3}, {"\xe2\x80\xa9", 3}};

    for (size_t i = 0; i < ARRAY_LEN(breaks); i++)
        if (text.len - at >= breaks[i].len && memcmp(text.data + at, breaks[i].bytes, breaks[i].len) == 0)
            return breaks[i].len;
    return 0;
}

static void add_line(struct source *s, size_t start, size_t end)
{
    mem_grow(&s->lines, &s->cap, s->count, sizeof(*s->lines));
    s->lines[s->count++] = str_slice(s->text, start, end - start);
}

void source_init(struct source *s, struct str text)
{
    size_t start = 0, at = 0;

    *s = (struct source){0};
    /* A byte order mark is no character of the first line. */
    s->text = str_starts(text, STR("\xef\xbb\xbf")) ? str_slice(text, 3, text.len) : text;
    while (at < s->text.len) {
        size_t len = break_at(s->text, at);

        if (len > 0) {
            add_line(s, start, at);
            start = at + len;
        }
        at += len > 0 ? len : 1;
    }
    add_line(s, start, at);
}

void source_release(struct source *s)
{
    mem_free(s->lines);
    *s = (struct source){0};
}

struct str source_line(const struct source *s, int line)
{
    return line >= 1 && (size_t)line <= s->count ? s->lines[line - 1] : STR("");
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int characters(struct str s)
{
    int count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += starts_character(s.data[i]);
    return count;
}

/* Byte offset of the character with this index from 0, s.len past the end. */
static size_t character_offset(struct str s, int index)
{
    size_t at = 0;

    for (; at < s.len; at++)
        if (starts_character(s.data[at]) && index-- == 0)
            return at;
    return s.len;
}

/* A literal block: line n of its text is line n after the indicator, indented. */
static struct place within_block(const struct source *s, const struct yaml_node *scalar, size_t offset)
{
    struct str before = str_slice(scalar->text, 0, offset), line, shown;
    int lines = 0;
    size_t start = 0;

    for (size_t i = 0; i < before.len; i++)
        if (before.data[i] == '\n') {
            lines++;
            start = i + 1;
        }
    line = str_slice(scalar->text, start, scalar->text.len);
    line = str_slice(line, 0, str_find_char(line, '\n'));
    shown = source_line(s, scalar->line + 1 + lines);
    if (!str_ends(shown, line))
        return place_of(scalar);
    return (struct place){scalar->line + 1 + lines,
                          characters(str_slice(shown, 0, shown.len - line.len + (offset - start))) + 1};
}

struct place place_within(const struct source *s, const struct yaml_node *scalar, size_t offset)
{
    struct str line = source_line(s, scalar->line);
    struct str rest = str_slice(line, character_offset(line, scalar->column - 1), line.len);
    size_t skip = scalar->quoted ? 1 : 0;

    if (scalar->quoted && str_starts(rest, STR("|")))
        return within_block(s, scalar, offset);
    /* An escape, a doubled quote or a folded line in front of it would show
     * here, because the text then differs from the source. */
    if (!str_starts(str_slice(rest, skip, rest.len), str_slice(scalar->text, 0, offset + 2)))
        return place_of(scalar);
    return (struct place){scalar->line,
                          scalar->column + (int)skip + characters(str_slice(scalar->text, 0, offset))};
}

/* One character for one, so that columns hold: what a terminal would obey, and
 * bytes that are no text, become "?". At most size - 1 bytes, cut between
 * characters; false when cut. */
static bool tidy(struct str in, bool keep_tabs, char *out, size_t size)
{
    size_t at = 0, len = 0;

    while (at < in.len) {
        size_t width = 1;
        unsigned char c = (unsigned char)in.data[at];
        bool shown = (c >= 0x20 && c < 0x7f) || (c == '\t' && keep_tabs);

        if (c >= 0x80) {
            while (width < 4 && at + width < in.len && !starts_character(in.data[at + width]))
                width++;
            /* U+0080 to U+009F are controls too. */
            shown = str_is_utf8(str_slice(in, at, width)) &&
                    !(c == 0xc2 && (unsigned char)in.data[at + 1] < 0xa0);
        }
        if (len + (shown ? width : 1) >= size)
            break;
        if (shown)
            memcpy(out + len, in.data + at, width);
        else
            out[len] = '?';
        len += shown ? width : 1;
        at += width;
    }
    out[len] = '\0';
    return at == in.len;
}

static void end_in_dots(char *text)
{
    size_t at = strlen(text) - 3;

    while (at > 0 && !starts_character(text[at]))
        at--;
    memcpy(text + at, "...", sizeof("..."));
}

bool problems_full(const struct plan_problems *p)
{
    return p->count >= COLLECTED;
}

void problem_add(struct plan_problems *p, const struct source *s, struct place at, const char *format, ...)
{
    CLEANUP(mem_freep) char *message = NULL;
    struct plan_problem *item;
    struct str line;
    va_list args;

    if (problems_full(p))
        return;
    va_start(args, format);
    message = mem_vprintf(format, args);
    va_end(args);
    mem_grow(&p->items, &p->cap, p->count, sizeof(*p->items));
    item = &p->items[p->count++];
    *item = (struct plan_problem){.line = at.line, .column = at.column};
    if (!tidy(str_of(message), false, item->message, sizeof(item->message)))
        end_in_dots(item->message);
    line = source_line(s, at.line);
    if (at.column > LONG_COLUMN) {
        item->source_from = at.column - 1 - BEFORE_COLUMN;
        line = str_slice(line, character_offset(line, item->source_from), line.len);
    }
    (void)tidy(line, true, item->source, sizeof(item->source));
}

static int compare_places(const void *a, const void *b)
{
    const struct plan_problem *const *left = a, *const *right = b;
    int order = ((*left)->line > (*right)->line) - ((*left)->line < (*right)->line);

    if (order == 0)
        order = ((*left)->column > (*right)->column) - ((*left)->column < (*right)->column);
    /* Same place: the one found first stands first in the array. */
    return order != 0 ? order : (*left > *right) - (*left < *right);
}

void problems_sort(struct plan_problems *p)
{
    const struct plan_problem **sorted = mem_array(p->count, sizeof(struct plan_problem *));
    size_t count = p->count < KEPT ? p->count : KEPT;
    struct plan_problem *items = mem_array(count, sizeof(*items));

    for (size_t i = 0; i < p->count; i++)
        sorted[i] = &p->items[i];
    qsort(sorted, p->count, sizeof(struct plan_problem *), compare_places);
    for (size_t i = 0; i < count; i++)
        items[i] = *sorted[i];
    mem_free(sorted);
    mem_free(p->items);
    *p = (struct plan_problems){.items = items, .count = count, .cap = count};
}

void plan_problems_release(struct plan_problems *p)
{
    mem_free(p->items);
    *p = (struct plan_problems){0};
}

/* Blanks as wide as what stands in front of the place; tabs stay tabs. */
static void add_caret(const struct plan_problem *item, struct buf *out)
{
    struct str source = str_of(item->source);
    int blanks = item->column - 1 - item->source_from;

    for (size_t i = 0; i < source.len && blanks > 0; i++)
        if (starts_character(source.data[i])) {
            buf_addc(out, source.data[i] == '\t' ? '\t' : ' ');
            blanks--;
        }
    /* The place may be behind the end of the line. */
    while (blanks-- > 0)
        buf_addc(out, ' ');
    buf_adds(out, "^\n");
}

void plan_problems_print(const struct plan_problems *p, const char *file, struct buf *out)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_problem *item = &p->items[i];

        if (item->line == 0) {
            buf_printf(out, "%s: %s\n", file, item->message);
            continue;
        }
        buf_printf(out, "%s:%d:%d: %s\n%s\n", file, item->line, item->column, item->message, item->source);
        add_caret(item, out);
    }
}
