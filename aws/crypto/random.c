#include "aws/crypto/random.h"

#include <openssl/rand.h>

#include <limits.h>
#include <unistd.h>

enum { EXIT_BUG = 70 };

static void system_fill(void *self, void *out, size_t len)
{
    static const char line[] = "lab: no randomness\n";
    unsigned char *to = out;

    (void)self;
    while (len > 0) {
        int part = len > INT_MAX ? INT_MAX : (int)len;

        if (RAND_bytes(to, part) != 1) {
            ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);

            (void)written;
            _exit(EXIT_BUG);
        }
        to += part;
        len -= (size_t)part;
    }
}

const struct random random_system = {system_fill, NULL};

/* splitmix64: spreads a seed over the whole state, so that seeds 1 and 2 do
 * not start alike. */
static uint64_t spread(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void random_seeded_init(struct random_seeded *s, uint64_t seed)
{
    for (size_t i = 0; i < ARRAY_LEN(s->state); i++)
        s->state[i] = spread(&seed);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* xoshiro256** by Blackman and Vigna (public domain). */
static uint64_t next_word(struct random_seeded *s)
{
    uint64_t *w = s->state;
    uint64_t result = rotate_left(w[1] * 5, 7) * 9;
    uint64_t t = w[1] << 17;

    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= t;
    w[3] = rotate_left(w[3], 45);
    return result;
}

static void seeded_fill(void *self, void *out, size_t len)
{
    unsigned char *to = out;

    while (len > 0) {
        uint64_t word = next_word(self);

        for (size_t i = 0; i < 8 && len > 0; i++, len--) {
            *to++ = (unsigned char)word;
            word >>= 8;
        }
    }
}

struct random random_seeded_source(struct random_seeded *s)
{
    return (struct random){seeded_fill, s};
}

static uint64_t word_of(const struct random *r)
{
    unsigned char bytes[8];
    uint64_t word = 0;

    r->fill(r->self, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        word = word << 8 | bytes[i];
    return word;
}

uint64_t random_below(const struct random *r, uint64_t limit)
{
    /* The first 2^64 mod limit words would make small results likelier. */
    uint64_t surplus = (0 - limit) % limit;
    uint64_t word;

    do
        word = word_of(r);
    while (word < surplus);
    return word % limit;
}

double random_unit(const struct random *r)
{
    return (double)(word_of(r) >> 11) * 0x1.0p-53;
}

void random_text(const struct random *r, const char *alphabet, char *out, size_t len)
{
    size_t letters = strlen(alphabet);

    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[random_below(r, letters)];
    out[len] = '\0';
}

void random_uuid(const struct random *r, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];

    r->fill(r->self, bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* RFC 4122 section 4.4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
