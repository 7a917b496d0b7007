/* The AWS managed policies that the sandbox's account can attach. Names, paths,
 * default versions and documents are AWS's own facts; the ARN follows from
 * them: "arn:aws:iam::aws:policy" + path + name. */
#ifndef AWS_SANDBOX_MANAGED_POLICIES_H
#define AWS_SANDBOX_MANAGED_POLICIES_H

#include <stddef.h>

struct managed_policy {
    const char *name;
    const char *path;     /* "/" or "/service-role/" */
    const char *document; /* compact JSON */
    const char *version;  /* DefaultVersionId: "v1" */
};

extern const struct managed_policy managed_policies[]; /* sorted by name */
extern const size_t managed_policy_count;

#endif
