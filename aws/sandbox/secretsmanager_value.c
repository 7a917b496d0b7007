/* Values: create, get, put, update and move labels (facts 8.1). */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/rotation.h"

#include <stdio.h>

#define DAY_S (24LL * 3600)
#define VALUE_MAX_BYTES 65536

/* A value as it came in. */
struct value {
    const struct json *text, *binary;
};

static bool value_given(const struct value *v)
{
    return v->text || v->binary;
}

static bool value_read(struct call *c, struct value *v, struct error *err)
{
    v->text = json_get(c->in, "SecretString");
    v->binary = json_get(c->in, "SecretBinary");
    if (v->text && v->binary)
        return error_aws(err, "InvalidParameterException",
                         "You can't specify both a binary secret value and a string secret value in the "
                         "same secret.");
    if (json_str(v->text).len > VALUE_MAX_BYTES || json_str(v->binary).len / 4 * 3 > VALUE_MAX_BYTES)
        return error_aws(err, "InvalidParameterException",
                         "The secret value must be between 0 and 65536 bytes long.");
    return true;
}

static bool name_is_valid(struct str name)
{
    static const char other[] = "/_+=.@-!";

    for (size_t i = 0; i < name.len; i++) {
        char ch = name.data[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');

        if (!plain && (ch == '\0' || !strchr(other, ch)))
            return false;
    }
    return name.len > 0 && name.len <= 512;
}

/* The name is taken: by a secret being deleted, by an earlier try of this very
 * call, or by another secret. */
static bool create_again(struct call *c, const struct json *secret, const char *token, const struct value *v,
                         struct error *err)
{
    const struct json *version = secret_version(secret, token);

    if (json_get(secret, "DeletedDate"))
        return error_aws(err, "InvalidRequestException",
                         "You can't create this secret because a secret with this name is already scheduled "
                         "for deletion.");
    bool replay = value_given(v) ? version && version_has_this_value(version, v->text, v->binary)
                                 : strcmp(json_get_text(secret, "create_token"), token) == 0;
    if (!replay)
        return refuse(err, "ResourceExistsException",
                      "The operation failed because the secret %s already exists.",
                      json_get_text(secret, "Name"));
    c->out = secret_answer(secret);
    if (value_given(v))
        json_put_text(c->out, "VersionId", token);
    return true;
}

static struct json *secret_new(struct call *c, struct str name)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct json *secret = json_object();
    char suffix[7], arn[2100];

    random_text(sandbox_random(c->sandbox), alphabet, suffix, 6);
    sandbox_arn(c->sandbox, arn, "secretsmanager", sandbox_region(c->sandbox), "secret:%.*s-%s",
                STR_ARG(name), suffix);
    json_put_text(secret, "ARN", arn);
    json_put_str(secret, "Name", name);
    json_put(secret, "versions", json_object());
    return secret;
}

/* The default key is not shown (facts 8.2). */
static void put_key(struct json *secret, const struct json *key)
{
    if (!key)
        return;
    if (secret_key_is_managed(key))
        json_remove(secret, "KmsKeyId");
    else
        json_put(secret, "KmsKeyId", json_copy(key));
}

static void add_version(const struct call *c, struct json *secret, const char *token,
                        const struct value *value)
{
    struct json *version = secret_version_add(secret, token, c->now_ms);

    version_set_value(version, value->text, value->binary);
    secret_key_seal(c, secret, version);
}

bool secretsmanager_create(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "Name"));
    const struct json *tags = json_get(c->in, "Tags");
    struct value value;
    char token[65];

    if (!name_is_valid(name))
        return error_aws(err, "InvalidParameterException",
                         "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
                         "the following: -/_+=.@!");
    if (!value_read(c, &value, err) || !secret_token(c, token, err) || !secret_check_tags(tags, 0, err))
        return false;
    if (json_count(json_get(c->in, "AddReplicaRegions")) > 0)
        return error_aws(err, "InvalidParameterException", "Replication is not available in this Region.");
    const struct json *existing = secret_find(c->world, name);
    if (existing)
        return create_again(c, existing, token, &value, err);

    struct json *secret = secret_new(c, name);
    if (!secret_key_encrypt(c, json_get(c->in, "KmsKeyId"), secret, token, err)) {
        json_free(secret);
        return false;
    }
    if (json_str(json_get(c->in, "Description")).len > 0)
        json_put(secret, "Description", json_copy(json_get(c->in, "Description")));
    put_key(secret, json_get(c->in, "KmsKeyId"));
    if (json_count(tags) > 0)
        json_put(secret, "Tags", json_copy(tags));
    secret_put_date(secret, "CreatedDate", c->now_ms);
    secret_put_date(secret, "LastChangedDate", c->now_ms);
    json_put_text(secret, "create_token", token);
    if (value_given(&value)) {
        add_version(c, secret, token, &value);
        secret_stage_move(secret, STAGE_CURRENT, token);
    }
    c->out = secret_answer(secret);
    if (value_given(&value))
        json_put_text(c->out, "VersionId", token);
    secret_trail(c, secret, value_given(&value) ? token : NULL);
    world_put(c->world, SECRET_KIND, json_get_text(c->out, "ARN"), secret);
    return true;
}

