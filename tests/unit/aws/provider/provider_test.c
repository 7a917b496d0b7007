/* The chain and its sources, against a scripted metadata service. */
#include "aws/provider/provider.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/support/raw_server.h"
#include "tests/support/variables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_S 1440938160 /* 2015-08-30T12:36:00Z */

static int64_t held_ms(void *self)
{
    return *(int64_t *)self * 1000;
}

struct fixture {
    struct aws_settings settings;
    const char *vars[8];
    char *endpoint;
    int64_t now_s;
    struct clock clock;
};

/* port 0: nothing listens where the metadata service should be. */
static void make(struct fixture *f, const char *config, int port)
{
    struct error err = {0};

    *f = (struct fixture){.now_s = NOW_S};
    f->endpoint = mem_printf("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:%d", port ? port : 1);
    f->vars[0] = f->endpoint;
    f->settings.env = variables_of(f->vars);
    memcpy(f->settings.profile, "default", sizeof "default");
    if (!aws_config_parse(STR(""), str_of(config), &f->settings.files, &err))
        fail_msg("%s", err.message);
    f->clock = (struct clock){held_ms, held_ms, &f->now_s};
}

static void drop(struct fixture *f)
{
    aws_settings_release(&f->settings);
    mem_free(f->endpoint);
}

#define REPLY(body, length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body
#define TOKEN REPLY("TOKEN-1", "7")
#define TOKEN_2 REPLY("TOKEN-2", "7")
#define ROLE REPLY("workstation", "11")
/* Runs out at 18:36. */
#define KEYS                                                                                                 \
    REPLY("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"imds-secret\","       \
          "\"Token\":\"imds-token\",\"Expiration\":\"2015-08-30T18:36:00Z\"}",                               \
          "135")
#define STATUS(text) "HTTP/1.1 " text "\r\nContent-Length: 0\r\n\r\n"

