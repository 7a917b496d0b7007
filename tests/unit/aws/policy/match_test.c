#include "tests/unit/aws/policy/table.h"

#define ARN "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
#define BUCKET "arn:aws:s3:::b/k"
/* In two pieces: a quote behind two question marks is a trigraph. */
#define SIX                                                                                                  \
    "?????"                                                                                                  \
    "?"

/* {"Effect":"Allow", …} with these two elements. */
#define S(action, resource) "{'Effect':'Allow'," action "," resource "}"
#define ACTION(a) S("'Action':" a, "'Resource':'*'")
#define RESOURCE(r) S("'Action':'*'", "'Resource':" r)

static const struct row actions[] = {
    {.rule = "Action: exact", .identity = ACTION("'secretsmanager:GetSecretValue'"), .want = ALLOW},
    {.rule = "Action: service and name ignore case",
     .identity = ACTION("'SecretsManager:getsecretvalue'"),
     .want = ALLOW},
    {.rule = "Action: another name", .identity = ACTION("'secretsmanager:DescribeSecret'"), .want = NONE},
    {.rule = "Action: another service", .identity = ACTION("'ssm:GetSecretValue'"), .want = NONE},
    {.rule = "Action: star at the end", .identity = ACTION("'secretsmanager:Get*'"), .want = ALLOW},
    {.rule = "Action: star in the middle", .identity = ACTION("'secretsmanager:*Secret*'"), .want = ALLOW},
    {.rule = "Action: star at the front", .identity = ACTION("'secretsmanager:*Value'"), .want = ALLOW},
    {.rule = "Action: question mark is exactly one",
     .identity = ACTION("'secretsmanager:GetSecretValue?'"),
     .want = NONE},
    {.rule = "Action: question mark inside",
     .identity = ACTION("'secretsmanager:Get?ecretValue'"),
     .want = ALLOW},
    {.rule = "Action: service:* is the whole service",
     .identity = ACTION("'secretsmanager:*'"),
     .want = ALLOW},
    {.rule = "Action: *:* is everything", .identity = ACTION("'*:*'"), .want = ALLOW},
    {.rule = "Action: a prefix is not enough", .identity = ACTION("'secretsmanager:Get'"), .want = NONE},
    {.rule = "Action: one of a list",
     .identity = ACTION("['iam:*','secretsmanager:GetSecretValue']"),
     .want = ALLOW},
    {.rule = "Action: no variables, ${ is text",
     .identity = ACTION("'secretsmanager:${x, `GetSecretValue`}'"),
     .want = NONE},
    {.rule = "NotAction with Allow grants everything else",
     .identity = S("'NotAction':'iam:*'", "'Resource':'*'"),
     .want = ALLOW},
    {.rule = "NotAction with Allow does not grant the listed",
     .identity = S("'NotAction':['iam:*','secretsmanager:*']", "'Resource':'*'"),
     .want = NONE},
    {.rule = "NotAction with Deny spares only the listed",
     .identity = ALLOW_ALL ",{'Effect':'Deny','NotAction':'iam:*','Resource':'*'}",
     .want = DENY},
    {.rule = "NotAction with Deny spares the listed",
     .identity = ALLOW_ALL ",{'Effect':'Deny','NotAction':'secretsmanager:*','Resource':'*'}",
     .want = ALLOW},
};

