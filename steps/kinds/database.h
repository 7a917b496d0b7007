/* How kinds get into the database: as the cluster's admin, or with a secret. */
#ifndef STEPS_KINDS_DATABASE_H
#define STEPS_KINDS_DATABASE_H

#include "steps/engine/kind.h"
#include "steps/mysql/rotation.h"

/** Opens a session with a parsed login; ERR_CONFIG when no CA is known. An option
 * file's own is taken before the run's. */
MUST_USE bool database_open(struct step_context *c, const struct mysql_login *login,
                            struct mysql_session **out, struct error *err);

/** The admin's login where it is no secret: `{user_env, password_env}` or
 * `{option_file}`, at the cluster's endpoint unless the file names another. */
MUST_USE bool database_read_admin(const struct json *admin, const struct json *cluster,
                                  struct mysql_login *login, struct error *err);

/** The admin by `admin: {secret: NAME}` or as above, at the cluster's endpoint (host
 * and port as JSON of a rds.cluster step). */
MUST_USE bool database_open_admin(struct step_context *c, const struct json *admin,
                                  const struct json *cluster, struct mysql_session **out, struct error *err);

/** The same as items: how the admin's name and password are found. Returns the login to
 * run statements with. */
struct json *database_explain_admin(const struct step_context *c, const struct json *admin,
                                    const struct json *cluster, struct json *items);

/** What the table of an access test says of itself: whose test it is. As a quoted
 * text for COMMENT or a comparison with TABLE_COMMENT. */
MUST_USE bool database_test_comment(const char *user, bool no_backslash_escapes, struct buf *out,
                                    struct error *err);
#define DATABASE_TEST_TABLE "lab_access_test_"

#endif
