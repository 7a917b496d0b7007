#include "aws/config/config.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "tests/support/variables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct home {
    char *dir, *config, *credentials;
    const char *vars[12];
    struct aws_settings_options options;
};

static void home_make(struct home *h, const char *config, const char *credentials)
{
    struct error err = {0};

    *h = (struct home){0};
    if (!file_temp_dir("lab-settings", &h->dir, &err))
        fail_msg("%s", err.message);
    h->config = mem_printf("AWS_CONFIG_FILE=%s/config", h->dir);
    h->credentials = mem_printf("AWS_SHARED_CREDENTIALS_FILE=%s/credentials", h->dir);
    if (config)
        assert_true(file_replace(strchr(h->config, '=') + 1, str_of(config), &err));
    if (credentials)
        assert_true(file_replace(strchr(h->credentials, '=') + 1, str_of(credentials), &err));
    h->vars[0] = h->config;
    h->vars[1] = h->credentials;
    h->options.env = variables_of(h->vars);
}

static void home_drop(struct home *h)
{
    struct error err = {0};

    assert_true(file_remove_tree(h->dir, &err));
    mem_free(h->dir);
    mem_free(h->config);
    mem_free(h->credentials);
}

#define CONFIG                                                                                               \
    "[default]\nregion = eu-west-3\n[profile class]\nregion = eu-central-1\nmax_attempts = 7\n"              \
    "ca_bundle = /ca.pem\nservices = local\nendpoint_url = http://127.0.0.1:1/base/\n"                       \
    "[services local]\nsecrets_manager =\n endpoint_url = http://127.0.0.1:2\n"                              \
    "[profile lost]\nservices = nowhere\nregion = eu-west-1\n"

static void chooses_profile_and_region(void **state)
{
    static const struct {
        const char *why, *profile, *region;
        const char *vars[4];
        const char *want_profile, *want_region; /* NULL: refused */
    } table[] = {
        {"nothing said", NULL, NULL, {NULL}, "default", "eu-west-3"},
        {"AWS_PROFILE first",
         NULL,
         NULL,
         {"AWS_PROFILE=class", "AWS_DEFAULT_PROFILE=none"},
         "class",
         "eu-central-1"},
        {"then AWS_DEFAULT_PROFILE", NULL, NULL, {"AWS_DEFAULT_PROFILE=class"}, "class", "eu-central-1"},
        {"the flag beats both", "class", NULL, {"AWS_PROFILE=none"}, "class", "eu-central-1"},
        {"AWS_REGION beats the profile", NULL, NULL, {"AWS_REGION=us-east-2"}, "default", "us-east-2"},
        {"AWS_REGION beats AWS_DEFAULT_REGION",
         NULL,
         NULL,
         {"AWS_REGION=us-east-2", "AWS_DEFAULT_REGION=us-east-1"},
         "default",
         "us-east-2"},
        {"an empty variable is unset", NULL, NULL, {"AWS_REGION="}, "default", "eu-west-3"},
        {"the flag beats all", NULL, "sa-east-1", {"AWS_REGION=us-east-2"}, "default", "sa-east-1"},
        {"a named profile has to exist", "gone", NULL, {NULL}, NULL, NULL},
        {"by variable too", NULL, NULL, {"AWS_PROFILE=gone"}, NULL, NULL},
        {"a region is part of a host name", NULL, "evil.example.com/", {NULL}, NULL, NULL},
        {"no dots", NULL, NULL, {"AWS_REGION=eu.west"}, NULL, NULL},
        {"no dash at the end", NULL, "eu-", {NULL}, NULL, NULL},
        {"attempts are a number", NULL, NULL, {"AWS_MAX_ATTEMPTS=many"}, NULL, NULL},
        {"a retry mode by name", NULL, NULL, {"AWS_RETRY_MODE=eager"}, NULL, NULL},
        {"at least one attempt", NULL, NULL, {"AWS_MAX_ATTEMPTS=0"}, NULL, NULL},
    };

    (void)state;
    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct home home;
        struct aws_settings s;
        struct error err = {0};
        bool ok;

        home_make(&home, CONFIG, NULL);
        for (size_t j = 0; j < ARRAY_LEN(table[i].vars) && table[i].vars[j]; j++)
            home.vars[2 + j] = table[i].vars[j];
        home.options.profile = table[i].profile;
        home.options.region = table[i].region;
        ok = aws_settings_load(&home.options, &s, &err);
        if (ok != (table[i].want_profile != NULL))
            fail_msg("%s: %s", table[i].why, err.message);
        if (ok) {
            assert_string_equal(s.profile, table[i].want_profile);
            assert_string_equal(s.region, table[i].want_region);
            assert_int_equal(s.profile_explicit, table[i].profile != NULL);
            aws_settings_release(&s);
        } else {
            assert_int_equal(err.code, ERR_CONFIG);
        }
        home_drop(&home);
    }
}

