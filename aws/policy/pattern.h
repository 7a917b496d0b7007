/* Patterns of a policy: compiled once, so that a wildcard of the document can
 * never be mistaken for a star that came out of a variable or of ${*}. */
#ifndef AWS_POLICY_PATTERN_H
#define AWS_POLICY_PATTERN_H

#include "aws/common/buf.h"
#include "aws/policy/arena.h"

/* Bytes that no UTF-8 text holds. */
#define PATTERN_VARIABLE 0xFD /* the index in the statement's table follows, two bytes */
#define PATTERN_RUN 0xFE      /* "*" */
#define PATTERN_ONE 0xFF      /* "?" */

struct pattern {
    struct str text;    /* compiled */
    bool wild;          /* holds RUN or ONE */
    bool variable;      /* holds VARIABLE: expand before matching */
    bool type_wildcard; /* of an ARN: a wildcard inside the resource type ("u*") */
};

/* ${key} or ${key, 'fallback'} */
struct variable {
    struct str key;
    struct str fallback;
    bool has_fallback;
};

struct variable_table {
    struct variable *items;
    size_t count;
    size_t cap;
};

enum pattern_flags {
    PATTERN_WILDCARDS = 1, /* "*" and "?" are wildcards, else themselves */
    PATTERN_VARIABLES = 2, /* ${…} is a variable, else itself */
    PATTERN_LOWER = 4      /* ASCII letters are lowered */
};

/** False when a variable is not well-formed. */
MUST_USE bool pattern_compile(struct arena *arena, struct str text, unsigned flags,
                              struct variable_table *variables, struct pattern *out);

/** Compiles an ARN pattern of Resource or of an Arn condition: fewer than six
 * fields are padded with "*", type_wildcard is set. */
MUST_USE bool pattern_compile_arn(struct arena *arena, struct str text, unsigned flags,
                                  struct variable_table *variables, struct pattern *out);

/** Puts the values in; out then holds literals, RUN and ONE. */
void pattern_expand(const struct pattern *p, const struct str *values, struct buf *out);

/** compiled holds no VARIABLE. ONE matches one UTF-8 character. */
bool pattern_glob(struct str compiled, struct str s);

/** Six fields, each for itself (IAM User Guide, "ARN condition operators"). */
bool pattern_glob_arn(struct str compiled, struct str arn);

/** The first five of six fields, the sixth is the rest. False when fewer. */
bool arn_split(struct str arn, struct str fields[6]);

/** "user" of the sixth field "user/alice": up to the first "/" or ":". */
struct str arn_type(struct str resource);

#endif
