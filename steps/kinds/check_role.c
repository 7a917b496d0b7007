/* Whether the workstation gets to act as the role: who may assume it, which
 * profile holds it, which profile the workstation has. */
#include "aws/common/mem.h"
#include "aws/policy/policy.h"
#include "steps/kinds/look.h"
#include "steps/kinds/verdict.h"

#include <string.h>

enum { ASSOCIATION_MS = 5 * 60 * 1000 };

/* --- trust --- */

#define ALLOW_ALL                                                                                            \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"

struct trust {
    const struct policy *document;
    const struct policy *all; /* what a stranger may do by his own policies */
    const char *role, *account;
};

static bool trusts(const struct trust *t, const char *principal)
{
    CLEANUP(json_freep) struct json *context = json_object();
    const struct policy_request request = {.principal = str_of(principal),
                                           .action = STR("sts:AssumeRole"),
                                           .resource = str_of(t->role),
                                           .resource_account = str_of(t->account),
                                           .context = context};
    const struct policy_set set = {
        .identity = &t->all, .identity_count = 1, .resource = t->document, .resource_policy_mandatory = true};
    struct policy_result result = {0};

    policy_decide(&request, &set, &result);
    return result.decision == POLICY_ALLOWED;
}

static bool judge_trust(struct checking *k, const struct json *role, struct error *err)
{
    CLEANUP(policy_freep) struct policy *document = NULL;
    CLEANUP(policy_freep) struct policy *all = NULL;
    const char *service = checking_text(k, "service"), *principal = checking_text(k, "trust_principal");
    CLEANUP(mem_freep)
    char *stranger = mem_printf("arn:%s:iam::999999999999:user/stranger", step_partition(k->step));
    struct error why;

    if (!policy_parse(STR(ALLOW_ALL), POLICY_IDENTITY, &all, err))
        return false;
    if (!policy_parse(json_str(json_path(role, "Role.AssumeRolePolicyDocument")), POLICY_TRUST, &document,
                      &why)) {
        check_fail(k, "role-trust", "its trust policy cannot be read: %s", why.message);
        return true;
    }
    const struct trust trust = {document, all, json_text(json_path(role, "Role.Arn")), step_account(k->step)};
    if (!trusts(&trust, service))
        check_fail(k, "role-trust", "%s may not assume it", service);
    if (*principal && !trusts(&trust, principal))
        check_fail(k, "role-trust", "%s may not assume it", principal);
    if (trusts(&trust, stranger))
        check_fail(k, "role-trust-open", "anybody of any account may assume it");
    return true;
}

/* --- AWS managed policies, by what they allow --- */

static void add_actions(const struct json *statement, struct json *actions)
{
    const struct json *list = json_get(statement, "Action");

    if (strcmp(json_get_text(statement, "Effect"), "Allow") != 0)
        return;
    for (const struct json *a = json_is_array(list) ? json_first(list) : list; a;
         a = json_is_array(list) ? json_next(a) : NULL) {
        if (str_find_char(json_str(a), '*') == json_str(a).len)
            json_push(actions, json_copy(a));
    }
}

static bool actions_of(struct checking *k, const char *arn, struct json *actions, struct error *err)
{
    CLEANUP(json_freep) struct json *policy = NULL;
    CLEANUP(json_freep) struct json *version = NULL;
    CLEANUP(json_freep) struct json *document = NULL;
    struct error ignored;

    if (!look_up(k->step, "iam", "GetPolicy", json_of("PolicyArn", arn, NULL), NULL, &policy, err) ||
        !look_up(k->step, "iam", "GetPolicyVersion",
                 json_of("PolicyArn", arn, "VersionId",
                         json_text(json_path(policy, "Policy.DefaultVersionId")), NULL),
                 NULL, &version, err))
        return false;
    if (!json_parse(json_str(json_path(version, "PolicyVersion.Document")), NULL, &document, &ignored))
        return true;
    const struct json *statements = json_get(document, "Statement");
    for (const struct json *s = json_is_array(statements) ? json_first(statements) : statements; s;
         s = json_is_array(statements) ? json_next(s) : NULL)
        add_actions(s, actions);
    return true;
}

static bool judge_managed(struct checking *k, const char *role_arn, const char *name, struct error *err)
{
    CLEANUP(mem_freep) char *arn = mem_printf("arn:%s:iam::aws:policy/%s", step_partition(k->step), name);
    CLEANUP(json_freep) struct json *out = NULL;
    struct json *in = json_of("PolicySourceArn", role_arn, NULL);

    if (!actions_of(k, arn, json_put(in, "ActionNames", json_array()), err)) {
        json_free(in);
        return false;
    }
    if (!look_up_all(k->step, "iam", "SimulatePrincipalPolicy", in, NULL, &out, err))
        return false;
    const struct json *results = json_get(out, "EvaluationResults");
    for (const struct json *e = json_first(results); e; e = json_next(e)) {
        if (strcmp(json_get_text(e, "EvalDecision"), "allowed") != 0)
            check_fail(k, "role-managed", "it may not do %s, which %s allows",
                       json_get_text(e, "EvalActionName"), name);
    }
    return true;
}

