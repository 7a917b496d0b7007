/* What a call asks for: its template with its parameters, checked, and what a
 * stack keeps of it. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#define CODE "ValidationError"

/* --- the template of a request --- */

bool request_template(const struct json *in, struct json **document, struct error *err)
{
    const struct json *body = json_get(in, "TemplateBody"), *url = json_get(in, "TemplateURL");

    if (url && !body)
        return error_aws(err, CODE, "TemplateURL must reference a valid S3 object to which you have access.");
    if (!body || url)
        return error_aws(err, CODE, "Either Template URL or Template Body must be specified.");
    return template_read(json_str(body), document, err);
}

bool request_has_text(const struct json *list, const char *text)
{
    const struct json *e;

    for (e = json_first(list); e; e = json_next(e)) {
        if (strcmp(json_text(e), text) == 0)
            return true;
    }
    return false;
}

static bool check_capabilities(const struct json *in, const struct json *document, struct error *err)
{
    CLEANUP(json_freep) struct json *needed = template_capabilities(document);
    const struct json *given = json_get(in, "Capabilities"), *e;

    for (e = json_first(needed); e; e = json_next(e)) {
        bool iam = strcmp(json_text(e), "CAPABILITY_IAM") == 0;

        if (!request_has_text(given, json_text(e)) &&
            !(iam && request_has_text(given, "CAPABILITY_NAMED_IAM")))
            return refuse(err, "InsufficientCapabilitiesException", "Requires capabilities : [%s]",
                          json_text(e));
    }
    return true;
}

/* --- what a template comes to --- */

/* Parameters by name and the pseudo parameters. */
static bool request_values(struct call *c, const struct json *in, const struct json *document,
                           const char *stack_id, struct json *values, struct error *err)
{
    json_put_text(values, "AWS::AccountId", sandbox_account(c->sandbox));
    json_put_text(values, "AWS::Region", sandbox_region(c->sandbox));
    json_put_text(values, "AWS::Partition", sandbox_partition(c->sandbox));
    json_put_text(values, "AWS::URLSuffix", "amazonaws.com");
    json_put_text(values, "AWS::StackName", json_get_text(in, "StackName"));
    json_put_text(values, "AWS::StackId", stack_id);
    json_put(values, "AWS::NoValue", json_null());
    return template_parameters(document, json_get(in, "Parameters"), values, err);
}

static bool check_hosted(const struct json *document, const struct json *properties, struct error *err)
{
    CLEANUP(json_freep) struct json *transforms = template_transforms(document);
    const char *transform = json_text(json_at(transforms, 0));
    const char *type = json_get_text(json_get(properties, "HostedRotationLambda"), "RotationType");

    if (json_get(properties, "RotationLambdaARN"))
        return refuse(
            err, CODE,
            "Transform %s failed with: Can only specify either HostedRotationLambda or RotationLambdaARN.",
            transform);
    if (strcmp(type, "MySQLSingleUser") != 0)
        return refuse(err, CODE, "Transform %s failed with: RotationType %s is not supported.", transform,
                      type);
    return true;
}

/* The template's schedules with everything resolved, as the stack keeps them. */
static bool build_schedules(const struct json *document, const struct json *values, struct json *list,
                            struct error *err)
{
    const struct template_scope scope = {values, NULL};
    bool transformed = json_get(document, "Transform") != NULL;
    const struct json *e;

    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e)) {
        const struct json *properties = json_get(e, "Properties");
        struct json *schedule = json_push(list, json_of("logical", json_key(e), NULL)), *resolved = NULL;

        if (properties && !template_resolve(properties, &scope, &resolved, err))
            return false;
        json_put(schedule, "properties", resolved ? resolved : json_object());
        if (!transformed || !template_is_hosted(e))
            continue;
        if (!check_hosted(document, json_get(schedule, "properties"), err))
            return false;
        CLEANUP(mem_freep) char *nested = mem_printf("%sHostedRotationLambda", json_key(e));
        json_put_text(schedule, "nested_logical", nested);
    }
    return true;
}

/* Outputs may name the resources, whatever they will come to. */
static bool check_outputs(const struct json *document, const struct json *values, struct error *err)
{
    CLEANUP(json_freep) struct json *resources = json_object();
    const struct template_scope scope = {values, resources};
    const struct json *e;

    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e))
        json_put_text(resources, json_key(e), "");
    for (e = json_first(json_get(document, "Outputs")); e; e = json_next(e)) {
        CLEANUP(json_freep) struct json *value = NULL;

        if (!json_get(e, "Value"))
            return refuse(err, CODE, "Template format error: Output %s is missing a Value", json_key(e));
        if (!template_resolve(json_get(e, "Value"), &scope, &value, err))
            return false;
    }
    return true;
}

