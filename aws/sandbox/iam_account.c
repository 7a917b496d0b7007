/* The account as a whole: its alias, how much it holds and may hold. */
#include "aws/sandbox/iam_common.h"

#include <stdio.h>

bool iam_list_account_aliases(struct call *c, struct error *err)
{
    const char *alias = json_get_text(world_get(c->world, "iam.account", "account"), "alias");
    struct iam_pager pager;
    struct json *list;

    if (!iam_pager_begin(c, &pager, err))
        return false;
    c->out = json_object();
    list = json_put(c->out, "AccountAliases", json_array());
    if (*alias && iam_pager_wants(&pager, alias))
        json_push(list, json_text_new(alias));
    iam_pager_end(&pager, c);
    return true;
}

/* What AWS gives an account that nobody asked more for. */
static const struct {
    const char *name;
    int64_t value;
} constants[] = {
    {"AccessKeysPerUserQuota", IAM_KEY_LIMIT},
    {"AccountAccessKeysPresent", 0},
    {"AccountMFAEnabled", 0},
    {"AccountPasswordPresent", 1},
    {"AccountSigningCertificatesPresent", 0},
    {"AssumeRolePolicySizeQuota", IAM_TRUST_CHARS},
    {"AttachedPoliciesPerGroupQuota", IAM_ATTACHED_LIMIT},
    {"AttachedPoliciesPerRoleQuota", IAM_ATTACHED_LIMIT},
    {"AttachedPoliciesPerUserQuota", IAM_ATTACHED_LIMIT},
    {"GlobalEndpointTokenVersion", 1},
    {"GroupsPerUserQuota", IAM_GROUPS_PER_USER},
    {"MFADevices", 0},
    {"MFADevicesInUse", 0},
    {"PolicySizeQuota", IAM_POLICY_CHARS},
    {"PolicyVersionsInUseQuota", 10000},
    {"Providers", 0},
    {"ServerCertificates", 0},
    {"ServerCertificatesQuota", 20},
    {"SigningCertificatesPerUserQuota", 2},
    {"VersionsPerPolicyQuota", IAM_VERSION_LIMIT},
};

static const struct iam_kind *const counted[] = {&iam_user, &iam_group, &iam_role, &iam_profile};

static void count_policies(const struct world *w, struct json *map)
{
    int64_t policies = 0, versions = 0;
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, "iam.policy", i, NULL)); i++) {
        if (json_bool(json_get(e, "aws_managed"), false))
            continue;
        policies++;
        versions += (int64_t)json_count(json_get(e, "versions"));
    }
    json_put_int(map, "Policies", policies);
    json_put_int(map, "PoliciesQuota", (int64_t)iam_policy.account_quota);
    json_put_int(map, "PolicyVersionsInUse", versions);
}

bool iam_get_account_summary(struct call *c, struct error *err)
{
    struct json *map = json_object();
    char quota[64];

    (void)err;
    for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
        (void)snprintf(quota, sizeof quota, "%sQuota", counted[i]->plural);
        json_put_int(map, counted[i]->plural, (int64_t)world_count(c->world, counted[i]->kind));
        json_put_int(map, quota, (int64_t)counted[i]->account_quota);
    }
    json_put_int(map, "GroupPolicySizeQuota", (int64_t)iam_group.inline_chars);
    json_put_int(map, "UserPolicySizeQuota", (int64_t)iam_user.inline_chars);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        json_put_int(map, constants[i].name, constants[i].value);
    count_policies(c->world, map);
    iam_answer(c, "SummaryMap", map);
    return true;
}
