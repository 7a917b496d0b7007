/* The arguments of a step when it runs: references replaced, once, and
 * defaults filled in. */
#include "steps/plan/plan.h"

#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/reference.h"

struct resolver {
    const struct plan *plan;
    const struct plan_scope *scope;
    bool lenient;
};

static bool resolve_field(const struct resolver *r, const struct schema_field *field, const struct json *in,
                          struct json **out, struct error *err);

static const char *builtin_value(const struct plan_scope *scope, struct str name)
{
    const char *const values[] = {scope->account, scope->region, scope->partition, scope->learner};

    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (str_is(name, reference_builtins[i]))
            return values[i];
    return NULL;
}

/* What one reference stands for; owned. */
static bool referenced(const struct resolver *r, const struct piece *piece, struct json **out,
                       struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_copy(piece->name);
    const struct json *value = NULL;
    const char *builtin = NULL;

    switch (piece->kind) {
    case PIECE_NAME:
        value = json_get(r->plan->vars, name);
        builtin = value ? NULL : builtin_value(r->scope, piece->name);
        break;
    case PIECE_ENV:
        value = json_get(r->plan->env, name);
        break;
    case PIECE_STEP:
        value = r->scope->outputs ? r->scope->outputs(r->scope->self, name) : NULL;
        break;
    case PIECE_OUTPUT:
        value = r->scope->outputs ? json_getn(r->scope->outputs(r->scope->self, name), piece->output) : NULL;
        break;
    case PIECE_LITERAL:
    case PIECE_MALFORMED:
    case PIECE_UNFINISHED:
    case PIECE_KINDS:
        break;
    }
    if ((!value || json_is_null(value)) && !builtin)
        return error_set(err, ERR_FAILED, "%.*s is not known", STR_ARG(piece->text));
    *out = value ? json_copy(value) : json_text_new(builtin);
    return true;
}

/* Text, number or boolean as text; false for all else. */
static bool add_scalar(const struct json *value, struct buf *out)
{
    if (json_is_string(value))
        buf_add(out, json_str(value));
    else if (json_is_number(value) || json_is_bool(value))
        json_write(value, out);
    else
        return false;
    return true;
}

/* One reference alone keeps the type of its value; all else becomes text. */
static bool resolve_text(const struct resolver *r, struct str text, struct json **out, struct error *err)
{
    CLEANUP(buf_release) struct buf joined = {0};
    struct piece piece;
    size_t at = 0;

    if (reference_whole(text, &piece))
        return referenced(r, &piece, out, err);
    while (reference_next(text, &at, &piece)) {
        CLEANUP(json_freep) struct json *value = NULL;

        if (piece.kind == PIECE_LITERAL) {
            buf_add(&joined, piece.text);
            continue;
        }
        if (!referenced(r, &piece, &value, err))
            return false;
        if (!add_scalar(value, &joined))
            return error_set(err, ERR_FAILED, "%.*s is not text", STR_ARG(piece.text));
    }
    *out = json_string(buf_str(&joined));
    return true;
}

/* The value of a field that holds one scalar, before its type is settled. */
static bool resolve_scalar(const struct resolver *r, const struct json *in, struct json **out,
                           struct error *err)
{
    if (json_is_string(in))
        return resolve_text(r, json_str(in), out, err);
    *out = json_copy(in);
    return true;
}

static bool possible(const char *const *choices, struct str text)
{
    for (size_t i = 0; choices && choices[i]; i++)
        if (str_is(text, choices[i]))
            return true;
    return !choices;
}

static bool settle_text(const struct schema_field *field, struct json **value, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (!add_scalar(*value, &text))
        return error_set(err, ERR_FAILED, "has to be text");
    if (!possible(field->choices, buf_str(&text)))
        return error_set(err, ERR_FAILED, "this value is not possible here");
    json_free(*value);
    *value = json_string(buf_str(&text));
    return true;
}

static bool settle_integer(const struct schema_field *field, struct json **value, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    int64_t number;

    if (json_is_bool(*value) || !add_scalar(*value, &text) || !check_integer(buf_str(&text), &number))
        return error_set(err, ERR_FAILED, "has to be a whole number");
    if (field->max > field->min && (number < field->min || number > field->max))
        return error_set(err, ERR_FAILED, "has to be between %lld and %lld", (long long)field->min,
                         (long long)field->max);
    json_free(*value);
    *value = json_integer(number);
    return true;
}

static bool settle_boolean(const struct schema_field *field, struct json **value, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    bool yes;

    (void)field;
    (void)add_scalar(*value, &text);
    yes = str_is(buf_str(&text), "true");
    if (!yes && !str_is(buf_str(&text), "false"))
        return error_set(err, ERR_FAILED, "has to be true or false");
    json_free(*value);
    *value = json_boolean(yes);
    return true;
}

