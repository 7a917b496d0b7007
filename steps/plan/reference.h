/* The references inside a text of a plan: ${name}, ${steps.ID},
 * ${steps.ID.output}, ${env.X}; $${ is a literal ${. Says what stands where,
 * not whether it exists. */
#ifndef STEPS_PLAN_REFERENCE_H
#define STEPS_PLAN_REFERENCE_H

#include "aws/common/str.h"

enum piece_kind {
    PIECE_LITERAL,
    PIECE_NAME,       /* ${name}: a var, or account, region, partition, learner */
    PIECE_STEP,       /* ${steps.ID} */
    PIECE_OUTPUT,     /* ${steps.ID.output} */
    PIECE_ENV,        /* ${env.X} */
    PIECE_MALFORMED,  /* ${…} with something that is no name */
    PIECE_UNFINISHED, /* ${ without } */
    PIECE_KINDS
};

struct piece {
    enum piece_kind kind;
    struct str text; /* as written; of a literal: as meant */
    struct str name; /* var, step id or environment variable */
    struct str output;
    size_t offset; /* of its first byte */
};

/** The piece at *at, which moves behind it; false at the end. */
bool reference_next(struct str text, size_t *at, struct piece *piece);

/** Whether text is one reference and nothing else; *piece gets it. */
bool reference_whole(struct str text, struct piece *piece);

/** Whether there is a ${, literal or not. */
bool reference_any(struct str text);

/** A letter, then letters, digits, "-" and "_"; at most 64 bytes. */
bool reference_is_id(struct str s);

/* The names that are not vars. Ends with NULL. */
extern const char *const reference_builtins[];

#endif
