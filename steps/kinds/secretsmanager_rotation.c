/* secretsmanager.rotation: automatic rotation by a hosted rotation function,
 * made through a CloudFormation stack as the console does it. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/rotation_interface.h"
#include "steps/kinds/rotation_network.h"
#include "steps/kinds/stack.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

#include <stdio.h>
#include <string.h>

static const char *const secret_kinds[] = {"secretsmanager.secret", NULL};
static const char *const cluster_kinds[] = {"rds.cluster", NULL};

static const struct schema_field with[] = {
    {.name = "secret",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = secret_kinds,
     .help = "the secret"},
    {.name = "cluster",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = cluster_kinds,
     .help = "the DB cluster, whose network the function takes"},
    {.name = "function",
     .type = FIELD_TEXT,
     .required = true,
     .max = 64,
     .help = "name of the rotation function"},
    {.name = "stack", .type = FIELD_TEXT, .required = true, .max = 128, .help = "name of the stack"},
    {.name = "days",
     .type = FIELD_INTEGER,
     .otherwise = "30",
     .min = 1,
     .max = 1000,
     .help = "days between rotations"},
    {0},
};

static const struct output_field outputs[] = {{"stack", false, "name of the stack"},
                                              {"stack_id", false, "id of the stack"},
                                              {"function", false, "name of the function"},
                                              {"function_arn", false, "ARN of the function"},
                                              {"version", false, "version made by the first rotation"},
                                              {0}};

enum {
    STACK_DEADLINE_MS = 20 * 60 * 1000,
    ROTATION_DEADLINE_MS = 10 * 60 * 1000,
    DELETE_DEADLINE_MS = 60 * 60 * 1000
};

static const char *stack_name(const struct step_context *c)
{
    return json_get_text(step_with(c), "stack");
}

static const char *secret_arn(const struct step_context *c)
{
    return json_text(json_path(step_with(c), "secret.arn"));
}

/* Facts 8.3: AWSCURRENT has moved, and AWSPENDING is gone or on it. On the
 * version before it too: somebody has put a value by hand since, and that moves
 * AWSCURRENT alone. */
static bool has_rotated(const struct json *secret, const char *before)
{
    const char *current = version_labelled(secret, "AWSCURRENT");
    const char *pending = version_labelled(secret, "AWSPENDING");

    return json_get(secret, "LastRotatedDate") && *current && strcmp(current, before) != 0 &&
           (!*pending || strcmp(pending, current) == 0 ||
            strcmp(pending, version_labelled(secret, "AWSPREVIOUS")) == 0);
}

static struct json *secret_input(const struct step_context *c)
{
    return json_of("SecretId", secret_arn(c), NULL);
}

static bool describe_secret(struct step_context *c, struct json **out, struct error *err)
{
    *out = NULL;
    if (!*secret_arn(c))
        return true;
    return look_up(c, "secretsmanager", "DescribeSecret", secret_input(c), "ResourceNotFoundException", out,
                   err);
}

static void give(struct step_context *c, const struct stack_look *l, const struct json *secret)
{
    step_output_text(c, "stack", stack_name(c));
    step_output_text(c, "stack_id", l->id);
    step_output_text(c, "function", json_get_text(step_with(c), "function"));
    step_output_text(c, "function_arn", json_get_text(secret, "RotationLambdaARN"));
    step_output_text(c, "version", version_labelled(secret, "AWSCURRENT"));
}

static const char *kms_key(const struct step_context *c)
{
    return json_text(json_path(step_with(c), "secret.kms_key"));
}

/* The function's role may use the key of the time when the stack was made. */
static bool of_other_key(struct step_context *c)
{
    const struct json *made_for = json_get(step_memo(c), "kms_key");

    return made_for && strcmp(json_text(made_for), kms_key(c)) != 0;
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(stack_release) struct stack_look l = {0};
    CLEANUP(json_freep) struct json *secret = NULL;

    if (!stack_look(c, stack_name(c), &l, err) || !describe_secret(c, &secret, err))
        return false;
    o->state = OBSERVED_ABSENT;
    if (!*l.id)
        return true;
    o->ours = step_tags_ours(c, l.tags);
    int64_t wanted = json_int(json_get(step_with(c), "days"), 30);
    int64_t days = json_int(json_path(secret, "RotationRules.AutomaticallyAfterDays"), 0);
    o->state = OBSERVED_DIFFERS;
    if (strcmp(l.status, "CREATE_COMPLETE") != 0)
        set_detail(o, "stack %s is %s", stack_name(c), l.status);
    else if (!json_bool(json_get(secret, "RotationEnabled"), false))
        set_detail(o, "rotation is off");
    else if (of_other_key(c))
        set_detail(o, "its function was made for another KMS key of the secret");
    else if (days != wanted)
        set_detail(o, "it rotates every %lld days, not %lld", (long long)days, (long long)wanted);
    else if (!has_rotated(secret, ""))
        set_detail(o, "the first rotation has not ended");
    else
        o->state = OBSERVED_PRESENT;
    give(c, &l, secret);
    return true;
}

