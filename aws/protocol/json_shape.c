#include "aws/protocol/wire.h"

static bool convert(const struct conversion *c, const struct model_member *m, const struct json *v,
                    const struct place *at, struct json **out);

static bool from_wire(const struct conversion *c)
{
    return c->direction == SERVER_REQUEST || c->direction == CLIENT_REPLY;
}

static bool convert_member(const struct conversion *c, const struct model_member *m, const struct json *v,
                           const struct place *at, struct json *object)
{
    struct json *part = NULL;

    if (!convert(c, m, v, at, &part))
        return false;
    json_put(object, from_wire(c) ? m->name : conversion_wire(c, m), part);
    return true;
}

static bool convert_structure(const struct conversion *c, const struct model_shape *s, enum json_part part,
                              const struct json *v, const struct place *up, struct json *object)
{
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {up, json_key(e), 0};
        const struct model_member *m =
            from_wire(c) ? conversion_member(c, s, str_of(json_key(e))) : model_member(s, json_key(e));

        /* A reply may hold what is newer than our model. */
        if (!m && c->direction == CLIENT_REPLY)
            continue;
        if (!m)
            return conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
        if (json_is_null(e))
            continue;
        if (part == JSON_BODY_MEMBERS && m->location != IN_BODY) {
            /* From the wire it must not come by two ways. */
            if (c->direction == SERVER_REQUEST)
                return conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
            continue;
        }
        if (!convert_member(c, m, e, &at, object))
            return false;
    }
    return true;
}

static bool convert_list(const struct conversion *c, const struct model_shape *s, const struct json *v,
                         const struct place *up, struct json *array)
{
    size_t i = 0;

    for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
        struct place at = {up, NULL, i};
        struct json *part = NULL;

        if (!convert(c, &s->members[0], e, &at, &part))
            return false;
        json_push(array, part);
    }
    return true;
}

static bool convert_map(const struct conversion *c, const struct model_shape *s, const struct json *v,
                        const struct place *up, struct json *object)
{
    size_t entries = 0;

    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {up, json_key(e), 0};
        struct json *part = NULL;

        if (++entries > WIRE_MAP_ENTRIES)
            return conversion_fail(c, MISFIT_LIMIT, up, s);
        if (json_is_null(e))
            continue;
        if (!convert(c, &s->members[1], e, &at, &part))
            return false;
        json_put(object, json_key(e), part);
    }
    return true;
}

static bool convert(const struct conversion *c, const struct model_member *m, const struct json *v,
                    const struct place *at, struct json **out)
{
    const struct model_shape *s = m->shape;
    bool ok;

    *out = NULL;
    if (shape_is_scalar(s))
        return scalar_copy(c, m, v, at, out);
    if (s->type == SHAPE_LIST ? !json_is_array(v) : !json_is_object(v))
        return conversion_fail(c, MISFIT_TYPE, at, s);
    *out = s->type == SHAPE_LIST ? json_array() : json_object();
    if (s->type == SHAPE_LIST)
        ok = convert_list(c, s, v, at, *out);
    else if (s->type == SHAPE_MAP)
        ok = convert_map(c, s, v, at, *out);
    else
        ok = convert_structure(c, s, JSON_ALL, v, at, *out);
    if (!ok)
        json_freep(out);
    return ok;
}

bool json_convert(const struct conversion *c, const struct model_shape *s, enum json_part part,
                  const struct json *v, struct json **out)
{
    *out = NULL;
    if (v && !json_is_null(v) && !json_is_object(v))
        return conversion_fail(c, MISFIT_TYPE, NULL, s);
    *out = json_object();
    if (json_is_object(v) && !convert_structure(c, s, part, v, NULL, *out))
        json_freep(out);
    return *out != NULL;
}
