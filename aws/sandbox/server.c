/* HTTP around the dispatch: libmicrohttpd driven by an epoll loop of our own,
 * in one thread, so that the world needs no lock. Shape and traps as the
 * library notes measured them. */
#include "aws/sandbox/core.h"

#include "aws/common/mem.h"
#include "aws/sandbox/http_check.h"
#include "aws/sandbox/listener.h"
#include "aws/sandbox/peers.h"
#include "aws/sandbox/trail.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_LIMIT_BYTES = 1 << 20,
    BODIES_LIMIT_BYTES = 16 << 20, /* of all requests at once */
    SMALL_BODY_BYTES = 16 << 10,   /* has its place even then: others may hold all the rest */
    SWALLOW_LIMIT_BYTES = 8 << 20, /* before a reply: a client in mid-body would see a reset */
    CONNECTION_MEMORY_BYTES = 16 << 10,
    CONNECTION_SOFT_LIMIT = 512,
    CONNECTION_LIMIT = 640,
    INACTIVE_S = 60
};

/* One request and its reply. */
struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    struct peer *peer;
    char *target; /* as received */
    struct http_request request;
    bool head_read;
    bool too_large;
    size_t swallowed;
    struct work *work;             /* NULL for metadata and refusals */
    struct http_response response; /* of those */
    bool begun, ready, suspended, delayed;
    bool kept;      /* what it did is on disk */
    int64_t due_ms; /* delayed: monotonic */
    struct exchange *next_delayed, *next_held;
    struct exchange *before, *after; /* of all */
};

struct watch {
    struct watch *next;
    int fd;
    void (*ready)(void *arg);
    void *arg;
    bool gone;
};

struct server {
    struct sandbox *sandbox;
    struct MHD_Daemon *daemon;
    int listener, epoll, stop;
    struct peers peers;
    struct exchange *exchanges;
    struct exchange *delayed, *last_delayed; /* all wait equally long: a queue */
    struct exchange *held;                   /* their replies wait until the world is on disk */
    struct watch *watches;
    size_t body_bytes;
    bool resumed; /* the library has to run before we wait */
    atomic_bool ending;
};

static int64_t now_ms(const struct server *server)
{
    return clock_monotonic_ms(&server->sandbox->options.clock);
}

/* --- replies --- */

static enum MHD_Result send_response(struct exchange *x, struct http_response *r, bool close_after)
{
    /* Persistent: the bytes stay with the exchange until it is completed. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->body.len, r->body.data, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;
    char date[30];

    if (!response)
        return MHD_NO;
    clock_format_http(sandbox_real_s(x->server->sandbox), date);
    result = MHD_add_response_header(response, "Date", date);
    for (size_t i = 0; i < r->headers.count && result == MHD_YES; i++)
        result = MHD_add_response_header(response, r->headers.items[i].name, r->headers.items[i].value);
    if (close_after && result == MHD_YES)
        result = MHD_add_response_header(response, "Connection", "close");
    if (result == MHD_YES)
        result = MHD_queue_response(x->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_refusal(struct exchange *x, int status, const char *why)
{
    struct error ignored;

    x->response.status = status;
    buf_printf(&x->response.body, "{\"message\":\"%s\"}\n", why);
    if (!http_headers_set(&x->response.headers, "Content-Type", STR("application/json"), &ignored))
        return MHD_NO;
    return send_response(x, &x->response, true);
}

/* --- waiting for a reply: latency and deferred calls --- */

static void resume(struct exchange *x)
{
    x->suspended = false;
    x->server->resumed = true;
    MHD_resume_connection(x->connection);
}

static void suspend(struct exchange *x)
{
    x->suspended = true;
    MHD_suspend_connection(x->connection);
}

static void delay(struct exchange *x)
{
    struct server *server = x->server;

    x->delayed = true;
    x->due_ms = now_ms(server) + server->sandbox->options.latency_ms;
    if (server->last_delayed)
        server->last_delayed->next_delayed = x;
    else
        server->delayed = x;
    server->last_delayed = x;
}

/** Resumes what has waited long enough; the next due time or -1. */
static int64_t release_delayed(struct server *server)
{
    struct exchange *x;

    while ((x = server->delayed) && (x->due_ms <= now_ms(server) || server->ending)) {
        server->delayed = x->next_delayed;
        if (!server->delayed)
            server->last_delayed = NULL;
        x->delayed = false;
        if (x->ready || server->ending)
            resume(x);
    }
    return x ? x->due_ms : -1;
}

static void reply_ready(struct work *w)
{
    struct exchange *x = w->arg;

    x->ready = true;
    if (x->suspended && !x->delayed)
        resume(x);
}

/* --- requests --- */

static enum MHD_Result collect_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                      const char *value, size_t value_size)
{
    struct exchange *x = cls;
    struct error ignored;