static const struct row resources[] = {
    {.rule = "Resource: exact ARN", .identity = RESOURCE("'" SECRET "'"), .want = ALLOW},
    {.rule = "Resource: case-sensitive", .identity = RESOURCE("'" ARN "DB-AbCdEf'"), .want = NONE},
    {.rule = "Secret without its suffix never matches", .identity = RESOURCE("'" ARN "db'"), .want = NONE},
    {.rule = "Secret with six question marks", .identity = RESOURCE("'" ARN "db-" SIX "'"), .want = ALLOW},
    {.rule = "six question marks do not take a longer name",
     .identity = RESOURCE("'" ARN "db-" SIX "'"),
     .resource = ARN "db-other-AbCdEf",
     .want = NONE},
    {.rule = "NAME* takes other names too",
     .identity = RESOURCE("'" ARN "db*'"),
     .resource = ARN "dbx-AbCdEf",
     .want = ALLOW},
    {.rule = "NAME-* takes NAME-other too",
     .identity = RESOURCE("'" ARN "db-*'"),
     .resource = ARN "db-other-AbCdEf",
     .want = ALLOW},
    {.rule = "Resource: star crosses slashes",
     .identity = RESOURCE("'arn:aws:s3:::b*'"),
     .resource = "arn:aws:s3:::b/x/y",
     .want = ALLOW},
    {.rule = "Resource: star crosses colons",
     .identity = RESOURCE("'arn:aws:secretsmanager:*:secret:db-" SIX "'"),
     .want = ALLOW},
    {.rule = "Resource: fields that are missing are stars",
     .identity = RESOURCE("'arn:aws:secretsmanager'"),
     .want = ALLOW},
    {.rule = "Resource: missing fields, another service", .identity = RESOURCE("'arn:aws:s3'"), .want = NONE},
    {.rule = "Resource: region as a star",
     .identity = RESOURCE("'arn:aws:secretsmanager:*:111122223333:secret:*'"),
     .want = ALLOW},
    {.rule = "Resource: another region",
     .identity = RESOURCE("'arn:aws:secretsmanager:eu-west-2:111122223333:secret:*'"),
     .want = NONE},
    {.rule = "Resource: an empty field is not a star",
     .identity = RESOURCE("'arn:aws:secretsmanager::111122223333:secret:*'"),
     .want = NONE},
    {.rule = "operations without a resource match only *",
     .identity = RESOURCE("'arn:aws:secretsmanager:*:*:*'"),
     .action = "secretsmanager:ListSecrets",
     .resource = "*",
     .want = NONE},
    {.rule = "operations without a resource match *",
     .identity = RESOURCE("'*'"),
     .action = "secretsmanager:ListSecrets",
     .resource = "*",
     .want = ALLOW},
    {.rule = "a wildcard in the resource type matches nothing",
     .identity = RESOURCE("'arn:aws:iam::111122223333:u*'"),
     .resource = ALICE,
     .want = NONE},
    {.rule = "nor in front of a slash",
     .identity = RESOURCE("'arn:aws:iam::111122223333:us?r/*'"),
     .resource = ALICE,
     .want = NONE},
    {.rule = "behind a star that crossed the account it is a name",
     .identity = RESOURCE("'arn:aws:secretsmanager:*:secret:s*'"),
     .resource = ARN "sales-AbCdEf",
     .want = ALLOW},
    {.rule = "a wildcard as the account changes nothing",
     .identity = RESOURCE("'arn:aws:iam::*:u*'"),
     .resource = ALICE,
     .want = NONE},
    {.rule = "a star alone covers every type",
     .identity = RESOURCE("'arn:aws:iam::111122223333:*'"),
     .resource = ALICE,
     .want = ALLOW},
    {.rule = "a wildcard behind the type is fine",
     .identity = RESOURCE("'arn:aws:iam::111122223333:user/a*'"),
     .resource = ALICE,
     .want = ALLOW},
    {.rule = "a bucket name is no type",
     .identity = RESOURCE("'arn:aws:s3:::log*'"),
     .resource = "arn:aws:s3:::logs-2026/a",
     .want = ALLOW},
    {.rule = "NotResource with Allow grants the rest",
     .identity = S("'Action':'*'", "'NotResource':'" ARN "other-" SIX "'"),
     .want = ALLOW},
    {.rule = "NotResource with Allow leaves out the listed",
     .identity = S("'Action':'*'", "'NotResource':'" ARN "*'"),
     .want = NONE},
    {.rule = "NotResource with Deny spares the listed",
     .identity =
         ALLOW_ALL ",{'Effect':'Deny','Action':'*','NotResource':['" ARN "db-" SIX "','arn:aws:s3:::x']}",
     .want = ALLOW},
    {.rule = "NotResource with Deny catches the rest",
     .identity = ALLOW_ALL ",{'Effect':'Deny','Action':'*','NotResource':'arn:aws:s3:::x'}",
     .want = DENY},
};

