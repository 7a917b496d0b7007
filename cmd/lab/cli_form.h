/* A call in the words of the AWS CLI. */
#ifndef CMD_LAB_CLI_FORM_H
#define CMD_LAB_CLI_FORM_H

#include "aws/common/json.h"

/** "aws iam put-role-policy --role-name r …", to be typed into a shell. */
void cli_command(const char *service, const char *operation, const struct json *input, struct buf *out);
/** "DBClusterIdentifier" as "db-cluster-identifier". */
void cli_word(struct str name, char separator, struct buf *out);
/** As a word of the shell, in quotes where it needs them. */
void shell_word(struct str text, struct buf *out);

#endif
