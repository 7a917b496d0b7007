#include "tests/unit/aws/policy/table.h"

#define DOC(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define WITH(members) DOC("{'Effect':'Allow','Action':'s3:*','Resource':'*'," members "}")
#define IF(condition) WITH("'Condition':{" condition "}")
#define GRANT(principal) DOC("{'Effect':'Allow','Principal':" principal ",'Action':'s3:*','Resource':'*'}")

#define SYNTAX "Syntax errors in policy."
#define LEGACY "The policy failed legacy parsing"
#define VENDOR "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."

static const struct {
    const char *why;
    const char *document;
    const char *sentence; /* NULL: accepted */
    enum policy_type type;
} documents[] = {
    {"a statement need not be in a list", "{'Version':'2012-10-17','Statement':" ALLOW_ALL "}", NULL,
     POLICY_IDENTITY},
    {"Version may be missing", "{'Statement':[" ALLOW_ALL "]}", NULL, POLICY_IDENTITY},
    {"the older Version", "{'Version':'2008-10-17','Statement':[" ALLOW_ALL "]}", NULL, POLICY_IDENTITY},
    {"Id is allowed", "{'Version':'2012-10-17','Id':'x','Statement':[" ALLOW_ALL "]}", NULL, POLICY_IDENTITY},
    {"any text in front of the vendor's colon is a key",
     IF("'StringEquals':{'token.actions.githubusercontent.com:sub':'x'}"), NULL, POLICY_IDENTITY},
    {"an empty Condition", WITH("'Condition':{}"), NULL, POLICY_IDENTITY},
    {"two empty Sids are no duplicate",
     DOC("{'Sid':'','Effect':'Allow','Action':'*','Resource':'*'},{'Sid':'','Effect':'Deny','Action':'*','"
         "Resource':'*'}"),
     NULL, POLICY_IDENTITY},
    {"a short ARN", DOC("{'Effect':'Allow','Action':'*','Resource':'arn:aws:sqs'}"), NULL, POLICY_IDENTITY},
    {"other partitions",
     DOC("{'Effect':'Allow','Action':'*','Resource':['arn:aws-cn:s3:::b','arn:*:s3:::b']}"), NULL,
     POLICY_IDENTITY},
    {"a resource policy", GRANT("{'AWS':['111122223333','" ROLE "'],'Service':'ec2.amazonaws.com'}"), NULL,
     POLICY_RESOURCE},
    {"a principal kept by its unique id", GRANT("{'AWS':'AROAEXAMPLEID12345678'}"), NULL, POLICY_RESOURCE},
    {"Sids of resource policies are free text",
     DOC("{'Sid':'a b','Effect':'Allow','Principal':'*','Action':'s3:*','Resource':'*'}"), NULL,
     POLICY_RESOURCE},
    {"a trust policy",
     DOC("{'Effect':'Allow','Principal':{'Service':'ec2.amazonaws.com'},'Action':['sts:AssumeRole','sts:"
         "TagSession']}"),
     NULL, POLICY_TRUST},

    {"not JSON", "{", SYNTAX, POLICY_IDENTITY},
    {"not JSON, where a principal is", "{", "This policy contains invalid Json", POLICY_TRUST},
    {"empty", "", SYNTAX, POLICY_IDENTITY},
    {"not an object", "[]", SYNTAX, POLICY_IDENTITY},
    {"no Statement", "{'Version':'2012-10-17'}", SYNTAX, POLICY_IDENTITY},
    {"no statement in it", DOC(""), SYNTAX, POLICY_IDENTITY},
    {"a statement that is text", DOC("'x'"), SYNTAX, POLICY_IDENTITY},
    {"unknown Version", "{'Version':'2020-01-01','Statement':[" ALLOW_ALL "]}", SYNTAX, POLICY_IDENTITY},
    {"Version as a number", "{'Version':2012,'Statement':[" ALLOW_ALL "]}", SYNTAX, POLICY_IDENTITY},
    {"unknown key at the top", "{'Version':'2012-10-17','Comment':'x','Statement':[" ALLOW_ALL "]}", SYNTAX,
     POLICY_IDENTITY},
    {"keys are case-sensitive", "{'version':'2012-10-17','Statement':[" ALLOW_ALL "]}", SYNTAX,
     POLICY_IDENTITY},
    {"a key twice would hide one of them", "{'Statement':[" ALLOW_ALL "],'Statement':[" DENY_ALL "]}", SYNTAX,
     POLICY_IDENTITY},
    {"unknown key of a statement", WITH("'Conditions':{}"), SYNTAX, POLICY_IDENTITY},
    {"no Effect", DOC("{'Action':'*','Resource':'*'}"), SYNTAX, POLICY_IDENTITY},
    {"another Effect", DOC("{'Effect':'Permit','Action':'*','Resource':'*'}"), SYNTAX, POLICY_IDENTITY},
    {"Effect in the wrong case", DOC("{'Effect':'allow','Action':'*','Resource':'*'}"), LEGACY,
     POLICY_IDENTITY},
    {"Sid with a space", WITH("'Sid':'a b'"),
     "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
     "[0-9A-Za-z]*",
     POLICY_IDENTITY},
    {"Sid as a number", WITH("'Sid':1"), SYNTAX, POLICY_IDENTITY},
    {"Sids twice",
     DOC("{'Sid':'A','Effect':'Allow','Action':'*','Resource':'*'},{'Sid':'B','Effect':'Allow','Action':'*','"
         "Resource':'*'},{'Sid':'A','Effect':'Deny','Action':'*','Resource':'*'}"),
     "Statement IDs (SID) in a single policy must be unique.", POLICY_IDENTITY},
    {"no Action", DOC("{'Effect':'Allow','Resource':'*'}"), "Policy statement must contain actions.",
     POLICY_IDENTITY},
    {"an empty list of actions", DOC("{'Effect':'Allow','Action':[],'Resource':'*'}"),
     "Policy statement must contain actions.", POLICY_IDENTITY},
    {"Action and NotAction", WITH("'NotAction':'*'"), SYNTAX, POLICY_IDENTITY},
    {"an action that is no text", DOC("{'Effect':'Allow','Action':['s3:*',1],'Resource':'*'}"), SYNTAX,
     POLICY_IDENTITY},
    {"an action without service", DOC("{'Effect':'Allow','Action':'GetObject','Resource':'*'}"), VENDOR,
     POLICY_IDENTITY},
    {"an action with two colons", DOC("{'Effect':'Allow','Action':'s3:Get:Object','Resource':'*'}"),
     "Actions/Condition can contain only one colon.", POLICY_IDENTITY},
    {"a wildcard in the service", DOC("{'Effect':'Allow','Action':'s*:Get','Resource':'*'}"),
     "Vendor s* is not valid", POLICY_IDENTITY},
    {"an action without name", DOC("{'Effect':'Allow','Action':'s3:','Resource':'*'}"), LEGACY,
     POLICY_IDENTITY},
    {"no Resource", DOC("{'Effect':'Allow','Action':'*'}"), "Policy statement must contain resources.",
     POLICY_IDENTITY},
    {"an empty list of resources", DOC("{'Effect':'Allow','Action':'*','Resource':[]}"),
     "Policy statement must contain resources.", POLICY_IDENTITY},
    {"Resource and NotResource", WITH("'NotResource':'*'"), SYNTAX, POLICY_IDENTITY},
    {"a resource that is no ARN", DOC("{'Effect':'Allow','Action':'*','Resource':'secret_Demouser'}"),
     "Resource secret_Demouser must be in ARN format or \"*\".", POLICY_IDENTITY},
    {"a resource that is empty", DOC("{'Effect':'Allow','Action':'*','Resource':''}"),
     "Resource  must be in ARN format or \"*\".", POLICY_IDENTITY},
    {"the lab's placeholder left in", DOC("{'Effect':'Allow','Action':'*','Resource':'<SecretARN>'}"),
     "Resource <SecretARN> must be in ARN format or \"*\".", POLICY_IDENTITY},
    {"another partition", DOC("{'Effect':'Allow','Action':'*','Resource':'arn:ibm:s3:::b'}"),
     "Partition \"ibm\" is not valid for resource \"arn:ibm:s3:::b\".", POLICY_IDENTITY},
    {"an ARN without service", DOC("{'Effect':'Allow','Action':'*','Resource':'arn:aws'}"),
     "Resource vendor must be fully qualified and cannot contain regexes.", POLICY_IDENTITY},
    {"a variable that does not end",
     DOC("{'Effect':'Allow','Action':'*','Resource':'arn:aws:s3:::${aws:username'}"), LEGACY,
     POLICY_IDENTITY},
    {"a variable without name", DOC("{'Effect':'Allow','Action':'*','Resource':'arn:aws:s3:::${}'}"), LEGACY,
     POLICY_IDENTITY},
    {"a default without quotes",
     DOC("{'Effect':'Allow','Action':'*','Resource':'arn:aws:s3:::${aws:username, x}'}"), LEGACY,
     POLICY_IDENTITY},
    {"Principal in an identity policy", WITH("'Principal':'*'"),
     "Policy document should not specify a principal.", POLICY_IDENTITY},
    {"NotPrincipal in an identity policy", WITH("'NotPrincipal':'*'"),
     "Policy document should not specify a principal.", POLICY_IDENTITY},
    {"no Principal in a resource policy", DOC(ALLOW_ALL), "Missing required field Principal",
     POLICY_RESOURCE},
    {"Principal and NotPrincipal",
     DOC("{'Effect':'Allow','Principal':'*','NotPrincipal':'*','Action':'*','Resource':'*'}"), SYNTAX,
     POLICY_RESOURCE},
    {"an empty Principal", GRANT("{}"), "Missing required field Principal cannot be empty!", POLICY_RESOURCE},
    {"a Principal without type", GRANT("'" ROLE "'"), "Invalid principal in policy.", POLICY_RESOURCE},
    {"an unknown type of Principal", GRANT("{'User':'x'}"), SYNTAX, POLICY_RESOURCE},
    {"a pattern as Principal", GRANT("{'AWS':'arn:aws:iam::111122223333:user/*'}"),
     "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:user/*\"", POLICY_RESOURCE},
    {"a name as Principal", GRANT("{'AWS':'alice'}"), "Invalid principal in policy: \"AWS\":\"alice\"",
     POLICY_RESOURCE},
    {"an ARN of another service as Principal", GRANT("{'AWS':'arn:aws:s3:::b'}"),
     "Invalid principal in policy: \"AWS\":\"arn:aws:s3:::b\"", POLICY_RESOURCE},
    {"any service", GRANT("{'Service':'*'}"), "Invalid principal in policy: \"Service\":\"*\"",
     POLICY_RESOURCE},
    {"a number as Principal", GRANT("{'AWS':111122223333}"), SYNTAX, POLICY_RESOURCE},
    {"Resource in a trust policy",
     DOC("{'Effect':'Allow','Principal':'*','Action':'sts:AssumeRole','Resource':'*'}"),
     "Has prohibited field Resource", POLICY_TRUST},
    {"another action in a trust policy", DOC("{'Effect':'Allow','Principal':'*','Action':'s3:*'}"),
     "AssumeRole policy may only specify STS AssumeRole actions.", POLICY_TRUST},
    {"every action in a trust policy", DOC("{'Effect':'Allow','Principal':'*','Action':'*'}"),
     "AssumeRole policy may only specify STS AssumeRole actions.", POLICY_TRUST},
    {"Condition as text", WITH("'Condition':'x'"), SYNTAX, POLICY_IDENTITY},
    {"an unknown operator", IF("'StringEqual':{'aws:username':'x'}"), SYNTAX, POLICY_IDENTITY},
    {"operators are case-sensitive", IF("'stringequals':{'aws:username':'x'}"), SYNTAX, POLICY_IDENTITY},
    {"an unknown set operator", IF("'ForSomeValues:StringEquals':{'aws:username':'x'}"), SYNTAX,
     POLICY_IDENTITY},
    {"Null has no IfExists", IF("'NullIfExists':{'aws:username':'true'}"), SYNTAX, POLICY_IDENTITY},
    {"an operator that holds text", IF("'StringEquals':'x'"), SYNTAX, POLICY_IDENTITY},
    {"a value that is an object", IF("'StringEquals':{'aws:username':{}}"), SYNTAX, POLICY_IDENTITY},
    {"a value that is null", IF("'StringEquals':{'aws:username':[null]}"), SYNTAX, POLICY_IDENTITY},
    {"a key without service", IF("'StringEquals':{'username':'x'}"), VENDOR, POLICY_IDENTITY},
    {"a number that is none", IF("'NumericEquals':{'s3:max-keys':'ten'}"), LEGACY, POLICY_IDENTITY},
    {"a date that is none", IF("'DateLessThan':{'aws:CurrentTime':'tomorrow'}"), LEGACY, POLICY_IDENTITY},
    {"a day that is not", IF("'DateLessThan':{'aws:CurrentTime':'2026-02-30T00:00:00Z'}"), LEGACY,
     POLICY_IDENTITY},
    {"a truth that is none", IF("'Bool':{'aws:SecureTransport':'yes'}"), LEGACY, POLICY_IDENTITY},
    {"a block that is too wide", IF("'IpAddress':{'aws:SourceIp':'10.0.0.0/33'}"), LEGACY, POLICY_IDENTITY},
    {"a block without prefix", IF("'IpAddress':{'aws:SourceIp':'10.0.0.0/'}"), LEGACY, POLICY_IDENTITY},
    {"an address that is none", IF("'IpAddress':{'aws:SourceIp':'10.0.0.256'}"), LEGACY, POLICY_IDENTITY},
    {"bytes that are no base64", IF("'BinaryEquals':{'aws:blob':'%%'}"), LEGACY, POLICY_IDENTITY},
    {"numbers take no variables", IF("'NumericEquals':{'s3:max-keys':'${aws:x}'}"), LEGACY, POLICY_IDENTITY},
};

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        CLEANUP(mem_freep) char *text = unquote(documents[i].document);
        CLEANUP(policy_freep) struct policy *p = NULL;
        struct error err = {0};
        char want[sizeof err.message];
        bool parsed = policy_parse(str_of(text), documents[i].type, &p, &err);

        if (parsed != (documents[i].sentence == NULL) || (p != NULL) != parsed)
            fail_msg("%s: %s", documents[i].why, parsed ? "accepted" : err.message);
        if (parsed)
            continue;
        snprintf(want, sizeof want, "MalformedPolicyDocument: %s", documents[i].sentence);
        if (!error_is(&err, "MalformedPolicyDocument") || strcmp(err.message, want) != 0)
            fail_msg("%s: %s", documents[i].why, err.message);
    }
}

