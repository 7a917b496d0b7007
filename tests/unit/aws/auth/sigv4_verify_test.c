/* What the verifier refuses, with which words, and how each refusal is spelt. */
#include "aws/auth/sigv4.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_S 1440938160 /* 20150830T123600Z */
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

struct fixture {
    struct http_request req;
    struct aws_credentials creds;
    struct sigv4_expectation want;
};

static const char *const regions[] = {"eu-west-1", "us-east-1", NULL};

static void set(struct http_headers *h, const char *name, const char *value)
{
    struct error err = {0};

    if (!http_headers_set(h, name, str_of(value), &err))
        fail_msg("%s", err.message);
}

static void make(struct fixture *f)
{
    *f = (struct fixture){.want = {.service = "iam", .regions = regions, .now_s = NOW_S, .window_s = 300}};
    snprintf(f->creds.access_key_id, sizeof f->creds.access_key_id, "AKIDEXAMPLE");
    secret_set(&f->creds.secret_access_key, STR(SECRET));
    http_request_set(&f->req, "POST", "/", NULL);
    set(&f->req.headers, "Host", "127.0.0.1:4566");
    set(&f->req.headers, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    buf_adds(&f->req.body, "Action=GetUser&Version=2010-05-08");
}

static void drop(struct fixture *f)
{
    http_request_release(&f->req);
    aws_credentials_release(&f->creds);
}

static void sign_as(struct fixture *f, const char *region, const char *service, int64_t at_s)
{
    struct sigv4_scope scope = {region, service};
    struct error err = {0};

    if (!sigv4_sign(&f->req, &f->creds, &scope, NULL, at_s, NULL, &err))
        fail_msg("%s", err.message);
}

static void sign(struct fixture *f)
{
    sign_as(f, "eu-west-1", "iam", NOW_S);
}

static bool check(struct fixture *f, struct sigv4_verdict *verdict)
{
    struct sigv4_claim claim;

    return sigv4_read_claim(&f->req, &claim, verdict) &&
           sigv4_verify(&f->req, &claim, str_is(claim.access_key_id, "AKIDEXAMPLE") ? &f->creds : NULL,
                        &f->want, verdict);
}

/* Replaces text in Authorization. */
static void edit(struct fixture *f, const char *from, const char *to)
{
    const char *old = http_headers_find(&f->req.headers, "Authorization");
    const char *at = strstr(old, from);

    assert_non_null(at);
    CLEANUP(mem_freep) char *value = mem_printf("%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
    set(&f->req.headers, "Authorization", value);
}

/* --- one thing wrong each --- */

static void nothing(struct fixture *f)
{
    sign(f);
}
static void other_region_of_the_list(struct fixture *f)
{
    sign_as(f, "us-east-1", "iam", NOW_S);
}
static void no_space_after_commas(struct fixture *f)
{
    sign(f);
    edit(f, ", Signed", ",Signed");
    edit(f, ", Signature", ",Signature");
}
static void oldest_accepted(struct fixture *f)
{
    sign_as(f, "eu-west-1", "iam", NOW_S - 300);
}
static void newest_accepted(struct fixture *f)
{
    sign_as(f, "eu-west-1", "iam", NOW_S + 300);
}
static void date_header_only(struct fixture *f)
{
    set(&f->req.headers, "Date", "20150830T123600Z");
    sign(f);
    /* As signed with Date alone: by hand, since our signer writes X-Amz-Date. */
    http_headers_remove(&f->req.headers, "X-Amz-Date");
}
static void unsigned_request(struct fixture *f)
{
    (void)f;
}
static void basic_auth(struct fixture *f)
{
    set(&f->req.headers, "Authorization", "Basic dTpw");
}
static void both_forms(struct fixture *f)
{
    sign(f);
    http_request_set(&f->req, "POST", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256");
}
static void other_algorithm(struct fixture *f)
{
    sign(f);
    edit(f, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1");
}
static void no_signature(struct fixture *f)
{
    set(&f->req.headers, "Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e");
}
static void four_parts(struct fixture *f)
{
    sign(f);
    edit(f, "/aws4_request", "");
}
static void odd_date(struct fixture *f)
{
    sign(f);
    set(&f->req.headers, "X-Amz-Date", "2015-08-30");
}
static void two_authorizations(struct fixture *f)
{
    struct error err;

    sign(f);
    assert_true(http_headers_add(&f->req.headers, "Authorization", STR("x"), &err));
}
static void two_dates(struct fixture *f)
{
    struct error err;

    sign(f);
    assert_true(http_headers_add(&f->req.headers, "x-amz-date", STR("20150830T123600Z"), &err));
}
static void signature_twice(struct fixture *f)
{
    sign(f);
    edit(f, "Signature=", "Signature=0, Signature=");
}
static void unknown_key(struct fixture *f)
{
    sign(f);
    edit(f, "AKIDEXAMPLE", "AKIDEXAMPLF");
}
static void token_for_a_key_without(struct fixture *f)
{
    set(&f->req.headers, "X-Amz-Security-Token", "made up");
    sign(f);
}
static void token_left_out(struct fixture *f)
{
    sign(f);
    secret_set(&f->creds.session_token, STR("session"));
}
static void token_run_out(struct fixture *f)
{
    f->creds.expires_at_s = NOW_S;
    sign(f);
}
static void host_unsigned(struct fixture *f)
{
    sign(f);
    edit(f, "content-type;host;", "content-type;");
}
static void amz_header_unsigned(struct fixture *f)
{
    sign(f);
    set(&f->req.headers, "X-AMZ-Target", "TrentService.Decrypt");
}
static void listed_and_absent(struct fixture *f)
{
    sign(f);
    edit(f, "SignedHeaders=", "SignedHeaders=a;");
}
static void listed_twice(struct fixture *f)
{
    sign(f);
    edit(f, "host;", "host;host;");
}
static void wrong_service(struct fixture *f)
{
    sign_as(f, "eu-west-1", "sts", NOW_S);
}
static void wrong_region(struct fixture *f)
{
    sign_as(f, "eu-west-2", "iam", NOW_S);
}
static void wrong_terminator(struct fixture *f)
{
    sign(f);
    edit(f, "aws4_request", "aws5_request");
}
static void wrong_day(struct fixture *f)
{
    sign(f);
    edit(f, "/20150830/", "/20150831/");
}
static void too_old(struct fixture *f)
{
    sign_as(f, "eu-west-1", "iam", NOW_S - 301);
}
static void too_new(struct fixture *f)
{
    sign_as(f, "eu-west-1", "iam", NOW_S + 301);
}
static void other_body(struct fixture *f)
{
    sign(f);
    buf_adds(&f->req.body, "&UserName=root");
}
static void body_not_hashed(struct fixture *f)
{
    set(&f->req.headers, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    sign(f);
}
static void upper_case_signature(struct fixture *f)
{
    const char *value;

    sign(f);
    value = http_headers_find(&f->req.headers, "Authorization");
    value = strstr(value, "Signature=") + strlen("Signature=");
    CLEANUP(mem_freep) char *upper = mem_dup(value);
    CLEANUP(mem_freep) char *lower = mem_dup(value);
    for (char *c = upper; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 'a' + 'A');
    edit(f, lower, upper);
}

#define MISMATCH "The request signature we calculated does not match the signature you provided. Check your"

static void judges(void **state)
{
    static const struct {
        const char *why;
        void (*change)(struct fixture *f);
        enum sigv4_fault fault;
        const char *text; /* begins with */
    } table[] = {
        {"as it should be", nothing, SIGV4_OK, ""},
        {"IAM's global region", other_region_of_the_list, SIGV4_OK, ""},
        {"commas without spaces", no_space_after_commas, SIGV4_OK, ""},
        {"five minutes are within", oldest_accepted, SIGV4_OK, ""},
        {"either way", newest_accepted, SIGV4_OK, ""},
        {"a signed header that went away", date_header_only, SIGV4_MISMATCH, MISMATCH},
        {"no signature", unsigned_request, SIGV4_MISSING_TOKEN, "Request is missing Authentication Token"},
        {"another scheme", basic_auth, SIGV4_MISSING_TOKEN, "Request is missing Authentication Token"},
        {"both forms", both_forms, SIGV4_BOTH_FORMS, "Found both 'X-Amz-Algorithm' as a query-string param"},
        {"algorithm", other_algorithm, SIGV4_INCOMPLETE, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."},
        {"all that is missing is named", no_signature, SIGV4_INCOMPLETE,
         "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' "
         "parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
         "Authorization=AWS4-HMAC-SHA256 Credential=a/b/c/d/e"},
        {"scope too short", four_parts, SIGV4_INCOMPLETE,
         "Credential must have exactly 5 slash-delimited elements"},
        {"date form", odd_date, SIGV4_INCOMPLETE,
         "Date must be in ISO-8601 'basic format'. Got '2015-08-30'."},
        {"which one was signed?", two_authorizations, SIGV4_INCOMPLETE, "Header 'Authorization'"},
        {"which date counts?", two_dates, SIGV4_INCOMPLETE, "Header 'X-Amz-Date'"},
        {"which signature?", signature_twice, SIGV4_INCOMPLETE, "Authorization header is malformed"},
        {"key", unknown_key, SIGV4_UNKNOWN_KEY, "The security token included in the request is invalid"},
        {"token", token_for_a_key_without, SIGV4_UNKNOWN_KEY,
         "The security token included in the request is invalid"},
        {"no token", token_left_out, SIGV4_UNKNOWN_KEY,
         "The security token included in the request is invalid"},
        {"expired", token_run_out, SIGV4_EXPIRED_TOKEN,
         "The security token included in the request is expired"},
        {"host", host_unsigned, SIGV4_MISMATCH, "'Host' or ':authority' must be a 'SignedHeader'"},
        {"x-amz-* in any case", amz_header_unsigned, SIGV4_MISMATCH,
         "'X-AMZ-Target' must be a 'SignedHeader'"},
        {"absent", listed_and_absent, SIGV4_MISMATCH, MISMATCH},
        {"twice", listed_twice, SIGV4_MISMATCH, MISMATCH},
        {"service", wrong_service, SIGV4_MISMATCH, "Credential should be scoped to correct service: 'iam'."},
        {"region", wrong_region, SIGV4_MISMATCH,
         "Credential should be scoped to a valid region, not 'eu-west-2'."},
        {"terminator", wrong_terminator, SIGV4_MISMATCH,
         "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
        {"day", wrong_day, SIGV4_MISMATCH,
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
         "'20150831' != "
         "'20150830', from '20150830T123600Z'."},
        {"old", too_old, SIGV4_SKEW,
         "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 "
         "min.)"},
        {"new", too_new, SIGV4_SKEW,
         "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z "
         "+ 5 "
         "min.)"},
        {"body", other_body, SIGV4_MISMATCH, MISMATCH},
        {"the body is always hashed", body_not_hashed, SIGV4_MISMATCH, MISMATCH},
        {"one spelling", upper_case_signature, SIGV4_MISMATCH, MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(drop) struct fixture f;
        struct sigv4_verdict verdict;
        bool ok;

        make(&f);
        table[i].change(&f);
        ok = check(&f, &verdict);
        if (ok != (table[i].fault == SIGV4_OK) || verdict.fault != table[i].fault ||
            strncmp(verdict.message, table[i].text, strlen(table[i].text)) != 0)
            fail_msg("%s: fault %d, \"%s\"", table[i].why, (int)verdict.fault, verdict.message);
    }
}

/* The signature was made with an independent implementation (Python's hmac). */
#define PRESIGNED                                                                                            \
    "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="         \
    "AKIDEXAMPLE%2F20150830%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=600"  \
    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
#define PRESIGNATURE "f3cd4d54f4e182a7ff490e45470925acaf8370c5d674d5354b088568260e31d3"

static void accepts_presigned(void **state)
{
    static const struct {
        const char *why, *query;
        int64_t now_s;
        enum sigv4_fault fault;
    } table[] = {
        {"at once", PRESIGNED PRESIGNATURE, NOW_S, SIGV4_OK},
        {"order does not matter",
         "Version=2011-06-15&X-Amz-Signature=" PRESIGNATURE
         "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Feu-west-1%2Fsts%2Faws4_"
         "request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&Action="
         "GetCallerIdentity",
         NOW_S, SIGV4_OK},
        {"to its last second", PRESIGNED PRESIGNATURE, NOW_S + 600, SIGV4_OK},
        {"no longer", PRESIGNED PRESIGNATURE, NOW_S + 601, SIGV4_SKEW},
        {"one more parameter", PRESIGNED PRESIGNATURE "&x=y", NOW_S, SIGV4_MISMATCH},
        {"a parameter twice", PRESIGNED PRESIGNATURE "&X-Amz-Expires=700", NOW_S, SIGV4_INCOMPLETE},
        {"another signature", PRESIGNED "0" PRESIGNATURE, NOW_S, SIGV4_MISMATCH},
        {"without a signature", "X-Amz-Algorithm=AWS4-HMAC-SHA256", NOW_S, SIGV4_INCOMPLETE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(drop) struct fixture f;
        struct sigv4_verdict verdict;

        make(&f);
        http_request_release(&f.req);
        http_request_set(&f.req, "GET", "/", table[i].query);
        set(&f.req.headers, "Host", "127.0.0.1:4566");
        f.want.service = "sts";
        f.want.now_s = table[i].now_s;
        if (check(&f, &verdict) != (table[i].fault == SIGV4_OK) || verdict.fault != table[i].fault)
            fail_msg("%s: fault %d, \"%s\"", table[i].why, (int)verdict.fault, verdict.message);
    }
}

static void signing_refuses(void **state)
{
    CLEANUP(drop) struct fixture f;
    struct sigv4_scope scope = {"eu-west-1", "iam"};
    struct error err = {0};

    (void)state;
    make(&f);
    http_headers_remove(&f.req.headers, "Host");
    assert_false(sigv4_sign(&f.req, &f.creds, &scope, NULL, NOW_S, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    set(&f.req.headers, "Host", "h");
    secret_set(&f.creds.session_token, STR("a\r\nX-Evil: b"));
    assert_false(sigv4_sign(&f.req, &f.creds, &scope, NULL, NOW_S, NULL, &err));
    /* After a failure the request is what it was. */
    assert_int_equal(f.req.headers.count, 2);
    secret_release(&f.creds.session_token);
    sign(&f);
    assert_false(sigv4_sign(&f.req, &f.creds, &scope, NULL, NOW_S, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
}

static void spells_each_refusal(void **state)
{
    static const struct {
        enum sigv4_fault fault;
        enum sigv4_dialect dialect;
        const char *code;
        int status;
        const char *text;
    } table[] = {
        {SIGV4_UNKNOWN_KEY, SIGV4_QUERY, "InvalidClientTokenId", 403, "why"},
        {SIGV4_UNKNOWN_KEY, SIGV4_JSON, "UnrecognizedClientException", 400,
         "The security token included in the request is invalid."},
        {SIGV4_UNKNOWN_KEY, SIGV4_EC2, "AuthFailure", 401,
         "AWS was not able to validate the provided access credentials"},
        {SIGV4_UNKNOWN_KEY, SIGV4_REST_JSON, "UnrecognizedClientException", 403,
         "The security token included in the request is invalid."},
        {SIGV4_MISSING_TOKEN, SIGV4_QUERY, "MissingAuthenticationToken", 403, "why"},
        {SIGV4_MISSING_TOKEN, SIGV4_JSON, "MissingAuthenticationTokenException", 400, "why"},
        {SIGV4_INCOMPLETE, SIGV4_QUERY, "IncompleteSignature", 400, "why"},
        {SIGV4_INCOMPLETE, SIGV4_JSON, "IncompleteSignatureException", 400, "why"},
        {SIGV4_EXPIRED_TOKEN, SIGV4_QUERY, "ExpiredToken", 403, "why"},
        {SIGV4_EXPIRED_TOKEN, SIGV4_JSON, "ExpiredTokenException", 400, "why"},
        {SIGV4_EXPIRED_TOKEN, SIGV4_EC2, "RequestExpired", 400, "Request has expired."},
        {SIGV4_MISMATCH, SIGV4_QUERY, "SignatureDoesNotMatch", 403, "why"},
        {SIGV4_MISMATCH, SIGV4_JSON, "InvalidSignatureException", 400, "why"},
        {SIGV4_MISMATCH, SIGV4_EC2, "AuthFailure", 401, "why"},
        {SIGV4_SKEW, SIGV4_EC2, "RequestExpired", 400, "Request has expired."},
        {SIGV4_SKEW, SIGV4_QUERY, "SignatureDoesNotMatch", 403, "why"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct sigv4_verdict verdict = {.fault = table[i].fault, .message = "why"};
        struct error err = {0};
        char want[256];

        assert_false(sigv4_fault_error(&verdict, table[i].dialect, &err));
        snprintf(want, sizeof want, "%s: %s", table[i].code, table[i].text);
        assert_int_equal(err.code, ERR_AWS);
        assert_string_equal(err.remote_code, table[i].code);
        assert_int_equal(err.http_status, table[i].status);
        assert_string_equal(err.message, want);
    }
    for (int fault = SIGV4_OK + 1; fault < SIGV4_FAULT_COUNT; fault++)
        for (int dialect = 0; dialect < SIGV4_DIALECT_COUNT; dialect++) {
            struct sigv4_verdict verdict = {.fault = (enum sigv4_fault)fault, .message = "why"};
            struct error err = {0};

            assert_false(sigv4_fault_error(&verdict, (enum sigv4_dialect)dialect, &err));
            assert_int_equal(err.code, ERR_AWS);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(accepts_presigned),
        cmocka_unit_test(signing_refuses),
        cmocka_unit_test(spells_each_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
