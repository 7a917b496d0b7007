/* The SDK teams' shared suite for the config and credentials files. */
#include "aws/config/config.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/support/vector_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define VECTORS "../shared/vectors/config/"
#define PARSER_CASES 65
#define URL_CASES 39
#define LOCATION_CASES 9

static const char *variable(void *self, const char *name)
{
    const struct json *value = json_get(self, name);

    return value ? json_text(value) : NULL;
}

static struct environment variables_in(struct json *object)
{
    return (struct environment){variable, object};
}

/* --- the grammar --- */

static void check_case(const struct json *test)
{
    static const char *const groups[] = {"profiles", "sso_sessions"};
    const struct json *input = json_get(test, "input"), *output = json_get(test, "output");
    const char *refusal = json_get_text(output, "errorContaining");
    CLEANUP(json_freep) struct json *got = NULL;
    struct error err = {0};

    if (!aws_config_parse(json_str(json_get(input, "configFile")),
                          json_str(json_get(input, "credentialsFile")), &got, &err)) {
        if (refusal[0] == '\0' || !strstr(err.message, refusal))
            fail_msg("%s: %s", json_get_text(test, "name"), err.message);
        assert_int_equal(err.code, ERR_CONFIG);
        return;
    }
    if (refusal[0] != '\0')
        fail_msg("%s: accepted", json_get_text(test, "name"));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct json *want = json_get(json_get(output, "config"), groups[i]);

        if (want && !json_equal(want, json_get(got, groups[i])))
            fail_msg("%s: %s differ", json_get_text(test, "name"), groups[i]);
    }
}

static void parses_every_case(void **state)
{
    CLEANUP(json_freep) struct json *suite = vector_file(VECTORS "profile-parser-tests.json");
    const struct json *tests = json_get(suite, "tests");

    (void)state;
    assert_int_equal(json_count(tests), PARSER_CASES);
    for (const struct json *test = json_first(tests); test; test = json_next(test))
        check_case(test);
}

/* botocore's own files: which it reads, with how many profiles, and which it
 * refuses. */
