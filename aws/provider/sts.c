/* Keys from STS. */
#include "aws/provider/source.h"

#include <stdio.h>

static void take_account(const struct json *reply, struct aws_credentials *out)
{
    struct str arn = json_str(json_path(reply, "AssumedRoleUser.Arn")), part = {0};

    /* arn:aws:sts::ACCOUNT:assumed-role/… */
    for (int i = 0; i < 5; i++)
        if (!str_split(&arn, ':', &part))
            part = (struct str){0};
    snprintf(out->account_id, sizeof out->account_id, "%.*s", STR_ARG(str_slice(part, 0, 12)));
}

bool sts_get_keys(struct aws_shared *shared, struct credential_provider *base,
                  struct http_transport *transport, const char *operation, const struct json *in,
                  struct aws_credentials *out, struct error *err)
{
    static const struct key_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", NULL};
    CLEANUP(aws_client_freep) struct aws_client *client = aws_client_new(shared, base, transport);
    CLEANUP(json_freep) struct json *reply = NULL;
    const struct json *keys;

    if (!aws_call(client, "sts", operation, in, &reply, err))
        return false;
    keys = json_get(reply, "Credentials");
    if (!keys_read(keys, &names, out, err))
        return error_wrap(err, "%s", operation);
    if (out->session_token.len == 0)
        return error_set(err, ERR_CONFIG, "%s: the reply lacks SessionToken", operation);
    out->expires_at_s = json_int(json_get(keys, "Expiration"), 0);
    take_account(reply, out);
    return true;
}
