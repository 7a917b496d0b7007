#include "aws/provider/provider.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/provider/cache.h"
#include "aws/provider/container.h"
#include "aws/provider/imds.h"
#include "aws/provider/profile.h"
#include "aws/provider/source.h"

#include <stdio.h>

struct chain {
    struct provider_options options;
    struct aws_shared *shared; /* of the calls to STS */
    struct imds imds;
};

static void name_provider(struct aws_credentials *out, const char *kind, const char *profile)
{
    snprintf(out->provider, sizeof out->provider, "%s %.40s", kind, profile);
}

/* --- what stands by itself --- */

static bool from_environment(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    const struct aws_settings *s = chain->options.settings;
    const char *key = provider_env(s, "AWS_ACCESS_KEY_ID"),
               *secret = provider_env(s, "AWS_SECRET_ACCESS_KEY");
    const char *token = provider_env(s, "AWS_SESSION_TOKEN"), *account = provider_env(s, "AWS_ACCOUNT_ID");
    const char *expires = provider_env(s, "AWS_CREDENTIAL_EXPIRATION");
    int64_t expires_ms = 0;

    if (!key)
        return true;
    if (!secret)
        return error_set(err, ERR_CONFIG, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    if (expires && !clock_parse_iso(str_of(expires), &expires_ms))
        return error_set(err, ERR_CONFIG, "AWS_CREDENTIAL_EXPIRATION is not a time in ISO 8601");
    if (!keys_set(out, key, secret, token ? token : provider_env(s, "AWS_SECURITY_TOKEN"), err))
        return error_wrap(err, "AWS_ACCESS_KEY_ID");
    snprintf(out->account_id, sizeof out->account_id, "%.12s", account ? account : "");
    snprintf(out->provider, sizeof out->provider, "environment");
    out->expires_at_s = expires_ms / 1000;
    *found = true;
    return true;
}

static bool from_container(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    return container_keys(&chain->options, out, found, err);
}

static bool from_imds(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    return imds_credentials(&chain->imds, out, found, err);
}

/* --- the links of a profile --- */

static bool keys_of_profile(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                            struct error *err)
{
    const char *token = profile_get(link->profile, "aws_session_token");

    (void)chain;
    return keys_set(out, json_get_text(link->profile, "aws_access_key_id"),
                    json_get_text(link->profile, "aws_secret_access_key"),
                    token ? token : profile_get(link->profile, "aws_security_token"), err) ||
           error_wrap(err, "profile '%s'", link->name);
}

static bool keys_of_source(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                           struct error *err)
{
    static const struct {
        const char *word;
        bool (*fetch)(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err);
    } sources[] = {{"Environment", from_environment},
                   {"Ec2InstanceMetadata", from_imds},
                   {"EcsContainer", from_container}};
    const char *word = json_get_text(link->profile, "credential_source");
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(word, sources[i].word) != 0)
            continue;
        if (!sources[i].fetch(chain, out, &found, err))
            return error_wrap(err, "profile '%s': credential_source %s", link->name, word);
        return found || error_set(err, ERR_CONFIG, "profile '%s': credential_source %s gives no keys",
                                  link->name, word);
    }
    return error_set(err, ERR_CONFIG,
                     "profile '%s': credential_source '%s' is none of Environment, Ec2InstanceMetadata, "
                     "EcsContainer",
                     link->name, word);
}

/* To be freed. */
static char *session_name(struct chain *chain, const char *given)
{
    long long now_s = (long long)(clock_wall_ms(&chain->options.clock) / 1000);

    return given ? mem_dup(given) : mem_printf("lab-session-%lld", now_s);
}

static bool keys_of_web_identity(struct chain *chain, const struct profile_link *link,
                                 struct aws_credentials *out, struct error *err)
{
    CLEANUP(mem_freep) char *name = session_name(chain, profile_get(link->profile, "role_session_name"));

    return web_identity_keys(&chain->options, chain->shared,
                             json_get_text(link->profile, "web_identity_token_file"),
                             json_get_text(link->profile, "role_arn"), name, out, err) ||
           error_wrap(err, "profile '%s'", link->name);
}

static bool keys_of_sso(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                        struct error *err)
{
    return sso_keys(&chain->options, link->profile, link->name, out, err);
}

static bool keys_of_process(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                            struct error *err)
{
    (void)chain;
    return process_keys(json_get_text(link->profile, "credential_process"), out, err) ||
           error_wrap(err, "profile '%s'", link->name);
}

static bool add_mfa(struct chain *chain, const char *serial, struct json *in, struct error *err)
{
    const struct provider_options *o = &chain->options;
    CLEANUP(buf_release) struct buf code = {0};

    if (!(o->ask_code ? o->ask_code(o->ask_self, serial, &code, err)
                      : prompt_mfa_code(serial, o->stop_fd, &code, err)))
        return false;
    json_put_text(in, "SerialNumber", serial);
    json_put_str(in, "TokenCode", buf_str(&code));
    return true;
}

static bool add_duration(const char *text, struct json *in, struct error *err)
{
    int64_t seconds;

    if (!str_to_i64(str_of(text), &seconds) || seconds < 900 || seconds > 43200)
        return error_set(err, ERR_CONFIG, "duration_seconds '%s' is not a number from 900 to 43200", text);
    json_put_int(in, "DurationSeconds", seconds);
    return true;
}

