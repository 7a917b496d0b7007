/* A growable byte buffer with a limit. Always NUL-terminated behind len. */
#ifndef AWS_COMMON_BUF_H
#define AWS_COMMON_BUF_H

#include "aws/common/str.h"

/* A zeroed buf is empty and has no limit. Past the limit nothing is added and
 * `overflow` stays set until buf_reset: build first, look once at the end. */
struct buf {
    char *data; /* NULL while empty */
    size_t len;
    size_t cap;
    size_t limit_bytes; /* 0: none */
    bool overflow;
};

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

/** Never NULL: "" while empty. */
const char *buf_text(const struct buf *b);

void buf_add(struct buf *b, struct str s);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_reset(struct buf *b);                   /* empties and wipes, keeps the memory and limit */
void buf_release(struct buf *b);                 /* wipes and frees; the limit stays */
void buf_take(struct buf *to, struct buf *from); /* moves; to is released first */
char *buf_detach(struct buf *b);                 /* the text, to be freed with mem_free; b is empty after */

void buf_add_hex(struct buf *b, const void *bytes, size_t len); /* lower case */
void buf_add_base64(struct buf *b, const void *bytes, size_t len);
MUST_USE bool buf_add_unbase64(struct buf *b, struct str text); /* strict RFC 4648, padding needed */

#endif
