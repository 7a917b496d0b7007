#include "aws/config/config.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_LIMIT_BYTES (256u << 10)
#define ATTEMPTS_MAX 100

static const char *process_get(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

const struct environment environment_process = {.get = process_get};

/* NULL when unset or empty: an empty variable is how a shell unsets one. */
static const char *env_get(const struct environment *env, const char *name)
{
    const char *value = env->get ? env->get(env->self, name) : NULL;

    return value && value[0] != '\0' ? value : NULL;
}

const char *aws_settings_get(const struct aws_settings *s, const char *key)
{
    const struct json *profile = json_get(json_get(s->files, "profiles"), s->profile);
    const struct json *value = json_get(profile, key);

    return json_is_string(value) ? json_text(value) : NULL;
}

/* --- files --- */

/* A file that is not there is an empty one, whether or not it was named. */
static bool read_one(const struct environment *env, const char *variable, const char *under_home,
                     struct buf *out, struct error *err)
{
    const char *named = env_get(env, variable), *home = env_get(env, "HOME");
    CLEANUP(mem_freep) char *path = NULL;

    /* The usual way to say "none": the AWS CLI takes it, and no other device. */
    if ((!named && !home) || (named && strcmp(named, "/dev/null") == 0))
        return true;
    if (named && !(named[0] == '~' && named[1] == '/' && home))
        path = mem_dup(named);
    else
        path = mem_printf("%s/%s", home, named ? named + 2 : under_home);
    if (file_read(path, FILE_LIMIT_BYTES, out, err))
        return true;
    if (err->code == ERR_NO_INPUT && (err->os_errno == ENOENT || err->os_errno == ENOTDIR))
        return true;
    err->code = ERR_CONFIG;
    return false;
}

static bool read_files(struct aws_settings *s, struct error *err)
{
    CLEANUP(buf_release) struct buf config = {0};
    CLEANUP(buf_release) struct buf credentials = {0};
    CLEANUP(json_freep) struct json *alone = NULL;

    if (!read_one(&s->env, "AWS_CONFIG_FILE", ".aws/config", &config, err) ||
        !read_one(&s->env, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", &credentials, err) ||
        !aws_config_parse(buf_str(&config), buf_str(&credentials), &s->files, err) ||
        !aws_config_parse(STR(""), buf_str(&credentials), &alone, err))
        return false;
    s->shared_credentials = json_detach(alone, "profiles");
    return true;
}

/* --- profile and region --- */

static bool choose_profile(struct aws_settings *s, const char *flag, struct error *err)
{
    const char *name = flag;

    s->profile_explicit = name != NULL;
    if (!name)
        name = env_get(&s->env, "AWS_PROFILE");
    if (!name)
        name = env_get(&s->env, "AWS_DEFAULT_PROFILE");
    if (!name)
        name = "default";
    if (strlen(name) >= sizeof s->profile)
        return error_set(err, ERR_CONFIG, "profile name is longer than %zu bytes", sizeof s->profile - 1);
    snprintf(s->profile, sizeof s->profile, "%s", name);
    if (strcmp(name, "default") != 0 && !json_get(json_get(s->files, "profiles"), name))
        return error_set(err, ERR_CONFIG, "profile '%s' is in neither the config nor the credentials file",
                         name);
    return true;
}

/* The region becomes part of a host name. */
bool aws_region_well_formed(const char *region)
{
    size_t len = strlen(region);

    for (size_t i = 0; i < len; i++)
        if (!((region[i] >= 'a' && region[i] <= 'z') || (region[i] >= 'A' && region[i] <= 'Z') ||
              (region[i] >= '0' && region[i] <= '9') || region[i] == '-'))
            return false;
    return len > 0 && len < 64 && region[0] != '-' && region[len - 1] != '-';
}

static bool choose_region(struct aws_settings *s, const char *flag, struct error *err)
{
    const char *first = env_get(&s->env, "AWS_REGION"), *second = env_get(&s->env, "AWS_DEFAULT_REGION");
    const struct {
        const char *region, *from;
    } places[] = {
        {flag, "--region"},
        {first, "AWS_REGION"},
        {second, "AWS_DEFAULT_REGION"},
        {aws_settings_get(s, "region"), "the profile"},
    };

    if (!flag && first && second && strcmp(first, second) != 0)
        log_warn("AWS_REGION is %s but AWS_DEFAULT_REGION is %s: boto3 would use the latter", first, second);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (!places[i].region || places[i].region[0] == '\0')
            continue;
        if (!aws_region_well_formed(places[i].region))
            return error_set(err, ERR_CONFIG, "region '%s' of %s is malformed: letters, digits and '-' only",
                             places[i].region, places[i].from);
        snprintf(s->region, sizeof s->region, "%s", places[i].region);
        return true;
    }
    return true;
}

/* --- the rest --- */

/* The environment beats the profile. */
static const char *choose(const struct aws_settings *s, const char *variable, const char *key)
{
    const char *value = env_get(&s->env, variable);

    return value ? value : aws_settings_get(s, key);
}

static bool choose_flag(const struct aws_settings *s, const char *variable, const char *key)
{
    const char *value = choose(s, variable, key);

    return value && strcasecmp(value, "true") == 0;
}

static const struct {
    const char *name;
    int attempts;
} retry_modes[] = {
    [RETRY_STANDARD] = {"standard", 3},
    [RETRY_LEGACY] = {"legacy", 5},
    [RETRY_ADAPTIVE] = {"adaptive", 3},
};

static bool choose_retry_mode(struct aws_settings *s, struct error *err)
{
    const char *text = choose(s, "AWS_RETRY_MODE", "retry_mode");

    for (size_t i = 0; text && text[0] && i < ARRAY_LEN(retry_modes); i++)
        if (strcasecmp(text, retry_modes[i].name) == 0) {
            s->retry_mode = (enum aws_retry_mode)i;
            return true;
        }
    return !text || !text[0] ||
           error_set(err, ERR_CONFIG, "retry mode '%s' is none of standard, legacy, adaptive", text);
}

static bool choose_attempts(struct aws_settings *s, struct error *err)
{
    const char *text = choose(s, "AWS_MAX_ATTEMPTS", "max_attempts");
    int64_t attempts = retry_modes[s->retry_mode].attempts;

    if (text && (!str_to_i64(str_of(text), &attempts) || attempts < 1 || attempts > ATTEMPTS_MAX))
        return error_set(err, ERR_CONFIG, "max attempts '%s' is not a number from 1 to %d", text,
                         ATTEMPTS_MAX);
    s->max_attempts = (int)attempts;
    return true;
}

static bool choose_endpoint(struct aws_settings *s, const char *flag, struct error *err)
{
    struct http_url url;

    if (!flag)
        return true;
    if (!http_url_parse(str_of(flag), &url, err))
        return error_wrap(err, "--endpoint-url");
    s->endpoint_given = true;
    s->endpoint_url = mem_dup(flag);
    return true;
}

bool aws_settings_load(const struct aws_settings_options *options, struct aws_settings *out,
                       struct error *err)
{
    const char *ca_bundle;

    *out = (struct aws_settings){.env = options->env};
    if (!read_files(out, err) || !choose_profile(out, options->profile, err) ||
        !choose_region(out, options->region, err) || !choose_retry_mode(out, err) ||
        !choose_attempts(out, err) || !choose_endpoint(out, options->endpoint_url, err)) {
        aws_settings_release(out);
        return false;
    }
    ca_bundle = choose(out, "AWS_CA_BUNDLE", "ca_bundle");
    out->ca_bundle = mem_dup(ca_bundle ? ca_bundle : env_get(&out->env, "REQUESTS_CA_BUNDLE"));
    out->fips = choose_flag(out, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    out->dualstack = choose_flag(out, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    out->ignore_configured_endpoints =
        choose_flag(out, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
    return true;
}

void aws_settings_release(struct aws_settings *s)
{
    mem_free(s->ca_bundle);
    mem_free(s->endpoint_url);
    json_free(s->files);
    json_free(s->shared_credentials);
    *s = (struct aws_settings){0};
}
