/* ec2.instance_profile: an instance profile put on the workstation. What was
 * there before is kept in the store and as tag lab:original on our profile
 * before it is replaced; the undo brings it back. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/association.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"
#include "steps/kinds/workstation.h"

#include <stdio.h>
#include <string.h>

static const char *const instance_kinds[] = {"ec2.instance", NULL};
static const char *const profile_kinds[] = {"iam.instance_profile", NULL};

static const struct schema_field with[] = {
    {.name = "instance",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = instance_kinds,
     .help = "the workstation"},
    {.name = "profile",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = profile_kinds,
     .help = "the profile"},
    {0},
};

static const struct output_field outputs[] = {
    {"association", false, "id of the association"},
    {"instance", false, "instance id"},
    {"original", false, "ARN of the profile it had before, \"none\""},
    {0}};

static struct json *look_input(const struct step_context *c)
{
    return association_input(json_text(json_path(step_with(c), "instance.id")));
}

/* From the store, else from the tag on our profile. */
static bool find_original(struct step_context *c, struct association *a, struct error *err)
{
    const char *kept = json_get_text(step_memo(c), "original");

    if (!*kept)
        return !*a->ours || association_read_original(c, a, a->ours, NULL, err);
    a->original = mem_dup(kept);
    return true;
}

static bool look(struct step_context *c, struct association *a, struct error *err)
{
    const char *instance = json_text(json_path(step_with(c), "instance.id"));

    if (!association_look(c, instance, a, err))
        return false;
    a->ours = json_text(json_path(step_with(c), "profile.arn"));
    return true;
}

static bool has_ours(const struct association *a)
{
    return *a->ours && strcmp(a->arn, a->ours) == 0;
}

static void give(struct step_context *c, const struct association *a)
{
    step_output_text(c, "association", a->id);
    step_output_text(c, "instance", a->instance);
    if (a->original)
        step_output_text(c, "original", a->original);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(association_release) struct association a = {0};

    if (!look(c, &a, err))
        return false;
    o->state = OBSERVED_ABSENT;
    if (!has_ours(&a))
        return true;
    if (!find_original(c, &a, err))
        return false;
    o->ours = a.original != NULL;
    o->state = a.settled ? OBSERVED_PRESENT : OBSERVED_DIFFERS;
    if (!a.settled)
        set_detail(o, "the association is still changing");
    give(c, &a);
    return true;
}

/* Whether Systems Manager reaches the workstation now. Only then can the new
 * role be what cuts it off. Who may not ask does without the watch. */
static void note_agent(struct step_context *c, const char *instance)
{
    char ping[PING_MAX];
    struct error ignored;

    if (once(c, "agent asked") && way_ping(c, instance, ping, &ignored))
        json_put_bool(step_memo(c), "online", way_is_online(ping));
}

static struct json *tag_input(const char *profile, const char *original)
{
    struct json *in = json_of("InstanceProfileName", profile, NULL);

    json_push(json_put(in, "Tags", json_array()), json_of("Key", ORIGINAL_TAG, "Value", original, NULL));
    return in;
}

/* Before anything is replaced: the store, then the tag. Ours is not on the
 * workstation now, so what is there is what has to come back. */
static bool keep_original(struct step_context *c, struct association *a, struct error *err)
{
    const char *profile = arn_name(a->ours);
    const char *now = *a->arn ? a->arn : NO_PROFILE;
    struct json *memo = step_memo(c);

    a->original = mem_dup(now);
    note_agent(c, a->instance);
    if (strcmp(json_get_text(memo, "original"), now) == 0 && json_get(memo, "tagged"))
        return true;
    json_put_text(memo, "original", now);
    json_remove(memo, "tagged");
    if (!step_save_memo(c, err))
        return false;
    if (!change(c, profile, "iam", "TagInstanceProfile", tag_input(profile, now), "", NULL, err))
        return false;
    json_put_bool(step_memo(c), "tagged", true);
    return true;
}

