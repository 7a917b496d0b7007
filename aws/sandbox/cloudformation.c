/* CloudFormation: its table of operations, and those that change stacks. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#define CODE "ValidationError"

/* --- CreateStack --- */

static bool token_taken(const struct json *token, struct error *err)
{
    return refuse(err, "TokenAlreadyExistsException",
                  "A stack operation with the specified ClientRequestToken %s already exists.",
                  json_text(token));
}

/* A token of another stack asks for something else: a name is a parameter. */
static bool check_token_unused(struct call *c, struct error *err)
{
    const struct json *token = json_get(c->in, "ClientRequestToken"), *stack;

    for (size_t i = 0; token && (stack = world_at(c->world, STACK_KIND, i, NULL)); i++) {
        if (!json_get(stack, "ParentId") && json_equal(token, json_get(stack, "ClientRequestToken")) &&
            strcmp(json_get_text(stack, "StackStatus"), "DELETE_COMPLETE") != 0)
            return token_taken(token, err);
    }
    return true;
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
        return token_taken(token, err);
    c->out = json_of("StackId", json_get_text(stack, "StackId"), NULL);
    return true;
}

void stack_fill_new(struct call *c, const struct json *in, const struct json *document, struct json *stack)
{
    bool stay = json_bool(json_get(in, "DisableRollback"), false);
    struct json *schedules = NULL, *again = NULL;
    struct error cannot;

    request_fill(c, in, document, stack);
    /* Passed with another stack id already. */
    if (!request_check(c, in, json_get_text(stack, "StackId"), &again, &schedules, &cannot))
        json_put_text(stack, "StackStatusReason", cannot.message);
    json_free(again);
    json_put(stack, "schedules", schedules ? schedules : json_array());
    json_put_text(stack, "on_failure", stay ? "DO_NOTHING" : json_get_text(in, "OnFailure"));
}

bool stack_check_name(struct str name, struct error *err)
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

    if (!stack_check_name(name, err))
        return false;
    if (existing)
        return create_again(c, existing, err);
    if (json_get(c->in, "OnFailure") && json_get(c->in, "DisableRollback"))
        return error_aws(err, CODE, "Only one of OnFailure and DisableRollback may be specified.");
    if (!check_token_unused(c, err) || !request_check(c, c->in, "", &document, NULL, err))
        return false;
    struct json *stack = stack_new(c->sandbox, json_get_text(c->in, "StackName"), NULL);
    stack_fill_new(c, c->in, document, stack);
    stack_create_start(c->sandbox, stack);
    c->out = json_of("StackId", json_get_text(stack, "StackId"), NULL);
    c->trail_response = json_of("stackId", json_get_text(stack, "StackId"), NULL);
    return true;
}

/* --- DeleteStack --- */

static bool check_delete(const struct json *stack, const struct json *in, struct error *err)
{
    const char *name = json_get_text(stack, "StackName");
    bool failed = strcmp(json_get_text(stack, "StackStatus"), "DELETE_FAILED") == 0;
    bool forced = strcmp(json_get_text(in, "DeletionMode"), "FORCE_DELETE_STACK") == 0;

    if (json_bool(json_get(stack, "EnableTerminationProtection"), false))
        return refuse(err, CODE, "Stack [%s] cannot be deleted while TerminationProtection is enabled", name);
    if (json_get(stack, "ParentId"))
        return refuse(err, CODE, "Stack [%s] is a nested stack: delete its root stack", name);
    if (json_count(json_get(in, "RetainResources")) > 0 && !failed)
        return refuse(err, CODE,
                      "Stack [%s] is not in the DELETE_FAILED state: resources to retain can't be specified",
                      name);
    if (forced && !failed)
        return refuse(err, CODE,
                      "Stack [%s] is not in the DELETE_FAILED state: FORCE_DELETE_STACK can't be specified",
                      name);
    return true;
}

