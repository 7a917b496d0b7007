/* The KMS key of a secret. Secrets Manager uses a customer's key in its caller's
 * name, so the caller needs kms:GenerateDataKey and kms:Decrypt on it to store
 * a value, kms:Decrypt to read one. The managed key asks for nothing.
 *
 * A version keeps the key it is encrypted under (KmsKeyId, an ARN): changing
 * the secret's key leaves behind what the caller may not encrypt anew. */
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/kms.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/secretsmanager.h"

#include <stdio.h>

#define MANAGED_ALIAS "alias/aws/secretsmanager"
#define DENIED "AccessDeniedException", "Access to KMS is not allowed"

bool secret_key_is_managed(const struct json *key)
{
    return json_str(key).len == 0 || str_is(json_str(key), MANAGED_ALIAS);
}

static void key_arn(const struct call *c, struct str id, char out[2100])
{
    const struct json *key = key_find(c->world, id);

    if (key || str_starts(id, STR("arn:")))
        (void)snprintf(out, 2100, "%.*s", STR_ARG(key ? json_str(json_get(key, "Arn")) : id));
    else
        sandbox_arn(c->sandbox, out, "kms", sandbox_region(c->sandbox), "%s%.*s",
                    str_starts(id, STR("alias/")) ? "" : "key/", STR_ARG(id));
}

/* The condition keys of a request that a service makes for its caller. */
static struct json *context_of(const struct call *c, const char *secret_arn, const char *version_id)
{
    static const char *const context_keys[] = {"SecretARN", "SecretVersionId"};
    struct json *context = json_of("kms:CallerAccount", sandbox_account(c->sandbox), "aws:ViaAWSService",
                                   "true", "kms:EncryptionContext:SecretARN", secret_arn,
                                   "kms:EncryptionContext:SecretVersionId", version_id, NULL);
    struct json *keys = json_put(context, "kms:EncryptionContextKeys", json_array());
    struct json *chain = json_put(context, "aws:CalledVia", json_array());
    CLEANUP(buf_release) struct buf service = {0};

    for (size_t i = 0; i < ARRAY_LEN(context_keys); i++)
        json_push(keys, json_text_new(context_keys[i]));
    json_push(chain, json_text_new("secretsmanager.amazonaws.com"));
    buf_printf(&service, "secretsmanager.%s.amazonaws.com", sandbox_region(c->sandbox));
    json_put_str(context, "kms:ViaService", buf_str(&service));
    return context;
}

/* Whether the caller may do this with the key, by key policy and IAM. */
static bool key_allows(struct call *c, const char *action, const char *arn, const char *secret_arn,
                       const char *version_id)
{
    const struct aws_service *kms = model_service("kms");
    const struct aws_operation op = {.service = kms, .name = action, .action = action, .resource = "*"};
    const struct handler row = {.operation = action};
    const struct json *key = key_find(c->world, str_of(arn));
    struct call asked = {.sandbox = c->sandbox,
                         .world = c->world,
                         .service = kms,
                         .op = &op,
                         .principal = c->principal,
                         .now_ms = c->now_ms,
                         .context = context_of(c, secret_arn, version_id),
                         .resource_policy = key ? json_get_text(key, "Policy") : NULL};
    struct error why;

    (void)snprintf(asked.resource, sizeof(asked.resource), "%s", arn);
    bool allowed = authorize_call(&asked, &row, &why);
    json_free(asked.context);
    return allowed;
}

/* KMS's own refusal as Secrets Manager hands it on. */
static bool unusable(const struct call *c, const char *arn, bool encrypt, struct error *err)
{
    const struct json *key = key_find(c->world, str_of(arn));
    bool alias = strstr(arn, ":alias/") != NULL;

    return refuse(
        err, encrypt ? "EncryptionFailure" : "DecryptionFailure",
        "Secrets Manager can't %s the secret value: %s%s%s (Service: AWSKMS; Status Code: 400; Error "
        "Code: %s; Request ID: %s)",
        encrypt ? "encrypt" : "decrypt",
        key     ? ""
        : alias ? "Alias "
                : "Key '",
        arn,
        key     ? " is disabled."
        : alias ? " is not found."
                : "' does not exist",
        key ? "DisabledException" : "NotFoundException", c->request_id);
}

static bool key_usable(const struct call *c, const char *arn, bool encrypt, struct error *err)
{
    return json_bool(json_get(key_find(c->world, str_of(arn)), "Enabled"), false) ||
           unusable(c, arn, encrypt, err);
}

bool secret_key_encrypt(struct call *c, const struct json *key, const struct json *secret,
                        const char *version_id, struct error *err)
{
    const char *secret_arn = json_get_text(secret, "ARN");
    char arn[2100];

    if (secret_key_is_managed(key))
        return true;
    key_arn(c, json_str(key), arn);
    if (!key_allows(c, "kms:GenerateDataKey", arn, secret_arn, version_id) ||
        !key_allows(c, "kms:Decrypt", arn, secret_arn, version_id))
        return error_aws(err, DENIED);
    return key_usable(c, arn, true, err);
}

bool secret_key_decrypt(struct call *c, const struct json *secret, const struct json *version,
                        struct error *err)
{
    const char *arn = json_get_text(version, "KmsKeyId");

    if (!*arn)
        return true;
    if (!key_allows(c, "kms:Decrypt", arn, json_get_text(secret, "ARN"), json_get_text(version, "VersionId")))
        return error_aws(err, DENIED);
    return key_usable(c, arn, false, err);
}

void secret_key_seal(const struct call *c, const struct json *secret, struct json *version)
{
    const struct json *key = json_get(secret, "KmsKeyId");
    char arn[2100];

    json_remove(version, "KmsKeyId");
    if (secret_key_is_managed(key))
        return;
    key_arn(c, json_str(key), arn);
    json_put_text(version, "KmsKeyId", arn);
}

/* Needs kms:Decrypt by the old key and kms:Encrypt by the new one; without them
 * the version stays as it is. */
static void reseal(struct call *c, const struct json *secret, struct json *version)
{
    const struct json *key = json_get(secret, "KmsKeyId");
    struct error ignored;
    char arn[2100];

    if (!version_has_value(version) || !secret_key_decrypt(c, secret, version, &ignored))
        return;
    key_arn(c, json_str(key), arn);
    if (secret_key_is_managed(key) ||
        key_allows(c, "kms:Encrypt", arn, json_get_text(secret, "ARN"), json_get_text(version, "VersionId")))
        secret_key_seal(c, secret, version);
}

void secret_key_reseal(struct call *c, struct json *secret)
{
    struct json *versions = json_edit(secret, "versions");

    for (const struct json *v = json_first(versions); v; v = json_next(v)) {
        if (json_count(json_get(v, "VersionStages")) > 0)
            reseal(c, secret, json_edit(versions, json_key(v)));
    }
}
