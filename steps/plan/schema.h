/* What a step kind takes and gives, as data: the checker, help and
 * labs/plan.schema.json read the same rows. */
#ifndef STEPS_PLAN_SCHEMA_H
#define STEPS_PLAN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_TEXT,
    FIELD_INTEGER, /* min and max hold; YAML `30` */
    FIELD_BOOLEAN, /* YAML true and false only */
    FIELD_LIST,    /* of element[0] */
    FIELD_MAP,     /* free keys, values of element[0] */
    FIELD_OBJECT,  /* of fields */
    FIELD_STEP,    /* "${steps.ID}", a whole step of one of step_kinds */
    FIELD_DATA     /* any YAML data (a policy document), references in its texts */
};

struct schema_field {
    const char *name;
    enum field_type type;
    bool required;
    const char *help;                   /* one line for people */
    const char *otherwise;              /* default as text, NULL when none */
    const char *const *choices;         /* FIELD_TEXT: NULL-terminated, NULL for any */
    const char *const *step_kinds;      /* FIELD_STEP: NULL-terminated */
    const struct schema_field *fields;  /* FIELD_OBJECT: ends with a NULL name */
    const struct schema_field *element; /* FIELD_LIST, FIELD_MAP */
    int64_t min, max;                   /* FIELD_INTEGER, when max > min; FIELD_TEXT: max characters, 0 any */
    bool any_of_group;                  /* FIELD_OBJECT's fields: exactly one of those marked */
    const char *pattern;                /* FIELD_TEXT: "" or this, a POSIX extended regular expression
                                           that ECMAScript reads the same; NULL for any */
    const char *form;                   /* what that is, for people: "the ARN of a key (…)" */
    const char *beside;                 /* a field that has to be given when this one is, NULL none */
};

struct output_field {
    const char *name;
    bool secret; /* a handle, "secret:STEP/NAME", never the value */
    const char *help;
};

enum kind_class {
    KIND_LOOKUP,   /* finds and checks; runs unasked; changes nothing */
    KIND_RESOURCE, /* makes and unmakes */
    KIND_TEST      /* tries something and judges; nothing stays */
};

struct kind_schema {
    const char *name; /* "mysql.user" */
    const char *summary;
    enum kind_class class;
    bool can_expect;                    /* takes `expect: {error: CODE}` */
    const struct schema_field *with;    /* ends with a NULL name */
    const struct output_field *outputs; /* ends with a NULL name */
};

#endif
