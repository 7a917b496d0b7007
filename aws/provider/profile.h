/* What a profile leads to: the roles to assume and what they start from. Reads
 * settings alone. Inside aws/provider only. */
#ifndef AWS_PROVIDER_PROFILE_H
#define AWS_PROVIDER_PROFILE_H

#include "aws/config/config.h"

#define PROFILE_LINKS_MAX 16

enum profile_link_kind {
    PROFILE_KEYS,         /* aws_access_key_id, … */
    PROFILE_SOURCE,       /* credential_source */
    PROFILE_WEB_IDENTITY, /* web_identity_token_file, role_arn */
    PROFILE_SSO,
    PROFILE_PROCESS, /* credential_process */
    PROFILE_ROLE,    /* role_arn, with the keys of the link before */
};

struct profile_link {
    enum profile_link_kind kind;
    const char *name; /* of the profile; both borrowed from the settings */
    const struct json *profile;
};

/* In the order of doing: the first gives keys, the others are PROFILE_ROLE. */
struct profile_chain {
    struct profile_link links[PROFILE_LINKS_MAX];
    size_t count; /* 0: the profile says nothing of credentials */
};

/** Facts 5.1 and 5.2. ERR_CONFIG for half a set-up, a loop or a profile that is
 * named and missing. */
MUST_USE bool profile_resolve(const struct aws_settings *settings, struct profile_chain *out,
                              struct error *err);

#endif
