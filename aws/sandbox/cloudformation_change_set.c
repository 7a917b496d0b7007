/* Change sets: an update, or a new stack, that is looked at before it is made. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/refuse.h"

#define CODE "ValidationError"
#define SET_KIND "cloudformation.change_set"
#define NO_CHANGES                                                                                           \
    "The submitted information didn't contain changes. Submit different information to create a change set."

/* --- finding --- */

static bool of_stack(const struct json *set, const struct json *stack)
{
    return json_equal(json_get(set, "StackId"), json_get(stack, "StackId"));
}

static const struct json *set_by_name(struct call *c, const struct json *stack, struct str name)
{
    const struct json *set;

    for (size_t i = 0; (set = world_at(c->world, SET_KIND, i, NULL)); i++) {
        if (of_stack(set, stack) && str_equal(name, json_str(json_get(set, "ChangeSetName"))))
            return set;
    }
    return NULL;
}

/* *set is NULL when there is none; false when the request cannot name one. */
static bool set_find(struct call *c, const struct json **set, struct error *err)
{
    struct str name = json_str(json_get(c->in, "ChangeSetName"));
    struct str stack_name = json_str(json_get(c->in, "StackName"));
    const struct json *stack;

    *set = NULL;
    if (str_starts(name, STR("arn:"))) {
        *set = world_get(c->world, SET_KIND, json_get_text(c->in, "ChangeSetName"));
        return true;
    }
    if (stack_name.len == 0)
        return error_aws(err, CODE,
                         "StackName must be specified if ChangeSetName is not specified as an ARN.");
    stack = stack_find(c->sandbox, stack_name);
    if (!stack)
        return refuse(err, CODE, "Stack [%.*s] does not exist", STR_ARG(stack_name));
    *set = set_by_name(c, stack, name);
    return true;
}

static bool set_get(struct call *c, const struct json **set, struct error *err)
{
    if (!set_find(c, set, err))
        return false;
    if (*set)
        return true;
    refuse(err, "ChangeSetNotFound", "ChangeSet [%s] does not exist", json_get_text(c->in, "ChangeSetName"));
    err->http_status = 404;
    return false;
}

/* --- CreateChangeSet --- */

static void push_change(struct json *list, const struct json *stack, const char *action, const char *logical,
                        const char *type)
{
    const struct json *resource = stack_resource_find(stack, logical);
    struct json *change = json_push(list, json_of("Type", "Resource", NULL));
    struct json *one =
        json_put(change, "ResourceChange",
                 json_of("Action", action, "LogicalResourceId", logical, "ResourceType", type, NULL));
    struct json *scope = json_put(one, "Scope", json_array()), *details;

    if (resource && strcmp(action, "Add") != 0)
        json_put(one, "PhysicalResourceId", json_copy(json_get(resource, "PhysicalResourceId")));
    details = json_put(one, "Details", json_array());
    if (strcmp(action, "Modify") != 0)
        return;
    json_put_text(one, "Replacement", "False");
    json_push(scope, json_text_new("Properties"));
    change = json_push(details, json_of("Evaluation", "Static", "ChangeSource", "DirectModification", NULL));
    json_put(change, "Target", json_of("Attribute", "Properties", "RequiresRecreation", "Never", NULL));
}

static struct json *shown_changes(const struct json *stack, const struct json *changes)
{
    static const struct {
        const char *change, *action;
    } words[] = {{"create", "Add"}, {"update", "Modify"}, {"delete", "Remove"}};
    struct json *list = json_array();

    for (const struct json *e = json_first(changes); e; e = json_next(e)) {
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            if (strcmp(json_get_text(e, "change"), words[i].change) != 0)
                continue;
            push_change(list, stack, words[i].action, json_get_text(e, "logical"), SCHEDULE_TYPE);
            if (json_get(e, "nested_logical") && strcmp(words[i].change, "update") != 0)
                push_change(list, stack, words[i].action, json_get_text(e, "nested_logical"), STACK_TYPE);
        }
    }
    return list;
}

