/* Whether a policy lets its holder read the secret and no other, and whether a
 * role may: by what the documents do, not by what they look like. */
#include "aws/common/mem.h"
#include "steps/kinds/look.h"
#include "steps/kinds/reach.h"
#include "steps/kinds/verdict.h"

#include <string.h>

struct policy_check {
    struct checking k;
    struct reach reach;
};

static void policy_check_release(struct policy_check *p)
{
    reach_release(&p->reach);
    checking_release(&p->k);
}

/* What was found, for each answer of reach_judge. */
static const struct {
    const char *reason, *found;
} findings[] = {{"reads-others", "may also read"},
                {"read-denied", "is explicitly denied the reading of"},
                {"read-not-allowed", "may not read"},
                {"changes-secret", "may also do"}};

/* A reason is a row of the subject, "policy" or "role". */
static void say(struct policy_check *p, const char *subject, const char *reason, const char *what,
                const char *who)
{
    CLEANUP(mem_freep) char *row = mem_printf("%s-%s", subject, reason);

    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        if (strcmp(findings[i].reason, reason) == 0)
            check_fail(&p->k, row, "%s %s %s", who, findings[i].found, what);
    }
}

/* --- the policy, under whatever name --- */

/* *exact when the document of a managed policy does just what is wanted. */
static bool try_managed(struct policy_check *p, const char *arn, const char *version, const char **reason,
                        const char **what, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(p->k.step, "iam", "GetPolicyVersion", json_of("PolicyArn", arn, "VersionId", version, NULL),
                 "NoSuchEntity", &out, err))
        return false;
    reach_of_document(&p->reach, &p->k, json_str(json_path(out, "PolicyVersion.Document")));
    *reason = reach_judge(&p->reach, what);
    return true;
}

static bool find_managed(struct policy_check *p, bool *found, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up_all(p->k.step, "iam", "ListPolicies", json_of("Scope", "Local", NULL), NULL, &out, err))
        return false;
    const struct json *list = json_get(out, "Policies");
    for (const struct json *e = json_first(list); e && !*found; e = json_next(e)) {
        const char *reason, *what;

        if (!try_managed(p, json_get_text(e, "Arn"), json_get_text(e, "DefaultVersionId"), &reason, &what,
                         err))
            return false;
        *found = !reason;
        if (*found)
            check_pass(&p->k, "%s allows reading this secret and no other", json_get_text(e, "PolicyName"));
    }
    return true;
}

static bool find_inline_of(struct policy_check *p, const char *role, bool *found, struct error *err)
{
    CLEANUP(json_freep) struct json *names = NULL;

    if (!look_up_all(p->k.step, "iam", "ListRolePolicies", json_of("RoleName", role, NULL), "NoSuchEntity",
                     &names, err))
        return false;
    const struct json *list = json_get(names, "PolicyNames");
    for (const struct json *e = json_first(list); e && !*found; e = json_next(e)) {
        CLEANUP(json_freep) struct json *out = NULL;
        const char *what;

        if (!look_up(p->k.step, "iam", "GetRolePolicy",
                     json_of("RoleName", role, "PolicyName", json_text(e), NULL), "NoSuchEntity", &out, err))
            return false;
        reach_of_document(&p->reach, &p->k, json_str(json_get(out, "PolicyDocument")));
        *found = !reach_judge(&p->reach, &what);
        if (*found)
            check_pass(&p->k, "%s, inside role %s, allows reading this secret and no other", json_text(e),
                       role);
    }
    return true;
}

/* Roles of AWS's own services hold no policy of a learner. */
static bool find_inline(struct policy_check *p, bool *found, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up_all(p->k.step, "iam", "ListRoles", json_object(), NULL, &out, err))
        return false;
    const struct json *list = json_get(out, "Roles");
    for (const struct json *e = json_first(list); e && !*found; e = json_next(e)) {
        if (!str_starts(json_str(json_get(e, "Path")), STR("/aws-service-role/")) &&
            !find_inline_of(p, json_get_text(e, "RoleName"), found, err))
            return false;
    }
    return true;
}

static bool judge_named(struct policy_check *p, const char *arn, bool *found, struct error *err)
{
    CLEANUP(json_freep) struct json *policy = NULL;
    const char *reason, *what;

    if (!look_up(p->k.step, "iam", "GetPolicy", json_of("PolicyArn", arn, NULL), "NoSuchEntity", &policy,
                 err))
        return false;
    *found = policy != NULL;
    if (!policy)
        return true;
    if (!try_managed(p, arn, json_text(json_path(policy, "Policy.DefaultVersionId")), &reason, &what, err))
        return false;
    if (reason)
        say(p, "policy", reason, what, arn_name(arn));
    check_pass(&p->k, "it allows reading this secret and no other");
    return true;
}

CHECK(check_policy)
{
    CLEANUP(policy_check_release) struct policy_check p = {0};
    enum reach_subject subject;
    bool found = false;

    if (!checking_begin(&p.k, c, out, err) ||
        !reach_begin(&p.reach, &p.k, json_get(p.k.planned, "document"), &subject, err))
        return false;
    if (subject == REACH_OTHER) {
        step_judge_seen(c, out);
        return true;
    }
    CLEANUP(mem_freep) char *arn = iam_arn(c, "policy", checking_text(&p.k, "name"));
    if (subject == REACH_ABSENT) {
        check_fail(&p.k, "policy-no-secret", "the secret that it is about is not there");
        return true;
    }
    if (!judge_named(&p, arn, &found, err) || (!found && !find_managed(&p, &found, err)) ||
        (!found && !find_inline(&p, &found, err)))
        return false;
    if (!found)
        check_fail(&p.k, "policy-absent", "no policy allows reading %s alone", p.reach.target);
    return true;
}

/* --- the role --- */

CHECK(check_role_policy)
{
    CLEANUP(policy_check_release) struct policy_check p = {0};
    CLEANUP(json_freep) struct json *role = NULL;
    enum reach_subject subject;
    const char *what;

    if (!checking_begin(&p.k, c, out, err) ||
        !reach_begin(&p.reach, &p.k, json_path(p.k.planned, "policy.document"), &subject, err))
        return false;
    if (subject == REACH_OTHER) {
        step_judge_seen(c, out);
        return true;
    }
    const char *name = checking_text(&p.k, "role.name");
    if (!look_up(c, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", &role, err))
        return false;
    if (!role || subject == REACH_ABSENT) {
        check_fail(&p.k, role ? "policy-no-secret" : "role-absent", "%s is not there",
                   role ? "the secret" : name);
        return true;
    }
    if (!reach_of_role(&p.reach, &p.k, json_text(json_path(role, "Role.Arn")), err))
        return false;
    const char *reason = reach_judge(&p.reach, &what);
    if (reason)
        say(&p, "role", reason, what, name);
    check_pass(&p.k, "%s may read this secret and no other", name);
    return true;
}
