#include "aws/common/yaml.h"

#include "aws/common/mem.h"

#include <yaml.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* SECURITY rule 16. */
enum { HIGHEST_BYTES = 256 * 1024, HIGHEST_DEPTH = 32 };

/* What the document owns: a node, and its text as memory that may be freed. */
struct owned_node {
    struct yaml_node node; /* first: doc->nodes points at it */
    char *text, *tag;
    size_t keys_cap, items_cap;
    bool plain; /* a scalar without quotes or block indicator */
};

struct builder {
    struct yaml_document *doc;
    struct yaml_problem *problem;
    struct owned_node *open[HIGHEST_DEPTH];
    size_t depth;
    bool ended; /* the one document is complete */
    bool with_tags;
};

static bool problem_at(struct yaml_problem *problem, int line, int column, const char *format, ...)
    PRINTF_LIKE(4, 5);

static bool problem_at(struct yaml_problem *problem, int line, int column, const char *format, ...)
{
    va_list args;

    problem->line = line;
    problem->column = column;
    va_start(args, format);
    vsnprintf(problem->message, sizeof(problem->message), format, args);
    va_end(args);
    return false;
}

static bool refuse(struct builder *b, const yaml_event_t *event, const char *what)
{
    return problem_at(b->problem, (int)event->start_mark.line + 1, (int)event->start_mark.column + 1, "%s",
                      what);
}

/* Line and column of a byte, for what is refused before libyaml counts. */
static bool problem_at_byte(struct yaml_problem *problem, struct str text, size_t offset, const char *what)
{
    int line = 1, column = 1;

    for (size_t i = 0; i < offset && i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xc0) != 0x80) {
            column++;
        }
    }
    return problem_at(problem, line, column, "%s", what);
}

static struct owned_node *owner(struct yaml_node *node)
{
    return (struct owned_node *)node;
}

static struct owned_node *new_node(struct builder *b, const yaml_event_t *event, enum yaml_type type)
{
    struct yaml_document *doc = b->doc;
    struct owned_node *own = mem_alloc(sizeof(*own));

    own->node.type = type;
    own->node.line = (int)event->start_mark.line + 1;
    own->node.column = (int)event->start_mark.column + 1;
    mem_grow(&doc->nodes, &doc->node_cap, doc->node_count, sizeof(struct yaml_node *));
    doc->nodes[doc->node_count++] = &own->node;
    return own;
}

/* Puts a node where the text has it: root, item, key, or value of the last key. */
static bool attach(struct builder *b, const yaml_event_t *event, struct owned_node *own)
{
    struct owned_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;
    struct yaml_node *node = parent ? &parent->node : NULL;

    if (!node) {
        b->doc->root = &own->node;
        return true;
    }
    /* A key without its value yet: keys are one ahead of count. */
    if (node->type == YAML_MAPPING && (node->count == 0 || node->items[node->count - 1])) {
        if (own->node.type != YAML_SCALAR)
            return refuse(b, event, "a key has to be plain text");
        if (own->tag)
            return refuse(b, event, "tags are not allowed");
        if (own->plain && str_is(own->node.text, "<<"))
            return refuse(b, event, "merge keys are not allowed");
        mem_grow(&node->keys, &parent->keys_cap, node->count, sizeof(struct yaml_node *));
        mem_grow(&node->items, &parent->items_cap, node->count, sizeof(struct yaml_node *));
        node->keys[node->count] = &own->node;
        node->items[node->count++] = NULL;
        return true;
    }
    if (node->type == YAML_MAPPING) {
        node->items[node->count - 1] = &own->node;
        return true;
    }
    mem_grow(&node->items, &parent->items_cap, node->count, sizeof(struct yaml_node *));
    node->items[node->count++] = &own->node;
    return true;
}

static bool no_extras(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                      const yaml_char_t *tag)
{
    if (anchor)
        return refuse(b, event, "anchors are not allowed");
    /* libyaml has resolved "!!str" to its URI; "!" alone says "no plain scalar". */
    if (tag && b->with_tags && tag[0] == '!' && tag[1] != '\0')
        return true;
    return !tag || refuse(b, event, "tags are not allowed");
}

static void take_tag(struct owned_node *own, const yaml_char_t *tag)
{
    if (!tag)
        return;
    own->tag = mem_dup((const char *)tag + 1);
    own->node.tag = str_of(own->tag);
}

