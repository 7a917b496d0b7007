/* Tags of roles, users, policies and instance profiles. Their keys differ by
 * more than case. */
#include "aws/sandbox/iam_common.h"

static bool same_key(const struct json *tag, struct str key)
{
    return str_equal_ignore_case(json_str(json_get(tag, "Key")), key);
}

/** Index of the tag of this key, or the count. */
static size_t find(const struct json *tags, struct str key)
{
    size_t i = 0;

    for (const struct json *e = json_first(tags); e && !same_key(e, key); e = json_next(e))
        i++;
    return i;
}

bool iam_check_tags(const struct call *c, struct error *err)
{
    const struct json *tags = json_get(c->in, "Tags");
    size_t i = 0;

    if (json_count(tags) > IAM_TAG_LIMIT)
        return iam_refuse(err, "LimitExceeded", "The number of tags has reached the maximum limit.");
    for (const struct json *e = json_first(tags); e; e = json_next(e), i++) {
        struct str key = json_str(json_get(e, "Key"));

        if (find(tags, key) != i)
            return iam_refuse(err, "InvalidInput",
                              "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        if (str_equal_ignore_case(str_slice(key, 0, 4), STR("aws:")))
            return iam_refuse(err, "InvalidInput",
                              "Tag keys that begin with aws: are reserved for system use.");
    }
    return true;
}

void iam_show_tags(const struct json *entity, struct json *view)
{
    const struct json *tags = json_get(entity, "Tags");

    if (json_count(tags))
        json_put(view, "Tags", json_copy(tags));
}

bool iam_tag(struct call *c, struct error *err)
{
    struct json *entity = iam_edit(c, iam_holder(c), err), *tags;
    const struct json *given = json_get(c->in, "Tags");
    size_t count;

    if (!entity || !iam_check_tags(c, err))
        return false;
    count = json_count(json_get(entity, "Tags"));
    for (const struct json *e = json_first(given); e; e = json_next(e))
        count += find(json_get(entity, "Tags"), json_str(json_get(e, "Key"))) ==
                 json_count(json_get(entity, "Tags"));
    if (count > IAM_TAG_LIMIT)
        return iam_refuse(err, "LimitExceeded", "The number of tags has reached the maximum limit.");
    tags = json_edit(entity, "Tags");
    if (!tags)
        tags = json_put(entity, "Tags", json_array());
    for (const struct json *e = json_first(given); e; e = json_next(e)) {
        size_t at = find(tags, json_str(json_get(e, "Key")));

        if (at < json_count(tags))
            json_free(json_detach_at(tags, at));
        json_push(tags, json_copy(e));
    }
    return true;
}

bool iam_untag(struct call *c, struct error *err)
{
    struct json *entity = iam_edit(c, iam_holder(c), err), *tags = json_edit(entity, "Tags");

    if (!entity)
        return false;
    for (const struct json *e = json_first(json_get(c->in, "TagKeys")); e; e = json_next(e)) {
        size_t at = find(tags, json_str(e));

        if (at < json_count(tags))
            json_free(json_detach_at(tags, at));
    }
    return true;
}

static struct json *tag_view(const struct call *c, const struct json *tag)
{
    (void)c;
    return json_copy(tag);
}

bool iam_list_tags(struct call *c, struct error *err)
{
    return iam_list_part(c, &(const struct iam_part){"Tags", "Key", "Tags", tag_view}, err);
}
