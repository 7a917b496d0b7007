/* Systems Manager's table, and how its commands are read back. */
#include "aws/sandbox/ssm.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/secretsmanager.h"

#include "aws/common/clock.h"

#include <stdio.h>

#define PAGE_LIMIT 50
/* ListCommandInvocations shows this much of the output (facts: AWS cuts it). */
#define PLUGIN_OUTPUT_BYTES 2500

bool ssm_page(struct call *c, const char *name, struct json *items, struct error *err)
{
    CLEANUP(json_freep) struct json *all = items;
    size_t start, limit = (size_t)json_int(json_get(c->in, "MaxResults"), PAGE_LIMIT), place = 0;
    struct json *page;

    if (!page_read(c->in, "InvalidNextToken", &start, err))
        return false;
    c->out = json_object();
    page = json_put(c->out, name, json_array());
    for (const struct json *e = json_first(all); e; e = json_next(e)) {
        if (place++ < start)
            continue;
        if (json_count(page) == limit) {
            page_write(c->out, start + limit);
            break;
        }
        json_push(page, json_copy(e));
    }
    return true;
}

/* --- one invocation --- */

static struct json *output_config(void)
{
    struct json *out = json_of("CloudWatchLogGroupName", "", NULL);

    json_put_bool(out, "CloudWatchOutputEnabled", false);
    return out;
}

/* "" until it is known. */
static void put_iso(struct json *out, const char *member, const struct json *ms)
{
    char text[25] = "";

    if (ms)
        clock_format_iso_ms(json_int(ms, 0), text);
    json_put_text(out, member, text);
}

static bool get_invocation(struct call *c, struct error *err)
{
    const struct json *command = world_get(c->world, SSM_COMMAND, json_get_text(c->in, "CommandId"));
    const struct json *invocation = json_get(command, "invocation"), *shown = json_get(command, "Command");
    const char *id = json_get_text(c->in, "InstanceId"), *plugin = json_get_text(c->in, "PluginName");
    const struct json *start = json_get(invocation, "start_ms"), *end = json_get(invocation, "end_ms");
    char elapsed[40] = "";

    if (!command || strcmp(json_get_text(command, "instance"), id) != 0 ||
        !sandbox_propagated(c->sandbox, json_int(json_get(command, "requested_ms"), 0)))
        return error_aws(err, "InvocationDoesNotExist", "");
    if (*plugin && strcmp(plugin, SSM_PLUGIN) != 0)
        return error_aws(err, "InvalidPluginName", "");
    c->out = json_of(
        "CommandId", json_get_text(c->in, "CommandId"), "InstanceId", id, "Comment",
        json_get_text(shown, "Comment"), "DocumentName", json_get_text(shown, "DocumentName"),
        "DocumentVersion", json_get_text(shown, "DocumentVersion"), "PluginName", SSM_PLUGIN, "Status",
        json_get_text(shown, "Status"), "StatusDetails", json_get_text(shown, "StatusDetails"),
        "StandardOutputContent", json_get_text(invocation, "standard_output"), "StandardOutputUrl", "",
        "StandardErrorContent", json_get_text(invocation, "standard_error"), "StandardErrorUrl", "", NULL);
    json_put_int(c->out, "ResponseCode", json_int(json_get(invocation, "ResponseCode"), -1));
    put_iso(c->out, "ExecutionStartDateTime", start);
    put_iso(c->out, "ExecutionEndDateTime", end);
    if (start && end) {
        long long ms = (long long)(json_int(end, 0) - json_int(start, 0));

        (void)snprintf(elapsed, sizeof elapsed, "PT%lld.%03lldS", ms / 1000, ms % 1000);
    }
    json_put_text(c->out, "ExecutionElapsedTime", elapsed);
    json_put(c->out, "CloudWatchOutputConfig", output_config());
    return true;
}

static void put_time(struct json *out, const char *member, const struct json *ms)
{
    if (ms)
        json_put(out, member, json_number((double)json_int(ms, 0) / 1000.0));
}

static struct json *plugin_shown(const struct json *command)
{
    const struct json *invocation = json_get(command, "invocation"), *shown = json_get(command, "Command");
    struct str out = json_str(json_get(invocation, "standard_output"));
    struct str errors = json_str(json_get(invocation, "standard_error")), text;
    CLEANUP(buf_release) struct buf both = {0};
    struct json *plugin =
        json_of("Name", SSM_PLUGIN, "Status", json_get_text(shown, "Status"), "StatusDetails",
                json_get_text(shown, "StatusDetails"), "StandardOutputUrl", "", "StandardErrorUrl", "",
                "OutputS3Region", "", "OutputS3BucketName", "", "OutputS3KeyPrefix", "", NULL);

    buf_add(&both, out);
    if (errors.len > 0)
        buf_printf(&both, "\n----------ERROR-------\n%.*s", STR_ARG(errors));
    text = str_slice(buf_str(&both), 0, PLUGIN_OUTPUT_BYTES);
    json_put_str(plugin, "Output", str_slice(text, 0, str_utf8_prefix(text)));
    json_put_int(plugin, "ResponseCode", json_int(json_get(invocation, "ResponseCode"), -1));
    put_time(plugin, "ResponseStartDateTime", json_get(invocation, "start_ms"));
    put_time(plugin, "ResponseFinishDateTime", json_get(invocation, "end_ms"));
    return plugin;
}

