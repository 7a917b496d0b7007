/* The plan language as JSON Schema, draft 2020-12, from the rows the checker
 * reads: an editor then offers keys, kinds and choices while one types. */
#include "steps/plan/plan.h"

#include "aws/common/mem.h"
#include "steps/plan/check.h"
#include "steps/plan/reference.h"

/* As reference_is_id has it. */
#define ID_PATTERN "^[A-Za-z][A-Za-z0-9_-]{0,63}$"

/* A text with a reference in it: its type shows when it is replaced. */
#define REFERENCE_PATTERN "\\$\\{"

static struct json *field_schema(const struct schema_field *field);

static struct json *typed(const char *type)
{
    return json_of("type", type, NULL);
}

static struct json *with_pattern(const char *pattern)
{
    return json_of("type", "string", "pattern", pattern, NULL);
}

/* {keyword: [a, b]}; takes both over. */
static struct json *either(const char *keyword, struct json *a, struct json *b)
{
    struct json *out = json_object();
    struct json *list = json_put(out, keyword, json_array());

    json_push(list, a);
    json_push(list, b);
    return out;
}

static struct json *words(const char *const *list)
{
    struct json *out = json_array();

    for (size_t i = 0; list[i]; i++)
        json_push(out, json_text_new(list[i]));
    return out;
}

/* Any scalar: an editor reads `30` and `no` as YAML does, the checker as text. */
static struct json *scalar_schema(void)
{
    static const char *const types[] = {"string", "number", "boolean", "null", NULL};
    struct json *out = json_object();

    json_put(out, "type", words(types));
    return out;
}

static struct json *text_schema(const struct schema_field *field)
{
    struct json *choices;

    if (field->pattern) {
        CLEANUP(mem_freep) char *pattern = mem_printf("^$|%s|" REFERENCE_PATTERN, field->pattern);
        return with_pattern(pattern);
    }
    if (!field->choices)
        return scalar_schema();
    choices = json_object();
    json_put(choices, "enum", words(field->choices));
    return either("anyOf", choices, with_pattern(REFERENCE_PATTERN));
}

static struct json *integer_schema(const struct schema_field *field)
{
    struct json *number = typed("integer");

    if (field->max > field->min) {
        json_put_int(number, "minimum", field->min);
        json_put_int(number, "maximum", field->max);
    }
    return either("anyOf", number, with_pattern("^-?[0-9]+$|" REFERENCE_PATTERN));
}

static struct json *boolean_schema(const struct schema_field *field)
{
    (void)field;
    return either("anyOf", typed("boolean"), with_pattern(REFERENCE_PATTERN));
}

static struct json *list_schema(const struct schema_field *field)
{
    struct json *out = typed("array");

    json_put(out, "items", field_schema(field->element));
    return out;
}

static struct json *map_schema(const struct schema_field *field)
{
    struct json *out = typed("object");

    json_put(out, "additionalProperties", field_schema(field->element));
    return out;
}

static struct json *required_key(const char *name)
{
    struct json *out = json_object();

    json_push(json_put(out, "required", json_array()), json_text_new(name));
    return out;
}

static struct json *fields_schema(const struct schema_field *fields)
{
    struct json *out = typed("object");
    struct json *properties = json_put(out, "properties", json_object());
    struct json *required = json_put(out, "required", json_array());
    struct json *group = json_array(), *dependent = json_object();

    for (const struct schema_field *f = fields; f && f->name; f++) {
        json_put(properties, f->name, field_schema(f));
        if (f->required)
            json_push(required, json_text_new(f->name));
        if (f->any_of_group)
            json_push(group, required_key(f->name));
        if (f->beside)
            json_push(json_put(dependent, f->name, json_array()), json_text_new(f->beside));
    }
    json_put_bool(out, "additionalProperties", false);
    if (json_count(group) > 0)
        json_put(out, "oneOf", group);
    else
        json_free(group);
    if (json_count(dependent) > 0)
        json_put(out, "dependentRequired", dependent);
    else
        json_free(dependent);
    return out;
}

