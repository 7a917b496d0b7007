/* iam.role: a role that a service may assume. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

#include <string.h>

static const struct schema_field text_element[] = {{.name = "", .type = FIELD_TEXT}};

static const struct schema_field with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .max = 64, .help = "name of the role"},
    {.name = "service",
     .type = FIELD_TEXT,
     .required = true,
     .help = "service that may assume it, ec2.amazonaws.com"},
    {.name = "trust_principal",
     .type = FIELD_TEXT,
     .help = "ARN of a user or role that may assume it too, for from: assume-role"},
    {.name = "description", .type = FIELD_TEXT, .help = "description"},
    {.name = "managed_policies",
     .type = FIELD_LIST,
     .element = text_element,
     .help = "AWS managed policies to attach, by name"},
    {0},
};

static const struct output_field outputs[] = {{"name", false, "name of the role"},
                                              {"arn", false, "ARN of the role"},
                                              {"id", false, "unique id, AROA…"},
                                              {0}};

struct role_look {
    struct json *role;     /* GetRole's reply, NULL when absent */
    struct json *attached; /* ListAttachedRolePolicies' reply */
    bool ours, same_trust;
};

static void look_release(struct role_look *l)
{
    json_free(l->role);
    json_free(l->attached);
    *l = (struct role_look){0};
}

static struct json *trust_document(const struct step_context *c)
{
    struct json *document = json_of("Version", "2012-10-17", NULL);
    struct json *statement =
        json_push(json_put(document, "Statement", json_array()), json_of("Effect", "Allow", NULL));

    struct json *principal =
        json_put(statement, "Principal", json_of("Service", json_get_text(step_with(c), "service"), NULL));
    if (*json_get_text(step_with(c), "trust_principal"))
        json_put_text(principal, "AWS", json_get_text(step_with(c), "trust_principal"));
    json_put_text(statement, "Action", "sts:AssumeRole");
    return document;
}

static bool look(struct step_context *c, struct role_look *l, struct error *err)
{
    const char *name = json_get_text(step_with(c), "name");
    CLEANUP(json_freep) struct json *trust = trust_document(c);

    look_release(l);
    if (!look_up(c, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", &l->role, err))
        return false;
    if (!l->role)
        return true;
    l->ours = step_tags_ours(c, json_path(l->role, "Role.Tags"));
    l->same_trust = same_document(json_str(json_path(l->role, "Role.AssumeRolePolicyDocument")), trust);
    return look_up_all(c, "iam", "ListAttachedRolePolicies", json_of("RoleName", name, NULL), "NoSuchEntity",
                       &l->attached, err);
}

static bool is_attached(const struct role_look *l, const char *arn)
{
    const struct json *list = json_get(l->attached, "AttachedPolicies");

    for (const struct json *p = json_first(list); p; p = json_next(p)) {
        if (strcmp(json_get_text(p, "PolicyArn"), arn) == 0)
            return true;
    }
    return false;
}

static char *managed_arn(const struct step_context *c, const char *name)
{
    return mem_printf("arn:%s:iam::aws:policy/%s", step_partition(c), name);
}

/* The first managed policy that is wanted and not attached; NULL when none. */
static char *find_missing(const struct step_context *c, const struct role_look *l)
{
    const struct json *wanted = json_get(step_with(c), "managed_policies");

    for (const struct json *name = json_first(wanted); name; name = json_next(name)) {
        char *arn = managed_arn(c, json_text(name));
        if (!is_attached(l, arn))
            return arn;
        mem_free(arn);
    }
    return NULL;
}

static void give(struct step_context *c, const struct role_look *l)
{
    step_output_text(c, "name", json_get_text(step_with(c), "name"));
    step_output_text(c, "arn", json_text(json_path(l->role, "Role.Arn")));
    step_output_text(c, "id", json_text(json_path(l->role, "Role.RoleId")));
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(look_release) struct role_look l = {0};

    if (!look(c, &l, err))
        return false;
    o->state = OBSERVED_ABSENT;
    if (!l.role)
        return true;
    CLEANUP(mem_freep) char *missing = find_missing(c, &l);
    o->ours = l.ours;
    o->state = l.same_trust && !missing ? OBSERVED_PRESENT : OBSERVED_DIFFERS;
    if (!l.same_trust)
        set_detail(o, "its trust policy is another one");
    else if (missing)
        set_detail(o, "%s is not attached", missing);
    give(c, &l);
    return true;
}

static struct json *create_input(const struct step_context *c)
{
    const struct json *args = step_with(c);
    CLEANUP(json_freep) struct json *trust = trust_document(c);
    CLEANUP(mem_freep) char *document = document_text(trust);
    struct json *in =
        json_of("RoleName", json_get_text(args, "name"), "AssumeRolePolicyDocument", document, NULL);

    if (*json_get_text(args, "description"))
        json_put_text(in, "Description", json_get_text(args, "description"));
    json_put(in, "Tags", step_tags(c));
    return in;
}

static bool create(struct step_context *c, struct error *err)
{
    return make(c, json_get_text(step_with(c), "name"), "iam", "CreateRole", create_input(c),
                "EntityAlreadyExists", err);
}

static struct json *attach_input(const struct step_context *c, const char *arn)
{
    return json_of("RoleName", json_get_text(step_with(c), "name"), "PolicyArn", arn, NULL);
}

/* What a present role still lacks. */
static bool complete(struct step_context *c, struct role_look *l, struct error *err)
{
    const char *name = json_get_text(step_with(c), "name");

    if (!l->ours) {
        struct json *in = json_of("RoleName", name, NULL);
        json_put(in, "Tags", step_tags(c));
        if (!change(c, name, "iam", "TagRole", in, "", NULL, err))
            return false;
    }
    if (!l->same_trust) {
        CLEANUP(json_freep) struct json *trust = trust_document(c);
        CLEANUP(mem_freep) char *document = document_text(trust);
        if (!change(c, name, "iam", "UpdateAssumeRolePolicy",
                    json_of("RoleName", name, "PolicyDocument", document, NULL), "", NULL, err))
            return false;
    }
    const struct json *wanted = json_get(step_with(c), "managed_policies");
    for (const struct json *policy = json_first(wanted); policy; policy = json_next(policy)) {
        CLEANUP(mem_freep) char *arn = managed_arn(c, json_text(policy));
        if (!is_attached(l, arn) &&
            !change(c, name, "iam", "AttachRolePolicy", attach_input(c, arn), "", NULL, err))
            return false;
    }
    return true;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"IAM to show the role", 200, 5000, 120000};
    CLEANUP(look_release) struct role_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.role) {
        if (once(c, "created") && !create(c, err) && !again(c, "created"))
            return STEP_FAILED;
        if (!look(c, &l, err))
            return STEP_FAILED;
        if (!l.role)
            return step_wait(c, &seen);
    }
    if (!l.ours && !step_adopts(c)) {
        not_ours("role", json_get_text(step_with(c), "name"), err);
        return STEP_FAILED;
    }
    if (!complete(c, &l, err))
        return STEP_FAILED;
    give(c, &l);
    return STEP_FINISHED;
}

