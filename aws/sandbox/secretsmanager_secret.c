/* Secrets, versions and labels as they lie in the world. */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/refuse.h"

#include <stdio.h>

#define ARN_SUFFIX_LEN 6
/* Facts 8.1: deprecated versions beyond a hundred go, never younger than a day. */
#define VERSIONS_KEPT 100
#define VERSION_MIN_AGE_MS (24LL * 3600 * 1000)

static bool is_suffix(struct str s)
{
    if (s.len != ARN_SUFFIX_LEN + 1 || s.data[0] != '-')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        char c = s.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

/* A partial ARN lacks the suffix. One whose name ends like a suffix is taken
 * for a whole ARN, as AWS does (facts 8.1): it then finds nothing. */
static bool arn_names(struct str id, struct str arn)
{
    if (str_equal(id, arn))
        return true;
    if (id.len > ARN_SUFFIX_LEN && is_suffix(str_slice(id, id.len - ARN_SUFFIX_LEN - 1, ARN_SUFFIX_LEN + 1)))
        return false;
    return arn.len == id.len + ARN_SUFFIX_LEN + 1 && str_starts(arn, id) &&
           is_suffix(str_slice(arn, id.len, ARN_SUFFIX_LEN + 1));
}

const struct json *secret_find(struct world *w, struct str id)
{
    bool by_arn = str_starts(id, STR("arn:"));
    const struct json *secret;
    const char *key;

    for (size_t i = 0; (secret = world_at(w, SECRET_KIND, i, &key)); i++) {
        if (by_arn ? arn_names(id, str_of(key)) : str_equal(id, json_str(json_get(secret, "Name"))))
            return secret;
    }
    return NULL;
}

const struct json *secret_get(struct call *c, struct error *err)
{
    const struct json *secret = secret_find(c->world, json_str(json_get(c->in, "SecretId")));

    if (!secret)
        error_aws(err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
}

bool secret_check_live(const struct json *secret, struct error *err)
{
    if (!json_get(secret, "DeletedDate"))
        return true;
    return refuse(err, "InvalidRequestException",
                  "You can't perform this operation on the secret because it was %s.",
                  json_get(secret, "forced") ? "deleted" : "marked for deletion");
}

const struct json *secret_get_live(struct call *c, struct error *err)
{
    const struct json *secret = secret_get(c, err);

    return secret && secret_check_live(secret, err) ? secret : NULL;
}

struct json *secret_edit_arn(struct world *w, const char *arn)
{
    return world_edit(w, SECRET_KIND, arn);
}

struct json *secret_edit_live(struct call *c, struct error *err)
{
    const struct json *secret = secret_get_live(c, err);

    return secret ? secret_edit_arn(c->world, json_get_text(secret, "ARN")) : NULL;
}

void secret_put_date(struct json *secret, const char *member, int64_t ms)
{
    json_put(secret, member, json_number((double)ms / 1000.0));
}

int64_t secret_date_ms(const struct json *secret, const char *member)
{
    return (int64_t)(json_double(json_get(secret, member), 0) * 1000.0 + 0.5);
}

const struct json *secret_version(const struct json *secret, const char *version_id)
{
    return json_get(json_get(secret, "versions"), version_id);
}

bool version_has_stage(const struct json *version, const char *stage)
{
    const struct json *e;

    for (e = json_first(json_get(version, "VersionStages")); e; e = json_next(e)) {
        if (str_is(json_str(e), stage))
            return true;
    }
    return false;
}

bool version_has_value(const struct json *version)
{
    return json_get(version, "secret_string") || json_get(version, "secret_binary");
}

static bool same(const struct json *a, const struct json *b)
{
    return a && b ? str_equal(json_str(a), json_str(b)) : a == b;
}

bool version_has_this_value(const struct json *version, const struct json *text, const struct json *binary)
{
    return same(json_get(version, "secret_string"), text) && same(json_get(version, "secret_binary"), binary);
}

const char *secret_stage_holder(const struct json *secret, const char *stage)
{
    const struct json *v;

    for (v = json_first(json_get(secret, "versions")); v; v = json_next(v)) {
        if (version_has_stage(v, stage))
            return json_key(v);
    }
    return NULL;
}

static void drop_deprecated(struct json *secret, int64_t now_ms)
{
    struct json *versions = json_edit(secret, "versions");

    while (json_count(versions) > VERSIONS_KEPT) {
        const struct json *v = json_first(versions);

        /* Versions stay in the order of their making. */
        while (v && (json_count(json_get(v, "VersionStages")) > 0 ||
                     secret_date_ms(v, "CreatedDate") > now_ms - VERSION_MIN_AGE_MS))
            v = json_next(v);
        if (!v)
            return;
        json_remove(versions, json_key(v));
    }
}

struct json *secret_version_add(struct json *secret, const char *version_id, int64_t now_ms)
{
    struct json *version = json_object();

    drop_deprecated(secret, now_ms);
    json_put_text(version, "VersionId", version_id);
    json_put(version, "VersionStages", json_array());
    secret_put_date(version, "CreatedDate", now_ms);
    if (!json_get(secret, "versions"))
        json_put(secret, "versions", json_object());
    return json_put(json_edit(secret, "versions"), version_id, version);
}

void version_set_value(struct json *version, const struct json *text, const struct json *binary)
{
    if (text)
        json_put(version, "secret_string", json_copy(text));
    if (binary)
        json_put(version, "secret_binary", json_copy(binary));
}

static void stage_remove(struct json *version, const char *stage)
{
    struct json *stages = json_edit(version, "VersionStages");

    for (size_t i = json_count(stages); i > 0; i--) {
        if (str_is(json_str(json_at(stages, i - 1)), stage))
            json_free(json_detach_at(stages, i - 1));
    }
}

static void stage_put(struct json *secret, const char *stage, const char *version_id)
{
    struct json *versions = json_edit(secret, "versions");
    const char *holder = secret_stage_holder(secret, stage);

    if (holder)
        stage_remove(json_edit(versions, holder), stage);
    if (version_id)
        json_push(json_edit(json_edit(versions, version_id), "VersionStages"), json_text_new(stage));
}

void secret_stage_move(struct json *secret, const char *stage, const char *version_id)
{
    const char *holder = secret_stage_holder(secret, stage);

    if (holder && version_id && strcmp(holder, version_id) == 0)
        return;
    if (holder && version_id && strcmp(stage, STAGE_CURRENT) == 0)
        stage_put(secret, STAGE_PREVIOUS, holder);
    stage_put(secret, stage, version_id);
}

void secret_version_remove(struct json *secret, const char *version_id)
{
    json_remove(json_edit(secret, "versions"), version_id);
}

struct json *secret_answer(const struct json *secret)
{
    return json_of("ARN", json_get_text(secret, "ARN"), "Name", json_get_text(secret, "Name"), NULL);
}

void secret_trail(struct call *c, const struct json *secret, const char *version_id)
{
    c->trail_response = json_of("arn", json_get_text(secret, "ARN"), "name", json_get_text(secret, "Name"),
                                "versionId", version_id, NULL);
}

bool secret_token(struct call *c, char out[65], struct error *err)
{
    const struct json *given = json_get(c->in, "ClientRequestToken");
    struct str token = json_str(given);

    if (!given || json_is_null(given)) {
        random_uuid(sandbox_random(c->sandbox), out);
        return true;
    }
    if (token.len < 32 || token.len > 64)
        return error_aws(err, "InvalidParameterException",
                         "ClientRequestToken must be 32-64 characters long.");
    (void)snprintf(out, 65, "%.*s", STR_ARG(token));
    return true;
}

bool secret_token_in_use(const struct json *secret, const char *token, struct error *err)
{
    return refuse(err, "ResourceExistsException",
                  "You can't use ClientRequestToken %s because that value is already in use for a version of "
                  "secret %s.",
                  token, json_get_text(secret, "ARN"));
}

bool page_read(const struct json *in, const char *code, size_t *start, struct error *err)
{
    struct str token = json_str(json_get(in, "NextToken"));
    CLEANUP(buf_release) struct buf raw = {0};
    uint64_t n = 0;

    *start = 0;
    if (token.len == 0)
        return true;
    if (!buf_add_unbase64(&raw, token) || !str_starts(buf_str(&raw), STR("page:")) ||
        !str_to_u64(str_slice(buf_str(&raw), 5, raw.len), &n) || n > SIZE_MAX / 2)
        return error_aws(err, code, "Invalid token.");
    *start = (size_t)n;
    return true;
}

void page_write(struct json *out, size_t next)
{
    CLEANUP(buf_release) struct buf raw = {0};
    CLEANUP(buf_release) struct buf token = {0};

    buf_printf(&raw, "page:%zu", next);
    buf_add_base64(&token, raw.data, raw.len);
    json_put_str(out, "NextToken", buf_str(&token));
}
