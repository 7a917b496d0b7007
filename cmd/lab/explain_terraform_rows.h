/* What a call is for Terraform's AWS provider, as rows. */
#ifndef CMD_LAB_EXPLAIN_TERRAFORM_ROWS_H
#define CMD_LAB_EXPLAIN_TERRAFORM_ROWS_H

#include "aws/common/json.h"

enum argument_form {
    ARGUMENT_NONE, /* it has none, and needs none */
    ARGUMENT_VALUE,
    ARGUMENT_DOCUMENT, /* a text that holds JSON */
    ARGUMENT_TAGS,     /* [{Key, Value}] */
    ARGUMENT_FILTERS   /* [{Name, Values}], as blocks; one named `of` is the argument */
};

struct terraform_argument {
    const char *member; /* of the call's input; NULL ends */
    const char *name;
    enum argument_form form;
    const char *of, *attribute; /* the type it may name, and how that is referred to; NULL none */
};

/* What a second resource of the same call hangs on. */
struct terraform_parent {
    const char *type, *argument;
};

struct terraform_resource {
    const char *service, *operation, *type; /* type NULL ends */
    const struct terraform_argument *arguments;
    const char *key;    /* the member that names it */
    const char *joined; /* a later call of the step that fills it; NULL none */
    const struct terraform_argument *joined_arguments;
    const struct terraform_parent *parent;
    const char *tail; /* lines at its end; NULL none */
};
extern const struct terraform_resource terraform_resources[];

struct terraform_attribute {
    const char *path; /* of the reply, steps/engine/explain.h; NULL ends */
    const char *name;
    bool list;
};

struct terraform_source {
    const char *service, *operation, *type;
    const struct terraform_argument *arguments;
    const struct terraform_attribute *attributes;
};

bool terraform_row_is(const char *service, const char *operation, const struct json *item);
/** Whether it fills what another call of the step makes. */
bool terraform_is_joined(const struct json *item);
/** The data source that reads what the call reads; NULL: none. */
const struct terraform_source *terraform_find_source(const struct json *item);
const struct terraform_attribute *terraform_find_attribute(const struct terraform_source *source,
                                                           const char *path);
/** Why no configuration says it; NULL: no reason is known. */
const char *terraform_find_reason(const struct json *item);

#endif
