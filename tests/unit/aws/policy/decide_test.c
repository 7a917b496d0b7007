#include "tests/unit/aws/policy/table.h"

#define TO(principal) "{'Effect':'Allow','Principal':" principal ",'Action':'*','Resource':'*'}"
#define NOT_TO(effect, principal)                                                                            \
    "{'Effect':'" effect "','NotPrincipal':" principal ",'Action':'*','Resource':'*'}"
#define AWS(arn) "{'AWS':'" arn "'}"
#define DENY_TO(principal) "{'Effect':'Deny','Principal':" principal ",'Action':'*','Resource':'*'}"
#define TRUST(principal) "{'Effect':'Allow','Principal':" principal ",'Action':'sts:AssumeRole'}"
#define OTHER_ACTION "{'Effect':'Allow','Action':'s3:*','Resource':'*'}"
#define OTHER "444455556666"
#define KEY "arn:aws:kms:eu-west-1:111122223333:key/k"

static const struct row one_account[] = {
    {.rule = "no policy at all: implicit deny", .want = NONE, .side = SIDE_IDENTITY},
    {.rule = "identity allows", .identity = ALLOW_ALL, .want = ALLOW, .side = SIDE_IDENTITY},
    {.rule = "an explicit deny beats an allow",
     .identity = ALLOW_ALL "," DENY_ALL,
     .want = DENY,
     .side = SIDE_IDENTITY},
    {.rule = "in any order", .identity = DENY_ALL "," ALLOW_ALL, .want = DENY, .side = SIDE_IDENTITY},
    {.rule = "a deny that does not match denies nothing",
     .identity = ALLOW_ALL ",{'Effect':'Deny','Action':'iam:*','Resource':'*'}",
     .want = ALLOW},
    {.rule = "a boundary grants nothing", .boundary = ALLOW_ALL, .want = NONE, .side = SIDE_IDENTITY},
    {.rule = "identity and boundary allow", .identity = ALLOW_ALL, .boundary = ALLOW_ALL, .want = ALLOW},
    {.rule = "the boundary does not allow",
     .identity = ALLOW_ALL,
     .boundary = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_BOUNDARY},
    {.rule = "the boundary denies",
     .identity = ALLOW_ALL,
     .boundary = ALLOW_ALL "," DENY_ALL,
     .want = DENY,
     .side = SIDE_BOUNDARY},
    {.rule = "a session policy grants nothing",
     .principal = SESSION,
     .session = ALLOW_ALL,
     .want = NONE,
     .side = SIDE_IDENTITY},
    {.rule = "identity and session policy allow",
     .principal = SESSION,
     .identity = ALLOW_ALL,
     .session = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "the session policy does not allow",
     .principal = SESSION,
     .identity = ALLOW_ALL,
     .session = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_SESSION},
    {.rule = "the session policy denies",
     .principal = SESSION,
     .identity = ALLOW_ALL,
     .session = DENY_ALL,
     .want = DENY,
     .side = SIDE_SESSION},
    {.rule = "the account's root needs no policy", .principal = ROOT, .want = ALLOW},
    {.rule = "a resource policy can deny root",
     .principal = ROOT,
     .resource_policy = DENY_TO("'*'"),
     .want = DENY,
     .side = SIDE_RESOURCE},
    {.rule = "GetCallerIdentity cannot be taken away",
     .identity = DENY_ALL,
     .action = "sts:GetCallerIdentity",
     .resource = "*",
     .want = ALLOW},
};