static struct json *object_schema(const struct schema_field *field)
{
    return fields_schema(field->fields);
}

static struct json *step_schema(const struct schema_field *field)
{
    (void)field;
    return with_pattern("^\\$\\{steps\\.[A-Za-z][A-Za-z0-9_-]{0,63}\\}$");
}

static struct json *data_schema(const struct schema_field *field)
{
    (void)field;
    return json_object();
}

typedef struct json *(*schema_writer)(const struct schema_field *field);

static const schema_writer writers[] = {
    [FIELD_TEXT] = text_schema, [FIELD_INTEGER] = integer_schema, [FIELD_BOOLEAN] = boolean_schema,
    [FIELD_LIST] = list_schema, [FIELD_MAP] = map_schema,         [FIELD_OBJECT] = object_schema,
    [FIELD_STEP] = step_schema, [FIELD_DATA] = data_schema,
};

static void put_default(struct json *out, const struct schema_field *field)
{
    int64_t number;

    if (!field->otherwise)
        return;
    if (field->type == FIELD_INTEGER && check_integer(str_of(field->otherwise), &number))
        json_put_int(out, "default", number);
    else if (field->type == FIELD_BOOLEAN)
        json_put_bool(out, "default", strcmp(field->otherwise, "true") == 0);
    else
        json_put_text(out, "default", field->otherwise);
}

/* Recursion is bounded: the tables are. */
static struct json *field_schema(const struct schema_field *field)
{
    struct json *out = writers[field->type](field);

    if (field->help)
        json_put_text(out, "description", field->help);
    put_default(out, field);
    return out;
}

static bool needs_arguments(const struct kind_schema *kind)
{
    for (const struct schema_field *f = kind->with; f && f->name; f++)
        if (f->required || f->any_of_group)
            return true;
    return false;
}

/* {if: uses is this kind, then: its with, and no expect where it takes none}. */
static struct json *kind_rule(const struct kind_schema *kind)
{
    CLEANUP(mem_freep) char *reference = mem_printf("#/$defs/%s", kind->name);
    struct json *out = json_object(), *condition, *then, *properties;

    condition = json_put(out, "if", required_key("uses"));
    json_put(json_put(condition, "properties", json_object()), "uses", json_of("const", kind->name, NULL));
    then = json_put(out, "then", needs_arguments(kind) ? required_key("with") : json_object());
    properties = json_put(then, "properties", json_object());
    json_put(properties, "with", json_of("$ref", reference, NULL));
    if (!kind->can_expect)
        json_put_bool(properties, "expect", false);
    return out;
}

static struct json *described(struct json *schema, const char *text)
{
    json_put_text(schema, "description", text);
    return schema;
}

static struct json *between(int64_t least, int64_t most)
{
    struct json *out = typed("integer");

    json_put_int(out, "minimum", least);
    json_put_int(out, "maximum", most);
    return out;
}

static struct json *expect_schema(void)
{
    struct json *out = required_key("error");

    json_put_text(out, "type", "object");
    json_put(json_put(out, "properties", json_object()), "error",
             described(scalar_schema(), "AWS error code or SQLSTATE"));
    json_put_bool(out, "additionalProperties", false);
    return out;
}

static struct json *step_properties(const struct kind_schema *const *kinds)
{
    struct json *out = json_object(), *uses = json_put(out, "uses", json_object());
    struct json *names = json_put(uses, "enum", json_array()), *needs;