static bool on_scalar(struct builder *b, const yaml_event_t *event)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct owned_node *own;

    if (!no_extras(b, event, event->data.scalar.anchor, event->data.scalar.tag))
        return false;
    /* "\0" in double quotes: text is without NUL everywhere behind this. */
    if (text.len > 0 && memchr(text.data, '\0', text.len))
        return refuse(b, event, "a NUL character is not allowed");
    own = new_node(b, event, YAML_SCALAR);
    take_tag(own, event->data.scalar.tag);
    own->text = mem_copy(text);
    own->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    own->node.text = (struct str){own->text, text.len};
    own->node.quoted = !own->plain;
    return attach(b, event, own);
}

static bool on_start(struct builder *b, const yaml_event_t *event, enum yaml_type type,
                     const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct owned_node *own;

    if (!no_extras(b, event, anchor, tag))
        return false;
    if (b->depth == HIGHEST_DEPTH)
        return problem_at(b->problem, (int)event->start_mark.line + 1, (int)event->start_mark.column + 1,
                          "nested deeper than %d", HIGHEST_DEPTH);
    own = new_node(b, event, type);
    take_tag(own, tag);
    if (!attach(b, event, own))
        return false;
    b->open[b->depth++] = own;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct yaml_node *const *left = a, *const *right = b;
    int order = str_compare((*left)->text, (*right)->text);

    if (order != 0)
        return order;
    /* The later of two equal keys comes second. */
    order = ((*left)->line > (*right)->line) - ((*left)->line < (*right)->line);
    return order != 0 ? order : ((*left)->column > (*right)->column) - ((*left)->column < (*right)->column);
}

/* Sorted, because comparing each with each takes seconds at the size limit.
 * Names the first repetition in reading order. */
static bool keys_unique(struct builder *b, const struct yaml_node *mapping)
{
    CLEANUP(mem_freep) struct yaml_node **keys = mem_array(mapping->count, sizeof(struct yaml_node *));
    const struct yaml_node *again = NULL, *first = NULL;

    if (mapping->count > 0)
        memcpy(keys, mapping->keys, mapping->count * sizeof(struct yaml_node *));
    qsort(keys, mapping->count, sizeof(struct yaml_node *), compare_keys);
    for (size_t i = 1; i < mapping->count; i++) {
        if (!str_equal(keys[i - 1]->text, keys[i]->text))
            continue;
        if (!again || keys[i]->line < again->line ||
            (keys[i]->line == again->line && keys[i]->column < again->column)) {
            again = keys[i];
            first = keys[i - 1];
        }
    }
    if (!again)
        return true;
    return problem_at(b->problem, again->line, again->column,
                      "the key \"%.*s\" stands twice, first in line %d",
                      again->text.len > 64 ? 64 : (int)again->text.len, again->text.data, first->line);
}

static bool on_end(struct builder *b)
{
    const struct yaml_node *node = &b->open[--b->depth]->node;

    return node->type != YAML_MAPPING || keys_unique(b, node);
}

static bool on_document(struct builder *b, const yaml_event_t *event)
{
    if (b->ended)
        return refuse(b, event, "only one document is allowed");
    if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
        return refuse(b, event, "tags are not allowed");
    return true;
}

static bool on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(b, event);
    case YAML_DOCUMENT_END_EVENT:
        b->ended = true;
        return true;
    case YAML_ALIAS_EVENT:
        return refuse(b, event, "aliases are not allowed");
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, event, YAML_SEQUENCE, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event, YAML_MAPPING, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        return true;
    }
    return true;
}

static bool library_problem(const yaml_parser_t *parser, struct str text, struct yaml_problem *problem)
{
    const char *what = parser->problem ? parser->problem : "not accepted";

    /* The reader fails before there are marks, and gives a byte instead. */
    if (parser->error == YAML_READER_ERROR)
        return problem_at_byte(problem, text, parser->problem_offset, what);
    problem_at(problem, (int)parser->problem_mark.line + 1, (int)parser->problem_mark.column + 1, "%s%s%s",
               what, parser->context ? " " : "", parser->context ? parser->context : "");
    return false;
}

static bool read_events(yaml_parser_t *parser, struct str text, struct builder *b)
{
    bool more = true, ok = true;

    while (ok && more) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event))
            return library_problem(parser, text, b->problem);
        more = event.type != YAML_STREAM_END_EVENT;
        ok = on_event(b, &event);
        yaml_event_delete(&event);
    }
    return ok;
}

