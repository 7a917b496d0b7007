#include "aws/provider/provider.h"

#include "aws/common/mem.h"
#include "aws/provider/cache.h"

#include <stdio.h>

struct assume_role {
    struct credential_provider *base;
    struct aws_shared *shared;
    char *role_arn, *session_name;
};

static bool read_reply(const struct json *reply, const char *role_arn, struct aws_credentials *out,
                       struct error *err)
{
    const struct json *keys = json_get(reply, "Credentials");
    const char *id = json_get_text(keys, "AccessKeyId");
    struct str arn = json_str(json_path(reply, "AssumedRoleUser.Arn")), part = {0};

    if (id[0] == '\0' || strlen(id) >= sizeof out->access_key_id ||
        json_get_text(keys, "SecretAccessKey")[0] == '\0' || json_get_text(keys, "SessionToken")[0] == '\0')
        return error_set(err, ERR_CONFIG, "the reply about role %s lacks keys", role_arn);
    aws_credentials_release(out);
    snprintf(out->access_key_id, sizeof out->access_key_id, "%s", id);
    secret_set(&out->secret_access_key, json_str(json_get(keys, "SecretAccessKey")));
    secret_set(&out->session_token, json_str(json_get(keys, "SessionToken")));
    out->expires_at_s = json_int(json_get(keys, "Expiration"), 0);
    /* arn:aws:sts::ACCOUNT:assumed-role/… */
    for (int i = 0; i < 5; i++)
        if (!str_split(&arn, ':', &part))
            part = (struct str){0};
    snprintf(out->account_id, sizeof out->account_id, "%.*s", STR_ARG(str_slice(part, 0, 12)));
    snprintf(out->provider, sizeof out->provider, "assume-role");
    return true;
}

static bool fetch(void *self, struct aws_credentials *out, struct error *err)
{
    const struct assume_role *p = self;
    struct http_curl_options options = {.ca_bundle = aws_shared_settings(p->shared)->ca_bundle};
    CLEANUP(aws_client_freep) struct aws_client *client = NULL;
    CLEANUP(json_freep)
    struct json *in = json_of("RoleArn", p->role_arn, "RoleSessionName", p->session_name, NULL);
    CLEANUP(json_freep) struct json *reply = NULL;
    struct http_transport *transport;

    if (!http_curl_new(&options, &transport, err))
        return false;
    client = aws_client_new(p->shared, p->base, transport);
    return aws_call(client, "sts", "AssumeRole", in, &reply, err) && read_reply(reply, p->role_arn, out, err);
}

static void source_free(void *self)
{
    struct assume_role *p = self;

    mem_free(p->role_arn);
    mem_free(p->session_name);
    mem_free(p);
}

struct credential_provider *provider_assume_role_new(struct credential_provider *base,
                                                     struct aws_shared *shared, const char *role_arn,
                                                     const char *session_name)
{
    struct assume_role *p = mem_alloc(sizeof *p);

    *p = (struct assume_role){base, shared, mem_dup(role_arn), mem_dup(session_name)};
    return provider_cached_new((struct credential_source){fetch, source_free, p}, aws_shared_clock(shared));
}
