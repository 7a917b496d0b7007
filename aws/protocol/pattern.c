/* The patterns of the service models, matched in time linear in the text: the
 * pattern becomes a small program, and all its states run side by side
 * (Thompson's construction), so that no pattern can be made to hang. */
#include "aws/protocol/wire.h"

#include "aws/common/mem.h"

#include <stdlib.h>

#define PROGRAM_MAX 1024 /* instructions, after repetitions are unrolled */
#define NODES_MAX 512
#define RANGES_MAX 512
#define NEST_MAX 32
#define ANY_NUMBER SIZE_MAX

/* Patterns that this matcher does not translate, each with its reason. They are
 * not judged. A test holds that every other pattern of the tables compiles. */
static const char *const untranslated[] = {
    "^(?!\\s*$).+", /* ssm AlarmName: looks ahead */
};

enum node_type {
    NODE_EMPTY,
    NODE_RANGES,
    NODE_START,
    NODE_END,
    NODE_WORD_EDGE,
    NODE_CHAIN,  /* x, then y */
    NODE_EITHER, /* x or y */
    NODE_REPEAT  /* x, least to most times */
};

struct node {
    enum node_type type;
    size_t x, y; /* parts; ranges: first and count */
    size_t least, most;
    bool negated;
};

struct range {
    unsigned long low, high;
};

enum opcode { OP_RANGES, OP_SPLIT, OP_JUMP, OP_START, OP_END, OP_WORD_EDGE, OP_MATCH };

struct instruction {
    enum opcode op;
    size_t x, y; /* where to go on; ranges: x is the node */
};

struct program {
    struct str pattern;
    size_t at, depth; /* while reading */
    bool bad;         /* not understood, or too big */
    struct node nodes[NODES_MAX];
    size_t node_count;
    struct range ranges[RANGES_MAX];
    size_t range_count;
    struct instruction code[PROGRAM_MAX];
    size_t count;
};

static size_t parse_alternatives(struct program *p);

static char peek(const struct program *p)
{
    return p->at < p->pattern.len ? p->pattern.data[p->at] : '\0';
}

static bool take(struct program *p, char c)
{
    if (p->at >= p->pattern.len || p->pattern.data[p->at] != c)
        return false;
    p->at++;
    return true;
}

static size_t node(struct program *p, struct node n)
{
    if (p->node_count >= NODES_MAX) {
        p->bad = true;
        return 0;
    }
    p->nodes[p->node_count] = n;
    return p->node_count++;
}

static void add_range(struct program *p, unsigned long low, unsigned long high)
{
    if (p->range_count >= RANGES_MAX) {
        p->bad = true;
        return;
    }
    p->ranges[p->range_count++] = (struct range){low, high};
}

/* Adds the class behind a backslash; false when it is a single character,
 * which is then in *point. \p{L} and \p{N} take every character beyond ASCII
 * that \p{Z} does not: the tables use the three together. */
static bool escape(struct program *p, unsigned long *point)
{
    char c = peek(p);

    p->at++;
    switch (c) {
    case 'w':
        add_range(p, 'a', 'z');
        add_range(p, 'A', 'Z');
        add_range(p, '0', '9');
        add_range(p, '_', '_');
        return true;
    case 'd':
        add_range(p, '0', '9');
        return true;
    case 's':
        add_range(p, '\t', '\r');
        add_range(p, ' ', ' ');
        return true;
    case 'p':
        if (str_starts(str_slice(p->pattern, p->at, 3), STR("{L}"))) {
            add_range(p, 'a', 'z');
            add_range(p, 'A', 'Z');
            add_range(p, 0xa1, 0x10ffff);
        } else if (str_starts(str_slice(p->pattern, p->at, 3), STR("{N}"))) {
            add_range(p, '0', '9');
        } else if (str_starts(str_slice(p->pattern, p->at, 3), STR("{Z}"))) {
            add_range(p, ' ', ' ');
            add_range(p, 0xa0, 0xa0);
        } else {
            p->bad = true;
        }
        p->at += 3;
        return true;
    case 'u': {
        char hex[5] = {0};
        struct str digits = str_slice(p->pattern, p->at, 4);

        memcpy(hex, digits.data, digits.len);
        *point = strtoul(hex, NULL, 16);
        p->at += 4;
        return false;
    }
    case 't':
        *point = '\t';
        return false;
    case 'n':
        *point = '\n';
        return false;
    case 'r':
        *point = '\r';
        return false;
    default:
        /* A letter would be a class we do not know; the rest is itself. */
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\0')
            p->bad = true;
        *point = (unsigned char)c;
        return false;
    }
}