/* With the keys in *out as the base, which the role's replace. */
static bool keys_of_role(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                         struct error *err)
{
    CLEANUP(credential_provider_freep) struct credential_provider *base = provider_static_new(out);
    const char *duration = profile_get(link->profile, "duration_seconds");
    const char *mfa_serial = profile_get(link->profile, "mfa_serial");
    CLEANUP(mem_freep) char *name = session_name(chain, profile_get(link->profile, "role_session_name"));
    CLEANUP(json_freep)
    struct json *in = json_of("RoleArn", json_get_text(link->profile, "role_arn"), "RoleSessionName", name,
                              "ExternalId", profile_get(link->profile, "external_id"), NULL);
    struct http_transport *transport;

    if ((duration && !add_duration(duration, in, err)) ||
        (mfa_serial && !add_mfa(chain, mfa_serial, in, err)) ||
        !provider_connect(&chain->options, &transport, err) ||
        !sts_get_keys(chain->shared, base, transport, "AssumeRole", in, out, err))
        return error_wrap(err, "profile '%s'", link->name);
    return true;
}

static const struct {
    const char *name; /* as in credentials.provider; NULL: the source has named itself */
    bool (*fetch)(struct chain *chain, const struct profile_link *link, struct aws_credentials *out,
                  struct error *err);
} link_kinds[] = {
    [PROFILE_KEYS] = {"profile", keys_of_profile},
    [PROFILE_SOURCE] = {NULL, keys_of_source},
    [PROFILE_WEB_IDENTITY] = {"web-identity", keys_of_web_identity},
    [PROFILE_SSO] = {"sso", keys_of_sso},
    [PROFILE_PROCESS] = {"process", keys_of_process},
    [PROFILE_ROLE] = {"assume-role", keys_of_role},
};

static bool follow(struct chain *chain, const struct profile_chain *profile, struct aws_credentials *out,
                   struct error *err)
{
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_link *link = &profile->links[i];
        const char *account = profile_get(link->profile, "aws_account_id");

        if (!link_kinds[link->kind].fetch(chain, link, out, err)) {
            /* A profile that is set up is not passed over. */
            if (err->code == ERR_UNREACHABLE && link->kind == PROFILE_SOURCE)
                err->code = ERR_CONFIG;
            return false;
        }
        if (out->account_id[0] == '\0' && account)
            snprintf(out->account_id, sizeof out->account_id, "%.12s", account);
        if (link_kinds[link->kind].name)
            name_provider(out, link_kinds[link->kind].name, link->name);
    }
    return true;
}

/* --- the chain --- */

static bool from_web_identity(struct chain *chain, struct aws_credentials *out, bool *found,
                              struct error *err)
{
    const struct aws_settings *s = chain->options.settings;
    const char *file = provider_env(s, "AWS_WEB_IDENTITY_TOKEN_FILE"),
               *role = provider_env(s, "AWS_ROLE_ARN");
    CLEANUP(mem_freep) char *name = session_name(chain, provider_env(s, "AWS_ROLE_SESSION_NAME"));

    if (!file)
        return true;
    if (!role)
        return error_set(err, ERR_CONFIG, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    if (!web_identity_keys(&chain->options, chain->shared, file, role, name, out, err))
        return false;
    snprintf(out->provider, sizeof out->provider, "web-identity");
    *found = true;
    return true;
}

static bool from_profile(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    struct profile_chain profile;

    if (!profile_resolve(chain->options.settings, &profile, err))
        return false;
    *found = profile.count > 0;
    return follow(chain, &profile, out, err);
}

/* Before web identity by the environment comes a profile that assumes a role,
 * and only that. */
static bool from_role_profile(struct chain *chain, struct aws_credentials *out, bool *found,
                              struct error *err)
{
    struct profile_chain profile;

    if (!profile_resolve(chain->options.settings, &profile, err))
        return false;
    if (profile.count == 0 || profile.links[profile.count - 1].kind != PROFILE_ROLE)
        return true;
    *found = true;
    return follow(chain, &profile, out, err);
}

/* The order of facts 5.1. */
static const struct {
    const char *name;
    bool (*fetch)(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err);
    bool unless_named; /* by --profile */
} sources[] = {
    {"environment", from_environment, true},   {NULL, from_role_profile, false},
    {"web identity", from_web_identity, true}, {"profile", from_profile, false},
    {"container", from_container, false},      {"instance metadata", from_imds, false},
};

static bool chain_fetch(void *self, struct aws_credentials *out, struct error *err)
{
    CLEANUP(buf_release) struct buf tried = {0};
    struct chain *chain = self;

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        bool found = false;

        if (sources[i].unless_named && chain->options.settings->profile_explicit)
            continue;
        if (!sources[i].fetch(chain, out, &found, err)) {
            /* No metadata service is how a machine without one looks. */
            if (err->code != ERR_UNREACHABLE || sources[i].fetch != from_imds)
                return false;
            buf_printf(&tried, "%s%s (%s)", tried.len ? ", " : "", sources[i].name, err->message);
            continue;
        }
        if (found)
            return true;
        if (sources[i].name)
            buf_printf(&tried, "%s%s", tried.len ? ", " : "", sources[i].name);
    }
    return error_set(err, ERR_CONFIG, "no AWS credentials; tried %s", buf_text(&tried));
}

static void chain_free(void *self)
{
    struct chain *chain = self;

    imds_release(&chain->imds);
    aws_shared_free(chain->shared);
    mem_free(chain);
}

struct credential_provider *provider_chain_new_with(const struct provider_options *options)
{
    struct chain *chain = mem_alloc(sizeof *chain);
    const struct aws_shared_options shared = {.settings = options->settings,
                                              .clock = options->clock,
                                              .random = options->random,
                                              .stop_fd = options->stop_fd};

    chain->options = *options;
    chain->shared = aws_shared_new(&shared);
    chain->imds.options = chain->options;
    return provider_cached_new((struct credential_source){chain_fetch, chain_free, chain}, options->clock);
}

struct credential_provider *provider_chain_new(const struct aws_settings *settings, struct clock clock)
{
    const struct provider_options options = provider_options_of(settings, clock);

    return provider_chain_new_with(&options);
}
