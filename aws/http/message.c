#include "aws/http/message.h"

#include "aws/common/mem.h"

#include <strings.h>

static bool has_forbidden(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] == '\r' || data[i] == '\n' || data[i] == '\0')
            return true;
    return false;
}

/* One that ends up on the wire decides what the next line of the request is. */
static bool check_header(const char *name, struct str value, struct error *err)
{
    if (name[0] == '\0')
        return error_set(err, ERR_USAGE, "a header without a name");
    if (has_forbidden(name, strlen(name)))
        return error_set(err, ERR_USAGE, "a line break in the name of a header");
    if (has_forbidden(value.data, value.len))
        return error_set(err, ERR_USAGE, "a line break or NUL in header %s", name);
    return true;
}

bool http_headers_add(struct http_headers *h, const char *name, struct str value, struct error *err)
{
    if (!check_header(name, value, err))
        return false;
    mem_grow(&h->items, &h->cap, h->count, sizeof h->items[0]);
    h->items[h->count].name = mem_dup(name);
    h->items[h->count].value = mem_copy(value);
    h->count++;
    return true;
}

bool http_headers_set(struct http_headers *h, const char *name, struct str value, struct error *err)
{
    if (!check_header(name, value, err))
        return false;
    http_headers_remove(h, name);
    return http_headers_add(h, name, value, err);
}

void http_headers_remove(struct http_headers *h, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->count; i++) {
        if (strcasecmp(h->items[i].name, name) == 0) {
            mem_free(h->items[i].name);
            mem_free(h->items[i].value);
        } else {
            h->items[kept++] = h->items[i];
        }
    }
    h->count = kept;
}

const char *http_headers_find(const struct http_headers *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->items[i].name, name) == 0)
            return h->items[i].value;
    return NULL;
}

size_t http_headers_count(const struct http_headers *h, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->items[i].name, name) == 0)
            count++;
    return count;
}

void http_headers_release(struct http_headers *h)
{
    for (size_t i = 0; i < h->count; i++) {
        mem_free(h->items[i].name);
        mem_free(h->items[i].value);
    }
    mem_free(h->items);
    *h = (struct http_headers){0};
}

void http_request_set(struct http_request *r, const char *method, const char *path, const char *query)
{
    char *new_method = mem_dup(method);
    char *new_path = mem_dup(path);
    char *new_query = mem_dup(query);

    /* Copied before the old ones go: the new text may be part of them. */
    mem_free(r->method);
    mem_free(r->path);
    mem_free(r->query);
    r->method = new_method;
    r->path = new_path;
    r->query = new_query;
}

void http_request_release(struct http_request *r)
{
    mem_free(r->method);
    mem_free(r->path);
    mem_free(r->query);
    r->method = r->path = r->query = NULL;
    http_headers_release(&r->headers);
    buf_release(&r->body);
}

void http_response_release(struct http_response *r)
{
    r->status = 0;
    http_headers_release(&r->headers);
    buf_release(&r->body);
}