static void files_may_be_missing(void **state)
{
    struct home home;
    struct aws_settings s;
    struct error err = {0};

    (void)state;
    home_make(&home, NULL, NULL);
    assert_true(aws_settings_load(&home.options, &s, &err));
    assert_string_equal(s.region, "");
    assert_int_equal(s.max_attempts, 3);
    assert_int_equal(s.retry_mode, RETRY_STANDARD);
    aws_settings_release(&s);
    home_drop(&home);
}

static void reads_the_retry_mode(void **state)
{
    static const struct {
        const char *why, *config, *vars[3];
        enum aws_retry_mode mode;
        int attempts;
    } table[] = {
        {"legacy tries five times", "[default]\nretry_mode = legacy\n", {NULL}, RETRY_LEGACY, 5},
        {"unless told", "[default]\nretry_mode = legacy\nmax_attempts = 2\n", {NULL}, RETRY_LEGACY, 2},
        {"the environment wins",
         "[default]\nretry_mode = legacy\n",
         {"AWS_RETRY_MODE=Adaptive"},
         RETRY_ADAPTIVE,
         3},
        {"both of it",
         "[default]\nmax_attempts = 2\n",
         {"AWS_RETRY_MODE=standard", "AWS_MAX_ATTEMPTS=25"},
         RETRY_STANDARD,
         25},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(aws_settings_release) struct aws_settings s = {0};
        struct home home;
        struct error err = {0};

        home_make(&home, table[i].config, NULL);
        for (size_t j = 0; table[i].vars[j]; j++)
            home.vars[2 + j] = table[i].vars[j];
        if (!aws_settings_load(&home.options, &s, &err))
            fail_msg("%s: %s", table[i].why, err.message);
        if (s.retry_mode != table[i].mode || s.max_attempts != table[i].attempts)
            fail_msg("%s", table[i].why);
        home_drop(&home);
    }
}

static void a_broken_file_is_named_and_not_shown(void **state)
{
    struct home home;
    struct aws_settings s;
    struct error err = {0};

    (void)state;
    home_make(&home, NULL, "[default]\naws_secret_access_key hunter2hunter2\n");
    assert_false(aws_settings_load(&home.options, &s, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "credentials file, line 2"));
    assert_null(strstr(err.message, "hunter2"));
    home_drop(&home);
}

