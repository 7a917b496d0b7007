/* Reading templates: form, parameters, intrinsic functions in their long form. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/common/yaml.h"

#include <stdio.h>

#define TEMPLATE_MAX_BYTES 51200
#define CODE "ValidationError"

static const char *const sections[] = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
};

static const char *const transforms_known[] = {"AWS::SecretsManager-2020-07-23",
                                               "AWS::SecretsManager-2024-09-16"};

/* --- form --- */

/* YAML's short forms: a tag, and the function it is short for (AWS
 * CloudFormation User Guide, "Intrinsic function reference"). */
static const struct short_form {
    const char *tag, *function;
} short_forms[] = {
    {"Ref", "Ref"},
    {"Condition", "Condition"},
    {"And", "Fn::And"},
    {"Base64", "Fn::Base64"},
    {"Cidr", "Fn::Cidr"},
    {"Equals", "Fn::Equals"},
    {"FindInMap", "Fn::FindInMap"},
    {"GetAtt", "Fn::GetAtt"},
    {"GetAZs", "Fn::GetAZs"},
    {"If", "Fn::If"},
    {"ImportValue", "Fn::ImportValue"},
    {"Join", "Fn::Join"},
    {"Not", "Fn::Not"},
    {"Or", "Fn::Or"},
    {"Select", "Fn::Select"},
    {"Split", "Fn::Split"},
    {"Sub", "Fn::Sub"},
    {"Transform", "Fn::Transform"},
};

static const char *short_form_of(struct str tag)
{
    for (size_t i = 0; i < ARRAY_LEN(short_forms); i++) {
        if (str_is(tag, short_forms[i].tag))
            return short_forms[i].function;
    }
    return NULL;
}

static bool check_tags(const struct yaml_document *yaml, struct error *err)
{
    for (size_t i = 0; i < yaml->node_count; i++) {
        const struct yaml_node *node = yaml->nodes[i];

        if (node->tag.len > 0 && !short_form_of(node->tag))
            return refuse(err, CODE, "Template format error: YAML not well-formed. (line %d, column %d)",
                          node->line, node->column);
    }
    return true;
}

static struct json *long_form(struct str tag, struct json *value)
{
    struct json *out = json_object();

    json_put(out, short_form_of(tag), value);
    return out;
}

static bool parse(struct str text, struct json **out, struct error *err)
{
    CLEANUP(yaml_release) struct yaml_document yaml = {0};
    struct yaml_problem problem;
    struct error syntax;

    if (str_starts(str_trim(text), STR("{"))) {
        if (json_parse(text, NULL, out, &syntax))
            return true;
        return refuse(err, CODE, "Template format error: JSON not well-formed. (%s)", syntax.message);
    }
    if (!yaml_parse_tagged(text, &yaml, &problem))
        return refuse(err, CODE, "Template format error: YAML not well-formed. (line %d, column %d)",
                      problem.line, problem.column);
    if (!check_tags(&yaml, err))
        return false;
    *out = yaml_to_json_tagged(yaml.root, long_form);
    return true;
}

static bool in_list(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, list[i]) == 0)
            return true;
    }
    return false;
}

static void add_name(struct buf *list, const char *name)
{
    if (list->len > 0)
        buf_adds(list, ", ");
    buf_adds(list, name);
}

static bool check_sections(const struct json *document, struct error *err)
{
    CLEANUP(buf_release) struct buf unknown = {0};
    const struct json *e;

    for (e = json_first(document); e; e = json_next(e)) {
        if (!in_list(json_key(e), sections, ARRAY_LEN(sections)))
            add_name(&unknown, json_key(e));
    }
    if (unknown.len > 0)
        return refuse(err, CODE, "Invalid template property or properties [%s]", buf_text(&unknown));
    if (json_count(json_get(document, "Resources")) == 0 || !json_is_object(json_get(document, "Resources")))
        return error_aws(err, CODE, "Template format error: At least one Resources member must be defined.");
    return true;
}

static bool check_types(const struct json *document, struct error *err)
{
    CLEANUP(buf_release) struct buf unknown = {0};
    const struct json *e;

    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e)) {
        const struct json *type = json_get(e, "Type");

        if (!json_is_string(type))
            return refuse(err, CODE,
                          "Template format error: [/Resources/%s] Every Resources object must contain a "
                          "Type member.",
                          json_key(e));
        if (strcmp(json_text(type), SCHEDULE_TYPE) != 0 && !str_contains(buf_str(&unknown), json_str(type)))
            add_name(&unknown, json_text(type));
    }
    return unknown.len == 0 ||
           refuse(err, CODE, "Template format error: Unrecognized resource types: [%s]", buf_text(&unknown));
}

struct json *template_transforms(const struct json *document)
{
    const struct json *transform = json_get(document, "Transform");
    struct json *list;

    if (json_is_array(transform))
        return json_copy(transform);
    list = json_array();
    if (transform)
        json_push(list, json_copy(transform));
    return list;
}