CHECK(check_role)
{
    CLEANUP(checking_release) struct checking k = {0};
    CLEANUP(json_freep) struct json *role = NULL;

    if (!checking_begin(&k, c, out, err))
        return false;
    const char *name = checking_text(&k, "name");
    if (!look_up(c, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", &role, err))
        return false;
    if (!role) {
        check_fail(&k, "role-absent", "there is no role %s", name);
        return true;
    }
    if (!judge_trust(&k, role, err))
        return false;
    const struct json *managed = json_get(k.planned, "managed_policies");
    for (const struct json *e = json_first(managed); e; e = json_next(e)) {
        if (!judge_managed(&k, json_text(json_path(role, "Role.Arn")), json_text(e), err))
            return false;
    }
    check_pass(&k, "%s may assume it", checking_text(&k, "service"));
    return true;
}

/* --- profiles --- */

static bool role_inside(struct checking *k, const char *profile, struct json **out, const char **role,
                        struct error *err)
{
    if (!look_up(k->step, "iam", "GetInstanceProfile", json_of("InstanceProfileName", profile, NULL),
                 "NoSuchEntity", out, err))
        return false;
    *role = json_text(json_path(*out, "InstanceProfile.Roles.0.RoleName"));
    return true;
}

CHECK(check_profile)
{
    CLEANUP(checking_release) struct checking k = {0};
    CLEANUP(json_freep) struct json *profile = NULL;
    CLEANUP(json_freep) struct json *others = NULL;
    const char *inside;

    if (!checking_begin(&k, c, out, err))
        return false;
    const char *name = checking_text(&k, "name"), *role = checking_text(&k, "role.name");
    if (!role_inside(&k, name, &profile, &inside, err))
        return false;
    if (profile && strcmp(inside, role) == 0) {
        check_pass(&k, "role %s is inside", role);
        return true;
    }
    if (!look_up_all(c, "iam", "ListInstanceProfilesForRole", json_of("RoleName", role, NULL), "NoSuchEntity",
                     &others, err))
        return false;
    const char *other = json_text(json_path(others, "InstanceProfiles.0.InstanceProfileName"));
    if (*other)
        check_pass(&k, "role %s is inside %s", role, other);
    else if (!profile)
        check_fail(&k, "profile-absent", "no instance profile holds role %s", role);
    else
        check_fail(&k, "profile-role", *inside ? "role %s is inside" : "no role is inside%s", inside);
    return true;
}

/* The association that counts; NULL when there is none. *settled: no other is
 * on its way in or out. */
static const struct json *find_association(const struct json *reply, bool *settled)
{
    const struct json *list = json_get(reply, "IamInstanceProfileAssociations"), *found = NULL;

    *settled = true;
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        const char *state = json_get_text(e, "State");

        if (strcmp(state, "associating") == 0 || strcmp(state, "disassociating") == 0)
            *settled = false;
        if (strcmp(state, "associated") == 0)
            found = e;
    }
    return found;
}

CHECK(check_workstation)
{
    CLEANUP(checking_release) struct checking k = {0};
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(json_freep) struct json *profile = NULL;
    struct json *in = json_object();
    const char *inside = "";
    bool settled;

    struct json *filter =
        json_push(json_put(in, "Filters", json_array()), json_of("Name", "instance-id", NULL));
    if (!checking_begin(&k, c, out, err)) {
        json_free(in);
        return false;
    }
    json_push(json_put(filter, "Values", json_array()), json_text_new(checking_text(&k, "instance.id")));
    if (!look_up_all(c, "ec2", "DescribeIamInstanceProfileAssociations", in, NULL, &reply, err))
        return false;
    const struct json *association = find_association(reply, &settled);
    const char *name = arn_name(json_text(json_path(association, "IamInstanceProfile.Arn")));
    const char *role = checking_text(&k, "profile.role.name");
    if (association && !role_inside(&k, name, &profile, &inside, err))
        return false;
    if (!settled)
        check_not_yet(&k, ASSOCIATION_MS, "the workstation is changing its role");
    else if (!association)
        check_fail(&k, "workstation-none", "the workstation has no role");
    else if (strcmp(inside, role) != 0)
        check_fail(&k, "workstation-role", "the workstation has profile %s with %s inside", name,
                   *inside ? inside : "no role");
    check_pass(&k, "the workstation has role %s", role);
    return true;
}
