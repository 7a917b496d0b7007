#include "aws/protocol/protocol.h"

#include "tests/unit/aws/protocol/fixture.h"

static void assert_json(const struct json *have, const char *want, const char *why)
{
    CLEANUP(json_freep) struct json *expected = parsed(want);
    CLEANUP(buf_release) struct buf text = {0};

    json_write(have, &text);
    if (!json_equal(have, expected))
        fail_msg("%s: %s", why, buf_text(&text));
}

/* Facts 2.1: one row for each rule of serialisation. */
static void test_bodies(void **state)
{
    static const struct {
        const char *why, *service, *operation, *in, *body;
    } rows[] = {
        {"nothing but the frame", "sts", "GetCallerIdentity", "{}",
         "Action=GetCallerIdentity&Version=2011-06-15"},
        {"space is %20, plus and UTF-8 are escaped", "iam", "GetRole", "{\"RoleName\":\"a b+\\u00e9\"}",
         "Action=GetRole&Version=2010-05-08&RoleName=a%20b%2B%C3%A9"},
        {"lists have a member level", "iam", "CreateRole",
         "{\"RoleName\":\"r\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"},{\"Key\":\"l\",\"Value\":\"\"}]}",
         "Action=CreateRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=k&Tags.member.1.Value=v"
         "&Tags.member.2.Key=l&Tags.member.2.Value="},
        {"the leaf of PolicyArns is small", "sts", "AssumeRole", "{\"PolicyArns\":[{\"arn\":\"a\"}]}",
         "Action=AssumeRole&Version=2011-06-15&PolicyArns.member.1.arn=a"},
        {"RDS names its elements", "rds", "DescribeDBClusters",
         "{\"Filters\":[{\"Name\":\"engine\",\"Values\":[\"x\",\"y\"]}],\"MaxRecords\":20,\"IncludeShared\":"
         "true}",
         "Action=DescribeDBClusters&Version=2014-10-31&Filters.Filter.1.Name=engine&Filters.Filter.1.Values."
         "Value.1=x"
         "&Filters.Filter.1.Values.Value.2=y&MaxRecords=20&IncludeShared=true"},
        {"an empty list is said", "iam", "UntagRole", "{\"RoleName\":\"r\",\"TagKeys\":[]}",
         "Action=UntagRole&Version=2010-05-08&RoleName=r&TagKeys="},
        {"null is absent", "iam", "ListRoles", "{\"Marker\":null,\"MaxItems\":5}",
         "Action=ListRoles&Version=2010-05-08&MaxItems=5"},
        {"ec2: flat lists in the singular", "ec2", "DescribeInstances",
         "{\"InstanceIds\":[\"i-1\",\"i-2\"],\"Filters\":[{\"Name\":\"tag:Name\",\"Values\":[\"w*\"]}]}",
         "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=tag%"
         "3AName"
         "&Filter.1.Value.1=w%2A"},
        {"ec2: an empty list is nothing", "ec2", "DescribeInstances", "{\"InstanceIds\":[],\"DryRun\":false}",
         "Action=DescribeInstances&Version=2016-11-15&DryRun=false"},
        {"ec2: GroupDescription for Description", "ec2", "CreateSecurityGroup",
         "{\"Description\":\"d\",\"GroupName\":\"g\"}",
         "Action=CreateSecurityGroup&Version=2016-11-15&GroupDescription=d&GroupName=g"},
        {"ec2: tags", "ec2", "CreateTags",
         "{\"Resources\":[\"i-1\"],\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}",
         "Action=CreateTags&Version=2016-11-15&ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=v"},
        {"ec2: groups of a permission", "ec2", "AuthorizeSecurityGroupIngress",
         "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":3306,"
         "\"UserIdGroupPairs\":[{\"GroupId\":\"sg-2\"}],\"IpRanges\":[{\"CidrIp\":\"10.0.0.0/8\"}]}]}",
         "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp"
         "&IpPermissions.1.FromPort=3306&IpPermissions.1.Groups.1.GroupId=sg-2"
         "&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8"},
        {"json body", "secretsmanager", "GetSecretValue", "{\"SecretId\":\"s\",\"VersionStage\":null}",
         "{\"SecretId\":\"s\"}"},
        {"json: times are numbers, fraction kept", "cloudtrail", "LookupEvents",
         "{\"StartTime\":1704067200,\"EndTime\":1704067200.25,\"LookupAttributes\":[]}",
         "{\"StartTime\":1704067200,\"EndTime\":1704067200.25,\"LookupAttributes\":[]}"},
        {"json: no parameters", "secretsmanager", "ListSecrets", "{}", "{}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_request_release) struct http_request req = {0};
        CLEANUP(json_freep) struct json *in = parsed(rows[i].in);
        struct error err;

        if (!protocol_encode_request(op(rows[i].service, rows[i].operation), in, &req, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        if (strcmp(buf_text(&req.body), rows[i].body) != 0)
            fail_msg("%s: %s", rows[i].why, buf_text(&req.body));
        assert_string_equal(req.method, "POST");
        assert_string_equal(req.path, "/");
    }
}

static void test_headers(void **state)
{
    CLEANUP(http_request_release) struct http_request query = {0};
    CLEANUP(http_request_release) struct http_request json = {0};
    CLEANUP(json_freep) struct json *in = parsed("{}");
    struct error err;

    (void)state;
    assert_true(protocol_encode_request(op("sts", "GetCallerIdentity"), NULL, &query, &err));
    assert_string_equal(http_headers_find(&query.headers, "content-type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
    assert_null(http_headers_find(&query.headers, "X-Amz-Target"));
    assert_true(protocol_encode_request(op("cloudtrail", "LookupEvents"), in, &json, &err));
    assert_string_equal(http_headers_find(&json.headers, "content-type"), "application/x-amz-json-1.1");
    assert_string_equal(http_headers_find(&json.headers, "X-Amz-Target"),
                        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents");
}

/* Facts 2.9. */
static void test_rest(void **state)
{
    static const struct {
        const char *why, *operation, *in, *method, *path, *query, *body, *type;
    } rows[] = {
        {"an ARN is one segment", "GetFunction",
         "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:123456789012:function:f\",\"Qualifier\":\"$LATEST\"}",
         "GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af",
         "Qualifier=%24LATEST", "", NULL},
        {"body without the label", "AddPermission",
         "{\"FunctionName\":\"f\",\"StatementId\":\"s\",\"Action\":\"lambda:InvokeFunction\",\"Principal\":"
         "\"p\"}",
         "POST", "/2015-03-31/functions/f/policy", "",
         "{\"StatementId\":\"s\",\"Action\":\"lambda:InvokeFunction\",\"Principal\":\"p\"}",
         "application/json"},
        {"query numbers", "ListFunctions", "{\"MaxItems\":5,\"Marker\":\"a b\"}", "GET",
         "/2015-03-31/functions", "", "", NULL},
        {"the payload is the body", "Invoke",
         "{\"FunctionName\":\"f\",\"InvocationType\":\"RequestResponse\",\"Payload\":\"eyJhIjoxfQ==\"}",
         "POST", "/2015-03-31/functions/f/invocations", "", "{\"a\":1}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_request_release) struct http_request req = {0};
        CLEANUP(json_freep) struct json *in = parsed(rows[i].in);
        const char *type;
        struct error err;

        if (!protocol_encode_request(op("lambda", rows[i].operation), in, &req, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        assert_string_equal(req.method, rows[i].method);
        assert_true(str_starts(str_of(req.path), str_of(rows[i].path)));
        if (strcmp(rows[i].operation, "ListFunctions") == 0)
            assert_string_equal(req.query, "MaxItems=5&Marker=a%20b");
        else
            assert_string_equal(req.query ? req.query : "", rows[i].query);
        assert_string_equal(buf_text(&req.body), rows[i].body);
        type = http_headers_find(&req.headers, "Content-Type");
        assert_true(!type == !rows[i].type);
        if (type)
            assert_string_equal(type, rows[i].type);
    }
}

static void test_encode_refusals(void **state)
{
    static const struct {
        const char *why, *service, *operation, *in, *word;
    } rows[] = {
        {"unknown at the top", "iam", "GetRole", "{\"RoleNam\":\"r\"}", "unknown parameter RoleNam"},
        {"unknown where nothing is expected", "sts", "GetCallerIdentity", "{\"X\":1}", "unknown parameter X"},
        {"unknown deep inside", "iam", "CreateRole", "{\"Tags\":[{\"Key\":\"k\"},{\"Colour\":\"v\"}]}",
         "unknown parameter Tags.1.Colour"},
        {"unknown in json", "secretsmanager", "CreateSecret", "{\"Tags\":[{\"key\":\"k\"}]}",
         "unknown parameter Tags.0.key"},
        {"unknown in rest", "lambda", "GetFunction", "{\"FunctionName\":\"f\",\"Version\":\"1\"}",
         "unknown parameter Version"},
        {"text for a number", "rds", "DescribeDBClusters", "{\"MaxRecords\":\"20\"}", "must be an integer"},
        {"half a number", "rds", "DescribeDBClusters", "{\"MaxRecords\":20.5}", "must be an integer"},
        {"number for text", "iam", "GetRole", "{\"RoleName\":1}", "must be a string"},
        {"text for a list", "ec2", "DescribeInstances", "{\"InstanceIds\":\"i-1\"}", "must be a list"},
        {"text for an object", "secretsmanager", "RotateSecret", "{\"RotationRules\":\"x\"}",
         "must be an object"},
        {"not base64", "secretsmanager", "CreateSecret", "{\"SecretBinary\":\"***\"}", "must be base64"},
        {"a list is no set of parameters", "iam", "GetRole", "[]", "must be an object"},
        {"a label cannot be empty: the path would be another", "lambda", "GetFunction",
         "{\"FunctionName\":\"\"}", "is empty"},
        {"a label cannot be missing", "lambda", "GetFunction", "{}", "is missing"},
        {"a header cannot hold a line break", "lambda", "Invoke",
         "{\"FunctionName\":\"f\",\"ClientContext\":\"a\\r\\nb\"}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_request_release) struct http_request req = {0};
        CLEANUP(json_freep) struct json *in = parsed(rows[i].in);
        struct error err = {0};

        if (protocol_encode_request(op(rows[i].service, rows[i].operation), in, &req, &err))
            fail_msg("%s: accepted", rows[i].why);
        assert_int_equal(err.code, ERR_USAGE);
        if (!strstr(err.message, rows[i].word))
            fail_msg("%s: %s", rows[i].why, err.message);
    }
}

/* --- the sandbox's side --- */

static bool decode(const struct aws_operation *o, const char *path, const char *query, const char *body,
                   struct json **in, struct error *err)
{
    CLEANUP(http_request_release) struct http_request req = {0};

    http_request_set(&req, "POST", path, query);
    buf_adds(&req.body, body);
    return protocol_decode_request(o, &req, in, err);
}

static void test_decode(void **state)
{
    static const struct {
        const char *why, *service, *operation, *path, *query, *body, *want;
    } rows[] = {
        {"plus is a space", "iam", "GetRole", "/", "", "Action=GetRole&Version=2010-05-08&RoleName=a+b%2B",
         "{\"RoleName\":\"a b+\"}"},
        {"GET form, presigned", "sts", "AssumeRole", "/",
         "Action=AssumeRole&Version=2011-06-15&RoleArn=r&DurationSeconds=900&X-Amz-Signature=x", "",
         "{\"RoleArn\":\"r\",\"DurationSeconds\":900}"},
        {"sorted by index, gaps close", "iam", "UntagRole", "/", "",
         "Action=UntagRole&Version=2010-05-08&TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a",
         "{\"TagKeys\":[\"a\",\"b\",\"c\"]}"},
        {"named elements", "rds", "DescribeDBClusters", "/", "",
         "Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=x",
         "{\"Filters\":[{\"Name\":\"engine\",\"Values\":[\"x\"]}]}"},
        {"member is as good", "rds", "DescribeDBClusters", "/", "",
         "Filters.member.1.Name=engine&Filters.member.1.Values.member.1=x",
         "{\"Filters\":[{\"Name\":\"engine\",\"Values\":[\"x\"]}]}"},
        {"empty list", "iam", "UntagRole", "/", "",
         "RoleName=r&TagKeys=", "{\"RoleName\":\"r\",\"TagKeys\":[]}"},
        {"ec2", "ec2", "CreateTags", "/", "", "ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=&DryRun=True",
         "{\"Resources\":[\"i-1\"],\"Tags\":[{\"Key\":\"k\",\"Value\":\"\"}],\"DryRun\":true}"},
        {"json", "secretsmanager", "GetSecretValue", "/", "", "{\"SecretId\":\"s\",\"VersionId\":null}",
         "{\"SecretId\":\"s\"}"},
        {"json: float times of the Go SDK", "cloudtrail", "LookupEvents", "/", "",
         "{\"StartTime\":1.7040672E9}", "{\"StartTime\":1704067200}"},
        {"json: no body", "secretsmanager", "ListSecrets", "/", "", "", "{}"},
        {"rest: label, query, body", "lambda", "AddPermission",
         "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/policy",
         "Qualifier=1", "{\"StatementId\":\"s\"}",
         "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:123456789012:function:f\",\"Qualifier\":\"1\","
         "\"StatementId\":\"s\"}"},
        {"rest: payload", "lambda", "Invoke", "/2015-03-31/functions/f/invocations", "", "{\"a\":1}",
         "{\"FunctionName\":\"f\",\"Payload\":\"eyJhIjoxfQ==\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *in = NULL;
        struct error err;

        if (!decode(op(rows[i].service, rows[i].operation), rows[i].path, rows[i].query, rows[i].body, &in,
                    &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        assert_json(in, rows[i].want, rows[i].why);
    }
}

static void test_decode_refusals(void **state)
{
    static const struct {
        const char *why, *service, *operation, *body, *code, *word;
    } rows[] = {
        {"unknown field", "iam", "GetRole", "RoleNam=r", "ValidationError", "RoleNam"},
        {"unknown inside a list", "iam", "CreateRole", "Tags.member.1.Colour=v", "ValidationError",
         "Tags.0.Colour"},
        {"EC2's own words", "ec2", "DescribeInstances", "InstanceIds.1=i-1", "UnknownParameter",
         "The parameter InstanceIds is not recognized"},
        {"unknown in json", "secretsmanager", "GetSecretValue", "{\"SecretID\":\"s\"}", "ValidationException",
         "SecretID"},
        {"wrong type", "secretsmanager", "GetSecretValue", "{\"SecretId\":1}", "SerializationException",
         "SecretId"},
        {"not JSON", "secretsmanager", "GetSecretValue", "{", "SerializationException", ""},
        {"not an object", "secretsmanager", "GetSecretValue", "[]", "SerializationException", ""},
        {"the same key twice", "secretsmanager", "GetSecretValue", "{\"SecretId\":\"a\",\"SecretId\":\"b\"}",
         "SerializationException", ""},
        {"not a number", "rds", "DescribeDBClusters", "MaxRecords=2x", "MalformedInput",
         "must be an integer"},
        {"not a truth", "ec2", "DescribeInstances", "DryRun=1", "InvalidParameterValue", "must be a boolean"},
        {"the same field twice", "iam", "GetRole", "RoleName=a&RoleName=b", "MalformedInput", "RoleName"},
        {"a value and a structure", "iam", "UntagRole", "TagKeys=x", "MalformedInput", "TagKeys"},
        {"index 0", "iam", "UntagRole", "TagKeys.member.0=x", "MalformedInput", "TagKeys"},
        {"absurd index", "iam", "UntagRole", "TagKeys.member.1001=x", "MalformedInput", "TagKeys"},
        {"index beyond any number", "iam", "UntagRole", "TagKeys.member.99999999999999999999=x",
         "MalformedInput", "TagKeys"},
        {"index is no number", "ec2", "DescribeInstances", "InstanceId.a=x", "InvalidParameterValue",
         "InstanceIds"},
        {"a scalar with parts", "iam", "GetRole", "RoleName.member.1=x", "MalformedInput", "RoleName"},
        {"bad escape", "iam", "GetRole", "RoleName=%4", "MalformedInput", ""},
        {"a value without a name", "iam", "GetRole", "=x", "MalformedInput", ""},
        {"NUL", "iam", "GetRole", "RoleName=a%00b", "MalformedInput", "RoleName"},
        {"not UTF-8", "iam", "GetRole", "RoleName=%ff", "MalformedInput", "RoleName"},
        {"too deep", "iam", "GetRole", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1",
         "MalformedInput", "limit"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *in = NULL;
        struct error err = {0};

        if (decode(op(rows[i].service, rows[i].operation), "/", "", rows[i].body, &in, &err))
            fail_msg("%s: accepted", rows[i].why);
        assert_null(in);
        assert_int_equal(err.code, ERR_AWS);
        assert_int_equal(err.http_status, 400);
        if (strcmp(err.remote_code, rows[i].code) != 0 || !strstr(err.message, rows[i].word))
            fail_msg("%s: %s", rows[i].why, err.message);
    }
}

/* A form of very many fields is refused before it costs anything. */
static void test_too_many_fields(void **state)
{
    CLEANUP(buf_release) struct buf body = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 5001; i++)
        buf_printf(&body, "a%d=&", i);
    assert_false(decode(op("iam", "GetRole"), "/", "", buf_text(&body), &in, &err));
    assert_string_equal(err.remote_code, "MalformedInput");
}

/* The same for a map: each key is looked for among the others. */
static void test_too_many_entries(void **state)
{
    CLEANUP(buf_release) struct buf body = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    struct error err = {0};

    (void)state;
    buf_adds(&body, "{\"Parameters\":{");
    for (int i = 0; i < 10001; i++)
        buf_printf(&body, "%s\"k%d\":[]", i ? "," : "", i);
    buf_adds(&body, "}}");
    assert_false(decode(op("ssm", "SendCommand"), "/", "", buf_text(&body), &in, &err));
    assert_string_equal(err.remote_code, "SerializationException");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_encode_refusals),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_refusals),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_too_many_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