static struct json *invocation_shown(const struct call *c, const struct json *command)
{
    static const char *const same[] = {"CommandId",         "Comment",       "DocumentName",
                                       "DocumentVersion",   "Status",        "ServiceRole",
                                       "RequestedDateTime", "StatusDetails", "NotificationConfig"};
    const struct json *shown = json_get(command, "Command");
    const char *id = json_get_text(command, "instance");
    struct json *out = json_of("InstanceId", id, "InstanceName", "", "TraceOutput", "", "StandardOutputUrl",
                               "", "StandardErrorUrl", "", NULL);
    struct json *plugins = json_array();

    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        json_put(out, same[i], json_copy(json_get(shown, same[i])));
    json_put(out, "CloudWatchOutputConfig", output_config());
    if (json_bool(json_get(c->in, "Details"), false))
        json_push(plugins, plugin_shown(command));
    json_put(out, "CommandPlugins", plugins);
    return out;
}

static struct json *command_shown(const struct call *c, const struct json *command)
{
    struct json *out = json_copy(json_get(command, "Command")), *parameters = NULL;
    struct error ignored;

    (void)c;
    if (json_parse(json_str(json_get(command, "parameters")), NULL, &parameters, &ignored))
        json_put(out, "Parameters", parameters);
    return out;
}

/* --- lists --- */

static bool after(const struct json *command, const char *value)
{
    int64_t ms = 0;

    return clock_parse_iso(str_of(value), &ms) && json_int(json_get(command, "requested_ms"), 0) > ms;
}

static bool before(const struct json *command, const char *value)
{
    int64_t ms = 0;

    return clock_parse_iso(str_of(value), &ms) && json_int(json_get(command, "requested_ms"), 0) < ms;
}

static bool status_is(const struct json *command, const char *value)
{
    return strcmp(ssm_status(command), value) == 0;
}

static bool stage_is(const struct json *command, const char *value)
{
    return strcmp(ssm_finished(command) ? "Complete" : "Executing", value) == 0;
}

static bool document_is(const struct json *command, const char *value)
{
    return strcmp(json_text(json_path(command, "Command.DocumentName")), value) == 0;
}

static const struct {
    const char *key;
    bool (*matches)(const struct json *command, const char *value);
} filters[] = {
    {"DocumentName", document_is}, {"ExecutionStage", stage_is}, {"InvokedAfter", after},
    {"InvokedBefore", before},     {"Status", status_is},
};

static bool is_wanted(const struct call *c, const struct json *command)
{
    const char *id = json_get_text(c->in, "CommandId"), *instance = json_get_text(c->in, "InstanceId");

    if ((*id && strcmp(json_text(json_path(command, "Command.CommandId")), id) != 0) ||
        (*instance && strcmp(json_get_text(command, "instance"), instance) != 0))
        return false;
    for (const struct json *f = json_first(json_get(c->in, "Filters")); f; f = json_next(f))
        for (size_t i = 0; i < ARRAY_LEN(filters); i++)
            if (strcmp(json_get_text(f, "key"), filters[i].key) == 0 &&
                !filters[i].matches(command, json_get_text(f, "value")))
                return false;
    return sandbox_propagated(c->sandbox, json_int(json_get(command, "requested_ms"), 0));
}

/* The newest that is older than `order`; NULL when there is none. */
static const struct json *next_older(const struct call *c, int64_t order)
{
    const struct json *e, *found = NULL;

    for (size_t i = 0; (e = world_at(c->world, SSM_COMMAND, i, NULL)); i++) {
        int64_t at = json_int(json_get(e, "order"), 0);

        if (at < order && (!found || at > json_int(json_get(found, "order"), 0)))
            found = e;
    }
    return found;
}

static bool list(struct call *c, const char *name, bool with_instance,
                 struct json *(*show)(const struct call *c, const struct json *command), struct error *err)
{
    struct json *items = json_array();
    int64_t order = INT64_MAX;
    const struct json *e;

    while ((e = next_older(c, order))) {
        order = json_int(json_get(e, "order"), 0);
        if (is_wanted(c, e) && (!with_instance || *json_get_text(e, "instance")))
            json_push(items, show(c, e));
    }
    return ssm_page(c, name, items, err);
}

static bool list_commands(struct call *c, struct error *err)
{
    return list(c, "Commands", false, command_shown, err);
}

static bool list_invocations(struct call *c, struct error *err)
{
    return list(c, "CommandInvocations", true, invocation_shown, err);
}

static const struct handler rows[] = {
    {"CancelCommand", ssm_cancel, NULL, NULL},
    {"DescribeInstanceInformation", ssm_describe_instances, NULL, NULL},
    {"GetCommandInvocation", get_invocation, NULL, NULL},
    {"ListCommandInvocations", list_invocations, NULL, NULL},
    {"ListCommands", list_commands, NULL, NULL},
    {"SendCommand", ssm_send, ssm_send_target, ssm_send_also},
};

const struct handler_table ssm_handlers = {"ssm", rows, ARRAY_LEN(rows)};
