/* The instance metadata service, version 2 only (SECURITY rule 14): facts
 * 10.3. Inside aws/provider only. */
#ifndef AWS_PROVIDER_IMDS_H
#define AWS_PROVIDER_IMDS_H

#include "aws/auth/credentials.h"
#include "aws/config/config.h"
#include "aws/http/transport.h"

/* One conversation: a connection and the token that opens it. */
struct imds {
    const struct aws_settings *settings;
    struct http_transport *transport; /* NULL until the first use */
    struct http_url url;
    struct secret token;
    int timeout_ms, attempts;
};

/** As imds_get of provider.h. imds is zeroed but for settings. */
MUST_USE bool imds_fetch(struct imds *imds, const char *path, struct buf *out, bool *found,
                         struct error *err);
void imds_release(struct imds *imds);

/** The role's keys. *found false when the instance has no role. */
MUST_USE bool imds_credentials(struct imds *imds, struct aws_credentials *out, bool *found,
                               struct error *err);

/** A variable that is set and not empty, else NULL. */
const char *provider_env(const struct aws_settings *s, const char *name);

#endif
