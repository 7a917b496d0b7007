/* Secrets Manager: its table of operations, and what IAM is asked for each. */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/rotation.h"

#include <stdio.h>

/* Parameters that are condition keys of the same name. */
static const char *const request_keys[] = {
    "VersionStage", "VersionId", "RecoveryWindowInDays", "ForceDeleteWithoutRecovery",  "RotationLambdaARN",
    "Description",  "KmsKeyId",  "BlockPublicPolicy",    "ForceOverwriteReplicaSecret",
};

static void add_request_keys(const struct call *c, struct json *context)
{
    char key[128];

    for (size_t i = 0; i < ARRAY_LEN(request_keys); i++) {
        const struct json *value = json_get(c->in, request_keys[i]);

        if (!value)
            continue;
        (void)snprintf(key, sizeof(key), "secretsmanager:%s", request_keys[i]);
        json_put(context, key, json_copy(value));
    }
}

static void add_request_tags(const struct call *c, struct json *context)
{
    const struct json *tag, *keys = json_get(c->in, "TagKeys");
    struct json *names = keys ? json_copy(keys) : json_array();
    char key[300];

    for (tag = json_first(json_get(c->in, "Tags")); tag; tag = json_next(tag)) {
        (void)snprintf(key, sizeof(key), "aws:RequestTag/%s", json_get_text(tag, "Key"));
        json_put_text(context, key, json_get_text(tag, "Value"));
        json_push(names, json_text_new(json_get_text(tag, "Key")));
    }
    if (json_count(names) > 0)
        json_put(context, "aws:TagKeys", names);
    else
        json_free(names);
}

static void add_secret_keys(const struct json *secret, struct json *context)
{
    const struct json *tag, *function = json_get(secret, "RotationLambdaARN");
    char key[300];

    for (tag = json_first(json_get(secret, "Tags")); tag; tag = json_next(tag)) {
        (void)snprintf(key, sizeof(key), "aws:ResourceTag/%s", json_get_text(tag, "Key"));
        json_put_text(context, key, json_get_text(tag, "Value"));
        (void)snprintf(key, sizeof(key), "secretsmanager:ResourceTag/%s", json_get_text(tag, "Key"));
        json_put_text(context, key, json_get_text(tag, "Value"));
    }
    /* What the hosted function's own policy asks for (facts 2.9). */
    if (function)
        json_put(context, "secretsmanager:resource/AllowRotationLambdaArn", json_copy(function));
}

static void target_create(struct call *c)
{
    struct str name = json_str(json_get(c->in, "Name"));

    sandbox_arn(c->sandbox, c->resource, "secretsmanager", sandbox_region(c->sandbox), "secret:%.*s",
                STR_ARG(name));
    (void)snprintf(c->resource_shown, sizeof(c->resource_shown), "%.*s", STR_ARG(name));
    c->context = json_object();
    json_put_str(c->context, "secretsmanager:Name", name);
    add_request_keys(c, c->context);
    add_request_tags(c, c->context);
}

/* IAM sees the real ARN, a denial shows the id as it was sent (facts 7.4). */
static void target_secret(struct call *c)
{
    struct str id = json_str(json_get(c->in, "SecretId"));
    const struct json *secret = secret_find(c->world, id), *policy = json_get(secret, "ResourcePolicy");

    if (id.len == 0) /* ValidateResourcePolicy without a secret */
        (void)snprintf(c->resource, sizeof(c->resource), "*");
    else if (secret || str_starts(id, STR("arn:")))
        (void)snprintf(c->resource, sizeof(c->resource), "%.*s",
                       STR_ARG(secret ? json_str(json_get(secret, "ARN")) : id));
    else
        sandbox_arn(c->sandbox, c->resource, "secretsmanager", sandbox_region(c->sandbox), "secret:%.*s",
                    STR_ARG(id));
    (void)snprintf(c->resource_shown, sizeof(c->resource_shown), "%.*s", STR_ARG(id));
    c->context = json_object();
    json_put_text(c->context, "secretsmanager:SecretId", c->resource);
    add_request_keys(c, c->context);
    add_request_tags(c, c->context);
    add_secret_keys(secret, c->context);
    if (policy)
        c->resource_policy = json_text(policy);
}

/* Without a version, the current one is asked for, and policies may say so. */
static void target_get_value(struct call *c)
{
    target_secret(c);
    if (!json_get(c->in, "VersionId") && !json_get(c->in, "VersionStage"))
        json_put_text(c->context, "secretsmanager:VersionStage", STAGE_CURRENT);
}

/* A secret made with tags asks to tag it as well. */
static bool also_tag(struct call *c, const char **action, char resource[2100])
{
    if (json_count(json_get(c->in, "Tags")) == 0)
        return false;
    *action = "secretsmanager:TagResource";
    (void)snprintf(resource, sizeof(c->resource), "%s", c->resource);
    return true;
}

static const struct handler rows[] = {
    {"BatchGetSecretValue", secretsmanager_batch_get_value, NULL, NULL},
    {"CancelRotateSecret", rotation_cancel, target_secret, NULL},
    {"CreateSecret", secretsmanager_create, target_create, also_tag},
    {"DeleteResourcePolicy", secretsmanager_delete_policy, target_secret, NULL},
    {"DeleteSecret", secretsmanager_delete, target_secret, NULL},
    {"DescribeSecret", secretsmanager_describe, target_secret, NULL},
    {"GetRandomPassword", secretsmanager_random_password, NULL, NULL},
    {"GetResourcePolicy", secretsmanager_get_policy, target_secret, NULL},
    {"GetSecretValue", secretsmanager_get_value, target_get_value, NULL},
    {"ListSecretVersionIds", secretsmanager_list_versions, target_secret, NULL},
    {"ListSecrets", secretsmanager_list, NULL, NULL},
    {"PutResourcePolicy", secretsmanager_put_policy, target_secret, NULL},
    {"PutSecretValue", secretsmanager_put_value, target_secret, NULL},
    {"RestoreSecret", secretsmanager_restore, target_secret, NULL},
    {"RotateSecret", rotation_rotate, target_secret, rotation_also},
    {"TagResource", secretsmanager_tag, target_secret, NULL},
    {"UntagResource", secretsmanager_untag, target_secret, NULL},
    {"UpdateSecret", secretsmanager_update, target_secret, NULL},
    {"UpdateSecretVersionStage", secretsmanager_update_stage, target_secret, NULL},
    {"ValidateResourcePolicy", secretsmanager_validate_policy, target_secret, NULL},
};

const struct handler_table secretsmanager_handlers = {"secretsmanager", rows, ARRAY_LEN(rows)};
