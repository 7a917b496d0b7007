#include "aws/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_BUG = 70, BLOCK_BYTES = 64 };

/* Fetched once: a fetch for each digest costs more than the digest. */
static EVP_MD *sha256_method;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static NORETURN void broken(void)
{
    static const char line[] = "lab: OpenSSL has no working SHA-2\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);

    (void)written;
    _exit(EXIT_BUG);
}

static void fetch(void)
{
    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256_method)
        broken();
}

/* Digest of a, then b. Fails only for want of memory or of the algorithm,
 * which is handled as running out of memory is. */
static void digest(const EVP_MD *method, struct str a, struct str b, unsigned char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (!ctx || EVP_DigestInit_ex(ctx, method, NULL) != 1 || EVP_DigestUpdate(ctx, a.data, a.len) != 1 ||
        EVP_DigestUpdate(ctx, b.data, b.len) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        broken();
    EVP_MD_CTX_free(ctx);
}

static void hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void sha256(struct str data, unsigned char out[SHA256_BYTES])
{
    pthread_once(&fetched, fetch);
    digest(sha256_method, data, (struct str){"", 0}, out);
}

void sha256_hex(struct str data, char out[SHA256_HEX])
{
    unsigned char bytes[SHA256_BYTES];

    sha256(data, bytes);
    hex(bytes, sizeof(bytes), out);
}

void sha1_hex(struct str data, char out[SHA1_HEX])
{
    unsigned char bytes[SHA1_BYTES];

    digest(EVP_sha1(), data, (struct str){"", 0}, bytes);
    hex(bytes, sizeof(bytes), out);
}

/* RFC 2104, on the digest fetched above: OpenSSL's one-shot HMAC looks up
 * three objects by name for every call. */
void hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_BYTES])
{
    unsigned char block[BLOCK_BYTES] = {0}, inner[SHA256_BYTES];
    struct str pad = {(const char *)block, sizeof(block)};

    if (key.len > sizeof(block))
        sha256(key, block);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    pthread_once(&fetched, fetch);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    digest(sha256_method, pad, data, inner);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    digest(sha256_method, pad, (struct str){(const char *)inner, sizeof(inner)}, out);
    OPENSSL_cleanse(block, sizeof(block));
    OPENSSL_cleanse(inner, sizeof(inner));
}
