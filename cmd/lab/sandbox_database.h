/* The sandbox's MariaDB, started again when it ends by itself: whoever shuts it down,
 * as a test or a learner may, finds it back with its data, as a managed one. */
#ifndef CMD_LAB_SANDBOX_DATABASE_H
#define CMD_LAB_SANDBOX_DATABASE_H

#include "aws/sandbox/sandbox.h"
#include "steps/mysql/server.h"

struct kept_database {
    struct mysql_server_options options; /* what it points to lives as long */
    struct mysql_server *server;
    struct sandbox *sandbox;
    int fd;                /* readable when the server has ended; -1 */
    bool starting;         /* again, and not ready yet */
    struct error *failure; /* why it did not come back: the sandbox has stopped then */
};

/** options and failure are set; fd is -1. */
MUST_USE bool sandbox_database_start(struct kept_database *d, struct error *err);
/** From here on it is started again. On the main thread, whose child it is. */
MUST_USE bool sandbox_database_watch(struct kept_database *d, struct sandbox *sandbox, struct error *err);
void sandbox_database_stop(struct kept_database *d);

#endif