static void set_state(struct json *set, bool any)
{
    json_put_text(set, "Status", any ? "CREATE_COMPLETE" : "FAILED");
    json_put_text(set, "ExecutionStatus", any ? "AVAILABLE" : "UNAVAILABLE");
    if (!any)
        json_put_text(set, "StatusReason", NO_CHANGES);
}

static void set_new(struct call *c, const struct json *stack, const struct json *whole,
                    const struct json *document, const struct json *changes, bool any)
{
    static const char *const shown[] = {"Parameters", "Tags", "Capabilities", "NotificationARNs"};
    const char *name = json_get_text(c->in, "ChangeSetName");
    CLEANUP(json_freep) struct json *filled = json_object();
    struct json *set = json_of("ChangeSetName", name, "StackId", json_get_text(stack, "StackId"), "StackName",
                               json_get_text(stack, "StackName"), NULL);
    char id[2100], uuid[37];

    random_uuid(sandbox_random(c->sandbox), uuid);
    sandbox_arn(c->sandbox, id, "cloudformation", sandbox_region(c->sandbox), "changeSet/%s/%s", name, uuid);
    json_put_text(set, "ChangeSetId", id);
    json_put(set, "CreationTime", json_number((double)c->now_ms / 1000.0));
    json_put_bool(set, "IncludeNestedStacks", json_bool(json_get(c->in, "IncludeNestedStacks"), false));
    if (json_get(c->in, "Description"))
        json_put(set, "Description", json_copy(json_get(c->in, "Description")));
    if (json_get(c->in, "OnStackFailure"))
        json_put(set, "OnStackFailure", json_copy(json_get(c->in, "OnStackFailure")));
    json_put(set, "RollbackConfiguration", json_object());
    request_fill(c, whole, document, filled);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        if (json_get(filled, shown[i]))
            json_put(set, shown[i], json_copy(json_get(filled, shown[i])));
    }
    json_put(set, "Changes", shown_changes(stack, changes));
    json_put(set, "whole", json_copy(whole));
    set_state(set, any);
    world_put(c->world, SET_KIND, id, set);
    c->out = json_of("Id", id, "StackId", json_get_text(stack, "StackId"), NULL);
    c->trail_response = json_of("id", id, "stackId", json_get_text(stack, "StackId"), NULL);
}

/* A stack that waits for its change set stands there in review. */
static bool reviewed(const struct json *stack)
{
    return strcmp(json_get_text(stack, "StackStatus"), "REVIEW_IN_PROGRESS") == 0;
}

static bool check_new_set(struct call *c, const struct json *stack, bool creating, struct error *err)
{
    struct str stack_name = json_str(json_get(c->in, "StackName"));
    const char *name = json_get_text(c->in, "ChangeSetName");

    if (creating && !stack)
        return stack_check_name(stack_name, err);
    if (!stack)
        return refuse(err, CODE, "Stack [%.*s] does not exist", STR_ARG(stack_name));
    if (creating && !reviewed(stack))
        return refuse(err, CODE,
                      "Stack [%.*s] already exists and cannot be created again with the changeSet [%s].",
                      STR_ARG(stack_name), name);
    if (!creating && reviewed(stack))
        return refuse(err, CODE, "Stack [%.*s] is in REVIEW_IN_PROGRESS state: its change set creates it",
                      STR_ARG(stack_name));
    if (set_by_name(c, stack, str_of(name)))
        return refuse(err, "AlreadyExistsException", "ChangeSet %s already exists", name);
    return creating || stack_check_update(stack, err);
}