/* Policies that let the agent work. A role with none of them may still have one
 * of its own that does. */
static const char *const agent_policies[] = {"AmazonSSMManagedInstanceCore", "AWSCloud9SSMInstanceProfile",
                                             "AmazonEC2RoleforSSM", "AdministratorAccess"};

static bool role_serves_agent(struct step_context *c, const char *profile, char role[65])
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *attached = NULL;
    struct error ignored;

    role[0] = '\0';
    if (!look_up(c, "iam", "GetInstanceProfile", json_of("InstanceProfileName", arn_name(profile), NULL),
                 NULL, &out, &ignored))
        return true;
    snprintf(role, 65, "%s", json_text(json_path(out, "InstanceProfile.Roles.0.RoleName")));
    if (!*role || !look_up_all(c, "iam", "ListAttachedRolePolicies", json_of("RoleName", role, NULL), NULL,
                               &attached, &ignored))
        return true;
    const struct json *list = json_get(attached, "AttachedPolicies");
    for (const struct json *p = json_first(list); p; p = json_next(p)) {
        for (size_t i = 0; i < ARRAY_LEN(agent_policies); i++) {
            if (strcmp(json_get_text(p, "PolicyName"), agent_policies[i]) == 0)
                return true;
        }
    }
    return false;
}

/* The workstation has our profile: Systems Manager has to reach it still. *lost
 * when it does not, and no patience will help. */
static enum step_status watch_agent(struct step_context *c, const struct association *a, bool *lost)
{
    enum { PATIENCE_MS = 120000 };
    static const struct step_wait back = {"Systems Manager to reach the workstation in its new role", 1000,
                                          10000, 300000};
    struct json *scratch = step_scratch(c);
    struct error ignored;
    char role[65], ping[PING_MAX];

    *lost = false;
    if (!json_bool(json_get(step_memo(c), "online"), false) || !way_ping(c, a->instance, ping, &ignored) ||
        way_is_online(ping))
        return STEP_FINISHED;
    if (!json_get(scratch, "lost_ms"))
        json_put_int(scratch, "lost_ms", step_now_ms(c));
    bool serves = role_serves_agent(c, a->ours, role);
    if (serves && step_now_ms(c) - json_int(json_get(scratch, "lost_ms"), 0) < PATIENCE_MS)
        return step_wait(c, &back);
    CLEANUP(mem_freep)
    char *why = mem_printf("as role %s, which has %s, Systems Manager no longer reaches the workstation (%s)",
                           role, serves ? "a policy for its agent" : "no AmazonSSMManagedInstanceCore",
                           *ping ? ping : "not registered");
    json_put_text(scratch, "lost", why);
    *lost = true;
    return STEP_FINISHED;
}

static enum step_status take_back(struct step_context *c, const struct association *a, struct error *err)
{
    static const struct step_wait settle = {"the workstation to take its original role back", 300, 5000,
                                            300000};

    if (has_ours(a) && a->settled && a->original)
        return association_move(c, a, a->original, &settle, err);
    if (!a->settled)
        return step_wait(c, &settle);
    step_refresh(c, AS_INSTANCE);
    error_set(err, ERR_FAILED, "%s: it has its original profile back",
              json_get_text(step_scratch(c), "lost"));
    return STEP_FAILED;
}

static enum step_status settled_as_ours(struct step_context *c, const struct association *a,
                                        struct error *err)
{
    bool lost;
    enum step_status status = watch_agent(c, a, &lost);

    if (status != STEP_FINISHED)
        return status;
    if (lost)
        return take_back(c, a, err);
    step_refresh(c, AS_INSTANCE);
    give(c, a);
    return STEP_FINISHED;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait settle = {"the workstation to take its new role", 300, 5000, 300000};
    CLEANUP(association_release) struct association a = {0};

