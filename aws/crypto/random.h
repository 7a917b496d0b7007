/* Randomness as a thing that is passed in. */
#ifndef AWS_CRYPTO_RANDOM_H
#define AWS_CRYPTO_RANDOM_H

#include "aws/common/str.h"

struct random {
    void (*fill)(void *self, void *out, size_t len);
    void *self;
};

/** OpenSSL's generator; ends the process (70) when it has no entropy. */
extern const struct random random_system;

/** Seeded and reproducible, for tests and the sandbox's knobs: never for keys
 * or passwords outside a sandbox that was given --seed. */
struct random_seeded {
    uint64_t state[4];
};
void random_seeded_init(struct random_seeded *s, uint64_t seed);
struct random random_seeded_source(struct random_seeded *s); /* borrows s */

uint64_t random_below(const struct random *r, uint64_t limit); /* unbiased; limit > 0 */
double random_unit(const struct random *r);                    /* [0,1) */
/** len characters of alphabet, and a NUL. */
void random_text(const struct random *r, const char *alphabet, char *out, size_t len);
/** Version 4 UUID, lower case, 36 characters and a NUL. */
void random_uuid(const struct random *r, char out[37]);

#endif