/* A forced deletion keeps what could not be deleted. */
static struct json *kept_resources(const struct json *stack, const struct json *in)
{
    struct json *list;
    const struct json *e;

    if (strcmp(json_get_text(in, "DeletionMode"), "FORCE_DELETE_STACK") != 0)
        return json_get(in, "RetainResources") ? json_copy(json_get(in, "RetainResources")) : NULL;
    list = json_array();
    for (e = json_first(json_get(stack, "resources")); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "ResourceStatus"), "DELETE_FAILED") == 0)
            json_push(list, json_copy(json_get(e, "LogicalResourceId")));
    }
    return list;
}

static bool delete_stack(struct call *c, struct error *err)
{
    const struct json *found = stack_find(c->sandbox, json_str(json_get(c->in, "StackName")));
    const char *status = json_get_text(found, "StackStatus");

    /* What is not there, or on its way out, needs no deleting (facts 2.7). */
    if (!found || strcmp(status, "DELETE_COMPLETE") == 0 || strcmp(status, "DELETE_IN_PROGRESS") == 0)
        return true;
    if (!check_delete(found, c->in, err))
        return false;
    struct json *stack = stack_edit(c->sandbox, json_get_text(found, "StackId"));
    if (json_get(c->in, "ClientRequestToken"))
        json_put(stack, "ClientRequestToken", json_copy(json_get(c->in, "ClientRequestToken")));
    json_put_text(stack, "caller", c->principal.access_key_id);
    CLEANUP(json_freep) struct json *keep = kept_resources(found, c->in);
    stack_delete_start(c->sandbox, stack, keep);
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
        if (json_get(e, "Description"))
            json_put(one, "Description", json_copy(json_get(e, "Description")));
    }
}

static bool validate_template(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *document = NULL;

    if (!request_template(c->in, &document, err))
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
              : !request_template(c->in, &document, err))
        return false;
    c->out = json_object();
    put_summary(c->out, document);
    if (json_get(document, "AWSTemplateFormatVersion"))
        json_put(c->out, "Version", json_copy(json_get(document, "AWSTemplateFormatVersion")));
    struct json *types = json_put(c->out, "ResourceTypes", json_array());
    for (e = json_first(json_get(document, "Resources")); e; e = json_next(e)) {
        if (!request_has_text(types, json_get_text(e, "Type")))
            json_push(types, json_copy(json_get(e, "Type")));
    }
    return true;
}

static const struct handler rows[] = {
    {"CreateChangeSet", cloudformation_create_change_set, NULL, NULL},
    {"CreateStack", create_stack, NULL, NULL},
    {"DeleteChangeSet", cloudformation_delete_change_set, NULL, NULL},
    {"DeleteStack", delete_stack, NULL, NULL},
    {"DescribeChangeSet", cloudformation_describe_change_set, NULL, NULL},
    {"DescribeEvents", cloudformation_describe_operation_events, NULL, NULL},
    {"DescribeStackEvents", cloudformation_describe_events, NULL, NULL},
    {"DescribeStackResource", cloudformation_describe_resource, NULL, NULL},
    {"DescribeStackResources", cloudformation_describe_resources, NULL, NULL},
    {"DescribeStacks", cloudformation_describe_stacks, NULL, NULL},
    {"ExecuteChangeSet", cloudformation_execute_change_set, NULL, NULL},
    {"GetTemplate", cloudformation_get_template, NULL, NULL},
    {"GetTemplateSummary", template_summary, NULL, NULL},
    {"ListStackResources", cloudformation_list_resources, NULL, NULL},
    {"ListStacks", cloudformation_list_stacks, NULL, NULL},
    {"UpdateStack", cloudformation_update_stack, NULL, NULL},
    {"ValidateTemplate", validate_template, NULL, NULL},
};

const struct handler_table cloudformation_handlers = {"cloudformation", rows, ARRAY_LEN(rows)};