static void test_too_long(void **state)
{
    CLEANUP(mem_freep) char *body = unquote(DOC(ALLOW_ALL));
    CLEANUP(mem_freep) char *text = mem_printf("%s%*s", body, 131072, "");
    CLEANUP(policy_freep) struct policy *p = NULL;
    struct error err = {0};

    (void)state;
    assert_false(policy_parse(str_of(text), POLICY_IDENTITY, &p, &err));
    assert_null(p);
}

/* Many statements and values: more than one block of memory. */
static void test_large(void **state)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(policy_freep) struct policy *p = NULL;
    struct policy_set set = {.identity_count = 1};
    struct policy_request request = {
        .principal = STR(ALICE), .action = STR("s3:Op499"), .resource = STR("arn:aws:s3:::b499/k")};
    struct policy_result result;
    struct error err = {0};

    (void)state;
    buf_adds(&text, "{\"Statement\":[");
    for (int i = 0; i < 500; i++)
        buf_printf(&text,
                   "%s{\"Sid\":\"S%d\",\"Effect\":\"Allow\",\"Action\":[\"s3:Op%d\",\"s3:Put%d\"],"
                   "\"Resource\":\"arn:aws:s3:::b%d/*\"}",
                   i > 0 ? "," : "", i, i, i, i);
    buf_adds(&text, "]}");
    assert_true(policy_parse(buf_str(&text), POLICY_IDENTITY, &p, &err));
    set.identity = (const struct policy *const[]){p};
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_ALLOWED);
    assert_int_equal(result.statement_index, 499);
    assert_true(str_is(result.sid, "S499"));
    request.action = STR("s3:Op498");
    policy_decide(&request, &set, &result);
    assert_int_equal(result.decision, POLICY_IMPLICITLY_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
