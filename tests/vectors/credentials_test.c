/* What the SDK teams recorded of credential sources: profiles to chains,
 * endpoints of containers and instances, whole exchanges. One test a case. */
#include "aws/provider/container.h"
#include "aws/provider/imds.h"
#include "aws/provider/profile.h"
#include "aws/provider/provider.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/support/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#define VECTORS "../shared/vectors/config/"
#define NOW_MS 1628555913000 /* when most of it was recorded */

/* --- cases left out --- */

static const struct {
    const char *name, *why;
} left_out[] = {
    {"credential_process", "its command is a shell pipeline, and there is no shell (facts 5.2)"},
    {"credential_process_account_id_fallback", "its command is a shell pipeline"},
    {"explicit endpoint override", "an argument of the client's constructor that lab does not have"},
    {"explicit mode override", "an argument of the client's constructor that lab does not have"},
};

/* NULL for a case that applies. */
static const char *reason_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
        if (strcmp(name, left_out[i].name) == 0)
            return left_out[i].why;
    return NULL;
}

static void is_left_out(void **state)
{
    (void)state;
    skip();
}

/* --- a home of its own --- */

struct home {
    char *root;
    struct json *env;
};

static void home_release(struct home *h)
{
    struct error err;

    if (h->root && !file_remove_tree(h->root, &err))
        print_message("%s\n", err.message);
    mem_free(h->root);
    json_free(h->env);
}

/* The recorded paths begin at the root of the disk. */
static void rebase(const struct home *h, struct str text, struct buf *out)
{
    static const char *const roots[] = {"/home", "/token.jwt"};

    for (size_t i = 0; i < text.len; i++) {
        for (size_t j = 0; j < ARRAY_LEN(roots); j++)
            if (str_starts(str_slice(text, i, text.len), str_of(roots[j])) &&
                (i == 0 || text.data[i - 1] == ' '))
                buf_adds(out, h->root);
        buf_addc(out, text.data[i]);
    }
}

static void write_file(const struct home *h, const char *name, struct str text)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s%s%s", h->root, name[0] == '/' ? "" : "/", name);
    CLEANUP(buf_release) struct buf content = {0};
    struct error err = {0};
    char *slash = strrchr(path, '/');

    *slash = '\0';
    if (!file_make_dir(path, &err))
        fail_msg("%s", err.message);
    *slash = '/';
    rebase(h, text, &content);
    if (!file_replace(path, buf_str(&content), &err))
        fail_msg("%s", err.message);
}

static const char *home_get(void *self, const char *name)
{
    const struct json *value = json_get(((struct home *)self)->env, name);

    return value ? json_text(value) : NULL;
}

static void make_home(struct home *h, const struct json *env, const struct json *files)
{
    struct error err = {0};

    if (!file_temp_dir("lab-test", &h->root, &err))
        fail_msg("%s", err.message);
    h->env = json_object();
    for (const struct json *v = json_first(env); v; v = json_next(v)) {
        CLEANUP(buf_release) struct buf value = {0};

        if (strcmp(json_key(v), "AWS_CONFIG_FILE") == 0)
            buf_printf(&value, "%s/", h->root);
        rebase(h, json_str(v), &value);
        json_put_str(h->env, json_key(v), buf_str(&value));
    }
    for (const struct json *f = json_first(files); f; f = json_next(f))
        write_file(h, json_key(f), json_str(f));
}

/* --- whole chains --- */

static void check_credentials(const struct json *want, const struct aws_credentials *got)
{
    assert_string_equal(got->access_key_id, json_get_text(want, "access_key_id"));
    assert_string_equal(secret_text(&got->secret_access_key), json_get_text(want, "secret_access_key"));
    assert_string_equal(secret_text(&got->session_token), json_get_text(want, "session_token"));
    if (json_get(want, "account_id"))
        assert_string_equal(got->account_id, json_get_text(want, "account_id"));
    if (json_get(want, "expiry"))
        assert_int_equal(got->expires_at_s, json_int(json_get(want, "expiry"), 0));
}

static int64_t held_ms(void *self)
{
    (void)self;
    return NOW_MS;
}

