#include "aws/provider/source.h"

#include <stdio.h>

struct provider_options provider_options_of(const struct aws_settings *settings, struct clock clock)
{
    return (struct provider_options){
        .settings = settings, .clock = clock, .random = random_system, .stop_fd = -1};
}

const char *provider_env(const struct aws_settings *s, const char *name)
{
    const char *value = s->env.get ? s->env.get(s->env.self, name) : NULL;

    return str_empty(str_trim(str_of(value))) ? NULL : value;
}

const char *profile_get(const struct json *profile, const char *key)
{
    const char *value = json_get_text(profile, key);

    return value[0] != '\0' ? value : NULL;
}

bool provider_connect(const struct provider_options *o, struct http_transport **out, struct error *err)
{
    const struct aws_settings *s = o->settings;
    const char *proxy = provider_env(s, "HTTPS_PROXY"), *no_proxy = provider_env(s, "NO_PROXY");
    const struct http_curl_options options = {
        .ca_bundle = s->ca_bundle,
        .proxy = proxy ? proxy : provider_env(s, "https_proxy"),
        .no_proxy = no_proxy ? no_proxy : provider_env(s, "no_proxy"),
        .user_agent = "lab/" LAB_VERSION,
    };

    return o->connect ? o->connect(o->connect_self, &options, out, err) : http_curl_new(&options, out, err);
}

bool keys_set(struct aws_credentials *out, const char *id, const char *secret, const char *token,
              struct error *err)
{
    if (strlen(id) >= sizeof out->access_key_id)
        return error_set(err, ERR_CONFIG, "the access key id is longer than %zu characters",
                         sizeof out->access_key_id - 1);
    aws_credentials_release(out);
    snprintf(out->access_key_id, sizeof out->access_key_id, "%s", id);
    secret_set(&out->secret_access_key, str_of(secret));
    secret_set(&out->session_token, str_of(token));
    return true;
}

bool keys_read(const struct json *reply, const struct key_names *names, struct aws_credentials *out,
               struct error *err)
{
    const char *const needed[] = {names->id, names->secret};
    const char *account = names->account ? json_get_text(reply, names->account) : "";

    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (json_get_text(reply, needed[i])[0] == '\0')
            return error_set(err, ERR_CONFIG, "the reply lacks %s", needed[i]);
    if (!keys_set(out, json_get_text(reply, names->id), json_get_text(reply, names->secret),
                  names->token ? json_get_text(reply, names->token) : "", err))
        return false;
    snprintf(out->account_id, sizeof out->account_id, "%.12s", account);
    return true;
}
