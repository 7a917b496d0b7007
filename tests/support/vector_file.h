/* A published vector file. */
#ifndef TESTS_SUPPORT_VECTOR_FILE_H
#define TESTS_SUPPORT_VECTOR_FILE_H

#include "aws/common/json.h"

/** Owned. Skips the running test where the file is not there, fails it where it
 * cannot be parsed. */
struct json *vector_file(const char *path);

#endif
