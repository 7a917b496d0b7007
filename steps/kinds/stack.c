#include "steps/kinds/stack.h"

#include "aws/common/mem.h"
#include "steps/kinds/look.h"

#include <string.h>

void stack_release(struct stack_look *l)
{
    json_free(l->reply);
    *l = (struct stack_look){.id = "", .status = ""};
}

bool stack_look(struct step_context *c, const char *name_or_id, struct stack_look *l, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("StackName", name_or_id, NULL);

    stack_release(l);
    if (!step_call(c, AS_CALLER, "cloudformation", "DescribeStacks", in, &l->reply, err)) {
        /* The only sign that a stack is not there (facts 2.7). */
        return error_is(err, "ValidationError") && strstr(err->message, "does not exist");
    }
    const struct json *stack = json_path(l->reply, "Stacks.0");
    l->id = json_get_text(stack, "StackId");
    l->status = json_get_text(stack, "StackStatus");
    l->tags = json_get(stack, "Tags");
    return true;
}

static bool read_events(struct step_context *c, const char *stack_id, struct json **out, struct error *err)
{
    return look_up_all(c, "cloudformation", "DescribeStackEvents", json_of("StackName", stack_id, NULL), NULL,
                       out, err);
}

/* The physical id of a nested stack among the events; "" when not known yet. */
static const char *nested_id(const struct json *events, const char *own_id)
{
    for (const struct json *e = json_first(events); e; e = json_next(e)) {
        const char *id = json_get_text(e, "PhysicalResourceId");
        if (strcmp(json_get_text(e, "ResourceType"), "AWS::CloudFormation::Stack") == 0 &&
            strncmp(id, "arn:", 4) == 0 && strcmp(id, own_id) != 0)
            return id;
    }
    return "";
}

/* One event, unless it was told before or happened before this run. */
static void tell(struct step_context *c, const struct json *e, struct json *told)
{
    const char *id = json_get_text(e, "EventId");
    const char *reason = json_get_text(e, "ResourceStatusReason");

    if (json_get(told, id))
        return;
    json_put_bool(told, id, true);
    if (json_double(json_get(e, "Timestamp"), 0) * 1000 < (double)step_run_started_ms(c) - 1000)
        return;
    step_note(c, "%s %s %s%s%s", json_get_text(e, "ResourceStatus"), json_get_text(e, "ResourceType"),
              json_get_text(e, "LogicalResourceId"), *reason ? ": " : "", reason);
}

/* Both lists come newest first and are told together, the oldest first. */
static void tell_all(struct step_context *c, const struct json *outer, const struct json *inner)
{
    struct json *told = json_edit(step_scratch(c), "told");
    size_t o = json_count(outer), i = json_count(inner);

    if (!told)
        told = json_put(step_scratch(c), "told", json_object());
    while (o + i > 0) {
        const struct json *a = o ? json_at(outer, o - 1) : NULL;
        const struct json *b = i ? json_at(inner, i - 1) : NULL;
        bool outer_first =
            !b || (a && json_double(json_get(a, "Timestamp"), 0) <= json_double(json_get(b, "Timestamp"), 0));
        tell(c, outer_first ? a : b, told);
        if (outer_first)
            o--;
        else
            i--;
    }
}

bool stack_tell_events(struct step_context *c, const char *stack_id, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *inner = NULL;

    if (!read_events(c, stack_id, &out, err))
        return false;
    const char *nested = nested_id(json_get(out, "StackEvents"), stack_id);
    if (*nested && !read_events(c, nested, &inner, err))
        return false;
    tell_all(c, json_get(out, "StackEvents"), json_get(inner, "StackEvents"));
    return true;
}

/* Newest first: the last one in the list that failed is the first that did. */
static char *failure_in(const struct json *events)
{
    for (size_t i = json_count(events); i-- > 0;) {
        const struct json *e = json_at(events, i);
        const char *status = json_get_text(e, "ResourceStatus");
        if (strstr(status, "FAILED") && *json_get_text(e, "ResourceStatusReason"))
            return mem_printf("%s: %s", json_get_text(e, "LogicalResourceId"),
                              json_get_text(e, "ResourceStatusReason"));
    }
    return NULL;
}

bool stack_find_failure(struct step_context *c, const char *stack_id, char **reason, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *inner = NULL;

    *reason = NULL;
    if (!read_events(c, stack_id, &out, err))
        return false;
    /* The parent's events only say that the nested stack failed. */
    const char *nested = nested_id(json_get(out, "StackEvents"), stack_id);
    if (*nested && read_events(c, nested, &inner, err))
        *reason = failure_in(json_get(inner, "StackEvents"));
    if (!*reason)
        *reason = failure_in(json_get(out, "StackEvents"));
    if (!*reason)
        *reason = mem_dup("");
    return true;
}