static bool check_transforms(const struct json *document, struct error *err)
{
    CLEANUP(json_freep) struct json *list = template_transforms(document);
    const struct json *e;

    for (e = json_first(list); e; e = json_next(e)) {
        if (!json_is_string(e))
            return error_aws(err, CODE, "Template format error: unsupported structure.");
        if (!in_list(json_text(e), transforms_known, ARRAY_LEN(transforms_known)))
            return refuse(err, CODE, "No transform named %s found.", json_text(e));
    }
    return true;
}

bool template_read(struct str text, struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *document = NULL;

    if (text.len > TEMPLATE_MAX_BYTES)
        return error_aws(err, CODE,
                         "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                         "Member must have length less than or equal to 51200");
    if (!parse(text, &document, err))
        return false;
    if (!json_is_object(document))
        return error_aws(err, CODE, "Template format error: unsupported structure.");
    if (!check_sections(document, err) || !check_transforms(document, err) || !check_types(document, err))
        return false;
    *out = document;
    document = NULL;
    return true;
}

bool template_is_hosted(const struct json *resource)
{
    return json_path(resource, "Properties.HostedRotationLambda") != NULL;
}

struct json *template_capabilities(const struct json *document)
{
    CLEANUP(json_freep) struct json *transforms = template_transforms(document);
    struct json *list = json_array();
    bool hosted = false;
    const struct json *e;

    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e))
        hosted |= template_is_hosted(e);
    if (json_count(transforms) > 0)
        json_push(list, json_text_new("CAPABILITY_AUTO_EXPAND"));
    if (json_count(transforms) > 0 && hosted)
        json_push(list, json_text_new("CAPABILITY_IAM"));
    return list;
}

/* --- parameters --- */

static const struct json *given_value(const struct json *given, const char *name)
{
    const struct json *e;

    for (e = json_first(given); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "ParameterKey"), name) == 0)
            return json_get(e, "ParameterValue");
    }
    return NULL;
}

/* A number or a boolean of YAML or JSON as the text it was. */
static void put_as_text(struct json *values, const char *name, const struct json *value)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (json_is_string(value)) {
        json_put(values, name, json_copy(value));
        return;
    }
    json_write(value, &text);
    json_put_str(values, name, buf_str(&text));
}

static bool allowed_value(const struct json *definition, const struct json *value)
{
    const struct json *allowed = json_get(definition, "AllowedValues"), *e;
    CLEANUP(json_freep) struct json *as_text = json_object();

    for (e = json_first(allowed); e; e = json_next(e)) {
        put_as_text(as_text, "v", e);
        if (json_equal(json_get(as_text, "v"), value))
            return true;
    }
    return allowed == NULL;
}

bool template_parameters(const struct json *document, const struct json *given, struct json *values,
                         struct error *err)
{
    const struct json *defined = json_get(document, "Parameters"), *e;
    CLEANUP(buf_release) struct buf missing = {0}, unknown = {0};

    for (e = json_first(given); e; e = json_next(e)) {
        if (!json_get(defined, json_get_text(e, "ParameterKey")))
            add_name(&unknown, json_get_text(e, "ParameterKey"));
    }
    if (unknown.len > 0)
        return refuse(err, CODE, "Parameters: [%s] do not exist in the template", buf_text(&unknown));
    for (e = json_first(defined); e; e = json_next(e)) {
        const struct json *value = given_value(given, json_key(e));

        value = value ? value : json_get(e, "Default");
        if (!value) {
            add_name(&missing, json_key(e));
            continue;
        }
        put_as_text(values, json_key(e), value);
        if (!allowed_value(e, json_get(values, json_key(e))))
            return refuse(err, CODE, "Parameter '%s' must be one of AllowedValues", json_key(e));
    }
    return missing.len == 0 || refuse(err, CODE, "Parameters: [%s] must have values", buf_text(&missing));
}

/* --- intrinsic functions --- */

static bool unresolved(const char *name, struct error *err)
{
    return refuse(
        err, CODE,
        "Template format error: Unresolved resource dependencies [%s] in the Resources block of the "
        "template",
        name);
}

/* What a name stands for: a parameter, or a resource that exists. */
static const struct json *look_up(const struct template_scope *scope, const struct json *local,
                                  const char *name)
{
    const struct json *value = json_get(local, name);

    value = value ? value : json_get(scope->parameters, name);
    return value ? value : json_get(scope->resources, name);
}

static bool resolve_sub_text(struct str text, const struct template_scope *scope, const struct json *local,
                             struct json **out, struct error *err)
{
    CLEANUP(buf_release) struct buf built = {0};
    size_t at = 0;

    while (at < text.len) {
        struct str rest = str_slice(text, at, text.len);

        if (!str_starts(rest, STR("${"))) {
            buf_addc(&built, text.data[at++]);
            continue;
        }
        size_t end = str_find_char(rest, '}');
        if (end == rest.len)
            return error_aws(
                err, CODE,
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric "
                "characters, underscores, periods, and colons");
        at += end + 1;
        if (str_starts(rest, STR("${!"))) { /* a literal */
            buf_adds(&built, "${");
            buf_add(&built, str_slice(rest, 3, end - 2));
            continue;
        }
        CLEANUP(mem_freep) char *name = mem_copy(str_trim(str_slice(rest, 2, end - 2)));
        const struct json *value = look_up(scope, local, name);
        if (!value)
            return unresolved(name, err);
        buf_add(&built, json_str(value));
    }
    *out = json_string(buf_str(&built));
    return true;
}

