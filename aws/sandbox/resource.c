#include "aws/sandbox/resource.h"

#include "aws/common/mem.h"

enum { RESOURCE_LIMIT = 64 };

/* IAM entities whose ARN holds a path that the caller does not give. */
static const struct {
    const char *member, *kind;
} by_name[] = {
    {"RoleName", "iam.role"},
    {"GroupName", "iam.group"},
    {"InstanceProfileName", "iam.instance_profile"},
};

static const struct {
    const char *prefix, *type;
} id_types[] = {
    {"i-", "instance"},
    {"vpc-", "vpc"},
    {"subnet-", "subnet"},
    {"sg-", "security-group"},
    {"sgr-", "security-group-rule"},
    {"eni-", "network-interface"},
    {"rtb-", "route-table"},
    {"vpce-", "vpc-endpoint"},
};

static void list_add(struct resource_list *list, struct str text)
{
    if (list->count > RESOURCE_LIMIT)
        return;
    mem_grow(&list->items, &list->cap, list->count, sizeof *list->items);
    /* More than a denial could name: only a grant for everything covers them. */
    list->items[list->count] = list->count == RESOURCE_LIMIT ? mem_dup("*") : mem_copy(text);
    list->count++;
}

static const char *id_type(struct str id)
{
    for (size_t i = 0; i < ARRAY_LEN(id_types); i++)
        if (str_starts(id, str_of(id_types[i].prefix)))
            return id_types[i].type;
    return "*";
}

static void add_secret(const struct call *c, struct buf *out)
{
    struct str id = json_str(json_get(c->in, "SecretId"));
    const struct json *e;
    char arn[2100];

    for (size_t i = 0; (e = world_at(c->world, "secretsmanager.secret", i, NULL)); i++) {
        struct str full = json_str(json_get(e, "ARN"));

        if (str_equal(json_str(json_get(e, "Name")), id) || str_equal(full, id)) {
            buf_add(out, full);
            return;
        }
    }
    if (str_starts(id, STR("arn:"))) {
        buf_add(out, id);
        return;
    }
    sandbox_arn(c->sandbox, arn, "secretsmanager", sandbox_region(c->sandbox), "secret:%.*s", STR_ARG(id));
    buf_adds(out, arn);
}

static const char *find_instance(const struct call *c)
{
    const struct json *association =
        world_get(c->world, "ec2.association", json_get_text(c->in, "AssociationId"));

    return association ? json_get_text(association, "InstanceId") : "*";
}

static void add_key(const struct call *c, struct buf *out)
{
    struct str id = json_str(json_get(c->in, "KeyId"));
    char arn[2100];

    if (str_starts(id, STR("arn:"))) {
        buf_add(out, id);
        return;
    }
    sandbox_arn(c->sandbox, arn, "kms", sandbox_region(c->sandbox), "key/%.*s", STR_ARG(id));
    buf_adds(out, arn);
}

/** The words that are not input members. False when word is none of them. */
static bool add_word(const struct call *c, struct str word, struct buf *out)
{
    if (str_is(word, "partition"))
        buf_adds(out, sandbox_partition(c->sandbox));
    else if (str_is(word, "region"))
        buf_adds(out, sandbox_region(c->sandbox));
    else if (str_is(word, "account"))
        buf_adds(out, sandbox_account(c->sandbox));
    else if (str_is(word, "secret"))
        add_secret(c, out);
    else if (str_is(word, "instance"))
        buf_adds(out, find_instance(c));
    else if (str_is(word, "key"))
        add_key(c, out);
    else
        return false;
    return true;
}

/** The ARN in the world of the IAM entity a member names; NULL when none. */
static const char *entity_arn(const struct call *c, struct str member, const char *value)
{
    if (str_is(member, "user"))
        return json_get_text(world_get(c->world, "iam.user", value), "Arn");
    for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
        if (str_is(member, by_name[i].member))
            return json_get_text(world_get(c->world, by_name[i].kind, value), "Arn");
    return "";
}

static void expand(const struct call *c, struct str rest, struct buf *done, struct resource_list *out);

/** Goes on with one value of the member, in a text of its own. */
static void expand_value(const struct call *c, struct str member, const char *value, struct str rest,
                         const struct buf *done, struct resource_list *out)
{
    CLEANUP(buf_release) struct buf text = {0};
    const char *arn = entity_arn(c, member, value);

    if (strncmp(value, "arn:", 4) == 0) {
        list_add(out, str_of(value));
        return;
    }
    /* A creation names what is not there yet: only a template that ends with
     * the name itself may be answered from the world. */
    if (*arn && rest.len == 0 && done->len && done->data[done->len - 1] == '/') {
        list_add(out, str_of(arn));
        return;
    }
    buf_add(&text, buf_str(done));
    buf_adds(&text, value);
    expand(c, rest, &text, out);
}

static void expand_member(const struct call *c, struct str word, struct str rest, struct buf *done,
                          struct resource_list *out)
{
    size_t bar = str_find_char(word, '|');
    struct str member = str_slice(word, 0, bar);
    const struct json *value =
        str_is(member, "user") ? json_get(c->in, "UserName") : json_getn(c->in, member);

    if (json_is_array(value) && json_count(value)) {
        for (const struct json *e = json_first(value); e; e = json_next(e))
            expand_value(c, member, json_text(e), rest, done, out);
    } else if (json_is_string(value)) {
        expand_value(c, member, json_text(value), rest, done, out);
    } else if (str_is(member, "user") && c->principal.type == PRINCIPAL_USER) {
        expand_value(c, member, c->principal.name, rest, done, out);
    } else if (bar < word.len) {
        buf_add(done, str_slice(word, bar + 1, word.len));
        expand(c, rest, done, out);
    }
}

/** "{id-type}/{Resources}": each id with the type of its own, so that a grant
 * for one type never reaches another that is named beside it. */
static void expand_typed(const struct call *c, const struct buf *done, struct resource_list *out)
{
    for (const struct json *e = json_first(json_get(c->in, "Resources")); e; e = json_next(e)) {
        CLEANUP(buf_release) struct buf text = {0};

        buf_add(&text, buf_str(done));
        buf_printf(&text, "%s/%s", id_type(json_str(e)), json_text(e));
        list_add(out, buf_str(&text));
    }
}

static void expand(const struct call *c, struct str rest, struct buf *done, struct resource_list *out)
{
    while (rest.len) {
        size_t open = str_find_char(rest, '{'), close = str_find_char(rest, '}');
        struct str word;

        buf_add(done, str_slice(rest, 0, open));
        if (open == rest.len)
            break;
        word = str_slice(rest, open + 1, close - open - 1);
        rest = str_slice(rest, close + 1, rest.len);
        if (str_is(word, "id-type")) {
            expand_typed(c, done, out);
            return;
        }
        if (!add_word(c, word, done)) {
            expand_member(c, word, rest, done, out);
            return;
        }
    }
    list_add(out, buf_str(done));
}

void resource_expand(const struct call *c, struct resource_list *out)
{
    struct str templates = str_of(c->op->resource), one;

    while (str_split(&templates, ' ', &one)) {
        CLEANUP(buf_release) struct buf text = {0};

        if (one.len)
            expand(c, one, &text, out);
    }
    if (out->count == 0)
        list_add(out, STR("*"));
}

void resource_list_release(struct resource_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->items[i]);
    mem_free(list->items);
    *list = (struct resource_list){0};
}
