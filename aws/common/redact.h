/* The one redactor (SECURITY rule 8). Knows the secrets that are alive and
 * blanks them in raw, base64, URL, JSON and XML escaped and hex form; blanks
 * Authorization, X-Amz-Security-Token, SecretString, SecretBinary and password
 * fields by name. Thread-safe. */
#ifndef AWS_COMMON_REDACT_H
#define AWS_COMMON_REDACT_H

#include "aws/common/buf.h"

/** Values shorter than 6 bytes are not registered. Counted: as many removes
 * as adds. */
void redact_add(struct str secret);
void redact_remove(struct str secret);

/** Appends text to out with every secret as "[redacted]". */
void redact(struct str text, struct buf *out);

/** The same for secrets that are alive alone: of a program's source, where a field by the
 * name of password holds a variable. */
void redact_values(struct str text, struct buf *out);

/** True for the name of a field that holds a secret, case ignored. */
bool redact_field(struct str name);

#endif
