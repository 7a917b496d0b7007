#include "aws/http/transport.h"

#include "aws/common/mem.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 60000
#define RESPONSE_LIMIT_BYTES (8u << 20)
#define HEADER_LIMIT_BYTES (64u << 10)
#define HEADER_LIMIT_COUNT 256
#define TARGET_LIMIT_BYTES (64u << 10)
#define STALL_MIN_S 30
/* Small: each worker has a handle, and the whole program stays under 32 MiB. */
#define BUFFER_BYTES 16384L
#define CONNECTION_LIMIT 8L
#define CONNECTION_AGE_S 50L

struct curl_transport {
    struct http_transport base;
    CURL *easy;
    char *ca_bundle, *proxy, *no_proxy, *user_agent;
    /* Of the exchange that is running: */
    struct http_response *out;
    size_t header_bytes;
    bool limit_hit;
    int sends; /* times the request was about to be put on a connection */
    char reason[CURL_ERROR_SIZE];
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void global_init(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- what comes back --- */

static size_t on_body(char *data, size_t size, size_t count, void *self)
{
    struct curl_transport *t = self;

    buf_add(&t->out->body, (struct str){data, size * count});
    if (t->out->body.overflow) {
        t->limit_hit = true;
        return 0;
    }
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *self)
{
    struct curl_transport *t = self;
    struct str line = {data, size * count};
    struct http_headers *headers = &t->out->headers;
    struct error ignored = {0};
    size_t colon;

    t->header_bytes += line.len;
    if (t->header_bytes > HEADER_LIMIT_BYTES || headers->count >= HEADER_LIMIT_COUNT) {
        t->limit_hit = true;
        return 0;
    }
    if (str_starts(line, STR("HTTP/"))) {
        /* A 100 Continue came before: its headers are not the reply's. */
        http_headers_release(headers);
        return line.len;
    }
    colon = str_find_char(line, ':');
    if (colon == line.len)
        return line.len;
    CLEANUP(mem_freep) char *name = mem_copy(str_trim(str_slice(line, 0, colon)));
    /* A header with a NUL in it is not one we could ever read: left out. */
    if (!http_headers_add(headers, name, str_trim(str_slice(line, colon + 1, line.len)), &ignored))
        return line.len;
    return line.len;
}

/* Called each time the request is about to go out on a connection. libcurl
 * sends a second time, whatever the method, when a kept connection closes
 * without a byte: it cannot know that the service did not act on the first.
 * Whether to repeat is the caller's decision. */
static int on_send(void *self, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct curl_transport *t = self;

    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    return ++t->sends > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* --- what goes out --- */

static bool is_metadata(const struct http_url *url)
{
    static const char *const addresses[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23",
                                            "fd00:ec2::254", "fd00:ec2::23"};
    int family = url->ipv6 ? AF_INET6 : AF_INET;
    unsigned char host[16] = {0}, known[16] = {0};

    if (inet_pton(family, url->host, host) != 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        if (inet_pton(family, addresses[i], known) == 1 && memcmp(host, known, url->ipv6 ? 16 : 4) == 0)
            return true;
    return false;
}

/* The target goes on the wire byte for byte, so a space or line break in it
 * would begin another part of the request. */
static bool make_target(const struct http_request *req, struct buf *out, struct error *err)
{
    out->limit_bytes = TARGET_LIMIT_BYTES;
    buf_adds(out, req->path);
    if (req->query && req->query[0] != '\0') {
        buf_addc(out, '?');
        buf_adds(out, req->query);
    }
    if (out->overflow)
        return error_set(err, ERR_USAGE, "request target over %u bytes", TARGET_LIMIT_BYTES);
    if (out->len == 0 || out->data[0] != '/')
        return error_set(err, ERR_USAGE, "request path does not begin with '/'");
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] <= ' ' || out->data[i] == 0x7f)
            return error_set(err, ERR_USAGE, "request target holds a byte that is not percent-encoded");
    return true;
}

static bool check_method(const char *method, struct error *err)
{
    for (const char *c = method; *c != '\0'; c++)
        if (*c < 'A' || *c > 'Z')
            return error_set(err, ERR_USAGE, "request method is not a word of capitals");
    return method[0] != '\0' || error_set(err, ERR_USAGE, "request without a method");
}

/* The header lines in libcurl's own list form, built here so that every byte
 * that is sent is known: libcurl adds none of its own. */
struct lines {
    struct curl_slist *nodes;
    size_t count, cap;
    uint64_t wire_bytes;
};

static void lines_add(struct lines *l, const char *name, const char *value)
{
    mem_grow(&l->nodes, &l->cap, l->count, sizeof l->nodes[0]);
    /* "Name;" is how libcurl is told to send a header without a value. */
    l->nodes[l->count].data = value[0] ? mem_printf("%s: %s", name, value) : mem_printf("%s;", name);
    l->count++;
    l->wire_bytes += strlen(name) + (value[0] ? strlen(value) + 1 : 0) + strlen(":\r\n");
}

/* Keeps libcurl from adding its default for this header. */
static void lines_suppress(struct lines *l, const struct http_request *req, const char *name)
{
    if (http_headers_find(&req->headers, name))
        return;
    mem_grow(&l->nodes, &l->cap, l->count, sizeof l->nodes[0]);
    l->nodes[l->count++].data = mem_printf("%s:", name);
}

static void lines_release(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        mem_free(l->nodes[i].data);
    mem_free(l->nodes);
    *l = (struct lines){0};
}

static bool sends_body(const struct http_request *req)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH"};

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strcmp(req->method, methods[i]) == 0)
            return true;
    return req->body.len > 0;
}

