/* The [client] group of a MySQL option file: who logs in, and where. Nothing else of it
 * is obeyed: no plugin, no ssl-mode, no initial command (SECURITY rule 12). */
#ifndef STEPS_MYSQL_OPTION_FILE_H
#define STEPS_MYSQL_OPTION_FILE_H

#include "steps/mysql/rotation.h"

/**
 * Reads user, password, host, port and ssl-ca; the last of a name wins, others are left
 * out. A path that begins with "~/" is in the home directory.
 *
 * out  host "" and port 0 when the file names none
 *
 * Errors: ERR_NO_INPUT when it cannot be read; ERR_CONFIG when it lacks user or
 * password, when others may read the password, or naming the line that is wrong. No
 * message holds a value.
 * Source: MySQL Reference Manual, "Using Option Files".
 */
MUST_USE bool mysql_option_file_read(const char *path, struct mysql_login *out, struct error *err);

/** The same of a file's text that is there already; path is what errors call it. */
MUST_USE bool mysql_option_file_parse(struct str text, const char *path, struct mysql_login *out,
                                      struct error *err);

#endif