/* Takes the role out of every instance profile of this lab. */
static bool leave_profiles(struct step_context *c, const char *name, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up_all(c, "iam", "ListInstanceProfilesForRole", json_of("RoleName", name, NULL), "NoSuchEntity",
                     &out, err))
        return false;
    const struct json *profiles = json_get(out, "InstanceProfiles");
    for (const struct json *p = json_first(profiles); p; p = json_next(p)) {
        const char *profile = json_get_text(p, "InstanceProfileName");
        if (!change(c, profile, "iam", "RemoveRoleFromInstanceProfile",
                    json_of("InstanceProfileName", profile, "RoleName", name, NULL), "NoSuchEntity", NULL,
                    err))
            return false;
    }
    return true;
}

/* Policies go first: a role with any of them cannot be deleted (facts 4). */
static bool strip(struct step_context *c, const char *name, const struct role_look *l, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    const struct json *attached = json_get(l->attached, "AttachedPolicies");

    for (const struct json *p = json_first(attached); p; p = json_next(p)) {
        if (!change(c, name, "iam", "DetachRolePolicy",
                    json_of("RoleName", name, "PolicyArn", json_get_text(p, "PolicyArn"), NULL),
                    "NoSuchEntity", NULL, err))
            return false;
    }
    if (!look_up_all(c, "iam", "ListRolePolicies", json_of("RoleName", name, NULL), "NoSuchEntity", &out,
                     err))
        return false;
    const struct json *names = json_get(out, "PolicyNames");
    for (const struct json *p = json_first(names); p; p = json_next(p)) {
        if (!change(c, name, "iam", "DeleteRolePolicy",
                    json_of("RoleName", name, "PolicyName", json_text(p), NULL), "NoSuchEntity", NULL, err))
            return false;
    }
    return true;
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"IAM to forget the role", 200, 5000, 120000};
    const char *name = json_get_text(step_with(c), "name");
    CLEANUP(look_release) struct role_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.role)
        return STEP_FINISHED;
    if (!l.ours) {
        not_ours("role", name, err);
        return STEP_FAILED;
    }
    if (json_get(step_scratch(c), "deleted"))
        return step_wait(c, &gone);
    if (!leave_profiles(c, name, err) || !strip(c, name, &l, err))
        return STEP_FAILED;
    if (!change(c, name, "iam", "DeleteRole", json_of("RoleName", name, NULL), "NoSuchEntity", NULL, err))
        return gotcha_or_fail(c, "iam:DeleteRole", err);
    json_put_bool(step_scratch(c), "deleted", true);
    return undo(c, err);
}

/* One call for each of the managed policies. */
static void explain_managed(const struct step_context *c, const char *operation, struct json *items)
{
    const struct json *wanted = json_get(step_with(c), "managed_policies");

    for (const struct json *policy = json_first(wanted); policy; policy = json_next(policy)) {
        CLEANUP(mem_freep) char *arn = managed_arn(c, json_text(policy));
        explain_call(items, "iam", operation, attach_input(c, arn));
    }
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_call(items, "iam", "CreateRole", create_input(c));
    explain_managed(c, "AttachRolePolicy", items);
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_managed(c, "DetachRolePolicy", items);
    explain_call(items, "iam", "DeleteRole", json_of("RoleName", json_get_text(step_with(c), "name"), NULL));
    return true;
}

static char *own_arn(const struct step_context *c)
{
    return iam_arn(c, "role", json_get_text(step_with(c), "name"));
}

static struct json *look_input(const struct step_context *c)
{
    return json_of("RoleName", json_get_text(step_with(c), "name"), NULL);
}

static const struct explain_find finds[] = {{.output = "arn", .text = own_arn},
                                            {"id", NULL, "iam", "GetRole", look_input, "Role.RoleId", false},
                                            {0}};

const struct step_kind kind_iam_role = {
    .schema = {"iam.role", "a role that a service may assume", KIND_RESOURCE, false, with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_role,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
