/* The credentials endpoint of ECS tasks, EKS pods and CloudShell. Inside
 * aws/provider only. */
#ifndef AWS_PROVIDER_CONTAINER_H
#define AWS_PROVIDER_CONTAINER_H

#include "aws/provider/source.h"

struct container_uri {
    struct http_url url; /* scheme, host and port */
    char path[1024];     /* as given, begins with '/' */
    char query[1024];
    bool checked; /* http: url.host is an address that SECURITY rule 14 allows */
};

/** Facts 5.2; looks nothing up. *found false when neither variable is set. */
MUST_USE bool container_uri_choose(const struct aws_settings *s, struct container_uri *out, bool *found,
                                   struct error *err);

MUST_USE bool container_keys(const struct provider_options *o, struct aws_credentials *out, bool *found,
                             struct error *err);

#endif
