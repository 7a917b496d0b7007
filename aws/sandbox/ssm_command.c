/* SendCommand and CancelCommand: what is asked is checked here, ssm_run.c runs
 * it. A command has one invocation, since one instance is managed. */
#include "aws/sandbox/context.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/ssm.h"

#include "aws/common/mem.h"

#include <stdio.h>

#define DOCUMENT "AWS-RunShellScript"
#define DELIVERY_S 3600 /* TimeoutSeconds when the caller gives none */
#define EXECUTION_S 3600
#define EXECUTION_MAX_S 172800
/* AWS keeps the history for 30 days; here it has an end in number. */
#define HISTORY_LIMIT 200

/* --- status --- */

static const char *const final_statuses[] = {"Success", "Failed", "TimedOut", "Cancelled"};

const char *ssm_status(const struct json *command)
{
    return json_text(json_path(command, "Command.Status"));
}

bool ssm_finished(const struct json *command)
{
    const char *status = ssm_status(command);

    for (size_t i = 0; i < ARRAY_LEN(final_statuses); i++)
        if (strcmp(status, final_statuses[i]) == 0)
            return true;
    return false;
}

void ssm_set_status(struct json *command, const char *status, const char *details)
{
    struct json *shown = json_edit(command, "Command");
    bool instance = *json_get_text(command, "instance") != '\0';

    json_put_text(shown, "Status", status);
    json_put_text(shown, "StatusDetails", details);
    json_put_int(shown, "TargetCount", instance);
    json_put_int(shown, "CompletedCount", instance && ssm_finished(command));
    json_put_int(shown, "ErrorCount",
                 strcmp(status, "Failed") == 0 || strcmp(details, "ExecutionTimedOut") == 0);
    json_put_int(shown, "DeliveryTimedOutCount", strcmp(details, "DeliveryTimedOut") == 0);
}

/* --- what the document takes --- */

static bool document_is_known(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "DocumentName"));
    const char *version = json_get_text(c->in, "DocumentVersion");

    if (str_starts(name, STR("arn:")))
        while (str_find_char(name, '/') < name.len)
            name = str_slice(name, str_find_char(name, '/') + 1, name.len);
    if (str_is(name, "AWS-RunPowerShellScript"))
        return error_aws(err, "UnsupportedPlatformType",
                         "The document isn't supported on one or more of the target instances.");
    if (!str_is(name, DOCUMENT))
        return refuse(err, "InvalidDocument", "Document with name %.*s does not exist.", STR_ARG(name));
    if (*version && strcmp(version, "$DEFAULT") != 0 && strcmp(version, "$LATEST") != 0 &&
        strcmp(version, "1") != 0)
        return error_aws(err, "InvalidDocumentVersion",
                         "The document version is not valid or does not exist.");
    return true;
}

static const struct {
    const char *name;
    bool list; /* otherwise one text */
} parameters[] = {{"commands", true}, {"executionTimeout", false}, {"workingDirectory", false}};

static bool parameter_is_known(const struct json *given, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
        if (strcmp(json_key(given), parameters[i].name) != 0)
            continue;
        if (json_count(given) == 1 || (parameters[i].list && json_count(given) > 1))
            return true;
        return refuse(err, "InvalidParameters", "Parameter \"%s\" has to have %s.", json_key(given),
                      parameters[i].list ? "a value" : "one value");
    }
    return refuse(err, "InvalidParameters", "Parameter \"%s\" is not defined in the document.",
                  json_key(given));
}

static bool check_parameters(const struct json *given, int64_t *execution_s, struct error *err)
{
    const struct json *timeout = json_at(json_get(given, "executionTimeout"), 0);

    *execution_s = EXECUTION_S;
    for (const struct json *p = json_first(given); p; p = json_next(p))
        if (!parameter_is_known(p, err))
            return false;
    if (!json_get(given, "commands"))
        return error_aws(err, "InvalidParameters", "document requires parameter \"commands\"");
    if (timeout &&
        (!str_to_i64(json_str(timeout), execution_s) || *execution_s < 1 || *execution_s > EXECUTION_MAX_S))
        return refuse(err, "InvalidParameters", "Parameter \"executionTimeout\" has an invalid value: %.100s",
                      json_text(timeout));
    return true;
}

