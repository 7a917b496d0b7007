/* KMS keys in the world, as far as Secrets Manager needs them: made, looked at,
 * switched on and off, with a key policy. They encrypt nothing here; who may
 * use them is judged as AWS does (secretsmanager_key.c). Loop only. */
#ifndef AWS_SANDBOX_KMS_H
#define AWS_SANDBOX_KMS_H

#include "aws/sandbox/call.h"

#define KEY_KIND "kms.key"

/** By key id or key ARN. NULL when there is none. */
const struct json *key_find(struct world *w, struct str id_or_arn);

#endif
