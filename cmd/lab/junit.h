/* A run as a JUnit report: each step, each thing looked for and each question of the
 * doctor is a test case. */
#ifndef CMD_LAB_JUNIT_H
#define CMD_LAB_JUNIT_H

#include "aws/common/error.h"
#include "aws/common/json.h"

struct junit;

struct junit *junit_new(const char *command);
/** What is none of these events, and NULL, does nothing. */
void junit_event(struct junit *j, const struct json *event);
/** wall_ms: what the whole run took. */
MUST_USE bool junit_write(struct junit *j, const char *file, int64_t wall_ms, struct error *err);
void junit_free(struct junit *j);

#endif
