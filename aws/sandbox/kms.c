/* KMS: customer managed keys and their policies. There are no aliases. */
#include "aws/sandbox/kms.h"
#include "aws/sandbox/refuse.h"

#include "aws/policy/policy.h"

#include <stdio.h>

const struct json *key_find(struct world *w, struct str id_or_arn)
{
    const struct json *key;

    for (size_t i = 0; (key = world_at(w, KEY_KIND, i, NULL)); i++) {
        if (str_equal(json_str(json_get(key, "KeyId")), id_or_arn) ||
            str_equal(json_str(json_get(key, "Arn")), id_or_arn))
            return key;
    }
    return NULL;
}

static const struct json *key_get(struct call *c, struct error *err)
{
    const struct json *key = key_find(c->world, json_str(json_get(c->in, "KeyId")));
    CLEANUP(buf_release) struct buf text = {0};

    if (key)
        return key;
    buf_printf(&text, "Key '%s' does not exist", c->resource);
    error_aws(err, "NotFoundException", buf_text(&text));
    return NULL;
}

static struct json *key_edit(struct call *c, struct error *err)
{
    const struct json *key = key_get(c, err);

    return key ? world_edit(c->world, KEY_KIND, json_get_text(key, "KeyId")) : NULL;
}

/* Without a key of that id identity policies decide alone: authorisation comes
 * before existence. */
static void target_key(struct call *c)
{
    struct str id = json_str(json_get(c->in, "KeyId"));
    const struct json *key = key_find(c->world, id);

    if (key || str_starts(id, STR("arn:")))
        (void)snprintf(c->resource, sizeof(c->resource), "%.*s",
                       STR_ARG(key ? json_str(json_get(key, "Arn")) : id));
    else
        sandbox_arn(c->sandbox, c->resource, "kms", sandbox_region(c->sandbox), "key/%.*s", STR_ARG(id));
    if (key)
        c->resource_policy = json_get_text(key, "Policy");
}

/* --- policies --- */

/* What AWS gives a key that is made without one: the account's own IAM policies
 * decide. */
static void default_policy(const struct call *c, struct buf *out)
{
    buf_printf(out,
               "{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\",\"Statement\":[{"
               "\"Sid\":\"Enable IAM User Permissions\",\"Effect\":\"Allow\","
               "\"Principal\":{\"AWS\":\"arn:%s:iam::%s:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}",
               sandbox_partition(c->sandbox), sandbox_account(c->sandbox));
}

static bool check_policy(struct str document, struct error *err)
{
    struct policy *parsed = NULL;
    struct error why;

    if (!policy_parse(document, POLICY_RESOURCE, &parsed, &why))
        return refuse(err, "MalformedPolicyDocumentException", "%.*s", STR_ARG(error_text(&why)));
    policy_free(parsed);
    return true;
}

static bool get_policy(struct call *c, struct error *err)
{
    const struct json *key = key_get(c, err);

    if (!key)
        return false;
    c->out = json_of("Policy", json_get_text(key, "Policy"), "PolicyName", "default", NULL);
    return true;
}

static bool put_policy(struct call *c, struct error *err)
{
    struct str document = json_str(json_get(c->in, "Policy"));
    struct json *key = key_edit(c, err);

    if (!key || !check_policy(document, err))
        return false;
    json_put_str(key, "Policy", document);
    return true;
}

/* --- keys --- */

static struct json *metadata(const struct json *key)
{
    static const char *const kept_inside[] = {"Policy", "Tags"};
    struct json *out = json_copy(key);

    for (size_t i = 0; i < ARRAY_LEN(kept_inside); i++)
        json_remove(out, kept_inside[i]);
    return out;
}

static struct json *key_new(struct call *c)
{
    char id[37], arn[2100];
    struct json *key;

    random_uuid(sandbox_random(c->sandbox), id);
    sandbox_arn(c->sandbox, arn, "kms", sandbox_region(c->sandbox), "key/%s", id);
    key = json_of("KeyId", id, "Arn", arn, "AWSAccountId", sandbox_account(c->sandbox), "KeyUsage",
                  "ENCRYPT_DECRYPT", "KeyState", "Enabled", "Origin", "AWS_KMS", "KeyManager", "CUSTOMER",
                  "KeySpec", "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec", "SYMMETRIC_DEFAULT", "Description",
                  json_get_text(c->in, "Description"), NULL);
    json_put(key, "CreationDate", json_number((double)c->now_ms / 1000.0));
    json_put_bool(key, "Enabled", true);
    json_put_bool(key, "MultiRegion", false);
    json_push(json_put(key, "EncryptionAlgorithms", json_array()), json_text_new("SYMMETRIC_DEFAULT"));
    return key;
}

/* Secrets Manager takes no other kind of key. */
static bool check_kind(const struct call *c, struct error *err)
{
    static const struct {
        const char *member, *only;
    } rows[] = {
        {"KeyUsage", "ENCRYPT_DECRYPT"},
        {"KeySpec", "SYMMETRIC_DEFAULT"},
        {"CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"},
        {"Origin", "AWS_KMS"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *given = json_get_text(c->in, rows[i].member);

        if (*given && strcmp(given, rows[i].only) != 0)
            return refuse(err, "UnsupportedOperationException", "%s %s is not available in this Region.",
                          rows[i].member, given);
    }
    return true;
}

static bool create(struct call *c, struct error *err)
{
    CLEANUP(buf_release) struct buf policy = {0};

    if (!check_kind(c, err))
        return false;
    if (json_get(c->in, "Policy"))
        buf_add(&policy, json_str(json_get(c->in, "Policy")));
    else
        default_policy(c, &policy);
    if (!check_policy(buf_str(&policy), err))
        return false;
    struct json *key = key_new(c);
    json_put_str(key, "Policy", buf_str(&policy));
    if (json_get(c->in, "Tags"))
        json_put(key, "Tags", json_copy(json_get(c->in, "Tags")));
    c->out = json_object();
    json_put(c->out, "KeyMetadata", metadata(key));
    world_put(c->world, KEY_KIND, json_get_text(key, "KeyId"), key);
    return true;
}

static bool also_tag(struct call *c, const char **action, char resource[2100])
{
    if (json_count(json_get(c->in, "Tags")) == 0)
        return false;
    *action = "kms:TagResource";
    (void)snprintf(resource, sizeof(c->resource), "*");
    return true;
}

static bool describe(struct call *c, struct error *err)
{
    const struct json *key = key_get(c, err);

    if (!key)
        return false;
    c->out = json_object();
    json_put(c->out, "KeyMetadata", metadata(key));
    return true;
}

static bool set_enabled(struct call *c, bool enabled, struct error *err)
{
    struct json *key = key_edit(c, err);

    if (!key)
        return false;
    json_put_bool(key, "Enabled", enabled);
    json_put_text(key, "KeyState", enabled ? "Enabled" : "Disabled");
    return true;
}

static bool enable(struct call *c, struct error *err)
{
    return set_enabled(c, true, err);
}

static bool disable(struct call *c, struct error *err)
{
    return set_enabled(c, false, err);
}

static const struct handler rows[] = {
    {"CreateKey", create, NULL, also_tag},          {"DescribeKey", describe, target_key, NULL},
    {"DisableKey", disable, target_key, NULL},      {"EnableKey", enable, target_key, NULL},
    {"GetKeyPolicy", get_policy, target_key, NULL}, {"PutKeyPolicy", put_policy, target_key, NULL},
};

const struct handler_table kms_handlers = {"kms", rows, ARRAY_LEN(rows)};