static void finds_endpoint_overrides(void **state)
{
    static const struct {
        const char *why, *profile, *flag, *service;
        const char *vars[3];
        const char *origin, *path; /* NULL: refused */
    } table[] = {
        {"flag first",
         "class",
         "http://127.0.0.1:9",
         "sts",
         {"AWS_ENDPOINT_URL=http://x"},
         "http://127.0.0.1:9",
         ""},
        {"variable of the service, with its underscore",
         "class",
         NULL,
         "secretsmanager",
         {"AWS_ENDPOINT_URL=http://a", "AWS_ENDPOINT_URL_SECRETS_MANAGER=http://b"},
         "http://b",
         ""},
        {"variable for all",
         "class",
         NULL,
         "secretsmanager",
         {"AWS_ENDPOINT_URL=http://a/p/"},
         "http://a",
         "/p"},
        {"services block", "class", NULL, "secretsmanager", {NULL}, "http://127.0.0.1:2", ""},
        {"profile", "class", NULL, "sts", {NULL}, "http://127.0.0.1:1", "/base"},
        {"all of it ignored",
         "class",
         NULL,
         "secretsmanager",
         {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_ENDPOINT_URL=http://a"},
         "https://secretsmanager.eu-central-1.amazonaws.com",
         ""},
        {"computed", NULL, NULL, "sts", {NULL}, "https://sts.eu-west-3.amazonaws.com", ""},
        {"a services section that is not there", "lost", NULL, "sts", {NULL}, NULL, NULL},
        {"not a URL", NULL, NULL, "sts", {"AWS_ENDPOINT_URL=127.0.0.1:80"}, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(aws_settings_release) struct aws_settings s = {0};
        CLEANUP(buf_release) struct buf origin = {0};
        struct aws_endpoint endpoint;
        struct home home;
        struct error err = {0};
        bool ok;

        home_make(&home, CONFIG, NULL);
        for (size_t j = 0; j < ARRAY_LEN(table[i].vars) && table[i].vars[j]; j++)
            home.vars[2 + j] = table[i].vars[j];
        home.options.profile = table[i].profile;
        home.options.endpoint_url = table[i].flag;
        assert_true(aws_settings_load(&home.options, &s, &err));
        ok = aws_endpoint_resolve(&s, model_service(table[i].service), &endpoint, &err);
        if (ok != (table[i].origin != NULL))
            fail_msg("%s: %s", table[i].why, err.message);
        if (ok) {
            http_url_origin(&endpoint.url, &origin);
            assert_string_equal(buf_text(&origin), table[i].origin);
            assert_string_equal(endpoint.url.path, table[i].path);
        } else {
            assert_int_equal(err.code, ERR_CONFIG);
        }
        home_drop(&home);
    }
}

static void iam_is_signed_with_its_own_region(void **state)
{
    static const char *const regions[][2] = {
        {"eu-west-1", "us-east-1"}, {"cn-northwest-1", "cn-north-1"}, {"us-gov-east-1", "us-gov-west-1"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        CLEANUP(aws_settings_release) struct aws_settings s = {0};
        struct aws_endpoint endpoint;
        struct home home;
        struct error err = {0};

        home_make(&home, NULL, NULL);
        home.vars[2] = "AWS_ENDPOINT_URL=http://127.0.0.1:4566";
        home.options.region = regions[i][0];
        assert_true(aws_settings_load(&home.options, &s, &err));
        assert_true(aws_endpoint_resolve(&s, model_service("iam"), &endpoint, &err));
        assert_string_equal(endpoint.signing_region, regions[i][1]);
        assert_true(aws_endpoint_resolve(&s, model_service("sts"), &endpoint, &err));
        assert_string_equal(endpoint.signing_region, regions[i][0]);
        home_drop(&home);
    }
    assert_string_equal(aws_partition("us-gov-west-1"), "aws-us-gov");
    assert_string_equal(aws_partition("mars-north-1"), "aws");
}

/* How people say "no configuration of mine"; other devices are refused. */
static void takes_the_null_device_for_none(void **state)
{
    static const char *nothing[] = {"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
                                    NULL};
    static const char *zeroes[] = {"AWS_CONFIG_FILE=/dev/zero", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
                                   NULL};
    struct aws_settings_options options = {.env = variables_of(nothing)};
    struct aws_settings s;
    struct error err = {0};

    (void)state;
    assert_true(aws_settings_load(&options, &s, &err));
    assert_string_equal(s.profile, "default");
    aws_settings_release(&s);
    options.env = variables_of(zeroes);
    assert_false(aws_settings_load(&options, &s, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    aws_settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_profile_and_region),
        cmocka_unit_test(files_may_be_missing),
        cmocka_unit_test(a_broken_file_is_named_and_not_shown),
        cmocka_unit_test(finds_endpoint_overrides),
        cmocka_unit_test(iam_is_signed_with_its_own_region),
        cmocka_unit_test(takes_the_null_device_for_none),
        cmocka_unit_test(reads_the_retry_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
