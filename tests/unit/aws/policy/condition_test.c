#include "tests/unit/aws/policy/table.h"

/* One Allow (A) or Deny beside an Allow of everything (D) under a condition. */
#define A(condition) "{'Effect':'Allow','Action':'*','Resource':'*','Condition':{" condition "}}"
#define D(condition) ALLOW_ALL ",{'Effect':'Deny','Action':'*','Resource':'*','Condition':{" condition "}}"

#define TAG "'aws:PrincipalTag/team':"

static const struct row strings[] = {
    {.rule = "StringEquals: exact, case-sensitive", .identity = A("'StringEquals':{" TAG "'red'}"), .context = "{" TAG "'red'}", .want = ALLOW},
    {.rule = "StringEquals: another case differs", .identity = A("'StringEquals':{" TAG "'red'}"), .context = "{" TAG "'Red'}", .want = NONE},
    {.rule = "StringEquals: a star is a star", .identity = A("'StringEquals':{" TAG "'r*'}"), .context = "{" TAG "'red'}", .want = NONE},
    {.rule = "StringEquals: a star equals a star", .identity = A("'StringEquals':{" TAG "'r*'}"), .context = "{" TAG "'r*'}", .want = ALLOW},
    {.rule = "StringEquals: absent key is false", .identity = A("'StringEquals':{" TAG "'red'}"), .want = NONE},
    {.rule = "StringEquals: empty text is a value", .identity = A("'StringEquals':{" TAG "''}"), .context = "{" TAG "''}", .want = ALLOW},
    {.rule = "StringNotEquals: different", .identity = A("'StringNotEquals':{" TAG "'red'}"), .context = "{" TAG "'blue'}", .want = ALLOW},
    {.rule = "StringNotEquals: same", .identity = A("'StringNotEquals':{" TAG "'red'}"), .context = "{" TAG "'red'}", .want = NONE},
    {.rule = "StringNotEquals: absent key is true", .identity = A("'StringNotEquals':{" TAG "'red'}"), .want = ALLOW},
    {.rule = "StringNotEquals: several values are NOR", .identity = A("'StringNotEquals':{" TAG "['red','blue']}"), .context = "{" TAG "'blue'}", .want = NONE},
    {.rule = "StringNotEquals: none of several", .identity = A("'StringNotEquals':{" TAG "['red','blue']}"), .context = "{" TAG "'green'}", .want = ALLOW},
    {.rule = "StringEqualsIgnoreCase", .identity = A("'StringEqualsIgnoreCase':{" TAG "'RED'}"), .context = "{" TAG "'red'}", .want = ALLOW},
    {.rule = "StringNotEqualsIgnoreCase: same but for case", .identity = A("'StringNotEqualsIgnoreCase':{" TAG "'RED'}"), .context = "{" TAG "'red'}", .want = NONE},
    {.rule = "StringNotEqualsIgnoreCase: absent key is true", .identity = A("'StringNotEqualsIgnoreCase':{" TAG "'RED'}"), .want = ALLOW},
    {.rule = "StringLike: star is any run", .identity = A("'StringLike':{" TAG "'r*d'}"), .context = "{" TAG "'r-e-d'}", .want = ALLOW},
    {.rule = "StringLike: star may be nothing", .identity = A("'StringLike':{" TAG "'red*'}"), .context = "{" TAG "'red'}", .want = ALLOW},
    {.rule = "StringLike: question mark is one character", .identity = A("'StringLike':{" TAG "'r?d'}"), .context = "{" TAG "'rd'}", .want = NONE},
    {.rule = "StringLike: a character may take several bytes", .identity = A("'StringLike':{" TAG "'r?d'}"), .context = "{" TAG "'r\xC3\xA9"
             "d'}", .want = ALLOW},
    {.rule = "StringLike: case-sensitive", .identity = A("'StringLike':{" TAG "'r*'}"), .context = "{" TAG "'Red'}", .want = NONE},
    {.rule = "StringNotLike: fits", .identity = A("'StringNotLike':{" TAG "'r*'}"), .context = "{" TAG "'red'}", .want = NONE},
    {.rule = "StringNotLike: absent key is true", .identity = A("'StringNotLike':{" TAG "'r*'}"), .want = ALLOW},
    {.rule = "several values of a key are OR", .identity = A("'StringEquals':{" TAG "['red','blue']}"), .context = "{" TAG "'blue'}", .want = ALLOW},
    {.rule = "no values: nothing to equal", .identity = A("'StringEquals':{" TAG "[]}"), .context = "{" TAG "'blue'}", .want = NONE},
    {.rule = "several keys are AND", .identity = A("'StringEquals':{" TAG "'red','aws:username':'alice'}"), .context = "{" TAG "'red','aws:username':'bob'}", .want = NONE},
    {.rule = "several keys, all hold", .identity = A("'StringEquals':{" TAG "'red','aws:username':'alice'}"), .context = "{" TAG "'red','aws:username':'alice'}", .want = ALLOW},
    {.rule = "several operators are AND", .identity = A("'StringEquals':{" TAG "'red'},'Bool':{'aws:SecureTransport':'true'}"), .context = "{" TAG "'red','aws:SecureTransport':'false'}", .want = NONE},
    {.rule = "key names ignore case", .identity = A("'StringEquals':{'AWS:UserName':'alice'}"), .context = "{'aws:username':'alice'}", .want = ALLOW},
    {.rule = "tag names behind the slash do not", .identity = A("'StringEquals':{'aws:ResourceTag/Team':'red'}"), .context = "{'aws:ResourceTag/team':'red'}", .want = NONE},
    {.rule = "the part before the slash does", .identity = A("'StringEquals':{'AWS:resourcetag/team':'red'}"), .context = "{'aws:ResourceTag/team':'red'}", .want = ALLOW},
    {.rule = "a boolean of the context has a text", .identity = A("'StringEquals':{'secretsmanager:ForceDeleteWithoutRecovery':'true'}"), .context = "{'secretsmanager:ForceDeleteWithoutRecovery':true}", .want = ALLOW},
    {.rule = "a number of the context has a text", .identity = A("'StringEquals':{'secretsmanager:RecoveryWindowInDays':'7'}"), .context = "{'secretsmanager:RecoveryWindowInDays':7}", .want = ALLOW},
    {.rule = "a null in the context is absence", .identity = A("'StringNotEquals':{" TAG "'red'}"), .context = "{" TAG "null}", .want = ALLOW},
};