static const struct row resource_policies[] = {
    {.rule = "user ARN: allowed without an identity policy",
     .resource_policy = TO(AWS(ALICE)),
     .want = ALLOW,
     .side = SIDE_RESOURCE},
    {.rule = "user ARN: not limited by the boundary's silence",
     .resource_policy = TO(AWS(ALICE)),
     .boundary = OTHER_ACTION,
     .want = ALLOW},
    {.rule = "user ARN: the boundary's deny counts",
     .resource_policy = TO(AWS(ALICE)),
     .boundary = DENY_ALL,
     .want = DENY,
     .side = SIDE_BOUNDARY},
    {.rule = "another user's ARN",
     .resource_policy = TO(AWS("arn:aws:iam::111122223333:user/bob")),
     .want = NONE},
    {.rule = "session ARN: not limited by boundary or session policy",
     .principal = SESSION,
     .resource_policy = TO(AWS(SESSION)),
     .boundary = OTHER_ACTION,
     .session = OTHER_ACTION,
     .want = ALLOW},
    {.rule = "another session of the role",
     .principal = SESSION,
     .resource_policy = TO(AWS("arn:aws:sts::111122223333:assumed-role/app/other")),
     .want = NONE},
    {.rule = "role ARN: any session of the role, without an identity policy",
     .principal = SESSION,
     .resource_policy = TO(AWS(ROLE)),
     .want = ALLOW,
     .side = SIDE_RESOURCE},
    {.rule = "role ARN: limited by the boundary",
     .principal = SESSION,
     .resource_policy = TO(AWS(ROLE)),
     .boundary = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_BOUNDARY},
    {.rule = "role ARN: limited by the session policy",
     .principal = SESSION,
     .resource_policy = TO(AWS(ROLE)),
     .session = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_SESSION},
    {.rule = "role ARN with a path, told by the caller",
     .principal = SESSION,
     .role = "arn:aws:iam::111122223333:role/x/app",
     .resource_policy = TO(AWS("arn:aws:iam::111122223333:role/x/app")),
     .want = ALLOW},
    {.rule = "the role of the same name without the path is another",
     .principal = SESSION,
     .role = "arn:aws:iam::111122223333:role/x/app",
     .resource_policy = TO(AWS(ROLE)),
     .want = NONE},
    {.rule = "the role itself as caller", .principal = ROLE, .resource_policy = TO(AWS(ROLE)), .want = ALLOW},
    {.rule = "account: delegates only",
     .resource_policy = TO(AWS(ROOT)),
     .want = NONE,
     .side = SIDE_IDENTITY},
    {.rule = "account id is the same as its root ARN",
     .resource_policy = TO(AWS("111122223333")),
     .want = NONE},
    {.rule = "account and identity",
     .resource_policy = TO(AWS("111122223333")),
     .identity = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "wildcard: a user needs no more",
     .resource_policy = TO("'*'"),
     .want = ALLOW,
     .side = SIDE_RESOURCE},
    {.rule = "{'AWS':'*'} is the wildcard", .resource_policy = TO(AWS("*")), .want = ALLOW},
    {.rule = "wildcard: a session needs no identity policy",
     .principal = SESSION,
     .resource_policy = TO("'*'"),
     .want = ALLOW},
    {.rule = "wildcard: a role's boundary still limits",
     .principal = SESSION,
     .resource_policy = TO("'*'"),
     .boundary = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_BOUNDARY},
    {.rule = "wildcard: a role's session policy still limits",
     .principal = SESSION,
     .resource_policy = TO("'*'"),
     .session = OTHER_ACTION,
     .want = NONE,
     .side = SIDE_SESSION},
    {.rule = "the strongest principal counts",
     .principal = SESSION,
     .resource_policy = TO(AWS(ROOT)) "," TO(AWS(SESSION)),
     .boundary = OTHER_ACTION,
     .want = ALLOW},
    {.rule = "one of several principals",
     .resource_policy = TO("{'AWS':['444455556666','" ALICE "']}"),
     .want = ALLOW},
    {.rule = "a resource policy's silence leaves identity to decide",
     .identity = ALLOW_ALL,
     .resource_policy = TO(AWS("arn:aws:iam::111122223333:user/bob")),
     .want = ALLOW,
     .side = SIDE_IDENTITY},
    {.rule = "a resource policy's deny beats identity",
     .identity = ALLOW_ALL,
     .resource_policy = DENY_TO(AWS(ALICE)),
     .want = DENY,
     .side = SIDE_RESOURCE},
    {.rule = "a deny of the account catches its users",
     .identity = ALLOW_ALL,
     .resource_policy = DENY_TO(AWS(ROOT)),
     .want = DENY,
     .side = SIDE_RESOURCE},
    {.rule = "a deny of the role catches its sessions",
     .identity = ALLOW_ALL,
     .principal = SESSION,
     .resource_policy = DENY_TO(AWS(ROLE)),
     .want = DENY},
    {.rule = "a deny of another session does not",
     .identity = ALLOW_ALL,
     .principal = SESSION,
     .resource_policy = DENY_TO(AWS("arn:aws:sts::111122223333:assumed-role/app/x")),
     .want = ALLOW},
    {.rule = "a service named",
     .principal = "secretsmanager.amazonaws.com",
     .action = "lambda:InvokeFunction",
     .resource_policy = TO("{'Service':'secretsmanager.amazonaws.com'}"),
     .want = ALLOW,
     .side = SIDE_RESOURCE},
    {.rule = "another service",
     .principal = "secretsmanager.amazonaws.com",
     .action = "lambda:InvokeFunction",
     .resource_policy = TO("{'Service':'sns.amazonaws.com'}"),
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "a service without a resource policy",
     .principal = "secretsmanager.amazonaws.com",
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "a service under a condition that fails",
     .principal = "secretsmanager.amazonaws.com",
     .resource_policy = "{'Effect':'Allow','Principal':{'Service':'secretsmanager.amazonaws.com'},'Action':'*"
                        "','Resource':'*','Condition':{'StringEquals':{'aws:SourceAccount':'1'}}}",
     .context = "{'aws:SourceAccount':'2'}",
     .want = NONE},
    {.rule = "a federated user by its ARN",
     .principal = "arn:aws:sts::111122223333:federated-user/fred",
     .resource_policy = TO(AWS("arn:aws:sts::111122223333:federated-user/fred")),
     .session = OTHER_ACTION,
     .want = ALLOW},
    {.rule = "a canonical user is nobody here",
     .resource_policy = TO("{'CanonicalUser':'79a59df900b949e55d96a1e698fbaced'}"),
     .want = NONE},
    {.rule = "another partition's account is another",
     .resource_policy = DENY_TO(AWS("arn:aws-cn:iam::111122223333:root")),
     .identity = ALLOW_ALL,
     .want = ALLOW},
};

