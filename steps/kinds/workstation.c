#include "steps/kinds/workstation.h"

#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/association.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* In the order of enum way_from. */
const char *const way_words[] = {"instance", "ssm", "assume-role", "caller", NULL};
const char *const way_instance_kinds[] = {"ec2.instance", NULL};
const char *const way_role_kinds[] = {"iam.role", NULL};

static const enum step_identity identities[] = {AS_INSTANCE, AS_CALLER, AS_ROLE, AS_CALLER};

/* --- the choice --- */

/* On an instance that is not the workstation its own role says nothing. */
static enum way_from choose_here(struct step_context *c, const char *workstation)
{
    const char *machine = step_machine(c);

    if (!*workstation)
        return FROM_INSTANCE;
    return strcmp(machine, workstation) == 0 ? FROM_INSTANCE : FROM_SSM;
}

static void show(struct step_context *c, const struct way *way)
{
    const char *machine;

    if (*json_get_text(step_with(c), "from") || !once(c, "way shown"))
        return;
    machine = step_machine(c);
    if (way->from == FROM_INSTANCE)
        step_note(c, "from the workstation, which this machine is");
    else
        step_note(c, "through Systems Manager on %s: lab runs on %s", way->instance,
                  *machine ? machine : "a machine without metadata service");
}

bool way_choose(struct step_context *c, struct way *out, struct error *err)
{
    const struct json *args = step_with(c);
    const char *from = json_get_text(args, "from");
    const char *role = json_text(json_path(args, "role.arn"));

    *out = (struct way){.instance = json_text(json_path(args, "instance.id"))};
    if (!*from)
        out->from = choose_here(c, out->instance);
    for (size_t i = 0; way_words[i]; i++) {
        if (strcmp(from, way_words[i]) == 0)
            out->from = (enum way_from)i;
    }
    out->who = identities[out->from];
    if (out->from == FROM_SSM && !*out->instance)
        return error_set(err, ERR_PLAN, "from: ssm needs `instance`, the workstation");
    if (out->from == FROM_ROLE && !*role)
        return error_set(err, ERR_PLAN, "from: assume-role needs `role`, the role to assume");
    if (out->from == FROM_ROLE)
        step_assume(c, role);
    show(c, out);
    return true;
}

/* --- Systems Manager --- */

static struct json *ping_input(const char *instance)
{
    struct json *in = json_object();
    struct json *filter =
        json_push(json_put(in, "Filters", json_array()), json_of("Key", "InstanceIds", NULL));

    json_push(json_put(filter, "Values", json_array()), json_text_new(instance));
    return in;
}

bool way_ping(struct step_context *c, const char *instance, char ping[PING_MAX], struct error *err)
{
    CLEANUP(json_freep) struct json *in = ping_input(instance);
    CLEANUP(json_freep) struct json *out = NULL;

    ping[0] = '\0';
    if (!step_call(c, AS_CALLER, "ssm", "DescribeInstanceInformation", in, &out, err))
        return false;
    (void)snprintf(ping, PING_MAX, "%s", json_text(json_path(out, "InstanceInformationList.0.PingStatus")));
    return true;
}

bool way_is_online(const char *ping)
{
    return strcmp(ping, "Online") == 0;
}

/* One line NAME='VALUE' for the shell. The braces are Systems Manager's own
 * parameters, and a control character has no place in a name. */
static bool add_line(struct buf *out, const char *name, struct str value, struct error *err)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char ch = (unsigned char)value.data[i];
        if (ch < ' ' || ch == 0x7f || ch == '{')
            return error_set(err, ERR_PLAN, "%s has a character that cannot be sent to the workstation",
                             name);
    }
    buf_printf(out, "%s='", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, value.data[i]);
    }
    buf_adds(out, "'\n");
    return true;
}

static bool write_script(const struct step_context *c, const char *action, const struct json *vars,
                         struct buf *out, struct error *err)
{
    struct str script = step_workstation_script(c);