    (void)kind;
    if (strlen(key) != key_size ||
        !http_headers_add(&x->request.headers, key, (struct str){value, value_size}, &ignored)) {
        x->response.status = 400;
        return MHD_NO;
    }
    return MHD_YES;
}

/** The target cut at the first '?'. */
static void set_target(struct exchange *x, const char *method)
{
    CLEANUP(mem_freep) char *path = mem_dup(x->target);
    char *query = strchr(path, '?');

    if (query)
        *query++ = '\0';
    http_request_set(&x->request, method, path, query);
}

static enum MHD_Result read_head(struct exchange *x, const char *method, const char *version)
{
    struct http_refusal refusal = {0};

    x->head_read = true;
    set_target(x, method);
    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, collect_header, x);
    if (x->response.status)
        return send_refusal(x, 400, "a header holds control characters");
    if (http_check_head(&x->request, x->target, version, BODY_LIMIT_BYTES, &refusal))
        return MHD_YES;
    if (refusal.status != 413)
        return send_refusal(x, refusal.status, refusal.why);
    x->too_large = true;
    return MHD_YES;
}

static enum MHD_Result read_body(struct exchange *x, struct str data)
{
    struct server *server = x->server;
    size_t len = x->request.body.len + data.len;

    if (len > BODY_LIMIT_BYTES ||
        (len > SMALL_BODY_BYTES && server->body_bytes + data.len > BODIES_LIMIT_BYTES))
        x->too_large = true;
    if (!x->too_large) {
        buf_add(&x->request.body, data);
        server->body_bytes += data.len;
        return MHD_YES;
    }
    x->swallowed += data.len;
    return x->swallowed > SWALLOW_LIMIT_BYTES ? MHD_NO : MHD_YES;
}

static void begin(struct exchange *x)
{
    struct sandbox *s = x->server->sandbox;

    x->begun = true;
    if (imds_answer(s, &x->request, &x->response)) {
        x->ready = true;
        return;
    }
    x->work = work_new(s, &x->request, reply_ready, x);
    (void)snprintf(x->work->call.source_ip, sizeof x->work->call.source_ip, "%s", x->peer->address);
    dispatch_request(x->work);
}

/** No reply before what it tells is on disk: that of this request, or of
 * another that this one may have read. */
static enum MHD_Result hold(struct exchange *x)
{
    struct server *server = x->server;

    if (server->ending) /* there is no further round */
        return MHD_NO;
    x->next_held = server->held;
    server->held = x;
    suspend(x);
    return MHD_YES;
}

/** One write for all that this round has done. */
static bool keep(struct server *server, struct error *err)
{
    struct exchange *x;
    bool ok = sandbox_keep(server->sandbox);

    trail_flush(server->sandbox->trail);

    while ((x = server->held)) {
        server->held = x->next_held;
        x->kept = ok;
        resume(x);
    }
    if (ok)
        return true;
    server->ending = true; /* those that wait are closed without a reply */
    *err = server->sandbox->keep_error;
    return false;
}

/** Closes without a reply; a reset breaks the connection off. */
static enum MHD_Result break_off(const struct exchange *x)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    /* Where it fails the connection just closes, which clients meet as well. */
    if (x->work->fault == FAULT_RESET)
        (void)setsockopt(x->peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return MHD_NO;
}

