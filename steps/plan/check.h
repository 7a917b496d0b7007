/* One check of one plan: what its parts share while they look for mistakes. */
#ifndef STEPS_PLAN_CHECK_H
#define STEPS_PLAN_CHECK_H

#include "aws/common/yaml.h"
#include "steps/plan/graph.h"
#include "steps/plan/plan.h"
#include "steps/plan/problem.h"

enum {
    NO_STEP = -1,
    CHECK_MOST_STEPS = 1000,
    CHECK_MOST_TASKS = 1000,
    CHECK_MOST_KEYS = 1000,
    CHECK_LONGEST_TIMEOUT_S = 7 * 24 * 3600
};

struct checker {
    const struct plan_options *options;
    struct plan *plan;
    struct plan_problems *problems;
    struct source source;
    const struct yaml_node *const *keys, *const *bodies; /* of the steps, in order */
    struct grid edges;                                   /* who needs whom, by index */
    size_t step;                                         /* the one being read */
    char path[200];                                      /* inside it: "with.grants.x" */
    size_t path_len;
};

/** A mistake in the step being read: `step "ID": message`. */
void check_problem(struct checker *c, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);
/** The same inside a field: `step "ID": path: message`. */
void check_field_problem(struct checker *c, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);

/** Goes into a field; returns what check_leave takes to come back. */
size_t check_enter(struct checker *c, const char *separator, struct str name);
void check_leave(struct checker *c, size_t path_len);

/** Index of a step, or NO_STEP. */
int check_step_named(const struct checker *c, struct str id);
/** Says that there is no such step, and which one is near. */
void check_no_step(struct checker *c, struct place at, struct str id);

/** An unquoted scalar without text: a key without a value. */
bool check_is_missing(const struct yaml_node *node);

/** 0, 7, -12: no sign, zeros or blanks in front, exact in a double. */
bool check_integer(struct str text, int64_t *out);

/* A text after its references have been looked at. */
struct checked_text {
    bool good;         /* its references exist */
    bool known;        /* its value is known before the run: vars and environment */
    bool shown;        /* the value may be told: nothing of the environment in it */
    struct buf value;  /* when known */
    struct str source; /* the first reference, else "" */
    const struct yaml_node *scalar;
    size_t offset; /* of the first reference */
};
void checked_text_release(struct checked_text *t);
/** The place of its first reference, else of itself. To be asked for a mistake
 * only: it is looked for in the line. */
struct place checked_place(const struct checker *c, const struct checked_text *t);

/** Looks at every reference in a scalar, and notes which steps it needs. A
 * whole step, alone in the text, is right only where `takes_step`. */
void check_text(struct checker *c, const struct yaml_node *scalar, bool takes_step, struct checked_text *out);

/** A mapping by its schema: never NULL, whatever the mistakes. `at` is where
 * something missing is missed; mapping NULL stands for an empty one. */
struct json *check_fields(struct checker *c, const struct schema_field *fields,
                          const struct yaml_node *mapping, struct place at);

/** References in data without a schema, taken as it stands. */
struct json *check_data(struct checker *c, const struct yaml_node *node);

/** The vars of a plan, overrides included. */
void check_vars(struct checker *c, const struct yaml_node *vars);

/** All steps: kinds, arguments and edges. */
void check_steps(struct checker *c, const struct yaml_node *steps);

/** Needs, cycles, order and the rules of undo steps, from the edges. */
void check_graph(struct checker *c);

#endif