#define HOME(name) RESOURCE("'arn:aws:s3:::b/" name "/*'")

static const struct row variables[] = {
    {.rule = "variable in Resource",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/alice/f",
     .context = "{'aws:username':'alice'}",
     .want = ALLOW},
    {.rule = "variable in Resource, another value",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/bob/f",
     .context = "{'aws:username':'alice'}",
     .want = NONE},
    {.rule = "variable names ignore case",
     .identity = HOME("${AWS:UserName}"),
     .resource = "arn:aws:s3:::b/alice/f",
     .context = "{'aws:username':'alice'}",
     .want = ALLOW},
    {.rule = "variable without a value: an Allow does not match",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b//f",
     .want = NONE},
    {.rule = "variable without a value: a Deny does not match",
     .identity = ALLOW_ALL ",{'Effect':'Deny','Action':'*','Resource':'arn:aws:s3:::b/${aws:username}*'}",
     .resource = BUCKET,
     .want = ALLOW},
    {.rule = "variable without a value: nor does NotResource",
     .identity = ALLOW_ALL ",{'Effect':'Deny','Action':'*','NotResource':'arn:aws:s3:::b/${aws:username}'}",
     .resource = BUCKET,
     .want = ALLOW},
    {.rule = "variable without a value: the whole statement",
     .identity = RESOURCE("['" BUCKET "','arn:aws:s3:::b/${aws:username}']"),
     .resource = BUCKET,
     .want = NONE},
    {.rule = "default value",
     .identity = HOME("${aws:PrincipalTag/home, `public`}"),
     .resource = "arn:aws:s3:::b/public/f",
     .want = ALLOW},
    {.rule = "default value gives way to a value",
     .identity = HOME("${aws:PrincipalTag/home, `public`}"),
     .resource = "arn:aws:s3:::b/public/f",
     .context = "{'aws:PrincipalTag/home':'x'}",
     .want = NONE},
    {.rule = "a star in a value is no wildcard",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/bob/f",
     .context = "{'aws:username':'*'}",
     .want = NONE},
    {.rule = "a variable in a value is no variable",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/x/f",
     .context = "{'aws:username':'${aws:userid}','aws:userid':'x'}",
     .want = NONE},
    {.rule = "${*} is a star",
     .identity = RESOURCE("'arn:aws:s3:::b/${*}'"),
     .resource = "arn:aws:s3:::b/*",
     .want = ALLOW},
    {.rule = "${*} is nothing else",
     .identity = RESOURCE("'arn:aws:s3:::b/${*}'"),
     .resource = BUCKET,
     .want = NONE},
    {.rule = "${?} is a question mark",
     .identity = RESOURCE("'arn:aws:s3:::b/${?}'"),
     .resource = BUCKET,
     .want = NONE},
    {.rule = "${$} is a dollar sign",
     .identity = RESOURCE("'arn:aws:s3:::b/${$}{x}'"),
     .resource = "arn:aws:s3:::b/${x}",
     .want = ALLOW},
    {.rule = "a dollar sign alone is itself",
     .identity = RESOURCE("'arn:aws:s3:::b/$x'"),
     .resource = "arn:aws:s3:::b/$x",
     .want = ALLOW},
    {.rule = "Version 2008-10-17 has no variables",
     .version = "2008-10-17",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/alice/f",
     .context = "{'aws:username':'alice'}",
     .want = NONE},
    {.rule = "there the text stands for itself",
     .version = "2008-10-17",
     .identity = HOME("${aws:username}"),
     .resource = "arn:aws:s3:::b/${aws:username}/f",
     .context = "{'aws:username':'alice'}",
     .want = ALLOW},
    {.rule = "variable in a String condition",
     .identity = "{'Effect':'Allow','Action':'*','Resource':'*','Condition':{'StringEquals':{'aws:"
                 "ResourceTag/team':'${aws:PrincipalTag/team}'}}}",
     .context = "{'aws:ResourceTag/team':'red','aws:PrincipalTag/team':'red'}",
     .want = ALLOW},
    {.rule = "variable in StringLike beside a wildcard",
     .identity = "{'Effect':'Allow','Action':'*','Resource':'*','Condition':{'StringLike':{'s3:prefix':['${"
                 "aws:username}/*']}}}",
     .context = "{'s3:prefix':'alice/x','aws:username':'alice'}",
     .want = ALLOW},
    {.rule = "variable in an Arn condition",
     .identity = "{'Effect':'Allow','Action':'*','Resource':'*','Condition':{'ArnLike':{'aws:SourceArn':'arn:"
                 "aws:sns:*:${aws:PrincipalAccount}:*'}}}",
     .context = "{'aws:SourceArn':'arn:aws:sns:eu-west-1:1:t','aws:PrincipalAccount':'1'}",
     .want = ALLOW},
    {.rule = "variable without a value under StringNotEquals: no match",
     .identity = ALLOW_ALL ",{'Effect':'Deny','Action':'*','Resource':'*','Condition':{'StringNotEquals':{'"
                           "aws:ResourceTag/team':'${aws:PrincipalTag/team}'}}}",
     .context = "{'aws:ResourceTag/team':'red'}",
     .want = ALLOW},
    {.rule = "a key with several values has no one value",
     .identity = HOME("${aws:TagKeys}"),
     .resource = "arn:aws:s3:::b/a/f",
     .context = "{'aws:TagKeys':['a','b']}",
     .want = NONE},
    {.rule = "more variables than fit the fast path",
     .identity = RESOURCE(
         "'arn:aws:s3:::${aws:a}${aws:b}${aws:a}${aws:b}${aws:a}${aws:b}${aws:a}${aws:b}${aws:a}/k'"),
     .resource = "arn:aws:s3:::121212121/k",
     .context = "{'aws:a':1,'aws:b':'2'}",
     .want = ALLOW},
};

