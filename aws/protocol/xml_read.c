#include "aws/protocol/wire.h"

static bool read_value(const struct conversion *c, const struct model_member *m, const struct xml_node *n,
                       const struct place *at, struct json **out);

static bool push_element(const struct conversion *c, const struct model_shape *list, const struct xml_node *n,
                         const struct place *up, size_t index, struct json *array)
{
    struct place at = {up, NULL, index};
    struct json *part = NULL;

    if (!read_value(c, &list->members[0], n, &at, &part))
        return false;
    json_push(array, part ? part : json_null());
    return true;
}

/* Without a level of its own: every element of that name is one more. */
static bool read_flattened(const struct conversion *c, const struct model_member *m, const struct xml_node *n,
                           const struct place *at, struct json *object)
{
    struct json *array = json_edit(object, m->name);

    if (!array)
        array = json_put(object, m->name, json_array());
    return push_element(c, m->shape, n, at, json_count(array), array);
}

static bool read_structure(const struct conversion *c, const struct model_shape *s, const struct xml_node *n,
                           const struct place *up, struct json *object)
{
    for (const struct xml_node *child = n->first; child; child = child->next) {
        const struct model_member *m = conversion_member(c, s, str_of(child->name));
        struct place at = {up, m ? m->name : child->name, 0};
        struct json *part = NULL;

        if (!m) /* newer than our model */
            continue;
        if (m->flattened && m->shape->type == SHAPE_LIST) {
            if (!read_flattened(c, m, child, &at, object))
                return false;
            continue;
        }
        if (!read_value(c, m, child, &at, &part))
            return false;
        if (part)
            json_put(object, m->name, part);
    }
    return true;
}

static bool read_list(const struct conversion *c, const struct model_shape *s, const struct xml_node *n,
                      const struct place *up, struct json *array)
{
    size_t i = 0;

    for (const struct xml_node *child = n->first; child; child = child->next, i++)
        if (!push_element(c, s, child, up, i, array))
            return false;
    return true;
}

static bool read_map(const struct conversion *c, const struct model_shape *s, const struct xml_node *n,
                     const struct place *up, struct json *object)
{
    size_t entries = 0;

    for (const struct xml_node *entry = n->first; entry; entry = entry->next) {
        const struct xml_node *key = xml_child(entry, s->members[0].reply);
        const struct xml_node *value = xml_child(entry, s->members[1].reply);
        struct place at = {up, key ? buf_text(&key->text) : "key", 0};
        struct json *part = NULL;

        if (!key || !value)
            return conversion_fail(c, MISFIT_FORM, up, s);
        if (++entries > WIRE_MAP_ENTRIES)
            return conversion_fail(c, MISFIT_LIMIT, up, s);
        if (!read_value(c, &s->members[1], value, &at, &part))
            return false;
        if (part)
            json_put(object, buf_text(&key->text), part);
    }
    return true;
}

static bool read_value(const struct conversion *c, const struct model_member *m, const struct xml_node *n,
                       const struct place *at, struct json **out)
{
    const struct model_shape *s = m->shape;
    bool ok;

    *out = NULL;
    if (shape_is_scalar(s))
        return n->first ? conversion_fail(c, MISFIT_TYPE, at, s)
                        : scalar_read(c, m, buf_str(&n->text), at, out);
    *out = s->type == SHAPE_LIST ? json_array() : json_object();
    if (s->type == SHAPE_LIST)
        ok = read_list(c, s, n, at, *out);
    else if (s->type == SHAPE_MAP)
        ok = read_map(c, s, n, at, *out);
    else
        ok = read_structure(c, s, n, at, *out);
    if (!ok)
        json_freep(out);
    return ok;
}

bool xml_read(const struct conversion *c, const struct model_shape *s, const struct xml_node *node,
              struct json **out)
{
    *out = json_object();
    if (node && s && !read_structure(c, s, node, NULL, *out))
        json_freep(out);
    return *out != NULL;
}
