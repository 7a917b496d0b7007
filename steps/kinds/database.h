/* How kinds get into the database: as the cluster's admin, or with a secret. */
#ifndef STEPS_KINDS_DATABASE_H
#define STEPS_KINDS_DATABASE_H

#include "steps/engine/kind.h"
#include "steps/mysql/rotation.h"

/** Opens a session with a parsed login; ERR_CONFIG when no CA is known. */
MUST_USE bool database_open(struct step_context *c, const struct mysql_login *login,
                            struct mysql_session **out, struct error *err);

/** The admin by `admin: {secret: NAME}` or `{user_env, password_env}`, at the
 * cluster's endpoint (host and port as JSON of a rds.cluster step). */
MUST_USE bool database_open_admin(struct step_context *c, const struct json *admin,
                                  const struct json *cluster, struct mysql_session **out, struct error *err);

#endif