    if (str_empty(script))
        return error_set(err, ERR_FAILED, "this lab carries no script for the workstation");
    if (!add_line(out, "ACTION", str_of(action), err))
        return false;
    for (const struct json *v = json_first(vars); v; v = json_next(v)) {
        if (!add_line(out, json_key(v), json_str(v), err))
            return false;
    }
    buf_add(out, script);
    return true;
}

static struct json *send_input(const char *instance, const char *script)
{
    struct json *in = json_of("DocumentName", "AWS-RunShellScript", NULL);
    struct json *parameters;

    json_push(json_put(in, "InstanceIds", json_array()), json_text_new(instance));
    parameters = json_put(in, "Parameters", json_object());
    json_push(json_put(parameters, "commands", json_array()), json_text_new(script));
    json_push(json_put(parameters, "executionTimeout", json_array()), json_text_new("120"));
    return in;
}

static bool send_script(struct step_context *c, const char *instance, const char *script, struct error *err)
{
    CLEANUP(json_freep) struct json *in = send_input(instance, script);
    CLEANUP(json_freep) struct json *out = NULL;

    if (!effect_call(c, instance, "ssm", "SendCommand", in, &out, err))
        return false;
    json_put_text(step_scratch(c), "command", json_text(json_path(out, "Command.CommandId")));
    return true;
}

#define AGENT_REMEDY                                                                                         \
    "its role needs AmazonSSMManagedInstanceCore, its agent has to run and to reach Systems Manager"

/* Why Systems Manager takes no command, in a few words that are waited under. */
static const struct {
    const char *ping;
    struct step_wait wait;
} absences[] = {
    {"",
     {"the workstation's agent to register with Systems Manager (" AGENT_REMEDY ")", 1000, 10000, 300000}},
    {"ConnectionLost",
     {"the workstation's agent to be back, whose connection to Systems Manager is lost (" AGENT_REMEDY ")",
      1000, 10000, 300000}},
    {"Inactive",
     {"the workstation's agent to be active in Systems Manager again (" AGENT_REMEDY ")", 1000, 10000,
      300000}},
};

static const struct step_wait *absence(const char *ping)
{
    size_t i = ARRAY_LEN(absences) - 1;

    while (i > 0 && strcmp(absences[i].ping, ping) != 0)
        i--;
    return &absences[i].wait;
}

/* Lost for most of the time it may take: whatever the cause, the workstation is not
 * left to a role in which nobody reaches it. */
static bool is_lost(struct step_context *c, const char *ping)
{
    struct json *scratch = step_scratch(c);
    const struct step_wait *wait = absence(ping);

    if (!json_get(scratch, "lost_ms"))
        json_put_int(scratch, "lost_ms", step_now_ms(c));
    return !step_checks(c) && step_now_ms(c) - json_int(json_get(scratch, "lost_ms"), 0) >
                                  step_deadline_ms(c, wait->deadline_ms) / 4 * 3;
}

static enum step_status give_back(struct step_context *c, const struct way *way, struct error *err)
{
    bool gave;
    enum step_status status = association_give_back(c, way->instance, &gave, err);

    if (status != STEP_FINISHED)
        return status;
    error_set(err, ERR_TRY_AGAIN, "Systems Manager does not reach %s (%s): %s%s", way->instance,
              json_get_text(step_scratch(c), "lost"), AGENT_REMEDY,
              gave ? "; it has its original profile back" : "");
    return STEP_FAILED;
}

static enum step_status await_agent(struct step_context *c, const struct way *way, const char *ping,
                                    struct error *err)
{
    if (!is_lost(c, ping))
        return step_wait(c, absence(ping));
    json_put_text(step_scratch(c), "lost", *ping ? ping : "not registered");
    return give_back(c, way, err);
}

static const struct step_wait script_ends = {"the script on the workstation to end", 300, 3000, 180000};

