/* Describe and lists (facts 8.2): only what has a value is shown. */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/rotation.h"

#include "aws/common/mem.h"

#include <stdlib.h>

#define PAGE_DEFAULT 100
#define BATCH_DEFAULT 20

/* Members shown as they are kept. */
static const char *const shown[] = {
    "ARN",
    "Name",
    "Description",
    "KmsKeyId",
    "RotationEnabled",
    "RotationLambdaARN",
    "RotationRules",
    "LastRotatedDate",
    "LastChangedDate",
    "LastAccessedDate",
    "DeletedDate",
    "NextRotationDate",
    "Tags",
    "OwningService",
    "CreatedDate",
};

static struct json *stages_by_version(const struct json *secret)
{
    struct json *out = json_object();
    const struct json *v;

    for (v = json_first(json_get(secret, "versions")); v; v = json_next(v)) {
        if (json_count(json_get(v, "VersionStages")) > 0)
            json_put(out, json_key(v), json_copy(json_get(v, "VersionStages")));
    }
    return out;
}

static struct json *secret_entry(const struct json *secret, const char *stages_member)
{
    struct json *out = json_object(), *stages = stages_by_version(secret);

    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct json *value = json_get(secret, shown[i]);

        if (value && !(json_is_array(value) && json_count(value) == 0))
            json_put(out, shown[i], json_copy(value));
    }
    if (json_count(stages) > 0)
        json_put(out, stages_member, stages);
    else
        json_free(stages);
    return out;
}

bool secretsmanager_describe(struct call *c, struct error *err)
{
    const struct json *secret = secret_get(c, err);

    if (!secret)
        return false;
    c->out = secret_entry(secret, "VersionIdsToStages");
    return true;
}

bool secretsmanager_list_versions(struct call *c, struct error *err)
{
    const struct json *secret = secret_get(c, err), *v;
    bool deprecated = json_bool(json_get(c->in, "IncludeDeprecated"), false);
    size_t limit = (size_t)json_int(json_get(c->in, "MaxResults"), PAGE_DEFAULT), start = 0, index = 0;

    if (!secret || !page_read(c->in, "InvalidNextTokenException", &start, err))
        return false;
    c->out = secret_answer(secret);
    struct json *list = json_put(c->out, "Versions", json_array());
    for (v = json_first(json_get(secret, "versions")); v; v = json_next(v)) {
        if (json_count(json_get(v, "VersionStages")) == 0 && !deprecated)
            continue;
        if (index++ < start)
            continue;
        if (json_count(list) == limit) {
            page_write(c->out, index - 1);
            break;
        }
        struct json *entry = json_push(list, json_of("VersionId", json_key(v), NULL));
        if (json_count(json_get(v, "VersionStages")) > 0)
            json_put(entry, "VersionStages", json_copy(json_get(v, "VersionStages")));
        if (json_get(v, "LastAccessedDate"))
            json_put(entry, "LastAccessedDate", json_copy(json_get(v, "LastAccessedDate")));
        json_put(entry, "CreatedDate", json_copy(json_get(v, "CreatedDate")));
        struct json *keys = json_put(entry, "KmsKeyIds", json_array());
        const struct json *key = json_get(v, "KmsKeyId");
        json_push(keys, key ? json_copy(key) : json_text_new("DefaultEncryptionKey"));
    }
    return true;
}

/* --- ListSecrets --- */

struct sorted {
    const struct json **items;
    size_t count, cap;
};

static void sorted_release(struct sorted *s)
{
    mem_free(s->items);
}

struct order {
    const char *name;   /* SortBy */
    const char *member; /* date, or "Name" */
};

static const struct order orders[] = {
    {"created-date", "CreatedDate"},
    {"last-accessed-date", "LastAccessedDate"},
    {"last-changed-date", "LastChangedDate"},
    {"name", "Name"},
};

static int compare_by(const void *a, const void *b, void *member)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    double dx = json_double(json_get(x, member), 0), dy = json_double(json_get(y, member), 0);

    if (dx < dy || dx > dy)
        return dx < dy ? -1 : 1;
    return str_compare(json_str(json_get(x, "Name")), json_str(json_get(y, "Name")));
}

