/* Load for `make bench`: signed GetSecretValue requests over kept connections,
 * as fast as the other side answers, while slow clients hold connections open.
 * Signs by aws/auth once a second; prints one line of JSON.
 *
 * Usage: load SECRET REQUESTS CONNECTIONS SLOW, with endpoint, region and keys
 * in the environment as for any client. With LAB_SANDBOX_PID the memory of that
 * process is watched. */
#include "aws/auth/sigv4.h"
#include "aws/common/clock.h"
#include "aws/common/json.h"
#include "aws/common/mem.h"
#include "aws/http/uri.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_LIMIT_BYTES = 16 << 10, DRIP_MS = 250, SAMPLES = 10 };

struct connection {
    int fd;
    bool slow;
    int64_t sent_us;
    size_t len;
    char reply[REPLY_LIMIT_BYTES];
};

struct load {
    struct sockaddr_in to;
    struct aws_credentials creds;
    const char *region, *secret;
    char host[80];
    struct buf request; /* signed within this second */
    int64_t signed_s;
    int epoll;
    struct connection *connections; /* the quick ones, then the slow ones */
    size_t quick, slow;
    uint32_t *latencies_us;
    size_t wanted, begun, answered, failed, reconnected;
    int64_t dripped_ms;
    const char *process; /* whose memory is watched; NULL none */
    long first_kb, last_kb, peak_kb;
};

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- the request --- */

static void add_header(struct http_request *req, const char *name, const char *value)
{
    struct error err;

    if (!http_headers_add(&req->headers, name, str_of(value), &err))
        give_up(err.message);
}

static void sign(struct load *l, int64_t now_s)
{
    struct sigv4_scope scope = {l->region, "secretsmanager"};
    struct http_request req = {0};
    struct error err;

    http_request_set(&req, "POST", "/", NULL);
    add_header(&req, "Host", l->host);
    add_header(&req, "Content-Type", "application/x-amz-json-1.1");
    add_header(&req, "X-Amz-Target", "secretsmanager.GetSecretValue");
    buf_adds(&req.body, "{\"SecretId\":");
    json_write_string(str_of(l->secret), &req.body);
    buf_addc(&req.body, '}');
    if (!sigv4_sign(&req, &l->creds, &scope, NULL, now_s, NULL, &err))
        give_up(err.message);
    buf_reset(&l->request);
    buf_printf(&l->request, "%s %s HTTP/1.1\r\n", req.method, req.path);
    for (size_t i = 0; i < req.headers.count; i++)
        buf_printf(&l->request, "%s: %s\r\n", req.headers.items[i].name, req.headers.items[i].value);
    buf_printf(&l->request, "Content-Length: %zu\r\n\r\n", req.body.len);
    buf_add(&l->request, buf_str(&req.body));
    http_request_release(&req);
    l->signed_s = now_s;
}

/* --- connections --- */

static void dial(struct load *l, struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = c}};
    int yes = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&l->to, sizeof l->to) < 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        give_up("connect");
}

static void redial(struct load *l, struct connection *c)
{
    close(c->fd);
    dial(l, c);
}

/** The next request, or nothing when all are under way. */
static void ask(struct load *l, struct connection *c)
{
    int64_t now_s = clock_wall_ms(&clock_system) / 1000;

    if (l->begun == l->wanted)
        return;
    l->begun++;
    if (now_s != l->signed_s)
        sign(l, now_s);
    c->len = 0;
    c->sent_us = now_us();
    if (send(c->fd, l->request.data, l->request.len, MSG_NOSIGNAL) != (ssize_t)l->request.len)
        give_up("send");
}

/** Whether the reply is complete. */
static bool complete(struct connection *c)
{
    const char *end, *length;

    c->reply[c->len] = '\0';
    end = strstr(c->reply, "\r\n\r\n");
    length = end ? strcasestr(c->reply, "\r\nContent-Length: ") : NULL;
    return length && c->len >= (size_t)(end + 4 - c->reply) + strtoul(length + 18, NULL, 10);
}

static void sample_memory(struct load *l)
{
    char path[64], line[256];
    long kb = 0;
    FILE *f;

    if (!l->process)
        return;
    (void)snprintf(path, sizeof path, "/proc/%s/status", l->process);
    f = fopen(path, "re");
    if (!f)
        give_up(path);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    (void)fclose(f);
    if (!l->first_kb)
        l->first_kb = kb;
    l->last_kb = kb;
    l->peak_kb = kb > l->peak_kb ? kb : l->peak_kb;
}

static void answered(struct load *l, struct connection *c)
{
    bool closes = strcasestr(c->reply, "\r\nConnection: close");

    l->latencies_us[l->answered++] = (uint32_t)(now_us() - c->sent_us);
    if (strncmp(c->reply + 8, " 200", 4) != 0 || !strstr(c->reply, "\"SecretString\""))
        l->failed++;
    if (l->wanted >= SAMPLES && l->answered % (l->wanted / SAMPLES) == 0)
        sample_memory(l);
    if (closes)
        redial(l, c);
    ask(l, c);
}

