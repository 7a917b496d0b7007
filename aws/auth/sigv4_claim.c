/* The first stage of verifying: what does the request claim? */
#include "aws/auth/verdict.h"

#include "aws/auth/canonical.h"
#include "aws/common/clock.h"
#include "aws/http/uri.h"

#include <stdio.h>

#define PRESIGNED_MAX_S 604800

/* Without the white space around it, which is not part of a header's value. */
static struct str header_of(const struct http_request *req, const char *name)
{
    return str_trim(str_of(http_headers_find(&req->headers, name)));
}

/* --- the parameters, from the header or from the query --- */

static bool check_algorithm(struct str algorithm, struct sigv4_verdict *verdict)
{
    return str_is(algorithm, SIGV4_ALGORITHM) ||
           verdict_refuse(verdict, SIGV4_INCOMPLETE, "Unsupported AWS 'algorithm': '%.*s'.",
                          STR_ARG(algorithm));
}

/* keyid/date/region/service/term */
static bool cut_credential(struct str credential, struct sigv4_claim *claim, struct sigv4_verdict *verdict)
{
    struct str *const parts[] = {&claim->access_key_id, &claim->date, &claim->region, &claim->service,
                                 &claim->terminator};
    struct str rest = credential, part;
    size_t count = 0;

    while (str_split(&rest, '/', &part)) {
        if (count < ARRAY_LEN(parts))
            *parts[count] = part;
        count++;
    }
    return count == ARRAY_LEN(parts) ||
           verdict_refuse(verdict, SIGV4_INCOMPLETE,
                          "Credential must have exactly 5 slash-delimited elements, e.g. "
                          "keyid/date/region/service/term, got '%.*s'",
                          STR_ARG(credential));
}

static bool check_date(const struct sigv4_claim *claim, struct sigv4_verdict *verdict)
{
    int64_t ignored;

    return clock_parse_basic(claim->amz_date, &ignored) ||
           verdict_refuse(verdict, SIGV4_INCOMPLETE,
                          "Date must be in ISO-8601 'basic format'. Got '%.*s'. See "
                          "http://en.wikipedia.org/wiki/ISO_8601",
                          STR_ARG(claim->amz_date));
}

/* --- Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=… --- */

struct fields {
    struct str credential, signed_headers, signature;
};

static bool cut_fields(struct str text, struct fields *out)
{
    const struct {
        struct str name;
        struct str *value;
    } table[] = {
        {STR("Credential"), &out->credential},
        {STR("SignedHeaders"), &out->signed_headers},
        {STR("Signature"), &out->signature},
    };
    struct str part;

    if (str_empty(str_trim(text)))
        return true; /* each of them is missing */
    while (str_split(&text, ',', &part)) {
        size_t equals, i;

        part = str_trim(part);
        equals = str_find_char(part, '=');
        for (i = 0; i < ARRAY_LEN(table); i++)
            if (str_equal(str_slice(part, 0, equals), table[i].name))
                break;
        /* A field that is unknown or comes twice: not ours to guess at. */
        if (i == ARRAY_LEN(table) || equals == part.len || !str_empty(*table[i].value))
            return false;
        *table[i].value = str_slice(part, equals + 1, part.len);
    }
    return true;
}

