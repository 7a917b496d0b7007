#include "aws/provider/source.h"

#include "aws/common/file.h"

#include <stdio.h>

/* As much as AssumeRoleWithWebIdentity takes, and a newline. */
#define TOKEN_LIMIT_BYTES 20001

bool web_identity_keys(const struct provider_options *o, struct aws_shared *shared, const char *token_file,
                       const char *role_arn, const char *session_name, struct aws_credentials *out,
                       struct error *err)
{
    CLEANUP(buf_release) struct buf token = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    struct http_transport *transport;

    if (!file_read(token_file, TOKEN_LIMIT_BYTES, &token, err)) {
        err->code = ERR_CONFIG;
        return error_wrap(err, "web identity token");
    }
    if (str_empty(str_trim(buf_str(&token))))
        return error_set(err, ERR_CONFIG, "web identity token file %s is empty", token_file);
    in = json_of("RoleArn", role_arn, "RoleSessionName", session_name, NULL);
    json_put_str(in, "WebIdentityToken", str_trim(buf_str(&token)));
    return provider_connect(o, &transport, err) &&
           sts_get_keys(shared, NULL, transport, "AssumeRoleWithWebIdentity", in, out, err);
}
