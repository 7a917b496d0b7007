/* Network interfaces of deleted functions: the service releases them late, and
 * whatever holds their group or subnet waits for that (facts 4). */
#include "aws/sandbox/core.h"
#include "aws/sandbox/lambda.h"

#include "aws/common/mem.h"

#define UUID_LENGTH 36

/* Its description ends in a UUID: "f-" begins that of function "f-2" too. */
static bool is_of(const struct json *eni, const char *function_name)
{
    CLEANUP(mem_freep) char *prefix = mem_printf("AWS Lambda VPC ENI-%s-", function_name);
    struct str description = json_str(json_get(eni, "Description"));

    return str_starts(description, str_of(prefix)) && description.len == strlen(prefix) + UUID_LENGTH;
}

static void fire(struct sandbox *s, void *arg)
{
    world_remove(s->world, "ec2.network_interface", arg);
    mem_free(arg);
}

static void release_at(struct sandbox *s, const char *id, int64_t at_ms)
{
    sandbox_at(s, at_ms, fire, mem_dup(id), mem_free);
}

void lambda_interfaces_release(struct sandbox *s, const char *function_name)
{
    int64_t gone_ms = sandbox_now_ms(s) + s->options.interface_ms;
    const struct json *eni;
    const char *key;

    for (size_t i = world_count(s->world, "ec2.network_interface"); i > 0; i--) {
        eni = world_at(s->world, "ec2.network_interface", i - 1, &key);
        if (!is_of(eni, function_name) || json_get(eni, "gone_ms"))
            continue;
        CLEANUP(mem_freep) char *id = mem_dup(key);
        if (s->options.interface_ms == 0) {
            world_remove(s->world, "ec2.network_interface", id);
            continue;
        }
        json_put_int(world_edit(s->world, "ec2.network_interface", id), "gone_ms", gone_ms);
        release_at(s, id, gone_ms);
    }
}

int64_t lambda_interfaces_gone_ms(struct sandbox *s, const char *function_name)
{
    const struct json *eni;
    int64_t last_ms = 0;

    for (size_t i = 0; (eni = world_at(s->world, "ec2.network_interface", i, NULL)); i++) {
        int64_t gone_ms = json_int(json_get(eni, "gone_ms"), 0);

        if (is_of(eni, function_name) && gone_ms > last_ms)
            last_ms = gone_ms;
    }
    return last_ms;
}

void lambda_interfaces_resume(struct sandbox *s)
{
    const struct json *eni;
    const char *key;

    for (size_t i = 0; (eni = world_at(s->world, "ec2.network_interface", i, &key)); i++)
        if (json_get(eni, "gone_ms"))
            release_at(s, key, json_int(json_get(eni, "gone_ms"), 0));
}