/* One end of a range in [...]; true when it was a whole class. */
static bool class_part(struct program *p, unsigned long *point)
{
    if (take(p, '\\'))
        return escape(p, point);
    *point = utf8_next(p->pattern, &p->at);
    return false;
}

static size_t parse_class(struct program *p)
{
    struct node n = {.type = NODE_RANGES, .x = p->range_count};
    unsigned long low, high;

    n.negated = take(p, '^');
    while (p->at < p->pattern.len && peek(p) != ']' && !p->bad) {
        size_t mark;

        if (class_part(p, &low))
            continue;
        mark = p->at;
        high = low;
        /* '-' is a range only between two characters. */
        if (take(p, '-') && peek(p) != ']' && p->at < p->pattern.len) {
            size_t before = p->range_count;

            if (class_part(p, &high)) {
                p->range_count = before;
                p->at = mark;
                high = low;
            } else if (high < low) {
                p->bad = true;
            }
        } else {
            p->at = mark;
        }
        add_range(p, low, high);
    }
    if (!take(p, ']'))
        p->bad = true;
    n.y = p->range_count - n.x;
    return node(p, n);
}

static size_t parse_group(struct program *p)
{
    size_t inner;

    if (take(p, '?') && !take(p, ':'))
        p->bad = true;
    inner = parse_alternatives(p);
    if (!take(p, ')'))
        p->bad = true;
    return inner;
}

static size_t parse_atom(struct program *p)
{
    struct node n = {.type = NODE_RANGES, .x = p->range_count};
    unsigned long point;

    if (take(p, '('))
        return parse_group(p);
    if (take(p, '['))
        return parse_class(p);
    if (take(p, '^'))
        return node(p, (struct node){.type = NODE_START});
    if (take(p, '$'))
        return node(p, (struct node){.type = NODE_END});
    if (take(p, '.')) {
        n.negated = true;
        add_range(p, '\n', '\n');
    } else if (!take(p, '\\')) {
        point = utf8_next(p->pattern, &p->at);
        add_range(p, point, point);
    } else if (take(p, 'b')) {
        return node(p, (struct node){.type = NODE_WORD_EDGE});
    } else if (!escape(p, &point)) {
        add_range(p, point, point);
    }
    n.y = p->range_count - n.x;
    return node(p, n);
}

static bool number(struct program *p, size_t *out)
{
    size_t start = p->at;

    *out = 0;
    while (peek(p) >= '0' && peek(p) <= '9' && *out < PROGRAM_MAX)
        *out = *out * 10 + (size_t)(p->pattern.data[p->at++] - '0');
    return p->at > start;
}

static void parse_count(struct program *p, size_t *least, size_t *most)
{
    *least = *most = 1;
    if (take(p, '*')) {
        *least = 0;
        *most = ANY_NUMBER;
    } else if (take(p, '+')) {
        *most = ANY_NUMBER;
    } else if (take(p, '?')) {
        *least = 0;
    } else if (take(p, '{')) {
        if (!number(p, least))
            p->bad = true;
        *most = *least;
        if (take(p, ',') && !number(p, most))
            *most = ANY_NUMBER;
        if (!take(p, '}') || *most < *least)
            p->bad = true;
    }
}

static size_t parse_sequence(struct program *p)
{
    size_t all = node(p, (struct node){.type = NODE_EMPTY});

    while (p->at < p->pattern.len && peek(p) != '|' && peek(p) != ')' && !p->bad) {
        struct node repeat = {.type = NODE_REPEAT, .x = parse_atom(p)};
        size_t part = repeat.x;

        parse_count(p, &repeat.least, &repeat.most);
        if (repeat.least != 1 || repeat.most != 1)
            part = node(p, repeat);
        all = node(p, (struct node){.type = NODE_CHAIN, .x = all, .y = part});
    }
    return all;
}

static size_t parse_alternatives(struct program *p)
{
    size_t all;

    if (++p->depth > NEST_MAX) {
        p->bad = true;
        return 0;
    }
    all = parse_sequence(p);
    while (take(p, '|') && !p->bad)
        all = node(p, (struct node){.type = NODE_EITHER, .x = all, .y = parse_sequence(p)});
    p->depth--;
    return all;
}

static size_t emit(struct program *p, enum opcode op, size_t x)
{
    if (p->count >= PROGRAM_MAX) {
        p->bad = true;
        return 0;
    }
    p->code[p->count] = (struct instruction){.op = op, .x = x};
    return p->count++;
}

static void compile(struct program *p, size_t at);

/* Runs the part, or goes on behind it. */
static void compile_optional(struct program *p, size_t part, bool loop)
{
    size_t split = emit(p, OP_SPLIT, 0);

    compile(p, part);
    if (loop)
        emit(p, OP_JUMP, split);
    p->code[split].x = split + 1;
    p->code[split].y = p->count;
}