static void zeros(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

/* profile: the profile's provider alone, which the environment's keys do not
 * come before. */
static bool ask(struct home *h, const char *profile, struct replay *replay, struct aws_credentials *out,
                struct error *err)
{
    const struct aws_settings_options options = {.profile = profile, .env = {home_get, h}};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;
    struct provider_options provider = {.settings = &settings,
                                        .clock = {held_ms, held_ms, NULL},
                                        .random = {zeros, NULL},
                                        .stop_fd = -1,
                                        .connect = replay_connect,
                                        .connect_self = replay};

    if (!aws_settings_load(&options, &settings, err))
        return false;
    chain = provider_chain_new_with(&provider);
    return chain->get(chain->self, out, err);
}

static void plays_recorded(void **state)
{
    const struct json *test = *state, *result = json_path(test, "expect.result");
    CLEANUP(home_release) struct home home = {0};
    CLEANUP(aws_credentials_release) struct aws_credentials got = {0};
    struct replay replay = {.next = json_first(json_get(test, "http"))};
    struct error err = {0};
    bool ok;

    make_home(&home, json_get(test, "env"), json_get(test, "files"));
    ok = ask(&home, strcmp(json_get_text(test, "group"), "profile-provider") == 0 ? "default" : NULL, &replay,
             &got, &err);
    if (replay.differs)
        fail_msg("%s", replay.differs);
    if (ok != (json_get(result, "Ok") != NULL))
        fail_msg("%s", ok ? "accepted" : err.message);
    if (ok) {
        check_credentials(json_get(result, "Ok"), &got);
        assert_null(replay.next);
    } else if (err.code != ERR_CONFIG && err.code != ERR_AWS && err.code != ERR_UNREACHABLE) {
        fail_msg("%d: %s", (int)err.code, err.message);
    }
}

/* --- profiles to chains --- */

static const char *value_of(const struct aws_settings *s, const struct profile_link *link, const char *key)
{
    const char *value = json_get_text(link->profile, key),
               *session = json_get_text(link->profile, "sso_session");

    return value[0] ? value : json_get_text(json_get(json_get(s->files, "sso_sessions"), session), key);
}

static void check_link(const struct aws_settings *s, const struct profile_link *link, const struct json *want)
{
    static const char *const kinds[] = {
        [PROFILE_KEYS] = "AccessKey",
        [PROFILE_SOURCE] = "NamedSource",
        [PROFILE_WEB_IDENTITY] = "WebIdentityToken",
        [PROFILE_SSO] = "Sso",
        [PROFILE_PROCESS] = "CredentialProcess",
        [PROFILE_ROLE] = "AssumeRole",
    };
    const struct json *members = json_get(want, kinds[link->kind]);

    if (!members)
        fail_msg("a link is %s", kinds[link->kind]);
    if (link->kind == PROFILE_SOURCE)
        assert_string_equal(json_text(members), json_get_text(link->profile, "credential_source"));
    for (const struct json *m = json_first(members); m; m = json_next(m)) {
        bool of_key = link->kind == PROFILE_KEYS;
        CLEANUP(mem_freep) char *key = mem_printf("%s%s", of_key ? "aws_" : "", json_key(m));

        assert_string_equal(value_of(s, link, key), json_text(m));
    }
}

static void resolves_profiles(void **state)
{
    const struct json *test = *state, *input = json_get(test, "input"), *output = json_get(test, "output");
    const struct json *want = json_get(output, "ProfileChain");
    const char *refusal = json_get_text(output, "Error");
    CLEANUP(aws_settings_release) struct aws_settings settings = {.files = json_copy(input)};
    struct profile_chain chain;
    struct error err = {0};

    snprintf(settings.profile, sizeof settings.profile, "%s", json_get_text(input, "selected_profile"));
    if (!profile_resolve(&settings, &chain, &err)) {
        if (!refusal[0] || !strstr(err.message, refusal))
            fail_msg("%s", err.message);
        return;
    }
    /* Nothing in it is no refusal here: the next source is asked. */
    if (refusal[0] && chain.count == 0 &&
        (strstr(refusal, "did not contain credential information") || strstr(refusal, "No profiles")))
        return;
    if (refusal[0])
        fail_msg("accepted");
    assert_int_equal(chain.count, json_count(want));
    for (size_t i = 0; i < chain.count; i++)
        check_link(&settings, &chain.links[i], json_at(want, i));
}

/* --- addresses --- */

static void load(struct home *h, const struct json *test, struct aws_settings *out)
{
    const struct aws_settings_options options = {.env = {home_get, h}};
    struct error err = {0};

    make_home(h, json_get(test, "env"), json_get(test, "fs"));
    if (!aws_settings_load(&options, out, &err))
        fail_msg("%s", err.message);
}

static void check_refusal(const struct json *result, const char *member, const struct error *err)
{
    const char *want = json_get_text(result, member);

    /* Which character of the URI is wrong, ours does not say. */
    if (!want[0] || (!strstr(err->message, want) && strcmp(want, "invalid uri character") != 0))
        fail_msg("%s", err->message);
}

static void finds_container(void **state)
{
    const struct json *test = *state, *result = json_get(test, "result");
    CLEANUP(home_release) struct home home = {0};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    CLEANUP(buf_release) struct buf url = {0};
    struct container_uri uri;
    struct error err = {0};
    bool found;

    load(&home, test, &settings);
    if (!container_uri_choose(&settings, &uri, &found, &err)) {
        check_refusal(result, "ErrorContains", &err);
        return;
    }
    if (!found) {
        assert_string_equal(json_get_text(result, "ErrorContains"),
                            "No environment variables were set to configure ECS provider");
        return;
    }
    http_url_origin(&uri.url, &url);
    buf_printf(&url, "%s%s%s", uri.path, uri.query[0] ? "?" : "", uri.query);
    assert_string_equal(buf_text(&url), json_get_text(result, "Ok"));
}

static void finds_metadata(void **state)
{
    const struct json *test = *state, *result = json_get(test, "result");
    CLEANUP(home_release) struct home home = {0};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    CLEANUP(buf_release) struct buf url = {0};
    struct http_url got;
    struct error err = {0};

    load(&home, test, &settings);
    if (!imds_url(&settings, &got, &err)) {
        check_refusal(result, "Err", &err);
        return;
    }
    http_url_origin(&got, &url);
    buf_printf(&url, "%s/latest/api/token", got.path);
    assert_string_equal(buf_text(&url), json_get_text(result, "Ok"));
}

/* --- one test a case --- */

static const struct suite {
    const char *file;
    bool lines; /* one object a line */
    size_t cases;
    void (*run)(void **state);
} suites[] = {
    {"assume-role-tests.json", false, 28, resolves_profiles},
    {"ecs-tests.json", false, 11, finds_container},
    {"imds-endpoint-tests.json", false, 14, finds_metadata},
    {"default-credential-provider-chain.jsonl", true, 29, plays_recorded},
    {"profile-provider.jsonl", true, 18, plays_recorded},
};

static void counts_cases(void **state)
{
    const struct suite *suite = *state;

    fail_msg("%s does not hold %zu cases", suite->file, suite->cases);
}

static struct json *parse_suite(const struct suite *suite, struct str text)
{
    struct json *list = suite->lines ? json_array() : NULL, *value;
    struct error err;
    struct str line;

    while (suite->lines && str_split(&text, '\n', &line))
        if (!str_empty(str_trim(line)) && json_parse(line, NULL, &value, &err))
            json_push(list, value);
    if (list || !json_parse(text, NULL, &value, &err))
        return list;
    if (json_is_array(value))
        return value;
    list = json_detach(value, "tests");
    json_free(value);
    return list;
}

static struct CMUnitTest *add(struct CMUnitTest *t, const char *name, void (*run)(void **), const void *state)
{
    union {
        const void *in;
        void *out;
    } same = {.in = state};

    *t = (struct CMUnitTest){.name = name, .test_func = run, .initial_state = same.out};
    return t + 1;
}

static const char *name_of(const struct json *test)
{
    const char *name = json_get_text(test, "name");

    return name[0] ? name : json_get_text(test, "docs");
}

/* The name of a case that is left out says why; *owned is to be freed. */
static struct CMUnitTest *add_case(struct CMUnitTest *t, const struct suite *suite, const struct json *test,
                                   char **owned)
{
    const char *name = name_of(test), *why = reason_of(name);

    if (!why)
        return add(t, name, suite->run, test);
    *owned = mem_printf("%s: %s", name, why);
    return add(t, *owned, is_left_out, NULL);
}

int main(void)
{
    struct CMUnitTest tests[128], *end = tests;
    char *owned[ARRAY_LEN(tests)] = {NULL};
    struct json *lists[ARRAY_LEN(suites)] = {NULL};
    struct error err = {0};
    int failed;

    for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
        CLEANUP(mem_freep) char *path = mem_printf(VECTORS "%s", suites[i].file);
        CLEANUP(buf_release) struct buf text = {0};

        if (!file_read(path, 8u << 20, &text, &err)) {
            end = add(end, suites[i].file, is_left_out, NULL);
            continue;
        }
        lists[i] = parse_suite(&suites[i], buf_str(&text));
        if (json_count(lists[i]) != suites[i].cases) {
            end = add(end, suites[i].file, counts_cases, &suites[i]);
            continue;
        }
        for (const struct json *test = json_first(lists[i]); test; test = json_next(test))
            end = add_case(end, &suites[i], test, &owned[end - tests]);
    }
    failed = _cmocka_run_group_tests("credentials", tests, (size_t)(end - tests), NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(suites); i++)
        json_free(lists[i]);
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        mem_free(owned[i]);
    return failed;
}
