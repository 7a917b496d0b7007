/* YAML as data: mappings, sequences and scalars with their place. Refuses
 * tags, anchors, aliases, merge keys, duplicate keys, several documents, more
 * than 256 KiB and depth over 32 (SECURITY rule 16). A scalar is text until a
 * schema says otherwise. Wraps libyaml's event API. */
#ifndef AWS_COMMON_YAML_H
#define AWS_COMMON_YAML_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/common/str.h"

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_type type;
    int line;                 /* from 1 */
    int column;               /* from 1, in characters */
    struct str text;          /* scalar */
    struct str tag;           /* "Ref" of "!Ref", empty without; yaml_parse_tagged only */
    bool quoted;              /* scalar in quotes or a block: never null, bool or number */
    size_t count;             /* items, or pairs of a mapping */
    struct yaml_node **keys;  /* mapping: scalars */
    struct yaml_node **items; /* sequence items, or mapping values */
};

struct yaml_document {
    struct yaml_node *root;   /* NULL for an empty document */
    struct yaml_node **nodes; /* owns every node */
    size_t node_count, node_cap;
};

/* A mistake in the text, with its place. */
struct yaml_problem {
    int line, column;
    char message[256];
};

/** Borrows nothing: text may go away after. False with *problem filled. */
MUST_USE bool yaml_parse(struct str text, struct yaml_document *out, struct yaml_problem *problem);
/** As yaml_parse, for a language that has tags of its own (the short forms of
 * a template's functions): "!NAME" is handed over in the node's tag. A tag means
 * nothing here and makes nothing; all others ("!!str", "!<…>", "!") and tags of
 * keys stay refused. */
MUST_USE bool yaml_parse_tagged(struct str text, struct yaml_document *out, struct yaml_problem *problem);
void yaml_release(struct yaml_document *doc);

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
const struct yaml_node *yaml_key(const struct yaml_node *mapping, const char *key);

/** Plain tree for data without a schema of its own (a world, a template):
 * unquoted true/false become booleans, unquoted decimal integers numbers,
 * unquoted null, ~ and empty become null, all else text. */
struct json *yaml_to_json(const struct yaml_node *node);

/** The same, with each node's tag read by tagged(): value is owned by it, and
 * what it returns stands in its place. */
struct json *yaml_to_json_tagged(const struct yaml_node *node,
                                 struct json *(*tagged)(struct str tag, struct json *value));

#endif