static void read_reply(struct load *l, struct connection *c)
{
    ssize_t got = recv(c->fd, c->reply + c->len, sizeof c->reply - 1 - c->len, 0);

    if (got <= 0 && c->slow) {
        redial(l, c);
        return;
    }
    if (got <= 0) {
        /* Between two requests that is the server's right; in one it counts. */
        l->failed++;
        l->reconnected++;
        l->latencies_us[l->answered++] = (uint32_t)(now_us() - c->sent_us);
        redial(l, c);
        ask(l, c);
        return;
    }
    c->len += (size_t)got;
    if (!c->slow && complete(c))
        answered(l, c);
    else if (c->len == sizeof c->reply - 1)
        c->len = 0;
}

/** A byte of a header that does not end, of each slow client. */
static void drip(struct load *l)
{
    int64_t now_ms = now_us() / 1000;

    if (!l->slow || now_ms - l->dripped_ms < DRIP_MS)
        return;
    l->dripped_ms = now_ms;
    for (size_t i = l->quick; i < l->quick + l->slow; i++)
        (void)send(l->connections[i].fd, "a", 1, MSG_NOSIGNAL); /* closed: seen when read */
}

/* --- the run --- */

static void start(struct load *l)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";

    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        give_up("epoll");
    l->connections = mem_array(l->quick + l->slow, sizeof *l->connections);
    l->latencies_us = mem_array(l->wanted + l->quick, sizeof *l->latencies_us);
    for (size_t i = 0; i < l->quick + l->slow; i++) {
        struct connection *c = &l->connections[i];

        c->slow = i >= l->quick;
        dial(l, c);
        if (c->slow)
            (void)send(c->fd, head, sizeof head - 1, MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < l->quick; i++)
        ask(l, &l->connections[i]);
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(const struct load *l, size_t percent)
{
    size_t at = (l->answered - 1) * percent / 100;

    return l->latencies_us[at] / 1e3;
}

static void report(struct load *l, int64_t took_us)
{
    qsort(l->latencies_us, l->answered, sizeof *l->latencies_us, compare_latencies);
    (void)printf("{\"requests\":%zu,\"failed\":%zu,\"per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_"
                 "ms\":%.2f",
                 l->answered, l->failed, (double)l->answered * 1e6 / (double)took_us, percentile_ms(l, 50),
                 percentile_ms(l, 99), percentile_ms(l, 100));
    if (l->process)
        (void)printf(",\"first_kb\":%ld,\"last_kb\":%ld,\"peak_kb\":%ld", l->first_kb, l->last_kb,
                     l->peak_kb);
    (void)printf("}\n");
}

static void run(struct load *l)
{
    struct epoll_event events[64];
    int64_t begun_us = now_us();

    start(l);
    while (l->answered < l->wanted) {
        int count = epoll_wait(l->epoll, events, ARRAY_LEN(events), DRIP_MS);

        if (count < 0 && errno != EINTR)
            give_up("wait");
        for (int i = 0; i < count; i++)
            read_reply(l, events[i].data.ptr);
        drip(l);
    }
    report(l, now_us() - begun_us);
}

static bool configure(struct load *l, char **argv)
{
    const char *endpoint = getenv("AWS_ENDPOINT_URL"), *key = getenv("AWS_ACCESS_KEY_ID");
    const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
    CLEANUP(buf_release) struct buf host = {0};
    struct http_url url;
    struct error err;
    uint64_t requests, quick, slow;

    l->region = getenv("AWS_REGION");
    l->process = getenv("LAB_SANDBOX_PID");
    l->secret = argv[1];
    if (!endpoint || !key || !secret || !l->region || !http_url_parse(str_of(endpoint), &url, &err) ||
        inet_pton(AF_INET, url.host, &l->to.sin_addr) != 1 || !str_to_u64(str_of(argv[2]), &requests) ||
        !str_to_u64(str_of(argv[3]), &quick) || !str_to_u64(str_of(argv[4]), &slow) || quick == 0 ||
        quick > requests || requests > 100000000 || quick + slow > 10000)
        return false;
    http_url_host(&url, &host);
    (void)snprintf(l->host, sizeof l->host, "%s", buf_text(&host));
    (void)snprintf(l->creds.access_key_id, sizeof l->creds.access_key_id, "%s", key);
    secret_set(&l->creds.secret_access_key, str_of(secret));
    l->to.sin_family = AF_INET;
    l->to.sin_port = htons((uint16_t)(url.port ? url.port : 80));
    l->wanted = requests;
    l->quick = quick;
    l->slow = slow;
    return true;
}

int main(int argc, char **argv)
{
    struct load l = {0};

    if (argc != 5 || !configure(&l, argv)) {
        (void)fprintf(stderr, "usage: load SECRET REQUESTS CONNECTIONS SLOW\n");
        return 64;
    }
    run(&l);
    for (size_t i = 0; i < l.quick + l.slow; i++)
        close(l.connections[i].fd);
    close(l.epoll);
    mem_free(l.connections);
    mem_free(l.latencies_us);
    buf_release(&l.request);
    aws_credentials_release(&l.creds);
    return l.failed ? 1 : 0;
}
