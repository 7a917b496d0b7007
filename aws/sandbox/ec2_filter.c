/* Ids, filters and pages of the Describe operations: facts 2.5. */
#include "aws/sandbox/ec2.h"

#include "aws/common/clock.h"
#include "aws/sandbox/refuse.h"

#include <stdio.h>

enum { VALUE_LIMIT = 200, PAGE_LEAST = 5, PAGE_MOST = 1000 };

bool ec2_wildcard(struct str pattern, struct str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.len) {
        size_t at = p;
        bool plain = at < pattern.len;

        if (plain && pattern.data[at] == '*') {
            star = ++p;
            mark = t;
            continue;
        }
        if (plain && pattern.data[at] == '?') {
            p++;
            t++;
            continue;
        }
        if (plain && pattern.data[at] == '\\' && at + 1 < pattern.len)
            at++;
        if (plain && pattern.data[at] == text.data[t]) {
            p = at + 1;
            t++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        /* The last star takes one byte more. */
        p = star;
        t = ++mark;
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

/* What a path's end is compared with. */
struct match {
    const struct json *values; /* any of these; patterns unless exact */
    const char *tag;           /* ends at tags: the one with this key */
    bool time, exact;
};

static struct str scalar_text(const struct json *v, bool time, char room[32])
{
    if (json_is_string(v))
        return json_str(v);
    if (json_is_bool(v))
        return json_bool(v, false) ? STR("true") : STR("false");
    if (!json_is_number(v))
        return (struct str){0};
    if (time) {
        clock_format_iso(json_int(v, 0), room);
        memcpy(room + 19, ".000Z", 6);
    } else {
        (void)snprintf(room, 32, "%lld", (long long)json_int(v, 0));
    }
    return str_of(room);
}

static bool scalar_matches(const struct json *v, const struct match *m)
{
    char room[32];
    struct str text;

    if (m->tag) {
        if (strcmp(json_get_text(v, "Key"), m->tag) != 0)
            return false;
        v = json_get(v, "Value");
    }
    if (json_is_object(v) || json_is_null(v))
        return false;
    text = scalar_text(v, m->time, room);
    for (const struct json *e = json_first(m->values); e; e = json_next(e))
        if (m->exact ? str_equal(json_str(e), text) : ec2_wildcard(json_str(e), text))
            return true;
    return false;
}

/** Whether anything at the path, through every array on the way, matches. */
static bool reaches(const struct json *v, struct str path, const struct match *m)
{
    struct str head;

    if (!v)
        return false;
    if (json_is_array(v)) {
        for (const struct json *e = json_first(v); e; e = json_next(e))
            if (reaches(e, path, m))
                return true;
        return false;
    }
    if (path.len == 0)
        return scalar_matches(v, m);
    return str_split(&path, '.', &head) && reaches(json_getn(v, head), path, m);
}

/* --- filters --- */

static const struct ec2_filter *find_filter(const struct ec2_listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->filter_count; i++)
        if (strcmp(listing->filters[i].name, name) == 0)
            return &listing->filters[i];
    return NULL;
}

static bool is_tag_filter(const struct ec2_listing *listing, const char *name)
{
    return listing->tags &&
           (strncmp(name, "tag:", 4) == 0 || strcmp(name, "tag-key") == 0 || strcmp(name, "tag-value") == 0);
}

static bool check_filters(const struct call *c, const struct ec2_listing *listing, struct error *err)
{
    size_t values = 0, number = 0;

    for (const struct json *f = json_first(json_get(c->in, "Filters")); f; f = json_next(f)) {
        const char *name = json_get_text(f, "Name");

        number++;
        if (!find_filter(listing, name) && !is_tag_filter(listing, name))
            return refuse(err, "InvalidParameterValue", "The filter '%s' is invalid", *name ? name : "null");
        if (!json_count(json_get(f, "Values")))
            return refuse(err, "MissingParameter", "The request must contain the parameter Filter.%zu.Value",
                          number);
        values += json_count(json_get(f, "Values"));
    }
    return values <= VALUE_LIMIT ||
           refuse(err, "FilterLimitExceeded",
                  "The maximum number of filter values specified on a single call is %d", VALUE_LIMIT);
}

static bool tag_filter_matches(const struct ec2_listing *listing, const struct json *item, const char *name,
                               struct match m)
{
    char path[64];

    if (strncmp(name, "tag:", 4) == 0) {
        m.tag = name + 4;
        return reaches(item, str_of(listing->tags), &m);
    }
    (void)snprintf(path, sizeof path, "%s.%s", listing->tags, strcmp(name, "tag-key") == 0 ? "Key" : "Value");
    return reaches(item, str_of(path), &m);
}

static bool filters_match(const struct call *c, const struct ec2_listing *listing, const struct json *item)
{
    for (const struct json *f = json_first(json_get(c->in, "Filters")); f; f = json_next(f)) {
        const char *name = json_get_text(f, "Name");
        const struct ec2_filter *filter = find_filter(listing, name);
        struct match m = {.values = json_get(f, "Values")};
        bool matches;

        if (filter) {
            m.time = filter->time;
            matches = reaches(item, str_of(filter->path), &m);
        } else {
            matches = tag_filter_matches(listing, item, name, m);
        }
        if (!matches)
            return false;
    }
    return true;
}

/* --- ids --- */

bool ec2_has(const struct json *item, const char *path, const char *text)
{
    CLEANUP(json_freep) struct json *one = json_array();
    struct match m = {.values = one, .exact = true};

    json_push(one, json_text_new(text));
    return reaches(item, str_of(path), &m);
}

static bool check_ids(const struct ec2_listing *listing, const struct json *ids, const struct json *items,
                      struct error *err)
{
    CLEANUP(buf_release) struct buf missing = {.limit_bytes = 600};
    size_t count = 0;

    for (const struct json *e = json_first(ids); e; e = json_next(e)) {
        if (listing->prefix && !str_starts(json_str(e), str_of(listing->prefix)))
            return refuse(err, listing->malformed, "Invalid id: \"%.200s\" (expecting \"%s...\")",
                          json_text(e), listing->prefix);
        if (ec2_has(items, listing->id, json_text(e)))
            continue;
        buf_printf(&missing, "%s%s", count++ ? ", " : "", json_text(e));
    }
    if (count == 0)
        return true;
    if (!listing->noun)
        return refuse(err, listing->missing, "An invalid association-id of '%s' was given",
                      buf_text(&missing));
    return refuse(err, listing->missing, "The %s%s '%s' %s", listing->noun, count > 1 ? "s" : "",
                  buf_text(&missing), count > 1 ? "do not exist" : "does not exist");
}

/* --- pages --- */

/* A token is the place in the list, bound to its operation. */
static bool read_token(const struct call *c, uint64_t *from, struct error *err)
{
    struct str token = json_str(json_get(c->in, "NextToken"));
    CLEANUP(buf_release) struct buf plain = {0};
    struct str rest, name;

    *from = 0;
    if (token.len == 0)
        return true;
    if (buf_add_unbase64(&plain, token)) {
        rest = buf_str(&plain);
        if (str_split(&rest, ' ', &name) && str_is(name, c->op->name) && str_to_u64(rest, from))
            return true;
    }
    return refuse(err, "InvalidParameterValue",
                  "Value ( %.*s ) for parameter NextToken is invalid. The token is invalid.",
                  (int)(token.len < 300 ? token.len : 300), token.data);
}

static bool page_size(const struct call *c, const struct ec2_listing *listing, uint64_t *size,
                      struct error *err)
{
    const struct json *given = json_get(c->in, "MaxResults");
    int64_t n = json_int(given, PAGE_MOST);

    if (given && n < PAGE_LEAST)
        return refuse(
            err, "InvalidParameterValue",
            "Value ( %lld ) for parameter maxResults is invalid. Expecting a value greater than %d.",
            (long long)n, PAGE_LEAST);
    if (n > PAGE_MOST)
        return refuse(
            err, "InvalidParameterValue",
            "Value ( %lld ) for parameter maxResults is invalid. Expecting a value less than or equal to %d.",
            (long long)n, PAGE_MOST);
    if (given && listing->ids_or_pages && json_count(json_get(c->in, listing->ids)))
        return refuse(err, "InvalidParameterCombination",
                      "The parameter instancesSet cannot be used with the parameter maxResults");
    *size = (uint64_t)n;
    return true;
}

static void put_token(struct call *c, uint64_t from)
{
    CLEANUP(buf_release) struct buf plain = {0}, token = {0};

    buf_printf(&plain, "%s %llu", c->op->name, (unsigned long long)from);
    buf_add_base64(&token, plain.data, plain.len);
    json_put_str(c->out, "NextToken", buf_str(&token));
}

bool ec2_list(struct call *c, const struct ec2_listing *listing, struct json *items, struct error *err)
{
    CLEANUP(json_freep) struct json *owned = items;
    const struct json *ids = listing->ids ? json_get(c->in, listing->ids) : NULL;
    uint64_t from = 0, size = 0, place = 0;
    struct json *page;

    if (!page_size(c, listing, &size, err) || !read_token(c, &from, err) || !check_filters(c, listing, err) ||
        !check_ids(listing, ids, owned, err))
        return false;
    c->out = json_object();
    page = json_put(c->out, listing->out, json_array());
    for (const struct json *e = json_first(owned); e; e = json_next(e)) {
        struct match chosen = {.values = ids, .exact = true};

        if ((json_count(ids) && !reaches(e, str_of(listing->id), &chosen)) || !filters_match(c, listing, e))
            continue;
        if (place++ < from)
            continue;
        if (json_count(page) == size) {
            put_token(c, from + size);
            break;
        }
        json_push(page, json_copy(e));
    }
    return true;
}
