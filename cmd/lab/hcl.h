/* Terraform's language: values and arguments, laid out as `terraform fmt` does. A mark
 * in a text (steps/engine/explain.h) becomes an expression that the caller knows. */
#ifndef CMD_LAB_HCL_H
#define CMD_LAB_HCL_H

#include "aws/common/json.h"

struct hcl_marks {
    /* Writes the expression that stands for a mark's name. */
    bool (*write)(void *self, struct str name, struct buf *out, struct error *err);
    void *self;
};

/** "db-user" is db_user. */
void hcl_identifier(struct str name, struct buf *out);
/** A value at a depth of indentation: what spans lines goes on there. */
MUST_USE bool hcl_value(const struct hcl_marks *marks, const struct json *value, unsigned depth,
                        struct buf *out, struct error *err);
/** A text that holds JSON, in which a number's mark may stand without quotes, as
 * jsonencode(…). */
MUST_USE bool hcl_document(const struct hcl_marks *marks, struct str text, unsigned depth, struct buf *out,
                           struct error *err);
/** "name = value" lines of {name: value as text}, the signs of neighbours in one column. */
void hcl_arguments(const struct json *arguments, unsigned depth, struct buf *out);
void hcl_indent(unsigned depth, struct buf *out);

#endif
