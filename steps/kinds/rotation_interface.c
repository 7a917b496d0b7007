#include "steps/kinds/rotation_interface.h"

#include "aws/common/mem.h"
#include "steps/kinds/look.h"

#include <string.h>

enum { UUID_LENGTH = 36, RELEASE_DEADLINE_MS = 90 * 60 * 1000 };

const struct step_wait interface_wait = {"Lambda to release the function's network interface (20 to 45 "
                                         "minutes are usual)",
                                         500, 20000, RELEASE_DEADLINE_MS};

/* The function's name and a UUID: "f-" begins that of function "f-2" too. */
bool interface_of_function(const struct json *interface, const char *function)
{
    CLEANUP(mem_freep) char *prefix = mem_printf("AWS Lambda VPC ENI-%s-", function);
    struct str description = json_str(json_get(interface, "Description"));

    return str_starts(description, str_of(prefix)) && description.len == strlen(prefix) + UUID_LENGTH;
}

/* *id: owned, NULL when there is none. */
static bool find(struct step_context *c, const char *function, char **id, struct error *err)
{
    CLEANUP(mem_freep) char *pattern = mem_printf("AWS Lambda VPC ENI-%s-*", function);
    CLEANUP(json_freep) struct json *out = NULL;
    struct json *in = json_object(), *filter;

    *id = NULL;
    filter = json_push(json_put(in, "Filters", json_array()), json_of("Name", "description", NULL));
    json_push(json_put(filter, "Values", json_array()), json_text_new(pattern));
    if (!look_up_all(c, "ec2", "DescribeNetworkInterfaces", in, NULL, &out, err))
        return false;
    const struct json *list = json_get(out, "NetworkInterfaces");
    for (const struct json *i = json_first(list); i && !*id; i = json_next(i)) {
        if (interface_of_function(i, function))
            *id = mem_dup(json_get_text(i, "NetworkInterfaceId"));
    }
    return true;
}

/* As long as the function is there, its interface is in use. */
static bool function_gone(struct step_context *c, const char *function, bool *gone, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(c, "lambda", "GetFunction", json_of("FunctionName", function, NULL),
                 "ResourceNotFoundException", &out, err))
        return false;
    *gone = out == NULL;
    return true;
}

static void note_release(struct step_context *c, const struct json *since)
{
    int64_t ms = step_now_ms(c) - json_int(json_get(since, "ms"), 0);

    step_note(c, "network interface %s was released after %lld min %lld s", json_get_text(since, "id"),
              (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    json_remove(step_scratch(c), "interface");
}

static void begin(struct step_context *c, const char *id)
{
    struct json *since = json_put(step_scratch(c), "interface", json_of("id", id, NULL));

    json_put_int(since, "ms", step_now_ms(c));
    step_note(c, "the function is gone, its network interface %s is not: Lambda deletes it, nobody else may",
              id);
}

bool interface_look(struct step_context *c, const char *function, bool *wait, struct error *err)
{
    const struct json *since = json_get(step_scratch(c), "interface");
    CLEANUP(mem_freep) char *id = NULL;
    bool gone = since != NULL;

    *wait = false;
    if (json_get(step_scratch(c), "unseen"))
        return true;
    if (!find(c, function, &id, err) || (id && !gone && !function_gone(c, function, &gone, err))) {
        if (!is_refusal(err))
            return false;
        step_note(c, "the function's network interface cannot be seen: %s", err->message);
        json_put_bool(step_scratch(c), "unseen", true);
        return true;
    }
    if (!id && since)
        note_release(c, since);
    if (id && gone && !since)
        begin(c, id);
    *wait = id && gone;
    return true;
}
