/* An environment for tests: "NAME=value" up to NULL. */
#ifndef TESTS_SUPPORT_VARIABLES_H
#define TESTS_SUPPORT_VARIABLES_H

#include "aws/config/config.h"

/** Borrows the list. */
struct environment variables_of(const char **list);

#endif
