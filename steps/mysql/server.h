/* A private mariadbd for the sandbox: from a template in the user's cache, in
 * a directory of its own, on a loopback address of its own, with TLS.
 * notes-libraries.md has the recipe. */
#ifndef STEPS_MYSQL_SERVER_H
#define STEPS_MYSQL_SERVER_H

#include "aws/common/error.h"
#include "aws/common/secret.h"

struct mysql_server_options {
    const char *directory;  /* exists, 0700; data goes to DIRECTORY/data */
    const char *address;    /* "127.3.4.5" */
    unsigned port;          /* 3306 */
    const char *admin_user; /* "admin", may do everything, from any host */
    const struct secret *admin_password;
    const char *database;            /* "mylab" */
    const char *chain_pem, *key_pem; /* file names */
    bool durable;                    /* data outlives a crash of the server */
    int ready_timeout_ms;            /* 0: 30000 */
};

struct mysql_server;

/** Starts and waits until READY=1 arrives on its notify socket. Must be called
 * from the main thread: the server dies with it. Runs as whoever calls, root
 * included. TCP on the address is the only way in: there is no Unix socket. In
 * the directory it makes data (kept if there already; the administrator then
 * gets the password given), tmp, files and mariadbd.log.
 * Errors: ERR_NO_INPUT when mariadbd is not installed (names the package),
 * ERR_IO when it ends early (say, the address is taken), ERR_TRY_AGAIN when it
 * is not ready in time; both with the last lines of its log. */
MUST_USE bool mysql_server_start(const struct mysql_server_options *options, struct mysql_server **out,
                                 struct error *err);
/** The same without the wait, for a thread that has others to serve: the server starts
 * while they are. It is there once mysql_server_ready says so, to be asked when the
 * notify descriptor is readable. Should it end before, it will not come. */
MUST_USE bool mysql_server_begin(const struct mysql_server_options *options, struct mysql_server **out,
                                 struct error *err);
int mysql_server_notify_fd(const struct mysql_server *s); /* closed once it is ready: -1 */
bool mysql_server_ready(struct mysql_server *s);
/** SIGTERM, then SIGKILL after 5 s; reaped. */
void mysql_server_stop(struct mysql_server *s);
int mysql_server_pid(const struct mysql_server *s);

/** Whether a loopback address is free at this port (bind test). */
bool mysql_server_address_free(const char *address, unsigned port);

#endif
