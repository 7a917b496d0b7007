/* Gives the program it is preloaded into trouble with its database: built for the
 * storm alone (tests/storm/run), so that it is the released lab that meets it, and
 * a real MariaDB that makes it.
 *
 * Each connection and each statement meets its fate by the seed and by how many of
 * its sort (CREATE USER, SHOW GRANTS, …) came before, whatever the threads do.
 *
 *   STORM_SEED=N        what is drawn; 0 or unset: no trouble
 *   STORM_SHARE=N       of 1000 connections or statements, how many meet trouble
 *   STORM_TROUBLE=FILE  program that makes trouble in the server, "FILE lock|long-lock|full|restart";
 *                       it ends when the trouble is there
 *   STORM_LOG=FILE      one line each, "SORT NUMBER TROUBLE" */
#include <mariadb/mysql.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum trouble { NONE, DROP_BEFORE, DROP_AFTER, LOCK, FULL, RESTART_BEFORE, RESTART_AFTER };

/* How often each, of 100. A restart takes a second, the others next to nothing. */
static const struct {
    enum trouble trouble;
    const char *name, *argument;
    unsigned connect, statement;
} troubles[] = {
    {DROP_BEFORE, "drop-before", NULL, 0, 25},
    {DROP_AFTER, "drop-after", NULL, 45, 35},
    {LOCK, "lock", "lock", 0, 15},
    {LOCK, "long-lock", "long-lock", 0, 5},
    {FULL, "full", "full", 40, 0},
    {RESTART_BEFORE, "restart-before", "restart", 15, 10},
    {RESTART_AFTER, "restart-after", "restart", 0, 10},
};

enum { SORTS = 64, SORT_BYTES = 40, ANSWER_MS = 10000 };

static struct {
    uint64_t seed, share;
    const char *program;
    int log_fd;
    pthread_mutex_t mutex;
    struct {
        char name[SORT_BYTES];
        uint64_t count;
    } sorts[SORTS];
    MYSQL *(*mysql_real_connect)(MYSQL *, const char *, const char *, const char *, const char *, unsigned,
                                 const char *, unsigned long);
    int (*mysql_real_query)(MYSQL *, const char *, unsigned long);
    int (*mysql_send_query)(MYSQL *, const char *, unsigned long);
    my_bool (*mysql_read_query_result)(MYSQL *);
    my_socket (*mysql_get_socket)(MYSQL *);
} k = {.mutex = PTHREAD_MUTEX_INITIALIZER};

#define FIND(name) (*(void **)&k.name = dlsym(RTLD_NEXT, #name))

static uint64_t number(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("STORM_LOG");

    k.seed = number("STORM_SEED");
    k.share = number("STORM_SHARE");
    k.program = getenv("STORM_TROUBLE");
    k.log_fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    FIND(mysql_real_connect);
    FIND(mysql_real_query);
    FIND(mysql_send_query);
    FIND(mysql_read_query_result);
    FIND(mysql_get_socket);
}

/* SplitMix64. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

/* The first two words: what follows may be a password. */
static void sort_of(const char *sql, char out[SORT_BYTES])
{
    const char *space = strchr(sql, ' ');
    size_t len = space ? (size_t)(space + 1 - sql) + strcspn(space + 1, " (") : strlen(sql);

    snprintf(out, SORT_BYTES, "%.*s", (int)(len < SORT_BYTES ? len : SORT_BYTES - 1), sql);
}

static uint64_t count(const char *sort)
{
    uint64_t n = 0;

    pthread_mutex_lock(&k.mutex);
    for (size_t i = 0; i < SORTS; i++) {
        if (k.sorts[i].name[0] && strcmp(k.sorts[i].name, sort) != 0)
            continue;
        snprintf(k.sorts[i].name, SORT_BYTES, "%s", sort);
        n = ++k.sorts[i].count;
        break;
    }
    pthread_mutex_unlock(&k.mutex);
    return n;
}

static enum trouble draw(const char *sort, bool connect, const char **argument)
{
    uint64_t n = count(sort), drawn = mix(k.seed ^ mix(hash(sort) + n)), at = (drawn >> 32) % 100;

    *argument = NULL;
    if (k.seed == 0 || drawn % 1000 >= k.share)
        return NONE;
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        unsigned share = connect ? troubles[i].connect : troubles[i].statement;

        if (at >= share) {
            at -= share;
            continue;
        }
        if (k.log_fd >= 0)
            dprintf(k.log_fd, "%s %llu %s\n", sort, (unsigned long long)n, troubles[i].name);
        *argument = troubles[i].argument;
        return troubles[i].trouble;
    }
    return NONE;
}

/* The server's own trouble; nothing of what we preload goes along. */
static void make(const char *what)
{
    extern char **environ;
    const char *argv[] = {k.program, what, NULL};
    char *env[256];
    size_t n = 0;
    pid_t pid;
    int status;

    for (char **e = environ; *e && n < 255; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0)
            env[n++] = *e;
    env[n] = NULL;
    if (!k.program || posix_spawn(&pid, k.program, NULL, NULL, (char *const *)(const void *)argv, env) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0) {
        if (k.log_fd >= 0)
            dprintf(k.log_fd, "no trouble: %s failed\n", what);
    }
}

static void drop(MYSQL *m)
{
    (void)shutdown((int)k.mysql_get_socket(m), SHUT_RDWR);
}

MYSQL *mysql_real_connect(MYSQL *m, const char *host, const char *user, const char *password,
                          const char *database, unsigned port, const char *path, unsigned long flags)
{
    const char *argument;
    enum trouble trouble = draw("connect", true, &argument);
    MYSQL *result;

    if (argument)
        make(argument);
    result = k.mysql_real_connect(m, host, user, password, database, port, path, flags);
    if (result && trouble == DROP_AFTER)
        drop(m);
    return result;
}

/* Sent, and answered; the answer is never read. */
static void send_alone(MYSQL *m, const char *sql, unsigned long len)
{
    struct pollfd answer = {.events = POLLIN};

    if (k.mysql_send_query(m, sql, len) != 0)
        return;
    answer.fd = (int)k.mysql_get_socket(m);
    (void)poll(&answer, 1, ANSWER_MS);
}

int mysql_real_query(MYSQL *m, const char *sql, unsigned long len)
{
    char sort[SORT_BYTES];
    const char *argument;
    enum trouble trouble;

    sort_of(sql, sort);
    trouble = draw(sort, false, &argument);
    if (trouble == DROP_AFTER || trouble == RESTART_AFTER) {
        send_alone(m, sql, len);
        if (argument)
            make(argument);
        drop(m);
        return k.mysql_read_query_result(m) != 0;
    }
    if (argument)
        make(argument);
    if (trouble == DROP_BEFORE)
        drop(m);
    return k.mysql_real_query(m, sql, len);
}
