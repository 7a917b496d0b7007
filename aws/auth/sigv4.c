#include "aws/auth/sigv4.h"

#include "aws/auth/canonical.h"
#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#include <stdlib.h>

/* Facts 6.1, point 5: changed on the way, or the client library's own. */
static const char *const never_signed[] = {
    "authorization",      "connection",          "expect",  "keep-alive",
    "proxy-authenticate", "proxy-authorization", "te",      "trailer",
    "user-agent",         "transfer-encoding",   "upgrade", "x-amzn-trace-id",
};

void sigv4_stages_release(struct sigv4_stages *s)
{
    buf_release(&s->canonical_request);
    buf_release(&s->string_to_sign);
    buf_release(&s->signed_headers);
    s->signature[0] = '\0';
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool is_signed(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(never_signed); i++)
        if (str_equal_ignore_case(name, str_of(never_signed[i])))
            return false;
    return true;
}

/* "host;x-amz-date": lower case, sorted, each once. */
static void list_headers(const struct http_headers *headers, struct buf *out)
{
    char **names = mem_array(headers->count + 1, sizeof names[0]);
    size_t count = 0;

    for (size_t i = 0; i < headers->count; i++) {
        if (!is_signed(str_of(headers->items[i].name)))
            continue;
        names[count] = mem_dup(headers->items[i].name);
        for (char *c = names[count]; *c != '\0'; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        count++;
    }
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        if (out->len > 0)
            buf_addc(out, ';');
        buf_adds(out, names[i]);
    }
    for (size_t i = 0; i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

/* The headers that signing adds before the canonical request is made. */
static bool add_headers(struct http_headers *headers, const struct http_request *req,
                        const struct aws_credentials *creds, const struct sigv4_flags *flags, int64_t now_s,
                        struct error *err)
{
    char date[17], hash[SHA256_HEX];

    clock_format_basic(now_s, date);
    if (creds->session_token.len > 0 && !flags->omit_session_token &&
        !http_headers_set(headers, "X-Amz-Security-Token", secret_str(&creds->session_token), err))
        return false;
    if (!http_headers_find(headers, "X-Amz-Date") &&
        !http_headers_add(headers, "X-Amz-Date", str_of(date), err))
        return false;
    if (!flags->sign_body)
        return true;
    sha256_hex(buf_str(&req->body), hash);
    return http_headers_set(headers, "x-amz-content-sha256", str_of(hash), err);
}

static bool sign_with(struct http_request *req, const struct aws_credentials *creds,
                      const struct sigv4_scope *scope, const struct sigv4_flags *flags,
                      struct sigv4_stages *stages, struct error *err)
{
    CLEANUP(buf_release) struct buf full_scope = {0};
    CLEANUP(buf_release) struct buf authorization = {0};
    struct str amz_date = str_of(http_headers_find(&req->headers, "X-Amz-Date"));
    struct canonical_options options = {.service = str_of(scope->service), .keep_path = flags->keep_path};
    int64_t ignored;

    if (!clock_parse_basic(amz_date, &ignored))
        return error_set(err, ERR_USAGE, "sign: X-Amz-Date is not in the form YYYYMMDDTHHMMSSZ");
    list_headers(&req->headers, &stages->signed_headers);
    options.signed_headers = buf_str(&stages->signed_headers);
    if (!canonical_request(req, &options, &stages->canonical_request))
        return error_set(err, ERR_BUG, "sign: a header to be signed is not there");
    buf_printf(&full_scope, "%.8s/%s/%s/" SIGV4_TERMINATOR, amz_date.data, scope->region, scope->service);
    string_to_sign(amz_date, buf_str(&full_scope), buf_str(&stages->canonical_request),
                   &stages->string_to_sign);
    signature_of(secret_str(&creds->secret_access_key), str_slice(amz_date, 0, 8), str_of(scope->region),
                 str_of(scope->service), buf_str(&stages->string_to_sign), stages->signature);
    buf_printf(&authorization, SIGV4_ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
               creds->access_key_id, buf_text(&full_scope), buf_text(&stages->signed_headers),
               stages->signature);
    return http_headers_add(&req->headers, "Authorization", buf_str(&authorization), err);
}

static bool copy_headers(struct http_headers *to, const struct http_headers *from, struct error *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (!http_headers_add(to, from->items[i].name, str_of(from->items[i].value), err))
            return false;
    return true;
}

bool sigv4_sign(struct http_request *req, const struct aws_credentials *creds,
                const struct sigv4_scope *scope, const struct sigv4_flags *flags, int64_t now_s,
                struct sigv4_stages *stages, struct error *err)
{
    CLEANUP(sigv4_stages_release) struct sigv4_stages own = {0};
    static const struct sigv4_flags none = {0};
    struct http_headers before = req->headers, headers = {0};

    if (!stages)
        stages = &own;
    if (!flags)
        flags = &none;
    if (!http_headers_find(&req->headers, "Host"))
        return error_set(err, ERR_USAGE, "sign: Host is not set");
    if (http_headers_find(&req->headers, "Authorization"))
        return error_set(err, ERR_USAGE, "sign: Authorization is already set");
    sigv4_stages_release(stages);
    if (!copy_headers(&headers, &before, err) || !add_headers(&headers, req, creds, flags, now_s, err)) {
        http_headers_release(&headers);
        return false;
    }
    /* The request carries the new headers while it is signed; after a failure
     * it has its old ones back. */
    req->headers = headers;
    if (!sign_with(req, creds, scope, flags, stages, err) ||
        (flags->omit_session_token && creds->session_token.len > 0 &&
         !http_headers_set(&req->headers, "X-Amz-Security-Token", secret_str(&creds->session_token), err))) {
        http_headers_release(&req->headers);
        req->headers = before;
        return false;
    }
    http_headers_release(&before);
    return true;
}
