/* Lists in pages: of the account's entities, and of what one entity holds. A
 * marker names the last item shown, so that what comes and goes between two
 * pages neither repeats nor hides another. */
#include "aws/sandbox/iam_common.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_PAGE = 100 };

bool iam_pager_begin(const struct call *c, struct iam_pager *p, struct error *err)
{
    struct str marker = json_str(json_get(c->in, "Marker"));
    CLEANUP(buf_release) struct buf key = {.limit_bytes = sizeof p->after - 1};

    *p = (struct iam_pager){.left = json_int(json_get(c->in, "MaxItems"), DEFAULT_PAGE)};
    if (marker.len == 0)
        return true;
    if (!buf_add_unbase64(&key, marker) || key.overflow || key.len == 0 || strlen(buf_text(&key)) != key.len)
        return iam_refuse(err, "ValidationError", "Invalid Marker.");
    (void)snprintf(p->after, sizeof p->after, "%s", buf_text(&key));
    return true;
}

bool iam_pager_wants(struct iam_pager *p, const char *key)
{
    if (*p->after && !p->past) {
        int order = strcmp(key, p->after);

        if (order == 0)
            p->past = true;
        if (order == 0 || order < 0 || p->unordered)
            return false;
        p->past = true; /* the marker's own item is gone */
    }
    if (p->left == 0) {
        p->truncated = true;
        return false;
    }
    p->left--;
    (void)snprintf(p->last, sizeof p->last, "%s", key);
    return true;
}

void iam_pager_end(const struct iam_pager *p, struct call *c)
{
    CLEANUP(buf_release) struct buf marker = {0};

    json_put_bool(c->out, "IsTruncated", p->truncated);
    if (!p->truncated)
        return;
    buf_add_base64(&marker, p->last, strlen(p->last));
    json_put_str(c->out, "Marker", buf_str(&marker));
}

struct sort_item {
    const char *text;
    const struct json *element;
};

static int compare_item(const void *a, const void *b)
{
    return strcmp(((const struct sort_item *)a)->text, ((const struct sort_item *)b)->text);
}

static const char *sort_text(const struct json *e, const char *member, bool object)
{
    if (member)
        return json_get_text(e, member);
    return object ? json_key(e) : json_text(e);
}

/** The elements of an array or object in order of their sort text. Owned. */
static const struct json **sorted_elements(const struct json *list, const char *member)
{
    size_t count = json_count(list), at = 0;
    struct sort_item *items;
    const struct json **sorted;

    items = mem_array(count + 1, sizeof *items);
    sorted = mem_array(count + 1, sizeof(const struct json *));
    for (const struct json *e = json_first(list); e; e = json_next(e))
        items[at++] = (struct sort_item){sort_text(e, member, json_is_object(list)), e};
    qsort(items, count, sizeof *items, compare_item);
    for (size_t i = 0; i < count; i++)
        sorted[i] = items[i].element;
    mem_free(items);
    return sorted;
}

bool iam_list(struct call *c, const struct iam_list *what, struct error *err)
{
    struct iam_pager pager;
    const struct json *e;
    struct json *list;
    const char *key;

    if (!iam_pager_begin(c, &pager, err))
        return false;
    if (!c->out)
        c->out = json_object();
    list = json_put(c->out, what->member, json_array());
    for (size_t i = 0; !pager.truncated && (e = world_at(c->world, what->kind, i, &key)); i++)
        if (iam_on_path(c, e) && (!what->listed || what->listed(c, e)) && iam_pager_wants(&pager, key))
            json_push(list, what->view(c, e));
    iam_pager_end(&pager, c);
    return true;
}

bool iam_list_part(struct call *c, const struct iam_part *what, struct error *err)
{
    const struct json *entity = iam_get(c, iam_holder(c), err), *part = json_get(entity, what->part);
    const struct json **sorted;
    struct iam_pager pager;
    struct json *list;

    if (!entity || !iam_pager_begin(c, &pager, err))
        return false;
    c->out = json_object();
    list = json_put(c->out, what->member, json_array());
    sorted = sorted_elements(part, what->sort);
    for (size_t i = 0; sorted[i]; i++) {
        struct json *view = what->view(c, sorted[i]);

        if (view && iam_pager_wants(&pager, sort_text(sorted[i], what->sort, json_is_object(part))))
            json_push(list, view);
        else
            json_free(view);
    }
    mem_free(sorted);
    iam_pager_end(&pager, c);
    return true;
}
