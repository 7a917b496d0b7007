#include "aws/protocol/wire.h"

static bool write_value(const struct conversion *c, const struct model_member *m, const char *name,
                        const struct json *v, const struct place *at, struct buf *out);

static const char *escape_of(unsigned long point)
{
    switch (point) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\r': /* a parser would make a line feed of it */
        return "&#13;";
    case '\t':
    case '\n':
        return NULL;
    default:
        /* XML 1.0 cannot say these at all. */
        return point < 0x20 || point == 0xfffe || point == 0xffff ? "\xef\xbf\xbd" : NULL;
    }
}

void xml_escape(struct str text, struct buf *out)
{
    size_t start = 0;

    for (size_t i = 0; i < text.len;) {
        size_t at = i;
        const char *escape = escape_of(utf8_next(text, &i));

        if (!escape)
            continue;
        buf_add(out, str_slice(text, start, at - start));
        buf_adds(out, escape);
        start = i;
    }
    buf_add(out, str_slice(text, start, text.len - start));
}

static void open_tag(const char *name, struct buf *out)
{
    buf_addc(out, '<');
    buf_adds(out, name);
    buf_addc(out, '>');
}

static void close_tag(const char *name, struct buf *out)
{
    buf_adds(out, "</");
    buf_adds(out, name);
    buf_addc(out, '>');
}

void xml_element(const char *name, struct str text, struct buf *out)
{
    open_tag(name, out);
    xml_escape(text, out);
    close_tag(name, out);
}

static bool write_structure(const struct conversion *c, const struct model_shape *s, const struct json *v,
                            const struct place *up, struct buf *out)
{
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {up, json_key(e), 0};
        const struct model_member *m = model_member(s, json_key(e));

        if (!m)
            return conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
        if (!json_is_null(e) && !write_value(c, m, m->reply, e, &at, out))
            return false;
    }
    return true;
}

static bool write_list(const struct conversion *c, const struct model_member *m, const char *name,
                       const struct json *v, const struct place *up, struct buf *out)
{
    const struct model_member *element = &m->shape->members[0];
    size_t i = 0;

    if (!m->flattened)
        open_tag(name, out);
    for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
        struct place at = {up, NULL, i};

        if (!write_value(c, element, m->flattened ? name : element->reply, e, &at, out))
            return false;
    }
    if (!m->flattened)
        close_tag(name, out);
    return true;
}

static bool write_map(const struct conversion *c, const struct model_member *m, const char *name,
                      const struct json *v, const struct place *up, struct buf *out)
{
    const struct model_member *key = &m->shape->members[0], *value = &m->shape->members[1];

    open_tag(name, out);
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {up, json_key(e), 0};

        open_tag("entry", out);
        xml_element(key->reply, str_of(json_key(e)), out);
        if (!write_value(c, value, value->reply, e, &at, out))
            return false;
        close_tag("entry", out);
    }
    close_tag(name, out);
    return true;
}

static bool write_scalar(const struct conversion *c, const struct model_member *m, const char *name,
                         const struct json *v, const struct place *at, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (!scalar_write(c, m, TIMESTAMP_ISO8601, v, at, &text))
        return false;
    xml_element(name, buf_str(&text), out);
    return true;
}

static bool write_value(const struct conversion *c, const struct model_member *m, const char *name,
                        const struct json *v, const struct place *at, struct buf *out)
{
    const struct model_shape *s = m->shape;

    if (shape_is_scalar(s))
        return write_scalar(c, m, name, v, at, out);
    if (s->type == SHAPE_LIST ? !json_is_array(v) : !json_is_object(v))
        return conversion_fail(c, MISFIT_TYPE, at, s);
    if (s->type == SHAPE_LIST)
        return write_list(c, m, name, v, at, out);
    if (s->type == SHAPE_MAP)
        return write_map(c, m, name, v, at, out);
    open_tag(name, out);
    if (!write_structure(c, s, v, at, out))
        return false;
    close_tag(name, out);
    return true;
}

bool xml_write(const struct conversion *c, const struct json *v, struct buf *out)
{
    return write_structure(c, c->op->output, v, NULL, out);
}
