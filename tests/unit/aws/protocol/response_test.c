#include "aws/protocol/protocol.h"

#include "tests/unit/aws/protocol/fixture.h"

#define ID "12345678-1234-1234-1234-123456789012"

static void fill(struct http_response *r, int status, const char *header, const char *value, const char *body)
{
    struct error err;

    r->status = status;
    if (header && !http_headers_add(&r->headers, header, str_of(value), &err))
        fail_msg("%s", err.message);
    buf_adds(&r->body, body);
}

struct reply {
    const char *why, *service, *operation, *body, *json;
};

/* Both ways: what the sandbox writes, and what the client reads. */
static const struct reply replies[] = {
    {"query", "sts", "GetCallerIdentity",
     "<GetCallerIdentityResponse "
     "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
     "<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
     "{\"UserId\":\"AIDA\",\"Account\":\"123456789012\"}"},
    {"query: no output, no result", "iam", "DeleteRole",
     "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></DeleteRoleResponse>",
     "{}"},
    {"query: an empty result stays", "iam", "UpdateRole",
     "<UpdateRoleResponse "
     "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><UpdateRoleResult></UpdateRoleResult>"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></UpdateRoleResponse>",
     "{}"},
    {"times, booleans, numbers; documents percent-encoded, space as %20 and plus as %2B", "iam", "GetRole",
     "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>"
     "<RoleName>r</RoleName><CreateDate>2024-01-01T00:00:00Z</CreateDate>"
     "<AssumeRolePolicyDocument>%7B%22a%22%3A%20%22b%2Bc%22%7D</AssumeRolePolicyDocument>"
     "<MaxSessionDuration>3600</MaxSessionDuration></Role></GetRoleResult>"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></GetRoleResponse>",
     "{\"Role\":{\"RoleName\":\"r\",\"CreateDate\":1704067200,"
     "\"AssumeRolePolicyDocument\":\"{\\\"a\\\": \\\"b+c\\\"}\",\"MaxSessionDuration\":3600}}"},
    {"an empty list is not an absent one", "iam", "ListRoles",
     "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult><Roles></Roles>"
     "<IsTruncated>false</IsTruncated></ListRolesResult>"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></ListRolesResponse>",
     "{\"Roles\":[],\"IsTruncated\":false}"},
    {"RDS names its elements and shows the fraction", "rds", "DescribeDBClusters",
     "<DescribeDBClustersResponse "
     "xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBClustersResult>"
     "<DBClusters><DBCluster><DBClusterIdentifier>c</DBClusterIdentifier>"
     "<ClusterCreateTime>2024-01-01T00:00:00.250Z</ClusterCreateTime><DBClusterMembers><DBClusterMember>"
     "<IsClusterWriter>true</IsClusterWriter></DBClusterMember></DBClusterMembers></DBCluster></DBClusters>"
     "</DescribeDBClustersResult>"
     "<ResponseMetadata><RequestId>" ID "</RequestId></ResponseMetadata></DescribeDBClustersResponse>",
     "{\"DBClusters\":[{\"DBClusterIdentifier\":\"c\",\"ClusterCreateTime\":1704067200.25,"
     "\"DBClusterMembers\":[{\"IsClusterWriter\":true}]}]}"},
    {"ec2", "ec2", "DescribeInstances",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>" ID
     "</requestId>"
     "<reservationSet><item><instancesSet><item><instanceId>i-1</"
     "instanceId><launchTime>2024-01-01T00:00:00.000Z"
     "</launchTime><tagSet><item><key>Name</key><value>a &lt;b&gt; &amp; c</value></item></tagSet></item>"
     "</instancesSet></item></reservationSet></DescribeInstancesResponse>",
     "{\"Reservations\":[{\"Instances\":[{\"InstanceId\":\"i-1\",\"LaunchTime\":1704067200,"
     "\"Tags\":[{\"Key\":\"Name\",\"Value\":\"a <b> & c\"}]}]}]}"},
    {"ec2 without output", "ec2", "CreateTags",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<CreateTagsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>" ID "</requestId>"
     "<return>true</return></CreateTagsResponse>",
     "{}"},
    {"json", "secretsmanager", "GetSecretValue",
     "{\"Name\":\"s\",\"CreatedDate\":1704067200.5,\"VersionStages\":[],\"SecretBinary\":\"AAE=\"}",
     "{\"Name\":\"s\",\"CreatedDate\":1704067200.5,\"VersionStages\":[],\"SecretBinary\":\"AAE=\"}"},
    {"json without output has no body", "secretsmanager", "TagResource", "", "{}"},
    {"json maps", "secretsmanager", "DescribeSecret", "{\"VersionIdsToStages\":{\"v\":[\"AWSCURRENT\"]}}",
     "{\"VersionIdsToStages\":{\"v\":[\"AWSCURRENT\"]}}"},
    {"rest-json", "lambda", "GetPolicy", "{\"Policy\":\"{}\",\"RevisionId\":\"1\"}",
     "{\"Policy\":\"{}\",\"RevisionId\":\"1\"}"},
    {"rest-json without output", "lambda", "RemovePermission", "", "{}"},
};

