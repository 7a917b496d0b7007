#include "cmd/lab/sandbox_database.h"

#include "aws/common/log.h"

#include <sys/syscall.h>
#include <unistd.h>

bool sandbox_database_start(struct kept_database *d, struct error *err)
{
    if (!mysql_server_start(&d->options, &d->server, err))
        return false;
    d->fd = (int)syscall(SYS_pidfd_open, mysql_server_pid(d->server), 0);
    return d->fd >= 0 || error_os(err, "watch mariadbd");
}

static void end(struct kept_database *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    mysql_server_stop(d->server);
    d->server = NULL;
}

/* Nobody is answered while it starts: a second or so. */
static void on_end(void *arg)
{
    struct kept_database *d = arg;

    log_warn("mariadbd has ended; it is started again");
    sandbox_unwatch(d->sandbox, d->fd);
    end(d);
    if (sandbox_database_start(d, d->failure) && sandbox_database_watch(d, d->sandbox, d->failure))
        return;
    sandbox_stop(d->sandbox);
}

bool sandbox_database_watch(struct kept_database *d, struct sandbox *sandbox, struct error *err)
{
    d->sandbox = sandbox;
    return sandbox_watch(sandbox, d->fd, on_end, d, err);
}

void sandbox_database_stop(struct kept_database *d)
{
    end(d);
}
