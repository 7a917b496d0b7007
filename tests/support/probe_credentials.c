/* `probe credentials`: the whole chain, as `lab` asks it. */
#include "tests/support/probe.h"

#include "aws/crypto/digest.h"
#include "aws/provider/provider.h"

#include <stdio.h>

static bool find(struct aws_credentials *out, struct error *err)
{
    const struct aws_settings_options options = {.env = environment_process};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};
    CLEANUP(credential_provider_freep) struct credential_provider *chain = NULL;

    if (!aws_settings_load(&options, &settings, err))
        return false;
    chain = provider_chain_new(&settings, clock_system);
    return chain->get(chain->self, out, err);
}

static void put_credentials(struct json *answer, const struct aws_credentials *creds)
{
    char digest[SHA256_HEX];

    sha256_hex(secret_str(&creds->secret_access_key), digest);
    json_put_text(answer, "provider", creds->provider);
    json_put_text(answer, "access_key_id", creds->access_key_id);
    json_put_text(answer, "secret_sha256", digest);
    json_put_bool(answer, "has_token", creds->session_token.len > 0);
    json_put(answer, "expires_at", creds->expires_at_s ? json_integer(creds->expires_at_s) : json_null());
    json_put(answer, "account_id", creds->account_id[0] ? json_text_new(creds->account_id) : json_null());
}

int probe_credentials(int argc, char **argv)
{
    CLEANUP(aws_credentials_release) struct aws_credentials creds = {0};
    CLEANUP(json_freep) struct json *answer = json_object();
    CLEANUP(buf_release) struct buf text = {0};
    struct error err = {0};

    (void)argc;
    (void)argv;
    if (find(&creds, &err))
        put_credentials(answer, &creds);
    else
        json_put_text(answer, "error", err.message);
    json_write(answer, &text);
    return puts(buf_text(&text)) == EOF;
}
