#include "aws/common/json.h"

#include "aws/common/json_scan.h"
#include "aws/common/mem.h"

#include <cjson/cJSON.h>

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

/* struct json is a cJSON seen from outside; these two are the only places
 * where one becomes the other. */
static cJSON *raw(struct json *j)
{
    return (cJSON *)j;
}

static const cJSON *look(const struct json *j)
{
    return (const cJSON *)j;
}

static struct json *wrap(cJSON *item)
{
    return (struct json *)item;
}

static void use_own_memory(void)
{
    cJSON_Hooks hooks = {mem_alloc, mem_free};

    cJSON_InitHooks(&hooks);
}

/* Every value comes from here, so that no cJSON memory is made before the
 * hooks are in place. mem_alloc never fails: neither does cJSON_Create*. */
static void prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, use_own_memory);
}

static int compare_names(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return strcmp(*left, *right);
}

static bool names_unique(const cJSON *object, struct error *err)
{
    CLEANUP(mem_freep) const char **names = NULL;
    size_t count = 0;

    for (const cJSON *c = object->child; c; c = c->next)
        count++;
    names = mem_array(count, sizeof(*names));
    count = 0;
    for (const cJSON *c = object->child; c; c = c->next)
        names[count++] = c->string;
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return error_set(err, ERR_SYNTAX, "JSON: the name \"%.64s\" stands twice in one object",
                             names[i]);
    return true;
}

/* Recursion is bounded: the scan has bounded the depth. */
static bool all_unique(const cJSON *item, struct error *err)
{
    if (cJSON_IsObject(item) && item->child && item->child->next && !names_unique(item, err))
        return false;
    for (const cJSON *c = item->child; c; c = c->next)
        if (c->child && !all_unique(c, err))
            return false;
    return true;
}

bool json_parse(struct str text, const struct json_limits *limits, struct json **out, struct error *err)
{
    cJSON *item;

    *out = NULL;
    prepare();
    if (!json_scan(text, limits, true, err))
        return false;
    item = cJSON_ParseWithLength(text.data, text.len);
    if (!item)
        return error_set(err, ERR_SYNTAX, "JSON: not accepted");
    if (limits && limits->unique_keys && !all_unique(item, err)) {
        cJSON_Delete(item);
        return false;
    }
    *out = wrap(item);
    return true;
}

bool json_check(struct str text, const struct json_limits *limits, struct error *err)
{
    CLEANUP(json_freep) struct json *parsed = NULL;

    if (!json_scan(text, limits, false, err))
        return false;
    /* Two names may differ in their escapes alone, so they are compared parsed. */
    return !limits || !limits->unique_keys || json_parse(text, limits, &parsed, err);
}

void json_free(struct json *j)
{
    cJSON_Delete(raw(j));
}

void json_freep(struct json **j)
{
    json_free(*j);
    *j = NULL;
}

struct json *json_copy(const struct json *j)
{
    return j ? wrap(cJSON_Duplicate(look(j), true)) : NULL;
}

bool json_is_object(const struct json *j)
{
    return cJSON_IsObject(look(j));
}

bool json_is_array(const struct json *j)
{
    return cJSON_IsArray(look(j));
}

bool json_is_string(const struct json *j)
{
    return cJSON_IsString(look(j));
}

bool json_is_number(const struct json *j)
{
    return cJSON_IsNumber(look(j));
}

bool json_is_bool(const struct json *j)
{
    return cJSON_IsBool(look(j));
}

bool json_is_null(const struct json *j)
{
    return cJSON_IsNull(look(j));
}

static cJSON *member(const cJSON *object, struct str key)
{
    if (!cJSON_IsObject(object))
        return NULL;
    for (cJSON *c = object->child; c; c = c->next)
        if (c->string && strncmp(c->string, key.data ? key.data : "", key.len) == 0 &&
            c->string[key.len] == '\0')
            return c;
    return NULL;
}

static cJSON *element(const cJSON *array, size_t index)
{
    cJSON *c;

    if (!cJSON_IsArray(array) && !cJSON_IsObject(array))
        return NULL;
    for (c = array->child; c && index > 0; index--)
        c = c->next;
    return c;
}

const struct json *json_getn(const struct json *object, struct str key)
{
    return wrap(member(look(object), key));
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_getn(object, str_of(key));
}

const struct json *json_at(const struct json *array, size_t index)
{
    return wrap(element(look(array), index));
}

const struct json *json_path(const struct json *j, const char *path)
{
    struct str rest = str_of(path), part;

    while (j && str_split(&rest, '.', &part)) {
        uint64_t index;

        if (!json_is_array(j))
            j = json_getn(j, part);
        else
            j = str_to_u64(part, &index) ? json_at(j, index) : NULL;
    }
    return j;
}

size_t json_count(const struct json *array_or_object)
{
    size_t count = 0;

    for (const struct json *e = json_first(array_or_object); e; e = json_next(e))
        count++;
    return count;
}

const struct json *json_first(const struct json *array_or_object)
{
    return json_at(array_or_object, 0);
}

const struct json *json_next(const struct json *e)
{
    return e ? wrap(look(e)->next) : NULL;
}

const char *json_key(const struct json *m)
{
    return m && look(m)->string ? look(m)->string : "";
}

const char *json_text(const struct json *j)
{
    return json_is_string(j) && look(j)->valuestring ? look(j)->valuestring : "";
}

