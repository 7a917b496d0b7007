#include "aws/common/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NO_MEMORY = 70, FIRST_CAPACITY = 8 };

bool (*mem_fault)(unsigned long number);

static NORETURN void out_of_memory(void)
{
    static const char line[] = "lab: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);

    (void)written;
    _exit(EXIT_NO_MEMORY);
}

#ifndef LAB_SANITIZED
/* The libraries' allocations too: some go on without what they could not get,
 * some say it in words that end with another status. These take the place of
 * libc's for the whole program; a sanitizer has its own. */
extern void *libc_malloc(size_t size) __asm__("__libc_malloc");
extern void *libc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
extern void *libc_realloc(void *old, size_t size) __asm__("__libc_realloc");

static void *never_null(void *p)
{
    if (!p)
        out_of_memory();
    return p;
}

void *malloc(size_t size)
{
    return never_null(libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return never_null(libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    void *p = libc_realloc(old, size);

    return size > 0 ? never_null(p) : p;
}
#endif

static bool fault_wanted(void)
{
    static atomic_ulong number;

    return mem_fault && !mem_fault(atomic_fetch_add(&number, 1) + 1);
}

void *mem_alloc(size_t size)
{
    void *p;

    if (fault_wanted())
        out_of_memory();
    p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *mem_array(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory();
    return mem_alloc(bytes);
}

void mem_wipe(void *p, size_t len)
{
    if (len > 0)
        explicit_bzero(p, len);
}

void mem_free(void *p)
{
    if (!p)
        return;
    /* All the block holds, not just what was asked for: realloc inside a
     * library may have left older bytes at its end. */
    explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

void *mem_resize(void *old, size_t old_size, size_t new_size)
{
    char *fresh = mem_alloc(new_size);

    if (old) {
        memcpy(fresh, old, old_size < new_size ? old_size : new_size);
        mem_free(old);
    }
    return fresh;
}

char *mem_copy(struct str s)
{
    size_t bytes;
    char *copy;

    if (__builtin_add_overflow(s.len, (size_t)1, &bytes))
        out_of_memory();
    copy = mem_alloc(bytes);
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    return copy;
}

char *mem_dup(const char *text)
{
    return text ? mem_copy(str_of(text)) : NULL;
}

char *mem_vprintf(const char *format, va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        out_of_memory();
    text = mem_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *mem_printf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    return text;
}

/* The pointers are copied as bytes: a char ** read through a void ** would
 * break the aliasing rule. */
void mem_freep(void *pointer_to_pointer)
{
    void *p;

    memcpy(&p, pointer_to_pointer, sizeof(p));
    mem_free(p);
    memset(pointer_to_pointer, 0, sizeof(p));
}

void mem_grow(void *pointer_to_items, size_t *cap, size_t count, size_t item_size)
{
    size_t wanted = *cap, bytes;
    void *items;

    if (count < *cap)
        return;
    while (wanted <= count)
        if (__builtin_mul_overflow(wanted ? wanted : FIRST_CAPACITY / 2, (size_t)2, &wanted))
            out_of_memory();
    if (__builtin_mul_overflow(wanted, item_size, &bytes))
        out_of_memory();
    memcpy(&items, pointer_to_items, sizeof(items));
    items = mem_resize(items, *cap * item_size, bytes);
    memcpy(pointer_to_items, &items, sizeof(items));
    *cap = wanted;
}
