#include "aws/protocol/wire.h"

#include "aws/common/mem.h"
#include "aws/http/uri.h"

#include <stdlib.h>

/* A form's dotted names as a tree: "Tags.member.1.Key=v" is four nodes. */
struct node {
    char *key;
    char *value; /* NULL: none */
    size_t len;
    struct node *first, *last, *next;
};

/* What every query request carries besides its parameters. */
static const char *const frame_fields[] = {
    "Action",          "Version",   "AWSAccessKeyId", "SignatureVersion",
    "SignatureMethod", "Signature", "SecurityToken",  "Timestamp",
};

static bool read_value(const struct conversion *c, const struct model_member *m, const struct node *n,
                       const struct place *at, struct json **out);

static void node_free(struct node *n)
{
    while (n) {
        struct node *next = n->next;

        node_free(n->first);
        mem_free(n->key);
        mem_free(n->value);
        mem_free(n);
        n = next;
    }
}

static struct node *node_child(struct node *parent, struct str key)
{
    struct node *n = parent->last;

    /* Most fields follow their like. */
    if (!n || !str_is(key, n->key))
        for (n = parent->first; n && !str_is(key, n->key); n = n->next)
            ;
    if (n)
        return n;
    n = mem_alloc(sizeof *n);
    n->key = mem_copy(key);
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    return n;
}

static bool add_field(const struct conversion *c, struct node *root, struct str name, struct str value)
{
    struct str rest = name, part;
    struct node *n = root;
    size_t depth = 0;
    struct place at = {NULL, name.data ? name.data : "", 0};

    if (name.len == 0 || str_find_char(name, '\0') < name.len || !str_is_utf8(name))
        return conversion_fail(c, MISFIT_FORM, NULL, NULL);
    while (str_split(&rest, '.', &part)) {
        if (++depth > WIRE_DEPTH)
            return conversion_fail(c, MISFIT_LIMIT, &at, NULL);
        n = node_child(n, part);
    }
    /* Twice the same name: which one the caller meant cannot be told. */
    if (n->value)
        return conversion_fail(c, MISFIT_FORM, &at, NULL);
    n->value = mem_copy(value);
    n->len = value.len;
    return true;
}

static bool add_form(const struct conversion *c, struct node *root, struct str form, size_t *fields)
{
    CLEANUP(buf_release) struct buf name = {0};
    CLEANUP(buf_release) struct buf value = {0};
    struct str raw_name, raw_value;
    struct error ignored;

    while (uri_next_pair(&form, &raw_name, &raw_value)) {
        if (raw_name.len == 0 && raw_value.len == 0)
            continue;
        if (++*fields > WIRE_FORM_FIELDS)
            return conversion_fail(c, MISFIT_LIMIT, NULL, NULL);
        buf_reset(&name);
        buf_reset(&value);
        if (!uri_decode(raw_name, true, &name, &ignored) || !uri_decode(raw_value, true, &value, &ignored))
            return conversion_fail(c, MISFIT_FORM, NULL, NULL);
        if (!add_field(c, root, buf_str(&name), buf_str(&value)))
            return false;
    }
    return true;
}

static bool is_frame(const struct node *n)
{
    if (str_starts(str_of(n->key), STR("X-Amz-")))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(frame_fields); i++)
        if (strcmp(frame_fields[i], n->key) == 0)
            return true;
    return false;
}

static bool read_structure(const struct conversion *c, const struct model_shape *s, const struct node *n,
                           const struct place *up, struct json *object)
{
    for (const struct node *child = n->first; child; child = child->next) {
        const struct model_member *m = conversion_member(c, s, str_of(child->key));
        struct place at = {up, m ? m->name : child->key, 0};
        struct json *part = NULL;

        if (!m && !up && is_frame(child))
            continue;
        if (!m)
            return conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
        if (!read_value(c, m, child, &at, &part))
            return false;
        if (part)
            json_put(object, m->name, part);
    }
    return true;
}

struct numbered {
    int64_t number;
    const struct node *node;
};

