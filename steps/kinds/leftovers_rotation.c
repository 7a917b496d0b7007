/* What a hosted rotation can leave: its stack makes most of it, and a stack
 * that was deleted halfway leaves any part of it. */
#include "steps/kinds/leftovers_search.h"
#include "steps/kinds/rotation_interface.h"

#include "aws/common/mem.h"
#include "steps/kinds/look.h"
#include "steps/kinds/tagged.h"

#include <string.h>

/* CloudFormation cuts the stack's name to this many characters in the names of
 * what it makes. */
#define STACK_IN_NAME 24

static bool is_live(const struct json *stack)
{
    return strcmp(json_get_text(stack, "StackStatus"), "DELETE_COMPLETE") != 0;
}

/* "arn:…:stack/NAME/…" is of NAME. */
static bool id_names(const char *stack_id, const char *name)
{
    CLEANUP(mem_freep) char *part = mem_printf(":stack/%s/", name);
    return strstr(stack_id, part) != NULL;
}

/* Nested in it, or made by it: known by the id of the parent, which stays
 * when the parent is gone. */
static bool is_nested(const struct json *stack, const char *parent)
{
    return id_names(json_get_text(stack, "ParentId"), parent) ||
           id_names(json_get_text(stack, "RootId"), parent);
}

static bool search_stacks(struct search *s, const char *name, struct error *err)
{
    if (!s->stacks &&
        !search_read(s, "cloudformation", "DescribeStacks", json_object(), NULL, &s->stacks, err))
        return false;
    size_t count = json_count(s->found);
    const struct json *list = json_get(s->stacks, "Stacks");
    for (const struct json *k = json_first(list); k; k = json_next(k)) {
        if (is_live(k) && strcmp(json_get_text(k, "StackName"), name) == 0)
            search_add(s, "stack", name, "left", json_get_text(k, "StackStatus"));
    }
    search_add_absent(s, count, "stack", name);
    count = json_count(s->found);
    for (const struct json *k = json_first(list); k; k = json_next(k)) {
        if (is_live(k) && is_nested(k, name))
            search_add(s, "nested stack", json_get_text(k, "StackName"), "left",
                       json_get_text(k, "StackStatus"));
    }
    search_add_absent(s, count, "nested stack", name);
    return true;
}

/* A function that another stack made keeps our name taken: that stack and its
 * parent are told too. */
static void tell_owner(struct search *s, const struct json *function, const char *stack)
{
    const char *owner = tag_value(json_get(function, "Tags"), "aws:cloudformation:stack-name");
    const struct json *list = json_get(s->stacks, "Stacks");

    for (const struct json *k = json_first(list); k && *owner; k = json_next(k)) {
        if (!is_live(k) || strcmp(json_get_text(k, "StackName"), owner) != 0 || is_nested(k, stack) ||
            strcmp(owner, stack) == 0)
            continue;
        search_add(s, "stack", owner, "left", "it made the function");
    }
}

static bool search_permissions(struct search *s, const char *function, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *policy = NULL;
    size_t count = json_count(s->found);

    if (!search_read(s, "lambda", "GetPolicy", json_of("FunctionName", function, NULL),
                     "ResourceNotFoundException", &out, err))
        return false;
    if (out && !json_parse(json_str(json_get(out, "Policy")), NULL, &policy, err))
        return error_wrap(err, "policy of function %s", function);
    const struct json *statements = json_get(policy, "Statement");
    for (const struct json *p = json_first(statements); p; p = json_next(p))
        search_add(s, "permission", json_get_text(p, "Sid"), "left", function);
    search_add_absent(s, count, "permission", function);
    return true;
}

/* Whether a role's name is one CloudFormation gives below this stack. */
static bool name_of_stack(const char *role, const char *stack)
{
    CLEANUP(mem_freep) char *prefix = mem_printf("%.*s-", STACK_IN_NAME, stack);
    CLEANUP(mem_freep) char *whole = mem_printf("%s-", stack);

    return strncmp(role, prefix, strlen(prefix)) == 0 || strncmp(role, whole, strlen(whole)) == 0;
}

