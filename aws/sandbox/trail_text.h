/* Texts held once, however often they are used. */
#ifndef AWS_SANDBOX_TRAIL_TEXT_H
#define AWS_SANDBOX_TRAIL_TEXT_H

#include "aws/common/str.h"

struct trail_text; /* one text, counted */

struct trail_texts {
    struct trail_text **slots;
    size_t count;
    size_t bytes; /* held, overhead included */
};

void trail_texts_init(struct trail_texts *t);
void trail_texts_release(struct trail_texts *t);

/** The one copy of s, one use more. NULL for the empty text. */
struct trail_text *trail_text_hold(struct trail_texts *t, struct str s);
/** One use less; NULL does nothing. */
void trail_text_drop(struct trail_texts *t, struct trail_text *text);
/** "" for NULL; NUL-terminated. */
const char *trail_text_get(const struct trail_text *text);

#endif
