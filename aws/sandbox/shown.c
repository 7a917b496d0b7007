#include "aws/sandbox/shown.h"

struct json *shown(const struct model_shape *shape, const struct json *value)
{
    struct json *out;

    if (shape->type == SHAPE_LIST && json_is_array(value)) {
        out = json_array();
        for (const struct json *e = json_first(value); e; e = json_next(e))
            json_push(out, shown(shape->members[0].shape, e));
        return out;
    }
    if (shape->type != SHAPE_STRUCTURE)
        return json_copy(value);
    out = json_object();
    for (const struct json *e = json_first(value); e; e = json_next(e)) {
        const struct model_member *m = model_member(shape, json_key(e));

        if (m)
            json_put(out, json_key(e), shown(m->shape, e));
    }
    return out;
}

const struct model_shape *shown_element(const struct aws_operation *op, const char *member)
{
    return model_member(op->output, member)->shape->members[0].shape;
}
