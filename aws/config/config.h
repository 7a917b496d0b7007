/* The AWS CLI's configuration: files, profile, region, endpoints, retry
 * settings. Reads files and the environment it is handed; asks no network. */
#ifndef AWS_CONFIG_CONFIG_H
#define AWS_CONFIG_CONFIG_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/http/uri.h"
#include "aws/model/model.h"

/* Environment as a thing that is passed in. */
struct environment {
    const char *(*get)(void *self, const char *name); /* NULL when not set */
    void *self;
};
extern const struct environment environment_process; /* getenv */

/* Facts 3.2. Zero is the default. */
enum aws_retry_mode {
    RETRY_STANDARD,
    RETRY_LEGACY,   /* its own list of failures, no budget, five attempts */
    RETRY_ADAPTIVE, /* standard, and after a throttle no faster than the service takes */
};

struct aws_settings_options {
    const char *profile;      /* --profile or NULL */
    const char *region;       /* --region or NULL */
    const char *endpoint_url; /* --endpoint-url or NULL */
    struct environment env;
};

struct aws_settings {
    char profile[256];
    bool profile_explicit; /* by --profile: the environment's keys are then skipped */
    char region[64];       /* "" when none was found */
    char *ca_bundle;       /* AWS_CA_BUNDLE, profile or REQUESTS_CA_BUNDLE; NULL */
    enum aws_retry_mode retry_mode;
    int max_attempts; /* 3 unless set; 5 in legacy mode */
    bool fips, dualstack;
    bool endpoint_given; /* by flag */
    bool ignore_configured_endpoints;
    char *endpoint_url;              /* flag, NULL when not given */
    struct json *files;              /* {"profiles":{NAME:{k:v}},"sso_sessions":…,"services":…} */
    struct json *shared_credentials; /* {NAME:{k:v}}: the credentials file alone; NULL: as empty */
    struct environment env;
};

/** ERR_CONFIG: unreadable or broken file, a named profile that does not exist,
 * a malformed region (letters, digits, '-'). */
MUST_USE bool aws_settings_load(const struct aws_settings_options *options, struct aws_settings *out,
                                struct error *err);
void aws_settings_release(struct aws_settings *s);

/** Facts 5.4. out as `probe config` prints it: profiles, sso_sessions,
 * services. Either text may be empty. */
MUST_USE bool aws_config_parse(struct str config, struct str credentials, struct json **out,
                               struct error *err);

/** A key of the chosen profile; NULL when absent. */
const char *aws_settings_get(const struct aws_settings *s, const char *key);

struct aws_endpoint {
    struct http_url url;
    char signing_region[64];
    char signing_name[64];
};

/** Facts 1.2 and 1.3. ERR_CONFIG naming the variable, profile or flag.
 * signing_region is "" when an endpoint is given but no region. */
MUST_USE bool aws_endpoint_resolve(const struct aws_settings *s, const struct aws_service *service,
                                   struct aws_endpoint *out, struct error *err);

/** Letters, digits and '-': a region becomes part of a host name. */
bool aws_region_well_formed(const char *region);
/** "aws", "aws-cn", "aws-us-gov", …; "aws" for an unknown region. */
const char *aws_partition(const char *region);

#endif
