#include "aws/protocol/wire.h"

#include "aws/http/uri.h"

#include <stdio.h>

struct writer {
    const struct conversion *c;
    struct buf *body;
    struct buf prefix; /* the dotted name so far */
};

static bool write_value(struct writer *w, const struct model_member *m, const struct json *v,
                        const struct place *at);

/* Goes one name deeper; returns the length to go back to. */
static size_t push(struct writer *w, const char *name)
{
    size_t mark = w->prefix.len;

    if (mark > 0)
        buf_addc(&w->prefix, '.');
    buf_adds(&w->prefix, name);
    return mark;
}

static void pop(struct writer *w, size_t mark)
{
    w->prefix.len = mark;
    if (w->prefix.data)
        w->prefix.data[mark] = '\0';
}

static void add_pair(struct writer *w, struct str value)
{
    if (w->body->len > 0)
        buf_addc(w->body, '&');
    uri_encode(buf_str(&w->prefix), w->body);
    buf_addc(w->body, '=');
    uri_encode(value, w->body);
}

static bool write_structure(struct writer *w, const struct model_shape *s, const struct json *v,
                            const struct place *up)
{
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {up, json_key(e), 0};
        const struct model_member *m = model_member(s, json_key(e));
        size_t mark;

        if (!m)
            return conversion_fail(w->c, MISFIT_UNKNOWN, &at, NULL);
        if (json_is_null(e))
            continue;
        mark = push(w, m->wire);
        if (!write_value(w, m, e, &at))
            return false;
        pop(w, mark);
    }
    return true;
}

static bool write_list(struct writer *w, const struct model_member *m, const struct json *v,
                       const struct place *up)
{
    bool ec2 = w->c->op->service->protocol == AWS_EC2;
    const struct model_member *element = &m->shape->members[0];
    size_t i = 0, mark = w->prefix.len;

    if (json_count(v) == 0) {
        /* Facts 2.1: an empty list is "Name=" in query, nothing in ec2. */
        if (!ec2)
            add_pair(w, STR(""));
        return true;
    }
    if (!ec2 && !m->flattened)
        push(w, element->wire);
    for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
        struct place at = {up, NULL, i};
        char number[24];
        size_t inner;

        snprintf(number, sizeof number, "%zu", i + 1);
        inner = push(w, number);
        if (!write_value(w, element, e, &at))
            return false;
        pop(w, inner);
    }
    pop(w, mark);
    return true;
}

static bool write_map(struct writer *w, const struct model_member *m, const struct json *v,
                      const struct place *up)
{
    size_t i = 0;

    for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
        struct place at = {up, json_key(e), 0};
        char entry[32];
        size_t mark, inner;

        snprintf(entry, sizeof entry, m->flattened ? "%zu" : "entry.%zu", i + 1);
        mark = push(w, entry);
        inner = push(w, m->shape->members[0].wire);
        add_pair(w, str_of(json_key(e)));
        pop(w, inner);
        push(w, m->shape->members[1].wire);
        if (!write_value(w, &m->shape->members[1], e, &at))
            return false;
        pop(w, mark);
    }
    return true;
}

static bool write_value(struct writer *w, const struct model_member *m, const struct json *v,
                        const struct place *at)
{
    const struct model_shape *s = m->shape;
    CLEANUP(buf_release) struct buf text = {0};

    if (shape_is_scalar(s)) {
        if (!scalar_write(w->c, m, TIMESTAMP_ISO8601, v, at, &text))
            return false;
        add_pair(w, buf_str(&text));
        return true;
    }
    if (s->type == SHAPE_LIST ? !json_is_array(v) : !json_is_object(v))
        return conversion_fail(w->c, MISFIT_TYPE, at, s);
    if (s->type == SHAPE_LIST)
        return write_list(w, m, v, at);
    return s->type == SHAPE_MAP ? write_map(w, m, v, at) : write_structure(w, s, v, at);
}

bool form_write(const struct conversion *c, const struct json *in, struct buf *body)
{
    struct writer w = {.c = c, .body = body};
    bool ok;

    buf_printf(body, "Action=%s&Version=%s", c->op->name, c->op->service->api_version);
    ok = write_structure(&w, c->op->input, in, NULL);
    buf_release(&w.prefix);
    return ok;
}
