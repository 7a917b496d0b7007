#include "aws/common/redact.h"

#include "aws/common/log.h"
#include "aws/common/secret.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_redacted(const char *text, const char *want)
{
    struct buf b = {0};

    redact(str_of(text), &b);
    assert_string_equal(buf_text(&b), want);
    buf_release(&b);
}

/* The secret is  pa"s&w<r/d\ e' + é  without the blanks around the plus. */
#define SECRET "pa\"s&w<r/d\\ e'+\xc3\xa9"

static void forms_of_a_secret(void **state)
{
    static const struct {
        const char *why, *text;
    } rows[] = {
        {"raw", SECRET},
        {"JSON", "pa\\\"s&w<r/d\\\\ e'+\xc3\xa9"},
        {"JSON, ASCII only, slash escaped", "pa\\\"s&w<r\\/d\\\\ e'+\\u00e9"},
        {"JSON, HTML-safe", "pa\\u0022s\\u0026w\\u003cr/d\\u005C e\\u0027\\u002b\\u00E9"},
        {"JSON in JSON", "pa\\\\\\\"s&w<r/d\\\\\\\\ e'+\\\\u00e9"},
        {"URL", "pa%22s%26w%3Cr%2Fd%5C%20e%27%2B%C3%A9"},
        {"form, lower case digits", "pa%22s%26w%3cr%2fd%5c+e%27%2b%c3%a9"},
        {"URL in URL", "pa%2522s%2526w%253Cr%252Fd%255C%2520e%2527%252B%25C3%25A9"},
        {"XML", "pa&quot;s&amp;w&lt;r/d\\ e&apos;+\xc3\xa9"},
        {"XML by number", "pa&#34;s&#38;w&#x3C;r/d\\ e&#39;+\xc3\xa9"},
        {"XML in XML", "pa&amp;quot;s&amp;amp;w&amp;lt;r/d\\ e'+\xc3\xa9"},
        {"base64", "cGEicyZ3PHIvZFwgZScrw6k="},
        {"base64 in a query", "cGEicyZ3PHIvZFwgZScrw6k%3D"},
        {"hex", "706122732677"
                "3c722f645c2065272bc3a9"},
        {"HEX", "706122732677"
                "3C722F645C2065272BC3A9"},
    };

    (void)state;
    redact_add(STR(SECRET));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf in = {0}, out = {0};

        buf_printf(&in, "<%s>", rows[i].text);
        redact(buf_str(&in), &out);
        /* Padding of base64 may stay: it tells nothing. */
        if (!str_starts(buf_str(&out), STR("<[redacted]")) || out.len > 15)
            fail_msg("%s: %s", rows[i].why, buf_text(&out));
        buf_release(&in);
        buf_release(&out);
    }
    redact_remove(STR(SECRET));
    assert_redacted("<" SECRET ">", "<" SECRET ">");
}

/* What a secret holds may itself look escaped. */
static void secrets_that_look_escaped(void **state)
{
    static const struct {
        const char *why, *secret, *text;
    } rows[] = {
        {"URL, a % before digits", "ab%4fcdef", "ab%254fcdef"},
        {"URL, an escaped %", "ab%25xyz", "ab%2525xyz"},
        {"URL in URL", "ab%4fcdef", "ab%25254fcdef"},
        {"XML, an entity", "a&amp;bcd", "a&amp;amp;bcd"},
        {"XML, a reference by number", "a&#38;bcd", "a&amp;#38;bcd"},
        {"XML by number in XML", "a&bcdef", "a&amp;#38;bcdef"},
        {"JSON, a backslash before what is escaped", "ab\\\nc\xc3\xa9", "ab\\\\\\nc\\u00e9"},
        {"JSON, a backslash before a character", "abc\\\xc3\xa9", "abc\\\\\\u00e9"},
        {"JSON in XML", "quo\"te", "quo\\&quot;te"},
        {"JSON in a form", "qu\"o te", "qu%5c%22o+te"},
        {"XML in a form", "qu<ote", "qu%26lt%3Bote"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};

        redact_add(str_of(rows[i].secret));
        redact(str_of(rows[i].text), &out);
        if (!str_is(buf_str(&out), "[redacted]"))
            fail_msg("%s: %s", rows[i].why, buf_text(&out));
        redact_remove(str_of(rows[i].secret));
        buf_release(&out);
    }
}

