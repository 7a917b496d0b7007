#include "aws/sandbox/world.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#include <stdlib.h>

/* One sorted array per kind serves look-up, order and counting alike: reads
 * are many and a kind holds few thousand entities at most, so that moving
 * pointers on insertion costs less than a second index would. */
struct entry {
    char *key;
    struct json *entity;
    bool noted; /* among the changes */
};

struct kind {
    char *name;
    struct entry *entries;
    size_t count, cap;
};

struct change {
    const char *kind; /* the kind's own name */
    char *key;
};

struct world {
    struct kind *kinds; /* sorted by name */
    size_t count, cap;
    struct change *changes;
    size_t change_count, change_cap;
    bool tracked;
};

/* What commands were told and what they printed may hold a secret too. */
static const char *const hashed_members[] = {"parameters",      "password",      "secret",
                                             "secret_binary",   "secret_string", "standard_error",
                                             "standard_output", "token"};

/** Index of the first kind not before name. */
static size_t kind_position(const struct world *w, const char *name, bool *found)
{
    size_t low = 0, high = w->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(w->kinds[middle].name, name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static const struct kind *kind_find(const struct world *w, const char *name)
{
    bool found;
    size_t at = kind_position(w, name, &found);

    return found ? &w->kinds[at] : NULL;
}

static struct kind *kind_make(struct world *w, const char *name)
{
    bool found;
    size_t at = kind_position(w, name, &found);

    if (!found) {
        mem_grow(&w->kinds, &w->cap, w->count, sizeof *w->kinds);
        memmove(&w->kinds[at + 1], &w->kinds[at], (w->count - at) * sizeof *w->kinds);
        w->kinds[at] = (struct kind){.name = mem_dup(name)};
        w->count++;
    }
    return &w->kinds[at];
}

/** Index of the first entry not before key. */
static size_t entry_position(const struct kind *k, const char *key, bool *found)
{
    size_t low = 0, high = k->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(k->entries[middle].key, key);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static void entry_release(struct entry *e)
{
    json_free(e->entity);
    mem_free(e->key);
}

struct world *world_new(void)
{
    return mem_alloc(sizeof(struct world));
}

void world_free(struct world *w)
{
    if (!w)
        return;
    world_settle(w);
    mem_free(w->changes);
    for (size_t i = 0; i < w->count; i++) {
        struct kind *k = &w->kinds[i];

        for (size_t n = 0; n < k->count; n++)
            entry_release(&k->entries[n]);
        mem_free(k->entries);
        mem_free(k->name);
    }
    mem_free(w->kinds);
    mem_free(w);
}

static struct entry *entry_find(const struct world *w, const char *kind, const char *key)
{
    const struct kind *k = kind_find(w, kind);
    bool found;
    size_t at;

    if (!k || !key)
        return NULL;
    at = entry_position(k, key, &found);
    return found ? &k->entries[at] : NULL;
}

const struct json *world_get(const struct world *w, const char *kind, const char *key)
{
    const struct entry *e = entry_find(w, kind, key);

    return e ? e->entity : NULL;
}

/** kind: the kind's own name, which stays as long as the world. */
static void add_change(struct world *w, const char *kind, const char *key)
{
    mem_grow(&w->changes, &w->change_cap, w->change_count, sizeof *w->changes);
    w->changes[w->change_count++] = (struct change){kind, mem_dup(key)};
}

static void note(struct world *w, const char *kind, struct entry *e)
{
    const struct kind *k = kind_find(w, kind);

    if (!w->tracked || e->noted || !k)
        return;
    e->noted = true;
    add_change(w, k->name, e->key);
}

struct json *world_edit(struct world *w, const char *kind, const char *key)
{
    struct entry *e = entry_find(w, kind, key);

    if (e)
        note(w, kind, e);

    return e ? e->entity : NULL;
}

struct json *world_put(struct world *w, const char *kind, const char *key, struct json *entity)
{
    struct entry *e = entry_find(w, kind, key);
    struct kind *k;
    bool found;
    size_t at;

    if (e) {
        if (e->entity != entity)
            json_free(e->entity);
        e->entity = entity;
        note(w, kind, e);
        return entity;
    }
    k = kind_make(w, kind);
    at = entry_position(k, key, &found);
    mem_grow(&k->entries, &k->cap, k->count, sizeof *k->entries);
    memmove(&k->entries[at + 1], &k->entries[at], (k->count - at) * sizeof *k->entries);
    k->entries[at] = (struct entry){mem_dup(key), entity, false};
    k->count++;
    note(w, kind, &k->entries[at]);
    return entity;
}

void world_remove(struct world *w, const char *kind, const char *key)
{
    bool found;
    size_t at = kind_position(w, kind, &found);
    struct kind *k;

    if (!found || !key)
        return;
    k = &w->kinds[at];
    at = entry_position(k, key, &found);
    if (!found)
        return;
    if (w->tracked)
        add_change(w, k->name, key);
    entry_release(&k->entries[at]);
    k->count--;
    memmove(&k->entries[at], &k->entries[at + 1], (k->count - at) * sizeof *k->entries);
}

size_t world_count(const struct world *w, const char *kind)
{
    const struct kind *k = kind_find(w, kind);

    return k ? k->count : 0;
}

const struct json *world_at(const struct world *w, const char *kind, size_t index, const char **key)
{
    const struct kind *k = kind_find(w, kind);

    if (!k || index >= k->count)
        return NULL;
    if (key)
        *key = k->entries[index].key;
    return k->entries[index].entity;
}

void world_each(const struct world *w, world_visit *visit, void *arg)
{
    for (size_t i = 0; i < w->count; i++)
        for (size_t n = 0; n < w->kinds[i].count; n++)
            visit(arg, w->kinds[i].name, w->kinds[i].entries[n].key, w->kinds[i].entries[n].entity);
}

void world_track(struct world *w)
{
    w->tracked = true;
}

bool world_changed(const struct world *w)
{
    return w->change_count > 0;
}

void world_each_change(const struct world *w, world_visit *visit, void *arg)
{
    for (size_t i = 0; i < w->change_count; i++)
        visit(arg, w->changes[i].kind, w->changes[i].key,
              world_get(w, w->changes[i].kind, w->changes[i].key));
}

void world_settle(struct world *w)
{
    for (size_t i = 0; i < w->change_count; i++) {
        struct entry *e = entry_find(w, w->changes[i].kind, w->changes[i].key);

        if (e)
            e->noted = false;
        mem_free(w->changes[i].key);
    }
    w->change_count = 0;
}

static bool is_hashed(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(hashed_members); i++)
        if (strcmp(name, hashed_members[i]) == 0)
            return true;
    return false;
}

static struct json *hashed(const struct json *value)
{
    char text[7 + SHA256_HEX] = "sha256:";

    sha256_hex(json_str(value), text + 7);
    return json_text_new(text);
}

/** A copy that can be shown. */
static struct json *shown(const struct json *j)
{
    struct json *copy;

    if (!json_is_object(j) && !json_is_array(j))
        return json_copy(j);
    copy = json_is_object(j) ? json_object() : json_array();
    for (const struct json *e = json_first(j); e; e = json_next(e)) {
        if (json_is_array(j))
            json_push(copy, shown(e));
        else if (json_is_string(e) && is_hashed(json_key(e)))
            json_put(copy, json_key(e), hashed(e));
        else
            json_put(copy, json_key(e), shown(e));
    }
    return copy;
}

void world_dump(const struct world *w, struct buf *out)
{
    CLEANUP(json_freep) struct json *all = json_object();

    for (size_t i = 0; i < w->count; i++) {
        const struct kind *k = &w->kinds[i];
        struct json *entities = NULL;

        for (size_t n = 0; n < k->count; n++) {
            if (json_bool(json_get(k->entries[n].entity, "aws_managed"), false))
                continue;
            /* A kind that was emptied leaves no trace, so that a world after
             * `down` compares equal to the one before `up`. */
            if (!entities)
                entities = json_put(all, k->name, json_object());
            json_put(entities, k->entries[n].key, shown(k->entries[n].entity));
        }
    }
    json_write_sorted(all, out);
}
