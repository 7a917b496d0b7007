/* JSON values. One type: `const struct json *` is borrowed from its document,
 * `struct json *` is owned or a part being built. All readers take NULL and
 * then answer "absent", so that a path can be read in one line. Key order is
 * kept. Text is UTF-8 without NUL. The memory is wiped on free.
 *
 * Wraps cJSON, behind a strict RFC 8259 check (SECURITY rule 17). */
#ifndef AWS_COMMON_JSON_H
#define AWS_COMMON_JSON_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

struct json;

struct json_limits {
    size_t depth;     /* 0: 32 */
    bool unique_keys; /* refuse an object with the same key twice */
};

/** The strict check alone: RFC 8259, whole text, depth, valid UTF-8, no raw
 * control characters. ERR_SYNTAX with the byte offset, ERR_LIMIT. */
MUST_USE bool json_check(struct str text, const struct json_limits *limits, struct error *err);

/** json_check, then parses. Also refuses \u0000 in text. *out is owned. */
MUST_USE bool json_parse(struct str text, const struct json_limits *limits, struct json **out,
                         struct error *err);

void json_free(struct json *j);
void json_freep(struct json **j); /* for CLEANUP(json_freep) struct json *x = NULL */
struct json *json_copy(const struct json *j);

/* --- reading: every function takes NULL --- */
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_number(const struct json *j);
bool json_is_bool(const struct json *j);
bool json_is_null(const struct json *j); /* the literal null, not absence */

/** Exact, case-sensitive; NULL when absent or not an object. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_getn(const struct json *object, struct str key);
/** Dotted path, array index as number: "DBClusters.0.Endpoint". */
const struct json *json_path(const struct json *j, const char *path);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *array_or_object);
/** for (e = json_first(a); e; e = json_next(e)); arrays and objects. */
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *element);
/** The member's name; "" in an array. */
const char *json_key(const struct json *member);

/** "" unless a string. */
const char *json_text(const struct json *j);
struct str json_str(const struct json *j);
/** Shorthand for json_text(json_get(object, key)). */
const char *json_get_text(const struct json *object, const char *key);
int64_t json_int(const struct json *j, int64_t otherwise);
double json_double(const struct json *j, double otherwise);
bool json_bool(const struct json *j, bool otherwise);
bool json_equal(const struct json *a, const struct json *b); /* objects: order does not matter */

/* --- building --- */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_string(struct str s);
struct json *json_text_new(const char *text); /* NULL gives null */
struct json *json_number(double n);
struct json *json_integer(int64_t n); /* exact up to 2^53 */
struct json *json_boolean(bool b);
struct json *json_null(void);

/** An object of text members: json_of("RoleName", name, "Path", "/", NULL).
 * A NULL value leaves the member out. */
struct json *json_of(const char *key, const char *value, ...) __attribute__((sentinel));

/** Puts or replaces; takes `value` over and returns it. */
struct json *json_put(struct json *object, const char *key, struct json *value);
void json_put_str(struct json *object, const char *key, struct str value);
void json_put_text(struct json *object, const char *key, const char *value);
void json_put_int(struct json *object, const char *key, int64_t value);
void json_put_bool(struct json *object, const char *key, bool value);
/** Appends; takes `value` over and returns it. */
struct json *json_push(struct json *array, struct json *value);
/** Detaches and frees; nothing when absent. */
void json_remove(struct json *object, const char *key);
/** Detaches and hands over; NULL when absent. */
struct json *json_detach(struct json *object, const char *key);
struct json *json_detach_at(struct json *array, size_t index);
/** A part of a document one owns, to change it. NULL when absent. */
struct json *json_edit(struct json *object, const char *key);
struct json *json_edit_at(struct json *array, size_t index);

/* --- writing --- */
void json_write(const struct json *j, struct buf *out);        /* compact */
void json_write_pretty(const struct json *j, struct buf *out); /* two spaces */
void json_write_sorted(const struct json *j, struct buf *out); /* pretty, keys sorted bytewise */
/** Adds text as a quoted JSON string. */
void json_write_string(struct str text, struct buf *out);

#endif
