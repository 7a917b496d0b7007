/* The arguments of a step against the schema of its kind. */
#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/near.h"
#include "steps/plan/reference.h"

#include <regex.h>
#include <stdio.h>

static const char *const node_words[] = {
    [YAML_SCALAR] = "text", [YAML_SEQUENCE] = "a list", [YAML_MAPPING] = "a mapping"};

static struct json *check_field(struct checker *c, const struct schema_field *field,
                                const struct yaml_node *node, struct place at);

static bool has_type(struct checker *c, const struct yaml_node *node, enum yaml_type type, const char *wanted)
{
    if (check_is_missing(node)) {
        check_field_problem(c, place_of(node), "has no value; it has to be %s", wanted);
        return false;
    }
    if (node->type == type)
        return true;
    check_field_problem(c, place_of(node), "has to be %s, not %s", wanted, node_words[node->type]);
    return false;
}

/* What a value is called in a message: itself, the reference it came through
 * or both. A value of the environment is never shown. */
static const char *called(const struct checked_text *text, char *out, size_t size)
{
    if (!text->shown)
        snprintf(out, size, "the value of %.*s", text->source.len > 80 ? 80 : (int)text->source.len,
                 text->source.data);
    else if (text->source.len > 0)
        snprintf(out, size, "%.*s, which is \"%.80s\",", text->source.len > 80 ? 80 : (int)text->source.len,
                 text->source.data, buf_text(&text->value));
    else
        snprintf(out, size, "\"%.80s\"", buf_text(&text->value));
    return out;
}

static void check_choice(struct checker *c, const struct schema_field *field, const struct checked_text *text)
{
    char name[200];
    struct near near;

    near_init(&near, buf_str(&text->value));
    for (size_t i = 0; field->choices[i]; i++) {
        if (str_is(near.word, field->choices[i]))
            return;
        near_offer(&near, field->choices[i]);
    }
    check_field_problem(c, checked_place(c, text), "%s is not possible here%s",
                        called(text, name, sizeof(name)), near_hint(&near));
}