static void takes_sources_in_order(void **state)
{
    static const struct {
        const char *why, *config;
        const char *vars[4];
        bool explicit_profile;
        const char *want; /* access key; NULL: refused */
        const char *provider_or_text;
    } table[] = {
        {"environment first",
         "[default]\naws_access_key_id=AKIAP\naws_secret_access_key=s",
         {"AWS_ACCESS_KEY_ID=AKIAE", "AWS_SECRET_ACCESS_KEY=x"},
         false,
         "AKIAE",
         "environment"},
        {"not when a profile was named",
         "[default]\naws_access_key_id=AKIAP\naws_secret_access_key=s",
         {"AWS_ACCESS_KEY_ID=AKIAE", "AWS_SECRET_ACCESS_KEY=x"},
         true,
         "AKIAP",
         "profile default"},
        {"half a pair is an error",
         "",
         {"AWS_ACCESS_KEY_ID=AKIAE"},
         false,
         NULL,
         "AWS_SECRET_ACCESS_KEY is not"},
        {"in a profile too",
         "[default]\naws_access_key_id=AKIAP",
         {NULL},
         false,
         NULL,
         "profile missing aws_secret_access_key"},
        {"a role without a source is not passed over",
         "[default]\nrole_arn=arn:aws:iam::1:role/r\naws_access_key_id=AKIAP\naws_secret_access_key=s",
         {NULL},
         false,
         NULL,
         "profile must contain `source_profile`"},
        {"nor a process that is not there",
         "[default]\ncredential_process=/nowhere/x",
         {NULL},
         false,
         NULL,
         "no program /nowhere/x"},
        {"nor a login of another tool",
         "[default]\nlogin_session=arn:aws:iam::1:user/u",
         {NULL},
         false,
         NULL,
         "login_session"},
        {"a container's address is looked up",
         "",
         {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x"},
         false,
         NULL,
         "'192.0.2.1' is neither https, loopback nor"},
        {"and its token is one line",
         "",
         {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/x",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\nb"},
         false,
         NULL,
         "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line break"},
        {"web identity without a role",
         "",
         {"AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere"},
         false,
         NULL,
         "AWS_ROLE_ARN is not"},
        {"web identity without its file",
         "",
         {"AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere", "AWS_ROLE_ARN=arn:aws:iam::1:role/r"},
         false,
         NULL,
         "web identity token: "},
        {"all tried are named",
         "",
         {NULL},
         false,
         NULL,
         "no AWS credentials; tried environment, web identity, profile, container, instance metadata "
         "(metadata: 127.0.0.1:1: connection refused)"},
        {"metadata turned off",
         "",
         {"AWS_EC2_METADATA_DISABLED=TRUE"},
         false,
         NULL,
         "AWS_EC2_METADATA_DISABLED"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
        CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
        CLEANUP(drop) struct fixture f;
        struct error err = {0};
        bool ok;

        make(&f, table[i].config, 0);
        for (size_t j = 0; j < ARRAY_LEN(table[i].vars) && table[i].vars[j]; j++)
            f.vars[1 + j] = table[i].vars[j];
        f.settings.profile_explicit = table[i].explicit_profile;
        chain = provider_chain_new(&f.settings, f.clock);
        ok = chain->get(chain->self, &creds, &err);
        if (ok != (table[i].want != NULL))
            fail_msg("%s: %s", table[i].why, err.message);
        if (ok) {
            assert_string_equal(creds.access_key_id, table[i].want);
            assert_string_equal(creds.provider, table[i].provider_or_text);
        } else {
            assert_int_equal(err.code, ERR_CONFIG);
            if (!strstr(err.message, table[i].provider_or_text))
                fail_msg("%s: %s", table[i].why, err.message);
        }
    }
}

static void asks_the_metadata_service(void **state)
{
    static const char *const replies[] = {TOKEN, ROLE, KEYS, STATUS("401 Unauthorized"), TOKEN_2, ROLE, KEYS};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    struct credential_provider *chain;
    struct fixture f;
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), 0);
    make(&f, "", server.port);
    chain = provider_chain_new(&f.settings, f.clock);
    for (int i = 0; i < 3; i++)
        if (!chain->get(chain->self, &creds, &err))
            fail_msg("%s", err.message);
    assert_string_equal(creds.access_key_id, "ASIAEXAMPLE");
    assert_string_equal(secret_text(&creds.secret_access_key), "imds-secret");
    assert_string_equal(secret_text(&creds.session_token), "imds-token");
    assert_string_equal(creds.provider, "imds");
    assert_int_equal(creds.expires_at_s, NOW_S + 6 * 3600);
    /* Ten minutes before the end the source is asked; the metadata token has
     * run out by then, and is renewed once. */
    f.now_s = NOW_S + 6 * 3600 - 600;
    if (!chain->get(chain->self, &creds, &err))
        fail_msg("%s", err.message);
    raw_server_stop(&server);
    struct str seen = buf_str(&server.received);
    assert_true(str_starts(seen, STR("PUT /latest/api/token HTTP/1.1\r\n")));
    assert_true(str_contains(seen, STR("X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n")));
    assert_true(str_contains(seen, STR("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n")));
    assert_true(
        str_contains(seen, STR("GET /latest/meta-data/iam/security-credentials/workstation HTTP/1.1\r\n")));
    assert_true(str_contains(seen, STR("X-aws-ec2-metadata-token: TOKEN-1\r\n")));
    assert_true(str_contains(seen, STR("X-aws-ec2-metadata-token: TOKEN-2\r\n")));
    credential_provider_free(chain);
    drop(&f);
}

static void keeps_old_keys_while_they_last(void **state)
{
    static const char *const replies[] = {TOKEN,
                                          ROLE,
                                          KEYS,
                                          STATUS("500 Oops"),
                                          STATUS("500 Oops"),
                                          STATUS("500 Oops"),
                                          STATUS("403 Forbidden")};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    struct credential_provider *imds;
    struct fixture f;
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), 0);
    make(&f, "", server.port);
    imds = provider_imds_new(&f.settings, f.clock);
    assert_true(imds->get(imds->self, &creds, &err));
    /* Fourteen minutes before the end a failed refresh does no harm, and the
     * source is not asked again at once. */
    f.now_s = NOW_S + 6 * 3600 - 840;
    for (int i = 0; i < 3; i++)
        assert_true(imds->get(imds->self, &creds, &err));
    assert_string_equal(creds.access_key_id, "ASIAEXAMPLE");
    /* Nine minutes before, it does. */
    f.now_s = NOW_S + 6 * 3600 - 540;
    assert_false(imds->get(imds->self, &creds, &err));
    assert_int_equal(err.code, ERR_UNREACHABLE);
    raw_server_stop(&server);
    credential_provider_free(imds);
    drop(&f);
}

static void invalidate_asks_again(void **state)
{
    static const char *const replies[] = {TOKEN, ROLE, KEYS, STATUS("404 Not Found")};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    struct credential_provider *imds;
    struct fixture f;
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), 0);
    make(&f, "", server.port);
    imds = provider_imds_new(&f.settings, f.clock);
    assert_true(imds->get(imds->self, &creds, &err));
    imds->invalidate(imds->self);
    assert_false(imds->get(imds->self, &creds, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "the instance has no role"));
    raw_server_stop(&server);
    credential_provider_free(imds);
    drop(&f);
}

