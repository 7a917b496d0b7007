/* Where a mistake of a plan stands, and the list of them. */
#ifndef STEPS_PLAN_PROBLEM_H
#define STEPS_PLAN_PROBLEM_H

#include "aws/common/yaml.h"
#include "steps/plan/plan.h"

struct place {
    int line, column; /* from 1, column in characters; 0 when there is no place */
};

/* The text of a plan by lines, as libyaml counts them. */
struct source {
    struct str text;
    struct str *lines; /* without their breaks */
    size_t count, cap;
};

/** Borrows text. */
void source_init(struct source *s, struct str text);
void source_release(struct source *s);
/** Without its line break; empty outside the text. */
struct str source_line(const struct source *s, int line);

static inline struct place place_of(const struct yaml_node *node)
{
    return (struct place){node->line, node->column};
}

/** The place of one byte of a scalar: exact where the scalar stands in the
 * source as it reads (one line without escapes, or a literal block), else the
 * place of the scalar. */
struct place place_within(const struct source *s, const struct yaml_node *scalar, size_t offset);

/** Adds one, unless full. Controls in the message are shown as "?", and what
 * is too long is cut. */
void problem_add(struct plan_problems *p, const struct source *s, struct place at, const char *format, ...)
    PRINTF_LIKE(4, 5);

/** Twice as many as are shown: nothing more is worth looking for. */
bool problems_full(const struct plan_problems *p);

/** By line, then column, then in the order they were found; the first 100 stay. */
void problems_sort(struct plan_problems *p);

#endif
