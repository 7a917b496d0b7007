#include "steps/mysql/server.h"

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"
#include "aws/common/redact.h"
#include "steps/mysql/account.h"
#include "steps/mysql/template.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 30000
#define STOP_GRACE_MS 5000
#define LOG_LIMIT (1u << 20)
#define LOG_TAIL 600
#define POLL_MS 20 /* how late the server's death before READY=1 is seen */

/* What one start needs; everything is a path of its own allocation. */
struct start {
    char *data, *tmp, *files, *init_file, *log;
    struct buf mariadbd;
    int notify_fd, log_fd;
    char notify_name[32]; /* "@abcde" */
};

struct mysql_server {
    struct process process;
    struct start start; /* released as soon as it is ready */
};

static const char *const fixed_flags[] = {
    MYSQL_LAYOUT_FLAGS,
    "--loose-key-buffer-size=64K",
    "--max-connections=64",
    "--skip-name-resolve",
    "--loose-performance-schema=0",
    "--local-infile=0",
    "--loose-symbolic-links=0",
    "--tls-version=TLSv1.2,TLSv1.3",
    /* No Unix socket: TCP with TLS is the one way in, and a path of any
     * length will do for the directory. */
    "--socket=",
};

/* Behind the fixed ones, which they beat: a killed server leaves half-written
 * pages, which only the doublewrite buffer mends. */
static const char *const durable_flags[] = {
    "--loose-innodb-doublewrite=1",
    "--innodb-flush-log-at-trx-commit=1",
    "--loose-innodb-flush-method=fsync",
};

/* name=value flags; the value is a path, an address or a number. */
enum {
    FLAG_DATA,
    FLAG_TMP,
    FLAG_FILES,
    FLAG_PID,
    FLAG_INIT,
    FLAG_ADDRESS,
    FLAG_PORT,
    FLAG_CERT,
    FLAG_KEY,
    FLAG_COUNT
};

static void start_init(struct start *st, const char *directory)
{
    *st = (struct start){.notify_fd = -1, .log_fd = -1};
    st->data = mem_printf("%s/data", directory);
    st->tmp = mem_printf("%s/tmp", directory);
    st->files = mem_printf("%s/files", directory);
    st->init_file = mem_printf("%s/init.sql", directory);
    st->log = mem_printf("%s/mariadbd.log", directory);
}

static void start_release(struct start *st)
{
    if (st->init_file)
        (void)unlink(st->init_file); /* holds the administrator's password */
    if (st->notify_fd >= 0)
        close(st->notify_fd);
    if (st->log_fd >= 0)
        close(st->log_fd);
    mem_free(st->data);
    mem_free(st->tmp);
    mem_free(st->files);
    mem_free(st->init_file);
    mem_free(st->log);
    buf_release(&st->mariadbd);
    *st = (struct start){.notify_fd = -1, .log_fd = -1};
}

static bool make_plain_dir(const char *path, struct error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_os(err, "make %s", path);
    return true;
}

/* Data of an earlier run is kept as it is; new data appears whole. */
static bool prepare_data(const struct start *st, struct error *err)
{
    CLEANUP(mem_freep) char *fresh = mem_printf("%s.new", st->data);
    struct stat info;

    if (!make_plain_dir(st->tmp, err) || !make_plain_dir(st->files, err))
        return false;
    if (lstat(st->data, &info) == 0)
        return true;
    if (!file_remove_tree(fresh, err) || !mysql_template_make(buf_text(&st->mariadbd), fresh, err))
        return false;
    return rename(fresh, st->data) == 0 || error_os(err, "put %s in place", st->data);
}

static bool write_init_file(const struct mysql_server_options *o, const struct start *st, struct error *err)
{
    const struct mysql_account admin = {o->admin_user, "%"};
    CLEANUP(buf_release) struct buf sql = {0};
    CLEANUP(buf_release) struct buf account = {0};
    struct str password = secret_str(o->admin_password);

    /* One statement a line: a line break in a value would have to be escaped,
     * and mysql_quote_text does so in the mode a fresh server has. */
    if (!mysql_quote_account(&admin, false, &account, err))
        return false;
    buf_adds(&sql, "CREATE OR REPLACE USER ");
    buf_add(&sql, buf_str(&account));
    buf_adds(&sql, " IDENTIFIED BY ");
    if (!mysql_quote_text(password, false, &sql, err))
        return error_wrap(err, "password of %s", o->admin_user);
    buf_adds(&sql, ";\nGRANT ALL PRIVILEGES ON *.* TO ");
    buf_add(&sql, buf_str(&account));
    buf_adds(&sql, " WITH GRANT OPTION;\nCREATE DATABASE IF NOT EXISTS ");
    if (!mysql_quote_identifier(str_of(o->database), &sql, err))
        return error_wrap(err, "database");
    buf_adds(&sql, ";\n");
    return file_replace(st->init_file, buf_str(&sql), err);
}

