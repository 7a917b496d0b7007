/* A borrowed run of bytes. Text goes in as struct str and comes out as struct
 * buf (aws/common/buf.h). Bytes need not be NUL-terminated. */
#ifndef AWS_COMMON_STR_H
#define AWS_COMMON_STR_H

#include "aws/common/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data; /* may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).len, (s).data ? (s).data : ""

/** NULL gives the empty run. */
static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_empty(struct str s)
{
    return s.len == 0;
}

bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool str_equal_ignore_case(struct str a, struct str b); /* ASCII only */
int str_compare(struct str a, struct str b);            /* bytewise, as memcmp */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);

/** Index of the first c, or s.len. */
size_t str_find_char(struct str s, char c);

/** Without leading and trailing space, tab, CR and LF. */
struct str str_trim(struct str s);

/** From offset (clamped) for at most len bytes. */
struct str str_slice(struct str s, size_t offset, size_t len);

/** Cuts the text before the first sep off *rest. False when *rest is used up
 * (rest->data NULL). "a,,b" gives "a", "", "b"; "" gives one "". */
bool str_split(struct str *rest, char sep, struct str *part);

/** Decimal, whole text, no sign for the unsigned one. */
MUST_USE bool str_to_i64(struct str s, int64_t *out);
MUST_USE bool str_to_u64(struct str s, uint64_t *out);

/** True when the bytes are well-formed UTF-8 (RFC 3629). */
bool str_is_utf8(struct str s);

/** Length of the longest well-formed beginning; s.len when all is. */
size_t str_utf8_prefix(struct str s);

/** `*` matches any run, `?` one byte; no escapes. Linear time in s. */
bool str_glob(struct str pattern, struct str s);

/** Edits between two words, for "did you mean"; at most 64 bytes each are
 * compared, longer ones are far apart. */
size_t str_distance(struct str a, struct str b);

#endif
