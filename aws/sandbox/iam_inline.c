/* Policies inside a role, user or group. */
#include "aws/sandbox/iam_common.h"

/** All inline policies once the call's document is in: what the quota counts. */
static size_t chars_after(const struct call *c, const struct json *entity)
{
    const char *name = json_get_text(c->in, "PolicyName");
    size_t chars = iam_document_chars(json_str(json_get(c->in, "PolicyDocument")));

    for (const struct json *e = json_first(json_get(entity, "Inline")); e; e = json_next(e))
        if (strcmp(json_key(e), name) != 0)
            chars += iam_document_chars(json_str(e));
    return chars;
}

bool iam_put_inline(struct call *c, struct error *err)
{
    const struct iam_kind *kind = iam_holder(c);
    struct json *entity = iam_edit(c, kind, err);
    struct str document = json_str(json_get(c->in, "PolicyDocument"));

    if (!entity || !iam_check_document(document, POLICY_IDENTITY, err))
        return false;
    if (chars_after(c, entity) > kind->inline_chars)
        return iam_refuse(err, "LimitExceeded", "Maximum policy size of %zu bytes exceeded for %s %s",
                          kind->inline_chars, kind->resource, iam_name(c, kind));
    json_put_str(json_edit(entity, "Inline"), json_get_text(c->in, "PolicyName"), document);
    return true;
}

/** The document the call names; NULL with NoSuchEntity. */
static const struct json *find(struct call *c, const struct iam_kind *kind, const struct json *entity,
                               struct error *err)
{
    const char *name = json_get_text(c->in, "PolicyName");
    const struct json *document = json_get(json_get(entity, "Inline"), name);

    if (!document)
        iam_refuse(err, "NoSuchEntity", "The %s policy with name %s cannot be found.", kind->resource, name);
    return document;
}

bool iam_get_inline(struct call *c, struct error *err)
{
    const struct iam_kind *kind = iam_holder(c);
    const struct json *entity = iam_get(c, kind, err);
    const struct json *document = entity ? find(c, kind, entity, err) : NULL;

    if (!document)
        return false;
    c->out = json_of(kind->member, iam_name(c, kind), "PolicyName", json_key(document), "PolicyDocument",
                     json_text(document), NULL);
    return true;
}

bool iam_delete_inline(struct call *c, struct error *err)
{
    const struct iam_kind *kind = iam_holder(c);
    struct json *entity = iam_edit(c, kind, err);

    if (!entity || !find(c, kind, entity, err))
        return false;
    json_remove(json_edit(entity, "Inline"), json_get_text(c->in, "PolicyName"));
    return true;
}

static struct json *name_view(const struct call *c, const struct json *document)
{
    (void)c;
    return json_text_new(json_key(document));
}

bool iam_list_inline(struct call *c, struct error *err)
{
    return iam_list_part(c, &(const struct iam_part){"Inline", NULL, "PolicyNames", name_view}, err);
}