static bool resolve_sub(const struct json *arg, const struct template_scope *scope, struct json **out,
                        struct error *err)
{
    CLEANUP(json_freep) struct json *local = NULL;

    if (json_is_string(arg))
        return resolve_sub_text(json_str(arg), scope, NULL, out, err);
    if (!json_is_array(arg) || json_count(arg) != 2 || !json_is_object(json_at(arg, 1)))
        return error_aws(err, CODE,
                         "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
                         "arguments. Specify a string as first argument, and an optional second argument to "
                         "specify a mapping of values to replace in the string");
    if (!template_resolve(json_at(arg, 1), scope, &local, err))
        return false;
    return resolve_sub_text(json_str(json_at(arg, 0)), scope, local, out, err);
}

static bool resolve_join(const struct json *arg, const struct template_scope *scope, struct json **out,
                         struct error *err)
{
    CLEANUP(json_freep) struct json *parts = NULL;
    CLEANUP(buf_release) struct buf built = {0};
    const struct json *e;

    if (!json_is_array(arg) || json_count(arg) != 2)
        return error_aws(
            err, CODE,
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter "
            "and (2) a list of strings to be joined");
    if (!template_resolve(json_at(arg, 1), scope, &parts, err))
        return false;
    for (e = json_first(parts); e; e = json_next(e)) {
        if (e != json_first(parts))
            buf_add(&built, json_str(json_at(arg, 0)));
        buf_add(&built, json_str(e));
    }
    *out = json_string(buf_str(&built));
    return true;
}

static bool resolve_ref(const struct json *arg, const struct template_scope *scope, struct json **out,
                        struct error *err)
{
    const struct json *value = look_up(scope, NULL, json_text(arg));

    if (!value)
        return unresolved(json_text(arg), err);
    *out = json_copy(value);
    return true;
}

/* A rotation schedule has no attribute but its id. */
static bool resolve_get_att(const struct json *arg, const struct template_scope *scope, struct json **out,
                            struct error *err)
{
    struct str whole = json_str(json_is_array(arg) ? json_at(arg, 0) : arg);
    struct str name = str_slice(whole, 0, str_find_char(whole, '.'));
    const char *attribute = json_is_array(arg) ? json_text(json_at(arg, 1)) : "";
    CLEANUP(mem_freep) char *logical = mem_copy(name);

    if (!json_is_array(arg) && name.len < whole.len)
        attribute = whole.data + name.len + 1;
    if (!json_get(scope->resources, logical))
        return refuse(err, CODE, "Template error: instance of Fn::GetAtt references undefined resource %s",
                      logical);
    if (strcmp(attribute, "Id") != 0)
        return refuse(err, CODE,
                      "Template error: resource %s does not support attribute type %s in Fn::GetAtt", logical,
                      attribute);
    *out = json_copy(json_get(scope->resources, logical));
    return true;
}

static const struct {
    const char *name;
    bool (*resolve)(const struct json *arg, const struct template_scope *scope, struct json **out,
                    struct error *err);
} functions[] = {
    {"Ref", resolve_ref},
    {"Fn::Sub", resolve_sub},
    {"Fn::Join", resolve_join},
    {"Fn::GetAtt", resolve_get_att},
};

static bool resolve_members(const struct json *value, const struct template_scope *scope, struct json **out,
                            struct error *err)
{
    bool array = json_is_array(value);
    CLEANUP(json_freep) struct json *built = array ? json_array() : json_object();
    const struct json *e;

    for (e = json_first(value); e; e = json_next(e)) {
        struct json *one = NULL;

        if (!template_resolve(e, scope, &one, err))
            return false;
        if (json_is_null(one)) /* AWS::NoValue takes the member away */
            json_free(one);
        else if (array)
            json_push(built, one);
        else
            json_put(built, json_key(e), one);
    }
    *out = built;
    built = NULL;
    return true;
}

bool template_resolve(const struct json *value, const struct template_scope *scope, struct json **out,
                      struct error *err)
{
    const struct json *only = json_is_object(value) && json_count(value) == 1 ? json_first(value) : NULL;

    for (size_t i = 0; only && i < ARRAY_LEN(functions); i++) {
        if (strcmp(json_key(only), functions[i].name) == 0)
            return functions[i].resolve(only, scope, out, err);
    }
    if (only && str_starts(str_of(json_key(only)), STR("Fn::")))
        return refuse(err, CODE, "Template format error: Unrecognized function %s", json_key(only));
    if (json_is_object(value) || json_is_array(value))
        return resolve_members(value, scope, out, err);
    *out = json_copy(value);
    return true;
}
