#include "aws/protocol/wire.h"

#include "aws/http/uri.h"

#include <stdio.h>

/* --- paths --- */

/* The next segment; "/a/b/" and "/a/b" have the same ones. */
static bool next_segment(struct str *rest, struct str *segment)
{
    size_t skip = 0, len;

    while (skip < rest->len && rest->data[skip] == '/')
        skip++;
    *rest = str_slice(*rest, skip, rest->len);
    if (rest->len == 0)
        return false;
    len = str_find_char(*rest, '/');
    *segment = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return true;
}

static bool is_label(struct str segment)
{
    return segment.len > 2 && segment.data[0] == '{';
}

/* A template may end in constant query fields; the path is what stands before. */
static struct str template_path(const char *uri_template)
{
    struct str path = str_of(uri_template);

    return str_slice(path, 0, str_find_char(path, '?'));
}

size_t rest_match(const char *uri_template, const char *path)
{
    struct str want = template_path(uri_template), have = str_of(path), w, h;
    size_t literal = 1;

    while (next_segment(&want, &w)) {
        if (!next_segment(&have, &h))
            return 0;
        if (is_label(w))
            continue;
        if (!str_equal(w, h))
            return 0;
        literal++;
    }
    return next_segment(&have, &h) ? 0 : literal;
}

static const struct model_member *located(const struct model_shape *s, enum member_location where,
                                          struct str wire, bool reply)
{
    for (size_t i = 0; s && i < s->count; i++) {
        const struct model_member *m = &s->members[i];

        if (m->location == where && str_equal_ignore_case(wire, str_of(reply ? m->reply : m->wire)) &&
            (where == IN_HEADER || str_is(wire, reply ? m->reply : m->wire)))
            return m;
    }
    return NULL;
}

/* --- encoding --- */

static bool write_label(const struct conversion *c, const struct json *in, struct str label, struct buf *path)
{
    CLEANUP(buf_release) struct buf text = {0};
    const struct model_member *m = located(c->op->input, IN_URI, label, false);
    const struct json *v = m ? json_get(in, m->name) : NULL;
    struct place at = {NULL, m ? m->name : "", 0};

    if (!m)
        return error_set(c->err, ERR_BUG, "no member for {%.*s} of %s", STR_ARG(label), c->op->name);
    if (!v || json_is_null(v))
        return error_set(c->err, ERR_USAGE, "parameter %s of %s is missing", m->name, c->op->name);
    if (!scalar_write(c, m, TIMESTAMP_ISO8601, v, &at, &text))
        return false;
    /* An empty label would make the path another operation's. */
    if (text.len == 0)
        return error_set(c->err, ERR_USAGE, "parameter %s of %s is empty", m->name, c->op->name);
    uri_encode(buf_str(&text), path);
    return true;
}

static bool write_path(const struct conversion *c, const struct json *in, struct buf *path)
{
    struct str rest = template_path(c->op->uri);

    while (rest.len > 0) {
        size_t open = str_find_char(rest, '{'), close;

        buf_add(path, str_slice(rest, 0, open));
        rest = str_slice(rest, open, rest.len);
        close = str_find_char(rest, '}');
        if (rest.len == 0 || close == rest.len)
            break;
        if (!write_label(c, in, str_slice(rest, 1, close - 1), path))
            return false;
        rest = str_slice(rest, close + 1, rest.len);
    }
    return true;
}

static bool write_query_field(const struct conversion *c, const struct model_member *m,
                              const struct model_member *named, const struct json *v, const struct place *at,
                              struct buf *query)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (m->shape->type == SHAPE_LIST) {
        size_t i = 0;

        if (!json_is_array(v))
            return conversion_fail(c, MISFIT_TYPE, at, m->shape);
        for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
            struct place inner = {at, NULL, i};

            if (!write_query_field(c, &m->shape->members[0], named, e, &inner, query))
                return false;
        }
        return true;
    }
    if (!scalar_write(c, m, TIMESTAMP_ISO8601, v, at, &text))
        return false;
    if (query->len > 0)
        buf_addc(query, '&');
    uri_encode(str_of(named->wire), query);
    buf_addc(query, '=');
    uri_encode(buf_str(&text), query);
    return true;
}

static bool write_header(const struct conversion *c, const struct model_member *m, const struct json *v,
                         const struct place *at, struct http_headers *headers)
{
    CLEANUP(buf_release) struct buf text = {0};

    return scalar_write(c, m, TIMESTAMP_HTTP, v, at, &text) &&
           http_headers_set(headers, conversion_wire(c, m), buf_str(&text), c->err);
}