    for (size_t i = 0; kinds[i]; i++)
        json_push(names, json_text_new(kinds[i]->name));
    described(uses, "the kind of the step");
    json_put(out, "undo", described(with_pattern(ID_PATTERN), "the step that this one undoes"));
    json_put(out, "with", described(typed("object"), "arguments of the kind"));
    needs = json_put(out, "needs", described(typed("array"), "steps that have to be done before"));
    json_put(needs, "items", with_pattern(ID_PATTERN));
    json_put_bool(needs, "uniqueItems", true);
    json_put(out, "expect", described(expect_schema(), "the failure that is the success of this test"));
    json_put(out, "task", described(between(1, CHECK_MOST_TASKS), "number of the task in the workshop"));
    json_put(out, "title", described(scalar_schema(), "one line for people"));
    json_put(out, "timeout", described(between(1, CHECK_LONGEST_TIMEOUT_S), "seconds one wait may take"));
    return out;
}

static struct json *steps_schema(const struct kind_schema *const *kinds)
{
    struct json *out = typed("object"), *rules, *ways, *undo, *refused;

    json_put(out, "properties", step_properties(kinds));
    json_put_bool(out, "additionalProperties", false);
    /* An undo step has the arguments of what it undoes. */
    undo = required_key("undo");
    refused = json_put(undo, "properties", json_object());
    json_put_bool(refused, "with", false);
    json_put_bool(refused, "expect", false);
    ways = json_put(out, "oneOf", json_array());
    json_push(ways, required_key("uses"));
    json_push(ways, undo);
    rules = json_put(out, "allOf", json_array());
    for (size_t i = 0; kinds[i]; i++)
        json_push(rules, kind_rule(kinds[i]));
    return out;
}

static struct json *var_schema(void)
{
    struct json *out = typed("object"), *properties = json_put(out, "properties", json_object());

    json_put(properties, "default", described(scalar_schema(), "value unless --var gives another"));
    json_put(properties, "help", described(scalar_schema(), "one line for people"));
    json_put_bool(out, "additionalProperties", false);
    return out;
}

/* A mapping whose keys are ids. */
static struct json *by_id(struct json *values, const char *text)
{
    struct json *out = described(typed("object"), text);

    json_put(out, "propertyNames", json_of("pattern", ID_PATTERN, NULL));
    json_put(out, "additionalProperties", values);
    return out;
}

static struct json *accounts_schema(void)
{
    struct json *out = described(typed("array"), "ids of the real accounts it may be played in");
    struct json *items = json_put(out, "items", json_of("pattern", "^[0-9]{12}$", NULL));
    struct json *types = json_put(items, "type", json_array());

    /* An id without quotes is a number to an editor. */
    json_push(types, json_text_new("string"));
    json_push(types, json_text_new("integer"));
    json_put_int(out, "minItems", 1);
    return out;
}

void plan_json_schema(const struct kind_schema *const *kinds, struct buf *out)
{
    CLEANUP(json_freep)
    struct json *schema = json_of("$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                                  "A plan of lab", "type", "object", NULL);
    struct json *required = json_put(schema, "required", json_array());
    struct json *properties = json_put(schema, "properties", json_object());
    struct json *definitions, *steps;

    json_push(required, json_text_new("lab"));
    json_push(required, json_text_new("steps"));
    json_put(properties, "lab", described(with_pattern(ID_PATTERN), "name of the lab"));
    json_put(properties, "title", described(scalar_schema(), "one line for people"));
    json_put(properties, "allowed_accounts", accounts_schema());
    json_put(properties, "vars", by_id(var_schema(), "what ${name} stands for"));
    steps = by_id(json_of("$ref", "#/$defs/step", NULL), "steps by id");
    json_put_int(steps, "minProperties", 1);
    json_put_int(steps, "maxProperties", CHECK_MOST_STEPS);
    json_put(properties, "steps", steps);
    json_put_bool(schema, "additionalProperties", false);
    definitions = json_put(schema, "$defs", json_object());
    json_put(definitions, "step", steps_schema(kinds));
    for (size_t i = 0; kinds[i]; i++)
        json_put(definitions, kinds[i]->name, described(fields_schema(kinds[i]->with), kinds[i]->summary));
    json_write_pretty(schema, out);
    buf_addc(out, '\n');
}