static bool settle_step(const struct schema_field *field, struct json **value, struct error *err)
{
    (void)field;
    return json_is_object(*value) || error_set(err, ERR_FAILED, "has to be a step");
}

typedef bool (*settler)(const struct schema_field *field, struct json **value, struct error *err);

/* NULL: not one scalar. */
static const settler settlers[] = {
    [FIELD_TEXT] = settle_text,
    [FIELD_INTEGER] = settle_integer,
    [FIELD_BOOLEAN] = settle_boolean,
    [FIELD_STEP] = settle_step,
    [FIELD_LIST] = NULL,
    [FIELD_MAP] = NULL,
    [FIELD_OBJECT] = NULL,
    [FIELD_DATA] = NULL,
};

static bool resolve_list(const struct resolver *r, const struct schema_field *element, const struct json *in,
                         struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *list = json_array();
    size_t index = 0;

    for (const struct json *e = json_first(in); e; e = json_next(e), index++) {
        struct json *value = NULL;

        if (!resolve_field(r, element, e, &value, err))
            return error_wrap(err, "[%zu]", index);
        json_push(list, value);
    }
    *out = list;
    list = NULL;
    return true;
}

/* Keys too. One that cannot be resolved goes with its value when lenient. */
static bool resolve_map(const struct resolver *r, const struct schema_field *element, const struct json *in,
                        struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *map = json_object();

    for (const struct json *m = json_first(in); m; m = json_next(m)) {
        CLEANUP(json_freep) struct json *key = NULL;
        CLEANUP(buf_release) struct buf name = {0};
        struct json *value = NULL;

        if (!resolve_text(r, str_of(json_key(m)), &key, err) ||
            (!add_scalar(key, &name) && !error_set(err, ERR_FAILED, "has to be text"))) {
            if (r->lenient)
                continue;
            return error_wrap(err, "key %s", json_key(m));
        }
        if (json_get(map, buf_text(&name)))
            return error_set(err, ERR_FAILED, "the key \"%s\" stands twice", json_key(m));
        if (!resolve_field(r, element, m, &value, err))
            return error_wrap(err, "%s", json_key(m));
        json_put(map, buf_text(&name), value);
    }
    *out = map;
    map = NULL;
    return true;
}

static bool resolve_fields(const struct resolver *r, const struct schema_field *fields, const struct json *in,
                           struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *object = json_object();

    for (const struct schema_field *f = fields; f && f->name; f++) {
        CLEANUP(json_freep) struct json *otherwise = f->otherwise ? json_text_new(f->otherwise) : NULL;
        const struct json *given = json_get(in, f->name);
        struct json *value = NULL;

        if (!given && !otherwise)
            continue;
        if (!resolve_field(r, f, given ? given : otherwise, &value, err))
            return error_wrap(err, "%s", f->name);
        json_put(object, f->name, value);
    }
    *out = object;
    object = NULL;
    return true;
}

/* element NULL: data without a schema. */
static bool resolve_whole(const struct resolver *r, const struct schema_field *field, const struct json *in,
                          struct json **out, struct error *err)
{
    static const struct schema_field data = {.name = "", .type = FIELD_DATA};
    const struct schema_field *element = field->type == FIELD_DATA ? &data : field->element;

    if (field->type == FIELD_OBJECT)
        return resolve_fields(r, field->fields, in, out, err);
    if (json_is_array(in))
        return resolve_list(r, element, in, out, err);
    if (json_is_object(in))
        return resolve_map(r, element, in, out, err);
    return resolve_scalar(r, in, out, err);
}

/* Recursion is bounded: the depth of the plan's YAML is. */
static bool resolve_field(const struct resolver *r, const struct schema_field *field, const struct json *in,
                          struct json **out, struct error *err)
{
    settler settle = settlers[field->type];
    bool ok;

    if (settle)
        ok = resolve_scalar(r, in, out, err) && settle(field, out, err);
    else
        ok = resolve_whole(r, field, in, out, err);
    if (ok)
        return true;
    json_freep(out);
    if (!r->lenient)
        return false;
    *out = json_null();
    return true;
}

bool plan_resolve(const struct plan *p, const struct plan_step *step, const struct plan_scope *scope,
                  bool lenient, struct json **with, struct error *err)
{
    const struct resolver r = {.plan = p, .scope = scope, .lenient = lenient};
    const struct plan_step *made = step->undoes ? step->undoes : step;

    *with = NULL;
    return resolve_fields(&r, made->kind->with, made->with, with, err) ||
           error_wrap(err, "step %s: with", step->id);
}