static struct json *subnets_input(const struct step_context *c)
{
    return json_of("DBSubnetGroupName", json_text(json_path(step_with(c), "cluster.subnet_group")), NULL);
}

/* Owned. */
static bool describe_subnet_group(struct step_context *c, struct json **out, struct error *err)
{
    const char *group = json_text(json_path(step_with(c), "cluster.subnet_group"));

    if (!look_up(c, "rds", "DescribeDBSubnetGroups", subnets_input(c), NULL, out, err))
        return false;
    if (json_count(json_path(*out, "DBSubnetGroups.0.Subnets")) == 0)
        return error_set(err, ERR_FAILED, "subnet group %s has no subnets", group);
    return true;
}

/* The ids joined by commas as the template wants them. */
static void join_subnets(const struct json *group, struct buf *out)
{
    const struct json *subnets = json_get(group, "Subnets");

    for (const struct json *s = json_first(subnets); s; s = json_next(s))
        buf_printf(out, "%s%s", out->len ? "," : "", json_get_text(s, "SubnetIdentifier"));
}

/* A mark stands for the joined list. */
static void join(const struct json *list, struct buf *out)
{
    if (json_is_string(list))
        buf_add(out, json_str(list));
    for (const struct json *e = json_first(list); e; e = json_next(e))
        buf_printf(out, "%s%s", out->len ? "," : "", json_text(e));
}

static void write_template(const struct step_context *c, const char *subnets, struct buf *out)
{
    const struct json *args = step_with(c);
    CLEANUP(buf_release) struct buf groups = {0};
    CLEANUP(json_freep)
    struct json *template =
        json_of("AWSTemplateFormatVersion", "2010-09-09", "Description",
                "Rotates the secret of a database user", "Transform", "AWS::SecretsManager-2024-09-16", NULL);

    join(json_path(args, "cluster.security_groups"), &groups);
    struct json *schedule = json_put(json_put(template, "Resources", json_object()), "RotationSchedule",
                                     json_of("Type", "AWS::SecretsManager::RotationSchedule", NULL));
    struct json *properties = json_put(schedule, "Properties", json_of("SecretId", secret_arn(c), NULL));
    struct json *function = json_put(properties, "HostedRotationLambda",
                                     json_of("RotationType", "MySQLSingleUser", "RotationLambdaName",
                                             json_get_text(args, "function"), "VpcSecurityGroupIds",
                                             buf_text(&groups), "VpcSubnetIds", subnets, NULL));
    /* Its role gets to use the key by this. */
    if (*kms_key(c))
        json_put_text(function, "KmsKeyArn", kms_key(c));
    json_put_int(json_put(properties, "RotationRules", json_object()), "AutomaticallyAfterDays",
                 json_int(json_get(args, "days"), 30));
    json_write(template, out);
}

static struct json *create_input(const struct step_context *c, const char *subnets)
{
    CLEANUP(buf_release) struct buf template = {0};
    struct json *in = json_of("StackName", stack_name(c), NULL);
    struct json *capabilities;

    write_template(c, subnets, &template);
    json_put_str(in, "TemplateBody", buf_str(&template));
    capabilities = json_put(in, "Capabilities", json_array());
    json_push(capabilities, json_text_new("CAPABILITY_IAM"));
    json_push(capabilities, json_text_new("CAPABILITY_AUTO_EXPAND"));
    json_put(in, "Tags", step_tags(c));
    return in;
}

/* What the look at the network is told about. */
struct preflight {
    struct step_context *c;
    struct buf faults;
};

static bool ask_network(void *self, const char *service, const char *operation, const struct json *in,
                        struct json **out, struct error *err)
{
    struct preflight *p = self;

    return step_call_all(p->c, AS_CALLER, service, operation, in, out, err);
}

static void find_network(void *self, const struct network_finding *f)
{
    struct preflight *p = self;

    if (f->state == NETWORK_CANNOT_TELL)
        step_note(p->c, "%s cannot be told before the rotation: %s", f->check, f->found);
    if (f->state == NETWORK_FAULT)
        buf_printf(&p->faults, "%s%s: %s: %s", p->faults.len ? "; " : "", f->check, f->found, f->remedy);
}