static const struct row not_principals[] = {
    {.rule = "NotPrincipal with Deny spares user and account named",
     .identity = ALLOW_ALL,
     .resource_policy = NOT_TO("Deny", "{'AWS':['" ALICE "','" ROOT "']}"),
     .want = ALLOW},
    {.rule = "and catches the account's other users",
     .identity = ALLOW_ALL,
     .principal = "arn:aws:iam::111122223333:user/bob",
     .resource_policy = NOT_TO("Deny", "{'AWS':['" ALICE "','" ROOT "']}"),
     .want = DENY},
    {.rule = "without the account the account is denied",
     .identity = ALLOW_ALL,
     .resource_policy = NOT_TO("Deny", AWS(ALICE)),
     .want = DENY},
    {.rule = "a session needs account, role and session named",
     .principal = SESSION,
     .identity = ALLOW_ALL,
     .resource_policy = NOT_TO("Deny", "{'AWS':['" SESSION "','" ROLE "','" ROOT "']}"),
     .want = ALLOW},
    {.rule = "another session of that role is denied",
     .principal = "arn:aws:sts::111122223333:assumed-role/app/x",
     .identity = ALLOW_ALL,
     .resource_policy = NOT_TO("Deny", "{'AWS':['" SESSION "','" ROLE "','" ROOT "']}"),
     .want = DENY},
    {.rule = "NotPrincipal with Allow leaves out the named",
     .resource_policy = NOT_TO("Allow", AWS(ALICE)),
     .want = NONE},
    {.rule = "NotPrincipal with Allow grants the rest",
     .resource_policy = NOT_TO("Allow", AWS("arn:aws:iam::111122223333:user/bob")),
     .want = ALLOW},
};

static const struct row accounts[] = {
    {.rule = "cross-account: identity alone is not enough",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "cross-account: the resource alone is not enough",
     .account = OTHER,
     .resource_policy = TO(AWS(ALICE)),
     .want = NONE,
     .side = SIDE_IDENTITY},
    {.rule = "cross-account: both",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .resource_policy = TO(AWS(ALICE)),
     .want = ALLOW},
    {.rule = "cross-account: the account suffices on the resource's side",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .resource_policy = TO(AWS("111122223333")),
     .want = ALLOW},
    {.rule = "cross-account: so does the wildcard",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .resource_policy = TO("'*'"),
     .want = ALLOW},
    {.rule = "cross-account: the wildcard alone does not",
     .account = OTHER,
     .resource_policy = TO("'*'"),
     .want = NONE},
    {.rule = "cross-account: the boundary limits",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .boundary = OTHER_ACTION,
     .resource_policy = TO(AWS(ALICE)),
     .want = NONE,
     .side = SIDE_BOUNDARY},
    {.rule = "cross-account: a session ARN does not outdo the session policy",
     .principal = SESSION,
     .account = OTHER,
     .identity = ALLOW_ALL,
     .session = OTHER_ACTION,
     .resource_policy = TO(AWS(SESSION)),
     .want = NONE,
     .side = SIDE_SESSION},
    {.rule = "cross-account: root needs the resource",
     .principal = ROOT,
     .account = OTHER,
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "cross-account: a deny of the resource",
     .account = OTHER,
     .identity = ALLOW_ALL,
     .resource_policy = DENY_TO("'*'"),
     .want = DENY},
    {.rule = "the same account named is one account",
     .account = "111122223333",
     .identity = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "a service acts for no account",
     .account = OTHER,
     .principal = "sns.amazonaws.com",
     .resource_policy = TO("{'Service':'sns.amazonaws.com'}"),
     .want = ALLOW},
};

