#include "aws/common/secret.h"

#include "aws/common/mem.h"
#include "aws/common/redact.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EXIT_NO_MEMORY = 70 };

static NORETURN void out_of_memory(void)
{
    static const char line[] = "lab: out of memory for a secret\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);

    (void)written;
    _exit(EXIT_NO_MEMORY);
}

void secret_hold(struct secret *s, struct str value)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes;
    void *pages;

    *s = (struct secret){0};
    if (value.len == 0)
        return;
    if (__builtin_add_overflow(value.len, page, &bytes))
        out_of_memory();
    bytes -= bytes % page;
    /* cppcheck-suppress invalidFunctionArg */
    pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        out_of_memory();
    /* Both may be refused (a low RLIMIT_MEMLOCK, an odd kernel): the secret is
     * then as safe as any memory is, and the work goes on. */
    (void)mlock(pages, bytes);
    (void)madvise(pages, bytes, MADV_DONTDUMP);
    memcpy(pages, value.data, value.len);
    *s = (struct secret){pages, value.len, bytes};
}

void secret_drop(struct secret *s)
{
    if (s->data) {
        mem_wipe(s->data, s->mapped_bytes);
        (void)munmap(s->data, s->mapped_bytes);
    }
    *s = (struct secret){0};
}

void secret_set(struct secret *s, struct str value)
{
    struct secret fresh;

    /* The value may be a part of what is about to be wiped. */
    secret_hold(&fresh, value);
    redact_add(secret_str(&fresh));
    secret_release(s);
    *s = fresh;
}

void secret_copy(struct secret *to, const struct secret *from)
{
    if (to != from)
        secret_set(to, secret_str(from));
}

void secret_release(struct secret *s)
{
    if (s->data)
        redact_remove(secret_str(s));
    secret_drop(s);
}

const char *secret_text(const struct secret *s)
{
    return s->data ? s->data : "";
}

bool secret_equal(struct str a, struct str b)
{
    unsigned char difference = 0;

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        difference |= (unsigned char)(a.data[i] ^ b.data[i]);
    /* Keeps the compiler from leaving the loop at the first difference. */
    __asm__ volatile("" : "+r"(difference));
    return difference == 0;
}