static enum step_status send_when_online(struct step_context *c, const struct way *way, const char *action,
                                         const struct json *vars, struct error *err)
{
    CLEANUP(buf_release) struct buf script = {0};
    char ping[PING_MAX];

    if (json_get(step_scratch(c), "lost"))
        return give_back(c, way, err);
    if (!way_ping(c, way->instance, ping, err))
        return STEP_FAILED;
    if (!way_is_online(ping))
        return await_agent(c, way, ping, err);
    json_remove(step_scratch(c), "lost_ms");
    if (!write_script(c, action, vars, &script, err))
        return STEP_FAILED;
    return send_script(c, way->instance, buf_text(&script), err) ? step_wait(c, &script_ends)
                                                                 : gotcha_or_fail(c, "ssm:SendCommand", err);
}

static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

/* "An error occurred (CODE) when calling the OPERATION operation: TEXT" */
static bool aws_words(const char *words, char code[64], const char **text)
{
    static const char mark[] = "An error occurred (", call[] = ") when calling the ";
    const char *at = strstr(words, mark);
    const char *end = at ? strstr(at, call) : NULL;

    if (!end || end - at - (ptrdiff_t)(sizeof mark - 1) >= 64)
        return false;
    at += sizeof mark - 1;
    snprintf(code, 64, "%.*s", (int)(end - at), at);
    *text = end + sizeof call - 1;
    return true;
}

/* "ERROR 1045 (28000): Access denied for user …", with " at line 1" in it when
 * a statement failed. */
static bool sql_words(const char *words, int *number, char state[6], const char **text)
{
    const char *at = strstr(words, "ERROR ");
    int used = 0;

    if (!at || sscanf(at, "ERROR %9d (%5[0-9A-Z])%n", number, state, &used) != 2 || used == 0)
        return false;
    *text = at;
    return true;
}

bool way_script_error(const char *words, struct error *err)
{
    char code[64], state[6], said[700];
    const char *text;
    int number;

    if (aws_words(words, code, &text)) {
        snprintf(said, sizeof said, "%.*s", first_line(text), text);
        return error_aws(err, code, said);
    }
    if (sql_words(words, &number, state, &text)) {
        bool unreachable = number >= 2000 && number < 3000;
        enum error_code kind = unreachable                   ? ERR_UNREACHABLE
                               : strcmp(state, "28000") == 0 ? ERR_DENIED
                                                             : ERR_SQL;
        (void)error_set(err, kind, "%.*s", first_line(text), text);
        if (!unreachable)
            (void)snprintf(err->remote_code, sizeof err->remote_code, "%s", state);
        err->os_errno = number;
        return false;
    }
    return error_set(err, ERR_FAILED, "the script on the workstation: %.*s", first_line(words), words);
}

static enum step_status read_end(const struct json *seen, struct buf *out, struct error *err)
{
    const char *status = json_get_text(seen, "Status");
    const char *details = json_get_text(seen, "StatusDetails");

    if (strcmp(status, "Success") == 0) {
        buf_add(out, json_str(json_get(seen, "StandardOutputContent")));
        return STEP_FINISHED;
    }
    if (strcmp(status, "Failed") == 0 && *json_get_text(seen, "StandardErrorContent"))
        (void)way_script_error(json_get_text(seen, "StandardErrorContent"), err);
    else
        error_set(err, ERR_FAILED, "the script on the workstation ended as %s%s", details,
                  strcmp(details, "DeliveryTimedOut") == 0 || strcmp(details, "Undeliverable") == 0
                      ? ": its agent did not take it (" AGENT_REMEDY ")"
                      : "");
    return STEP_FAILED;
}

/* A script that nobody has begun: the agent may have been lost since it was sent. */
static enum step_status await_end(struct step_context *c, const struct way *way, const char *status,
                                  struct error *err)
{
    char ping[PING_MAX];