/* Query fields and headers; an unknown member stops here. */
static bool write_located(const struct conversion *c, const struct model_shape *s, const struct json *v,
                          struct buf *query, struct http_headers *headers, int *status)
{
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        struct place at = {NULL, json_key(e), 0};
        const struct model_member *m = model_member(s, json_key(e));

        if (!m)
            return conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
        if (json_is_null(e))
            continue;
        if (m->location == IN_QUERY && !write_query_field(c, m, m, e, &at, query))
            return false;
        if (m->location == IN_HEADER && !write_header(c, m, e, &at, headers))
            return false;
        if (m->location == IN_STATUS && status)
            *status = (int)json_int(e, *status);
    }
    return true;
}

static bool has_body_members(const struct model_shape *s)
{
    for (size_t i = 0; s && i < s->count; i++)
        if (s->members[i].location == IN_BODY)
            return true;
    return false;
}

/* The body's JSON, or the bytes of the payload member. *is_json says which. */
static bool write_body(const struct conversion *c, const struct model_shape *s, const char *payload,
                       const struct json *v, struct buf *body, bool *is_json)
{
    CLEANUP(json_freep) struct json *converted = NULL;
    const struct model_member *m = model_member(s, payload);
    const struct json *part = m ? json_get(v, m->name) : NULL;
    struct place at = {NULL, m ? m->name : "", 0};

    *is_json = false;
    if (m && shape_is_scalar(m->shape)) {
        if (!part || json_is_null(part))
            return true;
        if (!json_is_string(part) ||
            (m->shape->type == SHAPE_BLOB && !buf_add_unbase64(body, json_str(part))))
            return conversion_fail(c, MISFIT_TYPE, &at, m->shape);
        if (m->shape->type != SHAPE_BLOB)
            buf_add(body, json_str(part));
        return true;
    }
    if (!m && !has_body_members(s))
        return true;
    if (!json_convert(c, m ? m->shape : s, m ? JSON_ALL : JSON_BODY_MEMBERS, m ? part : v, &converted))
        return false;
    json_write(converted, body);
    *is_json = true;
    return true;
}

bool rest_encode_request(const struct conversion *c, const struct json *in, struct http_request *out)
{
    CLEANUP(buf_release) struct buf path = {0};
    CLEANUP(buf_release) struct buf query = {0};
    size_t mark = str_find_char(str_of(c->op->uri), '?');
    bool is_json;

    if (in && !json_is_null(in) && !json_is_object(in))
        return conversion_fail(c, MISFIT_TYPE, NULL, c->op->input);
    if (c->op->uri[mark] == '?')
        buf_adds(&query, c->op->uri + mark + 1);
    if (!write_located(c, c->op->input, in, &query, &out->headers, NULL) || !write_path(c, in, &path) ||
        !write_body(c, c->op->input, c->op->input_payload, in, &out->body, &is_json))
        return false;
    http_request_set(out, c->op->http_method, buf_text(&path), buf_text(&query));
    return !is_json || http_headers_set(&out->headers, "Content-Type", STR("application/json"), c->err);
}

bool rest_encode_response(const struct conversion *c, const struct json *v, struct http_response *out)
{
    struct buf query = {0}; /* a reply has none */
    bool is_json;

    if (!write_located(c, c->op->output, v, &query, &out->headers, &out->status) ||
        !write_body(c, c->op->output, c->op->output_payload, v, &out->body, &is_json))
        return false;
    return !is_json || http_headers_set(&out->headers, "Content-Type", STR("application/json"), c->err);
}

/* --- decoding --- */

static bool put_text(const struct conversion *c, const struct model_member *m, struct str text,
                     struct json *object)
{
    struct place at = {NULL, m->name, 0};
    struct json *part = NULL;

    if (!scalar_read(c, m, text, &at, &part))
        return false;
    if (part)
        json_put(object, m->name, part);
    return true;
}

static bool read_path(const struct conversion *c, const char *path, struct json *object)
{
    struct str want = template_path(c->op->uri), have = str_of(path), w, h;
    CLEANUP(buf_release) struct buf text = {0};
    struct error ignored;

    while (next_segment(&want, &w) && next_segment(&have, &h)) {
        const struct model_member *m;

        if (!is_label(w))
            continue;
        m = located(c->op->input, IN_URI, str_slice(w, 1, w.len - 2), false);
        buf_reset(&text);
        if (!uri_decode(h, false, &text, &ignored))
            return conversion_fail(c, MISFIT_FORM, NULL, NULL);
        if (m && !put_text(c, m, buf_str(&text), object))
            return false;
    }
    return true;
}

