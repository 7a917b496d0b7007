/* Whether those who are to read a secret under a customer KMS key may use the key:
 * without kms:Decrypt they are refused (facts 12), minutes after all was made. */
#include "aws/common/mem.h"
#include "aws/policy/policy.h"
#include "cmd/lab/doctor.h"

#include <string.h>

#define DECRYPT "kms:Decrypt"

/* The key of a step's secret, "" for none: the plan's needs have it resolved. */
static const char *key_of(const struct doctor *d, const char *step)
{
    for (const struct json *p = json_first(d->permissions); p; p = json_next(p)) {
        if (strcmp(json_get_text(p, "group"), "Key") == 0 && strcmp(json_get_text(p, "step"), step) == 0)
            return json_text(json_path(p, "resources.0"));
    }
    return "";
}

/* --- the policies of the plan --- */

/* Whether a policy lets the secret be read, by what the plan writes. */
static bool names_secret(const struct plan_step *policy, const char *secret)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(mem_freep) char *reference = mem_printf("${steps.%s.", secret);

    json_write(json_get(policy->with, "document"), &text);
    return str_contains(buf_str(&text), str_of(reference));
}

/* A document that speaks of KMS is its author's own business. */
static bool allows_key(const struct plan_step *policy, const char *secret)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(mem_freep) char *reference = mem_printf("${steps.%s}", secret);

    json_write(json_get(policy->with, "document"), &text);
    return strcmp(json_get_text(policy->with, "decrypts"), reference) == 0 ||
           str_contains(buf_str(&text), STR("\"kms:"));
}

static void judge_policies(struct doctor *d, const char *secret, const char *key)
{
    const struct plan *plan = &d->session.plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->undoes || strcmp(step->kind->name, "iam.policy") != 0 || !names_secret(step, secret))
            continue;
        CLEANUP(mem_freep) char *remedy = mem_printf("add `decrypts: ${steps.%s}` to that step", secret);
        bool allows = allows_key(step, secret);
        doctor_say(d, "KMS key", allows ? DOCTOR_PASS : DOCTOR_FAIL, allows ? "" : remedy,
                   "the policy of step %s %s " DECRYPT " on %s", step->id,
                   allows ? "allows" : "lets the secret be read and does not allow", key);
    }
}

/* --- the workstation's own role --- */

/* It reads the secret once the scene is over that gave the workstation another. */
static bool gets_role_back(const struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].undoes && strcmp(plan->steps[i].kind->name, "ec2.instance_profile") == 0)
            return true;
    }
    return false;
}

/* The key's own policy, which may let the role in by itself. */
static bool key_lets_in(struct doctor *d, const char *key, const char *role, const char *service, bool *lets,
                        struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("KeyId", key, "PolicyName", "default", NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *context = json_of("kms:ViaService", service, NULL);
    CLEANUP(policy_freep) struct policy *policy = NULL;
    CLEANUP(mem_freep)
    char *principal = mem_printf("arn:%s:sts::%s:assumed-role/%s/workstation", d->session.partition,
                                 d->session.account, strrchr(role, '/') + 1);
    struct policy_result result = {0};

    if (!aws_call(d->client, "kms", "GetKeyPolicy", in, &out, err) ||
        !policy_parse(json_str(json_get(out, "Policy")), POLICY_RESOURCE, &policy, err))
        return false;
    const struct policy_request request = {.principal = str_of(principal),
                                           .principal_role = str_of(role),
                                           .action = STR(DECRYPT),
                                           .resource = str_of(key),
                                           .resource_account = str_of(d->session.account),
                                           .context = context};
    policy_decide(&request, &(struct policy_set){.resource = policy, .resource_policy_mandatory = true},
                  &result);
    *lets = result.decision == POLICY_ALLOWED;
    return true;
}

static void judge_own_role(struct doctor *d, const char *key)
{
    static const char remedy[] = "allow it, in the role's policies or in the key's";
    const char *role = d->facts.original_role;
    CLEANUP(mem_freep)
    char *service = mem_printf("secretsmanager.%s.amazonaws.com", d->session.settings.region);
    bool allowed;
    struct error why;

    if (!role || strchr(role, '*') || !gets_role_back(&d->session.plan))
        return;
    if (!doctor_simulate(d, role, DECRYPT, key, "kms:ViaService", service, &allowed, &why) ||
        (!allowed && !key_lets_in(d, key, role, service, &allowed, &why)))
        doctor_say(d, "KMS key", DOCTOR_CANNOT_TELL, remedy,
                   "whether the workstation's own role %s may " DECRYPT " on %s: %s", role, key, why.message);
    else
        doctor_say(d, "KMS key", allowed ? DOCTOR_PASS : DOCTOR_FAIL, allowed ? "" : remedy,
                   "the workstation's own role %s %s " DECRYPT " on %s", role, allowed ? "may" : "may not",
                   key);
}

void doctor_keys(struct doctor *d)
{
    const struct plan *plan = &d->session.plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        const char *key = key_of(d, plan->steps[i].id);
        if (!*key)
            continue;
        judge_policies(d, plan->steps[i].id, key);
        judge_own_role(d, key);
    }
}