/* --- whom --- */

static bool not_valid(struct call *c, const struct json *ids, struct error *err)
{
    CLEANUP(buf_release) struct buf list = {0};

    for (const struct json *e = json_first(ids); e; e = json_next(e))
        buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", json_text(e));
    return refuse(err, "InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s",
                  buf_text(&list), sandbox_account(c->sandbox));
}

/* Each has to be the managed instance, and it has to be online. */
static bool find_by_ids(struct call *c, const struct json *ids, const char **instance, struct error *err)
{
    const struct json *managed = ssm_instance(c->sandbox), *e;
    CLEANUP(json_freep) struct json *wrong = json_array();

    for (e = json_first(ids); e; e = json_next(e)) {
        for (const struct json *other = json_next(e); other; other = json_next(other))
            if (json_equal(e, other))
                return error_aws(err, "DuplicateInstanceId", "Instance Ids must be unique.");
        if (!ssm_online(managed) || strcmp(json_text(e), json_get_text(managed, "InstanceId")) != 0)
            json_push(wrong, json_copy(e));
    }
    if (json_count(wrong) > 0)
        return not_valid(c, wrong, err);
    *instance = json_get_text(managed, "InstanceId");
    return true;
}

static bool tag_matches(const struct json *instance, const char *key, const struct json *values)
{
    for (const struct json *t = json_first(json_get(instance, "Tags")); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), key) != 0)
            continue;
        for (const struct json *v = json_first(values); v; v = json_next(v))
            if (json_equal(v, json_get(t, "Value")))
                return true;
    }
    return false;
}

static bool target_matches(const struct json *instance, const struct json *target, bool *matches,
                           struct error *err)
{
    const char *key = json_get_text(target, "Key");
    const struct json *values = json_get(target, "Values");
    bool hit = false;

    if (strcmp(key, "InstanceIds") == 0) {
        for (const struct json *v = json_first(values); v; v = json_next(v))
            hit = hit || json_equal(v, json_get(instance, "InstanceId"));
    } else if (str_starts(str_of(key), STR("tag:"))) {
        hit = tag_matches(instance, key + strlen("tag:"), values);
    } else if (strcmp(key, "tag-key") == 0) {
        for (const struct json *t = json_first(json_get(instance, "Tags")); t; t = json_next(t))
            for (const struct json *v = json_first(values); v; v = json_next(v))
                hit = hit || json_equal(v, json_get(t, "Key"));
    } else {
        return refuse(err, "InvalidTarget", "The target key (%s) is not valid.", key);
    }
    *matches = *matches && hit;
    return true;
}

/* Targets choose among what is online; none is an answer too. */
static bool find_by_targets(struct call *c, const char **instance, struct error *err)
{
    const struct json *managed = ssm_instance(c->sandbox);
    const char *id = json_get_text(managed, "InstanceId");
    const struct json *found = world_get(c->world, "ec2.instance", id);
    bool matches = ssm_online(managed);

    for (const struct json *t = json_first(json_get(c->in, "Targets")); t; t = json_next(t))
        if (!target_matches(found, t, &matches, err))
            return false;
    *instance = matches ? id : "";
    return true;
}

static bool find_instance(struct call *c, const char **instance, struct error *err)
{
    const struct json *ids = json_get(c->in, "InstanceIds"), *targets = json_get(c->in, "Targets");

    if (json_count(ids) > 0 && json_count(targets) > 0)
        return error_aws(err, "InvalidParameters", "Specify InstanceIds or Targets, not both.");
    if (json_count(ids) > 0)
        return find_by_ids(c, ids, instance, err);
    if (json_count(targets) == 0)
        return error_aws(err, "InvalidInstanceId", "No instance is specified.");
    return find_by_targets(c, instance, err);
}

