/* The sandbox's CA: made on the spot, for one database, worthless elsewhere. */
#ifndef AWS_CRYPTO_CERTIFICATE_H
#define AWS_CRYPTO_CERTIFICATE_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

struct certificate_set {
    struct buf root_pem;  /* what clients trust */
    struct buf chain_pem; /* leaf, then intermediate: what the server shows */
    struct buf key_pem;   /* the leaf's private key: secret */
};

struct certificate_options {
    const char *ip;  /* SAN IP, "127.3.4.5" */
    const char *dns; /* SAN DNS or NULL */
    int64_t not_before_s, not_after_s;
};

/** ECDSA P-256; basicConstraints, keyUsage, SKI/AKI set so that Python's ssl
 * and OpenSSL in strict mode accept the chain. */
MUST_USE bool certificate_make(const struct certificate_options *options, struct certificate_set *out,
                               struct error *err);
void certificate_release(struct certificate_set *set);

#endif
