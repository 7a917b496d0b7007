/* The sources that a profile names: processes, SSO with renewal, roles with MFA,
 * and keys that end while something waits. */
#include "aws/provider/source.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/support/replay.h"
#include "tests/support/variables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S 1440938160 /* 2015-08-30T12:36:00Z */

/* --- splitting a command --- */

static void splits_like_a_shell(void **state)
{
    static const struct {
        const char *why, *command;
        const char *words[5]; /* none: refused */
    } table[] = {
        {"blanks", " /bin/a  b\tc ", {"/bin/a", "b", "c"}},
        {"single quotes keep all", "a 'b \"\\ $c'", {"a", "b \"\\ $c"}},
        {"double quotes keep blanks", "a \"b c\"", {"a", "b c"}},
        {"an escaped quote", "a \"b\\\"c\\\\d\\e\"", {"a", "b\"c\\d\\e"}},
        {"an escaped blank", "a\\ b c", {"a b", "c"}},
        {"quotes within a word", "a'b'\"c\" d", {"abc", "d"}},
        {"an empty word", "a '' b", {"a", "", "b"}},
        {"nothing is expanded", "a $HOME `x` | * ", {"a", "$HOME", "`x`", "|", "*"}},
        {"an open quote", "a 'b", {NULL}},
        {"nothing at all", " ", {NULL}},
        {"no program", "'' a", {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(process_words_free) char **words = NULL;
        struct error err = {0};
        size_t n = 0;

        if (!process_split(str_of(table[i].command), &words, &err)) {
            if (table[i].words[0])
                fail_msg("%s: %s", table[i].why, err.message);
            assert_int_equal(err.code, ERR_CONFIG);
            continue;
        }
        for (; n < ARRAY_LEN(table[i].words) && table[i].words[n]; n++)
            if (!words[n] || strcmp(words[n], table[i].words[n]) != 0)
                fail_msg("%s: word %zu is '%s'", table[i].why, n, words[n] ? words[n] : "missing");
        if (n == 0 || words[n])
            fail_msg("%s: more than %zu words", table[i].why, n);
    }
}

static void bounds_what_it_splits(void **state)
{
    CLEANUP(process_words_free) char **words = NULL;
    CLEANUP(buf_release) struct buf command = {0};
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 128; i++)
        buf_adds(&command, "a ");
    assert_true(process_split(buf_str(&command), &words, &err));
    process_words_free(&words);
    buf_adds(&command, "a");
    assert_false(process_split(buf_str(&command), &words, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    buf_reset(&command);
    for (int i = 0; i < 8193; i++)
        buf_addc(&command, 'a');
    assert_false(process_split(buf_str(&command), &words, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

/* --- running it --- */

static void takes_what_a_process_prints(void **state)
{
#define PRINT(json) "printf %s '" json "'"
#define KEYS "\"AccessKeyId\":\"ASIAP\",\"SecretAccessKey\":\"s\""
    static const struct {
        const char *why, *command, *refusal;
        int64_t expires_at_s;
    } table[] = {
        {"keys without end", PRINT("{\"Version\":1," KEYS "}"), NULL, 0},
        {"keys that end", PRINT("{\"Version\":1," KEYS ",\"Expiration\":\"2015-08-30T13:36:00Z\"}"), NULL,
         NOW_S + 3600},
        {"no version", PRINT("{" KEYS "}"), "Version 1", 0},
        {"another version", PRINT("{\"Version\":2," KEYS "}"), "Version 1", 0},
        {"half of a pair", PRINT("{\"Version\":1,\"AccessKeyId\":\"ASIAP\"}"), "lacks SecretAccessKey", 0},
        {"a time that is none", PRINT("{\"Version\":1," KEYS ",\"Expiration\":\"soon\"}"), "ISO 8601", 0},
        {"not JSON", "printf s3cr3t", "not JSON", 0},
        {"a failure says why", "ls /nowhere/at/all", "/nowhere/at/all", 0},
        {"no such program", "/nowhere/x", "no program", 0},
        {"no shell", "exit 0", "no program exit", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
        struct error err = {0};

        if (process_keys(table[i].command, &creds, &err) != !table[i].refusal)
            fail_msg("%s: %s", table[i].why, err.message);
        if (table[i].refusal && (err.code != ERR_CONFIG || !strstr(err.message, table[i].refusal)))
            fail_msg("%s: %s", table[i].why, err.message);
        if (strstr(err.message, "s3cr3t"))
            fail_msg("%s: shown", table[i].why);
        if (!table[i].refusal)
            assert_int_equal(creds.expires_at_s, table[i].expires_at_s);
    }
}

/* Nobody else's keys are handed on. */
static void keeps_keys_from_the_process(void **state)
{
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    struct error err = {0};

    (void)state;
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "handed-on", 1), 0);
    assert_int_equal(setenv("LAB_HARMLESS", "1", 1), 0);
    assert_false(process_keys("printenv AWS_SECRET_ACCESS_KEY", &creds, &err));
    assert_non_null(strstr(err.message, "ended with status 1"));
    assert_false(process_keys("printenv LAB_HARMLESS", &creds, &err));
    assert_non_null(strstr(err.message, "no Version 1"));
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("LAB_HARMLESS");
}

/* --- a home, recorded exchanges and a clock --- */

struct fixture {
    char *root, *home;
    const char *vars[2];
    struct aws_settings settings;
    struct json *recorded;
    struct replay replay;
    int64_t now_s;
    int codes_asked;
    struct provider_options options;
};

static int64_t held_ms(void *self)
{
    return *(int64_t *)self * 1000;
}

static void zeros(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

static bool ask_code(void *self, const char *mfa_serial, struct buf *code, struct error *err)
{
    struct fixture *f = self;

    (void)err;
    assert_string_equal(mfa_serial, "arn:aws:iam::123456789012:mfa/me");
    buf_printf(code, "12345%d", f->codes_asked++);
    return true;
}

static void put_file(const struct fixture *f, const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", f->root, name);
    CLEANUP(mem_freep) char *directory = mem_copy((struct str){path, (size_t)(strrchr(path, '/') - path)});
    struct error err = {0};

    if (!file_make_dir(directory, &err) || !file_replace(path, str_of(text), &err))
        fail_msg("%s", err.message);
}

static void make(struct fixture *f, const char *config, const char *recorded)
{
    struct error err = {0};

    *f = (struct fixture){.now_s = NOW_S};
    if (!file_temp_dir("lab-test", &f->root, &err) || !json_parse(str_of(recorded), NULL, &f->recorded, &err))
        fail_msg("%s", err.message);
    put_file(f, ".aws/config", config);
    f->home = mem_printf("HOME=%s", f->root);
    f->vars[0] = f->home;
    f->replay = (struct replay){.next = json_first(f->recorded), .exact_body = true};
    const struct aws_settings_options options = {.env = variables_of(f->vars)};
    if (!aws_settings_load(&options, &f->settings, &err))
        fail_msg("%s", err.message);
    f->options = (struct provider_options){.settings = &f->settings,
                                           .clock = {held_ms, held_ms, &f->now_s},
                                           .random = {zeros, NULL},
                                           .stop_fd = -1,
                                           .connect = replay_connect,
                                           .connect_self = &f->replay,
                                           .ask_code = ask_code,
                                           .ask_self = f};
}

static void drop(struct fixture *f)
{
    struct error err = {0};

    assert_true(file_remove_tree(f->root, &err));
    mem_free(f->root);
    mem_free(f->home);
    json_free(f->recorded);
    mem_free(f->replay.differs);
    aws_settings_release(&f->settings);
}

static void check_replay(const struct fixture *f)
{
    if (f->replay.differs)
        fail_msg("%s", f->replay.differs);
    assert_null(f->replay.next);
}

/* --- SSO --- */

#define SSO_CONFIG                                                                                           \
    "[default]\nregion = eu-west-1\nsso_session = dev\nsso_account_id = 123456789012\n"                      \
    "sso_role_name = Role\n[sso-session dev]\nsso_region = us-east-1\n"                                      \
    "sso_start_url = https://d-abc.awsapps.com/start\n"
/* sha1 of "dev" */
#define SSO_FILE ".aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"
#define SSO_TOKEN(ends)                                                                                      \
    "{\"accessToken\":\"old-token\",\"expiresAt\":\"" ends "\",\"refreshToken\":\"refresh\","                \
    "\"clientId\":\"id\",\"clientSecret\":\"client-secret\",\"registrationExpiresAt\":\"2016-01-01T00:00:"   \
    "00Z\"}"
#define SSO_RENEWS                                                                                           \
    "{\"request\":{\"method\":\"POST\",\"uri\":\"https://oidc.us-east-1.amazonaws.com/token\","              \
    "\"headers\":{}},\"req_body\":\"{\\\"grantType\\\":\\\"refresh_token\\\",\\\"clientId\\\":\\\"id\\\","   \
    "\\\"clientSecret\\\":\\\"client-secret\\\",\\\"refreshToken\\\":\\\"refresh\\\"}\","                    \
    "\"response\":{\"status\":200},\"body\":\"{\\\"accessToken\\\":\\\"new-token\\\","                       \
    "\\\"expiresIn\\\":28800,\\\"refreshToken\\\":\\\"refresh-2\\\"}\"}"
#define SSO_DENIES                                                                                           \
    "{\"request\":{\"method\":\"POST\",\"uri\":\"https://oidc.us-east-1.amazonaws.com/token\","              \
    "\"headers\":{}},\"response\":{\"status\":400},\"body\":\"{}\"}"
#define SSO_KEYS(token)                                                                                      \
    "{\"request\":{\"method\":\"GET\",\"uri\":\"https://portal.sso.us-east-1.amazonaws.com/federation/"      \
    "credentials?role_name=Role&account_id=123456789012\",\"headers\":{\"x-amz-sso_bearer_token\":"          \
    "[\"" token "\"]}},\"response\":{\"status\":200},\"body\":\"{\\\"roleCredentials\\\":{"                  \
    "\\\"accessKeyId\\\":\\\"ASIASSO\\\",\\\"secretAccessKey\\\":\\\"s\\\",\\\"sessionToken\\\":\\\"t\\\","  \
    "\\\"expiration\\\":1440941760000}}\"}"

static void renews_the_sso_token(void **state)
{
    static const struct {
        const char *why, *file, *recorded, *refusal;
        bool kept; /* the new token, for the next run */
    } table[] = {
        {"a token that lasts is used", SSO_TOKEN("2015-08-30T13:36:00Z"), "[" SSO_KEYS("old-token") "]", NULL,
         false},
        {"one that ends soon is renewed", SSO_TOKEN("2015-08-30T12:46:00Z"),
         "[" SSO_RENEWS "," SSO_KEYS("new-token") "]", NULL, true},
        {"one that has ended, too", SSO_TOKEN("2015-08-30T12:00:00Z"),
         "[" SSO_RENEWS "," SSO_KEYS("new-token") "]", NULL, true},
        {"while it lasts a renewal may fail", SSO_TOKEN("2015-08-30T12:46:00Z"),
         "[" SSO_DENIES "," SSO_KEYS("old-token") "]", NULL, false},
        {"then not", SSO_TOKEN("2015-08-30T12:00:00Z"), "[" SSO_DENIES "]",
         "the token has expired: run `aws sso login --profile default`", false},
        {"without a renewal token", "{\"accessToken\":\"a\",\"expiresAt\":\"2015-08-30T12:00:00Z\"}", "[]",
         "the token has expired", false},
        {"no time", "{\"accessToken\":\"a\"}", "[]", "no expiry", false},
        {"no token", "{}", "[]", "cannot be read", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(drop) struct fixture f;
        CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
        CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
        CLEANUP(mem_freep) char *path = NULL;
        CLEANUP(buf_release) struct buf file = {0};
        struct error err = {0};

        make(&f, SSO_CONFIG, table[i].recorded);
        put_file(&f, SSO_FILE, table[i].file);
        chain = provider_chain_new_with(&f.options);
        if (chain->get(chain->self, &creds, &err) != !table[i].refusal)
            fail_msg("%s: %s", table[i].why, err.message);
        check_replay(&f);
        if (table[i].refusal) {
            assert_int_equal(err.code, ERR_CONFIG);
            assert_non_null(strstr(err.message, table[i].refusal));
            continue;
        }
        assert_string_equal(creds.access_key_id, "ASIASSO");
        assert_string_equal(creds.provider, "sso default");
        assert_int_equal(creds.expires_at_s, NOW_S + 3600);
        path = mem_printf("%s/" SSO_FILE, f.root);
        assert_true(file_read(path, 65536, &file, &err));
        assert_int_equal(str_contains(buf_str(&file), STR("\"new-token\"")), table[i].kept);
        assert_int_equal(str_contains(buf_str(&file), STR("2015-08-30T20:36:00Z")), table[i].kept);
    }
}

/* --- roles --- */

#define ROLE_CONFIG                                                                                          \
    "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"    \
    "role_session_name = me\nexternal_id = ext\nduration_seconds = 3600\n"                                   \
    "mfa_serial = arn:aws:iam::123456789012:mfa/me\n"                                                        \
    "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base\n"
#define STS_URI                                                                                              \
    "\"request\":{\"method\":\"POST\",\"uri\":\"https://sts.eu-west-1.amazonaws.com/\",\"headers\":{}}"
#define ASSUMES(key, code, ends)                                                                             \
    "{" STS_URI ",\"req_body\":\"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"         \
    "123456789012%3Arole%2Fr&RoleSessionName=me&ExternalId=ext&DurationSeconds=3600&SerialNumber=arn%3Aaws"  \
    "%3Aiam%3A%3A123456789012%3Amfa%2Fme&TokenCode=" code "\",\"response\":{\"status\":200},\"body\":"       \
    "\"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" key "</AccessKeyId>"                \
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" ends "</Expiration>"    \
    "</Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/me</Arn></"                \
    "AssumedRoleUser>"                                                                                       \
    "</AssumeRoleResult></AssumeRoleResponse>\"}"
#define EXPIRED                                                                                              \
    "{" STS_URI ",\"response\":{\"status\":403},\"body\":\"<ErrorResponse><Error><Code>ExpiredToken</Code>"  \
    "<Message>m</Message></Error></ErrorResponse>\"}"
#define WHO                                                                                                  \
    "{" STS_URI ",\"response\":{\"status\":200},\"body\":\"<GetCallerIdentityResponse>"                      \
    "<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>\"}"

static void asks_for_the_code_each_time(void **state)
{
    CLEANUP(drop) struct fixture f;
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
    struct error err = {0};

    (void)state;
    make(&f, ROLE_CONFIG,
         "[" ASSUMES("ASIA1", "123450", "2015-08-30T13:36:00Z") "," ASSUMES("ASIA2", "123451",
                                                                            "2015-08-30T14:36:00Z") "]");
    chain = provider_chain_new_with(&f.options);
    if (!chain->get(chain->self, &creds, &err))
        fail_msg("%s", err.message);
    assert_string_equal(creds.access_key_id, "ASIA1");
    assert_string_equal(creds.provider, "assume-role default");
    assert_string_equal(creds.account_id, "123456789012");
    /* Kept until a quarter of an hour before its end. */
    f.now_s = NOW_S + 2699;
    assert_true(chain->get(chain->self, &creds, &err));
    assert_string_equal(creds.access_key_id, "ASIA1");
    f.now_s = NOW_S + 2700;
    assert_true(chain->get(chain->self, &creds, &err));
    assert_string_equal(creds.access_key_id, "ASIA2");
    assert_int_equal(f.codes_asked, 2);
    check_replay(&f);
}

/* Ended by the service before its time, while a step polls. */
static void outlives_a_session_that_ends(void **state)
{
    CLEANUP(drop) struct fixture f;
    CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
    CLEANUP(aws_client_freep) struct aws_client *client = NULL;
    struct http_transport *transport;
    struct aws_shared *shared;
    struct error err = {0};

    (void)state;
    make(&f, ROLE_CONFIG,
         "[" ASSUMES("ASIA1", "123450", "2015-08-30T13:36:00Z") "," WHO "," EXPIRED "," ASSUMES(
             "ASIA2", "123451", "2015-08-30T14:36:00Z") "," WHO "]");
    struct aws_shared_options options = {
        .settings = &f.settings, .clock = f.options.clock, .random = f.options.random, .stop_fd = -1};
    shared = aws_shared_new(&options);
    chain = provider_chain_new_with(&f.options);
    assert_true(replay_connect(&f.replay, NULL, &transport, &err));
    client = aws_client_new(shared, chain, transport);
    for (int i = 0; i < 2; i++)
        if (!aws_call(client, "sts", "GetCallerIdentity", NULL, NULL, &err))
            fail_msg("%s", err.message);
    check_replay(&f);
    aws_shared_free(shared);
}

static void refuses_what_a_role_cannot_have(void **state)
{
    static const struct {
        const char *why, *line, *text;
    } table[] = {
        {"too short", "duration_seconds = 60", "from 900 to 43200"},
        {"no number", "duration_seconds = long", "from 900 to 43200"},
        {"a source that is none", "credential_source = Elsewhere", "'Elsewhere' is none of"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        bool named = strstr(table[i].line, "credential_source") != NULL;
        CLEANUP(mem_freep)
        char *config = mem_printf("[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/r\n%s\n%s\n"
                                  "[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = b\n",
                                  table[i].line, named ? "" : "source_profile = base");
        CLEANUP(drop) struct fixture f;
        CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
        CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
        struct error err = {0};

        make(&f, config, "[]");
        chain = provider_chain_new_with(&f.options);
        assert_false(chain->get(chain->self, &creds, &err));
        if (err.code != ERR_CONFIG || !strstr(err.message, table[i].text))
            fail_msg("%s: %s", table[i].why, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_like_a_shell),          cmocka_unit_test(bounds_what_it_splits),
        cmocka_unit_test(takes_what_a_process_prints),  cmocka_unit_test(keeps_keys_from_the_process),
        cmocka_unit_test(renews_the_sso_token),         cmocka_unit_test(asks_for_the_code_each_time),
        cmocka_unit_test(outlives_a_session_that_ends), cmocka_unit_test(refuses_what_a_role_cannot_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