static void test_replies_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        CLEANUP(json_freep) struct json *out = parsed(replies[i].json);
        const struct aws_operation *o = op(replies[i].service, replies[i].operation);

        protocol_encode_response(o, out, ID, &r);
        if (strcmp(buf_text(&r.body), replies[i].body) != 0)
            fail_msg("%s: %s", replies[i].why, buf_text(&r.body));
        assert_int_equal(r.status, o->http_status);
        assert_string_equal(http_headers_find(&r.headers, "x-amzn-requestid"), ID);
    }
}

static void test_replies_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        CLEANUP(json_freep) struct json *want = parsed(replies[i].json);
        CLEANUP(json_freep) struct json *out = NULL;
        const struct aws_operation *o = op(replies[i].service, replies[i].operation);
        char id[64];
        struct error err;

        fill(&r, o->http_status, "X-Amzn-RequestId", ID, replies[i].body);
        if (!protocol_decode_response(o, &r, &out, id, &err))
            fail_msg("%s: %s", replies[i].why, err.message);
        if (!json_equal(out, want))
            fail_msg("%s differs", replies[i].why);
        assert_string_equal(id, ID);
    }
}

static void test_tolerated(void **state)
{
    static const struct reply rows[] = {
        {"no name space, newer elements, white space", "sts", "GetCallerIdentity",
         "<GetCallerIdentityResponse>\n <GetCallerIdentityResult>\n  <New><x/></New> <Arn>a</Arn>\n"
         "</GetCallerIdentityResult></GetCallerIdentityResponse>",
         "{\"Arn\":\"a\"}"},
        {"a prefix", "sts", "GetCallerIdentity",
         "<s:R "
         "xmlns:s=\"urn:x\"><s:GetCallerIdentityResult><s:Arn>a</s:Arn></s:GetCallerIdentityResult></s:R>",
         "{\"Arn\":\"a\"}"},
        {"newer members and null in json", "secretsmanager", "GetSecretValue",
         "{\"Name\":\"s\",\"New\":{\"a\":1},\"VersionId\":null}", "{\"Name\":\"s\"}"},
        {"a time as text", "secretsmanager", "GetSecretValue", "{\"CreatedDate\":\"2024-01-01T00:00:00Z\"}",
         "{\"CreatedDate\":1704067200}"},
        {"character references and CDATA", "sts", "GetCallerIdentity",
         "<R><GetCallerIdentityResult><Arn>a&#38;<![CDATA[<b>]]>&lt;</Arn></GetCallerIdentityResult></R>",
         "{\"Arn\":\"a&<b><\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        CLEANUP(json_freep) struct json *want = parsed(rows[i].json);
        CLEANUP(json_freep) struct json *out = NULL;
        struct error err;

        fill(&r, 200, NULL, NULL, rows[i].body);
        if (!protocol_decode_response(op(rows[i].service, rows[i].operation), &r, &out, NULL, &err))
            fail_msg("%s: %s", rows[i].why, err.message);
        if (!json_equal(out, want))
            fail_msg("%s differs", rows[i].why);
    }
}

/* SECURITY rule 15, and replies that are none. */
static void test_refused(void **state)
{
    static const struct {
        const char *why, *service, *operation, *body;
        enum error_code code;
    } rows[] = {
        {"DOCTYPE", "sts", "GetCallerIdentity", "<!DOCTYPE R><R/>", ERR_SYNTAX},
        {"internal subset", "sts", "GetCallerIdentity",
         "<!DOCTYPE R [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><R>&b;</R>", ERR_SYNTAX},
        {"external entity", "sts", "GetCallerIdentity",
         "<!DOCTYPE R [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><R>&f;</R>", ERR_SYNTAX},
        {"undeclared entity", "sts", "GetCallerIdentity", "<R>&f;</R>", ERR_SYNTAX},
        {"cut off", "sts", "GetCallerIdentity", "<R><GetCallerIdentityResult>", ERR_SYNTAX},
        {"two roots", "sts", "GetCallerIdentity", "<R/><R/>", ERR_SYNTAX},
        {"empty", "sts", "GetCallerIdentity", "", ERR_SYNTAX},
        {"JSON", "sts", "GetCallerIdentity", "{}", ERR_SYNTAX},
        {"not a number", "iam", "GetRole",
         "<R><GetRoleResult><Role><MaxSessionDuration>x</MaxSessionDuration></Role></GetRoleResult></R>",
         ERR_SYNTAX},
        {"not a time", "iam", "GetRole",
         "<R><GetRoleResult><Role><CreateDate>soon</CreateDate></Role></GetRoleResult></R>", ERR_SYNTAX},
        {"parts in a text", "iam", "GetRole",
         "<R><GetRoleResult><Role><RoleName><b/></RoleName></Role></GetRoleResult></R>", ERR_SYNTAX},
        {"json: not JSON", "secretsmanager", "GetSecretValue", "<html>", ERR_SYNTAX},
        {"json: a list", "secretsmanager", "GetSecretValue", "[]", ERR_SYNTAX},
        {"json: wrong type", "secretsmanager", "GetSecretValue", "{\"Name\":1}", ERR_SYNTAX},
        {"json: not base64", "secretsmanager", "GetSecretValue", "{\"SecretBinary\":\"?\"}", ERR_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        struct json *out = NULL;
        struct error err = {0};

        fill(&r, 200, "x-amzn-RequestId", ID, rows[i].body);
        if (protocol_decode_response(op(rows[i].service, rows[i].operation), &r, &out, NULL, &err))
            fail_msg("%s: accepted", rows[i].why);
        assert_null(out);
        if (err.code != rows[i].code)
            fail_msg("%s: %s", rows[i].why, err.message);
        assert_string_equal(err.request_id, ID);
    }
}

static void test_xml_limits(void **state)
{
    CLEANUP(http_response_release) struct http_response deep = {.status = 200};
    CLEANUP(http_response_release) struct http_response fits = {.status = 200};
    CLEANUP(http_response_release) struct http_response wide = {.status = 200};
    struct json *out = NULL;
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 65; i++)
        buf_adds(&deep.body, "<a>");
    assert_false(protocol_decode_response(op("sts", "GetCallerIdentity"), &deep, &out, NULL, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    for (int i = 0; i < 64; i++)
        buf_adds(&fits.body, "<a>");
    for (int i = 0; i < 64; i++)
        buf_adds(&fits.body, "</a>");
    assert_true(protocol_decode_response(op("sts", "GetCallerIdentity"), &fits, &out, NULL, &err));
    json_freep(&out);
    buf_adds(&wide.body, "<a>");
    while (wide.body.len <= 8u << 20)
        buf_adds(&wide.body,
                 "                                                                                ");
    buf_adds(&wide.body, "</a>");
    assert_false(protocol_decode_response(op("sts", "GetCallerIdentity"), &wide, &out, NULL, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

/* Facts 3.1 and 3.2. */
static void test_errors_read(void **state)
{
    static const struct {
        const char *why, *service, *operation;
        int64_t status;
        const char *header, *body, *code, *text;
        bool retryable, throttle;
    } rows[] = {
        {"query", "iam", "GetRole", 404, NULL,
         "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>m &amp; "
         "n</Message>"
         "</Error><RequestId>" ID "</RequestId></ErrorResponse>",
         "NoSuchEntity", "m & n", false, false},
        {"query, the other envelope", "iam", "GetRole", 400, NULL,
         "<Response><Errors><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></Errors>"
         "<RequestID>" ID "</RequestID></Response>",
         "Throttling", "Rate exceeded", true, true},
        {"ec2", "ec2", "DescribeInstances", 503, NULL,
         "<?xml "
         "version=\"1.0\"?><Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message>"
         "</Error></Errors><RequestID>" ID "</RequestID></Response>",
         "RequestLimitExceeded", "m", true, true},
        {"json, name space before, URI behind with a # of its own", "secretsmanager", "GetSecretValue", 400,
         NULL, "{\"__type\":\"com.amazonaws#ResourceNotFoundException:http://x/#y\",\"Message\":\"m\"}",
         "ResourceNotFoundException", "m", false, false},
        {"json, throttled", "secretsmanager", "GetSecretValue", 400, NULL,
         "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", "ThrottlingException",
         "Rate exceeded", true, true},
        {"json, no message", "secretsmanager", "GetSecretValue", 500, NULL,
         "{\"__type\":\"InternalServiceError\"}", "InternalServiceError", "", true, false},
        {"json, the SDKs' list holds this one", "secretsmanager", "CreateSecret", 400, NULL,
         "{\"__type\":\"LimitExceededException\",\"message\":\"m\"}", "LimitExceededException", "m", true,
         true},
        {"rest, the header first", "lambda", "GetFunction", 404,
         "ResourceNotFoundException:http://internal.amazon.com/coral/",
         "{\"Type\":\"User\",\"Message\":\"m\"}", "ResourceNotFoundException", "m", false, false},
        {"rest, from the body", "lambda", "GetFunction", 429, NULL, "{\"code\":\"X\",\"message\":\"m\"}", "X",
         "m", true, true},
        {"a code is a printable word of 63 bytes at most", "lambda", "GetFunction", 400,
         "\xff\x1b[0123456789012345678901234567890123456789012345678901234567890123456789",
         "{\"message\":\"m\"}", "??[012345678901234567890123456789012345678901234567890123456789", "m", false,
         false},
        {"load balancer", "iam", "GetRole", 503, NULL, "<html><body>busy</body></html>", "503", "", true,
         false},
        {"nothing at all", "secretsmanager", "GetSecretValue", 502, NULL, "", "502", "", true, false},
        {"403 without words", "lambda", "GetFunction", 403, NULL, "", "403", "", false, false},
        {"a redirect is an error", "iam", "GetRole", 301, NULL, "", "301", "", false, false},
        {"a DOCTYPE in an error says nothing", "iam", "GetRole", 400, NULL,
         "<!DOCTYPE x><ErrorResponse><Error><Code>C</Code></Error></ErrorResponse>", "400", "", false, false},
        {"modelled as worth repeating", "sts", "AssumeRoleWithWebIdentity", 400, NULL,
         "<ErrorResponse><Error><Code>IDPCommunicationError</Code><Message>m</Message></Error></"
         "ErrorResponse>",
         "IDPCommunicationError", "m", true, false},
        {"IAM's LimitExceeded is no throttle", "iam", "CreateRole", 409, NULL,
         "<ErrorResponse><Error><Code>LimitExceeded</Code><Message>m</Message></Error></ErrorResponse>",
         "LimitExceeded", "m", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        struct json *out = NULL;
        struct error err = {0};

        fill(&r, (int)rows[i].status, rows[i].header ? "x-amzn-ErrorType" : NULL, rows[i].header,
             rows[i].body);
        assert_false(protocol_decode_response(op(rows[i].service, rows[i].operation), &r, &out, NULL, &err));
        assert_null(out);
        assert_int_equal(err.code, ERR_AWS);
        assert_int_equal(err.http_status, rows[i].status);
        if (strcmp(err.remote_code, rows[i].code) != 0 ||
            strcmp(protocol_error_text(&err), rows[i].text) != 0 || err.retryable != rows[i].retryable ||
            err.throttle != rows[i].throttle)
            fail_msg("%s: %s (%d %d)", rows[i].why, err.message, err.retryable, err.throttle);
        if (strstr(rows[i].body, ID))
            assert_string_equal(err.request_id, ID);
    }
}

static void test_errors_written(void **state)
{
    static const struct {
        const char *why, *service, *operation, *code, *text;
        int set_status, status;
        const char *body;
    } rows[] = {
        {"query, status from the model", "iam", "GetRole", "NoSuchEntity", "a < b", 0, 404,
         "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
         "<Code>NoSuchEntity</Code><Message>a &lt; b</Message></Error><RequestId>" ID
         "</RequestId></ErrorResponse>"},
        {"the receiver's fault", "iam", "GetRole", "ServiceFailure", "m", 0, 500,
         "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Receiver</Type>"
         "<Code>ServiceFailure</Code><Message>m</Message></Error><RequestId>" ID
         "</RequestId></ErrorResponse>"},
        {"denied, query", "sts", "AssumeRole", "AccessDenied", "m", 0, 403,
         "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
         "<Code>AccessDenied</Code><Message>m</Message></Error><RequestId>" ID
         "</RequestId></ErrorResponse>"},
        {"ec2", "ec2", "DescribeInstances", "AuthFailure", "m", 0, 401,
         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>AuthFailure</Code>"
         "<Message>m</Message></Error></Errors><RequestID>" ID "</RequestID></Response>"},
        {"json", "secretsmanager", "GetSecretValue", "AccessDeniedException", "m", 0, 400,
         "{\"__type\":\"AccessDeniedException\",\"message\":\"m\"}"},
        {"json, from the front", "secretsmanager", "GetSecretValue", "InvalidSignatureException", "m", 0, 400,
         "{\"__type\":\"com.amazon.coral.service#InvalidSignatureException\",\"message\":\"m\"}"},
        {"the caller's status wins", "secretsmanager", "GetSecretValue", "X", "m", 418, 418,
         "{\"__type\":\"X\",\"message\":\"m\"}"},
        {"rest", "lambda", "GetFunction", "ResourceNotFoundException", "m", 0, 404,
         "{\"Type\":\"User\",\"Message\":\"m\",\"message\":\"m\"}"},
        {"rest, denied", "lambda", "GetFunction", "AccessDeniedException", "m", 0, 403,
         "{\"Type\":\"User\",\"Message\":\"m\",\"message\":\"m\"}"},
        {"no operation", "iam", NULL, "InvalidAction", "m", 0, 400,
         "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
         "<Code>InvalidAction</Code><Message>m</Message></Error><RequestId>" ID
         "</RequestId></ErrorResponse>"},
        {"no words", "secretsmanager", NULL, "UnknownOperationException", "", 0, 400,
         "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\",\"message\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(http_response_release) struct http_response r = {0};
        struct error err;

        error_aws(&err, rows[i].code, rows[i].text);
        err.http_status = rows[i].set_status;
        error_wrap(&err, "role Workshop");
        protocol_encode_error(model_service(rows[i].service),
                              rows[i].operation ? op(rows[i].service, rows[i].operation) : NULL, &err, ID,
                              &r);
        if (r.status != rows[i].status || (rows[i].text[0] && strcmp(buf_text(&r.body), rows[i].body) != 0))
            fail_msg("%s: %d %s", rows[i].why, r.status, buf_text(&r.body));
        assert_string_equal(http_headers_find(&r.headers, "x-amzn-requestid"), ID);
        if (strcmp(rows[i].service, "lambda") == 0)
            assert_string_equal(http_headers_find(&r.headers, "x-amzn-errortype"), rows[i].code);
    }
}

/* A member the model does not have would be lost: it is said loudly instead. */
static void test_wrong_output(void **state)
{
    CLEANUP(http_response_release) struct http_response r = {0};
    CLEANUP(json_freep) struct json *out = parsed("{\"Role\":{\"RolName\":\"r\"}}");

    (void)state;
    protocol_encode_response(op("iam", "GetRole"), out, ID, &r);
    assert_int_equal(r.status, 500);
    assert_non_null(strstr(buf_text(&r.body), "<Code>InternalFailure</Code>"));
    assert_non_null(strstr(buf_text(&r.body), "Role.RolName"));
}

/* Characters that XML cannot hold, and one that a parser would change. */
static void test_xml_characters(void **state)
{
    CLEANUP(http_response_release) struct http_response r = {0};
    CLEANUP(json_freep) struct json *out = parsed("{\"Arn\":\"a\\u0001b\\r\\n\\\"\\ud83d\\ude00\"}");

    (void)state;
    protocol_encode_response(op("sts", "GetCallerIdentity"), out, ID, &r);
    assert_non_null(strstr(buf_text(&r.body), "<Arn>a\xef\xbf\xbd"
                                              "b&#13;\n&quot;\xf0\x9f\x98\x80</Arn>"));
}

/* Facts 2.9: what became of the function is in a header and the status. */
static void test_invoke(void **state)
{
    CLEANUP(http_response_release) struct http_response r = {0};
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep)
    struct json *in =
        parsed("{\"StatusCode\":202,\"FunctionError\":\"Unhandled\",\"Payload\":\"eyJhIjoxfQ==\"}");
    struct error err;

    (void)state;
    protocol_encode_response(op("lambda", "Invoke"), in, ID, &r);
    assert_int_equal(r.status, 202);
    assert_string_equal(http_headers_find(&r.headers, "X-Amz-Function-Error"), "Unhandled");
    assert_string_equal(buf_text(&r.body), "{\"a\":1}");
    assert_true(protocol_decode_response(op("lambda", "Invoke"), &r, &out, NULL, &err));
    assert_true(json_equal(in, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_written), cmocka_unit_test(test_replies_read),
        cmocka_unit_test(test_tolerated),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_xml_limits),      cmocka_unit_test(test_errors_read),
        cmocka_unit_test(test_errors_written),  cmocka_unit_test(test_wrong_output),
        cmocka_unit_test(test_xml_characters),  cmocka_unit_test(test_invoke),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