static void compile_either(struct program *p, const struct node *n)
{
    size_t split = emit(p, OP_SPLIT, 0), jump;

    compile(p, n->x);
    jump = emit(p, OP_JUMP, 0);
    p->code[split].x = split + 1;
    p->code[split].y = p->count;
    compile(p, n->y);
    p->code[jump].x = p->count;
}

static void compile(struct program *p, size_t at)
{
    const struct node *n = &p->nodes[at];

    if (p->bad)
        return;
    switch (n->type) {
    case NODE_EMPTY:
        break;
    case NODE_RANGES:
        emit(p, OP_RANGES, at);
        break;
    case NODE_START:
        emit(p, OP_START, 0);
        break;
    case NODE_END:
        emit(p, OP_END, 0);
        break;
    case NODE_WORD_EDGE:
        emit(p, OP_WORD_EDGE, 0);
        break;
    case NODE_CHAIN:
        compile(p, n->x);
        compile(p, n->y);
        break;
    case NODE_EITHER:
        compile_either(p, n);
        break;
    case NODE_REPEAT:
        for (size_t i = 0; i < n->least && !p->bad; i++)
            compile(p, n->x);
        if (n->most == ANY_NUMBER)
            compile_optional(p, n->x, true);
        for (size_t i = n->least; n->most != ANY_NUMBER && i < n->most && !p->bad; i++)
            compile_optional(p, n->x, false);
        break;
    }
}

static bool in_ranges(const struct program *p, const struct node *n, unsigned long point)
{
    bool found = false;

    for (size_t i = 0; i < n->y && !found; i++)
        found = point >= p->ranges[n->x + i].low && point <= p->ranges[n->x + i].high;
    return found != n->negated;
}

static bool is_word(struct str text, size_t at)
{
    unsigned char c = at < text.len ? (unsigned char)text.data[at] : 0;

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct states {
    size_t items[PROGRAM_MAX + 1];
    size_t count;
    bool has[PROGRAM_MAX + 1];
};

/* Follows everything that takes no character. An explicit stack: a pattern may
 * chain thousands of splits. */
static void reach(const struct program *p, struct states *s, size_t from, struct str text, size_t at,
                  size_t *stack)
{
    size_t depth = 0;

    stack[depth++] = from;
    while (depth > 0) {
        size_t n = stack[--depth];
        const struct instruction *i = &p->code[n];
        bool edge = is_word(text, at) != (at > 0 && is_word(text, at - 1));

        if (s->has[n])
            continue;
        s->has[n] = true;
        if (i->op == OP_SPLIT) {
            stack[depth++] = i->x;
            stack[depth++] = i->y;
        } else if (i->op == OP_JUMP) {
            stack[depth++] = i->x;
        } else if (i->op == OP_RANGES || i->op == OP_MATCH) {
            s->items[s->count++] = n;
        } else if ((i->op == OP_START && at == 0) || (i->op == OP_END && at == text.len) ||
                   (i->op == OP_WORD_EDGE && edge)) {
            stack[depth++] = n + 1;
        }
    }
}

static bool run(const struct program *p, struct str text)
{
    struct states *now = mem_alloc(sizeof *now), *next = mem_alloc(sizeof *next);
    size_t *stack = mem_array(2 * PROGRAM_MAX + 2, sizeof *stack);
    bool fits = false;

    reach(p, now, 0, text, 0, stack);
    for (size_t at = 0; at < text.len && now->count > 0;) {
        unsigned long point = utf8_next(text, &at);
        struct states *swap = now;

        memset(next, 0, sizeof *next);
        for (size_t i = 0; i < now->count; i++)
            if (p->code[now->items[i]].op == OP_RANGES &&
                in_ranges(p, &p->nodes[p->code[now->items[i]].x], point))
                reach(p, next, now->items[i] + 1, text, at, stack);
        now = next;
        next = swap;
    }
    for (size_t i = 0; i < now->count; i++)
        fits = fits || p->code[now->items[i]].op == OP_MATCH;
    mem_free(now);
    mem_free(next);
    mem_free(stack);
    return fits;
}

bool pattern_fits(const char *pattern, struct str text, bool *known)
{
    struct program *p;
    bool fits = false;

    *known = false;
    for (size_t i = 0; i < ARRAY_LEN(untranslated); i++)
        if (strcmp(untranslated[i], pattern) == 0)
            return false;
    p = mem_alloc(sizeof *p);
    p->pattern = str_of(pattern);
    compile(p, parse_alternatives(p));
    emit(p, OP_MATCH, 0);
    *known = !p->bad && p->at == p->pattern.len;
    if (*known)
        fits = run(p, text);
    mem_free(p);
    return fits;
}
