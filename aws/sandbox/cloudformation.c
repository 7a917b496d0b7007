/* CloudFormation: its table of operations, and those that change stacks. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#define CODE "ValidationError"

/* --- the template of a call --- */

static bool call_template(struct call *c, struct json **document, struct error *err)
{
    const struct json *body = json_get(c->in, "TemplateBody"), *url = json_get(c->in, "TemplateURL");

    if (url && !body)
        return error_aws(err, CODE, "TemplateURL must reference a valid S3 object to which you have access.");
    if (!body || url)
        return error_aws(err, CODE, "Either Template URL or Template Body must be specified.");
    return template_read(json_str(body), document, err);
}

static bool has_text(const struct json *list, const char *text)
{
    const struct json *e;

    for (e = json_first(list); e; e = json_next(e)) {
        if (strcmp(json_text(e), text) == 0)
            return true;
    }
    return false;
}

static bool check_capabilities(struct call *c, const struct json *document, struct error *err)
{
    CLEANUP(json_freep) struct json *needed = template_capabilities(document);
    const struct json *given = json_get(c->in, "Capabilities"), *e;

    for (e = json_first(needed); e; e = json_next(e)) {
        bool iam = strcmp(json_text(e), "CAPABILITY_IAM") == 0;

        if (!has_text(given, json_text(e)) && !(iam && has_text(given, "CAPABILITY_NAMED_IAM")))
            return refuse(err, "InsufficientCapabilitiesException", "Requires capabilities : [%s]",
                          json_text(e));
    }
    return true;
}

/* --- what a template comes to --- */

