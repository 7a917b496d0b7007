#include "aws/provider/container.h"

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TIMEOUT_MS 2000
#define ATTEMPTS 3
#define REPLY_LIMIT_BYTES (64u << 10)
#define TOKEN_LIMIT_BYTES (16u << 10)

/* --- the address --- */

static bool take_target(struct str target, struct container_uri *out)
{
    size_t mark = str_find_char(target, '?');
    struct str path = str_slice(target, 0, mark), query = str_slice(target, mark + 1, target.len);

    if (path.len + 1 >= sizeof out->path || query.len >= sizeof out->query)
        return false;
    snprintf(out->path, sizeof out->path, "%.*s", STR_ARG(str_empty(path) ? STR("/") : path));
    snprintf(out->query, sizeof out->query, "%.*s", STR_ARG(query));
    return true;
}

bool container_uri_choose(const struct aws_settings *s, struct container_uri *out, bool *found,
                          struct error *err)
{
    const char *relative = provider_env(s, RELATIVE), *full = provider_env(s, FULL);
    struct str text = str_of(relative ? relative : full), origin = STR("http://169.254.170.2");
    const char *name = relative ? RELATIVE : FULL;
    size_t slash = 0;

    *out = (struct container_uri){0};
    *found = relative || full;
    if (!*found)
        return true;
    if (relative && !str_starts(text, STR("/")))
        return error_set(err, ERR_CONFIG, "%s does not begin with '/'", name);
    if (!relative) {
        struct str rest = text;

        if (str_starts(text, STR("/")))
            return error_set(err, ERR_CONFIG, "%s: URI did not specify a host", name);
        /* Behind "https://". */
        for (int i = 0; i < 2; i++) {
            slash += str_find_char(rest, '/') + 1;
            rest = str_slice(text, slash, text.len);
        }
        while (slash < text.len && text.data[slash] != '/' && text.data[slash] != '?')
            slash++;
        origin = str_slice(text, 0, slash);
    }
    if (!http_url_parse(origin, &out->url, err))
        return error_wrap(err, "%s", name);
    return take_target(str_slice(text, slash, text.len), out) ||
           error_set(err, ERR_CONFIG, "%s is too long", name);
}

static bool is_allowed(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
    static const char *const known[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    struct http_url url = {.ipv6 = address->sa_family == AF_INET6};
    union {
        const struct sockaddr *any;
        const struct sockaddr_in *v4;
        const struct sockaddr_in6 *v6;
    } a = {address};

    text[0] = '\0';
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &a.v4->sin_addr, text, INET6_ADDRSTRLEN);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &a.v6->sin6_addr, text, INET6_ADDRSTRLEN);
    snprintf(url.host, sizeof url.host, "%s", text);
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(text, known[i]) == 0)
            return true;
    return text[0] != '\0' && http_url_is_loopback(&url);
}

/* SECURITY rule 14: all addresses of the name are looked at, and the one that
 * is connected to is one of those that were. */
static bool pin_address(struct container_uri *uri, struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char first[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN];
    bool allowed = true, ipv6 = false;
    int rc;

    if (strcmp(uri->url.scheme, "https") == 0)
        return true;
    rc = getaddrinfo(uri->url.host, NULL, &hints, &list);
    if (rc != 0)
        return error_set(err, ERR_CONFIG, "%s: host '%s': %s", FULL, uri->url.host, gai_strerror(rc));
    for (const struct addrinfo *a = list; a && allowed; a = a->ai_next) {
        allowed = is_allowed(a->ai_addr, text);
        /* A container's loopback is often without IPv6. */
        if (allowed && (first[0] == '\0' || (ipv6 && a->ai_family == AF_INET))) {
            memcpy(first, text, sizeof first);
            ipv6 = a->ai_family == AF_INET6;
        }
    }
    freeaddrinfo(list);
    if (!allowed || first[0] == '\0')
        return error_set(err, ERR_CONFIG,
                         "%s: '%s' is neither https, loopback nor a container credentials address", FULL,
                         uri->url.host);
    snprintf(uri->url.host, sizeof uri->url.host, "%s", first);
    uri->url.ipv6 = ipv6;
    uri->checked = true;
    return true;
}

