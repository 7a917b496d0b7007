#include "aws/http/uri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#define PORT_MAX 65535

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 3986, 2.3. */
static bool is_unreserved(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void encode(struct str s, bool keep_slash, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char byte = (unsigned char)s.data[i];

        if (is_unreserved(s.data[i]) || (keep_slash && s.data[i] == '/')) {
            buf_addc(out, s.data[i]);
            continue;
        }
        buf_addc(out, '%');
        buf_addc(out, digits[byte >> 4]);
        buf_addc(out, digits[byte & 15]);
    }
}

void uri_encode(struct str s, struct buf *out)
{
    encode(s, false, out);
}

void uri_encode_path(struct str s, struct buf *out)
{
    encode(s, true, out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uri_decode(struct str s, bool plus, struct buf *out, struct error *err)
{
    for (size_t i = 0; i < s.len; i++) {
        int high, low;

        if (s.data[i] != '%') {
            buf_addc(out, s.data[i] == '+' && plus ? ' ' : s.data[i]);
            continue;
        }
        high = s.len - i > 2 ? hex_digit(s.data[i + 1]) : -1;
        low = s.len - i > 2 ? hex_digit(s.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return error_set(err, ERR_SYNTAX, "a %% that is not followed by two hex digits");
        buf_addc(out, (char)(high << 4 | low));
        i += 2;
    }
    return true;
}

bool uri_next_pair(struct str *rest, struct str *name, struct str *value)
{
    struct str part;

    while (str_split(rest, '&', &part)) {
        if (str_empty(part))
            continue;
        size_t equals = str_find_char(part, '=');
        *name = str_slice(part, 0, equals);
        *value = str_slice(part, equals + 1, part.len);
        return true;
    }
    return false;
}

/* --- URLs --- */

static bool is_host_char(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static bool take_host(struct str *rest, struct http_url *out)
{
    struct str host;

    if (rest->len > 0 && rest->data[0] == '[') {
        size_t end = str_find_char(*rest, ']');
        struct in6_addr address;

        if (end == rest->len)
            return false;
        host = str_slice(*rest, 1, end - 1);
        *rest = str_slice(*rest, end + 1, rest->len);
        if (host.len >= sizeof out->host)
            return false;
        snprintf(out->host, sizeof out->host, "%.*s", STR_ARG(host));
        out->ipv6 = true;
        return inet_pton(AF_INET6, out->host, &address) == 1;
    }
    host.data = rest->data;
    host.len = 0;
    while (host.len < rest->len && is_host_char(rest->data[host.len]))
        host.len++;
    *rest = str_slice(*rest, host.len, rest->len);
    if (str_empty(host) || host.len >= sizeof out->host)
        return false;
    snprintf(out->host, sizeof out->host, "%.*s", STR_ARG(host));
    return true;
}

static bool take_port(struct str *rest, struct http_url *out)
{
    struct str digits;
    uint64_t port;

    if (rest->len == 0 || rest->data[0] != ':')
        return true;
    digits = str_slice(*rest, 1, str_find_char(*rest, '/') - 1);
    if (!str_to_u64(digits, &port) || port == 0 || port > PORT_MAX)
        return false;
    out->port = (int)port;
    *rest = str_slice(*rest, 1 + digits.len, rest->len);
    return true;
}

static bool take_path(struct str rest, struct http_url *out)
{
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] <= ' ' || rest.data[i] == '?' || rest.data[i] == '#' || rest.data[i] == 0x7f)
            return false;
    if (rest.len > 0 && rest.data[0] != '/')
        return false;
    while (rest.len > 0 && rest.data[rest.len - 1] == '/')
        rest.len--;
    if (rest.len >= sizeof out->path)
        return false;
    snprintf(out->path, sizeof out->path, "%.*s", STR_ARG(rest));
    return true;
}

bool http_url_parse(struct str text, struct http_url *out, struct error *err)
{
    static const char *const schemes[] = {"https", "http"};
    struct str rest = text;

    *out = (struct http_url){0};
    /* Not shown: what stands before the '@' may be a password. */
    if (str_find_char(text, '@') < text.len)
        return error_set(err, ERR_CONFIG, "a URL may not hold a user name or password");
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t len = strlen(schemes[i]);

        if (str_equal_ignore_case(str_slice(text, 0, len), str_of(schemes[i])) &&
            str_starts(str_slice(text, len, text.len), STR("://"))) {
            snprintf(out->scheme, sizeof out->scheme, "%s", schemes[i]);
            rest = str_slice(text, len + 3, text.len);
            break;
        }
    }
    if (out->scheme[0] == '\0')
        return error_set(err, ERR_CONFIG, "not an http:// or https:// URL: '%.*s'", STR_ARG(text));
    if (!take_host(&rest, out))
        return error_set(err, ERR_CONFIG, "no valid host in URL '%.*s'", STR_ARG(text));
    if (!take_port(&rest, out))
        return error_set(err, ERR_CONFIG, "no valid port in URL '%.*s'", STR_ARG(text));
    if (!take_path(rest, out))
        return error_set(err, ERR_CONFIG, "URL '%.*s' may hold a host, a port and a path, nothing else",
                         STR_ARG(text));
    return true;
}

static void add_host(const struct http_url *url, struct buf *out)
{
    buf_printf(out, url->ipv6 ? "[%s]" : "%s", url->host);
}

void http_url_origin(const struct http_url *url, struct buf *out)
{
    buf_printf(out, "%s://", url->scheme);
    add_host(url, out);
    if (url->port != 0)
        buf_printf(out, ":%d", url->port);
}

void http_url_host(const struct http_url *url, struct buf *out)
{
    int usual = strcmp(url->scheme, "https") == 0 ? 443 : 80;

    add_host(url, out);
    if (url->port != 0 && url->port != usual)
        buf_printf(out, ":%d", url->port);
}

bool http_url_is_loopback(const struct http_url *url)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (url->ipv6)
        return inet_pton(AF_INET6, url->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (inet_pton(AF_INET, url->host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return strcasecmp(url->host, "localhost") == 0;
}