static bool missing_fields(const struct fields *fields, bool dated, struct str header,
                           struct sigv4_verdict *verdict)
{
    const struct {
        bool there;
        const char *text;
    } table[] = {
        {!str_empty(fields->credential), "Authorization header requires 'Credential' parameter. "},
        {!str_empty(fields->signature), "Authorization header requires 'Signature' parameter. "},
        {!str_empty(fields->signed_headers), "Authorization header requires 'SignedHeaders' parameter. "},
        {dated, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "},
    };
    char text[400] = "";
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (!table[i].there)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", table[i].text);
    if (len == 0)
        return false;
    return !verdict_refuse(verdict, SIGV4_INCOMPLETE, "%sAuthorization=%.*s", text, STR_ARG(header));
}

/* Each at most once: with two nobody could say which one counts. */
static bool check_once(const struct http_request *req, struct sigv4_verdict *verdict)
{
    static const char *const names[] = {
        "Authorization", "Host", "X-Amz-Date", "Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (http_headers_count(&req->headers, names[i]) > 1)
            return verdict_refuse(verdict, SIGV4_INCOMPLETE, "Header '%s' may be given only once.", names[i]);
    return true;
}

static bool read_header(const struct http_request *req, struct str header, struct sigv4_claim *claim,
                        struct sigv4_verdict *verdict)
{
    struct fields fields = {0};
    size_t space = str_find_char(header, ' ');

    if (!check_algorithm(str_slice(header, 0, space), verdict))
        return false;
    claim->amz_date = header_of(req, "X-Amz-Date");
    if (str_empty(claim->amz_date))
        claim->amz_date = header_of(req, "Date");
    claim->session_token = header_of(req, "X-Amz-Security-Token");
    if (!cut_fields(str_slice(header, space, header.len), &fields))
        return verdict_refuse(verdict, SIGV4_INCOMPLETE,
                              "Authorization header is malformed. Authorization=%.*s", STR_ARG(header));
    if (missing_fields(&fields, !str_empty(claim->amz_date), header, verdict))
        return false;
    claim->signed_headers = fields.signed_headers;
    claim->signature = fields.signature;
    return cut_credential(fields.credential, claim, verdict) && check_date(claim, verdict);
}

/* --- the presigned query --- */

/* The value of a parameter, decoded into claim->decoded from *used on. False
 * when it is absent, comes twice, is badly escaped or does not fit. */
static bool take_parameter(const struct http_request *req, const char *name, struct sigv4_claim *claim,
                           size_t *used, struct str *out)
{
    CLEANUP(buf_release) struct buf value = {.limit_bytes = sizeof claim->decoded};
    struct str rest = str_of(req->query), key, raw;
    struct error ignored = {0};
    size_t count = 0;

    while (!str_empty(rest) && uri_next_pair(&rest, &key, &raw)) {
        if (!str_is(key, name))
            continue;
        if (++count > 1 || !uri_decode(raw, false, &value, &ignored))
            return false;
    }
    if (count == 0 || value.overflow || value.len > sizeof claim->decoded - *used)
        return false;
    if (value.len > 0)
        memcpy(claim->decoded + *used, value.data, value.len);
    *out = (struct str){claim->decoded + *used, value.len};
    *used += value.len;
    return true;
}

static bool has_parameter(const struct http_request *req, const char *name)
{
    struct str rest = str_of(req->query), key, raw;

    while (!str_empty(rest) && uri_next_pair(&rest, &key, &raw))
        if (str_is(key, name))
            return true;
    return false;
}

static bool read_query(const struct http_request *req, struct sigv4_claim *claim,
                       struct sigv4_verdict *verdict)
{
    struct str algorithm = {0}, credential = {0}, expires = {0};
    const struct {
        const char *name;
        struct str *value;
    } table[] = {
        {"X-Amz-Algorithm", &algorithm},        {"X-Amz-Credential", &credential},
        {"X-Amz-Signature", &claim->signature}, {"X-Amz-SignedHeaders", &claim->signed_headers},
        {"X-Amz-Date", &claim->amz_date},       {"X-Amz-Expires", &expires},
    };
    size_t used = 0;

    claim->presigned = true;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (!take_parameter(req, table[i].name, claim, &used, table[i].value))
            return verdict_refuse(verdict, SIGV4_INCOMPLETE,
                                  "AWS query-string parameters must include '%s', once.", table[i].name);
    if (has_parameter(req, "X-Amz-Security-Token") &&
        !take_parameter(req, "X-Amz-Security-Token", claim, &used, &claim->session_token))
        return verdict_refuse(verdict, SIGV4_INCOMPLETE, "X-Amz-Security-Token may be given only once.");
    if (!str_to_i64(expires, &claim->expires_s) || claim->expires_s < 1 || claim->expires_s > PRESIGNED_MAX_S)
        return verdict_refuse(verdict, SIGV4_INCOMPLETE,
                              "X-Amz-Expires must be a number from 1 to 604800, got '%.*s'",
                              STR_ARG(expires));
    return check_algorithm(algorithm, verdict) && cut_credential(credential, claim, verdict) &&
           check_date(claim, verdict);
}

bool sigv4_read_claim(const struct http_request *req, struct sigv4_claim *claim,
                      struct sigv4_verdict *verdict)
{
    struct str header = header_of(req, "Authorization");
    bool in_query = has_parameter(req, "X-Amz-Algorithm");

    *claim = (struct sigv4_claim){0};
    *verdict = (struct sigv4_verdict){.fault = SIGV4_OK};
    if (!str_empty(header) && in_query)
        return verdict_refuse(
            verdict, SIGV4_BOTH_FORMS,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
    if (!in_query && !str_starts(header, STR("AWS4-")))
        return verdict_refuse(verdict, SIGV4_MISSING_TOKEN, "Request is missing Authentication Token");
    if (!check_once(req, verdict))
        return false;
    return in_query ? read_query(req, claim, verdict) : read_header(req, header, claim, verdict);
}