static void collect(struct call *c, struct sorted *s)
{
    bool planned = json_bool(json_get(c->in, "IncludePlannedDeletion"), false);
    const char *by = json_get_text(c->in, "SortBy"), *member = orders[0].member;
    const struct json *secret;
    CLEANUP(mem_freep) char *key = NULL;

    for (size_t i = 0; (secret = world_at(c->world, SECRET_KIND, i, NULL)); i++) {
        if ((json_get(secret, "DeletedDate") && !planned) ||
            !secret_matches(secret, json_get(c->in, "Filters")))
            continue;
        mem_grow(&s->items, &s->cap, s->count, sizeof(void *));
        s->items[s->count++] = secret;
    }
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        if (strcmp(by, orders[i].name) == 0)
            member = orders[i].member;
    }
    key = mem_dup(member);
    if (s->count > 1)
        qsort_r(s->items, s->count, sizeof(void *), compare_by, key);
}

bool secretsmanager_list(struct call *c, struct error *err)
{
    size_t limit = (size_t)json_int(json_get(c->in, "MaxResults"), PAGE_DEFAULT), start = 0;
    bool down = strcmp(json_get_text(c->in, "SortOrder"), "desc") == 0;
    CLEANUP(sorted_release) struct sorted all = {0};

    if (!page_read(c->in, "InvalidNextTokenException", &start, err))
        return false;
    collect(c, &all);
    c->out = json_object();
    struct json *list = json_put(c->out, "SecretList", json_array());
    for (size_t i = start; i < all.count; i++) {
        if (json_count(list) == limit) {
            page_write(c->out, i);
            break;
        }
        json_push(list, secret_entry(all.items[down ? all.count - 1 - i : i], "SecretVersionsToStages"));
    }
    return true;
}

/* --- BatchGetSecretValue --- */

/* One secret of a batch, asked for as GetSecretValue: permission, record in
 * the trail and refusals are those of the single call. */
static void batch_one(struct call *c, const char *id, struct json *values, struct json *errors)
{
    CLEANUP(json_freep) struct json *in = json_of("SecretId", id, NULL);
    struct json *out = NULL;
    struct error err = {0};

    if (sandbox_internal_call(c->sandbox, c->principal.access_key_id, c->user_agent, "secretsmanager",
                              "GetSecretValue", in, &out, &err)) {
        json_push(values, out);
        return;
    }
    struct json *refused = json_push(errors, json_of("SecretId", id, "ErrorCode", err.remote_code, NULL));
    json_put_str(refused, "Message", error_text(&err));
}

bool secretsmanager_batch_get_value(struct call *c, struct error *err)
{
    const struct json *ids = json_get(c->in, "SecretIdList"), *filters = json_get(c->in, "Filters"), *e;
    size_t limit = (size_t)json_int(json_get(c->in, "MaxResults"), BATCH_DEFAULT), start = 0;
    CLEANUP(sorted_release) struct sorted all = {0};

    if ((ids == NULL) == (filters == NULL))
        return error_aws(err, "InvalidParameterException",
                         "You must specify either SecretIdList or Filters, but not both.");
    if (ids && json_get(c->in, "MaxResults"))
        return error_aws(err, "InvalidParameterException", "You can't use MaxResults with SecretIdList.");
    if (!page_read(c->in, "InvalidNextTokenException", &start, err))
        return false;
    c->out = json_object();
    struct json *values = json_put(c->out, "SecretValues", json_array());
    struct json *errors = json_put(c->out, "Errors", json_array());
    for (e = json_first(ids); e; e = json_next(e))
        batch_one(c, json_text(e), values, errors);
    if (ids)
        return true;
    collect(c, &all);
    for (size_t i = start, n = 0; i < all.count; i++, n++) {
        if (n == limit) {
            page_write(c->out, i);
            break;
        }
        batch_one(c, json_get_text(all.items[i], "ARN"), values, errors);
    }
    return true;
}