/* A function that cannot reach the database or Secrets Manager fails at its first
 * rotation, minutes after the stack was made: said before anything is. */
static bool check_network(struct step_context *c, const struct json *subnet_group, struct error *err)
{
    struct preflight preflight = {.c = c};
    const struct rotation_network network = {
        .region = step_region(c),
        .groups = json_path(step_with(c), "cluster.security_groups"),
        .subnet_group = subnet_group,
        .port = json_int(json_path(step_with(c), "cluster.port"), 3306),
        .ask = ask_network,
        .find = find_network,
        .self = &preflight,
    };
    bool ok = rotation_network_look(&network, err);

    if (ok && preflight.faults.len > 0)
        ok = error_set(err, ERR_FAILED, "the rotation function's network: %s", buf_text(&preflight.faults));
    buf_release(&preflight.faults);
    return ok;
}

static bool create_stack(struct step_context *c, const struct json *secret, struct error *err)
{
    CLEANUP(buf_release) struct buf subnets = {0};
    CLEANUP(json_freep) struct json *groups = NULL;
    CLEANUP(json_freep) struct json *in = NULL;
    CLEANUP(json_freep) struct json *out = NULL;

    if (!describe_subnet_group(c, &groups, err) ||
        !check_network(c, json_path(groups, "DBSubnetGroups.0"), err))
        return false;
    join_subnets(json_path(groups, "DBSubnetGroups.0"), &subnets);
    in = create_input(c, buf_text(&subnets));
    /* The version in use now: the first rotation has ended when another is. */
    json_put_text(step_memo(c), "before", version_labelled(secret, "AWSCURRENT"));
    json_put_text(step_memo(c), "secret", secret_arn(c));
    json_put_text(step_memo(c), "kms_key", kms_key(c));
    if (!step_save_memo(c, err))
        return false;
    if (!effect_call(c, stack_name(c), "cloudformation", "CreateStack", in, &out, err))
        return asked_before(c, "cloudformation:CreateStack", stack_name(c), "AlreadyExistsException", err);
    json_put_text(step_memo(c), "stack_id", json_get_text(out, "StackId"));
    return true;
}

static bool delete_stack(struct step_context *c, const struct stack_look *l, struct error *err)
{
    json_put_text(step_memo(c), "stack_id", l->id);
    return step_save_memo(c, err) && change(c, stack_name(c), "cloudformation", "DeleteStack",
                                            json_of("StackName", l->id, NULL), "", NULL, err);
}

static enum step_status stack_failed(struct step_context *c, const struct stack_look *l, struct error *err)
{
    CLEANUP(mem_freep) char *reason = NULL;

    if (stack_find_failure(c, l->id, &reason, err))
        error_set(err, ERR_FAILED, "stack %s is %s: %s", stack_name(c), l->status,
                  *reason ? reason : "its events give no reason");
    return STEP_FAILED;
}

static enum step_status await_deletion(struct step_context *c)
{
    static const struct step_wait gone = {"the old stack to be deleted", 500, 10000, STACK_DEADLINE_MS};

    return step_wait(c, &gone);
}

/* A stack that failed in an earlier run, or that rotates a secret which was
 * deleted since, stands in the way of a new one. */
static enum step_status clear_old(struct step_context *c, const struct stack_look *l, struct error *err)
{
    if (json_get(step_scratch(c), "created"))
        return stack_failed(c, l, err);
    if (once(c, "cleared") && !delete_stack(c, l, err) && !again(c, "cleared"))
        return STEP_FAILED;
    return await_deletion(c);
}

/* The stack's schedule names its secret by ARN, and a secret made anew has
 * another one. */
static bool of_other_secret(struct step_context *c)
{
    const char *made_for = json_get_text(step_memo(c), "secret");

    return *made_for && *secret_arn(c) && strcmp(made_for, secret_arn(c)) != 0;
}

static enum step_status await_rotation(struct step_context *c, const struct stack_look *l,
                                       const struct json *secret, struct error *err)
{
    static const struct step_wait first = {"the first rotation to end", 300, 10000, ROTATION_DEADLINE_MS};

    if (!has_rotated(secret, json_get_text(step_memo(c), "before")))
        return step_wait(c, &first);
    if (!stack_tell_events(c, l->id, err))
        return STEP_FAILED;
    give(c, l, secret);
    return STEP_FINISHED;
}