/* Parameters by name and the pseudo parameters. */
static bool call_values(struct call *c, const struct json *document, const char *stack_id,
                        struct json *values, struct error *err)
{
    json_put_text(values, "AWS::AccountId", sandbox_account(c->sandbox));
    json_put_text(values, "AWS::Region", sandbox_region(c->sandbox));
    json_put_text(values, "AWS::Partition", sandbox_partition(c->sandbox));
    json_put_text(values, "AWS::URLSuffix", "amazonaws.com");
    json_put_text(values, "AWS::StackName", json_get_text(c->in, "StackName"));
    json_put_text(values, "AWS::StackId", stack_id);
    json_put(values, "AWS::NoValue", json_null());
    return template_parameters(document, json_get(c->in, "Parameters"), values, err);
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

/* All that can be refused before a stack is made. */
static bool check_template(struct call *c, const struct json *document, struct error *err)
{
    CLEANUP(json_freep) struct json *values = json_object(), *schedules = json_array();

    return call_values(c, document, "", values, err) && check_capabilities(c, document, err) &&
           build_schedules(document, values, schedules, err) && check_outputs(document, values, err);
}

/* --- CreateStack --- */

/* One digest for "the same request": a repeated token has to repeat it. */
static void request_digest(const struct json *in, char out[SHA256_HEX])
{
    CLEANUP(buf_release) struct buf text = {0};

    json_write_sorted(in, &text);
    sha256_hex(buf_str(&text), out);
}

/* The name is taken: by an earlier try of this call, or by another stack. */
static bool create_again(struct call *c, const struct json *stack, struct error *err)
{
    const struct json *token = json_get(c->in, "ClientRequestToken");
    char digest[SHA256_HEX];

    if (!token || !json_equal(token, json_get(stack, "ClientRequestToken")))
        return refuse(err, "AlreadyExistsException", "Stack [%s] already exists",
                      json_get_text(stack, "StackName"));
    request_digest(c->in, digest);
    if (strcmp(digest, json_get_text(stack, "request")) != 0)
        return refuse(err, "TokenAlreadyExistsException",
                      "A stack operation with the specified ClientRequestToken %s already exists.",
                      json_text(token));
    c->out = json_of("StackId", json_get_text(stack, "StackId"), NULL);
    return true;
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

static void copy_member(struct json *to, const struct json *from, const char *name)
{
    if (json_get(from, name))
        json_put(to, name, json_copy(json_get(from, name)));
}

static void fill_stack(struct call *c, struct json *stack, const struct json *document)
{
    static const char *const copied[] = {"Capabilities",       "Tags",
                                         "NotificationARNs",   "RoleARN",
                                         "TimeoutInMinutes",   "DisableRollback",
                                         "ClientRequestToken", "EnableTerminationProtection"};
    bool stay = json_bool(json_get(c->in, "DisableRollback"), false);
    struct json *values = json_object(), *schedules = json_array();
    struct error cannot;
    char digest[SHA256_HEX];

    for (size_t i = 0; i < ARRAY_LEN(copied); i++)
        copy_member(stack, c->in, copied[i]);
    if (json_get(document, "Description"))
        json_put(stack, "Description", json_copy(json_get(document, "Description")));
    /* Both have passed check_template with another stack id. */
    if (!call_values(c, document, json_get_text(stack, "StackId"), values, &cannot) ||
        !build_schedules(document, values, schedules, &cannot))
        json_put_text(stack, "StackStatusReason", cannot.message);
    json_put(stack, "Parameters", shown_parameters(document, values));
    json_put(stack, "schedules", schedules);
    json_put(stack, "values", values);
    json_put(stack, "template", json_copy(json_get(c->in, "TemplateBody")));
    json_put_text(stack, "caller", c->principal.access_key_id);
    json_put_text(stack, "on_failure", stay ? "DO_NOTHING" : json_get_text(c->in, "OnFailure"));
    request_digest(c->in, digest);
    json_put_text(stack, "request", digest);
}

static bool check_name(struct str name, struct error *err)
{
    bool ok = name.len > 0 && name.len <= 128;

    for (size_t i = 0; ok && i < name.len; i++) {
        char ch = name.data[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

        ok = letter || (i > 0 && ((ch >= '0' && ch <= '9') || ch == '-'));
    }
    return ok ||
           refuse(err, CODE,
                  "1 validation error detected: Value '%.*s' at 'stackName' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                  STR_ARG(name));
}

static bool create_stack(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "StackName"));
    const struct json *existing = stack_find(c->sandbox, name);
    CLEANUP(json_freep) struct json *document = NULL;

    if (!check_name(name, err))
        return false;
    if (existing)
        return create_again(c, existing, err);
    if (json_get(c->in, "OnFailure") && json_get(c->in, "DisableRollback"))
        return error_aws(err, CODE, "Only one of OnFailure and DisableRollback may be specified.");
    if (!call_template(c, &document, err) || !check_template(c, document, err))
        return false;
    struct json *stack = stack_new(c->sandbox, json_get_text(c->in, "StackName"), NULL);
    fill_stack(c, stack, document);
    stack_create_start(c->sandbox, stack);
    c->out = json_of("StackId", json_get_text(stack, "StackId"), NULL);
    c->trail_response = json_of("stackId", json_get_text(stack, "StackId"), NULL);
    return true;
}

/* --- UpdateStack, DeleteStack --- */

/* Stacks here are made and removed; an update that changes nothing is told so. */
static bool update_stack(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "StackName"));
    const struct json *stack = stack_find(c->sandbox, name);
    bool previous = json_bool(json_get(c->in, "UsePreviousTemplate"), false);

    if (!stack)
        return refuse(err, CODE, "Stack [%.*s] does not exist", STR_ARG(name));
    if (!str_ends(json_str(json_get(stack, "StackStatus")), STR("CREATE_COMPLETE")))
        return refuse(err, CODE, "Stack:%s is in %s state and can not be updated.",
                      json_get_text(stack, "StackId"), json_get_text(stack, "StackStatus"));
    if (previous || json_equal(json_get(c->in, "TemplateBody"), json_get(stack, "template")))
        return error_aws(err, CODE, "No updates are to be performed.");
    return error_aws(err, CODE,
                     "Updating the resources of this stack is not supported; delete and create it.");
}

static bool check_delete(const struct json *stack, const struct json *retain, struct error *err)
{
    const char *name = json_get_text(stack, "StackName");

    if (json_bool(json_get(stack, "EnableTerminationProtection"), false))
        return refuse(err, CODE, "Stack [%s] cannot be deleted while TerminationProtection is enabled", name);
    if (json_get(stack, "ParentId"))
        return refuse(err, CODE, "Stack [%s] is a nested stack: delete its root stack", name);
    if (json_count(retain) > 0 && strcmp(json_get_text(stack, "StackStatus"), "DELETE_FAILED") != 0)
        return refuse(err, CODE,
                      "Stack [%s] is not in the DELETE_FAILED state: resources to retain can't be specified",
                      name);
    return true;
}