static enum MHD_Result answer(struct exchange *x)
{
    if (!x->begun) {
        peer_move(&x->server->peers, x->peer, PEER_WORKING, now_ms(x->server));
        if (x->too_large)
            return send_refusal(x, 413, "the body is too large");
        begin(x);
        if (x->server->sandbox->options.latency_ms > 0)
            delay(x);
        if (x->delayed || !x->ready) {
            suspend(x);
            return MHD_YES;
        }
    }
    if (!x->ready) /* resumed by the end of the sandbox */
        return MHD_NO;
    if (!x->kept && sandbox_must_keep(x->server->sandbox))
        return hold(x);
    if (x->work && x->work->fault >= FAULT_RESET)
        return break_off(x);
    peer_move(&x->server->peers, x->peer, PEER_SENDING, now_ms(x->server));
    return send_response(x, x->work ? &x->work->response : &x->response, false);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **request_context)
{
    struct exchange *x = *request_context;
    struct str data = {upload_data, *upload_data_size};

    (void)cls;
    (void)connection;
    (void)url; /* decoded and cut at %00: never used */
    if (!x)
        return MHD_NO;
    if (!x->head_read)
        return read_head(x, method, version);
    if (data.len) {
        *upload_data_size = 0;
        return read_body(x, data);
    }
    return answer(x);
}

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct server *server = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *x;

    if (!info || !info->socket_context)
        return NULL;
    x = mem_alloc(sizeof *x);
    x->server = server;
    x->connection = connection;
    x->peer = info->socket_context;
    x->target = mem_dup(target);
    x->after = server->exchanges;
    if (x->after)
        x->after->before = x;
    server->exchanges = x;
    peer_move(&server->peers, x->peer, PEER_READING, now_ms(server));
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = cls;
    struct exchange *x = *request_context;

    (void)connection;
    (void)code;
    if (!x)
        return;
    *request_context = NULL;
    if (x->before)
        x->before->after = x->after;
    else
        server->exchanges = x->after;
    if (x->after)
        x->after->before = x->before;
    server->body_bytes -= x->request.body.len;
    peer_move(&server->peers, x->peer, PEER_IDLE, now_ms(server));
    work_free(x->work);
    http_request_release(&x->request);
    http_response_release(&x->response);
    mem_free(x->target);
    mem_free(x);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = cls;
    struct peer *peer = *socket_context;
    const union MHD_ConnectionInfo *info;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (peer)
            peer_leave(&server->peers, peer);
        mem_free(peer);
        *socket_context = NULL;
        return;
    }
    peer = mem_alloc(sizeof *peer);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    peer->fd = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    peer_set_address(peer, info ? info->client_addr : NULL);
    peer_enter(&server->peers, peer, now_ms(server));
    *socket_context = peer;
    peers_evict(&server->peers, CONNECTION_SOFT_LIMIT);
}

/* --- starting --- */

static bool start_daemon(struct server *server, struct error *err)
{
    /* The library never waits by itself: external epoll, we call MHD_run. It
     * may not add a Date of its own, the sandbox's clock may be another. */
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, on_request,
        server, MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVE_S,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!server->daemon)
        return error_os(err, "start the HTTP server");
    server->listener = -1; /* the daemon's now */
    return true;
}

static bool poll_fd(struct server *server, int fd, void *what, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = what}};

    if (fd < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_os(err, "watch descriptor %d", fd);
    return true;
}

static bool set_up(struct server *server, struct error *err)
{
    const union MHD_DaemonInfo *info;

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->epoll < 0 || server->stop < 0)
        return error_os(err, "make the event loop");
    if (!listen_on_loopback(server->sandbox, &server->listener, err) || !start_daemon(server, err))
        return false;
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return poll_fd(server, info ? info->epoll_fd : -1, NULL, err) &&
           poll_fd(server, server->stop, NULL, err) &&
           poll_fd(server, jobs_fd(server->sandbox->jobs), NULL, err);
}