/* Many in a row, each written as so many: every cut of the run spells a beginning. */
static void runs_of_backslashes(void **state)
{
    static const struct {
        const char *one;
        size_t times;
    } rows[] = {{"\\", 1}, {"\\", 2}, {"\\", 4}, {"\\", 8}, {"%5c", 2}, {"%5C", 4}, {"%255C", 2}};
    enum { IN_A_ROW = 100 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf secret = {0}, text = {0}, out = {0};

        for (size_t k = 0; k < IN_A_ROW; k++)
            buf_addc(&secret, '\\');
        buf_adds(&secret, "end");
        for (size_t k = 0; k < IN_A_ROW * rows[i].times; k++)
            buf_adds(&text, rows[i].one);
        buf_adds(&text, "end");
        redact_add(buf_str(&secret));
        redact(buf_str(&text), &out);
        redact_remove(buf_str(&secret));
        if (!str_is(buf_str(&out), "[redacted]"))
            fail_msg("%zu of %s: %s", rows[i].times, rows[i].one, buf_text(&out));
    }
}

static void counted_and_overlapping(void **state)
{
    (void)state;
    redact_add(STR("abcdefgh"));
    redact_add(STR("abcdefgh"));
    redact_add(STR("fghijklm"));
    assert_redacted("xabcdefghx abcdefghijklm.", "x[redacted]x [redacted].");
    assert_redacted("abcdefghfghijklm", "[redacted]"); /* touching runs tell no lengths */
    redact_remove(STR("abcdefgh"));
    assert_redacted("abcdefgh", "[redacted]");
    redact_remove(STR("abcdefgh"));
    assert_redacted("abcdefgh", "abcdefgh");
    redact_remove(STR("abcdefgh"));
    redact_remove(STR("fghijklm"));
    /* Too short to be told from ordinary text. */
    redact_add(STR("short"));
    assert_redacted("short", "short");
    redact_remove(STR("short"));
    assert_redacted("", "");
}

static void fields_by_name(void **state)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"Authorization: AWS4-HMAC-SHA256 Credential=a, b\r\nHost: x",
         "Authorization: [redacted]\r\nHost: x"},
        {"x-amz-security-token: abc", "x-amz-security-token: [redacted]"},
        {"Action=Foo&MasterUserPassword=a%20b&X=1", "Action=Foo&MasterUserPassword=[redacted]&X=1"},
        {"?X-Amz-Security-Token=abc HTTP/1.1", "?X-Amz-Security-Token=[redacted] HTTP/1.1"},
        {"{\"SecretString\":\"a\\\"b\",\"Name\":\"n\"}", "{\"SecretString\":\"[redacted]\",\"Name\":\"n\"}"},
        {"{\"SecretBinary\" : \"QUJD\"}", "{\"SecretBinary\" : \"[redacted]\"}"},
        {"{\"a\":\"{\\\"password\\\":\\\"p\\\\\\\"q\\\",\\\"u\\\":1}\",\"b\":1}",
         "{\"a\":\"{\\\"password\\\":\\\"[redacted]\\\",\\\"u\\\":1}\",\"b\":1}"},
        {"{\"password\":\"ends in a backslash\\\\\",\"b\":1}", "{\"password\":\"[redacted]\",\"b\":1}"},
        {"{\"password\":12345,\"b\":1}", "{\"password\":[redacted],\"b\":1}"},
        {"<MasterUserPassword>a b</MasterUserPassword><B>c</B>",
         "<MasterUserPassword>[redacted]</MasterUserPassword><B>c</B>"},
        {"{\"message\":\"Authorization: abc\",\"z\":1}",
         "{\"message\":\"Authorization: [redacted]\",\"z\":1}"},
        {"'Authorization': b'AWS4 x', 'Host': b'h'", "'Authorization': b'[redacted]', 'Host': b'h'"},
        {"{\"SecretString\":\"unterminated", "{\"SecretString\":\"[redacted]"},
        {"password=", "password="},
        {"{\"password\":\"\",\"b\":1}", "{\"password\":\"\",\"b\":1}"},
        {"password=a&password=b", "password=[redacted]&password=[redacted]"},
        {"GetRandomPassword: ThrottlingException", "GetRandomPassword: ThrottlingException"},
        /* A step's name, and how it ended. */
        {"step old-password: refused", "step old-password: refused"},
        {"steps old-password: refused", "steps old-password: [redacted]"},
        {"PasswordLength=32&SecretId=x", "PasswordLength=32&SecretId=x"},
        {"NextToken: abc", "NextToken: abc"},
        {"nothing here", "nothing here"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_redacted(rows[i].in, rows[i].want);
    assert_true(redact_field(STR("SECRETSTRING")));
    assert_true(redact_field(STR("aws_secret_access_key")));
    assert_false(redact_field(STR("SecretId")));
    assert_false(redact_field(STR("")));
}

