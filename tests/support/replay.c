#include "tests/support/replay.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <strings.h>

struct replay_transport {
    struct http_transport base;
    struct replay *replay;
};

static void note(struct replay *r, const char *what, const char *got, const char *want)
{
    if (!r->differs)
        r->differs = mem_printf("%s: '%s', recorded '%s'", what, got, want);
}

/* Every pair of the recorded query has to be there, in any order. */
static bool same_query(struct str got, struct str want)
{
    struct str part, rest = want;

    if (got.len != want.len)
        return false;
    while (!str_empty(rest) && str_split(&rest, '&', &part))
        if (!str_contains(got, part))
            return false;
    return true;
}

static void compare_uri(struct replay *r, const struct http_url *url, const struct http_request *req,
                        const char *recorded)
{
    CLEANUP(buf_release) struct buf got = {0};
    struct str want = str_of(recorded);
    size_t mark = str_find_char(want, '?');

    http_url_origin(url, &got);
    buf_adds(&got, req->path);
    if (!str_contains(str_slice(want, 8, want.len), STR("/")))
        want.len = mark = strlen(recorded);
    if (!str_starts(buf_str(&got), str_slice(want, 0, mark)) ||
        (got.len != mark && !str_is(str_slice(buf_str(&got), mark, got.len), "/")) ||
        !same_query(str_of(req->query), str_slice(want, mark + 1, want.len)))
        note(r, "URI", buf_text(&got), recorded);
}

/* Signatures and session tokens were made unusable after the recording and no
 * longer fit what else was recorded. */
static void compare_headers(struct replay *r, const struct http_request *req, const struct json *recorded)
{
    static const char *const exact[] = {"x-amz-sso_bearer_token", "x-aws-ec2-metadata-token",
                                        "x-aws-ec2-metadata-token-ttl-seconds"};

    for (const struct json *h = json_first(recorded); h; h = json_next(h)) {
        const char *want = json_text(json_at(h, 0)), *got = http_headers_find(&req->headers, json_key(h));

        for (size_t i = 0; i < ARRAY_LEN(exact); i++)
            if (strcasecmp(json_key(h), exact[i]) == 0 && (!got || strcmp(got, want) != 0))
                note(r, json_key(h), got ? got : "", want);
    }
}

/* The published recordings name other roles than their profiles do. */
static void compare_body(struct replay *r, const struct http_request *req, struct str recorded)
{
    struct str action, got = buf_str(&req->body);

    if (r->exact_body && !str_empty(recorded) && !str_equal(got, recorded))
        note(r, "body", buf_text(&req->body), recorded.data);
    if (str_split(&recorded, '&', &action) && !str_starts(got, action))
        note(r, "body", buf_text(&req->body), action.data ? action.data : "");
}

static bool replay_send(void *self, const struct http_url *url, const struct http_request *req,
                        const struct http_options *options, struct http_response *out, struct error *err)
{
    struct replay *r = ((struct replay_transport *)self)->replay;
    const struct json *entry = r->next, *request = json_get(entry, "request");

    (void)options;
    http_response_release(out);
    if (!entry)
        return error_set(err, ERR_UNREACHABLE, "%s %s is not recorded", url->host, req->path);
    r->next = json_next(entry);
    if (strcmp(req->method, json_get_text(request, "method")) != 0)
        note(r, "method", req->method, json_get_text(request, "method"));
    compare_uri(r, url, req, json_get_text(request, "uri"));
    compare_headers(r, req, json_get(request, "headers"));
    compare_body(r, req, json_str(json_get(entry, "req_body")));
    out->status = (int)json_int(json_path(entry, "response.status"), 0);
    buf_add(&out->body, json_str(json_get(entry, "body")));
    for (const struct json *h = json_first(json_path(entry, "response.headers")); h; h = json_next(h))
        if (!http_headers_add(&out->headers, json_key(h), json_str(json_at(h, 0)), err))
            return false;
    return true;
}

static void replay_free(void *self)
{
    mem_free(self);
}

bool replay_connect(void *self, const struct http_curl_options *options, struct http_transport **out,
                    struct error *err)
{
    struct replay_transport *t = mem_alloc(sizeof *t);

    (void)options;
    (void)err;
    t->base = (struct http_transport){.send = replay_send, .free = replay_free, .self = t};
    t->replay = self;
    *out = &t->base;
    return true;
}
