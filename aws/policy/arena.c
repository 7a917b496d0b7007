#include "aws/policy/arena.h"

#include "aws/common/mem.h"

#include <stdalign.h>

#define BLOCK_BYTES 2048

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) char data[];
};

void *arena_array(struct arena *a, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct arena_block *block = a->head;
    size_t bytes;
    void *at;

    /* A size that cannot be: mem_array ends the process, in its own words. */
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return mem_array(count, size);
    bytes = (bytes + align) / align * align;
    if (block == NULL || block->cap - block->used < bytes) {
        size_t cap = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

        block = mem_alloc(sizeof *block + cap);
        block->cap = cap;
        block->next = a->head;
        a->head = block;
    }
    at = block->data + block->used;
    block->used += bytes;
    return at;
}

char *arena_copy(struct arena *a, struct str s)
{
    char *copy = arena_array(a, s.len + 1, 1);

    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    return copy;
}

void arena_grow(struct arena *a, void *pointer_to_items, size_t *cap, size_t count, size_t item_size)
{
    void *old;
    void *grown;
    size_t wider;

    if (count < *cap)
        return;
    wider = *cap == 0 ? 4 : *cap * 2;
    grown = arena_array(a, wider, item_size);
    memcpy(&old, pointer_to_items, sizeof old);
    if (count > 0)
        memcpy(grown, old, count * item_size);
    memcpy(pointer_to_items, &grown, sizeof grown);
    *cap = wider;
}

void arena_release(struct arena *a)
{
    while (a->head != NULL) {
        struct arena_block *next = a->head->next;

        mem_free(a->head);
        a->head = next;
    }
}
