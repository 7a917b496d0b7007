/* Passwords that lab makes. */
#ifndef STEPS_KINDS_PASSWORD_H
#define STEPS_KINDS_PASSWORD_H

#include "aws/common/secret.h"
#include "aws/crypto/random.h"
#include "steps/engine/kind.h"

/** One that every password policy of MySQL takes: all four classes. */
void password_make(const struct random *random, struct secret *out);
/** As an item: AWS makes one, and neither a person nor a history sees it. lab itself
 * does not ask for it. Gives the mark STEP.OUTPUT, returned as text to be freed. */
char *password_explain(const struct step_context *c, struct json *items, const char *output);

#endif
