#include "aws/auth/canonical.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"
#include "aws/http/uri.h"

#include <stdlib.h>
#include <strings.h>

/* --- path --- */

/* Removes "." and ".." and joins repeated slashes, as botocore's
 * remove_dot_segments does: a slash at the end stays only if it was there. */
static void normalise_path(struct str path, struct buf *out)
{
    bool ends_in_slash = str_ends(path, STR("/"));
    struct str segment;

    while (str_split(&path, '/', &segment)) {
        if (str_empty(segment) || str_is(segment, "."))
            continue;
        if (!str_is(segment, "..")) {
            buf_addc(out, '/');
            buf_add(out, segment);
            continue;
        }
        while (out->len > 0 && out->data[--out->len] != '/')
            ;
    }
    if (ends_in_slash || out->len == 0)
        buf_addc(out, '/');
}

static void add_path(const struct http_request *req, const struct canonical_options *options, struct buf *out)
{
    CLEANUP(buf_release) struct buf normal = {0};
    struct str path = str_of(req->path);

    if (str_empty(path))
        path = STR("/");
    if (str_is(options->service, "s3")) {
        buf_add(out, path);
        return;
    }
    if (!options->keep_path) {
        normalise_path(path, &normal);
        path = buf_str(&normal);
    }
    uri_encode_path(path, out);
}

/* --- query --- */

struct pair {
    struct str name, value;   /* encoded */
    size_t name_at, value_at; /* where they begin in the text buffer */
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* What is already escaped on the wire stays as it is; the rest is escaped. */
static void add_escaped(struct str raw, struct buf *out)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] == '%' && raw.len - i > 2 && is_hex(raw.data[i + 1]) && is_hex(raw.data[i + 2])) {
            buf_add(out, str_slice(raw, i, 3));
            i += 2;
        } else {
            uri_encode(str_slice(raw, i, 1), out);
        }
    }
}

static int compare_pairs(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = str_compare(a->name, b->name);

    return order != 0 ? order : str_compare(a->value, b->value);
}

static void add_query(const struct http_request *req, bool presigned, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest = str_of(req->query), name, value;
    struct pair *pairs = NULL;
    size_t count = 0, cap = 0;

    while (!str_empty(rest) && uri_next_pair(&rest, &name, &value)) {
        if (presigned && str_is(name, "X-Amz-Signature"))
            continue;
        mem_grow(&pairs, &cap, count, sizeof pairs[0]);
        pairs[count].name_at = text.len;
        add_escaped(name, &text);
        pairs[count].value_at = text.len;
        add_escaped(value, &text);
        pairs[count].name.len = pairs[count].value_at - pairs[count].name_at;
        pairs[count].value.len = text.len - pairs[count].value_at;
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i].name.data = buf_text(&text) + pairs[i].name_at;
        pairs[i].value.data = buf_text(&text) + pairs[i].value_at;
    }
    if (count > 1)
        qsort(pairs, count, sizeof pairs[0], compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_addc(out, '&');
        buf_add(out, pairs[i].name);
        buf_addc(out, '=');
        buf_add(out, pairs[i].value);
    }
    mem_free(pairs);
}

/* --- headers --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void add_value(struct str value, struct buf *out)
{
    bool space = false;

    value = str_trim(value);
    for (size_t i = 0; i < value.len; i++) {
        if (is_space(value.data[i])) {
            space = true;
            continue;
        }
        if (space)
            buf_addc(out, ' ');
        space = false;
        buf_addc(out, value.data[i]);
    }
}

static bool add_header(const struct http_headers *headers, struct str name, struct buf *out)
{
    bool found = false;

    for (size_t i = 0; i < headers->count; i++) {
        if (!str_equal_ignore_case(str_of(headers->items[i].name), name))
            continue;
        if (!found)
            buf_add(out, name);
        buf_addc(out, found ? ',' : ':');
        add_value(str_of(headers->items[i].value), out);
        found = true;
    }
    buf_addc(out, '\n');
    return found;
}

/* --- the stages --- */

bool canonical_request(const struct http_request *req, const struct canonical_options *options,
                       struct buf *out)
{
    struct str rest = options->signed_headers, name;
    char hash[SHA256_HEX];

    buf_adds(out, req->method);
    buf_addc(out, '\n');
    add_path(req, options, out);
    buf_addc(out, '\n');
    add_query(req, options->presigned, out);
    buf_addc(out, '\n');
    while (str_split(&rest, ';', &name))
        if (!add_header(&req->headers, name, out))
            return false;
    buf_addc(out, '\n');
    buf_add(out, options->signed_headers);
    buf_addc(out, '\n');
    sha256_hex(buf_str(&req->body), hash);
    buf_adds(out, hash);
    return true;
}

void string_to_sign(struct str amz_date, struct str scope, struct str canonical, struct buf *out)
{
    char hash[SHA256_HEX];

    sha256_hex(canonical, hash);
    buf_printf(out, SIGV4_ALGORITHM "\n%.*s\n%.*s\n%s", STR_ARG(amz_date), STR_ARG(scope), hash);
}

void signature_of(struct str secret, struct str date, struct str region, struct str service, struct str text,
                  char out[SIGV4_SIGNATURE_HEX])
{
    const struct str parts[] = {date, region, service, STR(SIGV4_TERMINATOR), text};
    CLEANUP(buf_release) struct buf start = {0};
    CLEANUP(buf_release) struct buf hex = {0};
    unsigned char key[SHA256_BYTES] = {0}, next[SHA256_BYTES] = {0};
    struct str with;

    buf_adds(&start, "AWS4");
    buf_add(&start, secret);
    with = buf_str(&start);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        hmac_sha256(with, parts[i], next);
        memcpy(key, next, sizeof key);
        with = (struct str){(const char *)key, sizeof key};
    }
    buf_add_hex(&hex, key, sizeof key);
    memcpy(out, buf_text(&hex), SIGV4_SIGNATURE_HEX - 1);
    out[SIGV4_SIGNATURE_HEX - 1] = '\0';
    mem_wipe(key, sizeof key);
    mem_wipe(next, sizeof next);
}
