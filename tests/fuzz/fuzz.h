/* What a fuzz target is: one function that takes any bytes and ends the process
 * when something that has to hold does not. clang's libFuzzer runs it (`make
 * fuzz`), and tests/fuzz/replay.c where there is only gcc (`make test`).
 * Targets keep nothing from one input to the next. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "aws/common/buf.h"
#include "aws/common/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** The name libFuzzer calls. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_broken(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/** A property; not assert(), which a build may leave out. */
#define HOLDS(what) ((what) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #what))

static inline struct str fuzz_text(const uint8_t *data, size_t size)
{
    return (struct str){(const char *)data, size};
}

/** Cuts a line off; empty when there is none. Inputs of several parts are
 * lines, so that seeds can be read and written by people. */
static inline struct str fuzz_line(struct str *rest)
{
    struct str line = {"", 0};

    if (rest->data == NULL || !str_split(rest, '\n', &line))
        return (struct str){"", 0};
    return line;
}

/** What is left after the lines, never NULL. */
static inline struct str fuzz_rest(struct str rest)
{
    return rest.data != NULL ? rest : (struct str){"", 0};
}

#endif