/* An abstract name, chosen by the kernel: no path, so no limit on its length.
 * Anybody on this machine may write to it, hence the credentials. */
static bool open_notify(struct start *st, struct error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof name;
    const int on = 1;

    st->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (st->notify_fd < 0 || setsockopt(st->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        bind(st->notify_fd, (const struct sockaddr *)&name, sizeof name.sun_family) != 0 ||
        getsockname(st->notify_fd, (struct sockaddr *)&name, &len) != 0)
        return error_os(err, "open the notify socket");
    len -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
    if (len < 2 || len >= sizeof st->notify_name)
        return error_set(err, ERR_BUG, "the notify socket's name has %u bytes", (unsigned)len);
    memcpy(st->notify_name, name.sun_path, len);
    st->notify_name[0] = '@';
    st->notify_name[len] = '\0';
    return true;
}

/* True when one message of the server itself says so. */
static bool read_ready(int fd, pid_t pid)
{
    char text[4096];
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, sizeof text};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    struct ucred who;
    struct str rest, line;

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
        c->cmsg_len < CMSG_LEN(sizeof who))
        return false;
    memcpy(&who, CMSG_DATA(c), sizeof who);
    if (who.pid != pid)
        return false;
    rest = (struct str){text, (size_t)n};
    while (str_split(&rest, '\n', &line))
        if (str_is(line, "READY=1"))
            return true;
    return false;
}

/* Adds the last lines of the server's log to the error. */
static bool fail_with_log(const struct start *st, enum error_code code, const char *what, struct error *err)
{
    CLEANUP(buf_release) struct buf log = {0};
    CLEANUP(buf_release) struct buf safe = {0};
    struct error ignored = {0};
    struct str tail = {0};

    if (file_read(st->log, LOG_LIMIT, &log, &ignored)) {
        tail = str_trim(buf_str(&log));
        tail = str_slice(tail, tail.len > LOG_TAIL ? tail.len - LOG_TAIL : 0, LOG_TAIL);
        redact(tail, &safe); /* it may quote the init file */
    }
    return error_set(err, code, "mariadbd %s; its log ends: %s", what, buf_text(&safe));
}

static bool wait_ready(const struct start *st, struct process *p, int timeout_ms, struct error *err)
{
    int64_t deadline = clock_monotonic_ms(&clock_system) + timeout_ms;

    while (clock_monotonic_ms(&clock_system) < deadline) {
        struct pollfd fds = {.fd = st->notify_fd, .events = POLLIN};
        bool ended = false;
        int status = 0;

        if (poll(&fds, 1, POLL_MS) > 0 && read_ready(st->notify_fd, p->pid))
            return true;
        if (!process_wait(p, 0, &ended, &status, err))
            return error_wrap(err, "wait for mariadbd");
        if (ended)
            return fail_with_log(st, ERR_IO, "ended before it was ready", err);
    }
    return fail_with_log(st, ERR_TRY_AGAIN, "is not ready in time", err);
}

static bool launch(const struct mysql_server_options *o, const struct start *st, struct process *p,
                   struct error *err)
{
    CLEANUP(mem_freep) char *cert = realpath(o->chain_pem, NULL);
    CLEANUP(mem_freep) char *key = realpath(o->key_pem, NULL);
    CLEANUP(mem_freep) char *notify = mem_printf("NOTIFY_SOCKET=%s", st->notify_name);
    char *flags[FLAG_COUNT] = {0};
    const char *argv[2 + FLAG_COUNT + ARRAY_LEN(fixed_flags) + ARRAY_LEN(durable_flags) + 2];
    const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", notify, NULL};
    const struct process_options options = {.argv = argv,
                                            .env = env,
                                            .directory = st->tmp,
                                            .stdin_fd = -1,
                                            .stdout_fd = -1,
                                            .stderr_fd = st->log_fd,
                                            .new_group = true}; /* a Ctrl-C is for us: we end it in order */
    size_t n = 0;
    bool ok;

