/* UpdateStack: what is other than before is changed, the rest is left alone. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/refuse.h"

#include "aws/crypto/digest.h"

#define CODE "ValidationError"

/* Properties whose change makes a resource anew: the secret is the schedule's
 * identity, the function's description becomes a stack of its own. */
static const char *const remaking[] = {"SecretId", "HostedRotationLambda"};

static bool same_member(const struct json *a, const struct json *b, const char *name)
{
    const struct json *x = json_get(a, name), *y = json_get(b, name);

    return x && y ? json_equal(x, y) : x == y;
}

static const struct json *find_logical(const struct json *list, const struct json *logical)
{
    const struct json *e;

    for (e = json_first(list); e; e = json_next(e)) {
        if (json_equal(json_get(e, "logical"), logical))
            return e;
    }
    return NULL;
}

static bool is_remade(const struct json *now, const struct json *wanted)
{
    if (!same_member(now, wanted, "nested_logical"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(remaking); i++) {
        if (!same_member(json_get(now, "properties"), json_get(wanted, "properties"), remaking[i]))
            return true;
    }
    return false;
}

static struct json *push_change(struct json *list, const struct json *schedule, const char *change)
{
    struct json *one = json_push(list, json_copy(schedule));

    json_put_text(one, "change", change);
    return one;
}

static void compare_one(const struct json *now, const struct json *wanted, struct json *list, bool *any)
{
    struct json *one;

    if (wanted && same_member(now, wanted, "properties") && same_member(now, wanted, "nested_logical")) {
        push_change(list, now, "keep");
        return;
    }
    *any = true;
    if (!wanted || is_remade(now, wanted)) {
        push_change(list, now, "delete");
        if (wanted)
            push_change(list, wanted, "create");
        return;
    }
    one = push_change(list, now, "update");
    json_put(one, "before", json_detach(one, "properties"));
    json_put(one, "properties", json_copy(json_get(wanted, "properties")));
}

struct json *stack_changes(const struct json *now, const struct json *wanted, bool *any)
{
    struct json *list = json_array();
    const struct json *e;

    *any = false;
    for (e = json_first(now); e; e = json_next(e))
        compare_one(e, find_logical(wanted, json_get(e, "logical")), list, any);
    for (e = json_first(wanted); e; e = json_next(e)) {
        if (find_logical(now, json_get(e, "logical")))
            continue;
        push_change(list, e, "create");
        *any = true;
    }
    return list;
}

bool stack_check_update(const struct json *stack, struct error *err)
{
    static const char *const settled[] = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"};
    const char *status = json_get_text(stack, "StackStatus");

    for (size_t i = 0; i < ARRAY_LEN(settled); i++) {
        if (strcmp(status, settled[i]) == 0)
            return true;
    }
    return refuse(err, CODE, "Stack:%s is in %s state and can not be updated.",
                  json_get_text(stack, "StackId"), status);
}

/* Tags and outputs are changes too, though no resource is touched. */
static bool rest_differs(const struct json *whole, const struct json *document, const struct json *stack)
{
    CLEANUP(json_freep) struct json *before = NULL;
    struct error ignored;

    if (json_get(whole, "Tags") && !same_member(whole, stack, "Tags") &&
        (json_count(json_get(whole, "Tags")) > 0 || json_count(json_get(stack, "Tags")) > 0))
        return true;
    return !template_read(json_str(json_get(stack, "template")), &before, &ignored) ||
           !same_member(before, document, "Outputs");
}

bool stack_compare(struct call *c, const struct json *whole, const struct json *stack, struct json **document,
                   struct json **changes, bool *any, struct error *err)
{
    CLEANUP(json_freep) struct json *wanted = NULL;

    if (!request_check(c, whole, json_get_text(stack, "StackId"), document, &wanted, err))
        return false;
    *changes = stack_changes(json_get(stack, "schedules"), wanted, any);
    *any = *any || rest_differs(whole, *document, stack);
    return true;
}

void stack_apply(struct call *c, const struct json *whole, const struct json *document, struct json *changes,
                 struct json *stack)
{
    static const char *const kept[] = {"template",     "values",  "Parameters",       "Tags",
                                       "Capabilities", "RoleARN", "NotificationARNs", "Description"};
    struct json *previous = json_object();

    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (json_get(stack, kept[i]))
            json_put(previous, kept[i], json_copy(json_get(stack, kept[i])));
    }
    json_remove(stack, "ClientRequestToken");
    json_put_bool(stack, "DisableRollback", false);
    request_fill(c, whole, document, stack);
    json_put(stack, "previous", previous);
    json_put(stack, "schedules", changes);
    json_put(stack, "LastUpdatedTime", json_number((double)c->now_ms / 1000.0));
    stack_update_start(c->sandbox, stack);
}

/* An update with this token has been taken already. */
static bool is_repeated(const struct json *whole, const struct json *stack)
{
    char digest[SHA256_HEX];

    if (!json_get(whole, "ClientRequestToken") || !same_member(whole, stack, "ClientRequestToken"))
        return false;
    request_digest(whole, digest);
    return strcmp(digest, json_get_text(stack, "request")) == 0;
}

bool cloudformation_update_stack(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "StackName"));
    const struct json *stack = stack_find(c->sandbox, name);
    CLEANUP(json_freep) struct json *whole = NULL, *document = NULL, *changes = NULL;
    bool any = false;

    if (!stack)
        return refuse(err, CODE, "Stack [%.*s] does not exist", STR_ARG(name));
    if (!request_whole(c->in, stack, &whole, err))
        return false;
    if (!is_repeated(whole, stack)) {
        if (!stack_check_update(stack, err) ||
            !stack_compare(c, whole, stack, &document, &changes, &any, err))
            return false;
        if (!any)
            return error_aws(err, CODE, "No updates are to be performed.");
        stack_apply(c, whole, document, changes, stack_edit(c->sandbox, json_get_text(stack, "StackId")));
        changes = NULL;
    }
    c->out = json_of("StackId", json_get_text(stack, "StackId"), NULL);
    c->trail_response = json_of("stackId", json_get_text(stack, "StackId"), NULL);
    return true;
}
