/* How a call is written for the AWS CLI, and texts for a shell. A mark in a text
 * (steps/engine/explain.h) becomes a variable of the shell. */
#ifndef CMD_LAB_CLI_FORM_H
#define CMD_LAB_CLI_FORM_H

#include "aws/common/json.h"
#include "aws/model/model.h"

/** "CreateRole" in the CLI's words: "create-role"; separator '_' for Python's. */
void cli_word(struct str name, char separator, struct buf *out);

/** As one word of a shell, quoted where it has to be. */
void shell_word(struct str text, struct buf *out);
/** A mark's name as a variable: "db-user.password" is db_user_password. */
void mark_variable(struct str name, struct buf *out);

/** `aws SERVICE OPERATION --member value …`, a separator before each member. What the
 * model calls sensitive goes in by a file descriptor. */
void cli_command(const char *service, const char *operation, const struct json *input, const char *separator,
                 struct buf *out);
/** Whether a member that is given is sensitive. */
bool input_is_sensitive(const struct aws_operation *operation, const struct json *input);

#endif
