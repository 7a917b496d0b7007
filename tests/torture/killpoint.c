/* Kills the program it is preloaded into at a chosen point: built for the torture
 * harness alone (tests/torture/run), so that it is the released lab that dies.
 *
 * Points are counted from 1 in the order they are met. Each HTTP call and each
 * SQL statement has three: `before` it is sent, `effect` (the other side has
 * answered, nothing of the answer was read) and `after` (answered, and nothing
 * written down yet). Each commit of the state store has `before` and `after`.
 *
 *   KILLPOINT=N         SIGKILL at point N; 0 or unset: only count
 *   KILLPOINT_LOG=FILE  one line a point, "N KIND WHEN WHAT", before it may kill
 *   KILLPOINT_SPEED=K   the program's own waits take 1/K of the time */
#include <curl/curl.h>
#include <mariadb/mysql.h>
#include <sqlite3.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROGRAM_BYTES = 64 << 20 };

static struct {
    long target, speed;
    int log_fd;
    uintptr_t program; /* somewhere near the start of the program's own code */
    atomic_long met;
    CURLcode (*curl_easy_perform)(CURL *);
    ssize_t (*recv)(int, void *, size_t, int);
    int (*mysql_real_query)(MYSQL *, const char *, unsigned long);
    int (*mysql_send_query)(MYSQL *, const char *, unsigned long);
    my_socket (*mysql_get_socket)(MYSQL *);
    int (*sqlite3_exec)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    int (*poll)(struct pollfd *, nfds_t, int);
} k;

/* A call of libcurl is under way on this thread and has no reply yet. */
static _Thread_local bool awaiting;

/* dlsym gives an object pointer; this is how POSIX wants it made a function's. */
#define FIND(name) (*(void **)&k.name = dlsym(RTLD_NEXT, #name))

static long number(const char *name)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("KILLPOINT_LOG");

    k.target = number("KILLPOINT");
    k.speed = number("KILLPOINT_SPEED");
    k.log_fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    k.program = getauxval(AT_PHDR);
    FIND(curl_easy_perform);
    FIND(recv);
    FIND(mysql_real_query);
    FIND(mysql_send_query);
    FIND(mysql_get_socket);
    FIND(sqlite3_exec);
    FIND(poll);
}

/* Says whether this is the point to die at. */
static bool meet(const char *kind, const char *when, const char *what)
{
    long n = atomic_fetch_add(&k.met, 1) + 1;

    /* Without what follows the second word: a statement may hold a password. */
    if (k.log_fd >= 0) {
        const char *space = strchr(what, ' ');
        size_t len = space ? strcspn(space + 1, " (") + (size_t)(space + 1 - what) : strlen(what);

        dprintf(k.log_fd, "%ld %s %s %.*s\n", n, kind, when, (int)len, what);
    }
    return n == k.target;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void point(const char *kind, const char *when, const char *what)
{
    if (meet(kind, when, what))
        die();
}

CURLcode curl_easy_perform(CURL *easy)
{
    CURLcode result;

    point("http", "before", "");
    awaiting = true;
    result = k.curl_easy_perform(easy);
    awaiting = false;
    point("http", "after", "");
    return result;
}

/* libcurl's first look for bytes may come before there are any. */
ssize_t recv(int fd, void *to, size_t len, int flags)
{
    ssize_t got = k.recv(fd, to, len, flags);

    if (awaiting && got > 0) {
        awaiting = false;
        point("http", "effect", "");
    }
    return got;
}

/* The effect without its reply: sent, and waited for until there is an answer
 * to read. Over TLS the answer is what makes the socket readable. */
static void send_and_die(MYSQL *m, const char *sql, unsigned long len)
{
    struct pollfd answer = {.events = POLLIN};

    if (k.mysql_send_query(m, sql, len) == 0) {
        answer.fd = (int)k.mysql_get_socket(m);
        k.poll(&answer, 1, 10000);
    }
    die();
}

int mysql_real_query(MYSQL *m, const char *sql, unsigned long len)
{
    int result;

    point("sql", "before", sql);
    if (meet("sql", "effect", sql))
        send_and_die(m, sql, len);
    result = k.mysql_real_query(m, sql, len);
    point("sql", "after", sql);
    return result;
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *self,
                 char **message)
{
    bool commit = strcmp(sql, "COMMIT") == 0;
    int result;

    if (commit)
        point("store", "before", sql);
    result = k.sqlite3_exec(db, sql, each, self, message);
    if (commit)
        point("store", "after", sql);
    return result;
}

/* Only lab's own waits: the libraries' are limits, and shorter ones would be
 * failures. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);

    if (k.speed > 1 && timeout_ms > 0 && caller - k.program < PROGRAM_BYTES)
        timeout_ms = timeout_ms / (int)k.speed + 1;
    return k.poll(fds, count, timeout_ms);
}