static const struct row numbers_and_dates[] = {
    {.rule = "NumericEquals: by value, not by text", .identity = A("'NumericEquals':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':'10.0'}", .want = ALLOW},
    {.rule = "NumericEquals: a JSON number in the policy", .identity = A("'NumericEquals':{'s3:max-keys':10}"), .context = "{'s3:max-keys':10}", .want = ALLOW},
    {.rule = "NumericNotEquals: same", .identity = A("'NumericNotEquals':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':10}", .want = NONE},
    {.rule = "NumericNotEquals: absent key is true", .identity = A("'NumericNotEquals':{'s3:max-keys':'10'}"), .want = ALLOW},
    {.rule = "NumericLessThan: below", .identity = A("'NumericLessThan':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':9}", .want = ALLOW},
    {.rule = "NumericLessThan: not as text ('9' > '10')", .identity = A("'NumericLessThan':{'s3:max-keys':'9'}"), .context = "{'s3:max-keys':'10'}", .want = NONE},
    {.rule = "NumericLessThan: equal is not less", .identity = A("'NumericLessThan':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':10}", .want = NONE},
    {.rule = "NumericLessThanEquals: equal", .identity = A("'NumericLessThanEquals':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':10}", .want = ALLOW},
    {.rule = "NumericGreaterThan: equal is not greater", .identity = A("'NumericGreaterThan':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':10}", .want = NONE},
    {.rule = "NumericGreaterThan: above, negative numbers", .identity = A("'NumericGreaterThan':{'s3:max-keys':'-5'}"), .context = "{'s3:max-keys':-4}", .want = ALLOW},
    {.rule = "NumericGreaterThanEquals: equal", .identity = A("'NumericGreaterThanEquals':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':10}", .want = ALLOW},
    {.rule = "NumericLessThan: absent key is false", .identity = A("'NumericLessThan':{'s3:max-keys':'10'}"), .want = NONE},
    {.rule = "Numeric: what is no number does not match an Allow", .identity = A("'NumericLessThan':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':'abc'}", .want = NONE},
    {.rule = "Numeric: nor a negated Allow", .identity = A("'NumericNotEquals':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':'abc'}", .want = NONE},
    {.rule = "Numeric: what is no number does match a Deny", .identity = D("'NumericLessThan':{'s3:max-keys':'10'}"), .context = "{'s3:max-keys':'abc'}", .want = DENY},
    {.rule = "Numeric: hexadecimal is no number", .identity = A("'NumericLessThan':{'s3:max-keys':'20'}"), .context = "{'s3:max-keys':'0x10'}", .want = NONE},
    {.rule = "a Deny whose other condition fails is not made to match", .identity = D("'NumericLessThan':{'s3:max-keys':'10'},'StringEquals':{" TAG "'red'}"), .context = "{'s3:max-keys':'abc'," TAG "'blue'}", .want = ALLOW},
    {.rule = "DateLessThan: before", .identity = A("'DateLessThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2025-12-31T23:59:59Z'}", .want = ALLOW},
    {.rule = "DateLessThan: equal is not before", .identity = A("'DateLessThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", .want = NONE},
    {.rule = "DateLessThanEquals: equal", .identity = A("'DateLessThanEquals':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", .want = ALLOW},
    {.rule = "DateGreaterThan: after", .identity = A("'DateGreaterThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:01Z'}", .want = ALLOW},
    {.rule = "DateGreaterThanEquals: before", .identity = A("'DateGreaterThanEquals':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2025-12-31T23:59:59Z'}", .want = NONE},
    {.rule = "Date: zones are one time line", .identity = A("'DateEquals':{'aws:CurrentTime':'2026-01-01T01:00:00+01:00'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", .want = ALLOW},
    {.rule = "Date: epoch seconds and ISO 8601 are one time line", .identity = A("'DateEquals':{'aws:EpochTime':'1767225600'}"), .context = "{'aws:EpochTime':'2026-01-01T00:00:00Z'}", .want = ALLOW},
    {.rule = "Date: an epoch number in the context", .identity = A("'DateGreaterThan':{'aws:TokenIssueTime':'2025-01-01T00:00:00Z'}"), .context = "{'aws:TokenIssueTime':1767225600}", .want = ALLOW},
    {.rule = "Date: the day alone is its midnight", .identity = A("'DateEquals':{'aws:CurrentTime':'2026-01-01'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", .want = ALLOW},
    {.rule = "Date: without seconds", .identity = A("'DateEquals':{'aws:CurrentTime':'2026-01-01T00:30Z'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:30:00Z'}", .want = ALLOW},
    {.rule = "DateNotEquals: absent key is true", .identity = A("'DateNotEquals':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .want = ALLOW},
    {.rule = "DateNotEquals: same", .identity = A("'DateNotEquals':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", .want = NONE},
    {.rule = "Date: what is no date does match a Deny", .identity = D("'DateLessThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"), .context = "{'aws:CurrentTime':'soon'}", .want = DENY},
};

static const struct row other_types[] = {
    {.rule = "Bool: true", .identity = A("'Bool':{'aws:SecureTransport':'true'}"), .context = "{'aws:SecureTransport':'true'}", .want = ALLOW},
    {.rule = "Bool: a JSON boolean on both sides", .identity = A("'Bool':{'aws:SecureTransport':true}"), .context = "{'aws:SecureTransport':true}", .want = ALLOW},
    {.rule = "Bool: case of the word does not matter", .identity = A("'Bool':{'aws:SecureTransport':'True'}"), .context = "{'aws:SecureTransport':'TRUE'}", .want = ALLOW},
    {.rule = "Bool: other", .identity = A("'Bool':{'aws:SecureTransport':'true'}"), .context = "{'aws:SecureTransport':'false'}", .want = NONE},
    {.rule = "Bool: absent key is false, so a Deny on 'false' lets through", .identity = D("'Bool':{'aws:MultiFactorAuthPresent':'false'}"), .want = ALLOW},
    {.rule = "BoolIfExists: absent key is true, so the Deny catches it", .identity = D("'BoolIfExists':{'aws:MultiFactorAuthPresent':'false'}"), .want = DENY},
    {.rule = "BinaryEquals: same bytes", .identity = A("'BinaryEquals':{'aws:blob':'QmFzZTY0'}"), .context = "{'aws:blob':'QmFzZTY0'}", .want = ALLOW},
    {.rule = "BinaryEquals: other bytes", .identity = A("'BinaryEquals':{'aws:blob':'QmFzZTY0'}"), .context = "{'aws:blob':'QmFzZTY1'}", .want = NONE},
    {.rule = "IpAddress: inside the block", .identity = A("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), .context = "{'aws:SourceIp':'203.0.113.255'}", .want = ALLOW},
    {.rule = "IpAddress: outside the block", .identity = A("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), .context = "{'aws:SourceIp':'203.0.114.0'}", .want = NONE},
    {.rule = "IpAddress: a block that ends inside a byte", .identity = A("'IpAddress':{'aws:SourceIp':'10.0.0.0/12'}"), .context = "{'aws:SourceIp':'10.15.255.255'}", .want = ALLOW},
    {.rule = "IpAddress: just outside such a block", .identity = A("'IpAddress':{'aws:SourceIp':'10.0.0.0/12'}"), .context = "{'aws:SourceIp':'10.16.0.0'}", .want = NONE},
    {.rule = "IpAddress: without a prefix it is one address", .identity = A("'IpAddress':{'aws:SourceIp':'203.0.113.7'}"), .context = "{'aws:SourceIp':'203.0.113.8'}", .want = NONE},
    {.rule = "IpAddress: host bits of the block do not count", .identity = A("'IpAddress':{'aws:SourceIp':'10.1.2.3/8'}"), .context = "{'aws:SourceIp':'10.9.9.9'}", .want = ALLOW},
    {.rule = "IpAddress: 0.0.0.0/0 is all of IPv4", .identity = A("'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}"), .context = "{'aws:SourceIp':'198.51.100.1'}", .want = ALLOW},
    {.rule = "IpAddress: 0.0.0.0/0 is nothing of IPv6", .identity = A("'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}"), .context = "{'aws:SourceIp':'2001:db8::1'}", .want = NONE},
    {.rule = "IpAddress: IPv6 block", .identity = A("'IpAddress':{'aws:SourceIp':'2001:db8:1234::/48'}"), .context = "{'aws:SourceIp':'2001:DB8:1234:5678::1'}", .want = ALLOW},
    {.rule = "IpAddress: outside the IPv6 block", .identity = A("'IpAddress':{'aws:SourceIp':'2001:db8:1234::/48'}"), .context = "{'aws:SourceIp':'2001:db8:1235::1'}", .want = NONE},
    {.rule = "IpAddress: a mapped IPv4 address does not walk around a Deny", .identity = D("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), .context = "{'aws:SourceIp':'::ffff:203.0.113.9'}", .want = DENY},
    {.rule = "NotIpAddress: inside", .identity = D("'NotIpAddress':{'aws:SourceIp':['192.0.2.0/24','203.0.113.0/24']}"), .context = "{'aws:SourceIp':'203.0.113.9'}", .want = ALLOW},
    {.rule = "NotIpAddress: outside all", .identity = D("'NotIpAddress':{'aws:SourceIp':['192.0.2.0/24','203.0.113.0/24']}"), .context = "{'aws:SourceIp':'198.51.100.1'}", .want = DENY},
    {.rule = "NotIpAddress: absent key is true (the aws:ViaAWSService trap)", .identity = D("'NotIpAddress':{'aws:SourceIp':'192.0.2.0/24'}"), .want = DENY},
    {.rule = "IpAddress: what is no address does match a Deny", .identity = D("'IpAddress':{'aws:SourceIp':'192.0.2.0/24'}"), .context = "{'aws:SourceIp':'lambda.amazonaws.com'}", .want = DENY},
    {.rule = "IpAddress: what is no address does not match an Allow", .identity = A("'NotIpAddress':{'aws:SourceIp':'192.0.2.0/24'}"), .context = "{'aws:SourceIp':'lambda.amazonaws.com'}", .want = NONE},
    {.rule = "ArnLike: wildcards", .identity = A("'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/a*'}"), .context = "{'aws:PrincipalArn':'" ROLE "'}", .want = ALLOW},
    {.rule = "ArnLike: a wildcard stays in its field", .identity = A("'ArnLike':{'aws:SourceArn':'arn:aws:sns:*:topic'}"), .context = "{'aws:SourceArn':'arn:aws:sns:eu-west-1:111122223333:topic'}", .want = NONE},
    {.rule = "ArnLike: a wildcard for each field", .identity = A("'ArnLike':{'aws:SourceArn':'arn:aws:sns:*:*:topic'}"), .context = "{'aws:SourceArn':'arn:aws:sns:eu-west-1:111122223333:topic'}", .want = ALLOW},
    {.rule = "ArnLike: the last field keeps its colons", .identity = A("'ArnLike':{'aws:SourceArn':'arn:aws:lambda:*:*:function:r*'}"), .context = "{'aws:SourceArn':'arn:aws:lambda:eu-west-1:111122223333:function:rot:1'}", .want = ALLOW},
    {.rule = "ArnEquals behaves as ArnLike", .identity = A("'ArnEquals':{'aws:PrincipalArn':'arn:aws:iam::*:role/ap?'}"), .context = "{'aws:PrincipalArn':'" ROLE "'}", .want = ALLOW},
    {.rule = "ArnEquals: case-sensitive", .identity = A("'ArnEquals':{'aws:PrincipalArn':'" ROLE "'}"), .context = "{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/App'}", .want = NONE},
    {.rule = "ArnNotEquals: fits", .identity = D("'ArnNotEquals':{'aws:PrincipalArn':'" ROLE "'}"), .context = "{'aws:PrincipalArn':'" ROLE "'}", .want = ALLOW},
    {.rule = "ArnNotLike: does not fit", .identity = D("'ArnNotLike':{'aws:PrincipalArn':'arn:aws:iam::*:role/x*'}"), .context = "{'aws:PrincipalArn':'" ROLE "'}", .want = DENY},
    {.rule = "ArnNotLike: absent key is true", .identity = D("'ArnNotLike':{'aws:PrincipalArn':'" ROLE "'}"), .want = DENY},
};

static const struct row presence[] = {
    {.rule = "IfExists: absent key is true", .identity = A("'StringEqualsIfExists':{" TAG "'red'}"), .want = ALLOW},
    {.rule = "IfExists: present key is tested", .identity = A("'StringEqualsIfExists':{" TAG "'red'}"), .context = "{" TAG "'blue'}", .want = NONE},
    {.rule = "IfExists on a negated operator", .identity = D("'StringNotEqualsIfExists':{" TAG "'red'}"), .context = "{" TAG "'red'}", .want = ALLOW},
    {.rule = "IfExists: numbers too", .identity = A("'NumericLessThanEqualsIfExists':{'s3:max-keys':'5'}"), .context = "{'s3:max-keys':6}", .want = NONE},
    {.rule = "Null true: absent", .identity = A("'Null':{'aws:TokenIssueTime':'true'}"), .want = ALLOW},
    {.rule = "Null true: present", .identity = A("'Null':{'aws:TokenIssueTime':'true'}"), .context = "{'aws:TokenIssueTime':'2026-01-01T00:00:00Z'}", .want = NONE},
    {.rule = "Null false: present", .identity = A("'Null':{'aws:TokenIssueTime':'false'}"), .context = "{'aws:TokenIssueTime':''}", .want = ALLOW},
    {.rule = "Null false: absent", .identity = A("'Null':{'aws:TokenIssueTime':'false'}"), .want = NONE},
    {.rule = "Null: a JSON boolean", .identity = A("'Null':{'aws:TokenIssueTime':true}"), .want = ALLOW},
    {.rule = "Null: a multivalued key without values is absent", .identity = A("'Null':{'aws:TagKeys':'true'}"), .context = "{'aws:TagKeys':[]}", .want = ALLOW},
};

#define KEYS "'aws:TagKeys':"

static const struct row sets[] = {
    {.rule = "ForAllValues: each value of the request is listed", .identity = A("'ForAllValues:StringEquals':{" KEYS "['a','b','c']}"), .context = "{" KEYS "['a','c']}", .want = ALLOW},
    {.rule = "ForAllValues: one is not listed", .identity = A("'ForAllValues:StringEquals':{" KEYS "['a','b']}"), .context = "{" KEYS "['a','c']}", .want = NONE},
    {.rule = "ForAllValues: absent key is true", .identity = A("'ForAllValues:StringEquals':{" KEYS "['a']}"), .want = ALLOW},
    {.rule = "ForAllValues: no values is true", .identity = A("'ForAllValues:StringEquals':{" KEYS "['a']}"), .context = "{" KEYS "[]}", .want = ALLOW},
    {.rule = "ForAllValues with Null false closes that gap", .identity = A("'ForAllValues:StringEquals':{" KEYS "['a']},'Null':{" KEYS "'false'}"), .want = NONE},
    {.rule = "ForAllValues, negated: each is none of the listed", .identity = A("'ForAllValues:StringNotEquals':{" KEYS "['x','y']}"), .context = "{" KEYS "['a','b']}", .want = ALLOW},
    {.rule = "ForAllValues, negated: one is listed", .identity = A("'ForAllValues:StringNotEquals':{" KEYS "['x','y']}"), .context = "{" KEYS "['a','x']}", .want = NONE},
    {.rule = "ForAllValues: one single value", .identity = A("'ForAllValues:StringLike':{" KEYS "['a*']}"), .context = "{" KEYS "'abc'}", .want = ALLOW},
    {.rule = "ForAnyValue: one is listed", .identity = A("'ForAnyValue:StringEquals':{" KEYS "['a','z']}"), .context = "{" KEYS "['a','c']}", .want = ALLOW},
    {.rule = "ForAnyValue: none is listed", .identity = A("'ForAnyValue:StringEquals':{" KEYS "['x','z']}"), .context = "{" KEYS "['a','c']}", .want = NONE},
    {.rule = "ForAnyValue: absent key is false", .identity = A("'ForAnyValue:StringEquals':{" KEYS "['a']}"), .want = NONE},
    {.rule = "ForAnyValue: no values is false", .identity = A("'ForAnyValue:StringEquals':{" KEYS "['a']}"), .context = "{" KEYS "[]}", .want = NONE},
    {.rule = "ForAnyValue, negated: absent key is false", .identity = D("'ForAnyValue:StringNotEquals':{" KEYS "['a']}"), .want = ALLOW},
    {.rule = "ForAnyValue, negated: one is none of the listed", .identity = D("'ForAnyValue:StringNotEquals':{" KEYS "['a']}"), .context = "{" KEYS "['a','b']}", .want = DENY},
    {.rule = "ForAnyValue, negated: all are listed", .identity = D("'ForAnyValue:StringNotEquals':{" KEYS "['a','b']}"), .context = "{" KEYS "['a','b']}", .want = ALLOW},
    {.rule = "ForAnyValue with IfExists: absent key is true", .identity = A("'ForAnyValue:StringEqualsIfExists':{" KEYS "['a']}"), .want = ALLOW},
    {.rule = "ForAnyValue: works for other types", .identity = A("'ForAnyValue:ArnLike':{'aws:x':'arn:aws:iam::*:role/app'}"), .context = "{'aws:x':['arn:aws:iam::1:user/a','" ROLE "']}", .want = ALLOW},
    {.rule = "ForAnyValue: a value of the wrong type does not hide a hit", .identity = A("'ForAnyValue:NumericEquals':{'aws:x':'5'}"), .context = "{'aws:x':['abc',5]}", .want = ALLOW},
    {.rule = "ForAllValues: a value of the wrong type is no hit", .identity = A("'ForAllValues:NumericEquals':{'aws:x':'5'}"), .context = "{'aws:x':['abc',5]}", .want = NONE},
    {.rule = "a list of one needs no set operator", .identity = A("'StringEquals':{" KEYS "'a'}"), .context = "{" KEYS "['a']}", .want = ALLOW},
    {.rule = "several values without a set operator do not match an Allow", .identity = A("'StringEquals':{" KEYS "'a'}"), .context = "{" KEYS "['a','b']}", .want = NONE},
    {.rule = "several values without a set operator match a Deny", .identity = D("'StringEquals':{" KEYS "'a'}"), .context = "{" KEYS "['b','c']}", .want = DENY},
};

#define RUN(name)                                                                                            \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        for (size_t i = 0; i < ARRAY_LEN(name); i++)                                                         \
            run_row(&name[i]);                                                                               \
    }

RUN(strings)
RUN(numbers_and_dates)
RUN(other_types)
RUN(presence)
RUN(sets)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),  cmocka_unit_test(test_numbers_and_dates),
        cmocka_unit_test(test_other_types), cmocka_unit_test(test_presence),
        cmocka_unit_test(test_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