/* What a person counts: a byte that goes on with a character is none. */
static int64_t characters(struct str text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

/* A pattern that does not compile is found by whoever tries any text. */
static bool fits(const char *pattern, const char *text)
{
    regex_t compiled;

    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static void check_pattern(struct checker *c, const struct schema_field *field,
                          const struct checked_text *text)
{
    char name[200];

    if (text->value.len > 0 && !fits(field->pattern, buf_text(&text->value)))
        check_field_problem(c, checked_place(c, text), "%s has to be %s", called(text, name, sizeof(name)),
                            field->form);
}

static struct json *text_field(struct checker *c, const struct schema_field *field,
                               const struct yaml_node *node)
{
    CLEANUP(checked_text_release) struct checked_text text = {0};

    if (!has_type(c, node, YAML_SCALAR, "text"))
        return json_null();
    check_text(c, node, false, &text);
    if (text.known && field->required && text.value.len == 0)
        check_field_problem(c, checked_place(c, &text), "is empty");
    else if (text.known && field->max > 0 && characters(buf_str(&text.value)) > field->max)
        check_field_problem(c, checked_place(c, &text), "is longer than %lld characters",
                            (long long)field->max);
    else if (text.known && field->choices)
        check_choice(c, field, &text);
    else if (text.known && field->pattern)
        check_pattern(c, field, &text);
    return json_string(node->text);
}

static struct json *integer_field(struct checker *c, const struct schema_field *field,
                                  const struct yaml_node *node)
{
    CLEANUP(checked_text_release) struct checked_text text = {0};
    char name[200];
    int64_t number;

    if (!has_type(c, node, YAML_SCALAR, "a whole number"))
        return json_null();
    check_text(c, node, false, &text);
    if (!text.known)
        return json_string(node->text);
    if (!check_integer(buf_str(&text.value), &number))
        check_field_problem(c, checked_place(c, &text), "%s is not a whole number",
                            called(&text, name, sizeof(name)));
    else if (field->max > field->min && (number < field->min || number > field->max))
        check_field_problem(c, checked_place(c, &text), "%s is not between %lld and %lld",
                            called(&text, name, sizeof(name)), (long long)field->min, (long long)field->max);
    else if (text.source.len == 0)
        return json_integer(number);
    return json_string(node->text);
}

static struct json *boolean_field(struct checker *c, const struct schema_field *field,
                                  const struct yaml_node *node)
{
    CLEANUP(checked_text_release) struct checked_text text = {0};
    char name[200];
    bool yes;

    (void)field;
    if (!has_type(c, node, YAML_SCALAR, "true or false"))
        return json_null();
    check_text(c, node, false, &text);
    if (!text.known)
        return json_string(node->text);
    yes = str_is(buf_str(&text.value), "true");
    if (!yes && !str_is(buf_str(&text.value), "false"))
        check_field_problem(c, checked_place(c, &text), "%s is neither true nor false",
                            called(&text, name, sizeof(name)));
    else if (text.source.len == 0 && node->quoted)
        check_field_problem(c, checked_place(c, &text), "has to be true or false, without quotes");
    else if (text.source.len == 0)
        return json_boolean(yes);
    return json_string(node->text);
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (size_t i = 0; words && words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return !words;
}

static void list_words(const char *const *words, struct buf *out)
{
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : " or ", words[i]);
}

/* The text is not one reference to a step: says how it would be one. */
static void no_step(struct checker *c, const struct schema_field *field, const struct yaml_node *node)
{
    const char *near = NULL;
    const struct plan_step *step = plan_find(c->plan, node->text, &near);
    struct piece piece;

    if (reference_whole(node->text, &piece) && piece.kind == PIECE_OUTPUT)
        check_field_problem(c, place_within(&c->source, node, 0), "has to be the whole step: ${steps.%.*s}",
                            STR_ARG(piece.name));
    else if (step || near)
        check_field_problem(c, place_of(node), "has to be a step; did you mean \"${steps.%s}\"?",
                            step ? step->id : near);
    else
        check_field_problem(c, place_of(node), "has to be a step, like ${steps.ID}%s%s",
                            field->step_kinds ? ", which is " : "",
                            field->step_kinds ? field->step_kinds[0] : "");
}

static struct json *step_field(struct checker *c, const struct schema_field *field,
                               const struct yaml_node *node)
{
    CLEANUP(checked_text_release) struct checked_text text = {0};
    CLEANUP(buf_release) struct buf kinds = {0};
    const struct plan_step *step;
    struct piece piece;

    if (!has_type(c, node, YAML_SCALAR, "a step, like ${steps.ID}"))
        return json_null();
    check_text(c, node, true, &text);
    if (!text.good)
        return json_null();
    if (!reference_whole(node->text, &piece) || piece.kind != PIECE_STEP) {
        no_step(c, field, node);
        return json_null();
    }
    step = plan_find(c->plan, piece.name, NULL);
    if (step && step->kind && !is_one_of(step->kind->name, field->step_kinds)) {
        list_words(field->step_kinds, &kinds);
        check_field_problem(c, checked_place(c, &text), "step \"%s\" is %s; this takes %s", step->id,
                            step->kind->name, buf_text(&kinds));
    }
    return json_string(node->text);
}

static struct json *list_field(struct checker *c, const struct schema_field *field,
                               const struct yaml_node *node)
{
    struct json *out = json_array();

    if (!has_type(c, node, YAML_SEQUENCE, "a list"))
        return out;
    for (size_t i = 0; i < node->count; i++) {
        char number[24];
        size_t path;

        snprintf(number, sizeof(number), "[%zu]", i);
        path = check_enter(c, "", str_of(number));
        json_push(out, check_field(c, field->element, node->items[i], place_of(node->items[i])));
        check_leave(c, path);
    }
    return out;
}

/* A name is looked for among all others in JSON: many would take long. */
static bool too_many(struct checker *c, const struct yaml_node *mapping)
{
    if (mapping->count > CHECK_MOST_KEYS)
        check_field_problem(c, place_of(mapping->keys[CHECK_MOST_KEYS]), "more than %d keys",
                            CHECK_MOST_KEYS);
    return mapping->count > CHECK_MOST_KEYS;
}

/* Two keys that differ only until their references are replaced. */
static void check_map_key(struct checker *c, const struct yaml_node *key, struct json *seen)
{
    CLEANUP(checked_text_release) struct checked_text text = {0};

    check_text(c, key, false, &text);
    if (!text.known)
        return;
    if (json_get(seen, buf_text(&text.value)))
        check_field_problem(c, checked_place(c, &text), "the key \"%.80s\" stands twice",
                            text.shown ? buf_text(&text.value) : key->text.data);
    json_put_bool(seen, buf_text(&text.value), true);
}

static struct json *map_field(struct checker *c, const struct schema_field *field,
                              const struct yaml_node *node)
{
    CLEANUP(json_freep) struct json *seen = json_object();
    struct json *out = json_object();

    if (!has_type(c, node, YAML_MAPPING, "a mapping") || too_many(c, node))
        return out;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->keys[i];
        size_t path;

        check_map_key(c, key, seen);
        path = check_enter(c, ".", key->text);
        json_put(out, key->text.data, check_field(c, field->element, node->items[i], place_of(key)));
        check_leave(c, path);
    }
    return out;
}

static struct json *object_field(struct checker *c, const struct schema_field *field,
                                 const struct yaml_node *node, struct place at)
{
    if (!has_type(c, node, YAML_MAPPING, "a mapping"))
        return json_object();
    return check_fields(c, field->fields, node, at);
}

struct json *check_data(struct checker *c, const struct yaml_node *node)
{
    CLEANUP(json_freep) struct json *seen = NULL;
    struct json *out;

    if (node->type == YAML_SCALAR) {
        CLEANUP(checked_text_release) struct checked_text text = {0};

        check_text(c, node, true, &text);
        return yaml_to_json(node);
    }
    out = node->type == YAML_MAPPING ? json_object() : json_array();
    if (node->type == YAML_MAPPING && too_many(c, node))
        return out;
    seen = json_object();
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == YAML_SEQUENCE) {
            json_push(out, check_data(c, node->items[i]));
            continue;
        }
        check_map_key(c, node->keys[i], seen);
        json_put(out, node->keys[i]->text.data, check_data(c, node->items[i]));
    }
    return out;
}