static void reads_botocores_files(void **state)
{
    static const struct {
        const char *name;
        size_t profiles; /* 0: refused */
        const char *path, *value;
    } files[] = {
        /* Two quoted words and an open quote are no names; a blank within one is. */
        {"aws_bad_profile", 3, "my profile.aws_access_key_id", "default"},
        {"aws_config", 2, "personal.aws_security_token", "fiebaz"},
        {"aws_config_bad", 0, NULL, NULL},
        {"aws_config_badbytes", 0, NULL, NULL},
        {"aws_config_nested", 1, "default.s3", "\nsignature_version = s3v4\naddressing_style = path"},
        {"aws_config_nested_bad", 0, NULL, NULL},
        {"aws_config_nocreds", 1, "default.region", "us-west-2"},
        {"aws_config_other", 2, "default.aws_access_key_id", "other_foo"},
        {"aws_credentials", 0, NULL, NULL},
        {"aws_services_config", 1, "default.services", "my-services"},
        {"aws_sso_session_config", 1, "default.sso_session", "sso"},
        {"aws_third_config", 2, "third.aws_secret_access_key", "third_baz"},
        {"foo_config", 2, "foo.aws_secret_access_key", "baz"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        CLEANUP(mem_freep) char *path = mem_printf(VECTORS "botocore-cfg/%s", files[i].name);
        CLEANUP(buf_release) struct buf text = {0};
        CLEANUP(json_freep) struct json *got = NULL;
        struct error err = {0};

        if (!file_read(path, 8u << 20, &text, &err))
            skip();
        if (aws_config_parse(buf_str(&text), STR(""), &got, &err) != (files[i].profiles > 0))
            fail_msg("%s: %s", files[i].name, err.message);
        if (json_count(json_get(got, "profiles")) != files[i].profiles ||
            (files[i].path &&
             !str_is(json_str(json_path(json_get(got, "profiles"), files[i].path)), files[i].value)))
            fail_msg("%s: read as something else", files[i].name);
    }
}

/* --- AWS_ENDPOINT_URL and its kin --- */

/* [services]: a block's lines are one value, as the parser leaves them. */
static struct json *flatten_services(const struct json *services)
{
    struct json *out = json_object();

    for (const struct json *s = json_first(services); s; s = json_next(s)) {
        struct json *section = json_put(out, json_key(s), json_object());

        for (const struct json *block = json_first(s); block; block = json_next(block)) {
            CLEANUP(buf_release) struct buf lines = {0};

            for (const struct json *key = json_first(block); key; key = json_next(key))
                buf_printf(&lines, "\n%s = %s", json_key(key), json_text(key));
            json_put_str(section, json_key(block), buf_str(&lines));
        }
    }
    return out;
}

static void check_url(const struct json *suite, const struct json *test)
{
    static const struct aws_service services[] = {
        {.id = "s3", .env_suffix = "S3", .config_id = "s3", .endpoint_prefix = "s3"},
        {.id = "dynamodb", .env_suffix = "DYNAMODB", .config_id = "dynamodb", .endpoint_prefix = "dynamodb"},
    };
    const char *id = json_get_text(test, "service"), *profile = json_get_text(test, "profile");
    const struct json *client =
        json_get(json_get(suite, "client_configs"), json_get_text(test, "client_config"));
    const char *want = json_get_text(json_get(test, "output"), "endpointUrl"),
               *given = json_get_text(client, "endpoint_url");
    CLEANUP(json_freep)
    struct json *env =
        json_copy(json_get(json_get(suite, "environments"), json_get_text(test, "environment")));
    const struct aws_settings_options options = {.endpoint_url = given[0] ? given : NULL,
                                                 .env = variables_in(env)};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    CLEANUP(buf_release) struct buf url = {0};
    struct aws_endpoint got;
    struct error err = {0};

    if (!aws_settings_load(&options, &settings, &err))
        fail_msg("%s", err.message);
    json_put(settings.files, "profiles", json_copy(json_get(suite, "profiles")));
    json_put(settings.files, "services", flatten_services(json_get(suite, "services")));
    snprintf(settings.profile, sizeof settings.profile, "%s", profile);
    snprintf(settings.region, sizeof settings.region, "%s", aws_settings_get(&settings, "region"));
    settings.ignore_configured_endpoints |=
        json_bool(json_get(client, "ignore_configured_endpoint_urls"), false) ||
        (aws_settings_get(&settings, "ignore_configured_endpoint_urls") != NULL);
    if (!aws_endpoint_resolve(&settings, &services[strcmp(id, "s3") == 0 ? 0 : 1], &got, &err))
        fail_msg("%s: %s", json_get_text(test, "name"), err.message);
    http_url_origin(&got.url, &url);
    if (strcmp(buf_text(&url), want) != 0)
        fail_msg("%s: %s, not %s", json_get_text(test, "name"), buf_text(&url), want);
}

static void finds_every_endpoint_url(void **state)
{
    CLEANUP(json_freep) struct json *all = vector_file(VECTORS "configured-endpoint-urls.json");
    size_t count = 0;

    (void)state;
    for (const struct json *suite = json_first(json_get(all, "testSuites")); suite; suite = json_next(suite))
        for (const struct json *test = json_first(json_get(suite, "endpointUrlTests")); test;
             test = json_next(test)) {
            check_url(suite, test);
            count++;
        }
    assert_int_equal(count, URL_CASES);
}

/* --- which files --- */

/* Windows paths are left out: lab runs on Linux. */
static bool is_left_out(const struct json *test)
{
    return strcmp(json_get_text(test, "platform"), "windows") == 0;
}

/* Each location's file says where it was read from. */
static void check_location(const struct json *test, const char *root)
{
    static const char *const places[] = {"configLocation", "credentialsLocation"};
    static const char *const heads[] = {"[profile other]\nfrom_config=here\n[default]\nfrom_config=here\n",
                                        "[other]\nfrom_credentials=here\n[default]\nfrom_credentials=here\n"};
    CLEANUP(json_freep) struct json *env = json_object();
    const struct aws_settings_options options = {.env = variables_in(env)};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    const char *profile = json_get_text(test, "profile");
    struct error err = {0};

    for (const struct json *v = json_first(json_get(test, "environment")); v; v = json_next(v)) {
        CLEANUP(mem_freep) char *value = mem_printf("%s%s", json_text(v)[0] == '/' ? root : "", json_text(v));

        json_put_text(env, json_key(v), value);
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s%s", root, json_get_text(test, places[i]));
        CLEANUP(mem_freep)
        char *directory = mem_copy((struct str){path, (size_t)(strrchr(path, '/') - path)});

        if (!file_make_dir(directory, &err) || !file_replace(path, str_of(heads[i]), &err))
            fail_msg("%s", err.message);
    }
    if (!aws_settings_load(&options, &settings, &err))
        fail_msg("%s: %s", json_get_text(test, "name"), err.message);
    if (profile[0])
        assert_string_equal(settings.profile, profile);
    if (!aws_settings_get(&settings, "from_config") || !aws_settings_get(&settings, "from_credentials"))
        fail_msg("%s: not read", json_get_text(test, "name"));
}

static void reads_every_location(void **state)
{
    CLEANUP(json_freep) struct json *suite = vector_file(VECTORS "file-location-tests.json");
    const struct json *tests = json_get(suite, "tests");
    struct error err = {0};

    (void)state;
    assert_int_equal(json_count(tests), LOCATION_CASES);
    for (const struct json *test = json_first(tests); test; test = json_next(test)) {
        CLEANUP(mem_freep) char *root = NULL;

        if (is_left_out(test))
            continue;
        if (!file_temp_dir("lab-test", &root, &err))
            fail_msg("%s", err.message);
        check_location(test, root);
        if (!file_remove_tree(root, &err))
            fail_msg("%s", err.message);
    }
}

/* The five for Windows, counted as what they are. */
static void leaves_out_windows(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_every_case),
        cmocka_unit_test(reads_botocores_files),
        cmocka_unit_test(finds_every_endpoint_url),
        cmocka_unit_test(reads_every_location),
        {.name = "five file locations on Windows: lab runs on Linux", .test_func = leaves_out_windows},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
