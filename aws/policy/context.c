#include "aws/policy/document.h"

#include "aws/common/mem.h"

#include <math.h>
#include <stdio.h>

void context_init(struct context *c, const struct json *object)
{
    size_t count = json_is_object(object) ? json_count(object) : 0;

    c->entries = count <= ARRAY_LEN(c->fixed) ? c->fixed : mem_array(count, sizeof *c->entries);
    c->count = 0;
    if (count == 0)
        return;
    for (const struct json *m = json_first(object); m != NULL; m = json_next(m))
        c->entries[c->count++] = (struct context_entry){str_of(json_key(m)), m};
}

void context_release(struct context *c)
{
    if (c->entries != c->fixed)
        mem_free(c->entries);
}

/* Names of keys ignore case; the tag's name behind aws:ResourceTag/ does not. */
static bool same_key(struct str a, struct str b)
{
    size_t slash;

    if (a.len != b.len)
        return false;
    slash = str_find_char(a, '/');
    if (slash == a.len || slash < 3 || !str_equal_ignore_case(str_slice(a, slash - 3, 3), STR("tag")))
        return str_equal_ignore_case(a, b);
    return str_equal_ignore_case(str_slice(a, 0, slash), str_slice(b, 0, slash)) &&
           str_equal(str_slice(a, slash, a.len), str_slice(b, slash, b.len));
}

const struct json *context_find(const struct context *c, struct str key)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct json *value = c->entries[i].value;

        if (!same_key(c->entries[i].key, key))
            continue;
        if (json_is_null(value) || (json_is_array(value) && json_count(value) == 0))
            return NULL;
        return value;
    }
    return NULL;
}

bool context_scalar(const struct json *value, char scratch[SCALAR_BYTES], struct str *out)
{
    double number;

    if (json_is_string(value)) {
        *out = json_str(value);
        return true;
    }
    if (json_is_bool(value)) {
        *out = json_bool(value, false) ? STR("true") : STR("false");
        return true;
    }
    if (!json_is_number(value))
        return false;
    number = json_double(value, 0);
    if (number == floor(number) && fabs(number) < 1e15)
        snprintf(scratch, SCALAR_BYTES, "%.0f", number);
    else
        snprintf(scratch, SCALAR_BYTES, "%.15g", number);
    *out = str_of(scratch);
    return true;
}