static void lines_make(struct lines *l, const struct curl_transport *t, const struct http_url *url,
                       const struct http_request *req)
{
    CLEANUP(buf_release) struct buf host = {0};
    char length[32];

    http_url_host(url, &host);
    if (!http_headers_find(&req->headers, "Host"))
        lines_add(l, "Host", buf_text(&host));
    if (t->user_agent && !http_headers_find(&req->headers, "User-Agent"))
        lines_add(l, "User-Agent", t->user_agent);
    for (size_t i = 0; i < req->headers.count; i++)
        lines_add(l, req->headers.items[i].name, req->headers.items[i].value);
    if (sends_body(req) && !http_headers_find(&req->headers, "Content-Length")) {
        snprintf(length, sizeof length, "%zu", req->body.len);
        lines_add(l, "Content-Length", length);
    }
    lines_suppress(l, req, "Accept");
    lines_suppress(l, req, "Expect");
    lines_suppress(l, req, "Content-Type");
    for (size_t i = 0; i + 1 < l->count; i++)
        l->nodes[i].next = &l->nodes[i + 1];
}

/* --- one exchange --- */

static int set_body(CURL *easy, const struct http_request *req)
{
    int rc = 0;

    if (strcmp(req->method, "HEAD") == 0)
        rc |= (int)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (!sends_body(req))
        rc |= (int)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    else {
        rc |= (int)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        rc |= (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_text(&req->body));
        rc |= (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
    }
    return rc | (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

static int set_limits(CURL *easy, const struct http_options *o)
{
    long timeout_ms = o && o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS;
    long connect_ms = o && o->connect_timeout_ms > 0 ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    long stall_s = timeout_ms / 2000;
    int rc = 0;

    rc |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall_s > STALL_MIN_S ? stall_s : STALL_MIN_S);
    return rc;
}

static bool set_target(struct curl_transport *t, const struct http_url *url, const char *target,
                       struct error *err)
{
    CLEANUP(buf_release) struct buf origin = {0};
    bool near = http_url_is_loopback(url) || is_metadata(url);
    int rc = 0;

    if (strcmp(url->scheme, "https") != 0 && !near)
        return error_set(err, ERR_CONFIG, "http:// is only for this machine: use https://%s", url->host);
    http_url_origin(url, &origin);
    rc |= (int)curl_easy_setopt(t->easy, CURLOPT_URL, buf_text(&origin));
    rc |= (int)curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, target);
    rc |= (int)curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, url->scheme);
    rc |= (int)curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxy && !near ? t->proxy : "");
    return rc == 0 || error_set(err, ERR_BUG, "libcurl refuses the address of %s", url->host);
}

/* Reasons in the words of the person at the keyboard. */
static const struct failure {
    CURLcode result;
    int os_errno;
    const char *text;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, 0, "name does not resolve"},
    {CURLE_COULDNT_RESOLVE_PROXY, 0, "name of the proxy does not resolve"},
    {CURLE_COULDNT_CONNECT, 0, "cannot connect"},
    {CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, "no answer in time"},
    {CURLE_PEER_FAILED_VERIFICATION, EPROTO, "certificate not trusted"},
    {CURLE_SSL_CONNECT_ERROR, 0, "TLS handshake failed"},
    {CURLE_GOT_NOTHING, 0, "connection closed without a reply"},
    {CURLE_ABORTED_BY_CALLBACK, 0, "connection closed without a reply"},
    {CURLE_RECV_ERROR, 0, "connection lost before the reply was whole"},
    {CURLE_SEND_ERROR, 0, "connection lost while sending"},
    {CURLE_PARTIAL_FILE, 0, "reply cut short"},
    {CURLE_WEIRD_SERVER_REPLY, 0, "does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, 0, "does not speak HTTP/1.1"},
};

