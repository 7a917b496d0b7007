/* Passwords that lab makes. */
#ifndef STEPS_KINDS_PASSWORD_H
#define STEPS_KINDS_PASSWORD_H

#include "aws/common/secret.h"
#include "aws/crypto/random.h"

/** One that every password policy of MySQL takes: all four classes. */
void password_make(const struct random *random, struct secret *out);

#endif
