/* A secret value: memory that is locked, left out of core dumps and wiped.
 * Registered with the redactor for as long as it lives. SECURITY rule 9. */
#ifndef AWS_COMMON_SECRET_H
#define AWS_COMMON_SECRET_H

#include "aws/common/str.h"

struct secret {
    char *data; /* NUL-terminated, NULL while empty */
    size_t len;
    size_t mapped_bytes;
};

/** Copies value in; what was there is wiped first. */
void secret_set(struct secret *s, struct str value);
void secret_copy(struct secret *to, const struct secret *from);
void secret_release(struct secret *s);
static inline struct str secret_str(const struct secret *s)
{
    return (struct str){s->data, s->len};
}
/** The memory alone, unknown to the redactor, which keeps its own copies here.
 * hold does not release what was in s. */
void secret_hold(struct secret *s, struct str value);
void secret_drop(struct secret *s);

/** Never NULL. */
const char *secret_text(const struct secret *s);

/** Time depends on the lengths only. */
bool secret_equal(struct str a, struct str b);

#endif
