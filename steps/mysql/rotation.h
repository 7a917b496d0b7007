/* What AWS's MySQL single-user rotation function does to the database, for the
 * sandbox's hosted function. Facts 8.3. */
#ifndef STEPS_MYSQL_ROTATION_H
#define STEPS_MYSQL_ROTATION_H

#include "aws/common/error.h"
#include "aws/common/secret.h"

/* The credentials part of a database secret, or of an option file. */
struct mysql_login {
    char host[256];
    char ca_file[1024]; /* of an option file; "": the run's */
    unsigned port;
    char user[81];
    struct secret password;
    char database[65];
};
void mysql_login_release(struct mysql_login *l);

/** Reads a secret's JSON ({"engine","host","username","password","port",…}).
 * ERR_SYNTAX naming the missing member. Host may be given as fallback (NULL:
 * required in the JSON), and then "engine" may be missing too: a cluster's own
 * admin secret may hold user and password alone (facts 12). Port as number or
 * text, 3306 when absent. TLS is used whatever "ssl" says. */
MUST_USE bool mysql_login_parse(struct str secret_string, const char *fallback_host, struct mysql_login *out,
                                struct error *err);

/** Logs in over TLS and runs SELECT NOW(). ERR_DENIED when refused. */
MUST_USE bool mysql_login_test(const struct mysql_login *l, const char *ca_file, struct error *err);

/** SET PASSWORD as the user itself, in the form the server's version takes. */
MUST_USE bool mysql_login_set_password(const struct mysql_login *l, const struct secret *new_password,
                                       const char *ca_file, struct error *err);

#endif