struct str json_str(const struct json *j)
{
    return str_of(json_text(j));
}

const char *json_get_text(const struct json *object, const char *key)
{
    return json_text(json_get(object, key));
}

int64_t json_int(const struct json *j, int64_t otherwise)
{
    double n;

    if (!json_is_number(j))
        return otherwise;
    n = look(j)->valuedouble;
    /* 2^63 itself is a double, INT64_MAX is not. */
    return n >= -9223372036854775808.0 && n < 9223372036854775808.0 ? (int64_t)n : otherwise;
}

double json_double(const struct json *j, double otherwise)
{
    return json_is_number(j) ? look(j)->valuedouble : otherwise;
}

bool json_bool(const struct json *j, bool otherwise)
{
    return json_is_bool(j) ? cJSON_IsTrue(look(j)) : otherwise;
}

static bool same_members(const struct json *a, const struct json *b)
{
    if (json_count(a) != json_count(b))
        return false;
    for (const struct json *m = json_first(a); m; m = json_next(m))
        if (!json_equal(m, json_get(b, json_key(m))))
            return false;
    return true;
}

static bool same_elements(const struct json *a, const struct json *b)
{
    a = json_first(a);
    b = json_first(b);
    while (a && b && json_equal(a, b)) {
        a = json_next(a);
        b = json_next(b);
    }
    return !a && !b;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (!a || !b)
        return a == b;
    if ((look(a)->type & 0xff) != (look(b)->type & 0xff))
        return false;
    if (json_is_object(a))
        return same_members(a, b);
    if (json_is_array(a))
        return same_elements(a, b);
    if (json_is_string(a))
        return strcmp(json_text(a), json_text(b)) == 0;
    if (json_is_number(a))
        return !(look(a)->valuedouble < look(b)->valuedouble) &&
               !(look(a)->valuedouble > look(b)->valuedouble);
    return true;
}

struct json *json_object(void)
{
    prepare();
    return wrap(cJSON_CreateObject());
}

struct json *json_array(void)
{
    prepare();
    return wrap(cJSON_CreateArray());
}

struct json *json_string(struct str s)
{
    cJSON *item;

    prepare();
    /* Made without text first: cJSON copies only what ends in a NUL. */
    item = cJSON_CreateString("");
    mem_free(item->valuestring);
    item->valuestring = mem_copy(s);
    return wrap(item);
}

struct json *json_text_new(const char *text)
{
    return text ? json_string(str_of(text)) : json_null();
}

struct json *json_number(double n)
{
    prepare();
    return wrap(cJSON_CreateNumber(n));
}

struct json *json_integer(int64_t n)
{
    return json_number((double)n);
}

struct json *json_boolean(bool b)
{
    prepare();
    return wrap(cJSON_CreateBool(b));
}

struct json *json_null(void)
{
    prepare();
    return wrap(cJSON_CreateNull());
}

struct json *json_of(const char *key, const char *value, ...)
{
    struct json *object = json_object();
    va_list args;

    va_start(args, value);
    while (key) {
        if (value)
            json_put_text(object, key, value);
        key = va_arg(args, const char *);
        value = key ? va_arg(args, const char *) : NULL;
    }
    va_end(args);
    return object;
}

struct json *json_put(struct json *object, const char *key, struct json *value)
{
    cJSON *old;

    if (!json_is_object(object) || !value) {
        json_free(value);
        return NULL;
    }
    old = member(look(object), str_of(key));
    if (old == raw(value))
        return value;
    if (!old) {
        cJSON_AddItemToObject(raw(object), key, raw(value));
        return value;
    }
    /* The key may be the old member's own name, which dies with it. */
    mem_free(raw(value)->string);
    raw(value)->string = mem_dup(key);
    cJSON_ReplaceItemViaPointer(raw(object), old, raw(value));
    return value;
}

void json_put_str(struct json *object, const char *key, struct str value)
{
    json_put(object, key, json_string(value));
}

void json_put_text(struct json *object, const char *key, const char *value)
{
    json_put(object, key, json_text_new(value));
}

void json_put_int(struct json *object, const char *key, int64_t value)
{
    json_put(object, key, json_integer(value));
}

void json_put_bool(struct json *object, const char *key, bool value)
{
    json_put(object, key, json_boolean(value));
}

struct json *json_push(struct json *array, struct json *value)
{
    if (!json_is_array(array) || !value) {
        json_free(value);
        return NULL;
    }
    cJSON_AddItemToArray(raw(array), raw(value));
    return value;
}

/* Without its name, which would otherwise follow it into an array. */
static struct json *cut_out(struct json *parent, cJSON *item)
{
    if (!item)
        return NULL;
    cJSON_DetachItemViaPointer(raw(parent), item);
    mem_free(item->string);
    item->string = NULL;
    return wrap(item);
}

struct json *json_detach(struct json *object, const char *key)
{
    return cut_out(object, member(look(object), str_of(key)));
}

struct json *json_detach_at(struct json *array, size_t index)
{
    return cut_out(array, element(look(array), index));
}

void json_remove(struct json *object, const char *key)
{
    json_free(json_detach(object, key));
}

struct json *json_edit(struct json *object, const char *key)
{
    return wrap(member(look(object), str_of(key)));
}

struct json *json_edit_at(struct json *array, size_t index)
{
    return wrap(element(look(array), index));
}
