/* Stacks as they lie in the world: identity, status, events, resources. */
#include "aws/sandbox/cloudformation.h"

#include "aws/common/mem.h"

#include <stdio.h>

#define KEPT_DELETED_MS (90LL * 24 * 3600 * 1000)

static void put_date(struct json *j, const char *member, int64_t ms)
{
    json_put(j, member, json_number((double)ms / 1000.0));
}

static bool is_deleted(const struct json *stack)
{
    return strcmp(json_get_text(stack, "StackStatus"), "DELETE_COMPLETE") == 0;
}

const struct json *stack_find(struct sandbox *s, struct str id)
{
    bool by_id = str_starts(id, STR("arn:"));
    const struct json *stack;
    const char *key;

    for (size_t i = 0; (stack = world_at(sandbox_world(s), STACK_KIND, i, &key)); i++) {
        double gone_s = json_double(json_get(stack, "DeletionTime"), 0);

        if (is_deleted(stack) && (!by_id || (int64_t)(gone_s * 1000) + KEPT_DELETED_MS < sandbox_now_ms(s)))
            continue;
        if (by_id ? str_is(id, key) : str_equal(id, json_str(json_get(stack, "StackName"))))
            return stack;
    }
    return NULL;
}

struct json *stack_edit(struct sandbox *s, const char *stack_id)
{
    return world_edit(sandbox_world(s), STACK_KIND, stack_id);
}

bool stack_in_progress(const struct json *stack)
{
    return str_ends(json_str(json_get(stack, "StackStatus")), STR("_IN_PROGRESS"));
}

struct json *stack_new(struct sandbox *s, const char *name, const struct json *parent)
{
    static const char *const inherited[] = {"Tags", "Capabilities", "ClientRequestToken", "DisableRollback"};
    struct json *stack = json_object(), *drift;
    char id[2100], uuid[37];

    random_uuid(sandbox_random(s), uuid);
    sandbox_arn(s, id, "cloudformation", sandbox_region(s), "stack/%s/%s", name, uuid);
    json_put_text(stack, "StackId", id);
    json_put_text(stack, "StackName", name);
    put_date(stack, "CreationTime", sandbox_now_ms(s));
    json_put(stack, "events", json_array());
    json_put(stack, "resources", json_array());
    json_put(stack, "Parameters", json_array());
    drift = json_put(stack, "DriftInformation", json_object());
    json_put_text(drift, "StackDriftStatus", "NOT_CHECKED");
    json_put_bool(stack, "EnableTerminationProtection", false);
    json_put_bool(stack, "DisableRollback", false);
    json_put(stack, "NotificationARNs", json_array());
    for (size_t i = 0; parent && i < ARRAY_LEN(inherited); i++) {
        if (json_get(parent, inherited[i]))
            json_put(stack, inherited[i], json_copy(json_get(parent, inherited[i])));
    }
    if (parent) {
        json_put_text(stack, "ParentId", json_get_text(parent, "StackId"));
        json_put_text(stack, "RootId", json_get_text(parent, "StackId"));
    }
    return world_put(sandbox_world(s), STACK_KIND, id, stack);
}

static void add_event(struct sandbox *s, struct json *stack, const char *event_id, const char *logical,
                      const char *type, const char *physical, const char *status, const char *reason)
{
    struct json *event =
        json_of("EventId", event_id, "StackId", json_get_text(stack, "StackId"), "StackName",
                json_get_text(stack, "StackName"), "LogicalResourceId", logical, "ResourceType", type,
                "ResourceStatus", status, "ResourceStatusReason", reason, NULL);

    json_put_text(event, "PhysicalResourceId", physical ? physical : "");
    if (json_get(stack, "ClientRequestToken"))
        json_put(event, "ClientRequestToken", json_copy(json_get(stack, "ClientRequestToken")));
    put_date(event, "Timestamp", sandbox_now_ms(s));
    json_push(json_edit(stack, "events"), event);
}

void stack_status(struct sandbox *s, struct json *stack, const char *status, const char *reason)
{
    char uuid[37];

    json_put_text(stack, "StackStatus", status);
    if (reason)
        json_put_text(stack, "StackStatusReason", reason);
    else
        json_remove(stack, "StackStatusReason");
    if (strcmp(status, "DELETE_IN_PROGRESS") == 0 || strcmp(status, "DELETE_COMPLETE") == 0)
        put_date(stack, "DeletionTime", sandbox_now_ms(s));
    random_uuid(sandbox_random(s), uuid);
    add_event(s, stack, uuid, json_get_text(stack, "StackName"), STACK_TYPE, json_get_text(stack, "StackId"),
              status, reason);
}

static struct json *resource_edit(struct json *stack, const char *logical)
{
    struct json *list = json_edit(stack, "resources");

    for (size_t i = 0; i < json_count(list); i++) {
        if (strcmp(json_get_text(json_at(list, i), "LogicalResourceId"), logical) == 0)
            return json_edit_at(list, i);
    }
    return NULL;
}

const struct json *stack_resource_find(const struct json *stack, const char *logical)
{
    const struct json *e;

    for (e = json_first(json_get(stack, "resources")); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "LogicalResourceId"), logical) == 0)
            return e;
    }
    return NULL;
}

void stack_resource(struct sandbox *s, struct json *stack, const char *logical, const char *type,
                    const char *physical, const char *status, const char *reason)
{
    struct json *resource = resource_edit(stack, logical);
    char stamp[25];

    if (!resource)
        resource = json_push(json_edit(stack, "resources"),
                             json_of("LogicalResourceId", logical, "ResourceType", type, NULL));
    if (physical)
        json_put_text(resource, "PhysicalResourceId", physical);
    json_put_text(resource, "ResourceStatus", status);
    if (reason)
        json_put_text(resource, "ResourceStatusReason", reason);
    else
        json_remove(resource, "ResourceStatusReason");
    put_date(resource, "Timestamp", sandbox_now_ms(s));
    clock_format_iso_ms(sandbox_now_ms(s), stamp);
    CLEANUP(mem_freep) char *event_id = mem_printf("%s-%s-%s", logical, status, stamp);
    add_event(s, stack, event_id, logical, type, json_get_text(resource, "PhysicalResourceId"), status,
              reason);
}
