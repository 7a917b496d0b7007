#include "aws/auth/credentials.h"

#include <stdio.h>

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from)
{
    if (to == from)
        return;
    snprintf(to->access_key_id, sizeof to->access_key_id, "%s", from->access_key_id);
    secret_copy(&to->secret_access_key, &from->secret_access_key);
    secret_copy(&to->session_token, &from->session_token);
    snprintf(to->account_id, sizeof to->account_id, "%s", from->account_id);
    to->expires_at_s = from->expires_at_s;
    snprintf(to->provider, sizeof to->provider, "%s", from->provider);
}

void aws_credentials_release(struct aws_credentials *c)
{
    secret_release(&c->secret_access_key);
    secret_release(&c->session_token);
    *c = (struct aws_credentials){0};
}