    if (strcmp(status, "Pending") != 0 && strcmp(status, "Delayed") != 0)
        return step_wait(c, &script_ends);
    if (!way_ping(c, way->instance, ping, err))
        return STEP_FAILED;
    return way_is_online(ping) ? step_wait(c, &script_ends) : await_agent(c, way, ping, err);
}

enum step_status way_run_script(struct step_context *c, const struct way *way, const char *action,
                                const struct json *vars, struct buf *out, struct error *err)
{
    static const char *const running[] = {"Pending", "InProgress", "Delayed", "Cancelling"};
    const char *command = json_get_text(step_scratch(c), "command");
    CLEANUP(json_freep) struct json *in = NULL;
    CLEANUP(json_freep) struct json *seen = NULL;

    if (!*command || json_get(step_scratch(c), "lost"))
        return send_when_online(c, way, action, vars, err);
    in = json_of("CommandId", command, "InstanceId", way->instance, NULL);
    if (!step_call(c, AS_CALLER, "ssm", "GetCommandInvocation", in, &seen, err))
        return gotcha_or_fail(c, "ssm:GetCommandInvocation", err);
    for (size_t i = 0; i < ARRAY_LEN(running); i++) {
        if (strcmp(json_get_text(seen, "Status"), running[i]) == 0)
            return await_end(c, way, running[i], err);
    }
    json_remove(step_scratch(c), "command");
    return read_end(seen, out, err);
}

/* --- explained --- */

bool way_explain(const struct step_context *c, enum way_from *from, struct error *err)
{
    const char *word = json_get_text(step_with(c), "from");
    bool has_instance = *json_text(json_path(step_with(c), "instance.id"));

    *from = has_instance ? FROM_SSM : FROM_INSTANCE;
    for (size_t i = 0; way_words[i]; i++) {
        if (strcmp(word, way_words[i]) == 0)
            *from = (enum way_from)i;
    }
    if (*from == FROM_ROLE)
        return error_set(err, ERR_FAILED, "from: assume-role cannot be explained");
    if (*from == FROM_SSM && !has_instance)
        return error_set(err, ERR_PLAN, "from: ssm needs `instance`, the workstation");
    return true;
}

static void explain_agent(const struct step_context *c, const char *instance, struct json *items)
{
    static const char *const online[] = {"Online", NULL};

    explain_repeat(items, "until Systems Manager reaches the workstation");
    explain_gives(c, explain_call(items, "ssm", "DescribeInstanceInformation", ping_input(instance)), "agent",
                  "InstanceInformationList.0.PingStatus");
    explain_until(c, items, "agent", online);
}

static void explain_end(const struct step_context *c, const char *instance, const char *member,
                        struct json *items)
{
    static const char *const ends[] = {"Success", "Failed", "TimedOut", "Cancelled", NULL};
    CLEANUP(mem_freep) char *command = explain_own(c, "command");
    struct json *call;

    explain_repeat(items, "until the script has ended there");
    call = explain_call(items, "ssm", "GetCommandInvocation",
                        json_of("CommandId", command, "InstanceId", instance, NULL));
    json_put_bool(call, "again", true);
    explain_gives(c, call, "status", "Status");
    explain_gives(c, call, "said", member);
    explain_until(c, items, "status", ends);
}

bool way_explain_script(const struct step_context *c, const char *action, const struct json *vars,
                        const char *member, const char *contains, struct json *items, struct error *err)
{
    const char *instance = json_text(json_path(step_with(c), "instance.id"));
    CLEANUP(buf_release) struct buf script = {0};

    if (!write_script(c, action, vars, &script, err))
        return false;
    explain_agent(c, instance, items);
    explain_repeat(items, "until the workstation says what it should: a change of roles takes time");
    explain_gives(c, explain_call(items, "ssm", "SendCommand", send_input(instance, buf_text(&script))),
                  "command", "Command.CommandId");
    explain_end(c, instance, member, items);
    explain_until_seen(c, items, "said", contains);
    return true;
}