bool request_check(struct call *c, const struct json *in, const char *stack_id, struct json **document,
                   struct json **schedules, struct error *err)
{
    CLEANUP(json_freep) struct json *values = json_object(), *list = json_array();

    if (!request_template(in, document, err) || !request_values(c, in, *document, stack_id, values, err) ||
        !check_capabilities(in, *document, err) || !build_schedules(*document, values, list, err) ||
        !check_outputs(*document, values, err))
        return false;
    if (schedules) {
        *schedules = list;
        list = NULL;
    }
    return true;
}

/* One digest for "the same request": a repeated token has to repeat it. */
void request_digest(const struct json *in, char out[SHA256_HEX])
{
    CLEANUP(buf_release) struct buf text = {0};

    json_write_sorted(in, &text);
    sha256_hex(buf_str(&text), out);
}

static struct json *shown_parameters(const struct json *document, const struct json *values)
{
    struct json *list = json_array();
    const struct json *e, *hide;

    for (e = json_first(json_get(document, "Parameters")); e; e = json_next(e)) {
        hide = json_get(e, "NoEcho");
        bool hidden = json_bool(hide, false) || strcmp(json_text(hide), "true") == 0;

        json_push(list, json_of("ParameterKey", json_key(e), "ParameterValue",
                                hidden ? "****" : json_get_text(values, json_key(e)), NULL));
    }
    return list;
}

void request_fill(struct call *c, const struct json *in, const struct json *document, struct json *stack)
{
    static const char *const copied[] = {"Capabilities",       "Tags",
                                         "NotificationARNs",   "RoleARN",
                                         "TimeoutInMinutes",   "DisableRollback",
                                         "ClientRequestToken", "EnableTerminationProtection"};
    struct json *values = json_object();
    struct error cannot;
    char digest[SHA256_HEX];

    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        if (json_get(in, copied[i]))
            json_put(stack, copied[i], json_copy(json_get(in, copied[i])));
    }
    json_remove(stack, "Description");
    if (json_get(document, "Description"))
        json_put(stack, "Description", json_copy(json_get(document, "Description")));
    /* Has passed request_check. */
    if (!request_values(c, in, document, json_get_text(stack, "StackId"), values, &cannot))
        json_put_text(stack, "StackStatusReason", cannot.message);
    json_put(stack, "Parameters", shown_parameters(document, values));
    json_put(stack, "values", values);
    json_put(stack, "template", json_copy(json_get(in, "TemplateBody")));
    json_put_text(stack, "caller", c->principal.access_key_id);
    request_digest(in, digest);
    json_put_text(stack, "request", digest);
}

/* The parameters with the values that the stack has where they are asked for. */
static bool previous_values(const struct json *stack, struct json *parameters, struct error *err)
{
    for (size_t i = 0; i < json_count(parameters); i++) {
        struct json *one = json_edit_at(parameters, i);
        const char *name = json_get_text(one, "ParameterKey");
        const struct json *value = json_get(json_get(stack, "values"), name);

        if (!json_bool(json_get(one, "UsePreviousValue"), false))
            continue;
        if (json_get(one, "ParameterValue"))
            return refuse(err, CODE,
                          "Invalid input for parameter key %s. Cannot specify usePreviousValue as "
                          "true and non empty value for a parameter",
                          name);
        if (!value)
            return refuse(err, CODE,
                          "Invalid input for parameter key %s. Cannot specify usePreviousValue as "
                          "true for a parameter key not in the previous template",
                          name);
        json_put(one, "ParameterValue", json_copy(value));
        json_remove(one, "UsePreviousValue");
    }
    return true;
}

bool request_whole(const struct json *in, const struct json *stack, struct json **whole, struct error *err)
{
    CLEANUP(json_freep) struct json *out = json_copy(in);
    bool previous = json_bool(json_get(in, "UsePreviousTemplate"), false);

    if (previous && (json_get(in, "TemplateBody") || json_get(in, "TemplateURL")))
        return error_aws(err, CODE,
                         "Either Template URL or Template Body or Use Previous Template must be "
                         "specified, not several of them.");
    if (previous && !json_get(stack, "template"))
        return error_aws(err, CODE, "UsePreviousTemplate needs a stack with a template.");
    if (previous)
        json_put(out, "TemplateBody", json_copy(json_get(stack, "template")));
    if (stack)
        json_put(out, "StackName", json_copy(json_get(stack, "StackName")));
    if (!previous_values(stack, json_edit(out, "Parameters"), err))
        return false;
    *whole = out;
    out = NULL;
    return true;
}
