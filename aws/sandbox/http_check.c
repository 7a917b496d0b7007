#include "aws/sandbox/http_check.h"

#include "aws/http/uri.h"

#include <stdio.h>

/* Names that some program somewhere reads as one of the framing headers. */
static const char *const framing_names[] = {"content-length", "transfer-encoding", "host"};

static bool refuse(struct http_refusal *refusal, int status, const char *why)
{
    *refusal = (struct http_refusal){status, why};
    return false;
}

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!is_token_char((unsigned char)*text))
            return false;
    return true;
}

static bool is_value(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c != '\t' && (c < 0x20 || c == 0x7f))
            return false;
    }
    return true;
}

/** The letters and digits of name against those of a framing name: equal
 * without being the name itself, as `content_length` is. */
static bool looks_like(const char *name, const char *framing)
{
    const char *a = name, *b = framing;

    if (str_equal_ignore_case(str_of(name), str_of(framing)))
        return false;
    while (true) {
        while (*a && strchr("-_. ", *a))
            a++;
        while (*b == '-')
            b++;
        if (!*a || !*b)
            return !*a && !*b;
        if ((*a | 0x20) != *b)
            return false;
        a++;
        b++;
    }
}

static bool check_names(const struct http_request *req, struct http_refusal *refusal)
{
    if (!is_token(req->method))
        return refuse(refusal, 400, "the method is not a token");
    for (size_t i = 0; i < req->headers.count; i++) {
        const struct http_header *h = &req->headers.items[i];

        if (!is_token(h->name))
            return refuse(refusal, 400, "a header name is not a token");
        if (!is_value(h->value))
            return refuse(refusal, 400, "a header value holds control characters");
        for (size_t n = 0; n < ARRAY_LEN(framing_names); n++)
            if (looks_like(h->name, framing_names[n]))
                return refuse(refusal, 400, "a header looks like one that frames the message");
    }
    return true;
}

static bool check_target(const char *target, const char *version, struct http_refusal *refusal)
{
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return refuse(refusal, 505, "only HTTP 1.0 and 1.1 are spoken here");
    if (*target != '/')
        return refuse(refusal, 400, "the target does not begin with a slash");
    for (; *target; target++)
        if ((unsigned char)*target <= 0x20 || *target == 0x7f)
            return refuse(refusal, 400, "the target holds control characters");
    return true;
}

static bool check_framing(const struct http_request *req, size_t body_limit_bytes,
                          struct http_refusal *refusal)
{
    const char *length = http_headers_find(&req->headers, "Content-Length");
    bool bodiless = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
    uint64_t bytes = 0;

    if (http_headers_count(&req->headers, "Transfer-Encoding"))
        return refuse(refusal, 501, "transfer encodings are not spoken here");
    if (http_headers_count(&req->headers, "Content-Length") > 1)
        return refuse(refusal, 400, "Content-Length is given more than once");
    if (length && (!*length || strspn(length, "0123456789") != strlen(length)))
        return refuse(refusal, 400, "Content-Length is not a number");
    if (length && (!str_to_u64(str_of(length), &bytes) || bytes > body_limit_bytes))
        return refuse(refusal, 413, "the body is too large");
    if (bodiless && bytes)
        return refuse(refusal, 400, "this method has no body");
    return true;
}

/** Loopback by its letters: a name that merely resolves there is how DNS
 * rebinding gets in. */
static bool is_loopback_host(const char *host)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct http_url url;
    struct error ignored;

    buf_printf(&text, "http://%s", host);
    return !strchr(host, '/') && http_url_parse(buf_str(&text), &url, &ignored) && http_url_is_loopback(&url);
}

/** What a browser says of itself: each of the headers, should there be several. */
static bool is_from_a_page(const struct http_request *req)
{
    for (size_t i = 0; i < req->headers.count; i++) {
        const struct http_header *h = &req->headers.items[i];

        if (str_equal_ignore_case(str_of(h->name), STR("Origin")))
            return true;
        if (str_equal_ignore_case(str_of(h->name), STR("Sec-Fetch-Site")) && strcmp(h->value, "none") != 0 &&
            strcmp(h->value, "same-origin") != 0)
            return true;
    }
    return false;
}

static bool check_origin(const struct http_request *req, struct http_refusal *refusal)
{
    if (http_headers_count(&req->headers, "Host") != 1)
        return refuse(refusal, 400, "one Host header is needed");
    if (!is_loopback_host(http_headers_find(&req->headers, "Host")))
        return refuse(refusal, 403, "this Host is not a loopback address");
    if (is_from_a_page(req))
        return refuse(refusal, 403, "web pages may not call the sandbox");
    return true;
}

bool http_check_head(const struct http_request *req, const char *target, const char *version,
                     size_t body_limit_bytes, struct http_refusal *refusal)
{
    return check_target(target, version, refusal) && check_names(req, refusal) &&
           check_origin(req, refusal) && check_framing(req, body_limit_bytes, refusal);
}
