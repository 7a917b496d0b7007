/* A request written as on the wire, for targets that take one: request line,
 * headers, an empty line, body. Lenient where libmicrohttpd is: what arrives
 * here is what a callback of it could see. */
#ifndef TESTS_FUZZ_REQUEST_H
#define TESTS_FUZZ_REQUEST_H

#include "aws/http/message.h"
#include "tests/fuzz/fuzz.h"

struct fuzz_request {
    struct http_request req;
    char *target, *version;
};

static inline void fuzz_request_release(struct fuzz_request *r)
{
    http_request_release(&r->req);
    mem_free(r->target);
    mem_free(r->version);
}

static inline struct str fuzz_word(struct str *line)
{
    struct str word = {"", 0};

    if (line->data != NULL && !str_split(line, ' ', &word))
        word = (struct str){"", 0};
    return word;
}

/** False when a header cannot be one. */
static inline bool fuzz_request_read(struct str text, struct fuzz_request *out)
{
    struct str line = fuzz_line(&text);
    CLEANUP(mem_freep) char *method = mem_copy(fuzz_word(&line)), *path = NULL;
    char *query;

    *out = (struct fuzz_request){.target = mem_copy(fuzz_word(&line))};
    out->version = mem_copy(fuzz_rest(line));
    path = mem_dup(out->target);
    query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    http_request_set(&out->req, method, path, query);
    while ((line = fuzz_line(&text)).len > 0) {
        size_t colon = str_find_char(line, ':');
        CLEANUP(mem_freep) char *name = mem_copy(str_slice(line, 0, colon));
        struct error err;

        if (strlen(name) != colon ||
            !http_headers_add(&out->req.headers, name, str_trim(str_slice(line, colon + 1, line.len)), &err))
            return false;
    }
    buf_add(&out->req.body, fuzz_rest(text));
    return true;
}

#endif