/* The version that VersionId and VersionStage name. */
static const struct json *version_asked(const struct json *secret, const struct json *in, struct error *err)
{
    const struct json *id = json_get(in, "VersionId"), *stage = json_get(in, "VersionStage");
    const char *label = stage ? json_text(stage) : STAGE_CURRENT;
    const char *holder = id ? json_text(id) : secret_stage_holder(secret, label);
    const struct json *version = holder ? secret_version(secret, holder) : NULL;

    if (version && id && stage && !version_has_stage(version, label)) {
        error_aws(err, "InvalidRequestException",
                  "You provided a VersionStage that is not associated to the provided VersionId.");
        return NULL;
    }
    if (version && version_has_value(version))
        return version;
    refuse(err, "ResourceNotFoundException",
           "Secrets Manager can't find the specified secret value for %s: %s",
           id ? "VersionId" : "staging label", id ? json_text(id) : label);
    return NULL;
}

/* Members of GetSecretValue's answer, which BatchGetSecretValue repeats. */
static struct json *value_answer(struct call *c, const struct json *secret, const struct json *version)
{
    struct json *out = secret_answer(secret);
    const struct json *text = json_get(version, "secret_string"),
                      *binary = json_get(version, "secret_binary");
    int64_t day_s = c->now_ms / 1000 / DAY_S * DAY_S;

    json_put_text(out, "VersionId", json_get_text(version, "VersionId"));
    if (text)
        json_put(out, "SecretString", json_copy(text));
    if (binary)
        json_put(out, "SecretBinary", json_copy(binary));
    json_put(out, "VersionStages", json_copy(json_get(version, "VersionStages")));
    json_put(out, "CreatedDate", json_copy(json_get(version, "CreatedDate")));
    /* Only the day is kept (facts 8.2). Reading it again is then no change. */
    if (json_int(json_get(secret, "LastAccessedDate"), 0) != day_s ||
        json_int(json_get(version, "LastAccessedDate"), 0) != day_s) {
        struct json *edit = secret_edit_arn(c->world, json_get_text(secret, "ARN"));
        struct json *versions = json_edit(edit, "versions");

        json_put_int(json_edit(versions, json_get_text(version, "VersionId")), "LastAccessedDate", day_s);
        json_put_int(edit, "LastAccessedDate", day_s);
    }
    return out;
}

bool secretsmanager_get_value(struct call *c, struct error *err)
{
    const struct json *secret = secret_get_live(c, err);
    const struct json *version = secret ? version_asked(secret, c->in, err) : NULL;

    if (!version || !secret_key_decrypt(c, secret, version, err))
        return false;
    c->out = value_answer(c, secret, version);
    return true;
}

/* Puts a value under a token: fills an id that rotation reserved, accepts the
 * same value again, refuses another. *done when nothing is left to do. */
static bool version_for_value(struct call *c, struct json *secret, const char *token,
                              const struct value *value, bool *done, struct error *err)
{
    const struct json *existing = secret_version(secret, token);

    *done = existing && version_has_value(existing);
    if (*done)
        return version_has_this_value(existing, value->text, value->binary) ||
               secret_token_in_use(secret, token, err);
    if (!secret_key_encrypt(c, json_get(secret, "KmsKeyId"), secret, token, err))
        return false;
    struct json *version = existing ? json_edit(json_edit(secret, "versions"), token)
                                    : secret_version_add(secret, token, c->now_ms);
    version_set_value(version, value->text, value->binary);
    secret_key_seal(c, secret, version);
    secret_put_date(secret, "LastChangedDate", c->now_ms);
    return true;
}

static void value_became_current(struct call *c, struct json *secret)
{
    const struct json *rules = json_get(secret, "RotationRules");

    /* A value put by hand counts as a rotation for a schedule in days (facts 8.2). */
    if (!json_get(rules, "ScheduleExpression") && !json_get(secret, "rotation"))
        rotation_reschedule(c->sandbox, secret, c->now_ms);
}

