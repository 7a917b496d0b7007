#include "aws/sandbox/managed_policies.h"

#include "aws/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct managed_policy *find(const char *name)
{
    for (size_t i = 0; i < managed_policy_count; i++)
        if (strcmp(managed_policies[i].name, name) == 0)
            return &managed_policies[i];
    fail_msg("%s is missing", name);
    return NULL;
}

/* A document that does not parse would be a policy nobody can attach. */
static void test_every_document_parses(void **state)
{
    (void)state;
    assert_int_equal(managed_policy_count, 14);
    for (size_t i = 0; i < managed_policy_count; i++) {
        const struct managed_policy *m = &managed_policies[i];
        CLEANUP(policy_freep) struct policy *p = NULL;
        struct error err = {0};

        if (!policy_parse(str_of(m->document), POLICY_IDENTITY, &p, &err))
            fail_msg("%s: %s", m->name, err.message);
        assert_true(m->path[0] == '/' && m->path[strlen(m->path) - 1] == '/');
        assert_true(m->version[0] == 'v');
        if (i > 0)
            assert_true(strcmp(managed_policies[i - 1].name, m->name) < 0);
    }
}

static const struct {
    const char *why, *name, *action, *resource;
    enum policy_decision want;
} questions[] = {
    {"the administrator may do anything", "AdministratorAccess", "iam:DeleteRole", "*", POLICY_ALLOWED},
    {"an agent registers itself", "AmazonSSMManagedInstanceCore", "ssm:UpdateInstanceInformation", "*",
     POLICY_ALLOWED},
    {"an agent does not read secrets", "AmazonSSMManagedInstanceCore", "secretsmanager:GetSecretValue", "*",
     POLICY_IMPLICITLY_DENIED},
    {"secrets are read and written", "SecretsManagerReadWrite", "secretsmanager:GetSecretValue",
     "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf", POLICY_ALLOWED},
    {"the rotation's functions by their name", "SecretsManagerReadWrite", "lambda:CreateFunction",
     "arn:aws:lambda:eu-west-1:111122223333:function:SecretsManagerRotation", POLICY_ALLOWED},
    {"no other function", "SecretsManagerReadWrite", "lambda:CreateFunction",
     "arn:aws:lambda:eu-west-1:111122223333:function:Other", POLICY_IMPLICITLY_DENIED},
    {"reading is reading", "IAMReadOnlyAccess", "iam:GetRole", "arn:aws:iam::111122223333:role/a",
     POLICY_ALLOWED},
    {"and not writing", "IAMReadOnlyAccess", "iam:CreateRole", "arn:aws:iam::111122223333:role/a",
     POLICY_IMPLICITLY_DENIED},
    {"a function writes its log", "AWSLambdaBasicExecutionRole", "logs:PutLogEvents",
     "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:log-stream:s", POLICY_ALLOWED},
};

static void test_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        CLEANUP(policy_freep) struct policy *p = NULL;
        const struct policy *identity[1];
        const struct policy_set set = {.identity = identity, .identity_count = 1};
        const struct policy_request request = {.principal = STR("arn:aws:iam::111122223333:user/alice"),
                                               .action = str_of(questions[i].action),
                                               .resource = str_of(questions[i].resource)};
        struct policy_result result;
        struct error err = {0};

        assert_true(policy_parse(str_of(find(questions[i].name)->document), POLICY_IDENTITY, &p, &err));
        identity[0] = p;
        policy_decide(&request, &set, &result);
        if (result.decision != questions[i].want)
            fail_msg("%s", questions[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_document_parses),
        cmocka_unit_test(test_questions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