static bool delete_stack(struct call *c, struct error *err)
{
    const struct json *found = stack_find(c->sandbox, json_str(json_get(c->in, "StackName")));
    const struct json *retain = json_get(c->in, "RetainResources");
    const char *status = json_get_text(found, "StackStatus");

    /* What is not there, or on its way out, needs no deleting (facts 2.7). */
    if (!found || strcmp(status, "DELETE_COMPLETE") == 0 || strcmp(status, "DELETE_IN_PROGRESS") == 0)
        return true;
    if (!check_delete(found, retain, err))
        return false;
    struct json *stack = stack_edit(c->sandbox, json_get_text(found, "StackId"));
    copy_member(stack, c->in, "ClientRequestToken");
    json_put_text(stack, "caller", c->principal.access_key_id);
    stack_delete_start(c->sandbox, stack, retain);
    return true;
}

/* --- templates without a stack --- */

static void put_summary(struct json *out, const struct json *document)
{
    struct json *needed = template_capabilities(document), *parameters;
    const struct json *e;

    if (json_count(needed) > 0) {
        json_put(out, "Capabilities", needed);
        json_put_text(out, "CapabilitiesReason",
                      "The following resource(s) require capabilities: [AWS::CloudFormation::Stack]");
    } else {
        json_free(needed);
    }
    if (json_get(document, "Transform"))
        json_put(out, "DeclaredTransforms", template_transforms(document));
    if (json_get(document, "Description"))
        json_put(out, "Description", json_copy(json_get(document, "Description")));
    parameters = json_put(out, "Parameters", json_array());
    for (e = json_first(json_get(document, "Parameters")); e; e = json_next(e)) {
        struct json *one = json_push(parameters, json_of("ParameterKey", json_key(e), NULL));
        const struct json *value = json_get(e, "Default");

        if (json_is_string(value))
            json_put(one, "DefaultValue", json_copy(value));
        json_put_bool(one, "NoEcho", json_bool(json_get(e, "NoEcho"), false));
        copy_member(one, e, "Description");
    }
}

static bool validate_template(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *document = NULL;

    if (!call_template(c, &document, err))
        return false;
    c->out = json_object();
    put_summary(c->out, document);
    return true;
}

static bool template_summary(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "StackName"));
    const struct json *stack = name.len > 0 ? stack_find(c->sandbox, name) : NULL, *e;
    CLEANUP(json_freep) struct json *document = NULL;

    if (name.len > 0 && !stack)
        return refuse(err, CODE, "Stack with id %.*s does not exist", STR_ARG(name));
    if (stack ? !template_read(json_str(json_get(stack, "template")), &document, err)
              : !call_template(c, &document, err))
        return false;
    c->out = json_object();
    put_summary(c->out, document);
    if (json_get(document, "AWSTemplateFormatVersion"))
        json_put(c->out, "Version", json_copy(json_get(document, "AWSTemplateFormatVersion")));
    struct json *types = json_put(c->out, "ResourceTypes", json_array());
    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e)) {
        if (!has_text(types, json_get_text(e, "Type")))
            json_push(types, json_copy(json_get(e, "Type")));
    }
    return true;
}

static const struct handler rows[] = {
    {"CreateStack", create_stack, NULL, NULL},
    {"DeleteStack", delete_stack, NULL, NULL},
    {"DescribeStackEvents", cloudformation_describe_events, NULL, NULL},
    {"DescribeStackResource", cloudformation_describe_resource, NULL, NULL},
    {"DescribeStackResources", cloudformation_describe_resources, NULL, NULL},
    {"DescribeStacks", cloudformation_describe_stacks, NULL, NULL},
    {"GetTemplate", cloudformation_get_template, NULL, NULL},
    {"GetTemplateSummary", template_summary, NULL, NULL},
    {"ListStackResources", cloudformation_list_resources, NULL, NULL},
    {"ListStacks", cloudformation_list_stacks, NULL, NULL},
    {"UpdateStack", update_stack, NULL, NULL},
    {"ValidateTemplate", validate_template, NULL, NULL},
};

const struct handler_table cloudformation_handlers = {"cloudformation", rows, ARRAY_LEN(rows)};
