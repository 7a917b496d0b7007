/* IAM Identity Center: a cached token of `aws sso login`, renewed when that is
 * possible, buys keys for a role. Facts 5.2. */
#include "aws/provider/source.h"

#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#include <stdio.h>

#define CACHE_LIMIT_BYTES (64u << 10)
#define REPLY_LIMIT_BYTES (256u << 10)
#define TIMEOUT_MS 10000
#define ATTEMPTS 3
#define RENEW_BEFORE_MS (INT64_C(15) * 60 * 1000)

/* Not in the model: neither call is signed, and nothing else of them is used. */
static const struct aws_service portal = {.id = "sso",
                                          .env_suffix = "SSO",
                                          .config_id = "sso",
                                          .endpoint_prefix = "portal.sso",
                                          .signing_name = "awsssoportal"};
static const struct aws_service oidc = {.id = "sso-oidc",
                                        .env_suffix = "SSO_OIDC",
                                        .config_id = "sso_oidc",
                                        .endpoint_prefix = "oidc",
                                        .signing_name = "sso-oauth"};

struct sso {
    const struct provider_options *options;
    const char *profile_name;
    const char *region, *start_url, *account, *role;
    const char *cache_name; /* what the file is named after */
    char *path;
    struct json *token; /* the cache file */
};

static void sso_release(struct sso *sso)
{
    mem_free(sso->path);
    json_free(sso->token);
}

static bool ask_to_log_in(const struct sso *sso, const char *why, struct error *err)
{
    return error_set(err, ERR_CONFIG, "SSO: %s: run `aws sso login --profile %s`", why, sso->profile_name);
}

/* --- the cache --- */

static bool read_cache(struct sso *sso, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    const char *home = provider_env(sso->options->settings, "HOME");
    char name[SHA1_HEX];

    if (!home)
        return error_set(err, ERR_CONFIG, "SSO: HOME is not set");
    sha1_hex(str_of(sso->cache_name), name);
    sso->path = mem_printf("%s/.aws/sso/cache/%s.json", home, name);
    if (!file_read(sso->path, CACHE_LIMIT_BYTES, &text, err)) {
        CLEANUP(mem_freep) char *why = mem_dup(err->message);

        return ask_to_log_in(sso, why, err);
    }
    if (!json_parse(buf_str(&text), NULL, &sso->token, err) || !profile_get(sso->token, "accessToken"))
        return ask_to_log_in(sso, "the cached token cannot be read", err);
    return true;
}

/* --- exchanges --- */

static bool exchange(const struct sso *sso, const struct aws_service *service, struct http_request *request,
                     struct http_response *response, struct error *err)
{
    static const struct http_options options = {.timeout_ms = TIMEOUT_MS,
                                                .response_limit_bytes = REPLY_LIMIT_BYTES};
    struct aws_settings settings = *sso->options->settings; /* the same, in the token's region */
    CLEANUP(mem_freep) char *path = NULL;
    struct aws_endpoint endpoint;
    struct http_transport *t;
    bool ok = false;

    if (strlen(sso->region) >= sizeof settings.region)
        return error_set(err, ERR_CONFIG, "sso_region is too long");
    snprintf(settings.region, sizeof settings.region, "%s", sso->region);
    if (!aws_endpoint_resolve(&settings, service, &endpoint, err))
        return false;
    path = mem_printf("%s%s", endpoint.url.path, request->path);
    http_request_set(request, request->method, path, request->query);
    if (!provider_connect(sso->options, &t, err))
        return false;
    for (int i = 0; i < ATTEMPTS && !ok; i++) {
        ok = t->send(t->self, &endpoint.url, request, &options, response, err);
        if (!ok && err->code != ERR_UNREACHABLE)
            break;
        if (ok && response->status >= 500 && i + 1 < ATTEMPTS)
            ok = false;
    }
    http_transport_free(t);
    return ok;
}

static bool read_reply(const struct sso *sso, const struct http_response *response, struct json **out,
                       struct error *err)
{
    if (response->status == 401 || response->status == 400)
        return ask_to_log_in(sso, "the token is no longer accepted", err);
    if (response->status != 200)
        return error_set(err, ERR_CONFIG, "SSO: role %s of account %s: status %d", sso->role, sso->account,
                         response->status);
    /* The parser's message may show where a secret stands. */
    return json_parse(buf_str(&response->body), NULL, out, err) ||
           error_set(err, ERR_CONFIG, "SSO: the reply is not JSON");
}

/* --- renewing the token --- */