/* --- permission --- */

void ssm_send_target(struct call *c)
{
    const struct json *ids = json_get(c->in, "InstanceIds");
    const struct json *instance = world_get(c->world, "ec2.instance", json_text(json_at(ids, 0)));

    /* Tags of several would have to agree; one instance is managed anyway. */
    if (json_count(ids) != 1 || !instance)
        return;
    c->context = json_object();
    context_add_tags(c->context, "ssm:resourceTag", json_get(instance, "Tags"));
    context_add_tags(c->context, "aws:ResourceTag", json_get(instance, "Tags"));
}

bool ssm_send_also(struct call *c, const char **action, char resource[2100])
{
    const struct json *targets = json_get(c->in, "Targets"), *one = json_at(targets, 0);
    const struct json *values = json_get(one, "Values");
    bool single = json_count(targets) == 1 && json_count(values) == 1 &&
                  strcmp(json_get_text(one, "Key"), "InstanceIds") == 0;

    if (json_count(targets) == 0)
        return false;
    *action = "ssm:SendCommand";
    sandbox_arn(c->sandbox, resource, "ec2", sandbox_region(c->sandbox), "instance/%.200s",
                single ? json_text(json_at(values, 0)) : "*");
    return true;
}

/* --- sending --- */

/* Takes `otherwise` over. */
static void put_or(struct json *out, const char *member, const struct json *given, struct json *otherwise)
{
    json_put(out, member, given ? json_copy(given) : json_copy(otherwise));
    json_free(otherwise);
}

static struct json *command_new(const struct call *c, const char *id, int64_t execution_s)
{
    static const struct {
        const char *given, *shown, *otherwise;
    } texts[] = {
        {"DocumentVersion", "DocumentVersion", "$DEFAULT"},
        {"Comment", "Comment", ""},
        {"MaxConcurrency", "MaxConcurrency", "50"},
        {"MaxErrors", "MaxErrors", "0"},
        {"ServiceRoleArn", "ServiceRole", ""},
        {"OutputS3BucketName", "OutputS3BucketName", ""},
        {"OutputS3KeyPrefix", "OutputS3KeyPrefix", ""},
    };
    int64_t delivery_s = json_int(json_get(c->in, "TimeoutSeconds"), DELIVERY_S);
    struct json *out = json_of("CommandId", id, "DocumentName", DOCUMENT, NULL);
    struct json *notification = json_of("NotificationArn", "", "NotificationType", "", NULL);
    struct json *logs = json_of("CloudWatchLogGroupName", "", NULL);

    json_put(notification, "NotificationEvents", json_array());
    json_put_bool(logs, "CloudWatchOutputEnabled", false);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        put_or(out, texts[i].shown, json_get(c->in, texts[i].given), json_text_new(texts[i].otherwise));
    put_or(out, "InstanceIds", json_get(c->in, "InstanceIds"), json_array());
    put_or(out, "Targets", json_get(c->in, "Targets"), json_array());
    put_or(out, "NotificationConfig", json_get(c->in, "NotificationConfig"), notification);
    put_or(out, "CloudWatchOutputConfig", json_get(c->in, "CloudWatchOutputConfig"), logs);
    json_put(out, "RequestedDateTime", json_number((double)c->now_ms / 1000.0));
    json_put(out, "ExpiresAfter",
             json_number((double)(c->now_ms + (delivery_s + execution_s) * 1000) / 1000.0));
    json_put_int(out, "TimeoutSeconds", delivery_s);
    return out;
}

