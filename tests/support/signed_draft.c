#include "tests/support/signed_draft.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/crypto/digest.h"
#include "aws/http/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

enum { HEADERS_MAX = 16 };

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void put(struct draft *d, const char *name, const char *value)
{
    struct error err;

    assert_true(http_headers_set(&d->req.headers, name, str_of(value), &err));
}

static int compare_names(const void *a, const void *b)
{
    const struct http_header *x = a, *y = b;

    return strcasecmp(x->name, y->name);
}

static void add_lower(struct buf *out, const char *name)
{
    for (; *name; name++)
        buf_addc(out, *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name);
}

static void list_one(struct buf *list, const char *name)
{
    if (list->len)
        buf_addc(list, ';');
    add_lower(list, name);
}

/** The canonical headers and their list. */
static void canonical_headers(const struct draft *d, struct buf *headers, struct buf *list)
{
    struct http_header sorted[HEADERS_MAX] = {0}; /* texts of the request */
    size_t count = d->req.headers.count;

    assert_true(count <= HEADERS_MAX);
    for (size_t i = 0; i < count; i++)
        sorted[i] = d->req.headers.items[i];
    qsort(sorted, count, sizeof sorted[0], compare_names);
    if (d->listed_first)
        list_one(list, d->listed_first);
    for (size_t i = 0; i < count; i++) {
        const char *name = sorted[i].name;

        if (d->unlisted && strcasecmp(name, d->unlisted) == 0)
            continue;
        add_lower(headers, name);
        buf_printf(headers, ":%s\n", sorted[i].value);
        if (d->listed_first && strcasecmp(name, d->listed_first) == 0)
            continue;
        list_one(list, name);
        if (d->listed_twice && strcasecmp(name, d->listed_twice) == 0)
            list_one(list, name);
    }
    if (d->listed_but_absent) {
        list_one(list, d->listed_but_absent);
        buf_printf(headers, "%s:\n", d->listed_but_absent);
    }
}

static void add_pair(struct buf *query, const char *name, struct str value)
{
    buf_printf(query, "%s%s=", query->len ? "&" : "", name);
    uri_encode(value, query);
}

/** The presigned parameters, which happen to be in order. */
static void write_query(const struct draft *d, const char *date, struct str credential, struct str list,
                        struct buf *query)
{
    buf_adds(query, or_else(d->req.query, ""));
    add_pair(query, "X-Amz-Algorithm", str_of(or_else(d->algorithm, "AWS4-HMAC-SHA256")));
    add_pair(query, "X-Amz-Credential", credential);
    add_pair(query, "X-Amz-Date", str_of(date));
    add_pair(query, "X-Amz-Expires", str_of(or_else(d->expires, "60")));
    if (d->token)
        add_pair(query, "X-Amz-Security-Token", str_of(d->token));
    add_pair(query, "X-Amz-SignedHeaders", list);
}

static void signature_hex(const struct draft *d, const char *const scope[4], const char *date,
                          struct str canonical, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0}, key = {0};
    unsigned char bytes[SHA256_BYTES];
    char hash[SHA256_HEX];

    sha256_hex(canonical, hash);
    buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/%s\n%s", date, scope[0], scope[1], scope[2], scope[3],
               hash);
    buf_printf(&key, "AWS4%s", d->secret);
    for (size_t i = 0; i < 4; i++) {
        hmac_sha256(buf_str(&key), str_of(scope[i]), bytes);
        buf_reset(&key);
        buf_add(&key, (struct str){(const char *)bytes, sizeof bytes});
    }
    hmac_sha256(buf_str(&key), buf_str(&text), bytes);
    buf_add_hex(out, bytes, sizeof bytes);
}

static void finish(struct draft *d, const struct buf *credential, const struct buf *list, struct buf *query,
                   const struct buf *signature)
{
    CLEANUP(buf_release) struct buf authorization = {0};

    if (d->presigned) {
        CLEANUP(mem_freep) char *method = mem_dup(d->req.method), *path = mem_dup(d->req.path);

        add_pair(query, "X-Amz-Signature", buf_str(signature));
        http_request_set(&d->req, method, path, buf_text(query));
        return;
    }
    buf_printf(&authorization, "%s Credential=%s, SignedHeaders=%s, Signature=%s",
               or_else(d->algorithm, "AWS4-HMAC-SHA256"), buf_text(credential), buf_text(list),
               buf_text(signature));
    put(d, "Authorization", buf_text(&authorization));
}

void draft_sign(struct draft *d)
{
    CLEANUP(buf_release) struct buf headers = {0}, list = {0}, query = {0}, credential = {0};
    CLEANUP(buf_release) struct buf canonical = {0}, signature = {0};
    char now[32], day[9], hash[SHA256_HEX];
    const char *date, *scope[4];

    clock_format_basic(d->now_s, now);
    date = or_else(d->date, now);
    memcpy(day, now, 8);
    day[8] = '\0';
    scope[0] = or_else(d->scope_date, day);
    scope[1] = d->region;
    scope[2] = d->service;
    scope[3] = or_else(d->terminator, "aws4_request");
    if (!d->presigned) {
        put(d, "X-Amz-Date", date);
        if (d->token)
            put(d, "X-Amz-Security-Token", d->token);
    }
    if (d->content_hash)
        put(d, "X-Amz-Content-Sha256", d->content_hash);
    sha256_hex(buf_str(&d->req.body), hash);
    canonical_headers(d, &headers, &list);
    buf_printf(&credential, "%s/%s/%s/%s/%s", d->key, scope[0], scope[1], scope[2], scope[3]);
    if (d->presigned)
        write_query(d, date, buf_str(&credential), buf_str(&list), &query);
    else
        buf_adds(&query, or_else(d->req.query, ""));
    buf_printf(&canonical, "%s\n%s\n%s\n%s\n%s\n%s", or_else(d->signed_method, d->req.method), d->req.path,
               buf_text(&query), buf_text(&headers), buf_text(&list), or_else(d->content_hash, hash));
    signature_hex(d, scope, date, buf_str(&canonical), &signature);
    finish(d, &credential, &list, &query, &signature);
}

void draft_release(struct draft *d)
{
    http_request_release(&d->req);
}