static void refuses_what_the_service_should_not_say(void **state)
{
    static const struct {
        const char *why;
        const char *replies[3];
        size_t count;
        enum error_code want;
        const char *text;
    } table[] = {
        {"no fall-back to version 1", {STATUS("404 Not Found")}, 1, ERR_UNREACHABLE, "no token, status 404"},
        {"forbidden", {STATUS("403 Forbidden")}, 1, ERR_UNREACHABLE, "no token, status 403"},
        {"malformed", {STATUS("400 Bad Request")}, 1, ERR_CONFIG, "malformed"},
        {"the trust policy is wrong",
         {TOKEN, ROLE, REPLY("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"m\"}", "53")},
         3,
         ERR_CONFIG,
         "AssumeRoleUnauthorizedAccess: m"},
        {"not JSON", {TOKEN, ROLE, REPLY("<html>", "6")}, 3, ERR_CONFIG, "not JSON"},
        {"no keys", {TOKEN, ROLE, REPLY("{}", "2")}, 3, ERR_CONFIG, "lacks keys"},
        {"a new token is not enough", {TOKEN, STATUS("401 Unauthorized")}, 2, ERR_UNREACHABLE, "status 401"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(raw_server_release) struct raw_server server = {0};
        CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
        struct credential_provider *imds;
        struct fixture f;
        struct error err = {0};

        raw_server_start(&server, table[i].replies, table[i].count, 0);
        make(&f, "", server.port);
        imds = provider_imds_new(&f.settings, f.clock);
        assert_false(imds->get(imds->self, &creds, &err));
        if (err.code != table[i].want || !strstr(err.message, table[i].text))
            fail_msg("%s: %s", table[i].why, err.message);
        raw_server_stop(&server);
        credential_provider_free(imds);
        drop(&f);
    }
}

static void gives_metadata_paths(void **state)
{
    static const char *const replies[] = {TOKEN, REPLY("eu-west-1", "9"), TOKEN, STATUS("404 Not Found")};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(buf_release) struct buf text = {0};
    struct fixture f;
    struct error err = {0};
    bool found;

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), 0);
    make(&f, "", server.port);
    assert_true(imds_get(&f.settings, "/latest/meta-data/placement/region", &text, &found, &err));
    assert_true(found);
    assert_string_equal(buf_text(&text), "eu-west-1");
    assert_true(imds_get(&f.settings, "/latest/meta-data/none", &text, &found, &err));
    assert_false(found);
    raw_server_stop(&server);
    drop(&f);
    make(&f, "", 0);
    f.vars[0] = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv7";
    assert_false(imds_get(&f.settings, "/", &text, &found, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "`IPv7` is not a valid endpoint mode"));
    drop(&f);
}

#define CONTAINER_KEYS                                                                                       \
    REPLY("{\"AccessKeyId\":\"ASIAC\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","                            \
          "\"Expiration\":\"2015-08-30T18:36:00Z\"}",                                                        \
          "93")

/* The name is asked for, the address that was looked at is connected to, and the
 * token is read anew each time. A container in trouble is asked again. */
static void asks_the_container(void **state)
{
    static const char *const replies[] = {STATUS("503 Busy"), CONTAINER_KEYS, CONTAINER_KEYS,
                                          STATUS("403 Forbidden")};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    CLEANUP(mem_freep) char *uri = NULL;
    CLEANUP(mem_freep) char *host = NULL;
    CLEANUP(mem_freep) char *directory = NULL;
    CLEANUP(mem_freep) char *token = NULL;
    struct credential_provider *chain;
    struct fixture f;
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), 0);
    make(&f, "", 0);
    assert_true(file_temp_dir("lab-test", &directory, &err));
    uri = mem_printf("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost:%d/v1/keys/?a=b", server.port);
    host = mem_printf("Host: localhost:%d\r\n", server.port);
    token = mem_printf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s/token", directory);
    f.vars[1] = uri;
    f.vars[2] = token;
    f.vars[3] = "AWS_CONTAINER_AUTHORIZATION_TOKEN=beaten";
    chain = provider_chain_new(&f.settings, f.clock);
    assert_true(file_replace(strchr(token, '=') + 1, STR("first"), &err));
    if (!chain->get(chain->self, &creds, &err))
        fail_msg("%s", err.message);
    assert_string_equal(creds.access_key_id, "ASIAC");
    assert_string_equal(creds.provider, "container");
    assert_int_equal(creds.expires_at_s, NOW_S + 6 * 3600);
    chain->invalidate(chain->self);
    assert_true(file_replace(strchr(token, '=') + 1, STR("second"), &err));
    assert_true(chain->get(chain->self, &creds, &err));
    chain->invalidate(chain->self);
    assert_false(chain->get(chain->self, &creds, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "container credentials: status 403"));
    raw_server_stop(&server);
    struct str seen = buf_str(&server.received);
    assert_true(str_starts(seen, STR("GET /v1/keys/?a=b HTTP/1.1\r\n")));
    assert_true(str_contains(seen, str_of(host)));
    assert_true(str_contains(seen, STR("Authorization: first\r\n")));
    assert_true(str_contains(seen, STR("Authorization: second\r\n")));
    credential_provider_free(chain);
    assert_true(file_remove_tree(directory, &err));
    drop(&f);
}