static const struct {
    const char *why, *pattern, *arn;
    bool fits;
} arns[] = {
    {"the same", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a", true},
    {"star inside one field", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", true},
    {"star does not cross a field", "arn:*:role/a", "arn:aws:iam::1:role/a", false},
    {"short patterns are padded", "arn:aws:iam", "arn:aws:iam::1:role/a", true},
    {"what is no ARN never fits", "*", "role/a", false},
    {"sixth field keeps its colons", "arn:aws:logs:*:*:log-group:*", "arn:aws:logs:r:1:log-group:/x:*", true},
    {"case-sensitive", "arn:aws:iam::1:role/A", "arn:aws:iam::1:role/a", false},
    {"empty pattern", "", "arn:aws:iam::1:role/a", false},
};

static void test_arn_like(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(arns); i++)
        if (policy_arn_like(str_of(arns[i].pattern), str_of(arns[i].arn)) != arns[i].fits)
            fail_msg("%s", arns[i].why);
}

static void test_action_match(void **state)
{
    (void)state;
    assert_true(policy_action_match(STR("IAM:Get*"), STR("iam:getRole")));
    assert_true(policy_action_match(STR("*"), STR("iam:GetRole")));
    assert_false(policy_action_match(STR("iam:Get"), STR("iam:GetRole")));
    assert_false(policy_action_match(STR("iam:GetRole?"), STR("iam:GetRole")));
    assert_false(policy_action_match(STR(""), STR("iam:GetRole")));
    assert_true(policy_action_match(STR(""), STR("")));
}

/* Linear in practice: many stars against a text that never fits. */
static void test_many_stars(void **state)
{
    char pattern[401];
    char text[4001];

    (void)state;
    for (size_t i = 0; i < sizeof pattern - 1; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    memset(text, 'a', sizeof text - 1);
    pattern[sizeof pattern - 1] = text[sizeof text - 1] = '\0';
    assert_true(policy_action_match(str_of(pattern), str_of(text)));
    pattern[sizeof pattern - 2] = 'b';
    assert_false(policy_action_match(str_of(pattern), str_of(text)));
}

static void test_rows(void **state)
{
    (void)state;
    run_rows(actions, ARRAY_LEN(actions));
    run_rows(resources, ARRAY_LEN(resources));
    run_rows(variables, ARRAY_LEN(variables));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_arn_like),
        cmocka_unit_test(test_action_match),
        cmocka_unit_test(test_many_stars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