static bool acceptable(struct str text, struct yaml_problem *problem)
{
    size_t good;

    if (text.len > HIGHEST_BYTES)
        return problem_at(problem, 1, 1, "larger than %d KiB", HIGHEST_BYTES / 1024);
    good = str_utf8_prefix(text);
    if (good < text.len)
        return problem_at_byte(problem, text, good, "not UTF-8");
    good = str_find_char(text, '\0');
    return good == text.len || problem_at_byte(problem, text, good, "a NUL character is not allowed");
}

static bool parse(struct str text, bool with_tags, struct yaml_document *out, struct yaml_problem *problem)
{
    struct builder b = {.doc = out, .problem = problem, .with_tags = with_tags};
    yaml_parser_t parser;
    bool ok;

    *out = (struct yaml_document){0};
    *problem = (struct yaml_problem){0};
    /* A byte order mark is no character of the first line. */
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_slice(text, 3, text.len);
    if (!text.data)
        text = STR("");
    if (!acceptable(text, problem))
        return false;
    if (!yaml_parser_initialize(&parser))
        return problem_at(problem, 1, 1, "libyaml: out of memory");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
    ok = read_events(&parser, text, &b);
    yaml_parser_delete(&parser);
    if (!ok)
        yaml_release(out);
    return ok;
}

bool yaml_parse(struct str text, struct yaml_document *out, struct yaml_problem *problem)
{
    return parse(text, false, out, problem);
}

bool yaml_parse_tagged(struct str text, struct yaml_document *out, struct yaml_problem *problem)
{
    return parse(text, true, out, problem);
}

void yaml_release(struct yaml_document *doc)
{
    for (size_t i = 0; i < doc->node_count; i++) {
        mem_free(doc->nodes[i]->keys);
        mem_free(doc->nodes[i]->items);
        mem_free(owner(doc->nodes[i])->text);
        mem_free(owner(doc->nodes[i])->tag);
        mem_free(doc->nodes[i]);
    }
    mem_free(doc->nodes);
    *doc = (struct yaml_document){0};
}

static size_t find(const struct yaml_node *mapping, const char *key)
{
    size_t i = 0;

    if (!mapping || mapping->type != YAML_MAPPING)
        return SIZE_MAX;
    while (i < mapping->count && !str_is(mapping->keys[i]->text, key))
        i++;
    return i < mapping->count ? i : SIZE_MAX;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    size_t i = find(mapping, key);

    return i == SIZE_MAX ? NULL : mapping->items[i];
}

const struct yaml_node *yaml_key(const struct yaml_node *mapping, const char *key)
{
    size_t i = find(mapping, key);

    return i == SIZE_MAX ? NULL : mapping->keys[i];
}

static struct json *scalar_to_json(const struct yaml_node *node)
{
    const int64_t exact = (int64_t)1 << 53;
    struct str digits =
        str_starts(node->text, STR("-")) ? str_slice(node->text, 1, node->text.len) : node->text;
    int64_t number;

    if (node->quoted)
        return json_string(node->text);
    if (str_empty(node->text) || str_is(node->text, "~") || str_is(node->text, "null"))
        return json_null();
    if (str_is(node->text, "true") || str_is(node->text, "false"))
        return json_boolean(str_is(node->text, "true"));
    /* A leading zero is part of a name (account ids have them), and a number
     * that a double cannot hold would come back as another. */
    if ((digits.len == 1 || !str_starts(digits, STR("0"))) && str_to_i64(node->text, &number) &&
        number <= exact && number >= -exact)
        return json_integer(number);
    return json_string(node->text);
}

/* Recursion is bounded: yaml_parse has bounded the depth. */
struct json *yaml_to_json_tagged(const struct yaml_node *node,
                                 struct json *(*tagged)(struct str tag, struct json *value))
{
    struct json *out;

    if (!node)
        return json_null();
    if (node->type == YAML_SCALAR)
        out = scalar_to_json(node);
    else
        out = node->type == YAML_MAPPING ? json_object() : json_array();
    for (size_t i = 0; i < node->count; i++) {
        struct json *value = yaml_to_json_tagged(node->items[i], tagged);

        if (node->type == YAML_MAPPING)
            json_put(out, node->keys[i]->text.data, value);
        else
            json_push(out, value);
    }
    return node->tag.len > 0 && tagged ? tagged(node->tag, out) : out;
}

struct json *yaml_to_json(const struct yaml_node *node)
{
    return yaml_to_json_tagged(node, NULL);
}
