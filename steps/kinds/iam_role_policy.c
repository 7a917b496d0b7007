/* iam.role_policy: a policy attached to a role. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

#include <stdio.h>
#include <string.h>

static const char *const role_kinds[] = {"iam.role", NULL};
static const char *const policy_kinds[] = {"iam.policy", NULL};

static const struct schema_field with[] = {
    {.name = "role", .type = FIELD_STEP, .required = true, .step_kinds = role_kinds, .help = "the role"},
    {.name = "policy",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = policy_kinds,
     .help = "the policy"},
    {0},
};

static const struct output_field outputs[] = {
    {"role", false, "name of the role"}, {"arn", false, "ARN of the policy"}, {0}};

struct attachment {
    const char *role;
    char *arn; /* of the policy */
    char target[400];
    bool attached, ours;
};

static void attachment_release(struct attachment *a)
{
    mem_free(a->arn);
    *a = (struct attachment){0};
}

/* The names come from the arguments; after the role or policy is gone their
 * outputs are not, so a recorded attachment still knows what it was. */
static bool look(struct step_context *c, struct attachment *a, struct error *err)
{
    CLEANUP(json_freep) struct json *role = NULL;
    CLEANUP(json_freep) struct json *out = NULL;

    attachment_release(a);
    a->role = json_text(json_path(step_with(c), "role.name"));
    a->arn = mem_dup(json_text(json_path(step_with(c), "policy.arn")));
    snprintf(a->target, sizeof a->target, "%s on role %s", arn_name(a->arn), a->role);
    if (!*a->role || !*a->arn)
        return true;
    if (!look_up(c, "iam", "GetRole", json_of("RoleName", a->role, NULL), "NoSuchEntity", &role, err))
        return false;
    if (!role)
        return true;
    /* An attachment carries no tag: it is ours when its role is, or when the
     * store knows that we made it. */
    a->ours = tags_of_lab(c, json_path(role, "Role.Tags"));
    if (!a->ours && !step_made(c, "iam:AttachRolePolicy", a->target, &a->ours, err))
        return false;
    if (!look_up_all(c, "iam", "ListAttachedRolePolicies", json_of("RoleName", a->role, NULL), "NoSuchEntity",
                     &out, err))
        return false;
    const struct json *list = json_get(out, "AttachedPolicies");
    for (const struct json *p = json_first(list); p; p = json_next(p)) {
        if (strcmp(json_get_text(p, "PolicyArn"), a->arn) == 0)
            a->attached = true;
    }
    return true;
}

static struct json *change_input(const char *role, const char *arn)
{
    return json_of("RoleName", role, "PolicyArn", arn, NULL);
}

static void give(struct step_context *c, const struct attachment *a)
{
    step_output_text(c, "role", a->role);
    step_output_text(c, "arn", a->arn);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(attachment_release) struct attachment a = {0};

    if (!look(c, &a, err))
        return false;
    o->state = a.attached ? OBSERVED_PRESENT : OBSERVED_ABSENT;
    o->ours = a.ours;
    if (a.attached)
        give(c, &a);
    return true;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"IAM to show the attached policy", 200, 5000, 120000};
    CLEANUP(attachment_release) struct attachment a = {0};

    if (!look(c, &a, err))
        return STEP_FAILED;
    if (!a.attached && once(c, "attached")) {
        if (!change(c, a.target, "iam", "AttachRolePolicy", change_input(a.role, a.arn), "", NULL, err)) {
            again(c, "attached");
            return gotcha_or_fail(c, "iam:AttachRolePolicy", err);
        }
        if (!look(c, &a, err))
            return STEP_FAILED;
    }
    if (!a.attached)
        return step_wait(c, &seen);
    give(c, &a);
    return STEP_FINISHED;
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"IAM to show that the policy is detached", 200, 5000, 120000};
    CLEANUP(attachment_release) struct attachment a = {0};

    if (!look(c, &a, err))
        return STEP_FAILED;
    if (!a.attached)
        return STEP_FINISHED;
    if (!a.ours) {
        not_ours("attached policy", a.target, err);
        return STEP_FAILED;
    }
    if (!once(c, "detached"))
        return step_wait(c, &gone);
    if (!change(c, a.target, "iam", "DetachRolePolicy", change_input(a.role, a.arn), "NoSuchEntity", NULL,
                err) &&
        !again(c, "detached"))
        return STEP_FAILED;
    return undo(c, err);
}

static bool explain_change(const struct step_context *c, const char *operation, struct json *items)
{
    explain_call(items, "iam", operation,
                 change_input(json_text(json_path(step_with(c), "role.name")),
                              json_text(json_path(step_with(c), "policy.arn"))));
    return true;
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    return explain_change(c, "AttachRolePolicy", items);
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    return explain_change(c, "DetachRolePolicy", items);
}

static char *role_name(const struct step_context *c)
{
    return mem_dup(json_text(json_path(step_with(c), "role.name")));
}

static char *policy_arn(const struct step_context *c)
{
    return mem_dup(json_text(json_path(step_with(c), "policy.arn")));
}

static const struct explain_find finds[] = {
    {.output = "role", .text = role_name}, {.output = "arn", .text = policy_arn}, {0}};

const struct step_kind kind_iam_role_policy = {
    .schema = {"iam.role_policy", "a policy attached to a role", KIND_RESOURCE, false, with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_role_policy,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
