#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ASK(who) "{\"PolicySourceArn\":\"arn:aws:iam::$A:" who "\",\"ActionNames\":"

static const struct iam_step simulate_steps[] = {
    {"a role's inline policy allows", "SimulatePrincipalPolicy",
     ASK("role/ide") "[\"secretsmanager:GetSecretValue\"]}", NULL, NULL, "EvaluationResults.0.EvalDecision",
     "\"allowed\""},
    {"by this one", "SimulatePrincipalPolicy", ASK("role/ide") "[\"secretsmanager:GetSecretValue\"]}", NULL,
     NULL, "EvaluationResults.0.MatchedStatements.0.SourcePolicyId", "\"role_ide_secrets\""},
    {"nothing else does", "SimulatePrincipalPolicy", ASK("role/ide") "[\"s3:GetObject\"]}", NULL, NULL,
     "EvaluationResults.0.EvalDecision", "\"implicitDeny\""},
    {"on everything unless said", "SimulatePrincipalPolicy", ASK("role/ide") "[\"s3:GetObject\"]}", NULL,
     NULL, "EvaluationResults.0.EvalResourceName", "\"*\""},
    {"actions times resources", "SimulatePrincipalPolicy",
     ASK("user/instructor") "[\"s3:GetObject\",\"s3:PutObject\"],\"ResourceArns\":[\"arn:aws:s3:::a\","
                            "\"arn:aws:s3:::b\"]}",
     NULL, NULL, "EvaluationResults.3.EvalResourceName", "\"arn:aws:s3:::b\""},
    {"a page of them", "SimulatePrincipalPolicy",
     ASK("user/instructor") "[\"s3:GetObject\",\"s3:PutObject\"],\"MaxItems\":1}", NULL, NULL, "IsTruncated",
     "true"},
    {"an input policy denies", "SimulatePrincipalPolicy",
     ASK("role/ide") "[\"secretsmanager:GetSecretValue\"],\"PolicyInputList\":[" STATEMENT(
         "{\\\"Effect\\\":\\\"Deny\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}") "]}",
     NULL, NULL, "EvaluationResults.0.EvalDecision", "\"explicitDeny\""},
    {"a boundary limits", "SimulatePrincipalPolicy",
     ASK("role/ide") "[\"secretsmanager:GetSecretValue\"],\"PermissionsBoundaryPolicyInputList\":[$P]}", NULL,
     NULL, "EvaluationResults.0.PermissionsBoundaryDecisionDetail",
     "{\"AllowedByPermissionsBoundary\":false}"},
    {"nobody", "SimulatePrincipalPolicy", ASK("role/nobody") "[\"s3:GetObject\"]}", "NoSuchEntity",
     "The role with name nobody cannot be found.", NULL, NULL},
    {"a session is no source", "SimulatePrincipalPolicy",
     "{\"PolicySourceArn\":\"arn:aws:sts::$A:assumed-role/ide/s\",\"ActionNames\":[\"s3:GetObject\"]}",
     "InvalidInput",
     "Invalid Entity Arn: arn:aws:sts::$A:assumed-role/ide/s does not clearly define entity type and name.",
     NULL, NULL},
    {"an action without a service", "SimulatePrincipalPolicy", ASK("role/ide") "[\"GetObject\"]}",
     "InvalidInput", NULL, NULL, NULL},
    {"a policy of one's own", "SimulateCustomPolicy",
     "{\"PolicyInputList\":[$P],\"ActionNames\":[\"s3:GetObject\"]}", NULL, NULL,
     "EvaluationResults.0.EvalDecision", "\"allowed\""},
    {"by its number", "SimulateCustomPolicy", "{\"PolicyInputList\":[$P],\"ActionNames\":[\"s3:GetObject\"]}",
     NULL, NULL, "EvaluationResults.0.MatchedStatements.0.SourcePolicyId", "\"PolicyInputList.1\""},
    {"one that is none", "SimulateCustomPolicy",
     "{\"PolicyInputList\":[$T],\"ActionNames\":[\"s3:GetObject\"]}", "InvalidInput",
     "Policy document should not specify a principal.", NULL, NULL},
    {"a condition without its key", "SimulateCustomPolicy",
     "{\"PolicyInputList\":[" STATEMENT("{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"*\\\","
                                        "\\\"Resource\\\":\\\"*\\\","
                                        "\\\"Condition\\\":{\\\"StringEquals\\\":{\\\"aws:RequestTag/"
                                        "a\\\":\\\"x\\\"}}}") "],"
                                                              "\"ActionNames\":[\"s3:GetObject\"]}",
     NULL, NULL, "EvaluationResults.0.MissingContextValues", "[\"aws:RequestTag/a\"]"},
    {"and with it", "SimulateCustomPolicy",
     "{\"PolicyInputList\":[" STATEMENT("{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"*\\\","
                                        "\\\"Resource\\\":\\\"*\\\","
                                        "\\\"Condition\\\":{\\\"StringEquals\\\":{\\\"aws:RequestTag/"
                                        "a\\\":\\\"x\\\"}}}") "],"
                                                              "\"ActionNames\":[\"s3:GetObject\"],"
                                                              "\"ContextEntries\":[{\"ContextKeyName\":\"aws:"
                                                              "RequestTag/a\","
                                                              "\"ContextKeyValues\":[\"x\"],"
                                                              "\"ContextKeyType\":\"string\"}]}",
     NULL, NULL, "EvaluationResults.0.EvalDecision", "\"allowed\""},
    {"a resource policy needs a caller", "SimulateCustomPolicy",
     "{\"PolicyInputList\":[$P],\"ActionNames\":[\"s3:GetObject\"],\"ResourcePolicy\":" STATEMENT(
         "{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"*\\\","
         "\\\"Resource\\\":\\\"*\\\"}") "}",
     "InvalidInput", NULL, NULL, NULL},
};

static void test_simulate(void **state)
{
    (void)state;
    iam_play_alone(simulate_steps, ARRAY_LEN(simulate_steps));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simulate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
