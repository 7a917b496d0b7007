/* The operations that look at stacks. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"

#define PAGE 100
#define CODE "ValidationError"

/* Members of ours that no answer shows, and those of other operations. */
static const char *const hidden[] = {"events", "resources",          "schedules", "template", "caller",
                                     "plan",   "on_failure",         "run",       "request",  "keep",
                                     "values", "ClientRequestToken", "failure",   "previous", "failed"};

static const struct json *stack_get(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "StackName"));
    const struct json *stack = stack_find(c->sandbox, name);

    if (!stack)
        refuse(err, CODE, "Stack with id %.*s does not exist", STR_ARG(name));
    return stack;
}

/* Where a page begins: NextToken is the number of items before it. */
static bool page_start(struct call *c, size_t *start, struct error *err)
{
    struct str token = json_str(json_get(c->in, "NextToken"));
    uint64_t n = 0;

    if (token.len > 0 &&
        (!str_starts(token, STR("after-")) || !str_to_u64(str_slice(token, 6, token.len), &n)))
        return error_aws(err, CODE, "Invalid NextToken");
    *start = (size_t)n;
    return true;
}

/* Appends item when it lies on the page; false when the page is full. */
static bool page_add(struct call *c, struct json *list, size_t index, size_t start, struct json *item)
{
    if (index < start) {
        json_free(item);
        return true;
    }
    if (json_count(list) < PAGE) {
        json_push(list, item);
        return true;
    }
    CLEANUP(mem_freep) char *token = mem_printf("after-%zu", index);
    json_put_text(c->out, "NextToken", token);
    json_free(item);
    return false;
}

static struct json *stack_shown(const struct json *stack)
{
    struct json *out = json_copy(stack);

    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        json_remove(out, hidden[i]);
    return out;
}

bool cloudformation_describe_stacks(struct call *c, struct error *err)
{
    const struct json *stack;
    size_t start = 0, index = 0;

    if (json_get(c->in, "StackName")) {
        stack = stack_get(c, err);
        if (!stack)
            return false;
        c->out = json_object();
        json_push(json_put(c->out, "Stacks", json_array()), stack_shown(stack));
        return true;
    }
    if (!page_start(c, &start, err))
        return false;
    c->out = json_object();
    struct json *list = json_put(c->out, "Stacks", json_array());
    for (size_t i = 0; (stack = world_at(c->world, STACK_KIND, i, NULL)); i++) {
        if (strcmp(json_get_text(stack, "StackStatus"), "DELETE_COMPLETE") == 0)
            continue;
        if (!page_add(c, list, index++, start, stack_shown(stack)))
            break;
    }
    return true;
}

bool cloudformation_describe_events(struct call *c, struct error *err)
{
    const struct json *stack = stack_get(c, err), *events = json_get(stack, "events");
    size_t start = 0, count = json_count(events);

    if (!stack || !page_start(c, &start, err))
        return false;
    c->out = json_object();
    struct json *list = json_put(c->out, "StackEvents", json_array());
    for (size_t i = 0; i < count; i++) { /* newest first */
        if (!page_add(c, list, i, start, json_copy(json_at(events, count - 1 - i))))
            break;
    }
    return true;
}

/* DescribeEvents: an event as part of an operation on the stack. */
static struct json *operation_event(const struct json *event)
{
    struct json *out = json_copy(event);

    json_remove(out, "StackName");
    json_put_text(out, "EventType", "STACK_EVENT");
    return out;
}

bool cloudformation_describe_operation_events(struct call *c, struct error *err)
{
    bool failed = json_bool(json_path(c->in, "Filters.FailedEvents"), false);
    const struct json *stack, *events;
    size_t start = 0, index = 0;

    if (!json_get(c->in, "StackName"))
        return error_aws(err, CODE, "StackName must be specified.");
    stack = stack_get(c, err);
    if (!stack || !page_start(c, &start, err))
        return false;
    events = json_get(stack, "events");
    c->out = json_object();
    struct json *list = json_put(c->out, "OperationEvents", json_array());
    for (size_t i = json_count(events); i-- > 0;) { /* newest first */
        const struct json *event = json_at(events, i);

        if (failed && !str_ends(json_str(json_get(event, "ResourceStatus")), STR("_FAILED")))
            continue;
        if (!page_add(c, list, index++, start, operation_event(event)))
            break;
    }
    return true;
}

static struct json *resource_entry(const struct json *stack, const struct json *resource,
                                   const char *stamp_member)
{
    struct json *out = json_copy(resource), *drift;

    json_put_text(out, "StackId", json_get_text(stack, "StackId"));
    json_put_text(out, "StackName", json_get_text(stack, "StackName"));
    drift = json_put(out, "DriftInformation", json_object());
    json_put_text(drift, "StackResourceDriftStatus", "NOT_CHECKED");
    json_put(out, stamp_member, json_detach(out, "Timestamp"));
    return out;
}