    if (!cert || !key)
        return error_set(err, ERR_NO_INPUT, "certificate or key not readable: %s",
                         cert ? o->key_pem : o->chain_pem);
    flags[FLAG_DATA] = mem_printf("--datadir=%s", st->data);
    flags[FLAG_TMP] = mem_printf("--tmpdir=%s", st->tmp);
    flags[FLAG_FILES] = mem_printf("--secure-file-priv=%s", st->files);
    flags[FLAG_PID] = mem_printf("--pid-file=%s/mariadbd.pid", st->tmp);
    flags[FLAG_INIT] = mem_printf("--init-file=%s", st->init_file);
    flags[FLAG_ADDRESS] = mem_printf("--bind-address=%s", o->address);
    flags[FLAG_PORT] = mem_printf("--port=%u", o->port);
    flags[FLAG_CERT] = mem_printf("--ssl-cert=%s", cert);
    flags[FLAG_KEY] = mem_printf("--ssl-key=%s", key);
    argv[n++] = buf_text(&st->mariadbd);
    argv[n++] = "--no-defaults"; /* has to be the first */
    for (size_t i = 0; i < FLAG_COUNT; i++)
        argv[n++] = flags[i];
    for (size_t i = 0; i < ARRAY_LEN(fixed_flags); i++)
        argv[n++] = fixed_flags[i];
    for (size_t i = 0; o->durable && i < ARRAY_LEN(durable_flags); i++)
        argv[n++] = durable_flags[i];
    if (geteuid() == 0)
        argv[n++] = "--user=root"; /* it refuses to run as root unasked */
    argv[n] = NULL;
    ok = process_start(&options, p, err);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        mem_free(flags[i]);
    return ok;
}

static bool start_steps(const struct mysql_server_options *o, struct start *st, struct process *p,
                        struct error *err)
{
    if (!process_find("mariadbd", &st->mariadbd))
        return error_set(err, ERR_NO_INPUT, "mariadbd is not installed: install the package mariadb-server");
    if (!prepare_data(st, err) || !write_init_file(o, st, err) || !open_notify(st, err))
        return false;
    st->log_fd = open(st->log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (st->log_fd < 0)
        return error_os(err, "open %s", st->log);
    return launch(o, st, p, err) || error_wrap(err, "start mariadbd");
}

bool mysql_server_begin(const struct mysql_server_options *options, struct mysql_server **out,
                        struct error *err)
{
    CLEANUP(mem_freep) char *directory = realpath(options->directory, NULL);
    struct mysql_server *s;

    *out = NULL;
    if (!directory)
        return error_os(err, "directory %s of the database", options->directory);
    s = mem_alloc(sizeof *s);
    start_init(&s->start, directory);
    if (!start_steps(options, &s->start, &s->process, err)) {
        mysql_server_stop(s);
        return false;
    }
    *out = s;
    return true;
}

int mysql_server_notify_fd(const struct mysql_server *s)
{
    return s->start.notify_fd;
}

bool mysql_server_ready(struct mysql_server *s)
{
    if (s->start.notify_fd >= 0 && !read_ready(s->start.notify_fd, s->process.pid))
        return false;
    start_release(&s->start);
    return true;
}

bool mysql_server_start(const struct mysql_server_options *options, struct mysql_server **out,
                        struct error *err)
{
    int timeout_ms = options->ready_timeout_ms > 0 ? options->ready_timeout_ms : READY_TIMEOUT_MS;

    if (!mysql_server_begin(options, out, err))
        return false;
    if (!wait_ready(&(*out)->start, &(*out)->process, timeout_ms, err)) {
        mysql_server_stop(*out);
        *out = NULL;
        return false;
    }
    start_release(&(*out)->start);
    return true;
}

void mysql_server_stop(struct mysql_server *s)
{
    if (!s)
        return;
    process_stop(&s->process, STOP_GRACE_MS);
    start_release(&s->start);
    mem_free(s);
}

int mysql_server_pid(const struct mysql_server *s)
{
    return (int)s->process.pid;
}

bool mysql_server_address_free(const char *address, unsigned port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int on = 1;
    bool is_free;
    int fd;

    if (port > 65535 || inet_pton(AF_INET, address, &name.sin_addr) != 1)
        return false;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* As the server binds: closed connections of the last one do not count. */
    is_free = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return is_free;
}