static struct json *data_field(struct checker *c, const struct schema_field *field,
                               const struct yaml_node *node)
{
    if (field->required && check_is_missing(node))
        check_field_problem(c, place_of(node), "has no value");
    return check_data(c, node);
}

typedef struct json *(*field_check)(struct checker *c, const struct schema_field *field,
                                    const struct yaml_node *node);

static const field_check field_checks[] = {
    [FIELD_TEXT] = text_field, [FIELD_INTEGER] = integer_field, [FIELD_BOOLEAN] = boolean_field,
    [FIELD_LIST] = list_field, [FIELD_MAP] = map_field,         [FIELD_STEP] = step_field,
    [FIELD_DATA] = data_field,
};

/* Recursion is bounded: yaml_parse has bounded the depth. */
static struct json *check_field(struct checker *c, const struct schema_field *field,
                                const struct yaml_node *node, struct place at)
{
    if (field->type == FIELD_OBJECT)
        return object_field(c, field, node, at);
    return field_checks[field->type](c, field, node);
}

/* Exactly one of the fields that are marked. */
static void check_group(struct checker *c, const struct schema_field *fields, const struct yaml_node *mapping,
                        struct place at)
{
    CLEANUP(buf_release) struct buf names = {0};
    const struct yaml_node *second = NULL;
    size_t given = 0;

    for (const struct schema_field *f = fields; f && f->name; f++)
        if (f->any_of_group)
            buf_printf(&names, "%s\"%s\"", names.len ? ", " : "", f->name);
    if (names.len == 0)
        return;
    for (size_t i = 0; mapping && i < mapping->count; i++)
        for (const struct schema_field *f = fields; f->name; f++)
            if (f->any_of_group && str_is(mapping->keys[i]->text, f->name) && ++given == 2)
                second = mapping->keys[i];
    if (second)
        check_field_problem(c, place_of(second), "only one of %s may be given", buf_text(&names));
    if (given == 0)
        check_field_problem(c, at, "one of %s has to be given", buf_text(&names));
}

/* Fields that mean nothing without another. */
static void check_beside(struct checker *c, const struct schema_field *fields,
                         const struct yaml_node *mapping)
{
    for (size_t i = 0; mapping && i < mapping->count; i++)
        for (const struct schema_field *f = fields; f && f->name; f++)
            if (f->beside && str_is(mapping->keys[i]->text, f->name) && !yaml_get(mapping, f->beside))
                check_field_problem(c, place_of(mapping->keys[i]), "\"%s\" needs \"%s\" beside it", f->name,
                                    f->beside);
}

static const struct schema_field *field_named(struct checker *c, const struct schema_field *fields,
                                              const struct yaml_node *key)
{
    struct near near;

    if (problems_full(c->problems))
        return NULL;
    near_init(&near, key->text);
    for (const struct schema_field *f = fields; f && f->name; f++) {
        if (str_is(key->text, f->name))
            return f;
        near_offer(&near, f->name);
    }
    check_field_problem(c, place_of(key), "unknown key \"%.*s\"%s", STR_ARG(key->text), near_hint(&near));
    return NULL;
}

struct json *check_fields(struct checker *c, const struct schema_field *fields,
                          const struct yaml_node *mapping, struct place at)
{
    struct json *out = json_object();

    for (size_t i = 0; mapping && i < mapping->count; i++) {
        const struct yaml_node *key = mapping->keys[i];
        const struct schema_field *field = field_named(c, fields, key);
        size_t path = check_enter(c, ".", key->text);

        if (field)
            json_put(out, field->name, check_field(c, field, mapping->items[i], place_of(key)));
        else
            json_free(check_data(c, mapping->items[i]));
        check_leave(c, path);
    }
    for (const struct schema_field *f = fields; f && f->name; f++)
        if (f->required && !yaml_get(mapping, f->name))
            check_field_problem(c, at, "\"%s\" is missing%s%s%s", f->name, f->help ? " (" : "",
                                f->help ? f->help : "", f->help ? ")" : "");
    check_group(c, fields, mapping, at);
    check_beside(c, fields, mapping);
    return out;
}
