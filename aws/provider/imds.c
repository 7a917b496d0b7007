#include "aws/provider/imds.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/provider/cache.h"

#include <stdio.h>
#include <strings.h>

#define TOKEN_TTL "21600"
#define TIMEOUT_MS 1000
#define REPLY_LIMIT_BYTES (64u << 10)
#define SECONDS_MAX 60
#define ATTEMPTS_MAX 10
#define TROUBLE_ATTEMPTS 3
#define CREDENTIALS_PATH "/latest/meta-data/iam/security-credentials/"

/* --- settings --- */

bool imds_url(const struct aws_settings *s, struct http_url *out, struct error *err)
{
    static const struct {
        const char *mode, *url;
    } modes[] = {{"IPv4", "http://169.254.169.254"}, {"IPv6", "http://[fd00:ec2::254]"}};
    const char *url = provider_env(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = provider_env(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (!url)
        url = aws_settings_get(s, "ec2_metadata_service_endpoint");
    if (!mode)
        mode = aws_settings_get(s, "ec2_metadata_service_endpoint_mode");
    for (size_t i = 0; i < ARRAY_LEN(modes) && !url; i++)
        if (strcasecmp(mode ? mode : "IPv4", modes[i].mode) == 0)
            url = modes[i].url;
    if (!url)
        return error_set(err, ERR_CONFIG, "metadata: `%s` is not a valid endpoint mode", mode);
    return http_url_parse(str_of(url), out, err) || error_wrap(err, "metadata endpoint");
}

static int choose_number(const struct aws_settings *s, const char *name, int otherwise, int max)
{
    const char *text = provider_env(s, name);
    int64_t number;

    if (!text || !str_to_i64(str_of(text), &number) || number < 1 || number > max)
        return otherwise;
    return (int)number;
}

static bool open_transport(struct imds *imds, struct error *err)
{
    const struct aws_settings *s = imds->options.settings;
    const char *disabled = provider_env(s, "AWS_EC2_METADATA_DISABLED");

    if (disabled && strcasecmp(disabled, "true") == 0)
        return error_set(err, ERR_UNREACHABLE, "metadata: off by AWS_EC2_METADATA_DISABLED");
    if (imds->transport)
        return true;
    imds->timeout_ms =
        1000 * choose_number(s, "AWS_METADATA_SERVICE_TIMEOUT", TIMEOUT_MS / 1000, SECONDS_MAX);
    imds->attempts = choose_number(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, ATTEMPTS_MAX);
    return imds_url(s, &imds->url, err) && provider_connect(&imds->options, &imds->transport, err);
}

void imds_release(struct imds *imds)
{
    http_transport_free(imds->transport);
    imds->transport = NULL;
    secret_release(&imds->token);
}

/* --- the exchange --- */

static bool exchange(struct imds *imds, const char *method, const char *path, const char *header,
                     struct str value, struct http_response *response, struct error *err)
{
    struct http_options options = {.connect_timeout_ms = imds->timeout_ms,
                                   .timeout_ms = imds->timeout_ms,
                                   .response_limit_bytes = REPLY_LIMIT_BYTES};
    CLEANUP(http_request_release) struct http_request request = {0};
    CLEANUP(mem_freep) char *full = mem_printf("%s%s", imds->url.path, path);
    struct http_transport *t = imds->transport;

    http_request_set(&request, method, full, NULL);
    if (!http_headers_add(&request.headers, header, value, err))
        return error_wrap(err, "metadata");
    /* Both requests only read: each may be repeated. One that is there but in
     * trouble is asked again at once; one that is not there costs a timeout. */
    for (int i = 1;; i++) {
        if (t->send(t->self, &imds->url, &request, &options, response, err)) {
            if (response->status < 500 || i >= TROUBLE_ATTEMPTS)
                return true;
        } else if (i >= imds->attempts || err->code != ERR_UNREACHABLE) {
            return error_wrap(err, "metadata");
        }
    }
}

static bool get_token(struct imds *imds, struct error *err)
{
    CLEANUP(http_response_release) struct http_response response = {0};

    if (!exchange(imds, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", STR(TOKEN_TTL),
                  &response, err))
        return false;
    if (response.status == 400)
        return error_set(err, ERR_CONFIG, "metadata: the request for a token is refused as malformed");
    /* No fall-back to version 1, which answers whoever can make us ask. */
    if (response.status != 200 || response.body.len == 0)
        return error_set(err, ERR_UNREACHABLE, "metadata: no token, status %d", response.status);
    secret_set(&imds->token, str_trim(buf_str(&response.body)));
    return true;
}

bool imds_fetch(struct imds *imds, const char *path, struct buf *out, bool *found, struct error *err)
{
    CLEANUP(http_response_release) struct http_response response = {0};
    bool token_is_new = false;

    *found = false;
    if (!open_transport(imds, err))
        return false;
    for (;;) {
        if (imds->token.len == 0) {
            if (!get_token(imds, err))
                return false;
            token_is_new = true;
        }
        if (!exchange(imds, "GET", path, "X-aws-ec2-metadata-token", secret_str(&imds->token), &response,
                      err))
            return false;
        if (response.status != 401 || token_is_new)
            break;
        /* The token has run out: one new one. */
        secret_release(&imds->token);
    }
    if (response.status == 404)
        return true;
    if (response.status != 200) {
        secret_release(&imds->token);
        return error_set(err, ERR_UNREACHABLE, "metadata: status %d for %s", response.status, path);
    }
    buf_reset(out);
    buf_add(out, buf_str(&response.body));
    *found = true;
    return true;
}

bool imds_get(const struct aws_settings *settings, const char *path, struct buf *out, bool *found,
              struct error *err)
{
    CLEANUP(imds_release) struct imds imds = {.options = provider_options_of(settings, clock_system)};

    return imds_fetch(&imds, path, out, found, err);
}

/* --- credentials --- */

static bool read_credentials(struct str text, struct aws_credentials *out, struct error *err)
{
    static const struct key_names names = {"AccessKeyId", "SecretAccessKey", "Token", "AccountId"};
    CLEANUP(json_freep) struct json *reply = NULL;
    const char *code;
    int64_t expires_ms;

    if (!json_parse(text, NULL, &reply, err)) {
        /* The parser's message may show where a secret stands. */
        return error_set(err, ERR_CONFIG, "metadata: the reply about the role is not JSON");
    }
    code = json_get_text(reply, "Code");
    if (code[0] != '\0' && strcmp(code, "Success") != 0)
        return error_set(err, ERR_CONFIG, "metadata: no keys for the role: %s: %s", code,
                         json_get_text(reply, "Message"));
    if (!keys_read(reply, &names, out, err) || out->session_token.len == 0 ||
        !clock_parse_iso(json_str(json_get(reply, "Expiration")), &expires_ms))
        return error_set(err, ERR_CONFIG, "metadata: the reply about the role lacks keys or expiration");
    snprintf(out->provider, sizeof out->provider, "imds");
    out->expires_at_s = expires_ms / 1000;
    return true;
}

bool imds_credentials(struct imds *imds, struct aws_credentials *out, bool *found, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(buf_release) struct buf path = {0};
    struct str rest, role;

    if (!imds_fetch(imds, CREDENTIALS_PATH, &text, found, err))
        return false;
    if (!*found)
        return true;
    rest = buf_str(&text);
    if (!str_split(&rest, '\n', &role) || str_empty(str_trim(role))) {
        *found = false;
        return true;
    }
    buf_adds(&path, CREDENTIALS_PATH);
    uri_encode(str_trim(role), &path);
    if (!imds_fetch(imds, buf_text(&path), &text, found, err))
        return false;
    return !*found || read_credentials(buf_str(&text), out, err);
}

static bool source_fetch(void *self, struct aws_credentials *out, struct error *err)
{
    bool found;

    if (!imds_credentials(self, out, &found, err))
        return false;
    return found || error_set(err, ERR_CONFIG, "metadata: the instance has no role");
}

static void source_free(void *self)
{
    imds_release(self);
    mem_free(self);
}

struct credential_provider *provider_imds_new(const struct aws_settings *settings, struct clock clock)
{
    struct imds *imds = mem_alloc(sizeof *imds);

    imds->options = provider_options_of(settings, clock);
    return provider_cached_new((struct credential_source){source_fetch, source_free, imds}, clock);
}
