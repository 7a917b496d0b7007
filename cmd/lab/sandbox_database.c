#include "cmd/lab/sandbox_database.h"

#include "aws/common/log.h"

#include <sys/syscall.h>
#include <unistd.h>

static bool open_fd(struct kept_database *d, struct error *err)
{
    d->fd = (int)syscall(SYS_pidfd_open, mysql_server_pid(d->server), 0);
    return d->fd >= 0 || error_os(err, "watch mariadbd");
}

bool sandbox_database_start(struct kept_database *d, struct error *err)
{
    return mysql_server_start(&d->options, &d->server, err) && open_fd(d, err);
}

void sandbox_database_stop(struct kept_database *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    mysql_server_stop(d->server);
    d->server = NULL;
}

static void on_notify(void *arg)
{
    struct kept_database *d = arg;
    int fd = mysql_server_notify_fd(d->server);

    if (!mysql_server_ready(d->server))
        return;
    sandbox_unwatch(d->sandbox, fd);
    d->starting = false;
}

static bool begin(struct kept_database *d, struct error *err)
{
    d->starting = true;
    return mysql_server_begin(&d->options, &d->server, err) &&
           sandbox_watch(d->sandbox, mysql_server_notify_fd(d->server), on_notify, d, err) &&
           open_fd(d, err) && sandbox_database_watch(d, d->sandbox, err);
}

/* The other services go on meanwhile: whoever asks for the database is refused. */
static void on_end(void *arg)
{
    struct kept_database *d = arg;

    sandbox_unwatch(d->sandbox, d->fd);
    if (d->starting) /* it may have been ready for a moment that was not looked at yet */
        on_notify(d);
    if (d->starting) {
        error_set(d->failure, ERR_IO, "mariadbd had ended, and ended again before it was ready");
        sandbox_unwatch(d->sandbox, mysql_server_notify_fd(d->server));
        sandbox_stop(d->sandbox);
        return;
    }
    log_warn("mariadbd has ended; it is started again");
    sandbox_database_stop(d);
    if (!begin(d, d->failure))
        sandbox_stop(d->sandbox);
}

bool sandbox_database_watch(struct kept_database *d, struct sandbox *sandbox, struct error *err)
{
    d->sandbox = sandbox;
    return sandbox_watch(sandbox, d->fd, on_end, d, err);
}