static bool fail(struct curl_transport *t, const struct http_url *url, CURLcode result, struct error *err)
{
    CLEANUP(buf_release) struct buf host = {0};
    int port = url->port ? url->port : strcmp(url->scheme, "https") == 0 ? 443 : 80;
    const char *text = t->reason[0] ? t->reason : curl_easy_strerror(result);
    const char *detail = NULL;
    long os_errno = 0;
    int code = 0;

    buf_printf(&host, url->ipv6 ? "[%s]:%d" : "%s:%d", url->host, port);
    if (t->limit_hit)
        return error_set(err, ERR_LIMIT, "%s: reply is too large", buf_text(&host));
    if (result == CURLE_SSL_CACERT_BADFILE)
        return error_set(err, ERR_CONFIG, "CA file %s cannot be read", t->ca_bundle ? t->ca_bundle : "");
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].result == result) {
            text = failures[i].text;
            code = failures[i].os_errno;
        }
    if (result == CURLE_PEER_FAILED_VERIFICATION && t->reason[0])
        detail = t->reason;
    if (result == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno) == CURLE_OK && os_errno != 0) {
        code = (int)os_errno;
        text = os_errno == ECONNREFUSED ? "connection refused" : strerror(code);
    }
    error_set(err, ERR_UNREACHABLE, "%s: %s%s%s%s", buf_text(&host), text, detail ? " (" : "",
              detail ? detail : "", detail ? ")" : "");
    err->os_errno = code;
    err->retryable = t->sends == 0 && code != EPROTO;
    err->lost = t->sends > 0 && code != EPROTO;
    return false;
}

static void count(struct curl_transport *t, uint64_t request_bytes)
{
    long connections = 0;

    if (t->sends > 0) {
        t->base.requests++;
        t->base.bytes_sent += request_bytes;
    }
    t->base.bytes_received += t->header_bytes + t->out->body.len;
    if (curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK && connections > 0)
        t->base.connections += (uint64_t)connections;
}

static void start(struct curl_transport *t, const struct http_options *options, struct http_response *out)
{
    http_response_release(out);
    out->body.limit_bytes =
        options && options->response_limit_bytes ? options->response_limit_bytes : RESPONSE_LIMIT_BYTES;
    out->body.overflow = false;
    t->out = out;
    t->header_bytes = 0;
    t->limit_hit = false;
    t->sends = 0;
    t->reason[0] = '\0';
}

static bool transport_send(void *self, const struct http_url *url, const struct http_request *req,
                           const struct http_options *options, struct http_response *out, struct error *err)
{
    struct curl_transport *t = self;
    CLEANUP(buf_release) struct buf target = {0};
    CLEANUP(lines_release) struct lines lines = {0};
    CURLcode result;
    long status = 0;

    start(t, options, out);
    if (!check_method(req->method, err) || !make_target(req, &target, err) ||
        !set_target(t, url, buf_text(&target), err))
        return false;
    lines_make(&lines, t, url, req);
    if ((set_body(t->easy, req) | set_limits(t->easy, options) |
         (int)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, lines.nodes)) != 0)
        return error_set(err, ERR_BUG, "libcurl refuses the request");
    result = curl_easy_perform(t->easy);
    count(t,
          strlen(req->method) + target.len + strlen("  HTTP/1.1\r\n\r\n") + lines.wire_bytes + req->body.len);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    /* The list and the body end with this call; nothing may point at them. */
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
    t->out = NULL;
    if (result != CURLE_OK) {
        http_response_release(out);
        return fail(t, url, result, err);
    }
    out->status = (int)status;
    return true;
}

static void transport_free(void *self)
{
    struct curl_transport *t = self;

    curl_easy_cleanup(t->easy);
    mem_free(t->ca_bundle);
    mem_free(t->proxy);
    mem_free(t->no_proxy);
    mem_free(t->user_agent);
    mem_free(t);
}

/* What holds for every exchange (SECURITY rule 13). */
static bool set_fixed(struct curl_transport *t)
{
    CURL *easy = t->easy;
    int rc = 0;

    rc |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->reason);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, t->no_proxy ? t->no_proxy : "");
    rc |= (int)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, CONNECTION_LIMIT);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_S);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    rc |= (int)curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    if (t->ca_bundle)
        rc |= (int)curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_bundle);
    return rc == 0;
}

bool http_curl_new(const struct http_curl_options *options, struct http_transport **out, struct error *err)
{
    struct curl_transport *t;

    if (pthread_once(&global_once, global_init) != 0 || global_result != CURLE_OK)
        return error_set(err, ERR_BUG, "libcurl cannot be set up");
    t = mem_alloc(sizeof *t);
    t->base = (struct http_transport){.send = transport_send, .free = transport_free, .self = t};
    t->ca_bundle = mem_dup(options->ca_bundle);
    t->proxy = mem_dup(options->proxy);
    t->no_proxy = mem_dup(options->no_proxy);
    t->user_agent = mem_dup(options->user_agent);
    t->easy = curl_easy_init();
    if (!t->easy || !set_fixed(t)) {
        transport_free(t);
        return error_set(err, ERR_BUG, "libcurl cannot be set up");
    }
    *out = &t->base;
    return true;
}

void http_transport_free(struct http_transport *t)
{
    if (t)
        t->free(t->self);
}
