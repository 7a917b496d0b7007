#include "aws/protocol/wire.h"

#include "aws/common/mem.h"

#include <libxml/parser.h>

#include <pthread.h>

struct builder {
    xmlParserCtxtPtr parser;
    struct xml_node *root;
    struct xml_node *path[WIRE_XML_DEPTH]; /* open elements */
    size_t depth;
    const char *refusal; /* NULL: none */
    enum error_code code;
};

static pthread_once_t parser_ready = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    /* Not safe to leave to the first of several threads. */
    xmlInitParser();
}

static void refuse(struct builder *b, enum error_code code, const char *why)
{
    if (!b->refusal) {
        b->refusal = why;
        b->code = code;
    }
    xmlStopParser(b->parser);
}

static struct xml_node *node_new(const char *name)
{
    struct xml_node *n = mem_alloc(sizeof *n);

    n->name = mem_dup(name);
    n->text.limit_bytes = WIRE_XML_BYTES;
    return n;
}

static void on_start(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces, const xmlChar **declared, int attributes, int defaulted,
                     const xmlChar **values)
{
    struct builder *b = self;
    struct xml_node *n, *up;

    (void)prefix, (void)uri, (void)namespaces, (void)declared, (void)attributes, (void)defaulted,
        (void)values;
    if (b->refusal)
        return;
    if (b->depth == WIRE_XML_DEPTH) {
        refuse(b, ERR_LIMIT, "elements are nested too deep");
        return;
    }
    n = node_new((const char *)name);
    if (b->depth == 0) {
        b->root = n;
    } else {
        up = b->path[b->depth - 1];
        if (up->last)
            up->last->next = n;
        else
            up->first = n;
        up->last = n;
    }
    b->path[b->depth++] = n;
}

static void on_end(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct builder *b = self;

    (void)name, (void)prefix, (void)uri;
    if (!b->refusal && b->depth > 0)
        b->depth--;
}

static void on_text(void *self, const xmlChar *text, int len)
{
    struct builder *b = self;

    if (!b->refusal && b->depth > 0 && len > 0)
        buf_add(&b->path[b->depth - 1]->text, (struct str){(const char *)text, (size_t)len});
}

/* Called at the word DOCTYPE, before any of the subset is read. */
static void on_doctype(void *self, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    refuse(self, ERR_SYNTAX, "a DOCTYPE is not allowed");
}

static void on_reference(void *self, const xmlChar *name)
{
    (void)name;
    refuse(self, ERR_SYNTAX, "an entity is not allowed");
}

/* The five that XML itself defines are resolved; no other exists. */
static xmlEntityPtr on_entity(void *self, const xmlChar *name)
{
    (void)self;
    return xmlGetPredefinedEntity(name);
}

static void on_problem(void *self, const char *format, ...)
{
    /* The parser's state tells; nothing is printed. */
    (void)self, (void)format;
}

/* Everything else is left out of the table: no entity is declared, no file or
 * address opened. */
static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .internalSubset = on_doctype,
    .externalSubset = on_doctype,
    .reference = on_reference,
    .getEntity = on_entity,
    .warning = on_problem,
    .error = on_problem,
    .fatalError = on_problem,
};

/* In CDATA the parser lets bytes pass that are no UTF-8. */
static bool holds_text(const struct xml_node *node)
{
    for (; node; node = node->next) {
        if (!str_is_utf8(buf_str(&node->text)) || !holds_text(node->first))
            return false;
    }
    return true;
}

bool xml_parse(struct str text, struct xml_node **root, struct error *err)
{
    struct builder b = {0};
    xmlSAXHandler sax = handlers;
    bool well_formed;

    *root = NULL;
    if (text.len > WIRE_XML_BYTES)
        return error_set(err, ERR_LIMIT, "XML of %zu bytes is too long", text.len);
    pthread_once(&parser_ready, prepare);
    /* This thread's: what goes wrong while the text is converted has no parser. */
    xmlSetGenericErrorFunc(NULL, on_problem);
    b.parser = xmlCreatePushParserCtxt(&sax, &b, NULL, 0, NULL);
    if (!b.parser)
        return error_set(err, ERR_BUG, "no XML parser");
    xmlCtxtUseOptions(b.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlParseChunk(b.parser, text.data ? text.data : "", (int)text.len, 1);
    /* By the namespaces too: else "p:a:b" has the local name "a:b". */
    well_formed = b.parser->wellFormed != 0 && b.parser->nsWellFormed != 0 && !b.refusal && b.root &&
                  b.depth == 0 && holds_text(b.root);
    xmlFreeParserCtxt(b.parser);
    if (well_formed) {
        *root = b.root;
        return true;
    }
    xml_free(b.root);
    if (b.refusal)
        return error_set(err, b.code, "XML: %s", b.refusal);
    return error_set(err, ERR_SYNTAX, "not well-formed XML");
}

void xml_free(struct xml_node *node)
{
    while (node) {
        struct xml_node *next = node->next;

        xml_free(node->first);
        mem_free(node->name);
        buf_release(&node->text);
        mem_free(node);
        node = next;
    }
}

void xml_freep(struct xml_node **node)
{
    xml_free(*node);
    *node = NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    const struct xml_node *n = node ? node->first : NULL;

    while (n && strcmp(n->name, name) != 0)
        n = n->next;
    return n;
}

const struct xml_node *xml_find(const struct xml_node *node, const char *name)
{
    const struct xml_node *found = NULL;

    if (!node || strcmp(node->name, name) == 0)
        return node;
    for (const struct xml_node *n = node->first; n && !found; n = n->next)
        found = xml_find(n, name);
    return found;
}
