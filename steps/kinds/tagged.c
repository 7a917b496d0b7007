#include "steps/kinds/tagged.h"

#include "aws/common/mem.h"

#include <string.h>

/* Where things with tags are listed, and where their tags are read. */
struct source {
    const char *kind, *what;
    const char *service, *list, *items;
    const char *name, *id;            /* members of an element */
    const char *argument, *value;     /* of the list call: NULL none; value NULL: true */
    const char *tags_of, *tags_input; /* reads the tags of one; NULL: the element holds them */
    const char *tags_member;          /* the element's member that is asked with */
    const char *gone;                 /* the answer when one is gone since the list was read */
};

static const struct source sources[] = {
    {"iam.role", "role", "iam", "ListRoles", "Roles", "RoleName", "Arn", NULL, NULL, "ListRoleTags",
     "RoleName", "RoleName", "NoSuchEntity"},
    {"iam.policy", "policy", "iam", "ListPolicies", "Policies", "PolicyName", "Arn", "Scope", "Local",
     "ListPolicyTags", "PolicyArn", "Arn", "NoSuchEntity"},
    {"iam.instance_profile", "instance profile", "iam", "ListInstanceProfiles", "InstanceProfiles",
     "InstanceProfileName", "Arn", NULL, NULL, "ListInstanceProfileTags", "InstanceProfileName",
     "InstanceProfileName", "NoSuchEntity"},
    /* Planned deletions too: a tombstone can be restored. */
    {"secretsmanager.secret", "secret", "secretsmanager", "ListSecrets", "SecretList", "Name", "ARN",
     "IncludePlannedDeletion", NULL, NULL, NULL, NULL, ""},
    {"secretsmanager.rotation", "stack", "cloudformation", "DescribeStacks", "Stacks", "StackName", "StackId",
     NULL, NULL, NULL, NULL, NULL, ""},
    {"", "function", "lambda", "ListFunctions", "Functions", "FunctionName", "FunctionArn", NULL, NULL,
     "ListTags", "Resource", "FunctionArn", "ResourceNotFoundException"},
};

const char *tag_value(const struct json *tags, const char *key)
{
    if (json_is_object(tags))
        return json_get_text(tags, key);
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), key) == 0)
            return json_get_text(t, "Value");
    }
    return "";
}

/* AWS's own roles carry no tags of ours, and some may not be asked about. */
static bool of_aws(const struct json *element)
{
    struct str path = json_str(json_get(element, "Path"));
    return str_starts(path, STR("/aws-service-role/")) || str_starts(path, STR("/aws-reserved/"));
}

/* *tags owned: NULL when the thing is gone since. */
static bool read_tags(struct aws_client *client, const struct source *s, const struct json *element,
                      struct json **tags, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;

    *tags = NULL;
    if (!s->tags_of) {
        *tags = json_copy(json_get(element, "Tags"));
        return true;
    }
    json_put_text(in, s->tags_input, json_get_text(element, s->tags_member));
    if (!aws_call_all(client, s->service, s->tags_of, in, &out, err))
        return error_is(err, s->gone);
    *tags = json_detach(out, "Tags");
    return true;
}

static void add_found(const struct source *s, const struct json *element, const struct json *tags,
                      struct json *found)
{
    static const struct {
        const char *tag, *member;
    } ours[] = {{"lab:name", "lab"}, {"lab:run", "run"}, {"lab:step", "step"}, {"lab:learner", "learner"}};
    CLEANUP(json_freep)
    struct json *one = json_of("kind", s->kind, "what", s->what, "name", json_get_text(element, s->name),
                               "id", json_get_text(element, s->id), "state",
                               json_get(element, "DeletedDate") ? "scheduled" : "left", NULL);

    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (!*tag_value(tags, ours[i].tag))
            return;
        json_put_text(one, ours[i].member, tag_value(tags, ours[i].tag));
    }
    json_put_text(one, "original", tag_value(tags, "lab:original"));
    json_put_text(one, "parent", json_get_text(element, "ParentId"));
    if (*json_get_text(element, "ParentId"))
        json_put_text(one, "what", "nested stack");
    json_push(found, one);
    one = NULL;
}

static bool find_in(struct aws_client *client, const struct source *s, struct json *found, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;

    if (s->argument)
        json_put(in, s->argument, s->value ? json_text_new(s->value) : json_boolean(true));
    if (!aws_call_all(client, s->service, s->list, in, &out, err))
        return false;
    const struct json *list = json_get(out, s->items);
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        CLEANUP(json_freep) struct json *tags = NULL;
        if (of_aws(e))
            continue;
        if (!read_tags(client, s, e, &tags, err))
            return false;
        add_found(s, e, tags, found);
    }
    return true;
}

bool tagged_find(struct aws_client *client, struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *found = json_array();

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (!find_in(client, &sources[i], found, err))
            return error_wrap(err, "look for our tags");
    }
    *out = found;
    found = NULL;
    return true;
}
