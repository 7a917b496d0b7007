/* The instance metadata service, version 2 only (SECURITY rule 14): facts
 * 10.3. Inside aws/provider only. */
#ifndef AWS_PROVIDER_IMDS_H
#define AWS_PROVIDER_IMDS_H

#include "aws/provider/source.h"

/* One conversation: a connection and the token that opens it. */
struct imds {
    struct provider_options options;
    struct http_transport *transport; /* NULL until the first use */
    struct http_url url;
    struct secret token;
    int timeout_ms, attempts;
};

/** As imds_get of provider.h. imds is zeroed but for options. */
MUST_USE bool imds_fetch(struct imds *imds, const char *path, struct buf *out, bool *found,
                         struct error *err);
void imds_release(struct imds *imds);

/** The role's keys. *found false when the instance has no role. */
MUST_USE bool imds_credentials(struct imds *imds, struct aws_credentials *out, bool *found,
                               struct error *err);

/** Where the service is, from environment and profile. ERR_CONFIG. */
MUST_USE bool imds_url(const struct aws_settings *s, struct http_url *out, struct error *err);

#endif