static void fixed_ones_are_copied(void **state)
{
    struct aws_credentials creds = {.access_key_id = "AKIA", .provider = "test"};
    CLEANUP(aws_credentials_release) struct aws_credentials got = {0};
    CLEANUP(credential_provider_freep) struct credential_provider *p = NULL;
    struct error err = {0};

    (void)state;
    secret_set(&creds.secret_access_key, STR("secret"));
    p = provider_static_new(&creds);
    aws_credentials_release(&creds);
    p->invalidate(p->self);
    assert_true(p->get(p->self, &got, &err));
    assert_string_equal(got.access_key_id, "AKIA");
    assert_string_equal(secret_text(&got.secret_access_key), "secret");
}

#define ASSUME                                                                                               \
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&"             \
    "RoleSessionName=s"
#define ASSUMED                                                                                              \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"                 \
    "<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>"                  \
    "<Expiration>2015-08-30T13:36:00Z</Expiration></Credentials><AssumedRoleUser>"                           \
    "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId>"                \
    "</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"

static void zeros(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

static void assumes_a_role(void **state)
{
    CLEANUP(mem_freep)
    char *reply = mem_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(ASSUMED), ASSUMED);
    const char *const replies[] = {reply, STATUS("403 Forbidden")};
    CLEANUP(raw_server_release) struct raw_server server = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials got = {0};
    struct aws_credentials base_creds = {.access_key_id = "AKIABASE"};
    CLEANUP(mem_freep) char *endpoint = NULL;
    struct credential_provider *base, *role;
    struct fixture f;
    struct error err = {0};

    (void)state;
    raw_server_start(&server, replies, ARRAY_LEN(replies), strlen(ASSUME));
    make(&f, "", 0);
    endpoint = mem_printf("AWS_ENDPOINT_URL=http://127.0.0.1:%d", server.port);
    f.vars[1] = endpoint;
    memcpy(f.settings.region, "eu-west-1", sizeof "eu-west-1");
    f.settings.max_attempts = 1;
    struct aws_shared_options options = {
        .settings = &f.settings, .clock = f.clock, .random = {zeros, NULL}, .stop_fd = -1};
    struct aws_shared *shared = aws_shared_new(&options);
    secret_set(&base_creds.secret_access_key, STR("base-secret"));
    base = provider_static_new(&base_creds);
    role = provider_assume_role_new(base, shared, "arn:aws:iam::123456789012:role/r", "s");
    /* Asked once, kept after. */
    for (int i = 0; i < 2; i++)
        if (!role->get(role->self, &got, &err))
            fail_msg("%s", err.message);
    assert_string_equal(got.access_key_id, "ASIAROLE");
    assert_string_equal(secret_text(&got.secret_access_key), "role-secret");
    assert_string_equal(secret_text(&got.session_token), "role-token");
    assert_string_equal(got.account_id, "123456789012");
    assert_int_equal(got.expires_at_s, NOW_S + 3600);
    role->invalidate(role->self);
    assert_false(role->get(role->self, &got, &err));
    assert_int_equal(err.code, ERR_AWS);
    raw_server_stop(&server);
    assert_true(str_contains(buf_str(&server.received), STR("Credential=AKIABASE/20150830/eu-west-1/sts/")));
    assert_true(str_contains(buf_str(&server.received), STR("\r\n\r\n" ASSUME)));
    credential_provider_free(role);
    credential_provider_free(base);
    aws_shared_free(shared);
    aws_credentials_release(&base_creds);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_sources_in_order),
        cmocka_unit_test(asks_the_metadata_service),
        cmocka_unit_test(keeps_old_keys_while_they_last),
        cmocka_unit_test(invalidate_asks_again),
        cmocka_unit_test(refuses_what_the_service_should_not_say),
        cmocka_unit_test(gives_metadata_paths),
        cmocka_unit_test(asks_the_container),
        cmocka_unit_test(fixed_ones_are_copied),
        cmocka_unit_test(assumes_a_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
