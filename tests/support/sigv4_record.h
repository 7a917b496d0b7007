/* Reads a record of vectors/sigv4, for the probe and for the test that replays
 * them. Static functions, since the two are not linked from the same objects. */
#ifndef TESTS_SUPPORT_SIGV4_RECORD_H
#define TESTS_SUPPORT_SIGV4_RECORD_H

#include "aws/auth/sigv4.h"
#include "aws/common/clock.h"
#include "aws/common/json.h"
#include "aws/common/mem.h"

/* context is borrowed from the record's JSON. */
struct sigv4_record {
    const struct json *context;
    struct http_request request;
    struct aws_credentials creds;
    struct sigv4_scope scope;
    int64_t now_s;
};

static void sigv4_record_release(struct sigv4_record *r)
{
    http_request_release(&r->request);
    aws_credentials_release(&r->creds);
}

/* "GET /a b?c=d HTTP/1.1", split at the first and the last space. */
static bool read_request_line(struct str line, struct http_request *out)
{
    size_t first = str_find_char(line, ' '), last = line.len;

    while (last > 0 && line.data[last - 1] != ' ')
        last--;
    if (last == 0 || last - 1 <= first)
        return false;
    struct str target = str_slice(line, first + 1, last - first - 2);
    size_t question = str_find_char(target, '?');
    CLEANUP(mem_freep) char *method = mem_copy(str_slice(line, 0, first));
    CLEANUP(mem_freep) char *path = mem_copy(str_slice(target, 0, question));
    CLEANUP(mem_freep) char *query = mem_copy(str_slice(target, question + 1, target.len));
    http_request_set(out, method, path, query);
    return true;
}

static bool read_header_line(struct str line, struct http_headers *headers)
{
    struct error ignored = {0};
    size_t colon = str_find_char(line, ':');

    if (line.data[0] == ' ' || line.data[0] == '\t') {
        CLEANUP(mem_freep) char *longer = NULL;

        if (headers->count == 0)
            return false;
        struct http_header *before = &headers->items[headers->count - 1];
        longer = mem_printf("%s %.*s", before->value, STR_ARG(str_trim(line)));
        mem_free(before->value);
        before->value = mem_dup(longer);
        return true;
    }
    if (colon == line.len)
        return false;
    CLEANUP(mem_freep) char *name = mem_copy(str_slice(line, 0, colon));
    return http_headers_add(headers, name, str_slice(line, colon + 1, line.len), &ignored);
}

static bool read_request(struct str text, struct http_request *out)
{
    struct str line;

    if (!str_split(&text, '\n', &line) || !read_request_line(line, out))
        return false;
    while (str_split(&text, '\n', &line)) {
        if (str_empty(line))
            break;
        if (!read_header_line(line, &out->headers))
            return false;
    }
    buf_add(&out->body, text);
    return true;
}

/* which: "request" or "signed_request". False when the line is not a record. */
static bool sigv4_record_read(const struct json *line, const char *which, struct sigv4_record *out)
{
    const struct json *creds = json_path(line, "context.credentials");
    int64_t now_ms;

    out->context = json_get(line, "context");
    out->scope.region = json_get_text(out->context, "region");
    out->scope.service = json_get_text(out->context, "service");
    if (!json_is_object(creds) || !json_is_string(json_get(line, which)) ||
        !clock_parse_iso(json_str(json_get(out->context, "timestamp")), &now_ms))
        return false;
    out->now_s = now_ms / 1000;
    if (json_str(json_get(creds, "access_key_id")).len >= sizeof out->creds.access_key_id)
        return false;
    memcpy(out->creds.access_key_id, json_get_text(creds, "access_key_id"),
           json_str(json_get(creds, "access_key_id")).len + 1);
    secret_set(&out->creds.secret_access_key, json_str(json_get(creds, "secret_access_key")));
    secret_set(&out->creds.session_token, json_str(json_get(creds, "token")));
    return read_request(json_str(json_get(line, which)), &out->request);
}

#endif