#define ASSUME .action = "sts:AssumeRole", .resource = ROLE, .trust = true

static const struct row mandatory[] = {
    {.rule = "trust: identity alone is not enough",
     ASSUME,
     .identity = ALLOW_ALL,
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "trust: identity and another's trust are not enough",
     ASSUME,
     .identity = ALLOW_ALL,
     .resource_policy = TRUST(AWS("arn:aws:iam::111122223333:user/bob")),
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "trust naming the user suffices", ASSUME, .resource_policy = TRUST(AWS(ALICE)), .want = ALLOW},
    {.rule = "trust naming the account delegates to identity",
     ASSUME,
     .resource_policy = TRUST(AWS(ROOT)),
     .want = NONE,
     .side = SIDE_IDENTITY},
    {.rule = "trust naming the account and identity",
     ASSUME,
     .resource_policy = TRUST(AWS(ROOT)),
     .identity = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "trust naming a role suffices for its session",
     ASSUME,
     .principal = "arn:aws:sts::111122223333:assumed-role/first/s",
     .resource_policy = TRUST(AWS("arn:aws:iam::111122223333:role/first")),
     .want = ALLOW},
    {.rule = "trust of a service",
     ASSUME,
     .principal = "ec2.amazonaws.com",
     .resource_policy = TRUST("{'Service':['lambda.amazonaws.com','ec2.amazonaws.com']}"),
     .want = ALLOW},
    {.rule = "trust of another service",
     ASSUME,
     .principal = "ec2.amazonaws.com",
     .resource_policy = TRUST("{'Service':'lambda.amazonaws.com'}"),
     .want = NONE},
    {.rule = "trust under an external id, given",
     ASSUME,
     .resource_policy = "{'Effect':'Allow','Principal':{'AWS':'" ALICE
                        "'},'Action':'sts:AssumeRole','Condition':{'StringEquals':{'sts:ExternalId':'x'}}}",
     .context = "{'sts:ExternalId':'x'}",
     .want = ALLOW},
    {.rule = "trust under an external id, not given",
     ASSUME,
     .resource_policy = "{'Effect':'Allow','Principal':{'AWS':'" ALICE
                        "'},'Action':'sts:AssumeRole','Condition':{'StringEquals':{'sts:ExternalId':'x'}}}",
     .want = NONE},
    {.rule = "trust of a web identity provider",
     .action = "sts:AssumeRoleWithWebIdentity",
     .resource = ROLE,
     .trust = true,
     .principal = "arn:aws:iam::111122223333:oidc-provider/issuer",
     .resource_policy = "{'Effect':'Allow','Principal':{'Federated':'arn:aws:iam::111122223333:oidc-provider/"
                        "issuer'},'Action':'sts:AssumeRoleWithWebIdentity'}",
     .want = ALLOW},
    {.rule = "trust for another action",
     .action = "sts:TagSession",
     .resource = ROLE,
     .trust = true,
     .resource_policy = TRUST(AWS(ALICE)),
     .want = NONE},
    {.rule = "cross-account trust needs identity too",
     ASSUME,
     .account = OTHER,
     .resource_policy = TRUST(AWS(ALICE)),
     .want = NONE,
     .side = SIDE_IDENTITY},
    {.rule = "key policy: identity alone is not enough",
     .action = "kms:Decrypt",
     .resource = KEY,
     .identity = ALLOW_ALL,
     .resource_policy = TO(AWS("arn:aws:iam::111122223333:user/bob")),
     .want = NONE,
     .side = SIDE_RESOURCE},
    {.rule = "key policy: the account delegates",
     .action = "kms:Decrypt",
     .resource = KEY,
     .identity = ALLOW_ALL,
     .resource_policy = TO(AWS(ROOT)),
     .want = ALLOW},
    {.rule = "a key operation without a key has no key policy",
     .action = "kms:ListKeys",
     .resource = "*",
     .identity = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "other operations of STS have no trust policy",
     .action = "sts:GetSessionToken",
     .resource = "*",
     .identity = ALLOW_ALL,
     .want = ALLOW},
    {.rule = "key policy: even root needs it",
     .action = "kms:Decrypt",
     .resource = KEY,
     .principal = ROOT,
     .want = NONE},
};

