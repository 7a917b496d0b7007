/* Inside aws/protocol: JSON to wire and back, one shape at a time. A conversion
 * knows for whom it works, so that one misfit is a usage error for the client,
 * AWS's own refusal from the sandbox, and a syntax error in a reply. */
#ifndef AWS_PROTOCOL_WIRE_H
#define AWS_PROTOCOL_WIRE_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/http/message.h"
#include "aws/model/model.h"

enum direction { CLIENT_REQUEST, SERVER_REQUEST, SERVER_REPLY, CLIENT_REPLY };

enum misfit {
    MISFIT_UNKNOWN, /* a name the shape does not have */
    MISFIT_TYPE,    /* a value that is not of the shape's type */
    MISFIT_FORM,    /* the form's dotted names do not fit together */
    MISFIT_LIMIT,   /* over a limit of ours */
    MISFIT_COUNT
};

struct conversion {
    const struct aws_operation *op;
    enum direction direction;
    struct error *err;
};

/* Where in the value one is; printed only when something does not fit. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an element of a list */
    size_t index;     /* of the element, from 0 */
};

#define WIRE_DEPTH 32             /* of nested shapes and of a form's dotted names */
#define WIRE_FORM_FIELDS 5000     /* of one request */
#define WIRE_LIST_INDEX 1000      /* highest N of name.member.N */
#define WIRE_MAP_ENTRIES 10000    /* each is looked for among the others */
#define WIRE_XML_BYTES (8u << 20) /* SECURITY rule 15 */
#define WIRE_XML_DEPTH 64

/** "Tags.0.Key"; "" at the top. */
void place_print(const struct place *at, struct buf *out);

/** Sets the error for this direction and protocol; false. at names the thing
 * that does not fit, expected is its shape (NULL for an unknown name). */
bool conversion_fail(const struct conversion *c, enum misfit misfit, const struct place *at,
                     const struct model_shape *expected);

static inline bool conversion_is_reply(const struct conversion *c)
{
    return c->direction == SERVER_REPLY || c->direction == CLIENT_REPLY;
}

/** The member's name on this conversion's wire. */
static inline const char *conversion_wire(const struct conversion *c, const struct model_member *m)
{
    return conversion_is_reply(c) ? m->reply : m->wire;
}

/** By its name on the wire; NULL when unknown. */
const struct model_member *conversion_member(const struct conversion *c, const struct model_shape *s,
                                             struct str wire);

/* --- scalars --- */

bool shape_is_scalar(const struct model_shape *s);

/** The code point at *at of well-formed UTF-8; *at moves behind it. */
unsigned long utf8_next(struct str text, size_t *at);

/** A JSON scalar as text. form says how a timestamp looks. */
MUST_USE bool scalar_write(const struct conversion *c, const struct model_member *m, enum timestamp_form form,
                           const struct json *v, const struct place *at, struct buf *out);
/** Text as a JSON scalar. *out NULL for a number, boolean or time without
 * text: absent. */
MUST_USE bool scalar_read(const struct conversion *c, const struct model_member *m, struct str text,
                          const struct place *at, struct json **out);
/** A JSON scalar of a JSON body, checked; times become epoch numbers. */
MUST_USE bool scalar_copy(const struct conversion *c, const struct model_member *m, const struct json *v,
                          const struct place *at, struct json **out);

/* --- JSON bodies --- */

/** Which members of a structure are meant: those in the body, or all. */
enum json_part { JSON_ALL, JSON_BODY_MEMBERS };

/** Converts an object by a structure shape, names changed to or from the wire
 * as the direction says. NULL or JSON null gives an empty object. */
MUST_USE bool json_convert(const struct conversion *c, const struct model_shape *s, enum json_part part,
                           const struct json *v, struct json **out);

/* --- forms (query and ec2) --- */

MUST_USE bool form_write(const struct conversion *c, const struct json *in, struct buf *body);
MUST_USE bool form_read(const struct conversion *c, struct str query, struct str body, struct json **out);
/** The decoded value of one field of a form, the first; *found. */
MUST_USE bool form_find(struct str form, const char *name, struct buf *value, bool *found);

/* --- XML --- */

struct xml_node {
    char *name; /* local name */
    struct buf text;
    struct xml_node *first, *last, *next;
};

/** Refuses DOCTYPE, more than WIRE_XML_BYTES, deeper than WIRE_XML_DEPTH:
 * ERR_SYNTAX, ERR_LIMIT. *root is owned. */
MUST_USE bool xml_parse(struct str text, struct xml_node **root, struct error *err);
void xml_free(struct xml_node *node);
void xml_freep(struct xml_node **node);
/** The first child of that local name; NULL. Takes NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
/** The first element of that name at any depth, the node itself included. */
const struct xml_node *xml_find(const struct xml_node *node, const char *name);

MUST_USE bool xml_read(const struct conversion *c, const struct model_shape *s, const struct xml_node *node,
                       struct json **out);
MUST_USE bool xml_write(const struct conversion *c, const struct json *v, struct buf *out);
void xml_escape(struct str text, struct buf *out);
void xml_element(const char *name, struct str text, struct buf *out);

/* --- rest-json --- */

/** How well a raw path fits the template: literal segments plus one, 0 for not at
 * all. */
size_t rest_match(const char *uri_template, const char *path);
MUST_USE bool rest_encode_request(const struct conversion *c, const struct json *in,
                                  struct http_request *out);
MUST_USE bool rest_decode_request(const struct conversion *c, const struct http_request *req,
                                  struct json **out);
MUST_USE bool rest_encode_response(const struct conversion *c, const struct json *v,
                                   struct http_response *out);
MUST_USE bool rest_decode_response(const struct conversion *c, const struct http_response *response,
                                   struct json **out);

/* --- errors --- */

/** An error reply as ERR_AWS; false. */
bool reply_error(const struct aws_operation *op, const struct http_response *response, struct error *err);
/** Copies the request id of a reply. */
void reply_request_id(const struct http_response *response, const struct xml_node *root, char out[64]);
/** Sets a header whose name and value are known to be clean. */
void reply_header(struct http_response *response, const char *name, struct str value);

/* --- patterns --- */

/** Whether the whole text fits the pattern. *known is false when the pattern is
 * one that is not translated (pattern.c lists them); then nothing is said. */
bool pattern_fits(const char *pattern, struct str text, bool *known);

#endif
