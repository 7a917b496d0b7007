#include "aws/provider/provider.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/provider/cache.h"
#include "aws/provider/imds.h"

#include <stdio.h>

struct chain {
    const struct aws_settings *settings;
    struct imds imds;
};

static bool fill(struct aws_credentials *out, const char *key, const char *secret, const char *token,
                 struct error *err)
{
    if (strlen(key) >= sizeof out->access_key_id)
        return error_set(err, ERR_CONFIG, "access key id is longer than %zu characters",
                         sizeof out->access_key_id - 1);
    snprintf(out->access_key_id, sizeof out->access_key_id, "%s", key);
    secret_set(&out->secret_access_key, str_of(secret));
    secret_set(&out->session_token, str_of(token));
    return true;
}

/* --- the sources, in the order of facts 5.1 --- */

static bool from_environment(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    const struct aws_settings *s = chain->settings;
    const char *key = provider_env(s, "AWS_ACCESS_KEY_ID"),
               *secret = provider_env(s, "AWS_SECRET_ACCESS_KEY");
    const char *token = provider_env(s, "AWS_SESSION_TOKEN"), *account = provider_env(s, "AWS_ACCOUNT_ID");
    const char *expires = provider_env(s, "AWS_CREDENTIAL_EXPIRATION");
    int64_t expires_ms = 0;

    if (s->profile_explicit || !key)
        return true;
    if (!secret)
        return error_set(err, ERR_CONFIG, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    if (expires && !clock_parse_iso(str_of(expires), &expires_ms))
        return error_set(err, ERR_CONFIG, "AWS_CREDENTIAL_EXPIRATION is not a time in ISO 8601");
    if (!fill(out, key, secret, token ? token : provider_env(s, "AWS_SECURITY_TOKEN"), err))
        return error_wrap(err, "AWS_ACCESS_KEY_ID");
    snprintf(out->account_id, sizeof out->account_id, "%.12s", account ? account : "");
    snprintf(out->provider, sizeof out->provider, "environment");
    out->expires_at_s = expires_ms / 1000;
    *found = true;
    return true;
}

static bool refuse_keys(const struct aws_settings *s, const char *const *keys, struct error *err)
{
    for (; *keys; keys++)
        if (aws_settings_get(s, *keys))
            return error_set(err, ERR_CONFIG,
                             "profile '%s' uses %s, a source of credentials that lab does not read",
                             s->profile, *keys);
    return true;
}

/* What would come before static keys. Passing it over would act as somebody
 * else than the machine's owner meant. */
static bool refuse_before_profile(struct chain *chain, struct aws_credentials *out, bool *found,
                                  struct error *err)
{
    static const char *const keys[] = {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url",
                                       NULL};

    (void)out;
    (void)found;
    if (!chain->settings->profile_explicit && provider_env(chain->settings, "AWS_WEB_IDENTITY_TOKEN_FILE"))
        return error_set(
            err, ERR_CONFIG,
            "AWS_WEB_IDENTITY_TOKEN_FILE is set, a source of credentials that lab does not read");
    return refuse_keys(chain->settings, keys, err);
}

static bool from_profile(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    const struct aws_settings *s = chain->settings;
    const char *key = aws_settings_get(s, "aws_access_key_id");
    const char *secret = aws_settings_get(s, "aws_secret_access_key");
    const char *account = aws_settings_get(s, "aws_account_id");

    if (!key || key[0] == '\0')
        return true;
    if (!secret || secret[0] == '\0')
        return error_set(err, ERR_CONFIG, "profile '%s' has aws_access_key_id, but no aws_secret_access_key",
                         s->profile);
    if (!fill(out, key, secret, aws_settings_get(s, "aws_session_token"), err))
        return error_wrap(err, "profile '%s'", s->profile);
    snprintf(out->account_id, sizeof out->account_id, "%.12s", account ? account : "");
    snprintf(out->provider, sizeof out->provider, "profile %.48s", s->profile);
    *found = true;
    return true;
}

static bool refuse_after_profile(struct chain *chain, struct aws_credentials *out, bool *found,
                                 struct error *err)
{
    static const char *const keys[] = {"login_session", "credential_process", NULL};
    static const char *const variables[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                            "AWS_CONTAINER_CREDENTIALS_FULL_URI"};

    (void)out;
    (void)found;
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        if (provider_env(chain->settings, variables[i]))
            return error_set(err, ERR_CONFIG, "%s is set, a source of credentials that lab does not read",
                             variables[i]);
    return refuse_keys(chain->settings, keys, err);
}

static bool from_imds(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err)
{
    return imds_credentials(&chain->imds, out, found, err);
}

static const struct {
    const char *name; /* NULL: gives none, may refuse */
    bool (*fetch)(struct chain *chain, struct aws_credentials *out, bool *found, struct error *err);
} sources[] = {
    {"environment", from_environment}, {NULL, refuse_before_profile},    {"profile", from_profile},
    {NULL, refuse_after_profile},      {"instance metadata", from_imds},
};

static bool chain_fetch(void *self, struct aws_credentials *out, struct error *err)
{
    CLEANUP(buf_release) struct buf tried = {0};
    struct chain *chain = self;

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        bool found = false;

        if (!sources[i].fetch(chain, out, &found, err)) {
            if (err->code != ERR_UNREACHABLE)
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
    mem_free(chain);
}

struct credential_provider *provider_chain_new(const struct aws_settings *settings, struct clock clock)
{
    struct chain *chain = mem_alloc(sizeof *chain);

    chain->settings = settings;
    chain->imds.settings = settings;
    return provider_cached_new((struct credential_source){chain_fetch, chain_free, chain}, clock);
}
