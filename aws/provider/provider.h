/* Where credentials come from: the chain of facts 5.1, and single providers.
 * All are thread-safe, cache what they got and refresh before expiry: tried
 * from 15 minutes before it, insisted on from 10 minutes before it. Settings
 * and shared are borrowed and outlive the provider. */
#ifndef AWS_PROVIDER_PROVIDER_H
#define AWS_PROVIDER_PROVIDER_H

#include "aws/auth/credentials.h"
#include "aws/client/client.h"
#include "aws/config/config.h"

/* What a test, or somebody with another way to ask, puts in. */
struct provider_options {
    const struct aws_settings *settings; /* borrowed, outlives the provider */
    struct clock clock;
    struct random random;
    int stop_fd; /* readable: give up waiting; -1 none */
    /* Makes each transport; NULL: libcurl. */
    bool (*connect)(void *self, const struct http_curl_options *options, struct http_transport **out,
                    struct error *err);
    void *connect_self;
    /* Asks for the code of an MFA device; NULL: on the terminal, and ERR_CONFIG
     * without one. */
    bool (*ask_code)(void *self, const char *mfa_serial, struct buf *code, struct error *err);
    void *ask_self;
};

/** The whole chain: environment, profile (role chains, web identity, SSO, keys,
 * process), container, IMDSv2. The first source that is set up has to give
 * keys: it is never passed over, since the next would be another identity.
 * ERR_CONFIG naming what was tried when nothing is set up. */
struct credential_provider *provider_chain_new(const struct aws_settings *settings, struct clock clock);
struct credential_provider *provider_chain_new_with(const struct provider_options *options);

/** Only the instance's role: IMDSv2 at AWS_EC2_METADATA_SERVICE_ENDPOINT.
 * ERR_CONFIG when the instance has no role, ERR_UNREACHABLE without IMDS. */
struct credential_provider *provider_imds_new(const struct aws_settings *settings, struct clock clock);

/** Fixed ones; copied. */
struct credential_provider *provider_static_new(const struct aws_credentials *creds);

/** sts:AssumeRole through `base` (borrowed), which must outlive it. */
struct credential_provider *provider_assume_role_new(struct credential_provider *base,
                                                     struct aws_shared *shared, const char *role_arn,
                                                     const char *session_name);

void credential_provider_free(struct credential_provider *p);
void credential_provider_freep(struct credential_provider **p);

/** A metadata path, "/latest/meta-data/placement/region", as text.
 * ERR_UNREACHABLE when there is no metadata service (or
 * AWS_EC2_METADATA_DISABLED is true), ERR_CONFIG for a wrong endpoint or mode.
 * *found false on 404. */
MUST_USE bool imds_get(const struct aws_settings *settings, const char *path, struct buf *out, bool *found,
                       struct error *err);

#endif