/* Removes the oldest ones that have ended; returns the next one's number. */
static int64_t make_room(struct world *w)
{
    int64_t newest = 0;
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, SSM_COMMAND, i, NULL)); i++)
        if (json_int(json_get(e, "order"), 0) > newest)
            newest = json_int(json_get(e, "order"), 0);
    for (size_t i = world_count(w, SSM_COMMAND); i-- > 0;) {
        const char *key;

        e = world_at(w, SSM_COMMAND, i, &key);
        if (json_int(json_get(e, "order"), 0) > newest - HISTORY_LIMIT || !ssm_finished(e))
            continue;
        CLEANUP(mem_freep) char *id = mem_dup(key);
        world_remove(w, SSM_COMMAND, id);
    }
    return newest + 1;
}

static void delivery_ended(struct sandbox *s, void *arg)
{
    CLEANUP(mem_freep) char *id = arg;
    struct json *command = world_edit(sandbox_world(s), SSM_COMMAND, id);

    if (command && strcmp(ssm_status(command), "Pending") == 0)
        ssm_set_status(command, "TimedOut", "DeliveryTimedOut");
}

static void answer(struct call *c, const struct json *command)
{
    struct json *shown = json_copy(json_get(command, "Command"));

    json_put(shown, "Parameters", json_copy(json_get(c->in, "Parameters")));
    c->out = json_object();
    json_put(c->out, "Command", shown);
    c->trail_response = json_object();
    struct json *recorded = json_put(c->trail_response, "command", json_object());
    json_put_text(recorded, "commandId", json_get_text(shown, "CommandId"));
    json_put_text(recorded, "documentName", DOCUMENT);
    json_put(recorded, "instanceIds", json_copy(json_get(shown, "InstanceIds")));
    json_put_text(recorded, "parameters", "HIDDEN_DUE_TO_SECURITY_REASONS");
    json_put_text(recorded, "status", json_get_text(shown, "Status"));
    json_put_text(recorded, "statusDetails", json_get_text(shown, "StatusDetails"));
}

bool ssm_send(struct call *c, struct error *err)
{
    const struct json *given = json_get(c->in, "Parameters");
    CLEANUP(buf_release) struct buf text = {0};
    const char *instance = "";
    int64_t execution_s;
    struct json *command;
    char id[37];

    if (!document_is_known(c, err) || !check_parameters(given, &execution_s, err) ||
        !find_instance(c, &instance, err))
        return false;
    random_uuid(sandbox_random(c->sandbox), id);
    command = json_of("instance", instance, NULL);
    json_write(given, &text);
    json_put_str(command, "parameters", buf_str(&text));
    json_put_int(command, "order", make_room(c->world));
    json_put_int(command, "requested_ms", c->now_ms);
    json_put_int(command, "execution_timeout_s", execution_s);
    json_put(command, "invocation", json_object());
    json_put(command, "Command", command_new(c, id, execution_s));
    command = world_put(c->world, SSM_COMMAND, id, command);
    if (*instance)
        ssm_set_status(command, "Pending", "Pending");
    else
        ssm_set_status(command, "Success", "NoInstancesInTag");
    answer(c, command);
    ssm_start_waiting(c->sandbox);
    if (strcmp(ssm_status(command), "Pending") == 0)
        sandbox_at(c->sandbox, c->now_ms + 1000 * json_int(json_path(command, "Command.TimeoutSeconds"), 0),
                   delivery_ended, mem_dup(id), mem_free);
    return true;
}

bool ssm_cancel(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "CommandId");
    const struct json *ids = json_get(c->in, "InstanceIds");
    struct json *command = world_edit(c->world, SSM_COMMAND, id);

    if (!command)
        return error_aws(err, "InvalidCommandId", "");
    for (const struct json *e = json_first(ids); e; e = json_next(e))
        if (!json_equal(e, json_get(command, "instance")))
            return not_valid(c, ids, err);
    c->out = json_object();
    if (ssm_finished(command))
        return true;
    if (strcmp(ssm_status(command), "Pending") == 0) {
        ssm_set_status(command, "Cancelled", "Cancelled");
        return true;
    }
    ssm_set_status(command, "Cancelling", "Cancelling");
    ssm_cancel_run(c->sandbox, id);
    return true;
}
