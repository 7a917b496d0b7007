#include "aws/common/redact.h"

#include "aws/common/mem.h"
#include "aws/common/redact_match.h"
#include "aws/common/secret.h"

#include <pthread.h>

enum { SHORTEST_SECRET = 6, PATTERNS = 4 };

/* One registered value. Its forms lie one behind the other in locked memory. */
struct entry {
    unsigned count;
    struct secret forms;
    struct str patterns[PATTERNS]; /* raw, base64, hex, HEX */
};

/* Process-wide, as output is (SECURITY rule 8). */
static struct {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t count, cap;
    bool first[256]; /* bytes a pattern, or an escaped form of it, can start with */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t find_entry(struct str secret)
{
    size_t i = 0;

    while (i < registry.count && !str_equal(registry.entries[i].patterns[0], secret))
        i++;
    return i;
}

static void make_forms(struct entry *e, struct str secret)
{
    CLEANUP(buf_release) struct buf all = {0};
    size_t ends[PATTERNS], from = 0;

    buf_add(&all, secret);
    ends[0] = all.len;
    buf_add_base64(&all, secret.data, secret.len);
    /* Without padding: the value may go on behind the secret. */
    while (all.data[all.len - 1] == '=')
        all.data[--all.len] = '\0';
    ends[1] = all.len;
    buf_add_hex(&all, secret.data, secret.len);
    ends[2] = all.len;
    buf_add(&all, str_slice(buf_str(&all), ends[1], ends[2] - ends[1]));
    ends[3] = all.len;
    for (size_t i = ends[2]; i < ends[3]; i++)
        if (all.data[i] >= 'a' && all.data[i] <= 'f')
            all.data[i] = (char)(all.data[i] - 'a' + 'A');
    secret_hold(&e->forms, buf_str(&all));
    for (size_t i = 0; i < PATTERNS; from = ends[i], i++)
        e->patterns[i] = str_slice(secret_str(&e->forms), from, ends[i] - from);
}

static void note_first_bytes(void)
{
    memset(registry.first, 0, sizeof(registry.first));
    for (size_t i = 0; i < registry.count; i++)
        for (size_t k = 0; k < PATTERNS; k++)
            registry.first[(unsigned char)registry.entries[i].patterns[k].data[0]] = true;
    for (const char *p = REDACT_ESCAPE_STARTS; *p && registry.count > 0; p++)
        registry.first[(unsigned char)*p] = true;
}

void redact_add(struct str secret)
{
    size_t at;

    if (secret.len < SHORTEST_SECRET)
        return;
    pthread_mutex_lock(&registry.lock);
    at = find_entry(secret);
    if (at == registry.count) {
        mem_grow(&registry.entries, &registry.cap, registry.count, sizeof(*registry.entries));
        registry.entries[at] = (struct entry){0};
        make_forms(&registry.entries[at], secret);
        registry.count++;
        note_first_bytes();
    }
    registry.entries[at].count++;
    pthread_mutex_unlock(&registry.lock);
}

void redact_remove(struct str secret)
{
    size_t at;

    if (secret.len < SHORTEST_SECRET)
        return;
    pthread_mutex_lock(&registry.lock);
    at = find_entry(secret);
    if (at < registry.count && --registry.entries[at].count == 0) {
        secret_drop(&registry.entries[at].forms);
        registry.entries[at] = registry.entries[--registry.count];
        note_first_bytes();
        if (registry.count == 0) {
            mem_free(registry.entries);
            registry.entries = NULL;
            registry.cap = 0;
        }
    }
    pthread_mutex_unlock(&registry.lock);
}

/* Longest match of any secret at this place, 0 for none. */
static size_t match_here(struct str rest)
{
    size_t longest = 0;

    for (size_t i = 0; i < registry.count; i++) {
        for (size_t k = 0; k < PATTERNS; k++) {
            size_t len = redact_match(registry.entries[i].patterns[k], rest);

            longest = len > longest ? len : longest;
        }
    }
    return longest;
}

/* Where a secret stands, from `from` on; overlapping ones are one run. */
static struct span find_secret(struct str text, size_t from)
{
    struct span span = {text.len, text.len};

    if (registry.count == 0)
        return span;
    for (size_t i = from; i < text.len && i <= span.end; i++) {
        size_t len =
            registry.first[(unsigned char)text.data[i]] ? match_here(str_slice(text, i, text.len)) : 0;

        if (len == 0)
            continue;
        if (span.start == text.len)
            span = (struct span){i, i + len};
        else if (i + len > span.end)
            span.end = i + len;
    }
    return span;
}

void redact_values(struct str text, struct buf *out)
{
    struct span secret;

    pthread_mutex_lock(&registry.lock);
    for (secret = find_secret(text, 0); secret.start < text.len; secret = find_secret(text, 0)) {
        buf_add(out, str_slice(text, 0, secret.start));
        buf_adds(out, "[redacted]");
        text = str_slice(text, secret.end, text.len);
    }
    pthread_mutex_unlock(&registry.lock);
    buf_add(out, text);
}

void redact(struct str text, struct buf *out)
{
    struct redact_fields fields = {0};
    struct span secret, field;
    size_t at = 0;

    pthread_mutex_lock(&registry.lock);
    secret = find_secret(text, 0);
    field = redact_next_field(text, &fields);
    while (secret.start < text.len || field.start < text.len) {
        struct span next = secret.start <= field.start ? secret : field;

        /* What touches is one gap, so that its parts do not tell lengths. */
        while ((secret.start < text.len && secret.start <= next.end) ||
               (field.start < text.len && field.start <= next.end)) {
            if (secret.start < text.len && secret.start <= next.end) {
                next.end = secret.end > next.end ? secret.end : next.end;
                secret = find_secret(text, secret.end);
            } else {
                next.end = field.end > next.end ? field.end : next.end;
                field = redact_next_field(text, &fields);
            }
        }
        buf_add(out, str_slice(text, at, next.start - at));
        buf_adds(out, "[redacted]");
        at = next.end;
    }
    pthread_mutex_unlock(&registry.lock);
    buf_add(out, str_slice(text, at, text.len));
}
