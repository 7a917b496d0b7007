#include "steps/mysql/trouble.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <stddef.h>

/* MySQL 8.0 Error Reference, server and client errors; MariaDB Error Codes. */
static const struct {
    int number;
    const char *meaning;
} troubles[] = {
    {CR_CONNECTION_ERROR, "nothing answers: it is starting, or not reachable from here"},
    {CR_CONN_HOST_ERROR, "nothing answers: it is starting, or not reachable from here"},
    {CR_SERVER_GONE_ERROR, "the connection broke"},
    {CR_SERVER_HANDSHAKE_ERR, "the connection broke"},
    {CR_SERVER_LOST, "the connection broke"},
    {CR_SERVER_LOST_EXTENDED, "the connection broke"},
    {ER_CON_COUNT_ERROR, "it has too many connections"},
    {ER_TOO_MANY_USER_CONNECTIONS, "this user has too many connections"},
    {ER_SERVER_SHUTDOWN, "it is shutting down"},
    {ER_NORMAL_SHUTDOWN, "it is shutting down"},
    {ER_LOCK_WAIT_TIMEOUT, "somebody else holds a lock"},
    {ER_LOCK_DEADLOCK, "a deadlock"},
    {ER_QUERY_INTERRUPTED, "somebody ended the statement"},
    {ER_CONNECTION_KILLED, "somebody ended the connection"},
    /* CREATE, DROP or ALTER USER of an account that came or went after it was looked
     * at: a statement of a connection that broke has landed late. */
    {ER_CANNOT_USER, "the account has changed meanwhile"},
};

const char *mysql_trouble(const struct error *err)
{
    if (err->code != ERR_UNREACHABLE && err->code != ERR_SQL && err->code != ERR_DENIED)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
        if (troubles[i].number == err->os_errno)
            return troubles[i].meaning;
    return NULL;
}
