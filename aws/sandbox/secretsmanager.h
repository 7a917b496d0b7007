/* Secrets in the world: looking them up by name or ARN, and their versions and
 * staging labels (facts 8.1). For the files of Secrets Manager and for rotation;
 * runs in the loop only. */
#ifndef AWS_SANDBOX_SECRETSMANAGER_H
#define AWS_SANDBOX_SECRETSMANAGER_H

#include "aws/sandbox/call.h"

#define SECRET_KIND "secretsmanager.secret"
#define STAGE_CURRENT "AWSCURRENT"
#define STAGE_PREVIOUS "AWSPREVIOUS"
#define STAGE_PENDING "AWSPENDING"

/** By name, ARN, or ARN without its suffix. NULL when there is none. */
const struct json *secret_find(struct world *w, struct str id);

/** The secret of c->in's SecretId. NULL with AWS's error when it does not exist. */
const struct json *secret_get(struct call *c, struct error *err);
/** The same, to read its data: also refuses one marked for deletion. */
const struct json *secret_get_live(struct call *c, struct error *err);
/** The same, to change it. */
struct json *secret_edit_live(struct call *c, struct error *err);
/** By ARN; NULL when it is gone. */
struct json *secret_edit_arn(struct world *w, const char *arn);

/** Whether it may be read: refuses a secret marked for deletion or deleted. */
MUST_USE bool secret_check_live(const struct json *secret, struct error *err);

/** A Date member from milliseconds: epoch seconds with a fraction. */
void secret_put_date(struct json *secret, const char *member, int64_t ms);
/** A Date member in milliseconds; 0 when absent. */
int64_t secret_date_ms(const struct json *secret, const char *member);

/* --- versions --- */
const struct json *secret_version(const struct json *secret, const char *version_id);
bool version_has_stage(const struct json *version, const char *stage);
/** False for an id that rotation reserved before there was a value. */
bool version_has_value(const struct json *version);
/** Whether the version holds just this value; NULL stands for absent. */
bool version_has_this_value(const struct json *version, const struct json *text, const struct json *binary);
/** Id of the version with this label; NULL when none has it. Borrowed. */
const char *secret_stage_holder(const struct json *secret, const char *stage);
/** Adds an empty version without labels and drops old deprecated ones. */
struct json *secret_version_add(struct json *secret, const char *version_id, int64_t now_ms);
void version_set_value(struct json *version, const struct json *text, const struct json *binary);
/** Moves a label to a version, or takes it away when version_id is NULL. A
 * moved AWSCURRENT leaves AWSPREVIOUS on the version that had it. */
void secret_stage_move(struct json *secret, const char *stage, const char *version_id);
void secret_version_remove(struct json *secret, const char *version_id);

/* --- the key it is encrypted with (secretsmanager_key.c) --- */
/** Whether a KmsKeyId member stands for aws/secretsmanager, as an absent one does. */
bool secret_key_is_managed(const struct json *key);
/** Whether the caller may store a value under the key that a KmsKeyId member
 * names. AccessDeniedException, EncryptionFailure. */
MUST_USE bool secret_key_encrypt(struct call *c, const struct json *key, const struct json *secret,
                                 const char *version_id, struct error *err);
/** Whether the caller may read a version. AccessDeniedException, DecryptionFailure. */
MUST_USE bool secret_key_decrypt(struct call *c, const struct json *secret, const struct json *version,
                                 struct error *err);
/** A version with a new value is under the secret's key. */
void secret_key_seal(const struct call *c, const struct json *secret, struct json *version);
/** After the secret's key has changed: labelled versions as far as the caller may. */
void secret_key_reseal(struct call *c, struct json *secret);

/** {"ARN","Name"} of a secret, as most answers begin. */
struct json *secret_answer(const struct json *secret);
/** responseElements of the trail: arn, name and, when given, versionId. */
void secret_trail(struct call *c, const struct json *secret, const char *version_id);

/** The call's ClientRequestToken, or a new UUID: raw HTTP clients may leave it
 * out, SDKs never do. out is 65 bytes. */
MUST_USE bool secret_token(struct call *c, char out[65], struct error *err);

/** Refuses a token that stands for another version; returns false. */
bool secret_token_in_use(const struct json *secret, const char *token, struct error *err);

/* --- handlers, one file per subject --- */
bool secretsmanager_create(struct call *c, struct error *err);
bool secretsmanager_get_value(struct call *c, struct error *err);
bool secretsmanager_batch_get_value(struct call *c, struct error *err);
bool secretsmanager_put_value(struct call *c, struct error *err);
bool secretsmanager_update(struct call *c, struct error *err);
bool secretsmanager_update_stage(struct call *c, struct error *err);
bool secretsmanager_describe(struct call *c, struct error *err);
bool secretsmanager_list(struct call *c, struct error *err);
bool secretsmanager_list_versions(struct call *c, struct error *err);
bool secretsmanager_delete(struct call *c, struct error *err);
bool secretsmanager_restore(struct call *c, struct error *err);
bool secretsmanager_random_password(struct call *c, struct error *err);
bool secretsmanager_get_policy(struct call *c, struct error *err);
bool secretsmanager_put_policy(struct call *c, struct error *err);
bool secretsmanager_delete_policy(struct call *c, struct error *err);
bool secretsmanager_validate_policy(struct call *c, struct error *err);
bool secretsmanager_tag(struct call *c, struct error *err);
bool secretsmanager_untag(struct call *c, struct error *err);
/** Refuses reserved, double and too many tags, for create and tag. */
MUST_USE bool secret_check_tags(const struct json *tags, size_t others, struct error *err);

/** Whether a secret passes ListSecrets' filters; each filter has to hold. */
bool secret_matches(const struct json *secret, const struct json *filters);
/** Reads a page token ("" for the first page): the number of items before it. */
MUST_USE bool page_read(const struct json *in, const char *code, size_t *start, struct error *err);
void page_write(struct json *out, size_t next);

/** After a restart: timers of deletions are set again. */
void deletions_resume(struct sandbox *s);

#endif
