/* SHA-256, SHA-1 (file names of the SSO cache only) and HMAC, by OpenSSL. */
#ifndef AWS_CRYPTO_DIGEST_H
#define AWS_CRYPTO_DIGEST_H

#include "aws/common/str.h"

#define SHA256_BYTES 32
#define SHA256_HEX 65 /* with NUL */
#define SHA1_BYTES 20
#define SHA1_HEX 41 /* with NUL */

void sha256(struct str data, unsigned char out[SHA256_BYTES]);
void sha256_hex(struct str data, char out[SHA256_HEX]);
void sha1_hex(struct str data, char out[SHA1_HEX]);
void hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_BYTES]);

#endif
