/* The second stage of verifying: is the claim true? */
#include "aws/auth/verdict.h"

#include "aws/auth/canonical.h"
#include "aws/common/clock.h"
#include "aws/crypto/digest.h"

#define MISMATCH_TEXT                                                                                        \
    "The request signature we calculated does not match the signature you provided. Check your AWS "         \
    "Secret Access Key and signing method. Consult the service documentation for details."

/* Worked with when the key is unknown: as long as a real one. */
#define NO_SECRET "0000000000000000000000000000000000000000"

static bool mismatch(struct sigv4_verdict *verdict, const char *text)
{
    return verdict_refuse(verdict, SIGV4_MISMATCH, "%s", text);
}

/* --- which headers are signed --- */

static bool is_listed(struct str list, struct str name)
{
    struct str listed;

    while (str_split(&list, ';', &listed))
        if (str_equal_ignore_case(listed, name))
            return true;
    return false;
}

/* Lower case and strictly ascending, as every signer writes it: so no header
 * is listed twice, and the list has one spelling. */
static bool is_ordered(struct str list)
{
    struct str previous = {0}, name;

    while (str_split(&list, ';', &name)) {
        if (str_empty(name) || (previous.data && str_compare(previous, name) >= 0))
            return false;
        for (size_t i = 0; i < name.len; i++)
            if (name.data[i] >= 'A' && name.data[i] <= 'Z')
                return false;
        previous = name;
    }
    return true;
}

static bool must_be_signed(struct str name, bool date_counts)
{
    return str_equal_ignore_case(str_slice(name, 0, 6), STR("x-amz-")) ||
           (date_counts && str_equal_ignore_case(name, STR("date")));
}

static bool check_headers(const struct http_request *req, const struct sigv4_claim *claim,
                          struct sigv4_verdict *verdict)
{
    bool date_counts = !claim->presigned && !http_headers_find(&req->headers, "X-Amz-Date");

    if (!is_listed(claim->signed_headers, STR("host")))
        return mismatch(verdict, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < req->headers.count; i++) {
        struct str name = str_of(req->headers.items[i].name);

        if (!must_be_signed(name, date_counts) || is_listed(claim->signed_headers, name))
            continue;
        return verdict_refuse(verdict, SIGV4_MISMATCH,
                              "'%.*s' must be a 'SignedHeader' in the AWS Authorization.", STR_ARG(name));
    }
    return is_ordered(claim->signed_headers) || mismatch(verdict, MISMATCH_TEXT);
}

/* --- scope --- */

static bool is_one_of(struct str text, const char *const *list)
{
    for (; *list; list++)
        if (str_is(text, *list))
            return true;
    return false;
}

static bool check_scope(const struct sigv4_claim *claim, const struct sigv4_expectation *want,
                        struct sigv4_verdict *verdict)
{
    struct str day = str_slice(claim->amz_date, 0, 8);
    CLEANUP(buf_release) struct buf text = {0};

    if (!is_one_of(claim->region, want->regions))
        buf_printf(&text, "Credential should be scoped to a valid region, not '%.*s'. ",
                   STR_ARG(claim->region));
    if (!str_is(claim->service, want->service))
        buf_printf(&text, "Credential should be scoped to correct service: '%s'. ", want->service);
    if (!str_is(claim->terminator, SIGV4_TERMINATOR))
        buf_printf(&text,
                   "Credential should be scoped with a valid terminator: '" SIGV4_TERMINATOR
                   "', not '%.*s'. ",
                   STR_ARG(claim->terminator));
    if (!str_equal(claim->date, day))
        buf_printf(
            &text,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'%.*s' != '%.*s', from '%.*s'. ",
            STR_ARG(claim->date), STR_ARG(day), STR_ARG(claim->amz_date));
    if (text.len == 0)
        return true;
    return verdict_refuse(verdict, SIGV4_MISMATCH, "%.*s", STR_ARG(str_trim(buf_str(&text))));
}

/* --- clock --- */