static enum step_status await_stack(struct step_context *c, const struct stack_look *l, struct error *err)
{
    static const struct step_wait made = {"the stack to be created", 300, 10000, STACK_DEADLINE_MS};

    if (!stack_tell_events(c, l->id, err))
        return STEP_FAILED;
    if (strcmp(l->status, "CREATE_IN_PROGRESS") == 0)
        return step_wait(c, &made);
    if (strcmp(l->status, "DELETE_IN_PROGRESS") == 0)
        return await_deletion(c);
    if (strcmp(l->status, "ROLLBACK_IN_PROGRESS") == 0)
        return step_wait(c, &made);
    return clear_old(c, l, err);
}

/* A change of the schedule on a finished stack. */
static bool set_days(struct step_context *c, const struct json *secret, struct error *err)
{
    int64_t wanted = json_int(json_get(step_with(c), "days"), 30);

    if (json_bool(json_get(secret, "RotationEnabled"), false) &&
        json_int(json_path(secret, "RotationRules.AutomaticallyAfterDays"), 0) == wanted)
        return true;
    struct json *in = json_of("SecretId", secret_arn(c), "RotationLambdaARN",
                              json_get_text(secret, "RotationLambdaARN"), NULL);
    json_put_int(json_put(in, "RotationRules", json_object()), "AutomaticallyAfterDays", wanted);
    json_put_bool(in, "RotateImmediately", false);
    return change(c, secret_arn(c), "secretsmanager", "RotateSecret", in, "", NULL, err);
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"CloudFormation to show the stack", 300, 5000, 120000};
    CLEANUP(stack_release) struct stack_look l = {0};
    CLEANUP(json_freep) struct json *secret = NULL;

    if (!stack_look(c, stack_name(c), &l, err) || !describe_secret(c, &secret, err))
        return STEP_FAILED;
    if (!*l.id) {
        if (once(c, "created") && !create_stack(c, secret, err) && !again(c, "created"))
            return STEP_FAILED;
        return step_wait(c, &seen);
    }
    if (!step_tags_ours(c, l.tags) && !step_adopts(c)) {
        not_ours("stack", stack_name(c), err);
        return STEP_FAILED;
    }
    if (strcmp(l.status, "CREATE_COMPLETE") != 0 && strcmp(l.status, "UPDATE_COMPLETE") != 0)
        return await_stack(c, &l, err);
    if (of_other_secret(c) || of_other_key(c))
        return clear_old(c, &l, err);
    if (!set_days(c, secret, err))
        return gotcha_or_fail(c, "secretsmanager:RotateSecret", err);
    return await_rotation(c, &l, secret, err);
}

/* What the workshop's cleanup forgets and even the stack leaves behind: the
 * function's log group. */
static bool delete_log_group(struct step_context *c, bool *done, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("/aws/lambda/%s", json_get_text(step_with(c), "function"));
    CLEANUP(json_freep) struct json *out = NULL;

    *done = true;
    if (!look_up_all(c, "logs", "DescribeLogGroups", json_of("logGroupNamePrefix", name, NULL), NULL, &out,
                     err))
        return false;
    const struct json *groups = json_get(out, "logGroups");
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        if (strcmp(json_get_text(g, "logGroupName"), name) != 0)
            continue;
        *done = false;
        return change(c, name, "logs", "DeleteLogGroup", json_of("logGroupName", name, NULL),
                      "ResourceNotFoundException", NULL, err);
    }
    return true;
}

/* The stack is gone: so is everything but the log group, which is ours when
 * the stack was, and perhaps the network interface. */
static enum step_status finish_undo(struct step_context *c, struct error *err)
{
    bool made = json_get(step_memo(c), "stack_id") != NULL;
    bool done = true, releasing = false;

    if (!made && !step_made(c, "cloudformation:CreateStack", stack_name(c), &made, err))
        return STEP_FAILED;
    if (made && !interface_look(c, json_get_text(step_with(c), "function"), &releasing, err))
        return STEP_FAILED;
    if (releasing)
        return step_wait(c, &interface_wait);
    if (made && !delete_log_group(c, &done, err))
        return STEP_FAILED;
    json_remove(step_memo(c), "before");
    json_remove(step_memo(c), "secret");
    json_remove(step_memo(c), "kms_key");
    json_remove(step_memo(c), "stack_id");
    return STEP_FINISHED;
}

static const struct step_wait gone = {"the stack and its function to be deleted", 500, 20000,
                                      DELETE_DEADLINE_MS};

