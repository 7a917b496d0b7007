/* Parsed policy documents by their text. A request meets the same few
 * documents again and again; parsing them each time would cost more than all
 * the rest of it. */
#include "aws/sandbox/authorize.h"

#include "aws/common/mem.h"

enum { SLOT_COUNT = 512, DOCUMENT_LIMIT = 400, TEXT_LIMIT_BYTES = 2 * 1024 * 1024 };

struct slot {
    struct slot *next;
    uint64_t hash;
    enum policy_type type;
    char *text;
    size_t len;
    struct policy *policy; /* NULL: does not parse */
};

struct policy_cache {
    struct slot *slots[SLOT_COUNT];
    size_t count, text_bytes;
};

struct policy_cache *policy_cache_new(void)
{
    return mem_alloc(sizeof(struct policy_cache));
}

static void empty(struct policy_cache *c)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct slot *next;

        for (struct slot *slot = c->slots[i]; slot; slot = next) {
            next = slot->next;
            policy_free(slot->policy);
            mem_free(slot->text);
            mem_free(slot);
        }
        c->slots[i] = NULL;
    }
    c->count = 0;
    c->text_bytes = 0;
}

void policy_cache_free(struct policy_cache *c)
{
    if (!c)
        return;
    empty(c);
    mem_free(c);
}

void policy_cache_trim(struct policy_cache *c)
{
    /* All at once: what is in use comes back with the next requests. */
    if (c->count > DOCUMENT_LIMIT || c->text_bytes > TEXT_LIMIT_BYTES)
        empty(c);
}

/** FNV-1a, eight bytes at a time where there are eight: a table of our own
 * documents needs spread, not strength. */
static uint64_t hash_text(struct str s)
{
    uint64_t hash = 14695981039346656037U;
    size_t i = 0;

    for (; i + sizeof hash <= s.len; i += sizeof hash) {
        uint64_t chunk;

        memcpy(&chunk, s.data + i, sizeof chunk);
        hash = (hash ^ chunk) * 1099511628211U;
        hash ^= hash >> 32;
    }
    for (; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.data[i]) * 1099511628211U;
    return hash;
}

const struct policy *policy_cache_get(struct policy_cache *c, struct str document, enum policy_type type)
{
    uint64_t hash = hash_text(document);
    struct slot **head = &c->slots[hash % SLOT_COUNT], *slot;
    struct error ignored;

    for (slot = *head; slot; slot = slot->next)
        if (slot->hash == hash && slot->type == type && slot->len == document.len &&
            memcmp(slot->text, document.data, document.len) == 0)
            return slot->policy;
    slot = mem_alloc(sizeof *slot);
    *slot = (struct slot){
        .next = *head, .hash = hash, .type = type, .text = mem_copy(document), .len = document.len};
    if (!policy_parse(document, type, &slot->policy, &ignored))
        slot->policy = NULL;
    *head = slot;
    c->count++;
    c->text_bytes += document.len;
    return slot->policy;
}