static void secrets_register_themselves(void **state)
{
    struct secret s = {0}, copy = {0};

    (void)state;
    assert_string_equal(secret_text(&s), "");
    secret_set(&s, STR("first-value"));
    assert_redacted("first-value", "[redacted]");
    secret_set(&s, STR("second-value"));
    assert_redacted("first-value second-value", "first-value [redacted]");
    secret_set(&s, str_slice(secret_str(&s), 7, 5)); /* a part of itself */
    assert_string_equal(secret_text(&s), "value");
    secret_set(&s, STR("third-value"));
    secret_copy(&copy, &s);
    secret_copy(&copy, &copy);
    secret_release(&s);
    secret_release(&s);
    assert_redacted("third-value", "[redacted]");
    assert_string_equal(secret_text(&copy), "third-value");
    secret_release(&copy);
    assert_redacted("third-value", "third-value");
    secret_set(&s, STR(""));
    assert_null(s.data);
    assert_true(secret_equal(STR("abc"), STR("abc")));
    assert_false(secret_equal(STR("abc"), STR("abd")));
    assert_false(secret_equal(STR("abc"), STR("ab")));
    assert_true(secret_equal((struct str){NULL, 0}, STR("")));
}

struct lines {
    struct buf text;
    int count;
};

static void collect(void *self, enum log_level level, const char *line)
{
    struct lines *lines = self;

    (void)level;
    buf_adds(&lines->text, line);
    buf_addc(&lines->text, '|');
    lines->count++;
}

static void log_lines_are_redacted(void **state)
{
    struct lines lines = {0};

    (void)state;
    redact_add(STR("s3cret-value"));
    log_set_sink(collect, &lines);
    assert_int_equal(log_get_level(), LOG_WARN);
    log_info("not at this level");
    log_warn("value %s\nand a second line \x1b[2J", "s3cret-value");
    log_set_level(LOG_DEBUG);
    log_debug("Authorization: %d", 12);
    log_set_level(LOG_WARN);
    log_set_sink(NULL, NULL);
    redact_remove(STR("s3cret-value"));
    assert_string_equal(buf_text(&lines.text),
                        "value [redacted] and a second line  [2J|Authorization: [redacted]|");
    buf_release(&lines.text);
}

static void *churn(void *arg)
{
    int failed = 0;

    for (int i = 0; i < 200; i++) {
        struct buf b = {0};

        redact_add(STR("shared-secret"));
        redact(STR("a shared-secret b"), &b);
        redact_remove(STR("shared-secret"));
        failed += str_is(buf_str(&b), "a [redacted] b") ? 0 : 1;
        buf_release(&b);
    }
    return failed > 0 ? arg : NULL;
}

static void threads_share_it(void **state)
{
    pthread_t threads[4];
    void *result;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, state), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    assert_redacted("shared-secret", "shared-secret");
}

/* A program's variable may be called password; a value that is alive goes all the same. */
static void source_keeps_its_variables(void **state)
{
    CLEANUP(buf_release) struct buf b = {0};

    (void)state;
    redact_add(STR("hunter2-hunter2"));
    redact_values(STR("password=$db_password; \"password\": \"hunter2-hunter2\", hunter2-hunter2"), &b);
    redact_remove(STR("hunter2-hunter2"));
    assert_string_equal(buf_text(&b), "password=$db_password; \"password\": \"[redacted]\", [redacted]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_a_secret),      cmocka_unit_test(secrets_that_look_escaped),
        cmocka_unit_test(runs_of_backslashes),    cmocka_unit_test(counted_and_overlapping),
        cmocka_unit_test(fields_by_name),         cmocka_unit_test(secrets_register_themselves),
        cmocka_unit_test(log_lines_are_redacted), cmocka_unit_test(source_keeps_its_variables),
        cmocka_unit_test(threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
