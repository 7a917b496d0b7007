/* A plan: YAML text to checked steps. Every mistake is found in one go, with
 * its place. Knows kinds only by their schema, and touches nothing outside but
 * the environment it is handed. DESIGN section 4. */
#ifndef STEPS_PLAN_PLAN_H
#define STEPS_PLAN_PLAN_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "steps/plan/schema.h"

struct plan_step {
    char *id;
    int line, column;
    const struct kind_schema *kind; /* an undo step: that of the step it undoes */
    const struct plan_step *undoes; /* NULL for an ordinary step */
    struct json *with;              /* typed by the schema, references still in the text; an undo step: {} */
    struct json *expect;            /* {"error": "…"}; NULL when absent */
    int task;                       /* 0 when not given */
    char *title;                    /* never NULL: the id when not given */
    int64_t timeout_ms;             /* 0 when not given */
    size_t *needs;                  /* indexes into steps, ascending: needs, references, the undone step */
    size_t need_count;
};

struct plan {
    char *lab, *title;
    char *file;                    /* as shown in messages */
    struct json *allowed_accounts; /* ids it may be played in; NULL: any */
    struct json *vars;             /* name -> value as text or number, after overrides */
    struct json *vars_help;        /* name -> help */
    struct json *env;              /* name -> value of every ${env.X} in the text */
    struct plan_step *steps;       /* in the order of the file */
    size_t step_count;
    size_t *order;   /* topological, ties in file order */
    uint64_t *reach; /* step_count rows of bits: what each step needs, directly or not */
};

struct plan_problem {
    int line, column; /* from 1; 0 when there is no place */
    char message[400];
    char source[201]; /* the line's text, cut; controls shown as "?" */
    int source_from;  /* characters of the line left out in front of source */
};

struct plan_problems {
    struct plan_problem *items; /* by line, then column; at most 100 */
    size_t count, cap;
};
void plan_problems_release(struct plan_problems *p);
/** "file:line:col: message", the source line and a caret under the column. */
void plan_problems_print(const struct plan_problems *p, const char *file, struct buf *out);

struct plan_options {
    const char *file;                                    /* shown in messages */
    const struct kind_schema *const *kinds;              /* NULL-terminated */
    const struct json *var_overrides;                    /* {"name": "value"}; NULL none */
    const char *(*getenv)(void *self, const char *name); /* for ${env.X} */
    void *getenv_self;
};

/** False with at least one problem, *out zeroed. *problems is filled afresh.
 * An override of a var that the plan does not have is a problem without place;
 * a text with ${env.X} for an X that is not set is a problem at its place. */
MUST_USE bool plan_parse(struct str text, const struct plan_options *options, struct plan *out,
                         struct plan_problems *problems);
void plan_release(struct plan *p);

/** NULL when unknown; *near gets the closest id when there is one, else NULL.
 * near may be NULL. */
const struct plan_step *plan_find(const struct plan *p, struct str id, const char **near);
size_t plan_index(const struct plan *p, const struct plan_step *step);

/** Whether `step` reaches `need` by needs, directly or not. */
bool plan_needs(const struct plan *p, const struct plan_step *step, const struct plan_step *need);
/** Whether the scene that `undo` plays retires `step`: it is the undone step,
 * or needs it and is ordered before the undo. */
bool plan_retires(const struct plan *p, const struct plan_step *undo, const struct plan_step *step);

/* What references mean when a step runs. */
struct plan_scope {
    /* Outputs of a step as an object, NULL when there are none (yet). */
    const struct json *(*outputs)(void *self, const char *step_id);
    void *self;
    const char *account, *region, *partition, *learner;
};

/** `with` with every reference replaced and defaults filled in. A text that is
 * one reference takes the referenced value whole, with its type. lenient: what
 * cannot be resolved becomes null (for undo); else ERR_FAILED naming it. An undo
 * step has the arguments of the step it undoes. */
MUST_USE bool plan_resolve(const struct plan *p, const struct plan_step *step, const struct plan_scope *scope,
                           bool lenient, struct json **with, struct error *err);

/** JSON Schema (draft 2020-12) of the plan language with these kinds. */
void plan_json_schema(const struct kind_schema *const *kinds, struct buf *out);

#endif
