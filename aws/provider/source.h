/* What the sources of credentials share. Inside aws/provider only. */
#ifndef AWS_PROVIDER_SOURCE_H
#define AWS_PROVIDER_SOURCE_H

#include "aws/provider/provider.h"

/** libcurl, the machine's clock and randomness, the terminal. */
struct provider_options provider_options_of(const struct aws_settings *settings, struct clock clock);

/** A transport with the CA bundle and proxy of the settings. */
MUST_USE bool provider_connect(const struct provider_options *o, struct http_transport **out,
                               struct error *err);

/** A variable that is set and not blank, else NULL. */
const char *provider_env(const struct aws_settings *s, const char *name);

/** A key of a profile that is set and not empty, else NULL. */
const char *profile_get(const struct json *profile, const char *key);

/* Where a reply holds each part; token and account may be NULL. */
struct key_names {
    const char *id, *secret, *token, *account;
};

/** Takes keys out of a reply; provider and expiry are left to the caller.
 * ERR_CONFIG naming the member that is missing. */
MUST_USE bool keys_read(const struct json *reply, const struct key_names *names, struct aws_credentials *out,
                        struct error *err);
MUST_USE bool keys_set(struct aws_credentials *out, const char *id, const char *secret, const char *token,
                       struct error *err);

/** AssumeRole and AssumeRoleWithWebIdentity; base NULL for the latter, which is
 * not signed. transport is taken over. */
MUST_USE bool sts_get_keys(struct aws_shared *shared, struct credential_provider *base,
                           struct http_transport *transport, const char *operation, const struct json *in,
                           struct aws_credentials *out, struct error *err);

/** RoleArn and RoleSessionName of a web identity: the token is read anew. */
MUST_USE bool web_identity_keys(const struct provider_options *o, struct aws_shared *shared,
                                const char *token_file, const char *role_arn, const char *session_name,
                                struct aws_credentials *out, struct error *err);

/** The keys of an SSO profile, from the cached token. `name` is the profile's. */
MUST_USE bool sso_keys(const struct provider_options *o, const struct json *profile, const char *name,
                       struct aws_credentials *out, struct error *err);

/** What credential_process of a profile prints. */
MUST_USE bool process_keys(const char *command, struct aws_credentials *out, struct error *err);

/** Splits like a shell, but expands nothing: blanks, '…', "…" with \" and \\,
 * and \ before any other character. words is NULL-terminated and to be freed
 * with process_words_free. ERR_CONFIG for an open quote, ERR_LIMIT. */
MUST_USE bool process_split(struct str command, char ***words, struct error *err);
void process_words_free(char ***words);

/** Asks at /dev/tty. ERR_CONFIG when there is no terminal. */
MUST_USE bool prompt_mfa_code(const char *mfa_serial, int stop_fd, struct buf *code, struct error *err);

#endif
