#include "aws/sandbox/trail_text.h"

#include "aws/common/mem.h"

enum { SLOT_COUNT = 1 << 14 };

struct trail_text {
    struct trail_text *next;
    uint32_t hash;
    uint32_t uses;
    size_t len;
    char data[];
};

void trail_texts_init(struct trail_texts *t)
{
    *t = (struct trail_texts){.slots = mem_array(SLOT_COUNT, sizeof(struct trail_text *))};
}

void trail_texts_release(struct trail_texts *t)
{
    if (!t->slots)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct trail_text *next;

        for (struct trail_text *text = t->slots[i]; text; text = next) {
            next = text->next;
            mem_free(text);
        }
    }
    mem_free(t->slots);
    *t = (struct trail_texts){0};
}

/** FNV-1a, 32 bits. */
static uint32_t hash_text(struct str s)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.data[i]) * 16777619U;
    return hash;
}

struct trail_text *trail_text_hold(struct trail_texts *t, struct str s)
{
    uint32_t hash = hash_text(s);
    struct trail_text **head = &t->slots[hash % SLOT_COUNT], *text;

    if (s.len == 0)
        return NULL;
    for (text = *head; text; text = text->next) {
        if (text->hash == hash && text->len == s.len && memcmp(text->data, s.data, s.len) == 0) {
            text->uses++;
            return text;
        }
    }
    text = mem_alloc(sizeof *text + s.len + 1);
    text->next = *head;
    text->hash = hash;
    text->uses = 1;
    text->len = s.len;
    memcpy(text->data, s.data, s.len);
    *head = text;
    t->count++;
    t->bytes += sizeof *text + s.len + 1;
    return text;
}

void trail_text_drop(struct trail_texts *t, struct trail_text *text)
{
    struct trail_text **link;

    if (!text || --text->uses > 0)
        return;
    for (link = &t->slots[text->hash % SLOT_COUNT]; *link != text; link = &(*link)->next)
        ;
    *link = text->next;
    t->count--;
    t->bytes -= sizeof *text + text->len + 1;
    mem_free(text);
}

const char *trail_text_get(const struct trail_text *text)
{
    return text ? text->data : "";
}
