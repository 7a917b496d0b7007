/* The one allocation wrapper. Out of memory ends the process with one line on
 * stderr and exit 70 (STYLE, "Cleanup and ownership"). Freed memory is wiped,
 * so that copies of a secret do not outlive their owner. */
#ifndef AWS_COMMON_MEM_H
#define AWS_COMMON_MEM_H

#include "aws/common/str.h"

#include <stdarg.h>

void *mem_alloc(size_t size) NEVER_NULL;                                  /* zeroed; size 0 gives one byte */
void *mem_array(size_t count, size_t size) NEVER_NULL;                    /* zeroed, product checked */
void *mem_resize(void *old, size_t old_size, size_t new_size) NEVER_NULL; /* new part zeroed, old wiped */
void mem_free(void *p);                                                   /* NULL does nothing; wiped */
char *mem_copy(struct str s) NEVER_NULL;                                  /* NUL-terminated copy */
char *mem_dup(const char *text);                                          /* NULL gives NULL */
char *mem_printf(const char *format, ...) PRINTF_LIKE(1, 2) NEVER_NULL;
char *mem_vprintf(const char *format, va_list args) PRINTF_LIKE(1, 0) NEVER_NULL;

/** For CLEANUP on a char * or void *. */
void mem_freep(void *pointer_to_pointer);

/** Wipes bytes in a way the compiler keeps. */
void mem_wipe(void *p, size_t len);

/** Grows *items so that it can hold count+1 elements (doubling). */
void mem_grow(void *pointer_to_items, size_t *cap, size_t count, size_t item_size);

/** Seam for fault tests: when set, called before every allocation with its
 * running number; returning false makes that allocation fail. */
extern bool (*mem_fault)(unsigned long number);

#endif