/* Most of the time it is the network interface that the stack waits for. */
static enum step_status watch_deletion(struct step_context *c, const struct stack_look *l, struct error *err)
{
    bool releasing;

    if (!stack_tell_events(c, l->id, err) ||
        !interface_look(c, json_get_text(step_with(c), "function"), &releasing, err))
        return STEP_FAILED;
    return step_wait(c, releasing ? &interface_wait : &gone);
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    CLEANUP(stack_release) struct stack_look l = {0};
    CLEANUP(json_freep) struct json *secret = NULL;

    if (!stack_look(c, stack_name(c), &l, err))
        return STEP_FAILED;
    if (!*l.id || strcmp(l.status, "DELETE_COMPLETE") == 0)
        return finish_undo(c, err);
    if (!step_tags_ours(c, l.tags)) {
        not_ours("stack", stack_name(c), err);
        return STEP_FAILED;
    }
    if (strcmp(l.status, "DELETE_IN_PROGRESS") == 0)
        return watch_deletion(c, &l, err);
    if (json_get(step_scratch(c), "deleted") && strcmp(l.status, "DELETE_FAILED") == 0)
        return stack_failed(c, &l, err);
    /* Rotation off first: it must not fire at a user that is on its way out. */
    if (!describe_secret(c, &secret, err))
        return STEP_FAILED;
    if (json_bool(json_get(secret, "RotationEnabled"), false) && !json_get(secret, "DeletedDate") &&
        !change(c, secret_arn(c), "secretsmanager", "CancelRotateSecret",
                json_of("SecretId", secret_arn(c), NULL), "", NULL, err))
        return STEP_FAILED;
    if (once(c, "deleted") && !delete_stack(c, &l, err) && !again(c, "deleted"))
        return STEP_FAILED;
    return step_wait(c, &gone);
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    static const char *const made[] = {"CREATE_COMPLETE", NULL};
    CLEANUP(mem_freep) char *subnets = explain_own(c, "subnets");

    (void)err;
    explain_gives(c, explain_call(items, "rds", "DescribeDBSubnetGroups", subnets_input(c)), "subnets",
                  "DBSubnetGroups.0.Subnets.*.SubnetIdentifier");
    explain_call(items, "cloudformation", "CreateStack", create_input(c, subnets));
    explain_repeat(items, "until the stack has made the function");
    explain_gives(
        c, explain_call(items, "cloudformation", "DescribeStacks", json_of("StackName", stack_name(c), NULL)),
        "status", "Stacks.0.StackStatus");
    explain_unless(explain_until(c, items, "status", made), "ROLLBACK");
    explain_repeat(items, "until the first rotation has ended");
    explain_gives(c, explain_call(items, "secretsmanager", "DescribeSecret", secret_input(c)), "labels",
                  "VersionIdsToStages.*.*");
    explain_until_seen(c, items, "labels", "AWSPREVIOUS");
    return true;
}

/* Rotation off first: it must not fire at a user that is on its way out. A deleted stack
 * is known by its id alone. The log group outlives the stack. */
static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    static const char *const deleted[] = {"DELETE_COMPLETE", NULL};
    CLEANUP(mem_freep) char *stack = explain_own(c, "stack_id");
    CLEANUP(mem_freep) char *group = mem_printf("/aws/lambda/%s", json_get_text(step_with(c), "function"));

    (void)err;
    explain_call(items, "secretsmanager", "CancelRotateSecret", secret_input(c));
    explain_call(items, "cloudformation", "DeleteStack", json_of("StackName", stack, NULL));
    explain_repeat(items, "until the stack and its function are gone: the network interface takes long");
    explain_gives(c,
                  explain_call(items, "cloudformation", "DescribeStacks", json_of("StackName", stack, NULL)),
                  "status", "Stacks.0.StackStatus");
    explain_unless(explain_until(c, items, "status", deleted), "FAILED");
    explain_call(items, "logs", "DeleteLogGroup", json_of("logGroupName", group, NULL));
    return true;
}

static struct json *stack_input(const struct step_context *c)
{
    return json_of("StackName", stack_name(c), NULL);
}

static const struct explain_find finds[] = {
    {"stack_id", NULL, "cloudformation", "DescribeStacks", stack_input, "Stacks.0.StackId", false},
    {"function_arn", NULL, "secretsmanager", "DescribeSecret", secret_input, "RotationLambdaARN", false},
    {0},
};

const struct step_kind kind_secretsmanager_rotation = {
    .schema = {"secretsmanager.rotation", "automatic rotation by a hosted function", KIND_RESOURCE, false,
               with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_rotation,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