bool server_new(struct sandbox *s, struct server **out, struct error *err)
{
    struct server *server = mem_alloc(sizeof *server);

    server->sandbox = s;
    server->listener = server->epoll = server->stop = -1;
    atomic_init(&server->ending, false);
    *out = server;
    return set_up(server, err); /* what is there is released by server_free */
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void server_free(struct server *server)
{
    struct watch *next;

    if (!server)
        return;
    server->ending = true;
    if (server->daemon) {
        /* The library aborts when stopped with suspended connections. */
        (void)release_delayed(server);
        for (struct exchange *x = server->exchanges; x; x = x->after)
            if (x->suspended)
                resume(x);
        (void)MHD_run(server->daemon);
        MHD_stop_daemon(server->daemon);
    }
    for (struct watch *w = server->watches; w; w = next) {
        next = w->next;
        mem_free(w);
    }
    close_fd(server->listener);
    close_fd(server->stop);
    close_fd(server->epoll);
    mem_free(server);
}

/* --- the loop --- */

bool sandbox_watch(struct sandbox *s, int fd, void (*ready)(void *arg), void *arg, struct error *err)
{
    struct server *server = s->server;
    struct watch *w = mem_alloc(sizeof *w);

    *w = (struct watch){.next = server->watches, .fd = fd, .ready = ready, .arg = arg};
    if (!poll_fd(server, fd, w, err)) {
        mem_free(w);
        return false;
    }
    server->watches = w;
    return true;
}

void sandbox_unwatch(struct sandbox *s, int fd)
{
    for (struct watch *w = s->server->watches; w; w = w->next) {
        if (w->fd != fd || w->gone)
            continue;
        /* Freed after the round: its event may already be in hand. */
        w->gone = true;
        (void)epoll_ctl(s->server->epoll, EPOLL_CTL_DEL, fd, NULL); /* a closed fd is gone already */
    }
}

static void sweep_watches(struct server *server)
{
    struct watch **link = &server->watches;

    while (*link) {
        struct watch *w = *link;

        if (w->gone) {
            *link = w->next;
            mem_free(w);
        } else {
            link = &w->next;
        }
    }
}

void sandbox_stop(struct sandbox *s)
{
    s->server->ending = true;
    clock_wake(s->server->stop);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

/** How long nothing will be due, in ms; -1 for ever. */
static int wait_ms(struct server *server)
{
    struct sandbox *s = server->sandbox;
    int64_t timer = timers_run(s), now = now_ms(server), wait;
    MHD_UNSIGNED_LONG_LONG library;

    wait = earlier(release_delayed(server), peers_expire(&server->peers, now));
    wait = wait < 0 ? -1 : wait > now ? wait - now : 0;
    if (timer >= 0)
        wait = earlier(wait, sandbox_until_ms(s, timer));
    if (server->resumed) {
        server->resumed = false;
        return 0;
    }
    if (MHD_get_timeout(server->daemon, &library) == MHD_YES)
        wait = earlier(wait, (int64_t)library);
    return (int)(wait > 60000 ? 60000 : wait);
}

static bool run_round(struct server *server, struct error *err)
{
    struct epoll_event events[16];
    int count = epoll_wait(server->epoll, events, ARRAY_LEN(events), wait_ms(server));

    if (count < 0 && errno != EINTR)
        return error_os(err, "wait for events");
    for (int i = 0; i < count; i++) {
        struct watch *w = events[i].data.ptr;

        if (w && !w->gone)
            w->ready(w->arg);
    }
    sweep_watches(server);
    jobs_collect(server->sandbox->jobs);
    if (MHD_run(server->daemon) != MHD_YES)
        return error_set(err, ERR_BUG, "the HTTP server stopped");
    return keep(server, err);
}

bool sandbox_run(struct sandbox *s, struct error *err)
{
    s->loop_thread = pthread_self();
    while (!s->server->ending)
        if (!run_round(s->server, err))
            return false;
    return true;
}