static bool check_clock(const struct sigv4_claim *claim, const struct sigv4_expectation *want,
                        struct sigv4_verdict *verdict)
{
    int64_t window_s = want->window_s, life_s = claim->presigned ? claim->expires_s : window_s;
    char now[17], edge[17];
    int64_t signed_at_s;

    /* read_claim has parsed it already. */
    if (!clock_parse_basic(claim->amz_date, &signed_at_s))
        return mismatch(verdict, MISMATCH_TEXT);
    clock_format_basic(want->now_s, now);
    if (signed_at_s < want->now_s - life_s) {
        clock_format_basic(want->now_s - life_s, edge);
        return verdict_refuse(verdict, SIGV4_SKEW,
                              "Signature expired: %.*s is now earlier than %s (%s - %lld min.)",
                              STR_ARG(claim->amz_date), edge, now, (long long)(life_s / 60));
    }
    if (signed_at_s > want->now_s + window_s) {
        clock_format_basic(want->now_s + window_s, edge);
        return verdict_refuse(verdict, SIGV4_SKEW,
                              "Signature not yet current: %.*s is still later than %s (%s + %lld min.)",
                              STR_ARG(claim->amz_date), edge, now, (long long)(window_s / 60));
    }
    return true;
}

/* --- signature --- */

/* "x-amz-content-sha256" may say no other than the hash of the body. */
static bool body_hash_agrees(const struct http_request *req)
{
    struct str claimed = str_trim(str_of(http_headers_find(&req->headers, "X-Amz-Content-Sha256")));
    char hash[SHA256_HEX];

    sha256_hex(buf_str(&req->body), hash);
    return str_empty(claimed) || str_is(claimed, hash);
}

static bool signature_agrees(const struct http_request *req, const struct sigv4_claim *claim,
                             struct str secret, bool keep_path)
{
    struct canonical_options options = {.service = claim->service,
                                        .keep_path = keep_path,
                                        .presigned = claim->presigned,
                                        .signed_headers = claim->signed_headers};
    CLEANUP(buf_release) struct buf canonical = {0};
    CLEANUP(buf_release) struct buf scope = {0};
    CLEANUP(buf_release) struct buf text = {0};
    char signature[SIGV4_SIGNATURE_HEX];

    if (!canonical_request(req, &options, &canonical))
        return false;
    buf_printf(&scope, "%.*s/%.*s/%.*s/%.*s", STR_ARG(claim->date), STR_ARG(claim->region),
               STR_ARG(claim->service), STR_ARG(claim->terminator));
    string_to_sign(claim->amz_date, buf_str(&scope), buf_str(&canonical), &text);
    signature_of(secret, claim->date, claim->region, claim->service, buf_str(&text), signature);
    return secret_equal(str_of(signature), claim->signature);
}

static bool refuse_token(enum sigv4_fault fault, const char *text, struct sigv4_verdict *verdict)
{
    return verdict_refuse(verdict, fault, "The security token included in the request is %s", text);
}

bool sigv4_verify(const struct http_request *req, const struct sigv4_claim *claim,
                  const struct aws_credentials *creds, const struct sigv4_expectation *want,
                  struct sigv4_verdict *verdict)
{
    /* All the work first, whatever it finds: how long a refusal takes must not
     * tell whether the key exists. */
    bool signed_rightly = signature_agrees(
        req, claim, creds ? secret_str(&creds->secret_access_key) : STR(NO_SECRET), want->keep_path);
    bool body_as_signed = body_hash_agrees(req);
    bool token_agrees =
        secret_equal(creds ? secret_str(&creds->session_token) : STR(""), claim->session_token);

    *verdict = (struct sigv4_verdict){.fault = SIGV4_OK};
    if (!creds || !token_agrees)
        return refuse_token(SIGV4_UNKNOWN_KEY, "invalid", verdict);
    if (creds->expires_at_s != 0 && creds->expires_at_s <= want->now_s)
        return refuse_token(SIGV4_EXPIRED_TOKEN, "expired", verdict);
    if (!check_headers(req, claim, verdict) || !check_scope(claim, want, verdict) ||
        !check_clock(claim, want, verdict))
        return false;
    return (signed_rightly && body_as_signed) || mismatch(verdict, MISMATCH_TEXT);
}
