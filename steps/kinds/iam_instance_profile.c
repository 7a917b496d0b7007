/* iam.instance_profile: the console makes one behind the reader's back when a
 * role is made for EC2; the API does not (facts 12, trap 4). */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

#include <string.h>

static const char *const role_kinds[] = {"iam.role", NULL};

static const struct schema_field with[] = {
    {.name = "name",
     .type = FIELD_TEXT,
     .required = true,
     .max = 128,
     .help = "name of the instance profile"},
    {.name = "role",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = role_kinds,
     .help = "the role inside"},
    {0},
};

static const struct output_field outputs[] = {{"name", false, "name of the instance profile"},
                                              {"arn", false, "ARN of the instance profile"},
                                              {"role", false, "name of the role inside"},
                                              {0}};

struct profile_look {
    struct json *profile; /* GetInstanceProfile's reply, NULL when absent */
    const char *role;     /* inside, "" when none; borrowed from profile */
    bool ours;
};

static void look_release(struct profile_look *l)
{
    json_free(l->profile);
    *l = (struct profile_look){.role = ""};
}

static bool look(struct step_context *c, struct profile_look *l, struct error *err)
{
    look_release(l);
    if (!look_up(c, "iam", "GetInstanceProfile",
                 json_of("InstanceProfileName", json_get_text(step_with(c), "name"), NULL), "NoSuchEntity",
                 &l->profile, err))
        return false;
    l->role = json_text(json_path(l->profile, "InstanceProfile.Roles.0.RoleName"));
    l->ours = step_tags_ours(c, json_path(l->profile, "InstanceProfile.Tags"));
    return true;
}

static void give(struct step_context *c, const struct profile_look *l)
{
    step_output_text(c, "name", json_get_text(step_with(c), "name"));
    step_output_text(c, "arn", json_text(json_path(l->profile, "InstanceProfile.Arn")));
    step_output_text(c, "role", l->role);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(look_release) struct profile_look l = {0};

    if (!look(c, &l, err))
        return false;
    o->state = OBSERVED_ABSENT;
    if (!l.profile)
        return true;
    o->ours = l.ours;
    o->state = strcmp(l.role, json_text(json_path(step_with(c), "role.name"))) == 0 ? OBSERVED_PRESENT
                                                                                    : OBSERVED_DIFFERS;
    if (o->state == OBSERVED_DIFFERS)
        set_detail(o, *l.role ? "role %s is inside" : "no role is inside%s", l.role);
    give(c, &l);
    return true;
}

static struct json *create_input(const struct step_context *c)
{
    struct json *in = json_of("InstanceProfileName", json_get_text(step_with(c), "name"), NULL);

    json_put(in, "Tags", step_tags(c));
    return in;
}

static bool create(struct step_context *c, const char *name, struct error *err)
{
    return make(c, name, "iam", "CreateInstanceProfile", create_input(c), "EntityAlreadyExists", err);
}

static struct json *fill_input(const char *name, const char *role)
{
    return json_of("InstanceProfileName", name, "RoleName", role, NULL);
}

static bool adopt(struct step_context *c, const char *name, struct error *err)
{
    return change(c, name, "iam", "TagInstanceProfile", create_input(c), "", NULL, err);
}

/* Puts the wanted role inside; STEP_FINISHED when that was sent. */
static enum step_status fill(struct step_context *c, const struct profile_look *l, const char *role,
                             struct error *err)
{
    const char *name = json_get_text(step_with(c), "name");

    if (*l->role &&
        !change(c, name, "iam", "RemoveRoleFromInstanceProfile",
                json_of("InstanceProfileName", name, "RoleName", l->role, NULL), "NoSuchEntity", NULL, err))
        return STEP_FAILED;
    return change(c, name, "iam", "AddRoleToInstanceProfile", fill_input(name, role), "", NULL, err)
               ? STEP_FINISHED
               : gotcha_or_fail(c, "iam:AddRoleToInstanceProfile", err);
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"IAM to show the instance profile", 200, 5000, 120000};
    const char *name = json_get_text(step_with(c), "name");
    const char *role = json_text(json_path(step_with(c), "role.name"));
    CLEANUP(look_release) struct profile_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.profile) {
        if (once(c, "created") && !create(c, name, err) && !again(c, "created"))
            return STEP_FAILED;
        if (!look(c, &l, err))
            return STEP_FAILED;
        if (!l.profile)
            return step_wait(c, &seen);
    }
    if (!l.ours && !step_adopts(c)) {
        not_ours("instance profile", name, err);
        return STEP_FAILED;
    }
    if (!l.ours && !adopt(c, name, err))
        return STEP_FAILED;
    if (strcmp(l.role, role) != 0) {
        if (!json_get(step_scratch(c), "filled")) {
            enum step_status filled = fill(c, &l, role, err);
            if (filled != STEP_FINISHED)
                return filled;
            json_put_bool(step_scratch(c), "filled", true);
            return apply(c, err);
        }
        return step_wait(c, &seen);
    }
    give(c, &l);
    return STEP_FINISHED;
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"IAM to forget the instance profile", 200, 5000, 120000};
    const char *name = json_get_text(step_with(c), "name");
    CLEANUP(look_release) struct profile_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.profile)
        return STEP_FINISHED;
    if (!l.ours) {
        not_ours("instance profile", name, err);
        return STEP_FAILED;
    }
    if (json_get(step_scratch(c), "deleted"))
        return step_wait(c, &gone);
    if (*l.role &&
        !change(c, name, "iam", "RemoveRoleFromInstanceProfile",
                json_of("InstanceProfileName", name, "RoleName", l.role, NULL), "NoSuchEntity", NULL, err))
        return STEP_FAILED;
    if (!change(c, name, "iam", "DeleteInstanceProfile", json_of("InstanceProfileName", name, NULL),
                "NoSuchEntity", NULL, err))
        return gotcha_or_fail(c, "iam:DeleteInstanceProfile", err);
    json_put_bool(step_scratch(c), "deleted", true);
    return undo(c, err);
}

/* The call that puts the role in, or takes it out. */
static void explain_fill(const struct step_context *c, const char *operation, struct json *items)
{
    explain_call(
        items, "iam", operation,
        fill_input(json_get_text(step_with(c), "name"), json_text(json_path(step_with(c), "role.name"))));
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_call(items, "iam", "CreateInstanceProfile", create_input(c));
    explain_fill(c, "AddRoleToInstanceProfile", items);
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_fill(c, "RemoveRoleFromInstanceProfile", items);
    explain_call(items, "iam", "DeleteInstanceProfile",
                 json_of("InstanceProfileName", json_get_text(step_with(c), "name"), NULL));
    return true;
}

static char *own_arn(const struct step_context *c)
{
    return iam_arn(c, "instance-profile", json_get_text(step_with(c), "name"));
}

static char *role_name(const struct step_context *c)
{
    return mem_dup(json_text(json_path(step_with(c), "role.name")));
}

static const struct explain_find finds[] = {
    {.output = "arn", .text = own_arn}, {.output = "role", .text = role_name}, {0}};

const struct step_kind kind_iam_instance_profile = {
    .schema = {"iam.instance_profile", "an instance profile with a role inside", KIND_RESOURCE, false, with,
               outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_profile,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
