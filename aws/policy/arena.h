/* Memory that is given back all at once: what a parsed policy is made of. */
#ifndef AWS_POLICY_ARENA_H
#define AWS_POLICY_ARENA_H

#include "aws/common/str.h"

struct arena_block;

/* A zeroed arena is empty. */
struct arena {
    struct arena_block *head;
};

/** Zeroed, aligned for any type, alive until arena_release. */
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_copy(struct arena *a, struct str s);

/** Makes room for count+1 items (doubling); the old place stays in the arena. */
void arena_grow(struct arena *a, void *pointer_to_items, size_t *cap, size_t count, size_t item_size);

void arena_release(struct arena *a);

#endif