bool cloudformation_describe_resources(struct call *c, struct error *err)
{
    const struct json *logical = json_get(c->in, "LogicalResourceId"), *stack, *e;
    const char *physical = json_get_text(c->in, "PhysicalResourceId");

    if (!json_get(c->in, "StackName") && *physical == '\0')
        return error_aws(err, CODE, "StackName or PhysicalResourceId must be specified");
    if (json_get(c->in, "StackName")) {
        stack = stack_get(c, err);
    } else {
        stack = NULL;
        for (size_t i = 0; !stack && world_at(c->world, STACK_KIND, i, NULL); i++) {
            const struct json *one = world_at(c->world, STACK_KIND, i, NULL);

            for (e = json_first(json_get(one, "resources")); e && !stack; e = json_next(e))
                stack = strcmp(json_get_text(e, "PhysicalResourceId"), physical) == 0 ? one : NULL;
        }
        if (!stack)
            refuse(err, CODE, "Stack for %s does not exist", physical);
    }
    if (!stack)
        return false;
    c->out = json_object();
    struct json *list = json_put(c->out, "StackResources", json_array());
    for (e = json_first(json_get(stack, "resources")); e && json_count(list) < PAGE; e = json_next(e)) {
        if (!logical || json_equal(logical, json_get(e, "LogicalResourceId")))
            json_push(list, resource_entry(stack, e, "Timestamp"));
    }
    return true;
}

bool cloudformation_describe_resource(struct call *c, struct error *err)
{
    const char *logical = json_get_text(c->in, "LogicalResourceId");
    const struct json *stack = stack_get(c, err), *resource = stack_resource_find(stack, logical);

    if (!stack)
        return false;
    if (!resource)
        return refuse(err, CODE, "Resource %s does not exist for stack %s", logical,
                      json_get_text(stack, "StackName"));
    c->out = json_object();
    json_put(c->out, "StackResourceDetail", resource_entry(stack, resource, "LastUpdatedTimestamp"));
    return true;
}

bool cloudformation_list_resources(struct call *c, struct error *err)
{
    const struct json *stack = stack_get(c, err), *e;
    size_t start = 0, index = 0;

    if (!stack || !page_start(c, &start, err))
        return false;
    c->out = json_object();
    struct json *list = json_put(c->out, "StackResourceSummaries", json_array());
    for (e = json_first(json_get(stack, "resources")); e; e = json_next(e)) {
        struct json *entry = resource_entry(stack, e, "LastUpdatedTimestamp");

        json_remove(entry, "StackId");
        json_remove(entry, "StackName");
        if (!page_add(c, list, index++, start, entry))
            break;
    }
    return true;
}

static bool status_wanted(const struct json *filter, const struct json *stack)
{
    const struct json *e;

    for (e = json_first(filter); e; e = json_next(e)) {
        if (json_equal(e, json_get(stack, "StackStatus")))
            return true;
    }
    return json_count(filter) == 0;
}

bool cloudformation_list_stacks(struct call *c, struct error *err)
{
    static const char *const members[] = {
        "StackId",          "StackName", "StackStatus", "StackStatusReason", "CreationTime", "DeletionTime",
        "DriftInformation", "ParentId",  "RootId",      "LastUpdatedTime"};
    const struct json *stack;
    size_t start = 0, index = 0;
    const char *key;

    if (!page_start(c, &start, err))
        return false;
    c->out = json_object();
    struct json *list = json_put(c->out, "StackSummaries", json_array());
    for (size_t i = 0; (stack = world_at(c->world, STACK_KIND, i, &key)); i++) {
        struct json *entry;

        /* By id, so that what was deleted long ago is left out. */
        if (!stack_find(c->sandbox, str_of(key)) ||
            !status_wanted(json_get(c->in, "StackStatusFilter"), stack))
            continue;
        entry = json_object();
        for (size_t m = 0; m < ARRAY_LEN(members); m++) {
            if (json_get(stack, members[m]))
                json_put(entry, members[m], json_copy(json_get(stack, members[m])));
        }
        if (json_get(stack, "Description"))
            json_put(entry, "TemplateDescription", json_copy(json_get(stack, "Description")));
        if (!page_add(c, list, index++, start, entry))
            break;
    }
    return true;
}

/* What the transform made of the template: the schedule takes its function
 * from a nested stack. */
static void processed(const struct json *stack, struct buf *out)
{
    CLEANUP(json_freep) struct json *document = NULL;
    const struct json *schedule;
    struct error ignored;

    if (!template_read(json_str(json_get(stack, "template")), &document, &ignored))
        return;
    for (schedule = json_first(json_get(stack, "schedules")); schedule; schedule = json_next(schedule)) {
        struct json *resources = json_edit(document, "Resources"), *function;
        const char *nested = json_get_text(schedule, "nested_logical");

        if (*nested == '\0')
            continue;
        struct json *properties =
            json_edit(json_edit(resources, json_get_text(schedule, "logical")), "Properties");
        json_put(json_put(resources, nested, json_of("Type", STACK_TYPE, NULL)), "Properties",
                 json_detach(properties, "HostedRotationLambda"));
        function =
            json_put(json_put(properties, "RotationLambdaARN", json_object()), "Fn::GetAtt", json_array());
        json_push(function, json_text_new(nested));
        json_push(function, json_text_new("Outputs.RotationLambdaARN"));
    }
    json_remove(document, "Transform");
    json_write(document, out);
}

bool cloudformation_get_template(struct call *c, struct error *err)
{
    const struct json *stack = stack_get(c, err);
    CLEANUP(buf_release) struct buf text = {0};

    if (!stack)
        return false;
    c->out = json_object();
    if (strcmp(json_get_text(c->in, "TemplateStage"), "Processed") == 0)
        processed(stack, &text);
    else
        buf_add(&text, json_str(json_get(stack, "template")));
    json_put_str(c->out, "TemplateBody", buf_str(&text));
    struct json *stages = json_put(c->out, "StagesAvailable", json_array());
    json_push(stages, json_text_new("Original"));
    json_push(stages, json_text_new("Processed"));
    return true;
}