static void test_rows(void **state)
{
    (void)state;
    run_rows(one_account, ARRAY_LEN(one_account));
    run_rows(resource_policies, ARRAY_LEN(resource_policies));
    run_rows(not_principals, ARRAY_LEN(not_principals));
    run_rows(accounts, ARRAY_LEN(accounts));
    run_rows(mandatory, ARRAY_LEN(mandatory));
}

/* lab why names the statement: its place and Sid have to be right. */
static void test_deciding_statement(void **state)
{
    CLEANUP(policy_freep) struct policy *first = load("first", NULL, OTHER_ACTION, POLICY_IDENTITY);
    CLEANUP(policy_freep)
    struct policy *second = load(
        "second", NULL, OTHER_ACTION ",{'Sid':'Read','Effect':'Allow','Action':'iam:Get*','Resource':'*'}",
        POLICY_IDENTITY);
    const struct policy *identity[] = {first, NULL, second};
    const struct policy_set set = {.identity = identity, .identity_count = 3};
    struct policy_request request = {
        .principal = STR(ALICE), .action = STR("iam:GetRole"), .resource = STR(ROLE)};
    struct policy_result result;

    (void)state;
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_ALLOWED);
    assert_int_equal(result.policy_index, 2);
    assert_int_equal(result.statement_index, 1);
    assert_true(str_is(result.sid, "Read"));
    request.action = STR("iam:DeleteRole");
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_IMPLICITLY_DENIED);
    assert_true(str_is(result.sid, ""));
}

/* Session policies by ARN and inline are one set: any of them may allow. */
static void test_session_policies_are_a_union(void **state)
{
    CLEANUP(policy_freep) struct policy *all = load("all", NULL, ALLOW_ALL, POLICY_IDENTITY);
    CLEANUP(policy_freep) struct policy *other = load("other", NULL, OTHER_ACTION, POLICY_IDENTITY);
    const struct policy *identity[] = {all};
    const struct policy *session[] = {other, all};
    struct policy_set set = {.identity = identity,
                             .identity_count = 1,
                             .session = session,
                             .session_count = 2,
                             .has_session = true};
    const struct policy_request request = {
        .principal = STR(SESSION), .action = STR("iam:GetRole"), .resource = STR(ROLE)};
    struct policy_result result;

    (void)state;
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_ALLOWED);
    set.session_count = 1;
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_IMPLICITLY_DENIED);
}

static const struct {
    enum policy_decision decision;
    enum policy_side side;
    const char *want;
} reasons[] = {
    {NONE, SIDE_IDENTITY, "because no identity-based policy allows the secretsmanager:GetSecretValue action"},
    {NONE, SIDE_BOUNDARY, "because no permissions boundary allows the secretsmanager:GetSecretValue action"},
    {NONE, SIDE_SESSION, "because no session policy allows the secretsmanager:GetSecretValue action"},
    {NONE, SIDE_RESOURCE, "because no resource-based policy allows the secretsmanager:GetSecretValue action"},
    {DENY, SIDE_IDENTITY, "with an explicit deny in an identity-based policy"},
    {DENY, SIDE_BOUNDARY, "with an explicit deny in a permissions boundary"},
    {DENY, SIDE_SESSION, "with an explicit deny in a session policy"},
    {DENY, SIDE_RESOURCE, "with an explicit deny in a resource-based policy"},
    {ALLOW, SIDE_IDENTITY, ""},
};

static void test_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        const struct policy_result result = {.decision = reasons[i].decision, .side = reasons[i].side};

        policy_reason(&result, STR("secretsmanager:GetSecretValue"), &out);
        assert_string_equal(buf_text(&out), reasons[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_deciding_statement),
        cmocka_unit_test(test_session_policies_are_a_union),
        cmocka_unit_test(test_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
