/* IAM entities as other services name them: by name or by ARN. */
#include "aws/sandbox/call.h"

#include <stdio.h>

static const struct json *find(struct world *w, const char *kind, struct str name_or_arn)
{
    bool arn = str_starts(name_or_arn, STR("arn:"));
    struct str name = name_or_arn;
    char key[129];
    const struct json *entity;

    for (size_t at; arn && (at = str_find_char(name, '/')) < name.len;)
        name = str_slice(name, at + 1, name.len);
    if (name.len == 0 || name.len >= sizeof key)
        return NULL;
    (void)snprintf(key, sizeof key, "%.*s", STR_ARG(name));
    entity = world_get(w, kind, key);
    /* An ARN names the path too, and the account. */
    return !arn || str_equal(json_str(json_get(entity, "Arn")), name_or_arn) ? entity : NULL;
}

const struct json *iam_find_profile(struct world *w, struct str name_or_arn)
{
    return find(w, "iam.instance_profile", name_or_arn);
}

const struct json *iam_find_role(struct world *w, struct str name_or_arn)
{
    return find(w, "iam.role", name_or_arn);
}