/* --- the request --- */

/* The file is read each time: its content is renewed by others. */
static bool read_token(const struct aws_settings *s, struct buf *out, struct error *err)
{
    const char *file = provider_env(s, TOKEN_FILE);
    struct str token;

    if (file && !file_read(file, TOKEN_LIMIT_BYTES, out, err)) {
        err->code = ERR_CONFIG;
        return error_wrap(err, TOKEN_FILE);
    }
    if (!file)
        buf_adds(out, provider_env(s, TOKEN) ? provider_env(s, TOKEN) : "");
    token = buf_str(out);
    for (size_t i = 0; i < token.len; i++)
        if (token.data[i] == '\r' || token.data[i] == '\n' || token.data[i] == '\0')
            return error_set(err, ERR_CONFIG, "%s holds a line break", file ? TOKEN_FILE : TOKEN);
    return true;
}

static bool make_request(const struct aws_settings *s, struct container_uri *uri,
                         struct http_request *request, struct error *err)
{
    CLEANUP(buf_release) struct buf token = {0};
    CLEANUP(buf_release) struct buf host = {0};

    http_request_set(request, "GET", uri->path, uri->query);
    http_url_host(&uri->url, &host);
    return pin_address(uri, err) && read_token(s, &token, err) &&
           http_headers_add(&request->headers, "Host", buf_str(&host), err) &&
           http_headers_add(&request->headers, "Accept", STR("application/json"), err) &&
           (token.len == 0 || http_headers_add(&request->headers, "Authorization", buf_str(&token), err));
}

static bool exchange(const struct provider_options *o, struct container_uri *uri,
                     struct http_response *response, struct error *err)
{
    static const struct http_options options = {.connect_timeout_ms = TIMEOUT_MS,
                                                .timeout_ms = TIMEOUT_MS,
                                                .response_limit_bytes = REPLY_LIMIT_BYTES};
    CLEANUP(http_request_release) struct http_request request = {0};
    struct http_transport *t;
    bool ok = false;

    if (!make_request(o->settings, uri, &request, err) || !provider_connect(o, &t, err))
        return false;
    for (int i = 0; i < ATTEMPTS && !ok; i++) {
        if (t->send(t->self, &uri->url, &request, &options, response, err))
            ok = response->status < 500 || i + 1 == ATTEMPTS;
        else if (err->code != ERR_UNREACHABLE)
            break;
    }
    http_transport_free(t);
    return ok;
}

static bool read_reply(struct str text, struct aws_credentials *out, struct error *err)
{
    static const struct key_names names = {"AccessKeyId", "SecretAccessKey", "Token", "AccountId"};
    CLEANUP(json_freep) struct json *reply = NULL;
    int64_t expires_ms = 0;
    struct str expires;

    /* The parser's message may show where a secret stands. */
    if (!json_parse(text, NULL, &reply, err))
        return error_set(err, ERR_CONFIG, "the reply is not JSON");
    expires = json_str(json_get(reply, "Expiration"));
    if (!str_empty(expires) && !clock_parse_iso(expires, &expires_ms))
        return error_set(err, ERR_CONFIG, "Expiration is not a time in ISO 8601");
    if (!keys_read(reply, &names, out, err))
        return false;
    out->expires_at_s = expires_ms / 1000;
    snprintf(out->provider, sizeof out->provider, "container");
    return true;
}

bool container_keys(const struct provider_options *o, struct aws_credentials *out, bool *found,
                    struct error *err)
{
    CLEANUP(http_response_release) struct http_response response = {0};
    struct container_uri uri;

    if (!container_uri_choose(o->settings, &uri, found, err))
        return false;
    if (!*found)
        return true;
    if (!exchange(o, &uri, &response, err)) {
        /* Set up, so what comes after it in the chain is not asked. */
        err->code = ERR_CONFIG;
        return error_wrap(err, "container credentials");
    }
    if (response.status != 200)
        return error_set(err, ERR_CONFIG, "container credentials: status %d", response.status);
    return read_reply(buf_str(&response.body), out, err) || error_wrap(err, "container credentials");
}