static int by_number(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* The numbered children in order; gaps close. NULL when one is no number. */
static struct numbered *in_order(const struct node *n, size_t *count)
{
    struct numbered *rows;
    size_t i = 0;

    *count = 0;
    for (const struct node *child = n->first; child; child = child->next)
        ++*count;
    rows = mem_array(*count + 1, sizeof *rows);
    for (const struct node *child = n->first; child; child = child->next, i++) {
        rows[i].node = child;
        if (!str_to_i64(str_of(child->key), &rows[i].number) || rows[i].number < 1 ||
            rows[i].number > WIRE_LIST_INDEX) {
            mem_free(rows);
            return NULL;
        }
    }
    qsort(rows, *count, sizeof *rows, by_number);
    return rows;
}

/* Below "member" or the list's own word, where there is such a level. */
static const struct node *list_level(const struct model_member *element, const struct node *n)
{
    const struct node *only = n->first;

    if (only && !only->next && (strcmp(only->key, element->wire) == 0 || strcmp(only->key, "member") == 0))
        return only;
    return n;
}

static bool read_list(const struct conversion *c, const struct model_shape *s, const struct node *n,
                      const struct place *up, struct json *array)
{
    const struct model_member *element = &s->members[0];
    const struct node *level = list_level(element, n);
    struct numbered *rows;
    size_t count;
    bool ok = true;

    /* "Name=" alone is the empty list. */
    if (level->value)
        return (level->len == 0 && !level->first) || conversion_fail(c, MISFIT_FORM, up, s);
    rows = in_order(level, &count);
    if (!rows)
        return conversion_fail(c, MISFIT_FORM, up, s);
    for (size_t i = 0; ok && i < count; i++) {
        struct place at = {up, NULL, i};
        struct json *part = NULL;

        ok = read_value(c, element, rows[i].node, &at, &part) &&
             (part || conversion_fail(c, MISFIT_TYPE, &at, element->shape));
        if (ok)
            json_push(array, part);
    }
    mem_free(rows);
    return ok;
}

static const struct node *find_child(const struct node *n, const char *key)
{
    for (const struct node *child = n->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

static bool read_entry(const struct conversion *c, const struct model_shape *s, const struct node *entry,
                       const struct place *up, struct json *object)
{
    const struct node *key = find_child(entry, s->members[0].wire);
    const struct node *value = find_child(entry, s->members[1].wire);
    struct place at = {up, "", 0};
    struct json *part = NULL;

    if (!key || !key->value || !value)
        return conversion_fail(c, MISFIT_FORM, up, s);
    at.name = key->value;
    if (!read_value(c, &s->members[1], value, &at, &part))
        return false;
    if (part)
        json_put(object, key->value, part);
    return true;
}

static bool read_map(const struct conversion *c, const struct model_shape *s, const struct node *n,
                     const struct place *up, struct json *object)
{
    const struct node *entries = find_child(n, "entry");
    struct numbered *rows;
    size_t count;
    bool ok = true;

    rows = in_order(entries ? entries : n, &count);
    if (!rows)
        return conversion_fail(c, MISFIT_FORM, up, s);
    for (size_t i = 0; ok && i < count; i++)
        ok = read_entry(c, s, rows[i].node, up, object);
    mem_free(rows);
    return ok;
}

static bool read_value(const struct conversion *c, const struct model_member *m, const struct node *n,
                       const struct place *at, struct json **out)
{
    const struct model_shape *s = m->shape;
    bool ok;

    *out = NULL;
    if (shape_is_scalar(s)) {
        if (n->first || !n->value)
            return conversion_fail(c, MISFIT_FORM, at, s);
        return scalar_read(c, m, (struct str){n->value, n->len}, at, out);
    }
    if (s->type == SHAPE_LIST) {
        *out = json_array();
        ok = read_list(c, s, n, at, *out);
    } else {
        *out = json_object();
        if (n->value && n->len > 0)
            ok = conversion_fail(c, MISFIT_FORM, at, s);
        else if (s->type == SHAPE_MAP)
            ok = read_map(c, s, n, at, *out);
        else
            ok = read_structure(c, s, n, at, *out);
    }
    if (!ok)
        json_freep(out);
    return ok;
}

bool form_read(const struct conversion *c, struct str query, struct str body, struct json **out)
{
    struct node root = {0};
    size_t fields = 0;
    bool ok;

    *out = json_object();
    ok = add_form(c, &root, query, &fields) && add_form(c, &root, body, &fields) &&
         read_structure(c, c->op->input, &root, NULL, *out);
    node_free(root.first);
    if (!ok)
        json_freep(out);
    return ok;
}

bool form_find(struct str form, const char *name, struct buf *value, bool *found)
{
    struct str raw_name, raw_value;
    struct error ignored;

    *found = false;
    while (uri_next_pair(&form, &raw_name, &raw_value)) {
        if (!str_is(raw_name, name))
            continue;
        *found = true;
        return uri_decode(raw_value, true, value, &ignored);
    }
    return true;
}