static void keep_token(struct sso *sso, const struct json *reply)
{
    CLEANUP(buf_release) struct buf text = {0};
    int64_t now_s = clock_wall_ms(&sso->options->clock) / 1000;
    char expires[21];
    struct error err = {0};

    clock_format_iso(now_s + json_int(json_get(reply, "expiresIn"), 0), expires);
    json_put_text(sso->token, "accessToken", json_get_text(reply, "accessToken"));
    json_put_text(sso->token, "expiresAt", expires);
    if (profile_get(reply, "refreshToken"))
        json_put_text(sso->token, "refreshToken", json_get_text(reply, "refreshToken"));
    json_write(sso->token, &text);
    /* The new token is good even where it cannot be kept. */
    if (!file_replace(sso->path, buf_str(&text), &err))
        log_warn("SSO: the renewed token is not kept: %s", err.message);
}

static bool can_renew(const struct sso *sso)
{
    static const char *const needed[] = {"refreshToken", "clientId", "clientSecret"};
    int64_t now_ms = clock_wall_ms(&sso->options->clock), ends_ms = 0;
    struct str ends = json_str(json_get(sso->token, "registrationExpiresAt"));

    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (!profile_get(sso->token, needed[i]))
            return false;
    return str_empty(ends) || (clock_parse_iso(ends, &ends_ms) && ends_ms > now_ms);
}

static bool renew(struct sso *sso, struct error *err)
{
    CLEANUP(http_request_release) struct http_request request = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(json_freep)
    struct json *in = json_of("grantType", "refresh_token", "clientId", json_get_text(sso->token, "clientId"),
                              "clientSecret", json_get_text(sso->token, "clientSecret"), "refreshToken",
                              json_get_text(sso->token, "refreshToken"), NULL);

    http_request_set(&request, "POST", "/token", NULL);
    json_write(in, &request.body);
    if (!http_headers_add(&request.headers, "Content-Type", STR("application/json"), err) ||
        !exchange(sso, &oidc, &request, &response, err) || !read_reply(sso, &response, &reply, err))
        return false;
    if (!profile_get(reply, "accessToken"))
        return ask_to_log_in(sso, "the renewal gave no token", err);
    keep_token(sso, reply);
    return true;
}

static bool make_current(struct sso *sso, struct error *err)
{
    int64_t now_ms = clock_wall_ms(&sso->options->clock), ends_ms = 0;
    struct error not_urgent = {0};

    if (!clock_parse_iso(json_str(json_get(sso->token, "expiresAt")), &ends_ms))
        return ask_to_log_in(sso, "the cached token has no expiry", err);
    if (ends_ms - now_ms > RENEW_BEFORE_MS)
        return true;
    if (can_renew(sso) && renew(sso, &not_urgent))
        return true;
    if (ends_ms > now_ms)
        return true;
    return ask_to_log_in(sso, "the token has expired", err);
}

/* --- keys --- */

static bool get_keys(const struct sso *sso, struct aws_credentials *out, struct error *err)
{
    static const struct key_names names = {"accessKeyId", "secretAccessKey", "sessionToken", NULL};
    CLEANUP(http_request_release) struct http_request request = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(buf_release) struct buf query = {0};
    const struct json *keys;

    buf_adds(&query, "role_name=");
    uri_encode(str_of(sso->role), &query);
    buf_adds(&query, "&account_id=");
    uri_encode(str_of(sso->account), &query);
    http_request_set(&request, "GET", "/federation/credentials", buf_text(&query));
    if (!http_headers_add(&request.headers, "x-amz-sso_bearer_token",
                          json_str(json_get(sso->token, "accessToken")), err) ||
        !exchange(sso, &portal, &request, &response, err) || !read_reply(sso, &response, &reply, err))
        return false;
    keys = json_get(reply, "roleCredentials");
    if (!keys_read(keys, &names, out, err))
        return error_wrap(err, "SSO");
    out->expires_at_s = json_int(json_get(keys, "expiration"), 0) / 1000;
    snprintf(out->account_id, sizeof out->account_id, "%.12s", sso->account);
    return true;
}

bool sso_keys(const struct provider_options *o, const struct json *profile, const char *name,
              struct aws_credentials *out, struct error *err)
{
    const char *session_name = profile_get(profile, "sso_session");
    const struct json *session =
        session_name ? json_get(json_get(o->settings->files, "sso_sessions"), session_name) : profile;
    CLEANUP(sso_release)
    struct sso sso = {.options = o,
                      .profile_name = name,
                      .region = json_get_text(session, "sso_region"),
                      .start_url = json_get_text(session, "sso_start_url"),
                      .account = json_get_text(profile, "sso_account_id"),
                      .role = json_get_text(profile, "sso_role_name")};

    if (sso.account[0] == '\0' || sso.role[0] == '\0')
        return error_set(
            err, ERR_CONFIG,
            "profile '%s' has no sso_account_id and sso_role_name: selected profile will resolve "
            "an access token instead of credentials",
            name);
    sso.cache_name = session_name ? session_name : sso.start_url;
    return read_cache(&sso, err) && make_current(&sso, err) && get_keys(&sso, out, err);
}