    if (!look(c, &a, err))
        return STEP_FAILED;
    if (has_ours(&a)) {
        if (!find_original(c, &a, err))
            return STEP_FAILED;
        if (!a.settled)
            return step_wait(c, &settle);
        return settled_as_ours(c, &a, err);
    }
    if (json_get(step_scratch(c), "lost"))
        return take_back(c, &a, err);
    if (!a.settled)
        return step_wait(c, &settle);
    if (!keep_original(c, &a, err))
        return STEP_FAILED;
    return association_move(c, &a, a.ours, &settle, err);
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait settle = {"the workstation to take its original role back", 300, 5000,
                                            300000};
    CLEANUP(association_release) struct association a = {0};

    if (!*json_text(json_path(step_with(c), "instance.id")))
        return STEP_FINISHED;
    if (!look(c, &a, err))
        return STEP_FAILED;
    if (!a.settled)
        return step_wait(c, &settle);
    if (!has_ours(&a)) {
        step_refresh(c, AS_INSTANCE);
        return STEP_FINISHED;
    }
    if (!find_original(c, &a, err))
        return STEP_FAILED;
    if (!a.original) {
        error_set(
            err, ERR_FAILED,
            "cannot tell which profile %s had before ours: neither the checkpoints nor tag " ORIGINAL_TAG
            " say",
            a.instance);
        return STEP_FAILED;
    }
    return association_move(c, &a, a.original, &settle, err);
}

#define ASSOCIATION "IamInstanceProfileAssociations."

/* From one profile to another, and until the workstation has it alone. */
static void explain_move(const struct step_context *c, const char *wanted, struct json *items)
{
    static const char *const settled[] = {"associated", NULL};
    CLEANUP(mem_freep) char *id = explain_own(c, "association");
    const struct association a = {.id = id};
    struct json *call = explain_call(items, "ec2", "ReplaceIamInstanceProfileAssociation",
                                     association_move_input(&a, wanted));

    json_put_bool(call, "again", true);
    json_put_text(call, "why", "EC2 learns of a new instance profile some seconds later");
    explain_repeat(items, "until the workstation has this profile and no other");
    call = explain_call(items, "ec2", "DescribeIamInstanceProfileAssociations", look_input(c));
    explain_gives(c, call, "state", ASSOCIATION "*.State");
    explain_until(c, items, "state", settled);
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    const char *ours = json_text(json_path(step_with(c), "profile.arn"));
    CLEANUP(mem_freep) char *original = explain_own(c, "original");
    struct json *call = explain_call(items, "ec2", "DescribeIamInstanceProfileAssociations", look_input(c));

    (void)err;
    explain_gives(c, call, "association", ASSOCIATION "0.AssociationId");
    explain_gives(c, call, "original", ASSOCIATION "0.IamInstanceProfile.Arn");
    call = explain_call(items, "iam", "TagInstanceProfile", tag_input(arn_name(ours), original));
    json_put_text(call, "why", "what the workstation has to get back is kept where its undo finds it");
    explain_move(c, ours, items);
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    CLEANUP(mem_freep) char *original = explain_own(c, "original");

    (void)err;
    explain_move(c, original, items);
    return true;
}

static struct json *original_input(const struct step_context *c)
{
    return json_of("InstanceProfileName", arn_name(json_text(json_path(step_with(c), "profile.arn"))), NULL);
}

static char *instance_id(const struct step_context *c)
{
    return mem_dup(json_text(json_path(step_with(c), "instance.id")));
}

static const struct explain_find finds[] = {
    {"association", NULL, "ec2", "DescribeIamInstanceProfileAssociations", look_input,
     ASSOCIATION "0.AssociationId", false},
    {"original", NULL, "iam", "GetInstanceProfile", original_input, "InstanceProfile.Tags[" ORIGINAL_TAG "]",
     false},
    {.output = "instance", .text = instance_id},
    {0},
};

const struct step_kind kind_ec2_instance_profile = {
    .schema = {"ec2.instance_profile", "an instance profile on the workstation", KIND_RESOURCE, false, with,
               outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_workstation,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