bool cloudformation_create_change_set(struct call *c, struct error *err)
{
    const struct json *stack = stack_find(c->sandbox, json_str(json_get(c->in, "StackName")));
    CLEANUP(json_freep) struct json *whole = NULL, *document = NULL, *changes = NULL;
    const char *type = json_get_text(c->in, "ChangeSetType");
    bool creating = strcmp(type, "CREATE") == 0, any = false;

    if (strcmp(type, "IMPORT") == 0)
        return error_aws(err, CODE, "Resources of this template's types can't be imported.");
    if (!check_new_set(c, stack, creating, err) || !request_whole(c->in, stack, &whole, err))
        return false;
    if (!stack || creating) {
        CLEANUP(json_freep) struct json *wanted = NULL;

        if (!request_check(c, whole, "", &document, &wanted, err))
            return false;
        changes = stack_changes(NULL, wanted, &any);
        any = true;
    } else if (!stack_compare(c, whole, stack, &document, &changes, &any, err)) {
        return false;
    }
    if (!stack) {
        struct json *fresh = stack_new(c->sandbox, json_get_text(c->in, "StackName"), NULL);

        stack_status(c->sandbox, fresh, "REVIEW_IN_PROGRESS", "User Initiated");
        stack = fresh;
    }
    set_new(c, stack, whole, document, changes, any);
    return true;
}

/* --- the others --- */

bool cloudformation_describe_change_set(struct call *c, struct error *err)
{
    const struct json *set;

    if (!set_get(c, &set, err))
        return false;
    c->out = json_copy(set);
    json_remove(c->out, "whole");
    return true;
}

/* The other sets of the stack were made for what it was. */
static void drop_others(struct call *c, const struct json *stack, const char *id)
{
    const struct json *set;
    const char *key;

    for (size_t i = 0; (set = world_at(c->world, SET_KIND, i, &key));) {
        if (of_stack(set, stack) && strcmp(key, id) != 0)
            world_remove(c->world, SET_KIND, key);
        else
            i++;
    }
}

static bool execute(struct call *c, struct json *whole, const struct json *stack, struct error *err)
{
    const char *id = json_get_text(stack, "StackId");
    CLEANUP(json_freep) struct json *document = NULL, *changes = NULL;
    bool any = false;

    if (reviewed(stack)) {
        if (!request_check(c, whole, id, &document, NULL, err))
            return false;
        struct json *fresh = stack_edit(c->sandbox, id);
        stack_fill_new(c, whole, document, fresh);
        stack_create_start(c->sandbox, fresh);
        return true;
    }
    if (!stack_check_update(stack, err) || !stack_compare(c, whole, stack, &document, &changes, &any, err))
        return false;
    stack_apply(c, whole, document, changes, stack_edit(c->sandbox, id));
    changes = NULL;
    return true;
}

bool cloudformation_execute_change_set(struct call *c, struct error *err)
{
    static const char *const passed[] = {"ClientRequestToken", "DisableRollback"};
    const struct json *set, *stack;
    CLEANUP(json_freep) struct json *whole = NULL, *id = NULL;

    if (!set_get(c, &set, err))
        return false;
    if (strcmp(json_get_text(set, "ExecutionStatus"), "AVAILABLE") != 0)
        return refuse(err, "InvalidChangeSetStatus",
                      "ChangeSet [%s] cannot be executed in its current status of [%s]",
                      json_get_text(set, "ChangeSetId"), json_get_text(set, "Status"));
    stack = stack_find(c->sandbox, json_str(json_get(set, "StackId")));
    if (!stack)
        return refuse(err, CODE, "Stack [%s] does not exist", json_get_text(set, "StackName"));
    whole = json_copy(json_get(set, "whole"));
    for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
        if (json_get(c->in, passed[i]))
            json_put(whole, passed[i], json_copy(json_get(c->in, passed[i])));
    }
    id = json_copy(json_get(set, "ChangeSetId"));
    if (!execute(c, whole, stack, err))
        return false;
    json_put_text(world_edit(c->world, SET_KIND, json_text(id)), "ExecutionStatus", "EXECUTE_COMPLETE");
    drop_others(c, stack, json_text(id));
    return true;
}

bool cloudformation_delete_change_set(struct call *c, struct error *err)
{
    const struct json *set;

    /* What is not there needs no deleting. */
    if (!set_find(c, &set, err))
        return false;
    if (set)
        world_remove(c->world, SET_KIND, json_get_text(set, "ChangeSetId"));
    return true;
}