static bool read_query_field(const struct conversion *c, struct str name, struct str value,
                             struct json *object)
{
    const struct model_member *m = located(c->op->input, IN_QUERY, name, false);
    struct place at = {NULL, name.data ? name.data : "", 0};
    struct json *part = NULL, *list;

    if (!m)
        return str_starts(name, STR("X-Amz-")) || conversion_fail(c, MISFIT_UNKNOWN, &at, NULL);
    if (m->shape->type != SHAPE_LIST) {
        if (json_get(object, m->name))
            return conversion_fail(c, MISFIT_FORM, &at, m->shape);
        return put_text(c, m, value, object);
    }
    list = json_edit(object, m->name);
    if (!list)
        list = json_put(object, m->name, json_array());
    if (!scalar_read(c, &m->shape->members[0], value, &at, &part))
        return false;
    if (part)
        json_push(list, part);
    return true;
}

static bool read_query(const struct conversion *c, struct str query, struct json *object)
{
    CLEANUP(buf_release) struct buf name = {0};
    CLEANUP(buf_release) struct buf value = {0};
    struct str raw_name, raw_value;
    struct error ignored;

    while (uri_next_pair(&query, &raw_name, &raw_value)) {
        if (raw_name.len == 0 && raw_value.len == 0)
            continue;
        buf_reset(&name);
        buf_reset(&value);
        if (!uri_decode(raw_name, true, &name, &ignored) || !uri_decode(raw_value, true, &value, &ignored))
            return conversion_fail(c, MISFIT_FORM, NULL, NULL);
        if (!str_is_utf8(buf_str(&name)))
            return conversion_fail(c, MISFIT_FORM, NULL, NULL);
        if (!read_query_field(c, buf_str(&name), buf_str(&value), object))
            return false;
    }
    return true;
}

static bool read_headers(const struct conversion *c, const struct model_shape *s,
                         const struct http_headers *headers, struct json *object)
{
    for (size_t i = 0; s && i < s->count; i++) {
        const struct model_member *m = &s->members[i];
        const char *value =
            m->location == IN_HEADER ? http_headers_find(headers, conversion_wire(c, m)) : NULL;

        if (value && !put_text(c, m, str_of(value), object))
            return false;
    }
    return true;
}

/* The body into object: its members, or the payload member. */
static bool read_body(const struct conversion *c, const struct model_shape *s, const char *payload,
                      struct str body, struct json *object)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    CLEANUP(json_freep) struct json *converted = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    const struct model_member *m = model_member(s, payload);
    struct json_limits limits = {.unique_keys = c->direction == SERVER_REQUEST};

    if (m && shape_is_scalar(m->shape)) {
        if (body.len == 0 && c->direction == SERVER_REQUEST)
            return true;
        if (m->shape->type == SHAPE_BLOB)
            buf_add_base64(&text, body.data, body.len);
        else
            buf_add(&text, body);
        return put_text(c, m, buf_str(&text), object);
    }
    if (body.len == 0 || (!m && !has_body_members(s)))
        return true;
    if (!json_parse(body, &limits, &parsed, c->err))
        return false;
    if (!json_convert(c, m ? m->shape : s, m ? JSON_ALL : JSON_BODY_MEMBERS, parsed, &converted))
        return false;
    if (m) {
        json_put(object, m->name, converted);
        converted = NULL;
        return true;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct json *member = json_detach(converted, s->members[i].name);

        if (member)
            json_put(object, s->members[i].name, member);
    }
    return true;
}

bool rest_decode_request(const struct conversion *c, const struct http_request *req, struct json **out)
{
    bool ok;

    *out = json_object();
    ok = read_path(c, req->path, *out) && read_query(c, str_of(req->query), *out) &&
         read_headers(c, c->op->input, &req->headers, *out);
    if (ok && !read_body(c, c->op->input, c->op->input_payload, buf_str(&req->body), *out)) {
        /* What does not parse is the caller's mistake, in AWS's words. */
        if (c->err->code != ERR_AWS)
            conversion_fail(c, MISFIT_FORM, NULL, NULL);
        ok = false;
    }
    if (!ok)
        json_freep(out);
    return ok;
}

bool rest_decode_response(const struct conversion *c, const struct http_response *response, struct json **out)
{
    const struct model_shape *s = c->op->output;
    bool ok;

    *out = json_object();
    ok = read_headers(c, s, &response->headers, *out);
    for (size_t i = 0; ok && s && i < s->count; i++)
        if (s->members[i].location == IN_STATUS)
            json_put_int(*out, s->members[i].name, response->status);
    ok = ok && read_body(c, s, c->op->output_payload, buf_str(&response->body), *out);
    if (!ok)
        json_freep(out);
    return ok;
}