bool secretsmanager_put_value(struct call *c, struct error *err)
{
    const struct json *stages = json_get(c->in, "VersionStages"), *e;
    struct value value;
    char token[65];
    bool done;

    if (!value_read(c, &value, err) || !secret_token(c, token, err))
        return false;
    if (!value_given(&value))
        return error_aws(err, "InvalidRequestException",
                         "You must provide either SecretString or SecretBinary.");
    struct json *secret = secret_edit_live(c, err);
    if (!secret || !version_for_value(c, secret, token, &value, &done, err))
        return false;
    if (!done) {
        for (e = json_first(stages); e; e = json_next(e))
            secret_stage_move(secret, json_text(e), token);
        /* The first value of a secret is always the current one. */
        if (!stages || !secret_stage_holder(secret, STAGE_CURRENT))
            secret_stage_move(secret, STAGE_CURRENT, token);
        if (version_has_stage(secret_version(secret, token), STAGE_CURRENT))
            value_became_current(c, secret);
    }
    c->out = secret_answer(secret);
    json_put_text(c->out, "VersionId", token);
    json_put(c->out, "VersionStages", json_copy(json_get(secret_version(secret, token), "VersionStages")));
    secret_trail(c, secret, token);
    return true;
}

bool secretsmanager_update(struct call *c, struct error *err)
{
    const struct json *description = json_get(c->in, "Description"), *key = json_get(c->in, "KmsKeyId");
    struct value value;
    char token[65];

    if (!value_read(c, &value, err) || !secret_token(c, token, err))
        return false;
    struct json *secret = secret_edit_live(c, err);
    if (!secret)
        return false;
    /* Unlike PutSecretValue, the same token is refused even with the same
     * value (facts 8.1). */
    if (value_given(&value) && secret_version(secret, token))
        return secret_token_in_use(secret, token, err);
    if ((key || value_given(&value)) &&
        !secret_key_encrypt(c, key ? key : json_get(secret, "KmsKeyId"), secret, token, err))
        return false;
    if (json_str(description).len > 0)
        json_put(secret, "Description", json_copy(description));
    else if (description)
        json_remove(secret, "Description");
    put_key(secret, key);
    if (key)
        secret_key_reseal(c, secret);
    secret_put_date(secret, "LastChangedDate", c->now_ms);
    if (value_given(&value)) {
        add_version(c, secret, token, &value);
        secret_stage_move(secret, STAGE_CURRENT, token);
        value_became_current(c, secret);
    }
    c->out = secret_answer(secret);
    if (value_given(&value))
        json_put_text(c->out, "VersionId", token);
    secret_trail(c, secret, value_given(&value) ? token : NULL);
    return true;
}

static bool version_missing(const char *id, struct error *err)
{
    return refuse(err, "ResourceNotFoundException",
                  "Secrets Manager can't find the specified secret value for VersionId: %s", id);
}

static bool check_move(const struct json *secret, const char *stage, const struct json *from,
                       const struct json *to, struct error *err)
{
    const char *holder = secret_stage_holder(secret, stage);

    if (!from && !to)
        return error_aws(err, "InvalidParameterException",
                         "You must specify at least one of the parameters RemoveFromVersionId and "
                         "MoveToVersionId.");
    if (to && !secret_version(secret, json_text(to)))
        return version_missing(json_text(to), err);
    if (from && !secret_version(secret, json_text(from)))
        return version_missing(json_text(from), err);
    if (!to && strcmp(stage, STAGE_CURRENT) == 0)
        return error_aws(err, "InvalidParameterException",
                         "You can only move staging label AWSCURRENT to a different secret version. It can't "
                         "be completely removed.");
    if (to && holder && strcmp(holder, json_text(to)) == 0)
        return true;
    if (holder && !from)
        return refuse(
            err, "InvalidParameterException",
            "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached "
            "to version %s, so you must explicitly reference that version in RemoveFromVersionId.",
            stage, holder);
    if (from && (!holder || strcmp(holder, json_text(from)) != 0))
        return refuse(err, "InvalidParameterException",
                      "The staging label %s isn't currently attached to version %s.", stage, json_text(from));
    return true;
}

bool secretsmanager_update_stage(struct call *c, struct error *err)
{
    const struct json *from = json_get(c->in, "RemoveFromVersionId"),
                      *to = json_get(c->in, "MoveToVersionId");
    const char *stage = json_get_text(c->in, "VersionStage");
    struct json *secret = secret_edit_live(c, err);

    if (!secret || !check_move(secret, stage, from, to, err))
        return false;
    secret_stage_move(secret, stage, to ? json_text(to) : NULL);
    secret_put_date(secret, "LastChangedDate", c->now_ms);
    c->out = secret_answer(secret);
    secret_trail(c, secret, NULL);
    return true;
}