static bool is_functions_role(const struct json *role, const char *stack, const char *configured)
{
    const char *trust = json_get_text(role, "AssumeRolePolicyDocument");

    return strcmp(json_get_text(role, "Arn"), configured) == 0 ||
           (name_of_stack(json_get_text(role, "RoleName"), stack) && strstr(trust, "lambda.amazonaws.com"));
}

/* Two stacks whose names begin alike give names that begin alike: a role that a
 * stack still holds belongs to that one. *other: it is not ours. */
static bool belongs_elsewhere(struct search *s, const char *role, const char *stack, bool *other,
                              struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    *other = false;
    /* ValidationError: no stack holds it. */
    if (!search_read(s, "cloudformation", "DescribeStackResources", json_of("PhysicalResourceId", role, NULL),
                     "ValidationError", &out, err))
        return false;
    const char *owner = json_text(json_path(out, "StackResources.0.StackName"));
    *other = *owner && strcmp(owner, stack) != 0;
    const struct json *list = json_get(s->stacks, "Stacks");
    for (const struct json *k = json_first(list); k; k = json_next(k)) {
        if (strcmp(json_get_text(k, "StackName"), owner) == 0 && is_nested(k, stack))
            *other = false;
    }
    return true;
}

/* configured: the role the function has, "" without a function. Lists are late:
 * GetRole has the last word. */
static bool search_roles(struct search *s, const char *stack, const char *configured, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    size_t count = json_count(s->found);

    if (!search_read(s, "iam", "ListRoles", json_object(), NULL, &out, err))
        return false;
    const struct json *roles = json_get(out, "Roles");
    for (const struct json *r = json_first(roles); r; r = json_next(r)) {
        const char *name = json_get_text(r, "RoleName");
        CLEANUP(json_freep) struct json *role = NULL;
        bool other;
        if (!is_functions_role(r, stack, configured))
            continue;
        if (!belongs_elsewhere(s, name, stack, &other, err))
            return false;
        if (other && strcmp(json_get_text(r, "Arn"), configured) != 0)
            continue;
        if (!search_read(s, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", &role, err))
            return false;
        if (role)
            search_add(s, "function's role", name, "left", NULL);
    }
    search_add_absent(s, count, "function's role", stack);
    return true;
}

static bool search_function(struct search *s, const char *name, const char *stack, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!search_read(s, "lambda", "GetFunction", json_of("FunctionName", name, NULL),
                     "ResourceNotFoundException", &out, err))
        return false;
    search_add(s, "function", name, out ? "left" : "absent", NULL);
    tell_owner(s, out, stack);
    return search_roles(s, stack, json_text(json_path(out, "Configuration.Role")), err) &&
           search_permissions(s, name, err);
}

static bool search_interfaces(struct search *s, const char *function, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    size_t count = json_count(s->found);

    if (!search_read(s, "ec2", "DescribeNetworkInterfaces", json_object(), NULL, &out, err))
        return false;
    const struct json *list = json_get(out, "NetworkInterfaces");
    for (const struct json *i = json_first(list); i; i = json_next(i)) {
        if (interface_of_function(i, function))
            search_add(s, "network interface", json_get_text(i, "NetworkInterfaceId"), "left",
                       json_get_text(i, "Status"));
    }
    search_add_absent(s, count, "network interface", function);
    return true;
}

static bool search_log_group(struct search *s, const char *function, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("/aws/lambda/%s", function);
    CLEANUP(json_freep) struct json *out = NULL;
    size_t count = json_count(s->found);

    if (!search_read(s, "logs", "DescribeLogGroups", json_of("logGroupNamePrefix", name, NULL), NULL, &out,
                     err))
        return false;
    const struct json *groups = json_get(out, "logGroups");
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        if (strcmp(json_get_text(g, "logGroupName"), name) == 0)
            search_add(s, "log group", name, "left", NULL);
    }
    search_add_absent(s, count, "log group", name);
    return true;
}

bool search_rotation(struct search *s, const struct json *with, struct error *err)
{
    const char *stack = json_get_text(with, "stack");
    const char *function = json_get_text(with, "function");

    return search_stacks(s, stack, err) && search_function(s, function, stack, err) &&
           search_interfaces(s, function, err) && search_log_group(s, function, err);
}
